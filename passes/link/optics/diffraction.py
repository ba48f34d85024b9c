"""Far field of a telescope that clips, obscures or defocuses its Gaussian beam."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j0

from passes.errors import LinkError
from passes.link.optics.beam import PowerReference, transmitted_share

Floats = NDArray[np.float64]

# 96 nodes over the pupil resolve J0 up to this argument to 1e-12 of the gain on axis.
LARGEST_OFF_AXIS = 60.0

_PUPIL_NODES, _PUPIL_WEIGHTS = np.polynomial.legendre.leggauss(96)
_RING_NODES, _RING_WEIGHTS = np.polynomial.legendre.leggauss(48)


def defocus_phase_rad(
    wavelength_m: float,
    aperture_m: float,
    range_m: ArrayLike,
    curvature_radius_m: float = np.inf,
) -> Floats:
    """Phase of the rim of a transmitting telescope against its centre, seen from a range [rad].

    Parameters
    ----------
    wavelength_m : of the laser
    aperture_m : diameter of the telescope
    range_m : distance of the receiver, any shape
    curvature_radius_m : of the wavefront that leaves the telescope: positive if it diverges,
        negative if it converges, infinite if the beam is collimated

    Returns
    -------
    (k a^2 / 2) (1 / range + 1 / radius), shape of `range_m`; zero if the beam is focused on the
    receiver. A collimated 0.3 m telescope at 810 nm keeps 0.17 rad at 500 km.

    References
    ----------
    B. J. Klein and J. J. Degnan, Appl. Opt. 13, 2134 (1974).
    """
    wavenumber = 2.0 * np.pi / wavelength_m
    vergence = 1.0 / np.asarray(range_m, dtype=np.float64) + 1.0 / curvature_radius_m
    return np.asarray(wavenumber * (aperture_m / 2.0) ** 2 / 2.0 * vergence)


def off_axis_gain_efficiency(
    off_axis: ArrayLike,
    aperture_over_beam: float,
    obscuration: float = 0.0,
    defocus_rad: ArrayLike = 0.0,
) -> Floats:
    """Gain of a clipped, obscured, defocused Gaussian beam off its axis.

    Parameters
    ----------
    off_axis : k a sin(angle) with a the radius of the telescope, up to 60, any shape
    aperture_over_beam : aperture radius over the 1/e2 radius of the beam in it, positive
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    defocus_rad : see `defocus_phase_rad`; broadcasts with `off_axis`

    Returns
    -------
    Efficiency with respect to the power of the laser and to the gain on axis of the full, evenly
    lit aperture, (2 pi a / wavelength)^2; equal to `klein_degnan_1974` where both are zero.

    References
    ----------
    B. J. Klein and J. J. Degnan, Appl. Opt. 13, 2134 (1974): the diffraction integral of the
    pupil, here by Gauss-Legendre quadrature.
    """
    across = np.abs(np.asarray(off_axis, dtype=np.float64))
    if not np.all(across <= LARGEST_OFF_AXIS):
        raise LinkError(f"off-axis argument {np.max(across):g} is beyond {LARGEST_OFF_AXIS:g}")
    if not (aperture_over_beam > 0.0 and 0.0 <= obscuration < 1.0):
        raise LinkError(
            f"truncation {aperture_over_beam:g} with obscuration {obscuration:g} is not possible"
        )
    alpha2 = aperture_over_beam**2
    half = (1.0 - obscuration) / 2.0
    radius = half * _PUPIL_NODES + (1.0 + obscuration) / 2.0
    weight = half * _PUPIL_WEIGHTS * 2.0 * radius * np.exp(-alpha2 * radius**2)
    phase = np.asarray(defocus_rad, dtype=np.float64)[..., None] * radius**2
    wave = weight * j0(across[..., None] * radius)
    in_phase, in_quadrature = (np.sum(wave * part(phase), axis=-1) for part in (np.cos, np.sin))
    return np.asarray(2.0 * alpha2 * (in_phase**2 + in_quadrature**2))


def diffraction_capture(
    range_m: ArrayLike,
    receiver_aperture_m: float,
    *,
    wavelength_m: float,
    aperture_m: float,
    beam_radius_m: float,
    obscuration: float,
    reference: PowerReference | str,
    receiver_obscuration: float = 0.0,
) -> Floats:
    """Fraction of a diffracting telescope's light inside a centred, obscured receiver.

    Parameters
    ----------
    range_m : distance of the receiver, any shape
    receiver_aperture_m : its diameter
    wavelength_m : of the laser
    aperture_m : diameter of the transmitting telescope
    beam_radius_m : 1/e2 intensity radius of the beam in that telescope
    obscuration : diameter of the transmitter's central obstruction over its aperture
    reference : whether the photon number is defined before or behind the transmitting telescope
    receiver_obscuration : diameter of the receiver's central obstruction over its aperture

    Returns
    -------
    Fraction in [0, 1], shape of `range_m`. Exact in the far field, also where the receiver fills a
    good part of the beam and a Gaussian of the same axis would promise 0.07 dB too little. 0.4 ms
    for each range: tabulate it for many samples.

    References
    ----------
    Energy in a ring of the pattern of Klein and Degnan (1974), half the integral of gain times
    off-axis argument.
    """
    alpha = aperture_m / (2.0 * beam_radius_m)
    share = transmitted_share(alpha, obscuration, reference)
    distance_m = np.asarray(range_m, dtype=np.float64)
    rim = np.pi * aperture_m * receiver_aperture_m / (2.0 * wavelength_m * distance_m)
    half = (1.0 - receiver_obscuration) / 2.0
    ring = half * _RING_NODES + (1.0 + receiver_obscuration) / 2.0
    off_axis = rim[..., None] * ring
    gain = off_axis_gain_efficiency(off_axis, alpha, obscuration)
    within = np.sum(half * _RING_WEIGHTS * rim[..., None] * off_axis * gain, axis=-1) / 2.0
    return np.asarray(within / share)
