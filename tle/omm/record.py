"""The keywords of an OMM <-> an element set, with every limit.

MEAN_MOTION_DOT and MEAN_MOTION_DDOT are half the first and a sixth of the second derivative, as a
TLE prints them: CCSDS 502.0-B-3, 4.2.4.7 leaves it open and every provider does so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tle.elements import ElementFormat, ElementSet
from tle.errors import ElementsError
from tle.lines import EPHEMERIS_TYPES, LineFault
from tle.omm.epoch import epoch_from_text, epoch_to_text

ORIGINATOR = "QKD-GROUNDSTATION"
VERSION = "3.0"
UNKNOWN = "UNKNOWN"
LARGEST_CATALOGUE_NUMBER = 999_999_999

# Keyword, attribute, unit, lowest, highest; the drag terms only against a lost exponent.
NUMBERS = (
    ("MEAN_MOTION", "mean_motion_rev_per_day", "rev/day", 1e-3, 20.0),
    ("ECCENTRICITY", "eccentricity", "", 0.0, 1.0),
    ("INCLINATION", "inclination_deg", "deg", 0.0, 180.0),
    ("RA_OF_ASC_NODE", "raan_deg", "deg", -360.0, 360.0),
    ("ARG_OF_PERICENTER", "argument_of_perigee_deg", "deg", -360.0, 360.0),
    ("MEAN_ANOMALY", "mean_anomaly_deg", "deg", -360.0, 360.0),
    ("BSTAR", "bstar", "1/ER", -1e3, 1e3),
    ("MEAN_MOTION_DOT", "mean_motion_dot", "rev/day**2", -1e3, 1e3),
    ("MEAN_MOTION_DDOT", "mean_motion_ddot", "rev/day**3", -1e3, 1e3),
)
COUNTS = (
    ("NORAD_CAT_ID", "norad_cat_id", LARGEST_CATALOGUE_NUMBER),
    ("ELEMENT_SET_NO", "element_set_number", 999_999_999),
    ("REV_AT_EPOCH", "revolution_number", 999_999_999),
)
UNITS = {keyword: unit for keyword, _, unit, _, _ in NUMBERS}
# SGP4 does not use the two derivatives, and providers leave them out.
_MAY_BE_MISSING = {"MEAN_MOTION_DOT", "MEAN_MOTION_DDOT"}
# What an SGP4 set is in, and what CSV and JSON of every provider leave out because it is.
CONSTANTS = {
    "CENTER_NAME": ("EARTH",),
    "REF_FRAME": ("TEME",),
    "TIME_SYSTEM": ("UTC",),
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"),
}
METADATA = ("OBJECT_NAME", "OBJECT_ID", *CONSTANTS)
MEAN_ELEMENTS = ("EPOCH", *(keyword for keyword, *_ in NUMBERS[:6]))
TLE_PARAMETERS = (
    "EPHEMERIS_TYPE",
    "CLASSIFICATION_TYPE",
    *(keyword for keyword, *_ in COUNTS),
    *(keyword for keyword, *_ in NUMBERS[6:]),
)
KEYWORDS = (*METADATA, *MEAN_ELEMENTS, *TLE_PARAMETERS)
# They would change the meaning of the rest: another epoch of the frame, the terms of SGP4-XP.
_NEVER = ("REF_FRAME_EPOCH", "BTERM", "AGOM")
READ = frozenset((*KEYWORDS, *_NEVER, "CCSDS_OMM_VERS"))
_KEPT = tuple(k for k in KEYWORDS if k != "OBJECT_NAME" and k not in CONSTANTS)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_COUNT = re.compile(r"[+-]?[0-9]{1,9}")
_LONGEST = 254  # characters of a line, 502.0-B-3, 7.3.4


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The keywords of one message as text, or why they could not be read."""

    line: int
    fields: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def accept(
    records: Iterable[RawRecord], source: str, form: ElementFormat
) -> tuple[list[ElementSet], list[LineFault]]:
    """Sort records into element sets and faults that name the record, the keyword and the limit."""
    elements: list[ElementSet] = []
    faults: list[LineFault] = []
    for number, record in enumerate(records, start=1):
        reason = record.fault
        try:
            if not reason:
                elements.append(elements_from_fields(record.fields, source=source, form=form))
        except ElementsError as error:
            reason = str(error)
        if reason:
            identity = record.fields.get("NORAD_CAT_ID") or record.fields.get("OBJECT_NAME") or ""
            label = f"record {number}" + (f" ({identity[:24]!r})" if identity else "")
            faults.append(LineFault(source, record.line, f"{label}: {reason}"))
    return elements, faults


