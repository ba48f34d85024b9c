"""From the frame of SGP4 (TEME) to Earth-fixed axes (ITRF), on whole arrays."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tle.clock import SECONDS_PER_DAY, polar_motion_rad, split_mjd, ut1_minus_utc_s

Floats = NDArray[np.float64]

J2000_MJD = 51_544.5
DAYS_PER_CENTURY = 36_525.0
# Rotation of the Earth against the equinox, rad/s (IERS Conventions 1983, as in Vallado 2013).
EARTH_RATE_RAD_S = 7.292115146706979e-5


def gmst82_rad(epoch: datetime, times_s: Floats) -> Floats:
    """Greenwich mean sidereal time [rad], in [0, 2 pi), for seconds after an epoch.

    The 1982 expression belongs to TEME by definition of SGP4's frame; a newer one would shift
    every pass. Source: Aoki et al., Astron. Astrophys. 105, 359 (1982), eq. 14; Vallado et al.,
    AIAA 2006-6753, appendix C.
    """
    day, fraction = split_mjd(epoch, times_s)
    return gmst82_of_ut1_rad(day, fraction + ut1_minus_utc_s(day + fraction) / SECONDS_PER_DAY)


def gmst82_of_ut1_rad(day: Floats, ut1_fraction: Floats) -> Floats:
    """Greenwich mean sidereal time [rad] at UT1, given as whole MJD and fraction of day."""
    centuries = (day - J2000_MJD + ut1_fraction) / DAYS_PER_CENTURY
    seconds = 67_310.54841 + centuries * (
        8_640_184.812866 + centuries * (0.093104 - 6.2e-6 * centuries)
    )
    # The 876600 h per century of the full expression are whole turns per day: only the fraction
    # of the day counts, which keeps 13 digits instead of 9. J2000 is noon, the MJD day midnight.
    turns = seconds / SECONDS_PER_DAY + (day - J2000_MJD + ut1_fraction) % 1.0
    return (turns % 1.0) * 2.0 * np.pi


def teme_to_earth_fixed(epoch: datetime, times_s: Floats, vectors: Floats) -> Floats:
    """Rotate TEME vectors into ITRF: sidereal rotation, then polar motion.

    Parameters
    ----------
    times_s : seconds after the epoch, shape (n,)
    vectors : TEME, any unit, shape (n, 3)

    Returns
    -------
    Earth-fixed vectors, shape (n, 3). Agreement with astropy's TEME to ITRS is below 1 m at LEO.
    """
    return turn_to_earth(epoch, times_s, np.moveaxis(vectors, -1, 0))


def turn_to_earth(epoch: datetime, times_s: Floats, teme: Floats) -> Floats:
    """As `teme_to_earth_fixed` for instants of any shape; components first in, last out.

    Shapes (...), (3, ...) and (..., 3).
    """
    day, fraction = split_mjd(epoch, times_s)
    mjd = day + fraction
    angle = gmst82_of_ut1_rad(day, fraction + ut1_minus_utc_s(mjd) / SECONDS_PER_DAY)
    cos, sin = np.cos(angle), np.sin(angle)
    x = cos * teme[0] + sin * teme[1]
    y = cos * teme[1] - sin * teme[0]
    z = teme[2]
    pole_x, pole_y = polar_motion_rad(mjd)
    # First order in the pole (1e-6 rad): second order is 6 micrometres at the Earth's surface.
    fixed = np.empty((*x.shape, 3))
    fixed[..., 0] = x + pole_x * z
    fixed[..., 1] = y - pole_y * z
    fixed[..., 2] = z - pole_x * x + pole_y * y
    return fixed
