"""Expected counts per second along a track."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.noise import Noise, expected_noise, noise_probability_per_gate
from passes.counts.source import DecoySource, Pulses
from passes.link.budget import LinkBudget
from passes.link.terminals import Receiver

# Noise belongs to counts as much as the rates do.
__all__ = [
    "CountRates",
    "Noise",
    "expected_noise",
    "expected_rates",
    "noise_probability_per_gate",
    "rates_of",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountRates:
    """Expected rates per second along a track; arrays of shape (n,).

    Parameters
    ----------
    detected_hz : clicks in the gates, all intensities and bases, noise included
    signal_hz : of these, clicks from photons of the source
    noise_hz : of these, everything else in the gates
    sifted_hz : signal-intensity clicks where both sides chose the same basis (the published
        meaning of "sifted key" for Micius; decoys are not in it)
    qber : error rate of the sifted clicks; NaN where nothing clicks
    """

    detected_hz: Floats
    signal_hz: Floats
    noise_hz: Floats
    sifted_hz: Floats
    qber: Floats


def expected_rates(
    budget: LinkBudget, noise: Noise, source: DecoySource, receiver: Receiver
) -> CountRates:
    """Expected clicks per second along a pass.

    Parameters
    ----------
    budget : loss of the link, gate and detectors included
    noise : ungated rates, dead time not yet taken off
    source : intensities, probabilities, pulse rate, intrinsic error
    receiver : detectors and choice of basis

    Returns
    -------
    Rates by the detection model of the decoy proof, within the basis of the measurement:
    D = (1 + p_ap) [1 - (1 - 2p) E] with E = exp(-mu eta), errors p + p_ap D / 2 + q (1 - E).

    References
    ----------
    C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), channel model; with the afterpulse factor
    inside D.
    """
    gated = noise_probability_per_gate(noise.while_live(budget), receiver)
    return rates_of(budget.efficiency, gated, Pulses.of(source), source, receiver)


def rates_of(
    efficiency: Floats,
    noise_per_gate: tuple[Floats, Floats],
    pulses: Pulses,
    source: DecoySource,
    receiver: Receiver,
) -> CountRates:
    """Expected clicks per second of efficiency and noise that are known; see `expected_rates`.

    Parameters
    ----------
    efficiency : probability that one photon leads to a click, dead time included, shape (n,)
    noise_per_gate : of `noise_probability_per_gate`, dead time included
    pulses : of the source
    source, receiver : as for `expected_rates`
    """
    detector, afterpulse = receiver.detector, receiver.detector.afterpulse_probability
    noise_key, noise_test = noise_per_gate
    chosen_key, sent_key = detector.key_basis_probability, source.key_basis_probability
    both_key, both_test = chosen_key * sent_key, (1.0 - chosen_key) * (1.0 - sent_key)
    matched = both_key + both_test
    photons = pulses.clicking(efficiency)
    signal, of_signal = pulses.probabilities @ photons, photons[0]
    # Clicks are linear in the share of pulses whose photons click, and in the noise of the basis.
    detected = _with_noise(signal, _mixed(noise_key, noise_test, chosen_key))
    noise_matched = _mixed(noise_key, noise_test, both_key / matched if matched > 0.0 else 0.5)
    sifted = _with_noise(of_signal, noise_matched)
    sent_hz = source.pulse_rate_hz * (1.0 + afterpulse)
    signal_hz = signal * source.pulse_rate_hz
    detected_hz = detected * sent_hz
    wrong = of_signal * source.intrinsic_qber
    wrong += noise_matched
    # Where nothing clicks there is no error rate.
    with np.errstate(invalid="ignore"):
        wrong /= sifted
    wrong *= 1.0 / (1.0 + afterpulse)
    wrong += afterpulse / 2.0
    sifted *= sent_hz * source.probabilities[0] * matched
    return CountRates(detected_hz, signal_hz, detected_hz - signal_hz, sifted, wrong)


def _mixed(key: Floats, test: Floats, share: float) -> Floats:
    """Mean of what is seen in the key and in the test basis; often they are one array."""
    return key if key is test else share * key + (1.0 - share) * test


def _with_noise(photons: Floats, noise: Floats) -> Floats:
    """Share of gates with a click, of photons or of the noise of either detector."""
    clicks = 1.0 - photons
    clicks *= noise
    clicks *= 2.0
    clicks += photons
    return clicks
