"""Brightness of the sky by day.

A daylight sky is worth modelling to say how far a link is from working, not to plan one.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.sky.airmass import kasten_young_1989
from passes.sky.background.bands import photon_radiance_of_power
from passes.sky.background.domain import within
from passes.sky.background.sky_light import solar_irradiance
from passes.sky.magnitudes import photons

Floats = NDArray[np.float64]

# Rural aerosol at 70 % humidity near 800 nm, rounded: E. P. Shettle and R. W. Fenn,
# AFGL-TR-79-0214 (1979).
AEROSOL_SINGLE_SCATTERING_ALBEDO = 0.94
AEROSOL_ASYMMETRY = 0.65
# The model against 9 radiances of libRadtran is up to 1.9 dB too bright; the sky of a day differs
# more than that from any model, and SPECTRL2 by up to 4.4 dB.
DAYLIGHT_UNCERTAINTY_DB = 5.0

# Directions of the upper hemisphere for its irradiance: Gauss nodes in the cosine of the zenith
# angle, midpoints in azimuth. With the Sun at 5 deg 8 x 12 of them are within 0.05 % of 200 x 200.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_COSINE, _AZIMUTH = np.meshgrid((_NODES + 1.0) / 2.0, (np.arange(12) + 0.5) / 12.0 * np.pi)
_COSINE_WEIGHT = np.tile(_WEIGHTS, 12) / 12.0 * np.pi


class DaySky(StrEnum):
    """Conditions of ITU-R P.1621-2, Table 1."""

    BRIGHT = "bright"
    NORMAL = "normal"
    OVERCAST = "overcast"


# Recommendation ITU-R P.1621-2 (2015), Table 1 [W m-2 sr-1 um-1].
_ITU_WAVELENGTH_M = np.array([530e-9, 850e-9, 965e-9, 1060e-9, 1500e-9])
_ITU_RADIANCE_W_M2_SR_UM = {
    DaySky.BRIGHT: np.array([303.4, 122.3, 64.62, 54.45, 13.01]),
    DaySky.NORMAL: np.array([101.6, 42.58, 25.12, 25.32, 6.00]),
    DaySky.OVERCAST: np.array([71.75, 30.3, 18.63, 17.99, 4.44]),
}


def itu_r_p1621_day_radiance(wavelength_m: float, sky: DaySky | str) -> float:
    """Photon radiance of the zenith by day, whatever the Sun [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    wavelength_m : 530-1500 nm
    sky : condition of the table

    Returns
    -------
    Radiance, exact at 530, 850, 965, 1060, 1500 nm, a power law between them: 20 %, more across
    the water band at 940 nm.

    References
    ----------
    Recommendation ITU-R P.1621-2 (2015), Table 1.
    """
    within("wavelength of the day sky", wavelength_m, 530.0, 1500.0, "nm", 1e9)
    power_w_m2_sr_um = np.exp(
        np.interp(
            np.log(wavelength_m),
            np.log(_ITU_WAVELENGTH_M),
            np.log(_ITU_RADIANCE_W_M2_SR_UM[DaySky(sky)]),
        )
    )
    return float(photon_radiance_of_power(power_w_m2_sr_um, wavelength_m))


def clear_day_radiance(
    wavelength_m: float,
    sun_elevation_rad: ArrayLike,
    elevation_rad: ArrayLike,
    sun_separation_rad: ArrayLike,
    *,
    rayleigh_optical_depth: float,
    aerosol_optical_depth: float,
    ground_albedo: float = 0.2,
) -> Floats:
    """Photon radiance of a cloudless day sky in a direction [photon s-1 m-2 sr-1 nm-1].

    Light scattered once, by molecules and by aerosol, in a flat atmosphere, with all further
    scattering and the ground as one even glow, whose irradiance is Eddington's less that of the
    light scattered once.

    Parameters
    ----------
    wavelength_m : 400-1600 nm, outside gas bands: absorption is not in the model
    sun_elevation_rad : 5-90 deg, any shape; for less see `passes.sky.radiance.sunlight_radiance`
    elevation_rad : of the line of sight, 10-90 deg
    sun_separation_rad : between line of sight and Sun, 5-180 deg
    rayleigh_optical_depth : vertical, at the wavelength, up to 0.4
    aerosol_optical_depth : vertical, at the wavelength (not at 550 nm), up to 1
    ground_albedo : 0-1; 0.2 is bare land

    Returns
    -------
    Radiance, shape of the three angles broadcast. Of nine zenith values of libRadtran (DISORT,
    785-1550 nm, Sun at 10, 30, 60 deg) it is 0.5-1.9 dB brighter, of the darkest part of the sky 2
    dB; haze of another kind and thin cloud change it by `DAYLIGHT_UNCERTAINTY_DB`.

    Raises
    ------
    LinkError
        An angle or depth outside the ranges above, or a separation that the two elevations exclude.

    References
    ----------
    Single scattering: S. Chandrasekhar, Radiative Transfer (1950). Eddington's
    transmission: E. P. Shettle and J. A. Weinman, J. Atmos. Sci. 27, 1048 (1970), conservative
    limit. Phase function of aerosol: L. G. Henyey and J. L. Greenstein, Astrophys. J. 93, 70
    (1941).
    """
    sun = within("Sun elevation", sun_elevation_rad, 5.0, 90.0, "deg", 180.0 / np.pi)
    sight = within("elevation", elevation_rad, 10.0, 90.0, "deg", 180.0 / np.pi)
    separation = within("Sun separation", sun_separation_rad, 5.0, 180.0, "deg", 180.0 / np.pi)
    rayleigh = float(within("rayleigh_optical_depth", rayleigh_optical_depth, 1e-6, 0.4))
    aerosol = float(within("aerosol_optical_depth", aerosol_optical_depth, 0.0, 1.0))
    albedo = float(within("ground_albedo", ground_albedo, 0.0, 1.0))
    _require_possible(sun, sight, separation)
    sun_airmass = kasten_young_1989(sun)
    once = _scattered_once(
        np.cos(separation), sun_airmass, kasten_young_1989(sight), rayleigh, aerosol
    )
    diffuse = _eddington_diffuse(1.0 / sun_airmass, rayleigh, aerosol, albedo)
    # In very thin air Eddington's irradiance is up to 5 % below that of the light scattered once.
    further = np.maximum(diffuse - _irradiance_once(sun_airmass, rayleigh, aerosol), 0.0) / np.pi
    return photons(solar_irradiance(wavelength_m) * (once + further), wavelength_m)


def _require_possible(sun: Floats, sight: Floats, separation: Floats) -> None:
    """Refuse a separation that two directions of these elevations cannot have."""
    # Elevations may be apparent and the separation geometric: half a degree of room.
    room = np.radians(0.5)
    excluded = (separation < np.abs(sun - sight) - room) | (separation > np.pi - sun - sight + room)
    if np.any(excluded):
        first_deg = np.degrees(np.broadcast_to(separation, excluded.shape)[excluded].flat[0])
        raise LinkError(
            f"Sun separation {first_deg:g} deg is impossible for the elevations of Sun and target"
        )


def _scattered_once(
    cosine: Floats, sun_airmass: Floats, airmass: Floats, rayleigh: float, aerosol: float
) -> Floats:
    """Radiance over solar irradiance of light scattered once [1/sr]."""
    depth = rayleigh + aerosol
    g = AEROSOL_ASYMMETRY
    molecules = 0.75 * (1.0 + cosine**2)
    particles = (1.0 - g**2) / (1.0 + g**2 - 2.0 * g * cosine) ** 1.5
    scattering = rayleigh * molecules + AEROSOL_SINGLE_SCATTERING_ALBEDO * aerosol * particles
    # (exp(-a x) - exp(-b x)) / (b - a) without its pole at a = b.
    half = depth * (airmass - sun_airmass) / 2.0
    spread = np.where(np.abs(half) < 1e-6, 1.0, np.sinh(half) / np.where(half == 0.0, 1.0, half))
    path = airmass * np.exp(-depth * (airmass + sun_airmass) / 2.0) * spread
    return np.asarray(scattering * path / (4.0 * np.pi))


def _irradiance_once(sun_airmass: Floats, rayleigh: float, aerosol: float) -> Floats:
    """Irradiance on the ground over solar irradiance, of light scattered once."""
    sun_cosine = (1.0 / sun_airmass)[..., None]
    cosine, azimuth = _COSINE.ravel(), _AZIMUTH.ravel()
    between = cosine * sun_cosine + np.cos(azimuth) * np.sqrt(
        (1.0 - cosine**2) * np.maximum(1.0 - sun_cosine**2, 0.0)
    )
    radiance = _scattered_once(between, 1.0 / sun_cosine, 1.0 / cosine, rayleigh, aerosol)
    return np.asarray((radiance * cosine) @ _COSINE_WEIGHT)


def _eddington_diffuse(
    sun_cosine: Floats, rayleigh: float, aerosol: float, albedo: float
) -> Floats:
    """Irradiance on the ground over solar irradiance, of all scattered light."""
    scattered = AEROSOL_SINGLE_SCATTERING_ALBEDO * aerosol
    absorbed = aerosol - scattered
    depth = rayleigh + scattered
    reduced = rayleigh + (1.0 - AEROSOL_ASYMMETRY) * scattered
    direct = np.exp(-depth / sun_cosine)
    total = (2.0 / 3.0 + sun_cosine + (2.0 / 3.0 - sun_cosine) * direct) / (4.0 / 3.0 + reduced)
    # What the ground sends up comes back from the air, again and again.
    total = total / (1.0 - albedo * reduced / (4.0 / 3.0 + reduced))
    return np.asarray(sun_cosine * np.exp(-absorbed / sun_cosine) * (total - direct))
