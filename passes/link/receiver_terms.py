"""Loss terms of a receiver: optics, gate, detectors, dead time."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.budget import NEPERS_PER_DB, Term, TermGroup, summed_db
from passes.link.detection.dead_time import counted_rate_hz
from passes.link.detection.receiver import gate_fraction, live_fraction
from passes.link.terminals import DeadTime, Receiver
from passes.track import Track

Floats = NDArray[np.float64]


def loss_db_of(transmittance: ArrayLike) -> Floats:
    """Transmittance as positive decibels; adding zero turns -0.0 into 0.0."""
    return np.asarray(np.log(np.asarray(transmittance, dtype=np.float64)) / -NEPERS_PER_DB + 0.0)


def steady_loss_db(loss_db: float, track: Track) -> Floats:
    """Loss that is the same at every sample of a track [dB], shape (n,)."""
    losses_db = np.empty_like(track.range_m)
    losses_db.fill(loss_db)
    return losses_db


def receiver_terms(track: Track, source: DecoySource, receiver: Receiver) -> tuple[Term, ...]:
    """Optics, gate and detectors of a receiver along a track.

    Raises
    ------
    LinkError : the gates miss the pulses
    """
    optics_db, gate_db, efficiency_db = _steady_losses_db(source, receiver)
    return (
        Term(
            "receiver optics",
            steady_loss_db(optics_db, track),
            TermGroup.RECEIVER,
            "declared efficiency of telescope, filter and back end",
        ),
        Term(
            "gate",
            steady_loss_db(gate_db, track),
            TermGroup.DETECTOR,
            "Gaussian pulse, detector jitter and synchronisation",
        ),
        Term(
            "detector efficiency",
            steady_loss_db(efficiency_db, track),
            TermGroup.DETECTOR,
            "declared efficiency",
        ),
    )


# A pure function of frozen records: remembering it is no hidden state.
@lru_cache(maxsize=256)
def _steady_losses_db(source: DecoySource, receiver: Receiver) -> tuple[float, float, float]:
    """Loss of optics, gate and detector efficiency [dB]."""
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
    return (
        float(loss_db_of(receiver.optics_efficiency)),
        float(loss_db_of(in_gate)),
        float(loss_db_of(detector.efficiency)),
    )


def dead_time_term(
    terms: Sequence[Term], source: DecoySource, receiver: Receiver, light_noise_hz: ArrayLike
) -> Term:
    """What detectors miss while they recover, from everything else that the light loses.

    Parameters
    ----------
    terms : of the whole link; the gate is no part of the detectors' load
    source, receiver : what sends and what clicks
    light_noise_hz : ungated background clicks of all detectors
    """
    ungated_db = summed_db([term for term in terms if term.name != "gate"])
    rate_hz = _rate_per_detector_hz(
        np.exp(ungated_db * -NEPERS_PER_DB), source, receiver, light_noise_hz
    )
    detector = receiver.detector
    if detector.dead_time_kind is DeadTime.NON_PARALYSABLE:
        live = live_fraction(rate_hz, detector.dead_time_s)
    else:
        counted_hz = counted_rate_hz(rate_hz, detector.dead_time_s, detector.dead_time_kind)
        # A detector that nothing reaches misses nothing.
        live = np.divide(counted_hz, rate_hz, out=np.ones_like(rate_hz), where=rate_hz > 0.0)
    source_text = f"{detector.dead_time_kind}, all detectors alike"
    return Term("dead time", loss_db_of(live), TermGroup.DETECTOR, source_text)


def _rate_per_detector_hz(
    efficiency: Floats, source: DecoySource, receiver: Receiver, light_noise_hz: ArrayLike
) -> Floats:
    """Clicks that one detector would count without dead time, inside the gates and outside.

    The detectors are taken to share the light evenly. With a strongly biased passive basis choice
    those of the key basis carry up to twice the mean; the term is far below 0.01 dB either way.
    """
    clicks = sum(
        probability * -np.expm1(-intensity * efficiency)
        for probability, intensity in zip(source.probabilities, source.intensities, strict=True)
        if intensity > 0.0
    )
    light_hz = source.pulse_rate_hz * clicks + np.asarray(light_noise_hz, dtype=np.float64)
    return np.asarray(light_hz / receiver.detector.count + receiver.detector.dark_count_rate_hz)
