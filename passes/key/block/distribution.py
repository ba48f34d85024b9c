"""Key of a pass as a distribution, from draws of what is not known beforehand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.moments import ORDER, Moments
from passes.counts.source import DecoySource
from passes.counts.spread.draws import moments_of_draws
from passes.counts.spread.forecast import CountForecast
from passes.errors import KeyLengthError
from passes.key.optimum.objective import PlanningBlock, planned_length
from passes.key.records import Proof, SecurityParameters
from passes.key.validity import check_fraction, check_security, check_source
from passes.link.terminals import Receiver

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KeyDistribution:
    """Quantiles of the key length [bits] and the probability that there is none.

    Parameters
    ----------
    p10, p50, p90 : the key is below p10 in one case of ten
    mean : over all draws, those without key included
    no_key_probability : share of draws without key
    draws : lengths, clipped at zero; shape (n,)
    """

    p10: float
    p50: float
    p90: float
    mean: float
    no_key_probability: float
    draws: Floats


def forecast_key(
    forecast: CountForecast,
    source: DecoySource,
    receiver: Receiver,
    security: SecurityParameters,
    *,
    proof: Proof | str = Proof.TIGHT,
) -> KeyDistribution:
    """Key of a clear pass as one block, from the draws of its count forecast.

    Parameters
    ----------
    forecast : of `passes.counts.spread.forecast.forecast_counts`
    source, receiver : those of the forecast; what a draw says of the intensities is part of its
        efficiency, the intrinsic error is the draw's own
    """
    return key_distribution(
        moments_of_draws(forecast.draws, source, receiver),
        source,
        receiver.detector.key_basis_probability,
        receiver.detector.afterpulse_probability,
        security,
        proof=proof,
        intrinsic_qber=forecast.draws.values.get("intrinsic_qber"),
    )


def drawn_moments(moments: Moments, efficiency_scale: ArrayLike, noise_scale: ArrayLike) -> Floats:
    """Power sums of a pass whose efficiency and noise are scaled as a whole, shape (3, n, ORDER).

    A factor s on every efficiency makes s^j M_j of M_j; a factor b on the noise makes b s^j B_j.
    """
    scale = np.atleast_1d(np.asarray(efficiency_scale, dtype=np.float64))
    noise = np.broadcast_to(np.asarray(noise_scale, dtype=np.float64), scale.shape)
    for name, values in (("efficiency_scale", scale), ("noise_scale", noise)):
        if not np.all(np.isfinite(values) & (values >= 0.0)):
            raise KeyLengthError(f"{name} holds a value that is negative or not finite")
    powers = scale[:, None] ** np.arange(ORDER)
    return np.stack(
        [
            powers * moments.efficiency,
            noise[:, None] * powers * moments.noise_key,
            noise[:, None] * powers * moments.noise_test,
        ]
    )


def key_distribution(
    draws: Floats,
    source: DecoySource,
    receiver_key_basis_probability: float,
    afterpulse_probability: float,
    security: SecurityParameters,
    *,
    proof: Proof | str = Proof.TIGHT,
    intrinsic_qber: ArrayLike | None = None,
) -> KeyDistribution:
    """Key lengths of drawn passes at settings that were fixed beforehand.

    Parameters
    ----------
    draws : moments, shape (3, n, orders); of `drawn_moments`, or of passes drawn in any other way
    source : with the settings that will be flown
    intrinsic_qber : of each draw, shape (n,); default that of the source

    Notes
    -----
    Each length is that of expected counts; the counting noise of a block is far smaller than the
    spread of the weather. For `tight` the lengths are those of the planning objective: below the
    exact ones by 0.1 to 3 %, and by up to some hundred bits near the cliff.
    """
    if draws.ndim != 3 or draws.shape[0] != 3 or not draws.shape[1]:
        raise KeyLengthError(f"draws have shape {draws.shape}, not (3, n, orders)")
    if not np.all(np.isfinite(draws) & (draws >= 0.0)):
        raise KeyLengthError("draws hold a value that is negative or not finite")
    check_source(source)
    check_security(security)
    check_fraction("receiver_key_basis_probability", receiver_key_basis_probability)
    check_fraction("afterpulse_probability", afterpulse_probability)
    settings = np.array(
        [source.key_basis_probability, *source.probabilities[:2], *source.intensities[:2]]
    )
    count = draws.shape[1]
    block = PlanningBlock(
        moments=draws,
        intrinsic_qber=source.intrinsic_qber
        if intrinsic_qber is None
        else np.asarray(intrinsic_qber, dtype=np.float64).reshape(count, 1),
        afterpulse_probability=afterpulse_probability,
        receiver_key_basis=receiver_key_basis_probability,
        vacuum_intensity=source.intensities[2],
        security=security,
        proof=Proof(proof),
    )
    planned = planned_length(block, np.broadcast_to(settings[:, None, None], (5, count, 1)).copy())[
        :, 0
    ]
    lengths = np.maximum(planned, 0.0)
    p10, p50, p90 = (float(q) for q in np.quantile(lengths, [0.1, 0.5, 0.9]))
    return KeyDistribution(
        p10, p50, p90, float(lengths.mean()), float(np.mean(planned <= 0.0)), lengths
    )
