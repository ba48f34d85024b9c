"""The binary entropy."""

import math


def binary_entropy(probability: float) -> float:
    """h(p) = -p log2 p - (1-p) log2(1-p) [bits], for p in [0, 1].

    Written with log1p, so that small error rates keep their digits.

    >>> binary_entropy(0.5)
    1.0
    >>> binary_entropy(0.0)
    0.0
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability {probability:g} is outside 0..1")
    if probability in {0.0, 1.0}:
        return 0.0
    p = probability
    return -(p * math.log(p) + (1.0 - p) * math.log1p(-p)) / math.log(2.0)
