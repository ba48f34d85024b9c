"""Fluctuation of the light that a telescope collects from a satellite."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.turbulence.elevation_table import ElevationTable, tabulate
from passes.link.turbulence.profile import Cn2Profile, layer_secant, wavenumber

Floats = NDArray[np.float64]


def andrews_phillips_index(rytov_variance: ArrayLike) -> Floats:
    """Scintillation index of a plane wave at a point receiver, from weak to saturated.

    Parameters
    ----------
    rytov_variance : at least 0, any shape

    Returns
    -------
    Variance of the irradiance over the square of its mean, same shape. It redistributes light in
    time and costs none on average. No inner scale.

    References
    ----------
    L. C. Andrews and R. L. Phillips, Laser Beam Propagation through Random Media, 2nd ed. (2005),
    chapter 9; L. C. Andrews et al., J. Opt. Soc. Am. A 16, 1417 (1999).
    """
    variance = np.asarray(rytov_variance, dtype=np.float64)
    if not np.all(variance >= 0.0):
        raise LinkError(f"rytov variance {np.min(variance):g} is negative")
    strength = variance ** (6.0 / 5.0)
    large = 0.49 * variance / (1.0 + 1.11 * strength) ** (7.0 / 6.0)
    small = 0.51 * variance / (1.0 + 0.69 * strength) ** (5.0 / 6.0)
    return np.asarray(np.expm1(large + small))


def log_irradiance_variance(scintillation_index: ArrayLike) -> Floats:
    """Variance of ln(irradiance) of a lognormal fluctuation with that index, ln(1 + index)."""
    return np.asarray(np.log1p(np.asarray(scintillation_index, dtype=np.float64)))


def aperture_averaged_index(
    profile: Cn2Profile, wavelength_m: float, elevation_rad: ArrayLike, aperture_m: float
) -> Floats:
    """Scintillation index of the power in a telescope's aperture, downlink.

    Parameters
    ----------
    profile : n layers
    wavelength_m : of the light
    elevation_rad : within 5..90 deg, any shape
    aperture_m : diameter without obstruction, 0 for a point

    Returns
    -------
    Index of the shape of `elevation_rad`; for 0.28 to 0.4 m it is 11 to 16 % above the integral
    over the spectrum with the aperture's exact filter, for 1 m 2 % below. Weak turbulence: above a
    `rytov_variance` of 1 it is too large. It sums over the layers, 12 us a sample: see
    `scintillation_table`.

    References
    ----------
    Andrews and Phillips (2005), chapter 12, for a downlink; the height to which their integral is
    normalised drops out.
    """
    if not aperture_m >= 0.0:
        raise LinkError(f"aperture {aperture_m:g} m is negative")
    k, secant = wavenumber(wavelength_m), layer_secant(elevation_rad)
    averaging_m = np.asarray(k * aperture_m**2 / (16.0 * secant))[..., None]
    filtered = ((averaging_m + 1j * profile.height_m) ** (5.0 / 6.0)).real
    summed = (filtered - averaging_m ** (5.0 / 6.0)) @ profile.cn2_dh
    return np.asarray(8.70 * k ** (7.0 / 6.0) * secant ** (11.0 / 6.0) * summed)


def scintillation_table(
    profile: Cn2Profile, wavelength_m: float, aperture_m: float
) -> ElevationTable:
    """`aperture_averaged_index` tabulated once for a profile, a wavelength and an aperture."""
    return tabulate(lambda e: aperture_averaged_index(profile, wavelength_m, e, aperture_m))
