"""Expected sifted clicks and errors by intensity, for any number of intensities.

The model is that of Lim et al., Phys. Rev. A 89, 022307 (2014), in the form of SatQuMA
(cnqo-qcomms/SatQuMA, Sidhu et al., arXiv:2109.01686). For a pulse of intensity mu_k in a channel of
efficiency eta, with noise probability p per gate and detector, afterpulse probability p_ap and
intrinsic error q:

    D_k = (1 + p_ap) [1 - (1 - 2p) exp(-mu_k eta)]              a click in either detector
    e_k = p + p_ap D_k / 2 + q [1 - exp(-mu_k eta)]             a wrong one

Lim's afterpulse error has D_k without the factor (1 + p_ap); the difference is p_ap squared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.moments import Moments, checked_slots, noise_sum, signal_sum

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides which clicks are sifted, and how many of them are wrong.

    Parameters
    ----------
    intensities, probabilities : of the source, k of them
    key_basis : probability of the key basis, sender and receiver
    afterpulse_probability : per click
    intrinsic_qber : error probability of a signal photon
    """

    intensities: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis: tuple[float, float]
    afterpulse_probability: float
    intrinsic_qber: float

    def sifted(self, clicked: Floats, empty: Floats, noise: Floats) -> tuple[Floats, Floats]:
        """Detections and errors in the key and the test basis, shapes (2, k, ...).

        Parameters
        ----------
        clicked : pulses that click by light, shape (k, ...)
        empty : noise in pulses that do not, by basis, shape (2, k, ...)
        noise : noise in all pulses, by basis, shape (2, 1, ...)
        """
        sender, receiver = self.key_basis
        both = np.array([sender * receiver, (1.0 - sender) * (1.0 - receiver)])
        share = np.multiply.outer(both, np.array(self.probabilities))
        share = share.reshape(share.shape + (1,) * (clicked.ndim - 1))
        clicks = (1.0 + self.afterpulse_probability) * (clicked + 2.0 * empty)
        errors = noise + 0.5 * self.afterpulse_probability * clicks + self.intrinsic_qber * clicked
        return share * clicks, share * errors


def sifted_from_moments(moments: Moments, settings: Settings) -> tuple[Floats, Floats]:
    """Detections and errors of a block, shapes (2, k); ValueError where moments do not suffice."""
    noises = (moments.noise_key, moments.noise_test)
    clicked = np.array([signal_sum(moments, mu) for mu in settings.intensities])
    empty = np.array(
        [[noise_sum(moments, noise, mu) for mu in settings.intensities] for noise in noises]
    )
    return settings.sifted(clicked, empty, np.array([[noise[0]] for noise in noises]))


def sifted_from_slots(
    efficiency: ArrayLike,
    pulses: ArrayLike,
    noise_key: ArrayLike,
    noise_test: ArrayLike,
    settings: Settings,
) -> tuple[Floats, Floats]:
    """Detections and errors slot by slot, shapes (2, k, n); arguments of `moments_from_slots`."""
    eta, sent, *noises = checked_slots(efficiency, pulses, noise_key, noise_test)
    clicked = -np.expm1(-np.array(settings.intensities)[:, None] * eta)
    noise = np.stack(noises)[:, None]
    detections, errors = settings.sifted(clicked, noise * (1.0 - clicked), noise)
    return detections * sent, errors * sent
