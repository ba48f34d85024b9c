"""Instants in trajectory files: their text, and their count in atomic time.

A file's points are equally spaced in atomic time, not in UTC, when a leap second falls among
them. Files are therefore read into seconds of TAI, counted from 0 h TAI of a base day.
"""

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tle.clock import SECONDS_PER_DAY, earth_orientation, tai_minus_utc_s
from tle.errors import EphemerisError

Floats = NDArray[np.float64]

# TAI minus each uniform scale [s]: GPS started at TAI - 19 s; TT is TAI + 32.184 s by definition.
TAI_MINUS_SCALE_S = {"TAI": 0.0, "GPS": 19.0, "TT": -32.184}
FIRST_YEAR, LAST_YEAR = 1957, 2099
_MJD_OF_ORDINAL_0 = -678_576  # date.toordinal() + this is the modified Julian day
_TIMESTAMP = re.compile(
    r"([0-9]{4})-(?:([0-9]{2})-([0-9]{2})|([0-9]{3}))"
    r"T([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]*)?)Z?"
)


def parse_timestamp(text: str) -> tuple[int, float]:
    """Modified Julian day and second of day of `2026-11-23T12:00:00.5` or `2026-327T12:00:00`.

    The second of day reaches 86,401 on a day that ends with a leap second.

    Raises
    ------
    EphemerisError
        the text is not an instant of the calendar
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise EphemerisError(f"{text[:40]!r} is not an instant like 2026-11-23T12:00:00")
    year, month, day, ordinal, hour, minute, second = match.groups()
    try:
        if ordinal is None:
            found = date(int(year), int(month), int(day))
        else:
            found = date(int(year), 1, 1) + timedelta(days=int(ordinal) - 1)
    except (ValueError, OverflowError) as error:
        raise EphemerisError(f"{text[:40]!r} is not in the calendar: {error}") from error
    seconds = int(hour) * 3_600.0 + int(minute) * 60.0 + float(second)
    is_clock = int(hour) < 24 and int(minute) < 60 and float(second) < 61.0
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise EphemerisError(f"{text[:40]!r} is outside {FIRST_YEAR}..{LAST_YEAR}")
    if not is_clock or found.year != int(year):
        raise EphemerisError(f"{text[:40]!r} is not on the clock")
    mjd = found.toordinal() + _MJD_OF_ORDINAL_0
    if float(second) >= 60.0 and not is_leap_second(mjd, seconds):
        raise EphemerisError(f"{text[:40]!r} is no leap second that the IERS announced")
    return mjd, seconds


def is_leap_second(mjd: int, second_of_day: float) -> bool:
    """True inside the inserted second at the end of a UTC day."""
    inserted = float(tai_minus_utc_s(float(mjd + 1)) - tai_minus_utc_s(float(mjd)))
    return SECONDS_PER_DAY <= second_of_day < SECONDS_PER_DAY + inserted


def format_timestamp(epoch: datetime, seconds_s: float) -> str:
    """ISO 8601 text of an instant, `2026-11-23T12:00:00.000000`, rounded to a microsecond."""
    instant = (epoch + timedelta(seconds=float(seconds_s))).astimezone(UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond:06d}"


def atomic_seconds(system: str, days: NDArray[np.int64], seconds_s: Floats, base: int) -> Floats:
    """TAI seconds from 0 h TAI of the base day, for instants of a time system.

    Parameters
    ----------
    system : "UTC" or a key of `TAI_MINUS_SCALE_S`
    days : modified Julian days in that system, shape (n,)
    seconds_s : seconds of those days, shape (n,)
    base : modified Julian day
    """
    counted = (days - base) * SECONDS_PER_DAY + seconds_s
    if system == "UTC":
        return np.asarray(counted + tai_minus_utc_s(days.astype(np.float64)))
    return np.asarray(counted + TAI_MINUS_SCALE_S[system])


def leap_offsets(base: int, atomic_s: Floats) -> Floats:
    """TAI - UTC [s] at TAI seconds from the base day; the old value inside a leap second."""
    table = earth_orientation()
    steps = (table.leap_mjd - base) * SECONDS_PER_DAY + table.tai_minus_utc_s
    index = np.searchsorted(steps, atomic_s, side="right") - 1
    return np.where(index < 0, 10.0, table.tai_minus_utc_s[np.maximum(index, 0)])


def span_of_offset(base: int, offset_s: float) -> tuple[float, float]:
    """First and last TAI second, counted from the base day, with one value of TAI - UTC.

    The inserted second itself belongs to neither side: UTC of a day of 86,400 s cannot name it.
    """
    table = earth_orientation()
    midnights = (table.leap_mjd - base) * SECONDS_PER_DAY + offset_s
    index = int(np.searchsorted(table.tai_minus_utc_s, offset_s))
    low = -np.inf if index == 0 else float(midnights[index])
    high = float(midnights[index + 1]) if index + 1 < len(midnights) else np.inf
    return low, high


def day_start(mjd: int) -> datetime:
    """0 h UTC of a modified Julian day."""
    day = date.fromordinal(mjd - _MJD_OF_ORDINAL_0)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
