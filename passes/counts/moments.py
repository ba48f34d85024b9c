"""A pass, or any part of it, as a dozen numbers that add."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ORDER = 12


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted power sums of channel efficiency over pulses.

    The expected decoy-state counts depend on a pass only through
    S(mu) = sum over pulses of exp(-mu eta) = sum_j (-mu)^j M_j, hence on M_j; noise that changes
    along the pass enters through B_j in the same way. Cutting a pass and adding the parts is the
    identity; a block of passes is the sum of their moments.

    Parameters
    ----------
    efficiency : M_j = sum_t n_t eta_t^j / j!, j = 0..ORDER-1, n_t the pulses in slot t; shape (ORDER,)
    noise_key : B_j = sum_t n_t p_t eta_t^j / j! with p_t the noise probability per gate and detector
        as seen in the key basis; shape (ORDER,)
    noise_test : the same for the test basis; shape (ORDER,)
    largest_efficiency : of all slots, from which the truncation error is bounded
    """

    efficiency: Floats
    noise_key: Floats
    noise_test: Floats
    largest_efficiency: float

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.efficiency + other.efficiency,
            self.noise_key + other.noise_key,
            self.noise_test + other.noise_test,
            max(self.largest_efficiency, other.largest_efficiency),
        )
