"""Two-line text to element sets and back, strict about every column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tle.columns import (
    FIRST_YEAR,
    LAST_YEAR,
    checksum,
    cut_columns,
    days_of,
    decode_catalogue_number,
    encode_catalogue_number,
    four_digit_year,
)
from tle.elements import ElementFormat, ElementSet
from tle.errors import ElementsError

# 0 is what every provider writes; 2 says SGP4 explicitly. 4 is SGP4-XP, another theory.
EPHEMERIS_TYPES = ("0", "2")
_START_LENGTH = 60

# What a two-line set can hold: attribute, what it is, lowest, highest.
_LIMITS = (
    ("epoch_year", "epoch year", FIRST_YEAR, LAST_YEAR),
    ("inclination_deg", "inclination", 0.0, 180.0),
    ("eccentricity", "eccentricity", 0.0, 0.999_999_9),
    ("raan_deg", "right ascension of the node", -360.0, 360.0),
    ("argument_of_perigee_deg", "argument of perigee", -360.0, 360.0),
    ("mean_anomaly_deg", "mean anomaly", -360.0, 360.0),
    ("mean_motion_rev_per_day", "mean motion", 0.0, 99.999_999_99),
    ("mean_motion_dot", "first derivative of mean motion", -0.999_999_99, 0.999_999_99),
    ("mean_motion_ddot", "second derivative of mean motion", -0.999_99e9, 0.999_99e9),
    ("bstar", "BSTAR", -0.999_99e9, 0.999_99e9),
    ("element_set_number", "element set number", 0, 9_999),
    ("revolution_number", "revolution number", 0, 99_999),
)


@dataclass(frozen=True, slots=True)
class LineFault:
    """A record that was refused: where and why."""

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        """`source:line: reason`."""
        return f"{self.source}:{self.line}: {self.reason}"


def no_element_set(text: str, source: str) -> LineFault:
    """The fault of a file in which no record was found, with the words it starts with."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    start = f"; it starts with {first[:_START_LENGTH]!r}" if first else "; it is empty"
    return LineFault(source, 1, f"no element set in this text{start}")


def read_lines(text: str, source: str = "elements") -> tuple[list[ElementSet], list[LineFault]]:
    """Read two- or three-line element sets; every bad record becomes a fault, none is lost.

    Parameters
    ----------
    text : the whole file; blank lines and lines that start with '#' are skipped
    source : file name for messages and for `ElementSet.source`

    Returns
    -------
    elements, faults : accepted sets in order; refused records with line number and reason
    """
    elements: list[ElementSet] = []
    faults: list[LineFault] = []
    has_lines = False
    for name, number, line1, line2 in _records(text):
        if line1 is None and line2 is None:
            faults.append(LineFault(source, number, f"no line 1 follows {name[:_START_LENGTH]!r}"))
            continue
        has_lines = True
        try:
            elements.append(parse_record(line1, line2, name=name, source=source))
        except ElementsError as error:
            second_is_bad = str(error).startswith("line 2") and line2 is not None
            faults.append(LineFault(source, number + int(second_is_bad), str(error)))
    return elements, faults if has_lines else [no_element_set(text, source)]


def parse_record(
    line1: str | None, line2: str | None, *, name: str = "", source: str = "elements"
) -> ElementSet:
    """Build an element set from two lines.

    Raises
    ------
    ElementsError
        a line is missing, too short or long, has a wrong checksum, a character where none
        belongs, a value out of range, or the two lines belong to different objects
    """
    if line1 is None:
        raise ElementsError(f"line 1 is missing before {(line2 or '')[:24]!r}")
    if line2 is None:
        raise ElementsError(f"line 2 is missing after {line1[:24]!r}")
    one, two = cut_columns(line1, 1), cut_columns(line2, 2)
    if one["catalogue number"] != two["catalogue number"]:
        raise ElementsError(
            f"line 2 is of object {two['catalogue number'].strip()}, "
            f"line 1 of {one['catalogue number'].strip()}"
        )
    if (one["ephemeris type"].strip() or "0") not in EPHEMERIS_TYPES:
        raise ElementsError(
            f"line 1 has ephemeris type {one['ephemeris type']}, which is not SGP4 (0 or 2)"
        )
    if not name.isprintable():
        raise ElementsError(f"the name {name[:24]!r} has a character that cannot be printed")
    year = four_digit_year(int(one["epoch year"]))
    return ElementSet(
        norad_cat_id=decode_catalogue_number(one["catalogue number"]),
        name=name,
        object_id=_object_id(one["international designator"]),
        epoch_year=year,
        epoch_day=_within(one, "epoch day", 1, 1.0, days_of(year) + 1.0),
        mean_motion_rev_per_day=_within(two, "mean motion", 2, 1e-3, 20.0),
        eccentricity=float("0." + two["eccentricity"]),
        inclination_deg=_within(two, "inclination", 2, 0.0, 180.0),
        raan_deg=_within(two, "right ascension of the node", 2, 0.0, 360.0),
        argument_of_perigee_deg=_within(two, "argument of perigee", 2, 0.0, 360.0),
        mean_anomaly_deg=_within(two, "mean anomaly", 2, 0.0, 360.0),
        bstar=_exponent(one["BSTAR"]),
        mean_motion_dot=float(one["first derivative of mean motion"]),
        mean_motion_ddot=_exponent(one["second derivative of mean motion"]),
        element_set_number=int(one["element set number"].strip() or 0),
        revolution_number=int(two["revolution number"].strip() or 0),
        classification=one["classification"].strip() or "U",
        text=f"{line1}\n{line2}\n",
        source=source,
    )


