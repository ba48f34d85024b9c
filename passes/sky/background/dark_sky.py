"""Brightness of a natural night sky without Moon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.background.bands import Band
from passes.sky.background.domain import within
from passes.sky.background.sky_light import AirglowLines, airglow_at_130_sfu, solar_irradiance
from passes.sky.magnitudes import photons

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SkyMagnitude:
    """Surface brightness of the zenith without Moon [mag per square arcsecond].

    Parameters
    ----------
    magnitude : Vega magnitude in the band
    sigma : how much it differs between nights
    """

    magnitude: float
    sigma: float


# ESO SkyCalc 1.4.3, Cerro Paranal, zenith, 130 sfu, ecliptic pole. The errors are those that it
# prints; most of them is the airglow of the night.
_PARANAL = {
    Band.B: SkyMagnitude(22.78, 0.24),
    Band.V: SkyMagnitude(21.83, 0.95),
    Band.R: SkyMagnitude(21.06, 0.94),
    Band.I: SkyMagnitude(19.74, 0.39),
    Band.J: SkyMagnitude(16.87, 0.78),
    Band.H: SkyMagnitude(14.42, 0.89),
}

# Radiance of one sunlike star of magnitude 10 in a square degree, V.
_S10_W_M2_SR_NM = 1.28e-11
ECLIPTIC_POLE_S10 = 60.0


def paranal_sky_magnitude(band: Band | str) -> SkyMagnitude:
    """Zenith of a dark site without Moon, mean over a photometric band.

    Band means contain the airglow lines: in I they are three times, in H twenty times what a narrow
    filter between lines sees.

    References
    ----------
    S. Noll et al., Astron. Astrophys. 543, A92 (2012); A. Jones et al., ibid. 560, A91 (2013).
    """
    return _PARANAL[Band(band)]


def airglow_radiance(
    wavelength_m: float, lines: AirglowLines | str, solar_flux_sfu: ArrayLike = 130.0
) -> Floats:
    """Airglow at zenith [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    lines : what the filter sees of the lines; the mean over 10 nm is 0.1-0.25 mag darker than that
        of SkyCalc 1.4.3 near 800 nm
    solar_flux_sfu : monthly mean of the 10.7 cm flux, 60-300 sfu, any shape; 130 is what the table
        was made for

    Returns
    -------
    Radiance of the shape of `solar_flux_sfu`. A single hour differs from it by 0.4 mag (standard
    deviation, I band), 0.9 mag in the lines at 1550 nm.

    References
    ----------
    S. Noll et al., Astron. Astrophys. 543, A92 (2012): the dependence on solar activity.
    """
    flux = within("solar radio flux", solar_flux_sfu, 60.0, 300.0, "sfu")
    return np.asarray(airglow_at_130_sfu(wavelength_m, lines) * (0.2 + 0.00614 * flux))


def zodiacal_radiance(wavelength_m: float, brightness_s10: ArrayLike = ECLIPTIC_POLE_S10) -> Floats:
    """Sunlight scattered by dust between the planets [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    brightness_s10 : in sunlike stars of magnitude 10 per square degree, 0-1000, any shape: 60 at
        the ecliptic poles, 180 on the ecliptic at midnight, 260 at 90 deg from the Sun

    Returns
    -------
    Radiance outside the air, 10 %, of the Sun's colour, reddened as at 90 deg from the Sun.

    References
    ----------
    C. Leinert et al., Astron. Astrophys. Suppl. 127, 1 (1998), Sect. 8.
    """
    brightness = within("zodiacal light", brightness_s10, 0.0, 1000.0, "S10")
    slope = 0.9 if wavelength_m < 500e-9 else 0.6
    colour = solar_irradiance(wavelength_m) / solar_irradiance(550e-9)
    reddening = 1.0 + slope * np.log10(wavelength_m / 500e-9)
    return photons(_S10_W_M2_SR_NM * colour * reddening * brightness, wavelength_m)


def natural_sky_radiance(
    wavelength_m: float,
    lines: AirglowLines | str,
    *,
    solar_flux_sfu: ArrayLike = 130.0,
    zodiacal_s10: ArrayLike = ECLIPTIC_POLE_S10,
) -> Floats:
    """Zenith of a dark site without Moon: airglow with zodiacal light.

    It is what a station far from any city may declare as its `dark_sky_radiance`; towards the
    horizon see `passes.sky.radiance.dark_sky_radiance`.

    Parameters
    ----------
    wavelength_m : 400-1600 nm
    lines : what the filter sees of the airglow lines
    solar_flux_sfu, zodiacal_s10 : see `airglow_radiance` and `zodiacal_radiance`

    Returns
    -------
    Radiance [photon s-1 m-2 sr-1 nm-1]. Stars too faint to be seen apart are left out: another
    20-40 S10 at the galactic poles, 200 in the Milky Way.

    References
    ----------
    See `airglow_radiance` and `zodiacal_radiance`.
    """
    return np.asarray(
        airglow_radiance(wavelength_m, lines, solar_flux_sfu)
        + zodiacal_radiance(wavelength_m, zodiacal_s10)
    )
