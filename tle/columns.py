"""The fields of a two-line set: their columns, checksum, catalogue number and epoch year."""

import calendar
import re

from tle.errors import ElementsError

LINE_LENGTH = 69
LARGEST_CATALOGUE_NUMBER = 339_999
FIRST_YEAR, LAST_YEAR = 1957, 2056
# Alpha-5 of Space-Track: the first of five columns may be a letter, without I and O.
ALPHA5 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_NUMBER = r"(?:[A-HJ-NP-Z][0-9]{4}| *[0-9]+)"
_REAL = r" *[+-]?[0-9]*\.[0-9]+ *"
_EXPONENT = r"[ +-][0-9]{5}[+-][0-9]"
_COUNT = r" *[0-9]* *"

# (first column, last column, what it is, pattern); columns count from 1 as in the format's papers.
_LINE_1 = (
    (3, 7, "catalogue number", _NUMBER),
    (8, 8, "classification", r"[UCS ]"),
    (10, 17, "international designator", r"(?:[0-9]{5}[A-Z]{1,3} *| +)"),
    (19, 20, "epoch year", r"[0-9]{2}"),
    (21, 32, "epoch day", r" *[0-9]+\.[0-9]{8}"),
    (34, 43, "first derivative of mean motion", r" *[+-]?[0-9]*\.[0-9]{8}"),
    (45, 52, "second derivative of mean motion", _EXPONENT),
    (54, 61, "BSTAR", _EXPONENT),
    (63, 63, "ephemeris type", r"[0-9 ]"),
    (65, 68, "element set number", _COUNT),
)
_LINE_2 = (
    (3, 7, "catalogue number", _NUMBER),
    (9, 16, "inclination", _REAL),
    (18, 25, "right ascension of the node", _REAL),
    (27, 33, "eccentricity", r"[0-9]{7}"),
    (35, 42, "argument of perigee", _REAL),
    (44, 51, "mean anomaly", _REAL),
    (53, 63, "mean motion", _REAL),
    (64, 68, "revolution number", _COUNT),
)
_FIELDS = {
    which: tuple(
        (first - 1, last, name, re.compile(pattern).fullmatch)
        for first, last, name, pattern in fields
    )
    for which, fields in ((1, _LINE_1), (2, _LINE_2))
}
# What each character adds to the checksum, by its code.
_CHECKSUM_VALUES = bytes(
    code - ord("0") if chr(code) in "0123456789" else int(chr(code) == "-") for code in range(256)
)
_BLANKS = {1: (2, 9, 18, 33, 44, 53, 62, 64), 2: (2, 8, 17, 26, 34, 43, 52)}


def cut_columns(line: str, which: int) -> dict[str, str]:
    """The fields of line 1 or 2 by what they are, after length, characters and checksum hold."""
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
    for first, last, name, fits in _FIELDS[which]:
        value = line[first:last]
        if not fits(value):
            raise ElementsError(
                f"line {which} columns {first + 1}-{last}: {value!r} is not a valid {name}"
            )
        fields[name] = value
    total = checksum(line)
    if line[-1] != str(total):
        raise ElementsError(f"line {which} checksum is {line[-1]!r} but its columns give {total}")
    return fields


def checksum(line: str) -> int:
    """Modulo-10 sum of the first 68 columns: digits count their value, '-' counts 1."""
    text = line[: LINE_LENGTH - 1].encode("ascii", "replace")
    return sum(text.translate(_CHECKSUM_VALUES)) % 10


def decode_catalogue_number(text: str) -> int:
    """Catalogue number from five columns, Alpha-5 included.

    >>> decode_catalogue_number("25544"), decode_catalogue_number("A0000")
    (25544, 100000)
    >>> decode_catalogue_number("Z9999")
    339999
    """
    if len(text) != 5 or not re.fullmatch(_NUMBER, text):
        raise ElementsError(f"{text!r} is not a catalogue number of five columns")
    return ALPHA5.index(text[0]) * 10_000 + int(text[1:]) if text[0] != " " else int(text)


def encode_catalogue_number(norad_cat_id: int) -> str:
    """Five columns for a catalogue number up to 339999.

    >>> encode_catalogue_number(5), encode_catalogue_number(100000)
    ('00005', 'A0000')
    """
    if not 0 <= norad_cat_id <= LARGEST_CATALOGUE_NUMBER:
        raise ElementsError(
            f"catalogue number {norad_cat_id} does not fit a two-line set "
            f"(limit {LARGEST_CATALOGUE_NUMBER})",
            hint="use OMM for this object",
        )
    return f"{ALPHA5[norad_cat_id // 10_000]}{norad_cat_id % 10_000:04d}"


def four_digit_year(two_digits: int) -> int:
    """The year that two digits mean: 57 to 99 is 1957 to 1999, 00 to 56 is 2000 to 2056.

    >>> four_digit_year(57), four_digit_year(56)
    (1957, 2056)
    """
    return two_digits + (1900 if two_digits >= FIRST_YEAR % 100 else 2000)


def days_of(year: int) -> int:
    """365 or 366."""
    return 365 + calendar.isleap(year)
