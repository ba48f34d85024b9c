"""What every protocol returns: a key length and everything that led to it, in one shape."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from passes.errors import KeyLengthError
from passes.key.epsilon import EpsilonBudget


@dataclass(frozen=True, slots=True)
class KeyAudit:
    """A secret key length with its bounds, its promises and the ceilings above it (one block).

    Parameters
    ----------
    protocol, proof : which theory, by name ("decoy-bb84", "tight")
    secret_key_bits : length, at least 0; a real number from expected counts, rounded down to whole
        bits where bits are made (`whole_bits`)
    unclipped_bits : the same before it is clipped at zero
    qber : bit error rate of the key
    phase_error : upper bound on the phase error rate that was used
    sifted_bits : bits from which the key is made
    error_correction_bits : disclosed, or modelled as disclosed
    bounds : every intermediate bound by name [bits, or 1 for rates]
    budget : how the promise is divided; its terms sum to it
    asymptotic_bits : the same counts without finite-size cost
    """

    protocol: str
    proof: str
    secret_key_bits: float
    unclipped_bits: float
    qber: float
    phase_error: float
    sifted_bits: float
    error_correction_bits: float
    bounds: Mapping[str, float]
    budget: EpsilonBudget
    asymptotic_bits: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", MappingProxyType(dict(self.bounds)))


# A length of 1e9 bits is computed to a few units of 1e-7; one bit less covers any rounding.
_ROUNDING_MARGIN_BITS = 1.0


def whole_bits(length: float) -> int:
    """A computed key length rounded safely to bits that may be made: down, and one bit less.

    >>> whole_bits(372.9), whole_bits(0.5), whole_bits(-3.0)
    (371, 0, 0)
    """
    if not math.isfinite(length):
        raise KeyLengthError(f"key length {length:g} is not finite")
    return max(math.floor(length - _ROUNDING_MARGIN_BITS), 0)
