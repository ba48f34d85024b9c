"""States in axes that do not turn with the Earth, brought to Earth-fixed axes."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tle.clock import split_mjd, tai_minus_utc_s
from tle.frames import EARTH_RATE_RAD_S, gmst82_of_ut1_rad, teme_to_earth_fixed

Floats = NDArray[np.float64]

# GCRF and ICRF have the same axes; EME2000 differs by the frame bias, 0.8 m at LEO.
INERTIAL_FRAMES = ("TEME", "EME2000", "GCRF", "ICRF")
_TT_MINUS_TAI_S = 32.184


def states_to_earth_fixed(
    frame: str, epoch: datetime, times_s: Floats, positions_m: Floats, velocities_m_s: Floats
) -> tuple[Floats, Floats]:
    """Positions and velocities against the turning Earth (ITRF).

    Parameters
    ----------
    frame : one of `INERTIAL_FRAMES`
    epoch, times_s : instants, UTC seconds after the epoch, shape (n,)
    positions_m, velocities_m_s : inertial states, shapes (n, 3)

    Returns
    -------
    positions_m, velocities_m_s : shapes (n, 3). Positions agree with astropy (IAU 2006/2000A) to
    0.1 m at LEO.
    """
    if frame != "TEME":
        rotation = _to_teme(frame, epoch, times_s)
        positions_m = np.einsum("nij,nj->ni", rotation, positions_m)
        velocities_m_s = np.einsum("nij,nj->ni", rotation, velocities_m_s)
    positions = teme_to_earth_fixed(epoch, times_s, positions_m)
    spin = np.zeros_like(positions_m)
    spin[:, 2] = EARTH_RATE_RAD_S
    turning = np.cross(teme_to_earth_fixed(epoch, times_s, spin), positions)
    return positions, teme_to_earth_fixed(epoch, times_s, velocities_m_s) - turning


def earth_fixed_to_inertial(
    frame: str, epoch: datetime, times_s: Floats, vectors: Floats
) -> Floats:
    """Earth-fixed (ITRF) vectors in axes that do not turn with the Earth, shape (n, 3).

    The inverse of the rotation of `states_to_earth_fixed`; lengths stay.

    Parameters
    ----------
    frame : one of `INERTIAL_FRAMES`
    epoch, times_s : instants, UTC seconds after the epoch, shape (n,)
    vectors : any unit, shape (n, 3)
    """
    # Columns of the rotation are the turned unit vectors; its inverse is its transpose.
    rotation = np.stack(
        [
            teme_to_earth_fixed(epoch, times_s, np.tile(unit, (len(times_s), 1)))
            for unit in np.eye(3)
        ],
        axis=2,
    )
    teme = np.einsum("nij,ni->nj", rotation, vectors)
    if frame == "TEME":
        return np.asarray(teme)
    return np.asarray(np.einsum("nij,ni->nj", _to_teme(frame, epoch, times_s), teme))


def _to_teme(frame: str, epoch: datetime, times_s: Floats) -> Floats:
    """Rotation matrices from an inertial frame to TEME, shape (n, 3, 3).

    Bias, precession and nutation are skyfield's (IAU 2006 and 2000A); from the true equinox to
    TEME it is one turn about the pole, the difference of the two sidereal times.
    """
    # Half a second of import that only files in these frames need.
    from skyfield.api import load  # noqa: PLC0415
    from skyfield.framelib import ICRS_to_J2000  # noqa: PLC0415

    day, fraction = split_mjd(epoch, times_s)
    terrestrial = fraction + (tai_minus_utc_s(day) + _TT_MINUS_TAI_S) / 86_400.0
    instants: Any = load.timescale(builtin=True).tt_jd(day + 2_400_000.5, terrestrial)
    # Both sidereal times are taken at skyfield's UT1, so that its dUT1 cancels.
    ut1_mjd = instants.whole - 2_400_000.5 + instants.ut1_fraction
    turn = instants.gast * np.pi / 12.0 - gmst82_of_ut1_rad(np.floor(ut1_mjd), ut1_mjd % 1.0)
    cos, sin = np.cos(turn), np.sin(turn)
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    about_pole = np.array([[cos, sin, zero], [-sin, cos, zero], [zero, zero, one]])
    rotation = np.einsum("ijn,jkn->nik", about_pole, instants.M)
    if frame == "EME2000":
        return np.asarray(rotation @ np.asarray(ICRS_to_J2000).T)
    return np.asarray(rotation)
