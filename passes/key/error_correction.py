"""Bits that error correction discloses, modelled before they are known."""

import math

from scipy.special import bdtr, bdtrik

from passes.key.entropy import binary_entropy
from passes.key.records import ErrorCorrection, SecurityParameters


def disclosed_bits(sifted_bits: float, qber: float, security: SecurityParameters) -> float:
    """lambda_EC of one block [bits].

    Parameters
    ----------
    sifted_bits : n_X
    qber : error rate in the key basis, in [0, 1]
    security : the model, its efficiency, or the bits that were disclosed

    Notes
    -----
    BLOCK is f n h(Q), LOGM the larger of that and the one-way limit of a finite block
    (`tomamichel_2017_bits`), DISCLOSED what was counted, NONE nothing. Above one half the error
    rate counts as one half: a block of mostly wrong bits is a fault, not a key upside down.
    """
    if security.error_correction is ErrorCorrection.NONE:
        return 0.0
    if security.error_correction is ErrorCorrection.DISCLOSED:
        if security.disclosed_bits is None:
            raise ValueError("disclosed_bits is missing for error correction 'disclosed'")
        return security.disclosed_bits
    capped = min(qber, 0.5)
    block = security.error_correction_efficiency * sifted_bits * binary_entropy(capped)
    if security.error_correction is ErrorCorrection.BLOCK:
        return block
    return max(block, tomamichel_2017_bits(sifted_bits, capped, security.epsilon_correctness))


def tomamichel_2017_bits(sifted_bits: float, qber: float, epsilon_correctness: float) -> float:
    """Least disclosure of one-way error correction of a finite block [bits], as SatQuMA codes it.

    Parameters
    ----------
    sifted_bits : n; below 1, or without errors, nothing is disclosed
    qber : in [0, 0.5]
    epsilon_correctness : in (0, 1)

    Notes
    -----
    Tomamichel, Martinez-Mateo, Pacher, Elkouss, Quantum Inf. Process. 16, 280 (2017). As in
    SatQuMA the first term is in bits and the others in nats; one base would cost about 1 % of
    the key at n = 1e5 and nothing above 1e6, where f n h(Q) is larger.
    The quantile is a whole number, so the result moves in steps of a few bits.
    """
    whole = math.floor(sifted_bits)
    if whole < 1 or qber <= 0.0:
        return 0.0
    quantile = binomial_quantile(
        epsilon_correctness * (1.0 + 1.0 / math.sqrt(whole)), whole, 1.0 - qber
    )
    return (
        sifted_bits * binary_entropy(qber)
        + (sifted_bits * (1.0 - qber) - quantile - 1.0) * math.log((1.0 - qber) / qber)
        - 0.5 * math.log(sifted_bits)
        - math.log(1.0 / epsilon_correctness)
    )


def binomial_quantile(probability: float, trials: int, success_probability: float) -> int:
    """Smallest k with P[Binomial(trials, success_probability) <= k] >= probability.

    The inverse in scipy.special is continuous in k and ten times quicker than scipy.stats; a step
    up or down settles the rounding, because one bit more or less in k changes the disclosure by
    several bits.
    """
    if probability >= 1.0:
        return trials
    estimate = float(bdtrik(probability, trials, success_probability))
    if math.isnan(estimate):
        raise ValueError(
            f"no binomial quantile for probability {probability:g}, {trials} trials, "
            f"success probability {success_probability:g}"
        )
    k = min(max(math.ceil(estimate), 0), trials)
    while k > 0 and bdtr(k - 1, trials, success_probability) >= probability:
        k -= 1
    while k < trials and bdtr(k, trials, success_probability) < probability:
        k += 1
    return k
