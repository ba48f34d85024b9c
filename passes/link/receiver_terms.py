"""Loss terms of a receiver: optics, gate, detectors, dead time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource, Pulses
from passes.errors import LinkError
from passes.link.budget import NEPERS_PER_DB, Label, Term, TermGroup, loss_db_of, summed_db
from passes.link.detection.dead_time import counted_rate_hz
from passes.link.detection.receiver import gate_fraction, live_fraction
from passes.link.terminals import DeadTime, Receiver
from passes.track import Track

Floats = NDArray[np.float64]

OPTICS = Label(
    "receiver optics",
    TermGroup.RECEIVER,
    "declared efficiency of telescope, filter and back end",
)
GATE = Label("gate", TermGroup.DETECTOR, "Gaussian pulse, detector jitter and synchronisation")
EFFICIENCY = Label("detector efficiency", TermGroup.DETECTOR, "declared efficiency")


@dataclass(frozen=True, slots=True, eq=False)
class Reception:
    """What a receiver makes of the pulses of a source, whatever reaches it.

    Parameters
    ----------
    optics_db, gate_db, efficiency_db : loss of optics, gate and detectors
    in_gate : the share of the clicks that `gate_db` leaves
    dead_time : the label of what detectors miss while they recover
    pulses : of the source
    sent_hz : pulses of each intensity, per detector, shape (k,)
    source, receiver : what it was made from
    """

    optics_db: float
    gate_db: float
    efficiency_db: float
    in_gate: float
    dead_time: Label
    pulses: Pulses
    sent_hz: Floats
    source: DecoySource
    receiver: Receiver


def steady_loss_db(loss_db: float, track: Track) -> Floats:
    """Loss that is the same at every sample of a track [dB], shape (n,)."""
    losses_db = np.empty_like(track.range_m)
    losses_db.fill(loss_db)
    return losses_db


def prepare_reception(source: DecoySource, receiver: Receiver) -> Reception:
    """What of a receiver no sample changes.

    Raises
    ------
    LinkError : the gates miss the pulses
    """
    detector = receiver.detector
    in_gate = gate_fraction(
        detector.gate_s,
        source.pulse_fwhm_s,
        detector.jitter_fwhm_s,
        receiver.synchronisation_jitter_s,
        receiver.clock_offset_s,
    )
    if not in_gate > 0.0:
        raise LinkError(
            f"gates of {1e9 * detector.gate_s:g} ns that are {1e9 * receiver.clock_offset_s:g} ns "
            "off miss every pulse"
        )
    pulses = Pulses.of(source)
    return Reception(
        optics_db=float(loss_db_of(receiver.optics_efficiency)),
        gate_db=float(loss_db_of(in_gate)),
        efficiency_db=float(loss_db_of(detector.efficiency)),
        in_gate=in_gate,
        dead_time=Label(
            "dead time", TermGroup.DETECTOR, f"{detector.dead_time_kind}, all detectors alike"
        ),
        pulses=pulses,
        sent_hz=pulses.probabilities * (source.pulse_rate_hz / detector.count),
        source=source,
        receiver=receiver,
    )


def receiver_terms(
    reception: Reception, track: Track, before: Sequence[Term], light_noise_hz: ArrayLike
) -> tuple[Term, ...]:
    """Optics, gate, detectors and dead time of a receiver along a track.

    Parameters
    ----------
    reception : of `prepare_reception`
    track : for the number of samples
    before : the terms of the link up to the receiver
    light_noise_hz : ungated background clicks of all detectors
    """
    optics, gate, efficiency = (
        label.term(steady_loss_db(loss_db, track))
        for label, loss_db in (
            (OPTICS, reception.optics_db),
            (GATE, reception.gate_db),
            (EFFICIENCY, reception.efficiency_db),
        )
    )
    ungated_db = summed_db([*before, optics, efficiency])
    live = live_share(reception, np.exp(ungated_db * -NEPERS_PER_DB), light_noise_hz)
    return optics, gate, efficiency, reception.dead_time.term(loss_db_of(live))


def live_share(
    reception: Reception, ungated_efficiency: Floats, light_noise_hz: ArrayLike
) -> Floats:
    """Share of the clicks that detectors do not miss while they recover, shape (n,).

    The detectors are taken to share the light evenly. With a strongly biased passive basis choice
    those of the key basis carry up to twice the mean; the loss is far below 0.01 dB either way.

    Parameters
    ----------
    reception : of `prepare_reception`
    ungated_efficiency : from a photon to a click, whether in a gate or not, shape (n,)
    light_noise_hz : ungated background clicks of all detectors
    """
    detector = reception.receiver.detector
    rate_hz = reception.sent_hz @ reception.pulses.clicking(ungated_efficiency)
    rate_hz += np.divide(light_noise_hz, detector.count)
    rate_hz += detector.dark_count_rate_hz
    if detector.dead_time_kind is DeadTime.NON_PARALYSABLE:
        return live_fraction(rate_hz, detector.dead_time_s)
    counted_hz = counted_rate_hz(rate_hz, detector.dead_time_s, detector.dead_time_kind)
    # A detector that nothing reaches misses nothing.
    return np.divide(counted_hz, rate_hz, out=np.ones_like(rate_hz), where=rate_hz > 0.0)
