"""Key of parts of a pass, from running sums of its moments.

The rules it keeps:

1. A second counts for a part if all of it lies inside; at an edge that is the pass's own, every
   usable second counts as it does for the whole pass.
2. Key is that of the key room for exactly these seconds as one block, rounded down.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundstation.network import KeyPolicy, Network
from groundstation.night.issue import constants_for
from groundstation.night.links import receiver_for, security_of
from groundstation.night.survey import Survey
from groundstation.night_records import NightPass
from groundstation.plan.records import Span
from groundstation.results.calibration import DatedCalibration
from groundstation.results.constants import calibrated_source
from passes.counts.moments import ORDER, Moments
from passes.counts.noise import gated
from passes.counts.source import DecoySource
from passes.errors import PassError
from passes.forecast import PassForecast, fading_moments, slot_s
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.link.terminals import Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PassSlots:
    """The usable seconds of a pass with all that its key depends on; arrays of shape (n,).

    Parameters
    ----------
    times_s : of the samples, from the track's epoch
    efficiency : that one photon leads to a click
    pulses : sent in each slot
    noise_key, noise_test : per gate and detector in either basis
    fading : E[h^j] within a slot, shape (ORDER, n)
    source, receiver : what counted
    """

    times_s: Floats
    efficiency: Floats
    pulses: float
    noise_key: Floats
    noise_test: Floats
    fading: Floats
    source: DecoySource
    receiver: Receiver


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Running sums of moments: entry k holds the first k slots, shape (ORDER, n + 1)."""

    slots: PassSlots
    efficiency: Floats
    noise_key: Floats
    noise_test: Floats
    largest: Floats


class WindowKeys:
    """Whole secret bits of any part of the passes of one night."""

    def __init__(
        self,
        network: Network,
        seen: Survey,
        night: str = "",
        calibration: DatedCalibration | None = None,
    ) -> None:
        self._policy = network.key
        self._slots = pass_slots(network, seen, night, calibration)
        self._passes = {item.pass_id: item for item in seen.passes}
        self._sums: dict[str, _Sums] = {}
        self._known: dict[tuple[str, int, int], int] = {}

    def bits(self, pass_id: str, windows: tuple[Span, ...]) -> int:
        """Key of some spans of a pass; 0 for a pass without forecast."""
        if pass_id not in self._slots:
            return 0
        if pass_id not in self._sums:
            self._sums[pass_id] = _running(self._slots[pass_id])
        sums, item = self._sums[pass_id], self._passes[pass_id]
        counted = slots_within(item, sums.slots.times_s, windows)
        if not counted.any():
            return 0
        # Spans of a part follow each other without a usable second in between.
        first, last = int(np.argmax(counted)), int(len(counted) - np.argmax(counted[::-1]))
        key = (pass_id, first, last)
        if key not in self._known:
            self._known[key] = _key_of(sums, first, last, self._policy)
        return self._known[key]


def pass_slots(
    network: Network,
    seen: Survey,
    night: str = "",
    calibration: DatedCalibration | None = None,
) -> Mapping[str, PassSlots]:
    """The usable seconds of every pass that has a forecast, by pass id."""
    satellites = {s.name: s for s in network.satellites}
    stations = {s.name: s for s in network.stations}
    found = {}
    for item in seen.passes:
        satellite, station = satellites[item.satellite], stations[item.station]
        receiver = receiver_for(satellite, station)
        if item.forecast is None or receiver is None or satellite.source is None:
            continue
        constants = constants_for(calibration, satellite, station, night)
        source = calibrated_source(satellite.source, receiver, constants)
        if satellite.transmitter is not None:
            found[item.pass_id] = _slots(
                item.track, item.forecast, satellite.transmitter, source, receiver
            )
    return found


def _slots(
    track: Track,
    forecast: PassForecast,
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
) -> PassSlots:
    """The same seconds that the forecast counted, from its budget and its noise."""
    use, live = track.is_usable, forecast.budget.live_share
    open_s = receiver.detector.gate_s * (1.0 if live is None else live)
    noise = forecast.noise
    shape = np.zeros(len(track.times_s))
    key, test = gated(noise.dark_hz + shape, noise.light_hz + shape, receiver, open_s)
    return PassSlots(
        times_s=track.times_s[use],
        efficiency=forecast.budget.efficiency[use],
        pulses=source.pulse_rate_hz * slot_s(track),
        noise_key=key[use],
        noise_test=test[use],
        fading=fading_moments(forecast.budget, transmitter)[..., use],
        source=source,
        receiver=receiver,
    )


def slots_within(item: NightPass, times_s: Floats, windows: tuple[Span, ...]) -> Flags:
    """Which samples of a pass's usable seconds belong to some of its spans, shape (n,)."""
    half_s = slot_s(item.track) / 2.0
    own = {instant for window in item.windows for instant in window}
    counted = np.zeros(len(times_s), dtype=bool)
    for start, stop in windows:
        first_s = (start - item.track.epoch).total_seconds()
        last_s = (stop - item.track.epoch).total_seconds()
        # A sample is the middle of its slot, but at the pass's own edges the slot may reach beyond.
        first_s += -half_s if start in own else half_s
        last_s -= -half_s if stop in own else half_s
        counted |= (times_s >= first_s - 1e-6) & (times_s <= last_s + 1e-6)
    return counted


def _running(slots: PassSlots) -> _Sums:
    """Moments of every slot, summed up along the pass."""
    powers = np.ones((ORDER, slots.efficiency.size))
    for order in range(1, ORDER):
        powers[order] = powers[order - 1] * slots.efficiency / order
    powers *= slots.fading
    sent = powers * slots.pulses
    # The remainder of the series is that of an efficiency with the last moment of the fading.
    largest = slots.efficiency * np.maximum(slots.fading[-1], 1.0) ** (1.0 / (ORDER - 1))

    def summed(terms: Floats) -> Floats:
        return np.concatenate([np.zeros((ORDER, 1)), np.cumsum(terms, axis=1)], axis=1)

    return _Sums(
        slots, summed(sent), summed(sent * slots.noise_key), summed(sent * slots.noise_test),
        largest,
    )  # fmt: skip


def _key_of(sums: _Sums, first: int, last: int, policy: KeyPolicy) -> int:
    moments = Moments(
        sums.efficiency[:, last] - sums.efficiency[:, first],
        sums.noise_key[:, last] - sums.noise_key[:, first],
        sums.noise_test[:, last] - sums.noise_test[:, first],
        float(sums.largest[first:last].max()),
    )
    return bits_of(moments, sums.slots, policy)


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
