"""CCSDS epochs as text <-> year and day of year."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tle.errors import ElementsError

SECONDS_PER_DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1957, 2199

_EPOCH = re.compile(
    r"([0-9]{4})-(?:([0-9]{2})-([0-9]{2})|([0-9]{3}))"
    r"T([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,18})?)Z?"
)
_NANOSECOND = Decimal("1e-9")


def epoch_from_text(text: str) -> tuple[int, float]:
    """Year and day of year with fraction (1.0 is 1 January 0 h) of a CCSDS epoch.

    Month and day or day of year, with or without fraction, with or without Z (CCSDS 502.0-B-3,
    7.5.10). The day is the nearest double: 5 ns, 0.04 mm of orbit. Second 60 of 30 June and 31
    December is the next midnight: no day fraction can name a leap second, and an epoch within
    one (the last was at the end of 2016) is up to a second late.

    Raises
    ------
    ElementsError
        the text has another form, or no such day or time exists

    >>> epoch_from_text("2026-164T12:00:00Z")
    (2026, 164.5)
    """
    match = _EPOCH.fullmatch(text)
    if match is None:
        raise ElementsError(f"{text[:40]!r} is not an epoch like 2026-06-13T19:44:35.142144")
    year = int(match[1])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ElementsError(f"{text!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    day = _day_of_year(text, year, match)
    hours, minutes, seconds = int(match[5]), int(match[6]), Fraction(match[7])
    ends_june_or_december = _date(year, day + 1)[1:] in {(1, 1), (7, 1)}
    is_leap = 60 <= seconds < 61 and (hours, minutes) == (23, 59) and ends_june_or_december
    if hours > 23 or minutes > 59 or (seconds >= 60 and not is_leap):
        raise ElementsError(f"{text!r} has no such time of day")
    return year, float(day + (hours * 3600 + minutes * 60 + seconds) / SECONDS_PER_DAY)


def epoch_to_text(year: int, day: float) -> str:
    """A CCSDS epoch that `epoch_from_text` reads back within half a nanosecond.

    Six decimals of a second where they are exact, as for every epoch of a TLE, else nine.

    >>> epoch_to_text(2026, 164.82262896)
    '2026-06-13T19:44:35.142144'
    """
    seconds = Decimal(repr(day)) % 1 * SECONDS_PER_DAY
    if seconds != seconds.quantize(_NANOSECOND):
        seconds = (Decimal(day) % 1 * SECONDS_PER_DAY).quantize(_NANOSECOND)
    whole, rest = divmod(seconds, 1)
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(day) - 1, seconds=int(whole))
    fraction = f"{rest:.9f}"[2:]
    return f"{start:%Y-%m-%dT%H:%M:%S}.{fraction[:6]}{fraction[6:].rstrip('0')}"


def _day_of_year(text: str, year: int, match: re.Match[str]) -> int:
    try:
        day = datetime(year, int(match[2]), int(match[3]), tzinfo=UTC) if match[2] else None
    except ValueError:
        raise ElementsError(f"{text!r} has no such day") from None
    number = day.timetuple().tm_yday if day else int(match[4])
    if number < 1 or _date(year, number)[0] != year:
        raise ElementsError(f"{text!r} has no such day")
    return number


def _date(year: int, day: int) -> tuple[int, int, int]:
    date = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)
    return date.year, date.month, date.day
