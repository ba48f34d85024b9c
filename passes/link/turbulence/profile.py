"""Strength of the optical turbulence above a station."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

TOP_M = 30_000.0
LOWEST_ELEVATION_DEG = 5.0

# Above the station: narrow where the ground layer decays, wide where the rest is smooth.
_PANEL_EDGES_M = np.array([0.0, 50.0, 200.0, 600.0, 1500.0, 4e3, 8e3, 12e3, 20e3, TOP_M])
_NODES_PER_PANEL = 12


@dataclass(frozen=True, slots=True, eq=False)
class Cn2Profile:
    """Turbulence above a station as layers; made by `hufnagel_valley` or `layered`.

    Parameters
    ----------
    height_m : of each layer above the station, shape (n,)
    cn2_dh : structure constant Cn2 integrated over each layer, m^(1/3), shape (n,)
    station_height_m : of the station above the sea
    mu_0, mu_5_6, mu_5_3, mu_2 : sum of cn2_dh x height^p for p = 0, 5/6, 5/3, 2
    integer_moments : the same for p = 0, 1, 2, 3, 4, shape (5,); the weight (1 - h/H)^(5/3) of an
        uplink is a power series in h/H
    """

    height_m: Floats
    cn2_dh: Floats
    station_height_m: float
    mu_0: float
    mu_5_6: float
    mu_5_3: float
    mu_2: float
    integer_moments: Floats


def layered(height_m: ArrayLike, cn2_dh: ArrayLike, station_height_m: float = 0.0) -> Cn2Profile:
    """Profile of discrete layers, from a measurement or from a model.

    Parameters
    ----------
    height_m : of the layers above the station, 0..30 km, shape (n,)
    cn2_dh : Cn2 times thickness of each layer, m^(1/3), not negative, shape (n,)
    station_height_m : of the station above the sea
    """
    height, strength = np.atleast_1d(np.asarray(height_m, float), np.asarray(cn2_dh, float))
    if height.ndim != 1 or height.shape != strength.shape:
        raise LinkError(
            f"turbulence profile with {height.size} heights and {strength.size} strengths"
        )
    outside = ~((height >= 0.0) & (height <= TOP_M))
    if np.any(outside):
        raise LinkError(
            f"turbulence layer at {height[outside][0]:g} m above the station, outside 0..30000 m"
        )
    if not (np.all(strength >= 0.0) and 0.0 < np.sum(strength) < np.inf):
        raise LinkError("turbulence profile needs strengths cn2_dh that are finite, not negative")
    return Cn2Profile(
        height,
        strength,
        station_height_m,
        mu_0=float(np.sum(strength)),
        mu_5_6=float(strength @ height ** (5.0 / 6.0)),
        mu_5_3=float(strength @ height ** (5.0 / 3.0)),
        mu_2=float(strength @ height**2),
        integer_moments=strength @ height[:, None] ** np.arange(5),
    )


def hufnagel_valley(
    rms_wind_m_s: float = 21.0,
    ground_cn2: float = 1.7e-14,
    station_height_m: float = 0.0,
    top_m: float = TOP_M,
) -> Cn2Profile:
    """Hufnagel-Valley profile; its defaults are HV 5/7 (r0 5 cm and theta0 7 urad at 500 nm).

    Parameters
    ----------
    rms_wind_m_s : between 5 and 20 km, 0..100; see `passes.link.turbulence.wind`
    ground_cn2 : of the layer at the ground, m^(-2/3); its e-folding height is 100 m
    station_height_m : above the sea, -500..6000. The ground layer starts at the station, the two
        upper terms keep their height above the sea.
    top_m : height above the station where the profile ends, 15..30 km. ITU-R P.1622 ends at 20 km,
        which lowers the Rytov variance by 1 %.

    Returns
    -------
    Profile whose moments are within 1e-6 of an adaptive quadrature. One profile stands for a
    night of middling seeing: r0 differs by a factor two between nights.

    References
    ----------
    R. R. Beland in The Infrared and Electro-Optical Systems Handbook, vol. 2 (1993), chapter 2;
    station height as in ITU-R P.1621-2 (2015), section 5.1.1.
    """
    _require_within("rms wind", rms_wind_m_s, 0.0, 100.0, "m/s")
    _require_within("ground Cn2", ground_cn2, 0.0, 1e-11, "m^(-2/3)")
    _require_within("station height", station_height_m, -500.0, 6000.0, "m")
    _require_within("top of the turbulence", top_m, 15e3, TOP_M, "m")
    unit, weight = np.polynomial.legendre.leggauss(_NODES_PER_PANEL)
    edges_m = np.append(_PANEL_EDGES_M[top_m > _PANEL_EDGES_M], top_m)
    low, width = edges_m[:-1, None], np.diff(edges_m)[:, None]
    height_m = (low + 0.5 * width * (1.0 + unit)).ravel()
    above_sea_m = height_m + station_height_m
    cn2 = (
        0.00594
        * (rms_wind_m_s / 27.0) ** 2
        * (1e-5 * above_sea_m) ** 10
        * np.exp(-above_sea_m / 1000.0)
        + 2.7e-16 * np.exp(-above_sea_m / 1500.0)
        + ground_cn2 * np.exp(-height_m / 100.0)
    )
    return layered(height_m, cn2 * (0.5 * width * weight).ravel(), station_height_m)


def layer_secant(elevation_rad: ArrayLike) -> Floats:
    """Path through a flat layer over its thickness, 1 / sin(elevation).

    Parameters
    ----------
    elevation_rad : within 5..90 deg, any shape. On the round Earth the path through 10 km is 9 %
        shorter at 5 deg, 2.5 % at 10 deg.
    """
    elevation = np.asarray(elevation_rad, dtype=np.float64)
    lowest = np.radians(LOWEST_ELEVATION_DEG)
    # The extremes of anything that holds a NaN are NaN, and compare with nothing.
    if not (elevation.min(initial=1.0) >= lowest and elevation.max(initial=1.0) <= np.pi / 2):
        outside = ~((elevation >= lowest) & (elevation <= np.pi / 2))
        first_deg = np.degrees(elevation[outside].flat[0])
        raise LinkError(
            f"turbulence at elevation {first_deg:g} deg, outside {LOWEST_ELEVATION_DEG:g}..90 deg"
        )
    return np.asarray(1.0 / np.sin(elevation))


def wavenumber(wavelength_m: float) -> float:
    """Angular wavenumber 2 pi / wavelength [rad/m]; refuses what is not light (0.3-12 um)."""
    if not 0.3e-6 <= wavelength_m <= 12e-6:
        raise LinkError(f"turbulence at wavelength {wavelength_m:g} m, outside 0.3..12 um")
    return float(2.0 * np.pi / wavelength_m)


def fried_parameter_m(profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike) -> Floats:
    """Fried parameter r0 of a plane wave from above, shape of `elevation_rad`.

    References
    ----------
    D. L. Fried, J. Opt. Soc. Am. 56, 1372 (1966); (0.423 k^2 sec z mu_0)^(-3/5).
    """
    k = wavenumber(wavelength_m)
    return np.asarray((0.423 * k**2 * layer_secant(elevation_rad) * profile.mu_0) ** (-3.0 / 5.0))


def isoplanatic_angle_rad(
    profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike
) -> Floats:
    """Angle between two stars whose wavefronts differ by 1 rad^2, shape of `elevation_rad`.

    References
    ----------
    D. L. Fried, J. Opt. Soc. Am. 72, 52 (1982); (2.914 k^2 sec^(8/3) z mu_5/3)^(-3/5).
    """
    k, secant = wavenumber(wavelength_m), layer_secant(elevation_rad)
    return np.asarray((2.914 * k**2 * secant ** (8.0 / 3.0) * profile.mu_5_3) ** (-3.0 / 5.0))


def rytov_variance(profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike) -> Floats:
    """Variance of the log-irradiance of a plane wave at a point receiver, weak turbulence [Np^2].

    For a satellite's downlink: the turbulence is so close to the ground that its wave is plane.
    Below about 1 it is also the scintillation index; above, see `andrews_phillips_index`.

    References
    ----------
    ITU-R P.1622 (2003), Eq. 3; 2.25 k^(7/6) sec^(11/6) z mu_5/6, four digits.
    """
    k, secant = wavenumber(wavelength_m), layer_secant(elevation_rad)
    return np.asarray(2.25 * k ** (7.0 / 6.0) * secant ** (11.0 / 6.0) * profile.mu_5_6)


def greenwood_frequency_hz(
    profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike, wind_m_s: ArrayLike
) -> Floats:
    """Greenwood frequency: how fast the wavefront changes.

    Parameters
    ----------
    profile : n layers
    wavelength_m : of the light
    elevation_rad : any shape
    wind_m_s : across the line of sight in each layer, at least 0, shape (n,) or that of
        `elevation_rad` with n behind. For a satellite add `tracking_wind_m_s` of
        `passes.link.turbulence.wind`, which is much faster than the air.

    Returns
    -------
    Frequency of the shape of `elevation_rad`; 0.134 over the coherence time. It sums over the
    layers, 10 us a sample: tabulate it against elevation for a pass.

    References
    ----------
    D. P. Greenwood, J. Opt. Soc. Am. 67, 390 (1977); (0.102 k^2 sec z sum Cn2 v^(5/3))^(3/5).
    """
    wind = np.asarray(wind_m_s, dtype=np.float64)
    if wind.shape[-1:] != profile.height_m.shape or not np.all(wind >= 0.0):
        raise LinkError(
            f"wind of shape {wind.shape} for a profile of {profile.height_m.size} layers "
            "must give each layer a speed of at least 0 m/s"
        )
    k, moving = wavenumber(wavelength_m), wind ** (5.0 / 3.0) @ profile.cn2_dh
    return np.asarray((0.102 * k**2 * layer_secant(elevation_rad) * moving) ** (3.0 / 5.0))


def _require_within(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        raise LinkError(f"{name} {value:g} {unit} is outside {low:g}..{high:g} {unit}")
