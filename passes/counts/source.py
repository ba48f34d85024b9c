"""The pulsed decoy-state source on the satellite (or in a fibre terminal)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecoySource:
    """A three-intensity weak-coherent-pulse source for decoy-state BB84.

    Parameters
    ----------
    pulse_rate_hz : pulses per second
    intensities : mean photon numbers (signal, decoy, vacuum), where the channel efficiency starts
    probabilities : of the three intensities, summing to 1
    key_basis_probability : share of pulses that the sender prepares in the key basis
    pulse_fwhm_s : duration of one pulse
    intrinsic_qber : error probability of a signal photon (polarisation contrast, alignment)
    """

    pulse_rate_hz: float
    intensities: tuple[float, float, float]
    probabilities: tuple[float, float, float]
    key_basis_probability: float
    pulse_fwhm_s: float
    intrinsic_qber: float


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """The pulses of a source as arrays: signal first, others only if they hold light.

    Parameters
    ----------
    minus_intensities : mean photon numbers with a minus, shape (k, 1)
    probabilities : shape (k,)
    """

    minus_intensities: Floats
    probabilities: Floats

    @classmethod
    def of(cls, source: DecoySource) -> "Pulses":
        """Those of a source."""
        pairs = list(zip(source.intensities, source.probabilities, strict=True))
        kept = np.array([pairs[0], *(pair for pair in pairs[1:] if pair[0] > 0.0)])
        return cls(-kept[:, :1], kept[:, 1].copy())

    def clicking(self, efficiency: Floats) -> Floats:
        """Share of the pulses of each intensity of which a photon clicks, shape (k, n)."""
        clicks = self.minus_intensities * efficiency
        np.expm1(clicks, clicks)
        return np.negative(clicks, clicks)


def sifted_fraction(source: DecoySource, receiver_key_basis_probability: float) -> float:
    """Sifted over detected clicks of a lossy link without noise, as published for Micius.

    Only signal states with matching bases are sifted; decoys, though detected, are not. For a mean
    photon number at the receiver far below 1 the share is p_s mu_s / sum(p mu) times the
    probability that the bases match: 0.4706 for 0.8/0.1/0 at 50/25/25 % and unbiased bases
    (Liao et al., Nature 549, 43 (2017): 1,671,072 of 3,551,136).

    Parameters
    ----------
    source : intensities and probabilities
    receiver_key_basis_probability : share of photons measured in the key basis
    """
    weights = [p * mu for p, mu in zip(source.probabilities, source.intensities, strict=True)]
    both_key = source.key_basis_probability * receiver_key_basis_probability
    both_test = (1.0 - source.key_basis_probability) * (1.0 - receiver_key_basis_probability)
    return weights[0] / sum(weights) * (both_key + both_test)
