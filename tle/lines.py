"""Two-line text to element sets and back, strict about every column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tle.elements import ElementSet
from tle.errors import ElementsError

LINE_LENGTH = 69
# Alpha-5 of Space-Track: the first of five columns may be a letter, without I and O.
ALPHA5 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_REAL = r" *[+-]?[0-9]*\.[0-9]+ *"
_EXPONENT = r"[ +-][0-9]{5}[+-][0-9]"
_COUNT = r" *[0-9]* *"

# (first column, last column, what it is, pattern); columns count from 1 as in the format's papers.
_LINE_1 = (
    (3, 7, "catalogue number", r"[A-HJ-NP-Z0-9 ][0-9 ]{3}[0-9]"),
    (8, 8, "classification", r"[UCS ]"),
    (10, 17, "international designator", r"(?:[0-9]{5}[A-Z]{1,3} *| +)"),
    (19, 20, "epoch year", r"[0-9]{2}"),
    (21, 32, "epoch day", r"[0-9 ]{3}\.[0-9]{8}"),
    (34, 43, "first derivative of mean motion", r"[ +-][0-9 ]*\.[0-9]{8}"),
    (45, 52, "second derivative of mean motion", _EXPONENT),
    (54, 61, "BSTAR", _EXPONENT),
    (63, 63, "ephemeris type", r"[0-9 ]"),
    (65, 68, "element set number", _COUNT),
)
_LINE_2 = (
    (3, 7, "catalogue number", r"[A-HJ-NP-Z0-9 ][0-9 ]{3}[0-9]"),
    (9, 16, "inclination", _REAL),
    (18, 25, "right ascension of the node", _REAL),
    (27, 33, "eccentricity", r"[0-9]{7}"),
    (35, 42, "argument of perigee", _REAL),
    (44, 51, "mean anomaly", _REAL),
    (53, 63, "mean motion", _REAL),
    (64, 68, "revolution number", _COUNT),
)
_BLANKS = {1: (2, 9, 18, 33, 44, 53, 62, 64), 2: (2, 8, 17, 26, 34, 43, 52)}


@dataclass(frozen=True, slots=True)
class LineFault:
    """A record that was refused: where and why."""

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        """`source:line: reason`."""
        return f"{self.source}:{self.line}: {self.reason}"


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
    for name, number, line1, line2 in _records(text):
        try:
            elements.append(parse_record(line1, line2, name=name, source=source))
        except ElementsError as error:
            second_is_bad = str(error).startswith("line 2") and line2 is not None
            faults.append(LineFault(source, number + int(second_is_bad), str(error)))
    if not elements and not faults:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        start = f"; it starts with {first[:60]!r}" if first else "; it is empty"
        faults.append(LineFault(source, 1, f"no element set in this text{start}"))
    return elements, faults


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
    one, two = _columns(line1, 1), _columns(line2, 2)
    if one["catalogue number"] != two["catalogue number"]:
        raise ElementsError(
            f"line 2 is of object {two['catalogue number'].strip()}, "
            f"line 1 of {one['catalogue number'].strip()}"
        )
    year = int(one["epoch year"])
    year += 1900 if year >= 57 else 2000
    return ElementSet(
        norad_cat_id=decode_catalogue_number(one["catalogue number"]),
        name=name,
        object_id=_object_id(one["international designator"]),
        epoch_year=year,
        epoch_day=_within(one, "epoch day", 1, 1.0, _days_of(year) + 1.0),
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


def checksum(line: str) -> int:
    """Modulo-10 sum of the first 68 columns: digits count their value, '-' counts 1."""
    return sum(int(c) if c.isdigit() else c == "-" for c in line[: LINE_LENGTH - 1]) % 10


def decode_catalogue_number(text: str) -> int:
    """Catalogue number from five columns, Alpha-5 included.

    >>> decode_catalogue_number("25544"), decode_catalogue_number("A0000")
    (25544, 100000)
    >>> decode_catalogue_number("Z9999")
    339999
    """
    text = text.strip()
    return ALPHA5.index(text[0]) * 10_000 + int(text[1:]) if len(text) == 5 else int(text)


def encode_catalogue_number(norad_cat_id: int) -> str:
    """Five columns for a catalogue number up to 339999.

    >>> encode_catalogue_number(5), encode_catalogue_number(100000)
    ('00005', 'A0000')
    """
    if not 0 <= norad_cat_id <= 339_999:
        raise ElementsError(
            f"catalogue number {norad_cat_id} does not fit a two-line set (limit 339999)",
            hint="use OMM for this object",
        )
    return f"{ALPHA5[norad_cat_id // 10_000]}{norad_cat_id % 10_000:04d}"


def format_lines(elements: ElementSet) -> tuple[str, str]:
    """The two lines of an element set, rounded to the columns of the format."""
    designator = elements.object_id[2:].replace("-", "") if elements.object_id else ""
    number = encode_catalogue_number(elements.norad_cat_id)
    dot = f"{elements.mean_motion_dot:+.8f}".replace("+", " ").replace("0.", ".", 1)
    line1 = (
        f"1 {number}{elements.classification} {designator:<8} "
        f"{elements.epoch_year % 100:02d}{elements.epoch_day:012.8f} {dot:>10} "
        f"{_format_exponent(elements.mean_motion_ddot)} {_format_exponent(elements.bstar)} 0 "
        f"{elements.element_set_number % 10_000:>4}"
    )
    line2 = (
        f"2 {number} {elements.inclination_deg:8.4f} {elements.raan_deg:8.4f} "
        f"{round(elements.eccentricity * 1e7):07d} {elements.argument_of_perigee_deg:8.4f} "
        f"{elements.mean_anomaly_deg:8.4f} {elements.mean_motion_rev_per_day:11.8f}"
        f"{elements.revolution_number % 100_000:>5}"
    )
    return line1 + str(checksum(line1)), line2 + str(checksum(line2))


def _records(text: str) -> Iterator[tuple[str, int, str | None, str | None]]:
    """Yield (name, line number, line 1, line 2); a missing line is None."""
    name, first, first_number = "", None, 0
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
        else:
            name = line.removeprefix("0 ").strip()
    if first is not None:
        yield name, first_number, first, None


def _columns(line: str, which: int) -> dict[str, str]:
    """Cut a line into its fields after checking length, characters and checksum."""
    if not line.isascii():
        raise ElementsError(f"line {which} has a character that is not ASCII")
    if len(line) != LINE_LENGTH:
        raise ElementsError(f"line {which} has {len(line)} columns instead of {LINE_LENGTH}")
    for column in _BLANKS[which]:
        if line[column - 1] != " ":
            raise ElementsError(
                f"line {which} column {column} must be blank but is {line[column - 1]!r}"
            )
    fields = {}
    for first, last, name, pattern in _LINE_1 if which == 1 else _LINE_2:
        value = line[first - 1 : last]
        if not re.fullmatch(pattern, value):
            raise ElementsError(
                f"line {which} columns {first}-{last}: {value!r} is not a valid {name}"
            )
        fields[name] = value
    if line[-1] != str(checksum(line)):
        raise ElementsError(
            f"line {which} checksum is {line[-1]!r} but its columns give {checksum(line)}"
        )
    return fields


def _within(fields: dict[str, str], name: str, which: int, low: float, high: float) -> float:
    value = float(fields[name])
    if not low <= value <= high:
        raise ElementsError(f"line {which}: {name} {value:g} is outside {low:g}..{high:g}")
    return value


def _exponent(text: str) -> float:
    """' 25403-3' is 0.25403e-3."""
    return float(f"{text[0].strip()}0.{text[1:6]}e{text[6:]}")


def _format_exponent(value: float) -> str:
    if value == 0.0:
        return " 00000+0"
    mantissa, exponent = f"{abs(value):.4e}".split("e")
    power = int(exponent) + 1
    if not -9 <= power <= 9:
        raise ElementsError(f"{value:g} does not fit the exponent field of a two-line set")
    return f"{'-' if value < 0 else ' '}{mantissa.replace('.', '')}{power:+d}"


def _object_id(columns: str) -> str:
    """'16051A  ' is 2016-051A."""
    text = columns.strip()
    if not text:
        return ""
    century = 1900 if int(text[:2]) >= 57 else 2000
    return f"{century + int(text[:2])}-{text[2:]}"


def _days_of(year: int) -> int:
    return (datetime(year + 1, 1, 1, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)).days
