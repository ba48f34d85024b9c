"""Which part of a pass is worth keeping: moments for every cut-off elevation, and the best one.

Only what is known before the pass, or can be published, enters here: elevation, expected
efficiency, expected noise. What was sifted and which bits were wrong does not; see
`passes.key.block.distillation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.moments import ORDER, Moments, checked_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.optimum.optimiser import optimise_each
from passes.key.optimum.task import Optimisation, Optimum

Floats = NDArray[np.float64]

STEPS = 60


@dataclass(frozen=True, slots=True)
class PublicPass:
    """What may be known of a pass by everyone, slot by slot; shapes (n,).

    Parameters
    ----------
    elevation_rad : apparent or geometric, in [-pi/2, pi/2]
    efficiency, pulses, noise_key, noise_test : as in `moments_from_slots`
    """

    elevation_rad: Floats
    efficiency: Floats
    pulses: Floats
    noise_key: Floats
    noise_test: Floats

    @classmethod
    def of(
        cls,
        elevation_rad: ArrayLike,
        efficiency: ArrayLike,
        pulses: ArrayLike,
        noise_key: ArrayLike,
        noise_test: ArrayLike,
    ) -> "PublicPass":
        """Arrays of one shape; KeyLengthError where they do not fit."""
        eta, sent, key, test = checked_slots(efficiency, pulses, noise_key, noise_test)
        elevation = np.asarray(elevation_rad, dtype=np.float64)
        if elevation.shape != eta.shape:
            raise KeyLengthError(f"elevation has shape {elevation.shape}, efficiency {eta.shape}")
        if not np.all(np.abs(elevation) <= np.pi / 2.0):
            raise KeyLengthError("elevation is outside -pi/2..pi/2")
        return cls(elevation, eta, sent, key, test)


def moments_above(observed: PublicPass, cuts_rad: ArrayLike) -> list[Moments]:
    """Moments of the slots at or above each cut-off, from one pass of prefix sums.

    Parameters
    ----------
    cuts_rad : elevations, any order; shape (k,)
    """
    order = np.argsort(-observed.elevation_rad, kind="stable")
    eta, sent = observed.efficiency[order], observed.pulses[order]
    powers = np.ones((ORDER, len(eta)))
    for j in range(1, ORDER):
        powers[j] = powers[j - 1] * eta / j
    weights = np.stack([sent, sent * observed.noise_key[order], sent * observed.noise_test[order]])
    start = np.zeros((3, ORDER, 1))
    sums = np.concatenate([start, np.cumsum(weights[:, None] * powers, axis=2)], axis=2)
    largest = np.concatenate([[0.0], np.maximum.accumulate(eta)])
    kept = np.searchsorted(-observed.elevation_rad[order], -np.atleast_1d(cuts_rad), side="right")
    return [
        Moments(sums[0, :, k], sums[1, :, k], sums[2, :, k], float(largest[k]))
        for k in kept.tolist()
    ]


@dataclass(frozen=True, slots=True)
class CutScan:
    """Optima of a pass for a range of cut-offs.

    Parameters
    ----------
    cuts_rad : shape (k,), ascending
    optima : settings and planned length for each
    best : index of the longest
    """

    cuts_rad: Floats
    optima: Sequence[Optimum]
    best: int

    @property
    def planned_bits(self) -> Floats:
        """Unclipped lengths, shape (k,)."""
        return np.array([optimum.planned_bits for optimum in self.optima])


def scan_cuts(
    observed: PublicPass,
    source: DecoySource,
    task: Optimisation,
    cuts_rad: ArrayLike | None = None,
) -> CutScan:
    """The best settings for each cut-off, and the cut-off with the longest key.

    Parameters
    ----------
    cuts_rad : default STEPS values from the lowest slot to just below the highest
    """
    if cuts_rad is None:
        low, high = float(observed.elevation_rad.min()), float(observed.elevation_rad.max())
        cuts = low + (high - low) * np.arange(STEPS) / STEPS
    else:
        cuts = np.sort(np.atleast_1d(np.asarray(cuts_rad, dtype=np.float64)))
    optima = optimise_each(moments_above(observed, cuts), source, task)
    best = int(np.argmax([optimum.planned_bits for optimum in optima]))
    return CutScan(cuts, tuple(optima), best)
