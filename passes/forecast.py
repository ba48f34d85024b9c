"""One pass from its track to light, counts and key."""

from dataclasses import dataclass

import numpy as np

from passes.counts.expected import (
    CountRates,
    Noise,
    expected_noise,
    expected_rates,
    noise_probability_per_gate,
)
from passes.counts.moments import Moments, moments_from_slots
from passes.counts.source import DecoySource
from passes.key.counts import decoy_counts_from_moments
from passes.key.decoy_bb84 import secret_key
from passes.key.records import KeyResult, SecurityParameters
from passes.link.budget import LinkBudget
from passes.link.downlink import downlink_budget
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track


@dataclass(frozen=True, slots=True)
class PassForecast:
    """What one pass is worth under a clear sky.

    Budget, noise and rates cover every second of the track; moments and key only the usable ones.
    """

    budget: LinkBudget
    noise: Noise
    rates: CountRates
    moments: Moments
    key: KeyResult


def forecast_pass(
    track: Track,
    *,
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
    security: SecurityParameters,
    proof: str,
) -> PassForecast:
    """Loss, noise, expected counts and secret key of the usable seconds of a track.

    The key is that of one block of exactly this pass and of its expected counts; under Poisson
    counts near the smallest pass that gives key the mean key is a little less.

    Raises
    ------
    LinkError
        a parameter that the pass needs is not given (a sunlit satellite of unknown brightness)
    KeyLengthError
        settings that no proof covers
    """
    noise = expected_noise(track, transmitter, receiver, atmosphere)
    budget = downlink_budget(
        track,
        transmitter,
        source,
        receiver,
        atmosphere,
        site_height_m,
        light_noise_hz=noise.light_hz,
    )
    noise_key, noise_test = noise_probability_per_gate(noise, receiver)
    use = track.is_usable
    moments = moments_from_slots(
        budget.efficiency[use],
        source.pulse_rate_hz * slot_s(track),
        noise_key[use],
        noise_test[use],
    )
    counts = decoy_counts_from_moments(
        moments,
        source,
        receiver.detector.key_basis_probability,
        receiver.detector.afterpulse_probability,
    )
    return PassForecast(
        budget=budget,
        noise=noise,
        rates=expected_rates(budget, noise, source, receiver),
        moments=moments,
        key=secret_key(counts, source, security, proof=proof),
    )


def slot_s(track: Track) -> float:
    """Length of one slot of a track [s]; a track of one slot counts as a second."""
    return float(np.median(np.diff(track.times_s))) if len(track.times_s) > 1 else 1.0
