"""Wind that drives the turbulence across a line of sight."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from passes.errors import LinkError
from passes.link.turbulence.profile import Cn2Profile, layer_secant

Floats = NDArray[np.float64]

TROPOPAUSE_M = 9400.0
THICKNESS_M = 4800.0
RMS_LAYER_M = (5_000.0, 20_000.0)


def bufton_1973(
    above_sea_m: ArrayLike, ground_wind_m_s: float, tropopause_wind_m_s: float = 30.0
) -> Floats:
    """Wind speed against height, a jet at the tropopause over a constant ground wind [m/s].

    Parameters
    ----------
    above_sea_m : height above the sea, any shape
    ground_wind_m_s : at least 0
    tropopause_wind_m_s : excess of the jet at 9.4 km, at least 0

    References
    ----------
    J. L. Bufton, Appl. Opt. 12, 1785 (1973); v_g + v_t exp(-((h - 9400) / 4800)^2).
    """
    _require_winds(ground_wind_m_s, tropopause_wind_m_s)
    above_tropopause = (np.asarray(above_sea_m, dtype=np.float64) - TROPOPAUSE_M) / THICKNESS_M
    return np.asarray(ground_wind_m_s + tropopause_wind_m_s * np.exp(-(above_tropopause**2)))


def bufton_rms_wind_m_s(ground_wind_m_s: float, tropopause_wind_m_s: float = 30.0) -> float:
    """Rms of `bufton_1973` between 5 and 20 km, the wind of the Hufnagel-Valley profile [m/s]."""
    _require_winds(ground_wind_m_s, tropopause_wind_m_s)
    low, high = ((height - TROPOPAUSE_M) / THICKNESS_M for height in RMS_LAYER_M)
    half_root_pi = np.sqrt(np.pi) / 2.0
    jet = half_root_pi * (erf(high) - erf(low))
    jet2 = half_root_pi / np.sqrt(2.0) * (erf(np.sqrt(2.0) * high) - erf(np.sqrt(2.0) * low))
    square = ground_wind_m_s**2 + (
        2.0 * ground_wind_m_s * tropopause_wind_m_s * jet + tropopause_wind_m_s**2 * jet2
    ) / (high - low)
    return float(np.sqrt(square))


def itu_p1621_rms_wind_m_s(ground_wind_m_s: float) -> float:
    """Rms wind at height of the Hufnagel-Valley profile, from the wind at the ground [m/s].

    For ground winds up to 10 m/s it lies 0.3 to 0.7 m/s above `bufton_rms_wind_m_s`.

    References
    ----------
    ITU-R P.1621-2 (2015), section 5.1.1.
    """
    _require_winds(ground_wind_m_s, 0.0)
    return float(np.sqrt(ground_wind_m_s**2 + 33.11 * ground_wind_m_s + 360.31))


def tracking_wind_m_s(
    profile: Cn2Profile, elevation_rad: ArrayLike, slew_rad_s: ArrayLike
) -> Floats:
    """Speed of a line of sight through each layer while a telescope follows a satellite [m/s].

    Parameters
    ----------
    profile : n layers
    elevation_rad : any shape
    slew_rad_s : rate at which the line of sight turns, same shape or a scalar

    Returns
    -------
    Rate times slant distance, shape of `elevation_rad` with n behind. Adding it to the wind is the
    worst case, both in one direction.
    """
    slew = np.abs(np.asarray(slew_rad_s, dtype=np.float64))
    return np.asarray((slew * layer_secant(elevation_rad))[..., None] * profile.height_m)


def _require_winds(*winds_m_s: float) -> None:
    for wind_m_s in winds_m_s:
        if not 0.0 <= wind_m_s <= 150.0:
            raise LinkError(f"wind {wind_m_s:g} m/s is outside 0..150 m/s")
