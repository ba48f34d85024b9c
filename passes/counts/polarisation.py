"""Error rates that imperfect polarisation brings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def combine_error_rates(*error_rates: ArrayLike) -> Floats:
    """Error rate of independent flips in a row: 1 - 2 e = product of (1 - 2 e_i).

    Parameters
    ----------
    error_rates : each in [0, 1/2], any shapes that broadcast
    """
    visibility = np.ones(())
    for rate in error_rates:
        visibility = visibility * (1.0 - 2.0 * np.asarray(rate, dtype=np.float64))
    return np.asarray((1.0 - visibility) / 2.0)


def contrast_error_rate(contrast: float) -> float:
    """Error rate of a polarisation contrast (extinction ratio) of contrast : 1."""
    return 1.0 / (1.0 + contrast)


def rotation_error_rate(angle_rad: ArrayLike) -> Floats:
    """Error rate of a residual rotation between the polarisation frames, sin^2 of the angle."""
    return np.asarray(np.sin(np.asarray(angle_rad, dtype=np.float64)) ** 2)
