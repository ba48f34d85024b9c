"""The usable seconds of a pass, with all that its key depends on.

The rules it keeps:

1. They are the seconds that the forecast counted, from its budget and its noise.
2. Of a second five numbers are kept: a week over a continent has five million of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Network, Satellite, Station
from groundstation.night.issue import constants_for
from groundstation.night.links import receiver_for
from groundstation.night.survey import Survey
from groundstation.plan.records import Span
from groundstation.results.calibration import DatedCalibration
from groundstation.results.constants import LinkConstants, calibrated_source
from passes.counts.noise import gated
from passes.counts.source import DecoySource
from passes.forecast import PassForecast, fading_of, fading_parts, slot_s
from passes.link.terminals import Receiver
from passes.track import Track

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PassSlots:
    """The usable seconds of a pass with all that its key depends on; arrays of shape (n,).

    Parameters
    ----------
    epoch : from which times are counted
    windows : usable spans of the pass, in order
    length_s : of a slot
    times_s : of the samples, each the middle of its slot
    efficiency : that one photon leads to a click
    pulses : sent in each slot
    noise_key, noise_test : per gate and detector in either basis
    trembling : E[h^j] of the pointing within a slot, shape (ORDER,)
    scintillation : variance of the logarithm of the irradiance; None where it is not known
    source, receiver : what counted
    """

    epoch: datetime
    windows: tuple[Span, ...]
    length_s: float
    times_s: Floats
    efficiency: Floats
    pulses: float
    noise_key: Floats
    noise_test: Floats
    trembling: Floats
    scintillation: Floats | None
    source: DecoySource
    receiver: Receiver

    @property
    def fading(self) -> Floats:
        """E[h^j] of all that fluctuates within a slot, shape (ORDER, n)."""
        return fading_of(self.trembling, self.scintillation, len(self.times_s))

    def within(self, windows: tuple[Span, ...]) -> Flags:
        """Which samples belong to some spans of the pass, shape (n,)."""
        half_s = self.length_s / 2.0
        own = {instant for window in self.windows for instant in window}
        counted = np.zeros(len(self.times_s), dtype=bool)
        for start, stop in windows:
            first_s = (start - self.epoch).total_seconds()
            last_s = (stop - self.epoch).total_seconds()
            # At the pass's own edges the slot of a sample may reach beyond.
            first_s += -half_s if start in own else half_s
            last_s -= -half_s if stop in own else half_s
            counted |= (self.times_s >= first_s - 1e-6) & (self.times_s <= last_s + 1e-6)
        return counted


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
        if item.forecast is None:
            continue
        satellite, station = satellites[item.satellite], stations[item.station]
        constants = constants_for(calibration, satellite, station, night)
        slots = slots_of(item.track, item.windows, item.forecast, satellite, station, constants)
        if slots is not None:
            found[item.pass_id] = slots
    return found


def slots_of(
    track: Track,
    windows: tuple[Span, ...],
    forecast: PassForecast,
    satellite: Satellite,
    station: Station,
    constants: LinkConstants | None,
) -> PassSlots | None:
    """The usable seconds of one pass; None where the link has no source or no receiver.

    Parameters
    ----------
    windows : usable spans of the pass
    constants : that the forecast was made with
    """
    receiver, transmitter = receiver_for(satellite, station), satellite.transmitter
    if receiver is None or transmitter is None or satellite.source is None:
        return None
    source = calibrated_source(satellite.source, receiver, constants)
    use, live = track.is_usable, forecast.budget.live_share
    open_s = receiver.detector.gate_s * (1.0 if live is None else live)
    noise = forecast.noise
    shape = np.zeros(len(track.times_s))
    key, test = gated(noise.dark_hz + shape, noise.light_hz + shape, receiver, open_s)
    trembling, scintillation = fading_parts(forecast.budget, transmitter)
    length_s = slot_s(track)
    noise_key = key[use]
    return PassSlots(
        epoch=track.epoch,
        windows=windows,
        length_s=length_s,
        times_s=track.times_s[use],
        efficiency=forecast.budget.efficiency[use],
        pulses=source.pulse_rate_hz * length_s,
        noise_key=noise_key,
        noise_test=noise_key if test is key else test[use],
        trembling=trembling,
        scintillation=None if scintillation is None else scintillation[use],
        source=source,
        receiver=receiver,
    )
