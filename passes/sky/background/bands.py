"""Photometric bands as photons."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.background.domain import within
from passes.sky.magnitudes import SQUARE_ARCSECOND_SR, photons

Floats = NDArray[np.float64]


class Band(StrEnum):
    """Johnson-Cousins-Glass bands."""

    B = "B"
    V = "V"
    R = "R"
    I = "I"  # noqa: E741 - the name of the band
    J = "J"
    H = "H"


# M. S. Bessell, F. Castelli and B. Plez, Astron. Astrophys. 333, 231 (1998), Table A2: effective
# wavelength [m] and flux of magnitude zero [W m-2 nm-1].
_ZERO = {
    Band.B: (438e-9, 6.320e-11),
    Band.V: (545e-9, 3.631e-11),
    Band.R: (641e-9, 2.177e-11),
    Band.I: (798e-9, 1.126e-11),
    Band.J: (1220e-9, 3.147e-12),
    Band.H: (1630e-9, 1.138e-12),
}


def band_wavelength_m(band: Band | str) -> float:
    """Effective wavelength of a band, Bessell, Castelli and Plez (1998)."""
    return _ZERO[Band(band)][0]


def band_photon_flux(magnitude: ArrayLike, band: Band | str) -> Floats:
    """Photons of a point source at the effective wavelength of a band [photon s-1 m-2 nm-1].

    Parameters
    ----------
    magnitude : Vega magnitude in the band, -30..40 (the Sun to nothing), any shape
    band : of the magnitude

    Returns
    -------
    Flux where the magnitude is given: above the air for a catalogue's. Mean over a band that is
    100-300 nm wide; absorption lines of a star are not resolved.

    References
    ----------
    M. S. Bessell, F. Castelli and B. Plez, Astron. Astrophys. 333, 231 (1998), Table A2.
    """
    wavelength_m, zero_w_m2_nm = _ZERO[Band(band)]
    faintness = within("magnitude", magnitude, -30.0, 40.0, "mag")
    return photons(zero_w_m2_nm * 10.0 ** (-0.4 * faintness), wavelength_m)


def band_photon_radiance(magnitude_per_square_arcsecond: ArrayLike, band: Band | str) -> Floats:
    """Photons of a sky of given surface brightness in a band [photon s-1 m-2 sr-1 nm-1].

    Parameters
    ----------
    magnitude_per_square_arcsecond : Vega magnitude in the band, any shape
    band : of the magnitude
    """
    return np.asarray(band_photon_flux(magnitude_per_square_arcsecond, band) / SQUARE_ARCSECOND_SR)


def photon_radiance_of_power(radiance_w_m2_sr_um: ArrayLike, wavelength_m: float) -> Floats:
    """Photon radiance per nanometre of a power radiance per micrometre, as most papers print it.

    Parameters
    ----------
    radiance_w_m2_sr_um : W m-2 sr-1 um-1, any shape
    wavelength_m : 100 nm to 10 um

    Returns
    -------
    Photon radiance [photon s-1 m-2 sr-1 nm-1]. Per micrometre taken for per nanometre is 30 dB.
    """
    within("wavelength", wavelength_m, 100.0, 10_000.0, "nm", 1e9)
    per_nm = np.asarray(radiance_w_m2_sr_um, dtype=np.float64) / 1000.0
    return photons(per_nm, wavelength_m)
