"""One pass from its track to light, counts and key."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.along import PreparedLink, counts_along, prepare_link
from passes.counts.expected import CountRates
from passes.counts.moments import (
    Moments,
    moments_from_slots,
    pointing_fading,
    scintillation_fading,
)
from passes.counts.noise import Noise
from passes.counts.source import DecoySource
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.records import KeyResult, SecurityParameters
from passes.link.air.extinction import DB_PER_NEPER
from passes.link.budget import LinkBudget, Term
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PassForecast:
    """What one pass is worth under a clear sky.

    Budget, noise and rates cover every second of the track; moments and key only the usable ones.
    Rates are those of the mean efficiency of a second; moments know that it fluctuates within: at
    30 dB that is less by a thousandth of a percent.
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

    For many passes of one link `passes.counts.along.prepare_link` once and `forecast_along` each.

    Parameters
    ----------
    track, transmitter, source, receiver, atmosphere, site_height_m, security, proof : of the link

    Raises
    ------
    LinkError
        As `passes.counts.along.prepare_link` and `forecast_along`.
    KeyLengthError
        settings that no proof covers
    """
    link = prepare_link(transmitter, source, receiver, atmosphere, site_height_m)
    return forecast_along(link, track, security=security, proof=proof)


def forecast_along(
    link: PreparedLink,
    track: Track,
    *,
    security: SecurityParameters,
    proof: str,
    fitted_terms: Sequence[Term] = (),
    light_scale: float = 1.0,
) -> PassForecast:
    """Loss, noise, expected counts and secret key of a prepared link's usable seconds.

    The key is that of one block of exactly this pass and of its expected counts; under Poisson
    counts near the smallest pass that gives key the mean key is a little less.

    Parameters
    ----------
    link, track, security, proof : of the link
    fitted_terms, light_scale : what measured counts have taught, as for
        `passes.counts.along.counts_along`

    Raises
    ------
    LinkError
        a parameter that the pass needs is not given (a sunlit satellite of unknown brightness)
    KeyLengthError
        settings that no proof covers
    """
    along = counts_along(link, track, fitted_terms=fitted_terms, light_scale=light_scale)
    source, detector, use = link.source, link.receiver.detector, track.is_usable
    noise_key, noise_test = along.noise_per_gate
    moments = moments_from_slots(
        along.efficiency[use],
        source.pulse_rate_hz * slot_s(track),
        noise_key[use],
        noise_test[use],
        fading=fading_moments(along.budget, link.background.transmitter)[..., use],
    )
    counts = decoy_counts_from_moments(
        moments, source, detector.key_basis_probability, detector.afterpulse_probability
    )
    return PassForecast(
        budget=along.budget,
        noise=along.noise,
        rates=along.rates,
        moments=moments,
        key=secret_key(counts, source, security, proof=proof),
    )


def fading_moments(budget: LinkBudget, transmitter: Transmitter) -> Floats:
    """E[h^j] of what fluctuates within a slot about its mean, for `moments_from_slots`.

    Parameters
    ----------
    budget : its scintillation, if it has one, fluctuates log-normally with the term's spread
    transmitter : its pointing jitter trembles the beam, about a bias

    Returns
    -------
    Moments of the product of both, j = 0..ORDER-1, shape (ORDER, n). Fibre coupling fluctuates,
    too, but by how much is not known: it counts as its mean.
    """
    return fading_of(*fading_parts(budget, transmitter), budget.total_db.size)


def fading_parts(budget: LinkBudget, transmitter: Transmitter) -> tuple[Floats, Floats | None]:
    """What `fading_moments` is the product of, in few numbers.

    Returns
    -------
    pointing : E[h^j] of the trembling beam, shape (ORDER,)
    scintillation : variance of the logarithm of the irradiance, shape (n,); None without one
    """
    pointing = pointing_fading(
        transmitter.half_angle_rad,
        transmitter.pointing_jitter_rad,
        transmitter.pointing_bias_rad,
    )
    spread_db = budget.spread_of("scintillation")
    return pointing, None if spread_db is None else (spread_db / DB_PER_NEPER) ** 2


def fading_of(pointing: Floats, scintillation: Floats | None, slots: int) -> Floats:
    """Moments of the product of both parts of `fading_parts`, shape (ORDER, slots)."""
    if scintillation is None:
        return np.repeat(pointing[:, None], slots, axis=1)
    return np.asarray(pointing[:, None] * scintillation_fading(scintillation))


def slot_s(track: Track) -> float:
    """Length of one slot of a track [s]; a track of one slot counts as a second."""
    return float(np.median(np.diff(track.times_s))) if len(track.times_s) > 1 else 1.0
