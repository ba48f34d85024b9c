"""Key of parts of a pass, from running sums of its moments.

The rules it keeps:

1. A second counts for a part if all of it lies inside; at an edge that is the pass's own, every
   usable second counts as it does for the whole pass.
2. Key is that of the key room for exactly these seconds as one block, rounded down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from groundstation.network import KeyPolicy, Network
from groundstation.night.links import security_of
from groundstation.night.pass_slots import PassSlots, pass_slots
from groundstation.night.survey import Survey
from groundstation.night.workers import in_processes
from groundstation.plan.records import Span
from groundstation.plan.windows import Part
from groundstation.results.calibration import DatedCalibration
from passes.counts.moments import ORDER, Moments
from passes.errors import PassError
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key

Floats = NDArray[np.float64]

# Sent to another process together: a megabyte, a tenth of a second of work.
_PASSES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Running sums of moments: entry k holds the first k slots, shape (ORDER, n + 1)."""

    slots: PassSlots
    efficiency: Floats
    noise_key: Floats
    noise_test: Floats
    largest: Floats


class SlotKeys:
    """Whole secret bits of any part of some passes.

    Parameters
    ----------
    slots : usable seconds of the passes, by their ids
    processes : that may value many parts at once
    """

    def __init__(
        self, policy: KeyPolicy, slots: Mapping[str, PassSlots], *, processes: int = 1
    ) -> None:
        self._policy, self._slots, self._processes = policy, slots, processes
        # Sums of one pass: its parts are asked for one after the other.
        self._recent: tuple[str, _Sums] | None = None
        self._known: dict[Part, int] = {}

    def bits(self, pass_id: str, windows: tuple[Span, ...]) -> int:
        """Key of some spans of a pass; 0 for a pass without forecast."""
        if pass_id not in self._slots:
            return 0
        part = (pass_id, windows)
        if part not in self._known:
            if self._recent is None or self._recent[0] != pass_id:
                self._recent = (pass_id, _running(self._slots[pass_id]))
            self._known[part] = _bits_within(self._recent[1], windows, self._policy)
        return self._known[part]

    def foresee(self, parts: Sequence[Part]) -> None:
        """Value many parts in several processes, so that `bits` knows them when it is asked.

        Raises
        ------
        WorkerError
            a process ended before its work was done
        """
        if self._processes < 2:
            return
        asked: dict[str, list[tuple[Span, ...]]] = {}
        for pass_id, windows in parts:
            if pass_id in self._slots and (pass_id, windows) not in self._known:
                asked.setdefault(pass_id, []).append(windows)
        rows = [(self._slots[name], tuple(wanted)) for name, wanted in asked.items()]
        batches = [rows[i : i + _PASSES_AT_ONCE] for i in range(0, len(rows), _PASSES_AT_ONCE)]
        work = partial(_bits_of_batch, self._policy)
        told = in_processes(
            work, batches, processes=self._processes, doing="valuing parts of passes"
        )
        answers = (bits for batch in told for bits in batch)
        for (pass_id, wanted), found in zip(asked.items(), answers, strict=True):
            self._known |= {(pass_id, w): b for w, b in zip(wanted, found, strict=True)}


class WindowKeys(SlotKeys):
    """Whole secret bits of any part of the passes of one night."""

    def __init__(
        self,
        network: Network,
        seen: Survey,
        night: str = "",
        calibration: DatedCalibration | None = None,
    ) -> None:
        super().__init__(network.key, pass_slots(network, seen, night, calibration))


def _bits_of_batch(
    policy: KeyPolicy, batch: Sequence[tuple[PassSlots, tuple[tuple[Span, ...], ...]]]
) -> list[list[int]]:
    """Of each pass the key of each of its parts."""
    found = []
    for slots, wanted in batch:
        sums = _running(slots)
        found.append([_bits_within(sums, windows, policy) for windows in wanted])
    return found


def _bits_within(sums: _Sums, windows: tuple[Span, ...], policy: KeyPolicy) -> int:
    counted = sums.slots.within(windows)
    if not counted.any():
        return 0
    return bits_of(_moments_of(sums, counted), sums.slots, policy)


def moments_within(slots: PassSlots, windows: tuple[Span, ...]) -> Moments | None:
    """Moments of some spans of a pass; None if they hold no usable second."""
    counted = slots.within(windows)
    return _moments_of(_running(slots), counted) if counted.any() else None


def _running(slots: PassSlots) -> _Sums:
    """Moments of every slot, summed up along the pass."""
    powers = np.ones((ORDER, slots.efficiency.size))
    for order in range(1, ORDER):
        powers[order] = powers[order - 1] * slots.efficiency / order
    fading = slots.fading
    powers *= fading
    sent = powers * slots.pulses
    # The remainder of the series is that of an efficiency with the last moment of the fading.
    largest = slots.efficiency * np.maximum(fading[-1], 1.0) ** (1.0 / (ORDER - 1))

    def summed(terms: Floats) -> Floats:
        return np.concatenate([np.zeros((ORDER, 1)), np.cumsum(terms, axis=1)], axis=1)

    return _Sums(
        slots, summed(sent), summed(sent * slots.noise_key), summed(sent * slots.noise_test),
        largest,
    )  # fmt: skip


def _moments_of(sums: _Sums, counted: NDArray[np.bool_]) -> Moments:
    # Spans of a part follow each other without a usable second in between.
    first, last = int(np.argmax(counted)), int(len(counted) - np.argmax(counted[::-1]))
    return Moments(
        sums.efficiency[:, last] - sums.efficiency[:, first],
        sums.noise_key[:, last] - sums.noise_key[:, first],
        sums.noise_test[:, last] - sums.noise_test[:, first],
        float(sums.largest[first:last].max()),
    )


def bits_of(moments: Moments, slots: PassSlots, policy: KeyPolicy) -> int:
    """Secret key of a block, whole bits; 0 where a proof or the moments refuse it."""
    detector = slots.receiver.detector
    try:
        counts = decoy_counts_from_moments(
            moments, slots.source, detector.key_basis_probability, detector.afterpulse_probability
        )
        key = secret_key(counts, slots.source, security_of(policy), proof=policy.proof)
    except (PassError, ValueError):
        # A part too short for the proof, or too bright for the series, is no contact.
        return 0
    return int(np.floor(key.secret_key_bits))
