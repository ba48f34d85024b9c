"""Error rates that imperfect polarisation brings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]


def combine_error_rates(*error_rates: ArrayLike) -> Floats:
    """Error rate of independent flips in a row: 1 - 2 e = product of (1 - 2 e_i).

    Parameters
    ----------
    error_rates : each in [0, 1/2], any shapes that broadcast; none gives 0

    Returns
    -------
    Combined error rate in [0, 1/2]. Two small rates nearly add; a rate of 1/2 leaves nothing.
    """
    error = np.zeros(())
    for rate in error_rates:
        one = np.asarray(rate, dtype=np.float64)
        if not np.all((one >= 0.0) & (one <= 0.5)):
            raise LinkError("error rate to be combined is outside 0..0.5")
        # The product rule, written so that a rate of 1e-12 is not rounded away.
        error = error + one - 2.0 * error * one
    return np.asarray(error)


def contrast_error_rate(contrast: float) -> float:
    """Error rate of a polarisation contrast (extinction ratio) of contrast : 1, at least 1."""
    if not contrast >= 1.0:
        raise LinkError(f"polarisation contrast {contrast:g} is below 1")
    return 1.0 / (1.0 + contrast)


def rotation_error_rate(angle_rad: ArrayLike) -> Floats:
    """Error rate of a residual rotation between the polarisation frames, sin^2 of the angle."""
    return np.asarray(np.sin(np.asarray(angle_rad, dtype=np.float64)) ** 2)


def retardance_error_rate(retardance_rad: ArrayLike) -> Floats:
    """Error rate that a mirror's phase delay brings to the basis at 45 deg to its axes.

    sin^2(delay / 2), while the basis along the axes suffers nothing; their mean is half of it.
    Coude mirrors and coated wide-angle optics turn with the telescope, so that the rate depends on
    where it points. Textbook: M. Born and E. Wolf, Principles of Optics, on crossed polarisers.
    """
    return np.asarray(np.sin(np.asarray(retardance_rad, dtype=np.float64) / 2.0) ** 2)


def polarisation_error_rate(
    contrasts: tuple[float, ...] = (),
    rotations_rad: tuple[ArrayLike, ...] = (),
    other_error_rates: tuple[ArrayLike, ...] = (),
) -> Floats:
    """Error rate of a whole chain: contrasts, frame rotations and given rates, by the product rule.

    Parameters
    ----------
    contrasts : of source, telescopes, analyser, each at least 1
    rotations_rad : residual rotations between frames, independent of each other; rotations that are
        known to add up belong into one angle, since their sine grows with the sum
    other_error_rates : each in [0, 1/2]

    Returns
    -------
    Error rate of the broadcast shape, each cause counted once.
    """
    return combine_error_rates(
        *(contrast_error_rate(contrast) for contrast in contrasts),
        *(rotation_error_rate(angle) for angle in rotations_rad),
        *other_error_rates,
    )
