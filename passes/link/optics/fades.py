"""How deep a link fades when pointing and scintillation act together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr

from passes.errors import LinkError
from passes.link.air.extinction import DB_PER_NEPER

Floats = NDArray[np.float64]


def pointing_ratio(half_angle_rad: ArrayLike, jitter_rad: ArrayLike) -> Floats:
    """Squared beam half-angle over four times the jitter variance per axis, often gamma^2.

    It is the exponent of the fade law: without bias the pointing transmittance h has the density
    gamma^2 h^(gamma^2 - 1), and E[h^n] = gamma^2 / (gamma^2 + n). Shape of the inputs broadcast;
    both positive.
    """
    half_angle, jitter = np.broadcast_arrays(
        np.asarray(half_angle_rad, dtype=np.float64), np.asarray(jitter_rad, dtype=np.float64)
    )
    if not (np.all(half_angle > 0.0) and np.all(jitter > 0.0)):
        raise LinkError("half angle or pointing jitter is not positive; a fade law needs both")
    return np.asarray((half_angle / (2.0 * jitter)) ** 2)


def joint_fade_cdf(loss_db: ArrayLike, gamma2: float, log_irradiance_variance: float) -> Floats:
    """Probability that jitter and scintillation together cost no more than a loss.

    Parameters
    ----------
    loss_db : below the irradiance on the axis of a beam without turbulence, any shape; negative
        where scintillation focuses light on the telescope
    gamma2 : see `pointing_ratio`, positive; there is no bias
    log_irradiance_variance : variance of the logarithm of the aperture-averaged irradiance, not the
        scintillation index exp(variance) - 1; positive, or 0 without turbulence

    Returns
    -------
    Probability of the shape of `loss_db`.

    References
    ----------
    In nepers the jitter fade is exponential with mean 1 / gamma2 and the lognormal scintillation of
    mean 1 is Gaussian with mean variance / 2, so that their sum is an exponentially modified
    Gaussian: E. Grushka, Anal. Chem. 44, 1733 (1972).
    """
    _require_fade_law(gamma2, log_irradiance_variance)
    nepers = np.asarray(loss_db, dtype=np.float64) / DB_PER_NEPER
    if log_irradiance_variance == 0.0:
        return np.asarray(-np.expm1(-gamma2 * np.maximum(nepers, 0.0)))
    deviation = np.sqrt(log_irradiance_variance)
    above_mean = nepers - log_irradiance_variance / 2.0
    # The product of a huge exponential and a tiny tail is taken as a sum of logarithms.
    tail = log_ndtr(above_mean / deviation - gamma2 * deviation)
    exponent = -gamma2 * above_mean + (gamma2 * deviation) ** 2 / 2.0
    return np.asarray(ndtr(above_mean / deviation) - np.exp(exponent + tail))


def joint_fade_quantile_db(
    probability: ArrayLike, gamma2: float, log_irradiance_variance: float
) -> Floats:
    """Loss that jitter and scintillation together do not exceed with a probability [dB].

    Parameters
    ----------
    probability : in (0, 1), any shape
    gamma2, log_irradiance_variance : see `joint_fade_cdf`

    Returns
    -------
    Loss of the shape of `probability`, to 1e-9 dB. It is less than the sum of the two quantiles:
    both fades are seldom deep at once. Adding the two 99 % values of a typical downlink gives
    2.31 dB, which is exceeded 0.07 % of the time and not 1 %.
    """
    _require_fade_law(gamma2, log_irradiance_variance)
    wanted = np.asarray(probability, dtype=np.float64)
    if not np.all((wanted > 0.0) & (wanted < 1.0)):
        raise LinkError("probability of a fade quantile is not between 0 and 1")
    deviation_db = DB_PER_NEPER * np.sqrt(log_irradiance_variance)
    # Forty standard deviations and forty mean fades leave less than the smallest probability.
    centre_db = DB_PER_NEPER * log_irradiance_variance / 2.0
    low = np.full(wanted.shape, centre_db - 40.0 * deviation_db)
    high = np.full(wanted.shape, centre_db + 40.0 * (deviation_db + DB_PER_NEPER / gamma2))
    for _ in range(60):
        middle = (low + high) / 2.0
        is_above = joint_fade_cdf(middle, gamma2, log_irradiance_variance) >= wanted
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    return np.asarray((low + high) / 2.0)


def _require_fade_law(gamma2: float, log_irradiance_variance: float) -> None:
    if not (gamma2 > 0.0 and log_irradiance_variance >= 0.0):
        raise LinkError(
            f"fade law with gamma2 {gamma2:g} and log-irradiance variance "
            f"{log_irradiance_variance:g} is not possible"
        )
