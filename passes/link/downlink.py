"""Assembly of the loss budget of a satellite's downlink."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.beam import aperture_capture
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.extinction import slant_extinction_db
from passes.link.pointing import mean_pointing_transmittance
from passes.link.receiver import gate_fraction, live_fraction
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]

_EXTINCTION_SOURCE = {
    "rayleigh": "Bodhaine et al. 1999, station pressure",
    "ozone": "LOWTRAN7 table, station's ozone column",
    "water": "LOWTRAN7 table, station's water column",
    "mixed gases": "LOWTRAN7 table, station pressure",
    "aerosol": "optical depth at the station, Shettle & Fenn shape",
    "cirrus": "declared optical depth, grey",
}


def downlink_budget(
    track: Track,
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
    *,
    light_noise_hz: ArrayLike = 0.0,
) -> LinkBudget:
    """Loss of a downlink along a track, from the sender's photon number to a click in the gate.

    Parameters
    ----------
    track : samples with elevation in [0, pi/2]
    transmitter, receiver : a transmitter outside the receiver's filter is refused
    source : its pulses set gate loss and dead time
    atmosphere : the air at the station
    site_height_m : height of the station
    light_noise_hz : ungated background clicks of all detectors, which only lengthen the dead time

    Returns
    -------
    Budget whose terms add to the whole loss, each counted once. Scintillation has no term: it
    redistributes light in time and loses none on average.
    """
    _require_same_band(transmitter, receiver)
    terms = (
        *_beam_terms(track, transmitter, receiver),
        *_atmosphere_terms(track, transmitter, atmosphere, site_height_m),
        *_receiver_terms(track, source, receiver),
    )
    ungated = 10.0 ** (-np.sum([t.loss_db for t in terms if t.name != "gate"], axis=0) / 10.0)
    rate_hz = _rate_per_detector_hz(ungated, source, receiver, light_noise_hz)
    live = live_fraction(rate_hz, receiver.detector.dead_time_s)
    dead = Term(
        "dead time", _loss_db(live), TermGroup.DETECTOR, "non-paralysable, all detectors alike"
    )
    return LinkBudget((*terms, dead))


def _require_same_band(transmitter: Transmitter, receiver: Receiver) -> None:
    offset_m = abs(transmitter.wavelength_m - receiver.wavelength_m)
    # Half a picometre of room, so that a decimal wavelength at the edge is not lost to rounding.
    if offset_m > receiver.filter_bandwidth_m / 2.0 + 0.5e-12:
        raise LinkError(
            f"transmitter at {1e9 * transmitter.wavelength_m:g} nm is outside the receiver's "
            f"filter of {1e9 * receiver.wavelength_m:g} nm, "
            f"{1e9 * receiver.filter_bandwidth_m:g} nm wide"
        )


def _loss_db(transmittance: ArrayLike) -> Floats:
    """Transmittance as positive decibels; adding zero turns -0.0 into 0.0."""
    return np.asarray(-10.0 * np.log10(np.asarray(transmittance, dtype=np.float64)) + 0.0)


def _beam_terms(track: Track, transmitter: Transmitter, receiver: Receiver) -> tuple[Term, ...]:
    """What is lost between the two telescopes if the air were empty."""
    radius_m = transmitter.half_angle_rad * track.range_m
    full = aperture_capture(radius_m, receiver.aperture_m)
    blocked = aperture_capture(radius_m, receiver.aperture_m * receiver.obscuration)
    pointing = mean_pointing_transmittance(
        transmitter.half_angle_rad, transmitter.pointing_jitter_rad, transmitter.pointing_bias_rad
    )
    same = np.ones_like(track.range_m)
    return (
        Term(
            "geometric",
            _loss_db(full),
            TermGroup.GEOMETRY,
            f"Gaussian beam onto the aperture, {transmitter.beam}",
        ),
        Term(
            "obscuration",
            _loss_db((full - blocked) / full),
            TermGroup.GEOMETRY,
            "central obstruction of the receiver",
        ),
        Term(
            "pointing",
            _loss_db(pointing * same),
            TermGroup.POINTING,
            "mean over Gaussian jitter with bias",
            is_random=True,
        ),
        Term(
            "transmitter optics",
            _loss_db(transmitter.optics_efficiency * same),
            TermGroup.GEOMETRY,
            "declared efficiency",
        ),
    )


def _atmosphere_terms(
    track: Track, transmitter: Transmitter, atmosphere: Atmosphere, site_height_m: float
) -> tuple[Term, ...]:
    losses_db = slant_extinction_db(
        transmitter.wavelength_m, track.elevation_rad, atmosphere, site_height_m
    )
    return tuple(
        Term(name, loss_db, TermGroup.ATMOSPHERE, _EXTINCTION_SOURCE[name])
        for name, loss_db in losses_db.items()
    )


def _receiver_terms(track: Track, source: DecoySource, receiver: Receiver) -> tuple[Term, ...]:
    detector, same = receiver.detector, np.ones_like(track.range_m)
    in_gate = gate_fraction(
        detector.gate_s,
        source.pulse_fwhm_s,
        detector.jitter_fwhm_s,
        receiver.synchronisation_jitter_s,
    )
    return (
        Term(
            "receiver optics",
            _loss_db(receiver.optics_efficiency * same),
            TermGroup.RECEIVER,
            "declared efficiency of telescope, filter and back end",
        ),
        Term(
            "gate",
            _loss_db(in_gate * same),
            TermGroup.DETECTOR,
            "Gaussian pulse, detector jitter and synchronisation",
        ),
        Term(
            "detector efficiency",
            _loss_db(detector.efficiency * same),
            TermGroup.DETECTOR,
            "declared efficiency",
        ),
    )


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
    )
    light_hz = source.pulse_rate_hz * clicks + np.asarray(light_noise_hz, dtype=np.float64)
    return np.asarray(light_hz / receiver.detector.count + receiver.detector.dark_count_rate_hz)
