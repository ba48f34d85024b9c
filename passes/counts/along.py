"""Budget, noise and counts of one link along many passes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.expected import CountRates, rates_of
from passes.counts.noise import Background, Noise, gated, noise_along, prepare_background
from passes.counts.source import DecoySource
from passes.link.budget import NEPERS_PER_DB, LinkBudget, Term, summed_db
from passes.link.downlink import Downlink, downlink_along, prepare_downlink
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedLink:
    """A satellite and a station with everything between them that no instant changes.

    Parameters
    ----------
    downlink, background : what budget and noise take from them
    source, receiver : what counts take from them
    """

    downlink: Downlink
    background: Background
    source: DecoySource
    receiver: Receiver


@dataclass(frozen=True, slots=True, eq=False)
class CountsAlong:
    """Loss, noise and expected counts of every sample of one track.

    Parameters
    ----------
    budget, noise, rates : as of `downlink_budget`, `expected_noise` and `expected_rates`
    efficiency : probability that one photon leads to a click, equal to that of the budget, (n,)
    noise_per_gate : of one detector in the key and in the test basis while detectors are live, as
        of `noise_probability_per_gate`, shape (n,) each
    """

    budget: LinkBudget
    noise: Noise
    rates: CountRates
    efficiency: Floats
    noise_per_gate: tuple[Floats, Floats]


def prepare_link(
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    site_height_m: float,
) -> PreparedLink:
    """Everything about a link that no instant changes, for `counts_along` of many passes.

    Arguments and refusals as for `passes.link.downlink.prepare_downlink` and
    `passes.counts.noise.prepare_background`. It takes as long as the counts of one pass, with a
    turbulence or a fibre that was not seen before 2 ms or 100 ms.
    """
    return PreparedLink(
        prepare_downlink(transmitter, source, receiver, atmosphere, site_height_m),
        prepare_background(transmitter, receiver, atmosphere),
        source,
        receiver,
    )


def counts_along(
    link: PreparedLink,
    track: Track,
    *,
    fitted_terms: Sequence[Term] = (),
    light_scale: float = 1.0,
) -> CountsAlong:
    """Loss, noise and counts of a prepared link along a track.

    The same as `expected_noise`, `downlink_budget` with the light of that noise and
    `expected_rates`, one after the other, but without the way through decibels and back. 0.1 ms
    and 0.1 us a sample; beyond some 5,000 samples at once the memory becomes the bottleneck.

    Parameters
    ----------
    fitted_terms : losses beyond the budget that measured counts have taught, samples of the track;
        the dead time is still that of the budget without them
    light_scale : light noise over that of the sky model, taught in the same way

    Raises
    ------
    LinkError
        As `passes.counts.noise.noise_along` and `passes.link.downlink.downlink_budget`.
    """
    noise = noise_along(link.background, track)
    if light_scale != 1.0:
        noise = noise.with_light(light_scale)
    light_hz = noise.light_hz
    along = downlink_along(link.downlink, track, light_hz)
    budget, efficiency = along.budget, along.efficiency
    if fitted_terms:
        budget = LinkBudget((*budget.terms, *fitted_terms))
        efficiency = efficiency * np.exp(summed_db(fitted_terms) * -NEPERS_PER_DB)
    open_s = along.live_share * link.receiver.detector.gate_s
    per_gate = gated(noise.dark_hz, light_hz, link.receiver, open_s)
    pulses = link.downlink.reception.pulses
    rates = rates_of(efficiency, per_gate, pulses, link.source, link.receiver)
    return CountsAlong(budget, noise, rates, efficiency, per_gate)
