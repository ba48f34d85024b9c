"""Time scales and the rotation of the Earth: UTC, TAI, UT1, polar motion."""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime

import astropy_iers_data
import numpy as np
from numpy.typing import NDArray

from tle.errors import EarthDataError

Floats = NDArray[np.float64]

SECONDS_PER_DAY = 86_400.0
ARCSECOND_RAD = np.pi / 648_000.0
_MJD_ORIGIN = datetime(1858, 11, 17, tzinfo=UTC)
# Column positions (from 0) of finals2000A, read in the IERS read-me beside the file.
_LINE_BYTES = 188
_MJD, _POLE_X, _POLE_Y, _UT1 = (7, 15), (18, 27), (37, 46), (58, 68)


@dataclass(frozen=True, slots=True)
class EarthOrientation:
    """Daily values of the IERS, observed and then predicted; arrays of shape (n,).

    Parameters
    ----------
    mjd : UTC days
    pole_x_rad, pole_y_rad : position of the pole
    ut1_minus_tai_s : continuous across leap seconds, so that it may be interpolated
    leap_mjd, tai_minus_utc_s : first days of each number of leap seconds; shape (m,)
    """

    mjd: Floats
    pole_x_rad: Floats
    pole_y_rad: Floats
    ut1_minus_tai_s: Floats
    leap_mjd: Floats
    tai_minus_utc_s: Floats


@functools.cache
def earth_orientation() -> EarthOrientation:
    """The table that astropy-iers-data ships (a year of predictions), read once per process."""
    with open(astropy_iers_data.IERS_A_FILE, "rb") as file:  # noqa: PTH123  the package names a file
        raw = file.read()
    table = np.frombuffer(raw, dtype="S1").reshape(-1, _LINE_BYTES)
    text = table[:, _UT1[0] : _UT1[1]].copy().view(f"S{_UT1[1] - _UT1[0]}").ravel()
    known = np.char.strip(text) != b""
    table = table[known]
    leap = np.loadtxt(astropy_iers_data.IERS_LEAP_SECOND_FILE, comments="#")
    mjd = _column(table, _MJD)
    leap_mjd, offset = leap[:, 0].copy(), leap[:, 4].copy()
    tai_minus_utc = offset[np.searchsorted(leap_mjd, mjd, side="right") - 1]
    return EarthOrientation(
        mjd=mjd,
        pole_x_rad=_column(table, _POLE_X) * ARCSECOND_RAD,
        pole_y_rad=_column(table, _POLE_Y) * ARCSECOND_RAD,
        ut1_minus_tai_s=_column(table, _UT1) - tai_minus_utc,
        leap_mjd=leap_mjd,
        tai_minus_utc_s=offset,
    )


def modified_julian_date(instant: datetime) -> float:
    """UTC days since 1858-11-17, good to a microsecond; the instant must be aware."""
    if instant.tzinfo is None:
        raise EarthDataError(f"instant {instant.isoformat()} has no time zone")
    span = instant - _MJD_ORIGIN
    return span.days + (span.seconds + span.microseconds * 1e-6) / SECONDS_PER_DAY


def split_mjd(epoch: datetime, times_s: Floats) -> tuple[Floats, Floats]:
    """Whole days and fraction of day (UTC) of seconds after an epoch; shapes as `times_s`.

    Days have 86,400 s: a leap second shares its number with the second that follows.
    """
    span = epoch - _MJD_ORIGIN
    seconds = span.seconds + span.microseconds * 1e-6 + np.asarray(times_s, dtype=np.float64)
    whole = np.floor(seconds / SECONDS_PER_DAY)
    return span.days + whole, (seconds - whole * SECONDS_PER_DAY) / SECONDS_PER_DAY


def tai_minus_utc_s(mjd: Floats | float) -> Floats:
    """Leap seconds at UTC days [s]; 10 s before 1972."""
    table = earth_orientation()
    index = np.searchsorted(table.leap_mjd, mjd, side="right") - 1
    return np.where(index < 0, 10.0, table.tai_minus_utc_s[np.maximum(index, 0)])


def ut1_minus_utc_s(mjd: Floats) -> Floats:
    """UT1 - UTC [s] by linear interpolation between daily values (error below 0.1 ms)."""
    table = _covering(mjd)
    return np.interp(mjd, table.mjd, table.ut1_minus_tai_s) + tai_minus_utc_s(mjd)


def polar_motion_rad(mjd: Floats) -> tuple[Floats, Floats]:
    """Coordinates x and y of the pole [rad], shapes as `mjd`."""
    table = _covering(mjd)
    return np.interp(mjd, table.mjd, table.pole_x_rad), np.interp(mjd, table.mjd, table.pole_y_rad)


def earth_data_end() -> datetime:
    """Last instant that the shipped Earth-orientation predictions cover, aware UTC."""
    return datetime.fromtimestamp(
        (earth_orientation().mjd[-1] - 40_587.0) * SECONDS_PER_DAY, tz=UTC
    )


def _covering(mjd: Floats) -> EarthOrientation:
    table = earth_orientation()
    outside = (np.asarray(mjd) < table.mjd[0]) | (np.asarray(mjd) > table.mjd[-1])
    if np.any(outside):
        first = float(np.extract(outside, mjd)[0])
        raise EarthDataError(
            f"no Earth orientation for MJD {first:.3f}; the tables cover "
            f"{table.mjd[0]:.0f}..{table.mjd[-1]:.0f}",
            hint="upgrade the package astropy-iers-data",
        )
    return table


def _column(table: NDArray[np.bytes_], span: tuple[int, int]) -> Floats:
    width = span[1] - span[0]
    return table[:, span[0] : span[1]].copy().view(f"S{width}").ravel().astype(np.float64)
