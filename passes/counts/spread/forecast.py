"""Counts of a pass with their uncertainty, from what is not known of the link."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from passes.counts.expected import rates_of
from passes.counts.noise import Noise, noise_probability_per_gate
from passes.counts.source import DecoySource, Pulses
from passes.counts.spread.classes import AirmassClasses, airmass_classes
from passes.counts.spread.draws import Draws, Link, draw_values, drawn_pass, unknown_parameters
from passes.counts.spread.priors import Priors
from passes.link.budget import LinkBudget
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]

DRAWS = 2_000
# Strata of the prior of one parameter when it is the only one that varies.
STRATA = 400


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The values that 10, 50 and 90 % of the draws stay below."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one parameter alone does to the signal counts of a pass.

    Parameters
    ----------
    parameter : its name in the priors
    std_db : standard deviation of the signal counts with all others at their medians [dB]
    share : of the sum of the variances, in [0, 1]
    """

    parameter: str
    std_db: float
    share: float


@dataclass(frozen=True, slots=True)
class CountForecast:
    """Counts of one clear pass under what is not known of it.

    Parameters
    ----------
    detected, signal, noise, sifted : counts of the usable seconds, with the meaning of
        `passes.counts.expected.CountRates`
    qber : of the sifted counts
    efficiency_scale : mean efficiency of each draw over that of the budget, shape (n,)
    std_db : standard deviation of the signal counts [dB]; 0 where no light gets through
    contributions : largest first
    draws : the draws themselves, for moments and key
    """

    detected: Quantiles
    signal: Quantiles
    noise: Quantiles
    sifted: Quantiles
    qber: Quantiles
    efficiency_scale: Floats
    std_db: float
    contributions: tuple[Contribution, ...]
    draws: Draws


def forecast_counts(
    track: Track,
    budget: LinkBudget,
    noise: Noise,
    *,
    transmitter: Transmitter,
    source: DecoySource,
    receiver: Receiver,
    atmosphere: Atmosphere,
    priors: Priors,
    slot_s: float,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> CountForecast:
    """P10, P50 and P90 of the counts of a pass from draws over its parameters.

    Only parameters are drawn, no seconds: each term of the budget follows its parameter in closed
    form, for a few classes of airmass.

    Parameters
    ----------
    track, budget, noise : of the same samples; the budget made from the four records that follow
    priors : what may differ from them
    slot_s : length of one sample
    generator : the same state gives the same forecast
    draws : 2..1e6

    Returns
    -------
    Quantiles of expected counts: Poisson noise, below 1 % of a pass worth having, is not in them,
    nor is the fading within a pass. With 2,000 draws a quantile is good to 0.05 dB.

    Raises
    ------
    LinkError : no second is usable, or the number of draws is out of range
    """
    classes = airmass_classes(track, budget, noise, slot_s=slot_s)
    link = Link(transmitter, source, receiver, atmosphere)
    drawn = drawn_pass(draw_values(priors, generator, draws), classes, link)
    counts = _counts(drawn, source, receiver)
    return CountForecast(
        **{name: quantiles(values) for name, values in counts.items()},
        efficiency_scale=_scale(drawn, classes),
        std_db=_std_db(counts["signal"]),
        contributions=contributions(priors, classes, link),
        draws=drawn,
    )


def _scale(drawn: Draws, classes: AirmassClasses) -> Floats:
    """Mean efficiency of each draw over that of the budget; 1 where none of it gets through."""
    declared = float(classes.efficiency @ classes.seconds)
    if declared == 0.0:
        return np.ones(len(drawn.efficiency))
    return np.asarray(drawn.efficiency @ classes.seconds / declared)


def _std_db(signal: Floats) -> float:
    """Standard deviation of signals [dB]; 0 where in some draw there is none, as through fog."""
    return float(np.std(10.0 * np.log10(signal))) if np.all(signal > 0.0) else 0.0


def contributions(priors: Priors, classes: AirmassClasses, link: Link) -> tuple[Contribution, ...]:
    """What each parameter alone does to the signal of a pass, the largest first.

    The others stay at their medians. Signal is taken as proportional to the efficiency, which
    below a click in a hundred pulses is good to 1 %. Parameters of noise and errors alone move no
    signal; they are listed with 0.
    """
    unknown = unknown_parameters(priors)
    medians = {name: prior.at(np.zeros(1)) for name, prior in unknown.items()}
    strata = ndtri((np.arange(STRATA) + 0.5) / STRATA)
    std_db = {}
    for name, prior in unknown.items():
        drawn = drawn_pass({**medians, name: prior.at(strata)}, classes, link)
        std_db[name] = _std_db(drawn.efficiency @ classes.seconds)
    total = sum(std**2 for std in std_db.values())
    listed = [
        Contribution(name, std, std**2 / total if total > 0.0 else 0.0)
        for name, std in std_db.items()
    ]
    return tuple(sorted(listed, key=lambda item: -item.std_db))


def _counts(drawn: Draws, source: DecoySource, receiver: Receiver) -> dict[str, Floats]:
    """Counts of the pass in every draw by name, and the QBER; each of shape (n,)."""
    # Errors are linear in the error probability of a photon, which differs between draws: without
    # it first, then with what it adds.
    faultless = replace(source, intrinsic_qber=0.0)
    per_gate = noise_probability_per_gate(drawn.noise(), receiver)
    efficiency = drawn.efficiency.ravel()
    rates = rates_of(efficiency, per_gate, Pulses.of(source), faultless, receiver)

    def summed(rate_hz: Floats) -> Floats:
        return np.asarray(rate_hz.reshape(drawn.efficiency.shape) @ drawn.seconds)

    sifted = summed(rates.sifted_hz)
    photons = summed(_sifted_photons_hz(drawn.efficiency, source, receiver))
    errors = summed(rates.sifted_hz * rates.qber) + drawn.values["intrinsic_qber"] * photons
    return {
        "detected": summed(rates.detected_hz),
        "signal": summed(rates.signal_hz),
        "noise": summed(rates.noise_hz),
        "sifted": sifted,
        "qber": errors / sifted,
    }


def _sifted_photons_hz(efficiency: Floats, source: DecoySource, receiver: Receiver) -> Floats:
    """Signal-intensity clicks of photons measured in the basis in which they were sent."""
    sent, chosen = source.key_basis_probability, receiver.detector.key_basis_probability
    matched = sent * chosen + (1.0 - sent) * (1.0 - chosen)
    clicks = -np.expm1(-source.intensities[0] * efficiency)
    return np.asarray(source.pulse_rate_hz * source.probabilities[0] * matched * clicks)


def quantiles(values: Floats) -> Quantiles:
    """P10, P50 and P90 of draws of shape (n,), linear between them."""
    p10, p50, p90 = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    return Quantiles(p10, p50, p90)