def elements_from_fields(
    fields: Mapping[str, str], *, source: str, form: ElementFormat
) -> ElementSet:
    """An element set from the text of each keyword; other keywords are ignored.

    Raises
    ------
    ElementsError
        a keyword is missing, is no number, is outside its limits, or says that the set is not
        for SGP4 in TEME about the Earth in UTC
    """
    given = {key: _clean(key, text) for key, text in fields.items() if key in READ and text.strip()}
    _require_sgp4(given)
    year, day = _epoch(given)
    object_id = given.get("OBJECT_ID", "")
    values: dict[str, float] = {
        attribute: _number(given, keyword, low, high)
        for keyword, attribute, _, low, high in NUMBERS
    }
    counts = {attribute: _count(given, keyword, high) for keyword, attribute, high in COUNTS}
    return ElementSet(
        name=given.get("OBJECT_NAME", ""),
        object_id="" if object_id.upper() == UNKNOWN else object_id,
        epoch_year=year,
        epoch_day=day,
        classification=given.get("CLASSIFICATION_TYPE", "U"),
        text="".join(f"{key} = {given[key]}\n" for key in _KEPT if key in given),
        source=source,
        format=form,
        norad_cat_id=counts["norad_cat_id"],
        element_set_number=counts["element_set_number"],
        revolution_number=counts["revolution_number"],
        **values,
    )


def elements_from_text(text: str, *, name: str, source: str, form: ElementFormat) -> ElementSet:
    """The element set whose `ElementSet.text` this is."""
    fields = dict(line.split(" = ", 1) for line in text.splitlines())
    return elements_from_fields({"OBJECT_NAME": name, **fields}, source=source, form=form)


def fields_from_elements(elements: ElementSet) -> dict[str, str]:
    """Every keyword of an element set as text, in the order of the standard.

    A number that was read from an OMM has the digits that it was published with; any other is the
    shortest decimal that gives the same double, which for a TLE is the decimal of its columns.
    """
    published = dict(_published(elements))
    fields = {
        "OBJECT_NAME": elements.name,
        "OBJECT_ID": elements.object_id,
        **{keyword: values[0] for keyword, values in CONSTANTS.items()},
        "EPOCH": epoch_to_text(elements.epoch_year, elements.epoch_day),
        "EPHEMERIS_TYPE": "0",
        "CLASSIFICATION_TYPE": elements.classification,
    }
    epoch = published.get("EPOCH")
    if epoch and epoch_from_text(epoch) == (elements.epoch_year, elements.epoch_day):
        fields["EPOCH"] = epoch
    for keyword, attribute, *_ in NUMBERS:
        value, text = getattr(elements, attribute), published.get(keyword)
        fields[keyword] = _plain(text if text and float(text) == value else repr(value))
    for keyword, attribute, _ in COUNTS:
        fields[keyword] = str(getattr(elements, attribute))
    return {keyword: fields[keyword] for keyword in KEYWORDS}


def unit_fault(keyword: str, unit: str) -> str:
    """Why a unit given with a number is wrong, or ""."""
    expected = UNITS.get(keyword, "")
    if unit.strip().lower() == expected.lower():
        return ""
    return f"{keyword} is in {unit.strip()!r} instead of {expected or 'a pure number'}"