def format_lines(elements: ElementSet) -> tuple[str, str]:
    """The two lines of an element set, rounded (half up) to the columns of the format.

    Angles are taken modulo 360 degrees. A TLE keeps 7 digits of eccentricity, 5 of BSTAR, 4
    decimals of a degree and 1e-8 day, so an OMM does not come back from it digit for digit.

    Raises
    ------
    ElementsError
        the format cannot hold a value: catalogue number above 339999, epoch outside 1957 to
        2056, eccentricity that rounds to 1, revolution number above 99999, ...
    """
    for attribute, what, low, high in _LIMITS:
        if not low <= getattr(elements, attribute) <= high:
            raise ElementsError(
                f"{what} {getattr(elements, attribute)} does not fit a two-line set "
                f"(limits {low} and {high})",
                hint="use OMM for this object",
            )
    number = encode_catalogue_number(elements.norad_cat_id)
    line1 = (
        f"1 {number}{_classification(elements)} {_designator(elements.object_id):<8} "
        f"{_epoch_columns(elements)} {_fraction(elements.mean_motion_dot)} "
        f"{_format_exponent(elements.mean_motion_ddot)} {_format_exponent(elements.bstar)} 0 "
        f"{elements.element_set_number:>4}"
    )
    line2 = (
        f"2 {number} {_rounded(elements.inclination_deg, 4):>8f} {_angle(elements.raan_deg)} "
        f"{f'{_rounded(elements.eccentricity, 7):f}'[2:]} "
        f"{_angle(elements.argument_of_perigee_deg)} {_angle(elements.mean_anomaly_deg)} "
        f"{_rounded(elements.mean_motion_rev_per_day, 8):>11f}{elements.revolution_number:>5}"
    )
    return line1 + str(checksum(line1)), line2 + str(checksum(line2))


def lines_of(elements: ElementSet) -> tuple[str, str]:
    """The lines as they were published, or `format_lines` for a set that was no TLE."""
    if elements.format is ElementFormat.TLE and elements.text:
        line1, line2 = elements.text.splitlines()
        return line1, line2
    return format_lines(elements)


def _records(text: str) -> Iterator[tuple[str, int, str | None, str | None]]:
    """Yield (name, line number, line 1, line 2); a missing line is None, a lone name has none."""
    name, name_number, first, first_number = "", 0, None, 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("2 ") and not (first is None and len(line) < 40):
            yield name, first_number or number, first, line
            name, first, first_number = "", None, 0
            continue
        if first is not None:
            yield name, first_number, first, None
            name, first, first_number = "", None, 0
        if line.startswith("1 "):
            first, first_number = line, number
            continue
        if name:
            yield name, name_number, None, None
        name, name_number = line.removeprefix("0 ").strip(), number
    if name or first is not None:
        yield name, first_number or name_number, first, None


def _within(fields: dict[str, str], name: str, which: int, low: float, high: float) -> float:
    value = float(fields[name])
    if not low <= value <= high:
        raise ElementsError(f"line {which}: {name} {value:g} is outside {low:g}..{high:g}")
    return value


def _exponent(text: str) -> float:
    """' 25403-3' is 0.25403e-3."""
    return float(f"{text[0].strip()}0.{text[1:6]}e{text[6:]}")


def _rounded(value: float, places: int) -> Decimal:
    """Round half up as a decimal, so that 0.00000005 is not what its binary neighbour says."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _angle(value_deg: float) -> str:
    turned = _rounded(value_deg, 4) % 360
    return f"{turned + 360 if turned < 0 else abs(turned):>8f}"


def _fraction(value: float) -> str:
    """0.00005222 is ' .00005222'."""
    rounded = _rounded(value, 8)
    return f"{'-' if rounded < 0 else ' '}{abs(rounded):f}".replace("0.", ".", 1)


def _format_exponent(value: float) -> str:
    """0.25403e-3 is ' 25403-3'; below 1e-10 the mantissa loses digits instead of the exponent."""
    exact = Decimal(repr(value))
    power = max(exact.adjusted() + 1, -9) if exact else 0
    mantissa = abs(exact).scaleb(5 - power).quantize(Decimal(1), ROUND_HALF_UP)
    if mantissa == 100_000:
        mantissa, power = Decimal(10_000), power + 1
    if not mantissa:
        return " 00000+0"
    return f"{'-' if exact < 0 else ' '}{int(mantissa):05d}{power:+d}"


def _epoch_columns(elements: ElementSet) -> str:
    """Two digits of the year and the day; a last instant that rounds up is in the next year."""
    year, day = elements.epoch_year, _rounded(elements.epoch_day, 8)
    if day >= days_of(year) + 1:
        year, day = year + 1, day - days_of(year)
    if year > LAST_YEAR:
        raise ElementsError(f"epoch year {year} does not fit a two-line set (limit {LAST_YEAR})")
    return f"{year % 100:02d}{day:012f}"


def _classification(elements: ElementSet) -> str:
    if elements.classification not in {"U", "C", "S"}:
        raise ElementsError(
            f"classification {elements.classification!r} does not fit a two-line set (U, C or S)"
        )
    return elements.classification


def _designator(object_id: str) -> str:
    """2016-051A is '16051A'."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{3}[A-Z]{1,3})", object_id)
    if object_id and not (match and FIRST_YEAR <= int(match[1]) <= LAST_YEAR):
        raise ElementsError(f"OBJECT_ID {object_id!r} does not fit a two-line set (2016-051A does)")
    return f"{match[1][2:]}{match[2]}" if match else ""


def _object_id(columns: str) -> str:
    """'16051A  ' is 2016-051A."""
    text = columns.strip()
    return f"{four_digit_year(int(text[:2]))}-{text[2:]}" if text else ""
