"""Brightness of the sky behind a satellite at night."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.magnitudes import I_WAVELENGTH_M, NEPERS_PER_MAGNITUDE, photon_radiance, photons

Floats = NDArray[np.float64]

# Scattered moonlight, full Moon minus new Moon of ESO SkyCalc 1.4.3 at 45 deg (Noll et al., Astron.
# Astrophys. 543, A92, 2012; Jones et al., ibid. 560, A91, 2013): bluer than the Sun.
MOONLIGHT_V_MINUS_I = -0.14
# Beyond I its flux falls with this power of the wavelength: the same spectra give 18.18, 18.66 and
# 18.7 mag for the moonlight alone in I, J and H, exponents of 4.0 and 3.9.
MOONLIGHT_EXPONENT_BEYOND_I = 4.0
# Standard deviation of one night's moonlight from Krisciunas & Schaefer (1991).
MOONLIGHT_SIGMA_MAG = 0.5
# Colour of the Sun. Twilight from a clear zenith is bluer in V, so that its near-infrared part is
# overestimated; nobody has published the slope of twilight near 800 nm.
SUNLIGHT_V_MINUS_I = 0.70
MOON_RADIUS_DEG = 0.25
# The twilight law falls by 0.438 decades per degree of the Sun.
_TWILIGHT_NEPERS_PER_RAD = 0.438 * math.log(10.0) * math.degrees(1.0)
# With the Sun below, twilight is darker than the day at every wavelength; they meet above -2 deg.
LAST_TWILIGHT_DEG = -6.0
_LAST_TWILIGHT_RAD = math.radians(LAST_TWILIGHT_DEG)

# Zenith radiance of a clear day [W m-2 sr-1 um-1], rural aerosol with 23 km visibility, ground
# albedo 0.2, computed with libRadtran 2.0.2 (DISORT): rows are solar elevations, columns
# wavelengths.
_DAY_SUN_ELEVATION_DEG = np.array([10.0, 30.0, 60.0])
_DAY_WAVELENGTH_M = np.array([785e-9, 850e-9, 1550e-9])
_DAY_RADIANCE_W_M2_SR_UM = np.array([[8.55, 6.37, 0.59], [18.9, 14.0, 1.18], [62.7, 46.9, 4.21]])


def _krisciunas_schaefer_airmass(elevation_rad: ArrayLike) -> Floats:
    """Airmass of Krisciunas & Schaefer (1991), Eq. 3: 1 at zenith, 5 at the horizon."""
    sine = np.sin(elevation_rad)
    # 1 - 0.96 cos^2, without the difference.
    return np.asarray(1.0 / np.sqrt(0.04 + 0.96 * (sine * sine)))


def dark_sky_radiance(
    zenith_radiance: float, elevation_rad: ArrayLike, extinction_mag: float
) -> Floats:
    """Night sky without Moon at an elevation, from its value at zenith.

    Airglow is a shell that a low line of sight crosses obliquely, and the air below dims it again:
    at 20 deg the sky is twice as bright as at zenith.

    Parameters
    ----------
    zenith_radiance : at zenith, any unit
    elevation_rad : of the line of sight, any shape
    extinction_mag : zenith extinction at the wavelength [mag]

    Returns
    -------
    Radiance in the unit of `zenith_radiance`. City light, which rises faster towards the horizon,
    is not described.

    References
    ----------
    K. Krisciunas and B. E. Schaefer, PASP 103, 1033 (1991), Eqs. 2, 3.
    """
    airmass = _krisciunas_schaefer_airmass(elevation_rad)
    zenith_nepers = NEPERS_PER_MAGNITUDE * extinction_mag
    above_air = zenith_radiance * math.exp(zenith_nepers)
    radiance = np.exp(airmass * -zenith_nepers)
    radiance *= airmass
    radiance *= above_air
    return np.asarray(radiance)


def krisciunas_schaefer_1991(
    moon_phase_angle_rad: ArrayLike,
    separation_rad: ArrayLike,
    moon_elevation_rad: ArrayLike,
    elevation_rad: ArrayLike,
    extinction_mag: float,
) -> Floats:
    """Scattered moonlight in the V band [nanolambert]; zero while the Moon is below the horizon.

    Parameters
    ----------
    moon_phase_angle_rad : Sun-Moon-Earth angle, 0 at full Moon
    separation_rad : between line of sight and Moon; within the Moon's radius its edge is taken
    moon_elevation_rad, elevation_rad : of the Moon and of the line of sight
    extinction_mag : zenith extinction in V [mag]; 0.172 where the model was made

    Returns
    -------
    Surface brightness, shape of the inputs broadcast. Accuracy 0.5 mag (a network of photometers
    found it 0.6 mag too dark at a third of the Moon lit).

    References
    ----------
    K. Krisciunas and B. E. Schaefer, PASP 103, 1033 (1991), Eqs. 3, 15, 19, 20, 21.
    """
    phase_deg = np.degrees(np.abs(moon_phase_angle_rad))
    separation_deg = np.maximum(np.degrees(separation_rad), MOON_RADIUS_DEG)
    phase2 = phase_deg * phase_deg
    moon_mag = 3.84 + 0.026 * phase_deg + 4e-9 * (phase2 * phase2)
    cosine = np.cos(np.radians(separation_deg))
    rayleigh = 10.0**5.36 * (1.06 + cosine * cosine)
    aerosol = 10.0**6.15 * np.exp(separation_deg * (-math.log(10.0) / 40.0))
    is_near = separation_deg < 10.0
    if np.any(is_near):
        aerosol = np.where(is_near, 6.2e7 / (separation_deg * separation_deg), aerosol)
    to_moon = _krisciunas_schaefer_airmass(moon_elevation_rad)
    to_target = _krisciunas_schaefer_airmass(elevation_rad)
    # Powers of ten as exponentials, which take half the time.
    moonlight = np.exp((moon_mag + extinction_mag * to_moon) * -NEPERS_PER_MAGNITUDE)
    scattered = -np.expm1(to_target * (-NEPERS_PER_MAGNITUDE * extinction_mag))
    brightness = (rayleigh + aerosol) * moonlight * scattered
    return np.asarray(np.where(np.asarray(moon_elevation_rad) > 0.0, brightness, 0.0))


def moonlight_radiance(brightness_nanolambert: ArrayLike, wavelength_m: float) -> Floats:
    """Scattered moonlight of a V brightness near the laser [photon s-1 m-2 sr-1 nm-1].

    Against ESO SkyCalc (full Moon, 45 deg away, 656-850 nm) the moonlight comes out 31-34 %
    too dark, as much as its authors leave out within 7 deg of full Moon (the opposition effect, up
    to 35 %); one night differs by `MOONLIGHT_SIGMA_MAG`. At 1550 nm the Moon hardly matters.

    References
    ----------
    R. H. Garstang, PASP 101, 306 (1989), Eq. 27, for the nanolambert.
    """
    # One nanolambert is V = (20.7233 + ln 34.08) / 0.92104 = 26.331 mag per square arcsecond.
    # The brightness multiplies outside the logarithm so that no moonlight is exactly none.
    one_nanolambert = photon_radiance(
        (20.7233 + np.log(34.08)) / 0.92104, MOONLIGHT_V_MINUS_I, wavelength_m
    )
    beyond_i = min(1.0, I_WAVELENGTH_M / wavelength_m) ** MOONLIGHT_EXPONENT_BEYOND_I
    brightness = np.asarray(brightness_nanolambert, dtype=np.float64)
    return np.asarray(brightness * one_nanolambert * beyond_i)


def sunlight_radiance(sun_elevation_rad: ArrayLike, wavelength_m: float) -> Floats:
    """Scattered sunlight, in twilight and by day [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    sun_elevation_rad : of the Sun's centre, negative at night, any shape
    wavelength_m : of the filter

    Returns
    -------
    Photon radiance, the same in every direction. With the Sun between -18 and -6 deg a twilight law
    in V carried to the laser with the Sun's own colour: conservative, unverified in the near
    infrared. Above -6 deg the law is continued until it meets the clear day (Sun near +1 deg),
    which is a zenith value within 5 dB, 3.5 times brighter 30 deg from the Sun: enough to see
    that there is no key, not to plan one.

    References
    ----------
    Twilight: 10^(-2.51 + 0.438 h) in units of 10^(-0.4 V), h in degrees; the same slope at five
    Canary stations, residual 0.13 mag (two nights, no paper). Day: see `_DAY_RADIANCE_W_M2_SR_UM`.
    """
    sun_rad = np.asarray(sun_elevation_rad, dtype=np.float64)
    twilight = np.exp(sun_rad * _TWILIGHT_NEPERS_PER_RAD) * _sunset_radiance(wavelength_m)
    if np.maximum.reduce(sun_rad, axis=None, initial=-np.pi) < _LAST_TWILIGHT_RAD:
        return np.asarray(twilight)
    day = _clear_day_radiance(np.degrees(sun_rad), wavelength_m)
    return np.asarray(np.minimum(twilight, day))


# A pure function of one number: remembering it is no hidden state.
@lru_cache(maxsize=64)
def _sunset_radiance(wavelength_m: float) -> float:
    """What the twilight law gives with the Sun on the horizon [photon s-1 m-2 sr-1 nm-1]."""
    return float(photon_radiance(2.5 * 2.51, SUNLIGHT_V_MINUS_I, wavelength_m))


def _clear_day_radiance(sun_elevation_deg: Floats, wavelength_m: float) -> Floats:
    """Interpolate the logarithm of the day's radiance, holding the ends of the table."""
    by_sun = [
        np.interp(np.log(wavelength_m), np.log(_DAY_WAVELENGTH_M), np.log(row))
        for row in _DAY_RADIANCE_W_M2_SR_UM
    ]
    radiance_w_m2_sr_um = np.exp(np.interp(sun_elevation_deg, _DAY_SUN_ELEVATION_DEG, by_sun))
    return photons(radiance_w_m2_sr_um / 1000.0, wavelength_m)
