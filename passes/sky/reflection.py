"""Sunlight that a satellite reflects towards the ground."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.magnitudes import flux_w_m2_nm, photons
from passes.sky.radiance import SUNLIGHT_V_MINUS_I

Floats = NDArray[np.float64]

SUN_MAGNITUDE_V = -26.74


def diffuse_sphere_magnitude_v(
    area_m2: float, albedo: float, phase_angle_rad: ArrayLike, range_m: ArrayLike
) -> Floats:
    """V magnitude of a sunlit, diffusely reflecting sphere outside the atmosphere.

    Parameters
    ----------
    area_m2 : cross-section
    albedo : Bond albedo in (0, 1]
    phase_angle_rad : Sun-satellite-observer angle in [0, pi], 0 is the full face lit
    range_m : distance to the observer

    Returns
    -------
    Magnitude, shape of the inputs broadcast; beyond any detection where no lit face is seen. Real
    satellites have flat faces that glint; flashes are not described.

    References
    ----------
    G. A. McCue, J. G. Williams and J. M. Morford, Planet. Space Sci. 19, 851 (1971), the diffuse
    sphere.
    """
    phase = np.asarray(phase_angle_rad, dtype=np.float64)
    face = 2.0 / (3.0 * np.pi**2) * ((np.pi - phase) * np.cos(phase) + np.sin(phase))
    ratio = area_m2 * albedo * np.maximum(face, 0.0) / np.asarray(range_m) ** 2
    with np.errstate(divide="ignore"):
        return np.asarray(SUN_MAGNITUDE_V - 2.5 * np.log10(ratio))


def reflected_photon_flux(magnitude_v: ArrayLike, wavelength_m: float) -> Floats:
    """Photons from a sunlit body of a V magnitude, outside the air [photon s-1 m-2 nm-1]."""
    return photons(flux_w_m2_nm(magnitude_v, SUNLIGHT_V_MINUS_I, wavelength_m), wavelength_m)
