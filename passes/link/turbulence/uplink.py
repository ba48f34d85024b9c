"""Spot of a ground laser on a satellite behind the turbulence."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import binom, hyp1f1

from passes.errors import LinkError
from passes.link.optics.beam import aperture_capture
from passes.link.turbulence.profile import TOP_M, Cn2Profile, layer_secant, wavenumber

Floats = NDArray[np.float64]

# (1 - x)^(5/3) as a series in x; with the turbulence below 0.5 x the satellite's height the sum of
# five terms is good to 1e-4, and to 1e-9 for a Hufnagel-Valley profile under 400 km.
_SERIES = binom(5.0 / 3.0, np.arange(5)) * (-1.0) ** np.arange(5)


class SpotModel(StrEnum):
    """Which spot the satellite sees: that of a long exposure, or a small one that wanders."""

    LONG_TERM = "long-term"
    SHORT_TERM_WITH_WANDER = "short-term-with-wander"


@dataclass(frozen=True, slots=True, eq=False)
class UplinkSpot:
    """Gaussian spot in the satellite's plane; made by `uplink_spot`.

    The long-term radius contains the wander already. A record that has both is refused.

    Parameters
    ----------
    model : which of the two descriptions
    radius_m : 1/e2 intensity radius, long-term or short-term, any shape
    wander_rms_m : standard deviation per axis of the spot's centre, same shape; 0 for LONG_TERM
    """

    model: SpotModel
    radius_m: Floats
    wander_rms_m: Floats

    def __post_init__(self) -> None:
        """Refuse wander on top of the long-term spot."""
        if self.model is SpotModel.LONG_TERM and np.any(self.wander_rms_m):
            raise LinkError("the long-term spot contains the beam wander already; wander must be 0")


def uplink_coherence_radius_m(
    profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike, range_m: ArrayLike
) -> Floats:
    """Coherence radius rho_0 at the ground of a spherical wave from the satellite [m].

    Parameters
    ----------
    profile : turbulence above the station
    wavelength_m : of the laser
    elevation_rad : within 5..90 deg, any shape
    range_m : to the satellite, same shape; it must stand at least 60 km above the station

    Returns
    -------
    Radius, same shape; the Fried parameter of the same wave is 2.10 times larger.

    References
    ----------
    H. T. Yura, Appl. Opt. 12, 1088 (1973); (1.46 k^2 sec z sum Cn2 (1 - h/H)^(5/3))^(-3/5).
    """
    k, secant = wavenumber(wavelength_m), layer_secant(elevation_rad)
    height_m = np.asarray(range_m, dtype=np.float64) / secant
    if not np.all(height_m >= 2.0 * TOP_M):
        raise LinkError(
            f"satellite {np.min(height_m) / 1e3:g} km above the station, "
            f"must be at least {2.0 * TOP_M / 1e3:g} km"
        )
    powers = height_m[..., None] ** -np.arange(5.0)
    weighted = powers @ (_SERIES * profile.integer_moments)
    return np.asarray((1.46 * k**2 * secant * weighted) ** (-3.0 / 5.0))


def diffraction_radius_m(wavelength_m: float, waist_m: float, range_m: ArrayLike) -> Floats:
    """1/e2 radius of a collimated Gaussian beam at a range in vacuum [m].

    Parameters
    ----------
    wavelength_m, waist_m : of the laser, and its 1/e2 intensity radius at the telescope
    range_m : any shape
    """
    if not waist_m > 0.0:
        raise LinkError(f"beam waist {waist_m:g} m is not positive")
    rayleigh_m = np.pi * waist_m**2 / wavelength_m
    return np.asarray(waist_m * np.hypot(1.0, np.asarray(range_m, dtype=np.float64) / rayleigh_m))


def uplink_spot(
    profile: Cn2Profile,
    wavelength_m: float,
    waist_m: float,
    elevation_rad: ArrayLike,
    range_m: ArrayLike,
    model: SpotModel | str,
    tip_tilt_residual: ArrayLike = 1.0,
) -> UplinkSpot:
    """Spot of a collimated ground laser on a satellite.

    Parameters
    ----------
    profile : turbulence above the station
    wavelength_m, waist_m : of the laser, and its 1/e2 intensity radius at the telescope
    elevation_rad, range_m : of the satellite, same shape
    model : LONG_TERM for means; SHORT_TERM_WITH_WANDER for fading and for a steered beam
    tip_tilt_residual : share 0..2 of the wander's variance that steering leaves, 1 without; see
        `point_ahead_tilt_residual`. Only for SHORT_TERM_WITH_WANDER.

    Returns
    -------
    Spot of the shape of the inputs. Both models give the same mean irradiance on a small satellite.
    Andrews and Phillips' radius agrees within 4 %, the exact 5/3 law on axis is 0.2 to 0.4 dB
    brighter. The short term needs rho_0 <= 2 waists: it is the first order in
    (rho_0 / waist)^(1/3), and Yura's square of it is up to 7 % wider.

    References
    ----------
    H. T. Yura, J. Opt. Soc. Am. 63, 567 (1973); R. L. Fante, Proc. IEEE 63, 1669 (1975): the
    long-term mean square radius is the sum of short-term one and wander.
    """
    coherence_m = uplink_coherence_radius_m(profile, wavelength_m, elevation_rad, range_m)
    spread_m = wavelength_m * np.asarray(range_m, dtype=np.float64) / np.pi
    long_term2 = (
        diffraction_radius_m(wavelength_m, waist_m, range_m) ** 2
        + 2.0 * (spread_m / coherence_m) ** 2
    )
    if SpotModel(model) is SpotModel.LONG_TERM:
        if np.any(np.asarray(tip_tilt_residual) != 1.0):
            raise LinkError("the long-term spot cannot be steered; take the short-term spot")
        return UplinkSpot(SpotModel.LONG_TERM, np.sqrt(long_term2), np.zeros_like(long_term2))
    if not np.all(coherence_m <= 2.0 * waist_m):
        raise LinkError(
            f"short-term spot of a waist of {waist_m:g} m behind turbulence with a coherence "
            f"radius of {np.max(coherence_m):.3g} m, above two waists",
            hint="take the long-term spot",
        )
    # 4 x 0.33 / pi^2 = 0.1337 is the constant of the literature. A Gaussian spot of radius w whose
    # centre has a variance s^2 per axis is on average one of w^2 + 4 s^2.
    wander2 = 4.0 * 0.33 * spread_m**2 * waist_m ** (-1.0 / 3.0) * coherence_m ** (-5.0 / 3.0)
    residual = np.asarray(tip_tilt_residual, dtype=np.float64)
    if not np.all((residual >= 0.0) & (residual <= 2.0)):
        raise LinkError(f"tip-tilt residual {np.min(residual):g} is not a share of 0..2")
    return UplinkSpot(
        SpotModel.SHORT_TERM_WITH_WANDER,
        np.sqrt(long_term2 - wander2),
        np.sqrt(residual * wander2 / 4.0),
    )


def mean_capture(spot: UplinkSpot, aperture_m: float, obscuration: float = 0.0) -> Floats:
    """Mean share of the light in a satellite's aperture on the line of sight, wander included.

    Parameters
    ----------
    spot : of either model
    aperture_m : diameter of the satellite's telescope
    obscuration : diameter of its central obstruction over the aperture, in [0, 1)

    Returns
    -------
    Share of the shape of the spot, exact: a Gaussian averaged over a Gaussian is one. The jitter of
    the ground telescope is a loss of its own.
    """
    if not (aperture_m > 0.0 and 0.0 <= obscuration < 1.0):
        raise LinkError(f"aperture {aperture_m:g} m with obscuration {obscuration:g}")
    radius_m = np.hypot(spot.radius_m, 2.0 * spot.wander_rms_m)
    return aperture_capture(radius_m, aperture_m) - aperture_capture(
        radius_m, obscuration * aperture_m
    )


def point_ahead_rad(transverse_speed_m_s: ArrayLike) -> Floats:
    """Angle by which an uplink must lead a satellite, 2 v / c, any shape."""
    return np.asarray(2.0 * np.asarray(transverse_speed_m_s, dtype=np.float64) / 299_792_458.0)


def point_ahead_tilt_residual(
    profile: Cn2Profile, waist_m: float, elevation_rad: ArrayLike, point_ahead_angle_rad: ArrayLike
) -> Floats:
    """Share of the wander's variance left when the beam is steered by the tilt of the downlink.

    Parameters
    ----------
    profile : n layers
    waist_m : 1/e2 intensity radius of the beam, over which the tilt is also measured
    elevation_rad, point_ahead_angle_rad : same shape

    Returns
    -------
    0 when both directions see the same air, 1 where steering no longer helps, 2 when they share
    nothing. Sensor noise and delay come on top. It sums over the layers, 27 us a sample: tabulate
    it against elevation for a pass.

    References
    ----------
    Gradient of Kolmogorov phase weighted with the beam: correlation 1F1(1/6; 1; -(s/w)^2) of two
    beams of radius w a distance s apart, from R. J. Sasiela, Electromagnetic Wave Propagation in
    Turbulence (1994), chapter 4.
    """
    angle = np.asarray(point_ahead_angle_rad, dtype=np.float64)
    if not (waist_m > 0.0 and np.all(angle >= 0.0)):
        raise LinkError(f"beam waist {waist_m:g} m and point-ahead angle must not be negative")
    apart_m = (angle * layer_secant(elevation_rad))[..., None] * profile.height_m
    common = hyp1f1(1.0 / 6.0, 1.0, -((apart_m / waist_m) ** 2)) @ profile.cn2_dh
    return np.asarray(2.0 * (1.0 - common / profile.mu_0))
