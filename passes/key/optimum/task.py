"""What an optimiser may change, within which limits, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.records import CountBound, Proof, SecurityParameters
from passes.key.validity import check_fraction, check_security

PARAMETERS = ("key_basis_probability", "p1", "p2", "mu1", "mu2")
# What hardware can do; SatQuMA's narrower box leaves up to 2 % of the key of a bright link behind.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "key_basis_probability": (0.05, 0.9999),
    "p1": (0.01, 0.9999),
    "p2": (1e-4, 0.9),
    "mu1": (0.05, 1.0),
    "mu2": (1e-3, 0.6),
}


@dataclass(frozen=True, slots=True)
class Optimisation:
    """What may be changed, and what the result has to promise.

    Parameters
    ----------
    security : promises and error correction
    proof, count_bound : as in `secret_key`
    free : names of PARAMETERS that may change; the others stay as the source has them
    bounds : smallest and largest value by name; BOUNDS where a name is missing
    receiver_key_basis_probability : share measured in the key basis; None lets the receiver follow
        the sender's `key_basis_probability`
    afterpulse_probability : per click
    intensity_uncertainty : relative error of the intensities against which the key must hold
    """

    security: SecurityParameters
    proof: Proof = Proof.TIGHT
    count_bound: CountBound = CountBound.CHERNOFF
    free: Sequence[str] = PARAMETERS
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    receiver_key_basis_probability: float | None = None
    afterpulse_probability: float = 0.0
    intensity_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse names that are none and bounds that hold nothing."""
        for name in (*self.free, *self.bounds):
            if name not in PARAMETERS:
                raise KeyLengthError(f"parameter '{name}' does not exist; there is {PARAMETERS}")
        for name, (low, high) in self.bounds.items():
            top = 10.0 if name.startswith("mu") else 1.0
            if low > high:
                raise KeyLengthError(f"bounds of {name} = {low:g}..{high:g} hold nothing")
            if not 0.0 < low <= high <= top or (high == 1.0 and top == 1.0):
                raise KeyLengthError(
                    f"bounds of {name} = {low:g}..{high:g} are not within 0..{top:g}"
                )
        check_security(self.security)
        check_fraction("afterpulse_probability", self.afterpulse_probability)
        if self.receiver_key_basis_probability is not None:
            check_fraction("receiver_key_basis_probability", self.receiver_key_basis_probability)
        if not 0.0 <= self.intensity_uncertainty < 0.5:
            raise KeyLengthError(
                f"intensity_uncertainty = {self.intensity_uncertainty:g} is outside 0..0.5"
            )


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best settings that were found for one block, or for several together.

    Parameters
    ----------
    source : with the settings
    receiver_key_basis_probability : that belongs to them
    planned_bits : unclipped length by the smooth objective; negative: no setting gives key
    """

    source: DecoySource
    receiver_key_basis_probability: float
    planned_bits: float


def settings_of(source: DecoySource) -> tuple[float, float, float, float, float]:
    """The values of PARAMETERS of a source."""
    return (
        source.key_basis_probability,
        source.probabilities[0],
        source.probabilities[1],
        source.intensities[0],
        source.intensities[1],
    )
