"""Field of view of a telescope behind which stands a single-mode fibre."""

import numpy as np

from passes.errors import LinkError
from passes.link.optics.beam import PowerReference, transmitted_share


def fibre_field_of_view_rad(
    wavelength_m: float, aperture_m: float, obscuration: float, mode_ratio: float
) -> float:
    """Full angle of the field stop that lets through as much sky as one spatial mode [rad].

    Parameters
    ----------
    wavelength_m : of the light
    aperture_m : diameter of the telescope
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    mode_ratio : radius of the pupil over the 1/e2 radius of the fibre's mode imaged onto it

    Returns
    -------
    Angle t with pi/4 t^2 times the free area of the telescope equal to wavelength^2 times the share
    of the mode that the pupil does not cut off. Turbulence does not change it: an even sky fills
    the mode whatever the wavefront. Both polarisations are counted, as elsewhere.

    References
    ----------
    A. E. Siegman, Appl. Opt. 5, 1588 (1966): area times solid angle of a mode is wavelength^2.
    """
    if not (aperture_m > 0.0 and mode_ratio > 0.0 and 0.0 <= obscuration < 1.0):
        raise LinkError(
            f"fibre behind an aperture of {aperture_m:g} m, obscuration {obscuration:g} and mode "
            f"ratio {mode_ratio:g} is not possible"
        )
    share = float(transmitted_share(mode_ratio, obscuration, PowerReference.TRANSMITTED))
    area_m2 = np.pi / 4.0 * aperture_m**2 * (1.0 - obscuration**2)
    return float(wavelength_m * np.sqrt(4.0 * share / (np.pi * area_m2)))