def start_of_field(fields: dict[str, str], keyword: str, text: str) -> str:
    """Enter a keyword that is read; why it cannot be entered, or ""."""
    if keyword not in READ:
        return ""
    if keyword in fields:
        return f"{keyword} is given twice"
    fields[keyword] = text
    return ""


def _published(elements: ElementSet) -> Iterator[tuple[str, str]]:
    if elements.format is not ElementFormat.TLE:
        for line in elements.text.splitlines():
            keyword, _, text = line.partition(" = ")
            yield keyword, text


def _clean(keyword: str, text: str) -> str:
    """One line of printable characters with single blanks."""
    clean = " ".join(text.split())
    if not clean.isprintable() or len(clean) > _LONGEST:
        raise ElementsError(
            f"{keyword} is {clean[:24]!r}, which cannot be printed or is longer than {_LONGEST}"
        )
    return clean


def _require_sgp4(given: Mapping[str, str]) -> None:
    version = given.get("CCSDS_OMM_VERS", VERSION)
    if version not in {"2.0", VERSION}:
        raise ElementsError(f"CCSDS_OMM_VERS is {version}, not 2.0 or {VERSION}")
    for keyword, allowed in CONSTANTS.items():
        value = given.get(keyword, allowed[0])
        if value.upper() not in allowed:
            raise ElementsError(f"{keyword} is {value}, not {' or '.join(allowed)}")
    for keyword in _NEVER:
        if keyword in given:
            raise ElementsError(f"{keyword} is given, which no SGP4 set has")
    kind = given.get("EPHEMERIS_TYPE", "0")
    if not _COUNT.fullmatch(kind) or str(int(kind)) not in EPHEMERIS_TYPES:
        meaning = " (SGP4-XP)" if kind == "4" else ""
        raise ElementsError(f"EPHEMERIS_TYPE is {kind}{meaning}, not 0 or 2 (SGP4)")


def _epoch(given: Mapping[str, str]) -> tuple[int, float]:
    if "EPOCH" not in given:
        raise ElementsError("EPOCH is missing")
    try:
        return epoch_from_text(given["EPOCH"])
    except ElementsError as error:
        raise ElementsError(f"EPOCH {error}") from None


def _number(given: Mapping[str, str], keyword: str, low: float, high: float) -> float:
    if keyword not in given and keyword in _MAY_BE_MISSING:
        return 0.0
    if keyword not in given:
        raise ElementsError(f"{keyword} is missing")
    text = given[keyword]
    if not _NUMBER.fullmatch(text):
        raise ElementsError(f"{keyword} is {text[:24]!r}, not a decimal number")
    value = float(text)
    if not low <= value <= high or (keyword == "ECCENTRICITY" and value == high):
        raise ElementsError(f"{keyword} is {text}, outside {low:g} to {high:g}")
    return value


def _count(given: Mapping[str, str], keyword: str, high: int) -> int:
    text = given.get(keyword, "0")
    if not _COUNT.fullmatch(text):
        raise ElementsError(f"{keyword} is {text[:24]!r}, not an integer of up to nine digits")
    if not 0 <= int(text) <= high:
        raise ElementsError(f"{keyword} is {text}, outside 0 to {high}")
    return int(text)


def _plain(text: str) -> str:
    """The same digits as JSON and KVN want them: no plus sign, a digit on both sides of the point.

    >>> _plain("+.3657E-4"), _plain("015."), _plain("-.5")
    ('0.3657E-4', '15', '-0.5')
    """
    match = re.fullmatch(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eE].*)?", text)
    if match is None:
        raise ElementsError(f"{text!r} is not a decimal number")
    sign, whole, fraction, exponent = match.groups(default="")
    point = f".{fraction}" if fraction else ""
    return f"{sign.replace('+', '')}{whole.lstrip('0') or '0'}{point}{exponent}"
