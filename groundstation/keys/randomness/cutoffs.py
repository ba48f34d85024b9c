"""From which count on a health test raises an alarm, exactly.

Repetition-count and adaptive-proportion test: NIST SP 800-90B (2018), sections 4.4.1 and 4.4.2.
Where the others stand, they are ours: two-sided binomial tests of the same false-alarm probability
for every window.
"""

import math
from dataclasses import dataclass

from scipy.special import bdtr, bdtrc

from groundstation.keys.randomness.errors import RandomnessError

# Windows of SP 800-90B section 4.4.2 [samples].
BINARY_WINDOW, OTHER_WINDOW = 1024, 512
# Ours [bits]. A bias of 60 % shows in 4096 bits but for one case in 10^11, so within two windows of
# its beginning; a period, in one stretch of 8192 that it fills.
BALANCE_WINDOW = 4096
LAG_WINDOW = 8192
LAGS = 128
# SP 800-90B recommends 2^-20 to 2^-40 (section 4.4).
_SMALLEST_LOG2, _LARGEST_LOG2 = -40.0, -20.0


@dataclass(frozen=True, slots=True)
class HealthTests:
    """Cut-offs for one source.

    Parameters
    ----------
    sample_bits : of one sample, 1 or 8
    repetition : samples in a row that are the same
    window, proportion : of the adaptive-proportion test: samples, and how many of them may not be
        as the first one
    balance : ones among `BALANCE_WINDOW` bits may differ from half by less than this
    agreement : bits among `LAG_WINDOW` that equal those some lag before may differ from half by
        less than this
    """

    sample_bits: int
    repetition: int
    window: int
    proportion: int
    balance: int
    agreement: int


def health_tests(
    alpha_log2: float, *, sample_bits: int = 1, min_entropy_per_sample: float = 1.0
) -> HealthTests:
    """Tests with a false-alarm probability of 2^alpha_log2 each.

    Parameters
    ----------
    alpha_log2 : -40..-20
    sample_bits : 1 or 8
    min_entropy_per_sample : H, claimed by the vendor, above 0 and at most `sample_bits`
    """
    if not _SMALLEST_LOG2 <= alpha_log2 <= _LARGEST_LOG2:
        raise RandomnessError(
            f"false-alarm probability 2^{alpha_log2:g} is outside 2^{_SMALLEST_LOG2:g}..2^"
            f"{_LARGEST_LOG2:g}"
        )
    if sample_bits not in {1, 8}:
        raise RandomnessError(f"samples of {sample_bits} bits are neither bits nor bytes")
    if not 0.0 < min_entropy_per_sample <= sample_bits:
        raise RandomnessError(
            f"min-entropy {min_entropy_per_sample:g} of a sample is outside 0..{sample_bits} bits"
        )
    alpha = 2.0**alpha_log2
    window = BINARY_WINDOW if sample_bits == 1 else OTHER_WINDOW
    return HealthTests(
        sample_bits=sample_bits,
        repetition=repetition_cutoff(alpha_log2, min_entropy_per_sample),
        window=window,
        proportion=proportion_cutoff(alpha, min_entropy_per_sample, window),
        balance=_deviation_cutoff(BALANCE_WINDOW, alpha / 2.0),
        agreement=_deviation_cutoff(LAG_WINDOW, alpha / (2.0 * LAGS)),
    )


def repetition_cutoff(alpha_log2: float, min_entropy: float) -> int:
    """C = 1 + ceil(-log2(alpha) / H), SP 800-90B section 4.4.1.

    >>> repetition_cutoff(-30, 1.0)
    31
    """
    return 1 + math.ceil(-alpha_log2 / min_entropy)


def proportion_cutoff(alpha: float, min_entropy: float, window: int) -> int:
    """C = 1 + CRITBINOM(W, 2^-H, 1 - alpha), SP 800-90B section 4.4.2.

    CRITBINOM is the smallest k with P[Binomial(W, 2^-H) <= k] >= 1 - alpha, here by the upper tail,
    whose digits 1 - alpha would lose.

    >>> proportion_cutoff(2.0**-20, 1.0, 1024)
    589
    """
    return 1 + _smallest_with_tail_at_most(alpha, window, 2.0**-min_entropy)


def _deviation_cutoff(window: int, alpha: float) -> int:
    """Smallest d with P[Binomial(window, 1/2) >= window / 2 + d] <= alpha."""
    return _smallest_with_tail_at_most(alpha, window, 0.5) + 1 - window // 2


def _smallest_with_tail_at_most(alpha: float, trials: int, probability: float) -> int:
    """Smallest k with P[Binomial(trials, probability) > k] <= alpha."""
    low, high = 0, trials
    while low < high:
        middle = (low + high) // 2
        if _tail_above(middle, trials, probability) <= alpha:
            high = middle
        else:
            low = middle + 1
    return low


def _tail_above(k: int, trials: int, probability: float) -> float:
    if k >= trials:
        return 0.0
    # Of a symmetric distribution the lower tail is computed with all its digits.
    if probability == 0.5:
        return float(bdtr(trials - k - 1, trials, 0.5))
    return float(bdtrc(k, trials, probability))
