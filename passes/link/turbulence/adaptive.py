"""Wavefront error that adaptive optics leaves behind."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

MARECHAL_LIMIT_RAD2 = 1.0

# Residual with the first 1, 2, ... 21 Zernike modes removed, rad^2 for D = r0.
_NOLL_RESIDUAL = (
    1.0299,
    0.582,
    0.134,
    0.111,
    0.0880,
    0.0648,
    0.0587,
    0.0525,
    0.0463,
    0.0401,
    0.0377,
    0.0352,
    0.0328,
    0.0304,
    0.0279,
    0.0267,
    0.0255,
    0.0243,
    0.0232,
    0.0220,
    0.0208,
)


def noll_residual(modes_removed: int) -> float:
    """Wavefront variance left by a perfect correction of Zernike modes, rad^2 for D = r0.

    Parameters
    ----------
    modes_removed : the first J modes counted from piston, at least 1; 3 is tip and tilt

    Returns
    -------
    Coefficient c of c (D/r0)^(5/3); above 21 modes 0.2944 J^(-0.866), 2 % from the exact sum.

    References
    ----------
    R. J. Noll, J. Opt. Soc. Am. 66, 207 (1976), Table IV.
    """
    if modes_removed < 1:
        raise LinkError(f"{modes_removed} Zernike modes removed, must be at least 1 (piston)")
    if modes_removed <= len(_NOLL_RESIDUAL):
        return _NOLL_RESIDUAL[modes_removed - 1]
    return float(0.2944 * modes_removed ** (-np.sqrt(3.0) / 2.0))


def modal_variance(aperture_over_fried: ArrayLike, modes_removed: int) -> Floats:
    """Variance beyond the corrected Zernike modes [rad^2], shape of D/r0; see `noll_residual`."""
    return noll_residual(modes_removed) * _five_thirds("aperture", aperture_over_fried)


def fitting_variance(actuator_pitch_over_fried: ArrayLike) -> Floats:
    """Variance that a continuous deformable mirror cannot follow [rad^2].

    Parameters
    ----------
    actuator_pitch_over_fried : distance of actuators, on the primary, over r0, any shape. It takes
        the place of `modal_variance`, it does not come on top.

    References
    ----------
    R. H. Hudgin, J. Opt. Soc. Am. 67, 393 (1977); 0.28 (d/r0)^(5/3).
    """
    return 0.28 * _five_thirds("actuator pitch", actuator_pitch_over_fried)


def servo_variance(greenwood_over_bandwidth: ArrayLike) -> Floats:
    """Variance of a loop that is late [rad^2], shape of its argument.

    Parameters
    ----------
    greenwood_over_bandwidth : Greenwood frequency over the -3 dB frequency of the closed loop

    References
    ----------
    D. P. Greenwood, J. Opt. Soc. Am. 67, 390 (1977); (f_G/f_3dB)^(5/3), first-order loop.
    """
    return _five_thirds("greenwood frequency", greenwood_over_bandwidth)


def anisoplanatic_variance(angle_over_isoplanatic: ArrayLike) -> Floats:
    """Variance from looking at a beacon some way off [rad^2], shape of its argument.

    Parameters
    ----------
    angle_over_isoplanatic : angle to the beacon, or point-ahead, over the isoplanatic angle

    Returns
    -------
    Tip and tilt included, for an infinite aperture: an upper bound.

    References
    ----------
    D. L. Fried, J. Opt. Soc. Am. 72, 52 (1982); (theta/theta_0)^(5/3).
    """
    return _five_thirds("angle", angle_over_isoplanatic)


def is_within_marechal(variance_rad2: ArrayLike) -> NDArray[np.bool_]:
    """Whether `marechal_strehl` holds, shape of the variance."""
    return np.asarray(np.asarray(variance_rad2, dtype=np.float64) <= MARECHAL_LIMIT_RAD2)


def marechal_strehl(variance_rad2: ArrayLike) -> Floats:
    """Strehl ratio, or fibre coupling relative to still air, of a small wavefront error.

    Parameters
    ----------
    variance_rad2 : sum of the independent errors, 0..1 rad^2, any shape. Above 1 the formula is
        wrong by a growing factor (4 dB at 3 rad^2) because what is left of the wavefront still
        couples; such a variance is refused. Ask `is_within_marechal` first where it may occur, and
        use `passes.link.turbulence.coupling` for what tip and tilt alone achieve.

    References
    ----------
    V. N. Mahajan, J. Opt. Soc. Am. 73, 860 (1983); exp(-variance).
    """
    variance = np.asarray(variance_rad2, dtype=np.float64)
    outside = ~((variance >= 0.0) & (variance <= MARECHAL_LIMIT_RAD2))
    if np.any(outside):
        first = variance[outside].flat[0]
        raise LinkError(f"wavefront variance {first:g} rad^2 is outside 0..1 rad^2 (Marechal)")
    return np.asarray(np.exp(-variance))


def _five_thirds(name: str, ratio: ArrayLike) -> Floats:
    value = np.asarray(ratio, dtype=np.float64)
    if not np.all(value >= 0.0):
        raise LinkError(f"relative {name} {np.min(value):g} must be at least 0")
    return np.asarray(value ** (5.0 / 3.0))
