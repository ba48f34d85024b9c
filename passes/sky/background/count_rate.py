"""Counts per second that background light makes in a receiver."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.sky.background.domain import within

Floats = NDArray[np.float64]


def solid_angle_sr(field_of_view_rad: float) -> float:
    """Solid angle of a field of view.

    Parameters
    ----------
    field_of_view_rad : full angle, up to 0.1 rad. Twice the half-angle: the half-angle taken for it
        loses 6 dB of background; the angle taken for the solid angle adds 41 dB at 100 urad.
    """
    within("field_of_view_rad", field_of_view_rad, 0.0, 0.1, "rad")
    return float(np.pi / 4.0 * field_of_view_rad**2)


def background_rate_hz(
    photon_radiance: ArrayLike,
    *,
    aperture_m: float,
    obscuration: float,
    field_of_view_rad: float,
    bandwidth_m: float,
    efficiency: float,
) -> Floats:
    """Clicks of an evenly bright background, before gating.

    Parameters
    ----------
    photon_radiance : photon s-1 m-2 sr-1 nm-1, zero or more, any shape
    aperture_m : diameter of the primary
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    field_of_view_rad : full angle on the sky
    bandwidth_m : full width of the filter, up to 100 nm
    efficiency : of optics and detectors together, in (0, 1], applied here and nowhere else

    Returns
    -------
    Rate of all detectors together, of the shape of the radiance. Multiply by the open time of the
    gates; dead time is not taken off.

    References
    ----------
    Recommendation ITU-R P.1621-2 (2015), Eq. 1, in photons.
    """
    per_flux = _photons_per_flux(aperture_m, obscuration, bandwidth_m, efficiency)
    radiance = within("photon_radiance", photon_radiance, 0.0, np.inf)
    return np.asarray(radiance * solid_angle_sr(field_of_view_rad) * per_flux)


def point_source_rate_hz(
    photon_flux: ArrayLike,
    *,
    aperture_m: float,
    obscuration: float,
    bandwidth_m: float,
    efficiency: float,
) -> Floats:
    """Clicks of a star or a sunlit satellite in the field of view, before gating.

    Parameters
    ----------
    photon_flux : at the telescope, photon s-1 m-2 nm-1, zero or more, any shape
    aperture_m, obscuration, bandwidth_m, efficiency : see `background_rate_hz`

    Returns
    -------
    Rate of all detectors together; independent of the field of view, as long as it holds the image.
    """
    per_flux = _photons_per_flux(aperture_m, obscuration, bandwidth_m, efficiency)
    return np.asarray(within("photon_flux", photon_flux, 0.0, np.inf) * per_flux)


def _photons_per_flux(
    aperture_m: float, obscuration: float, bandwidth_m: float, efficiency: float
) -> float:
    """Free area, times the filter's width in nanometres, times the efficiency [m2 nm]."""
    within("aperture_m", aperture_m, 0.0, 50.0, "m")
    within("bandwidth_m", bandwidth_m, 0.0, 100.0, "nm", 1e9)
    within("efficiency", efficiency, 0.0, 1.0)
    if not 0.0 <= obscuration < 1.0:
        raise LinkError(f"obscuration {obscuration:g} is outside [0, 1)")
    area_m2 = np.pi / 4.0 * aperture_m**2 * (1.0 - obscuration**2)
    return float(area_m2 * 1e9 * bandwidth_m * efficiency)
