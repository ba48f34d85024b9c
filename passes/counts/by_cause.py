"""Clicks and errors along a pass, split by what causes them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.noise import Noise, noise_probability_per_gate
from passes.counts.source import DecoySource
from passes.link.budget import LinkBudget
from passes.link.terminals import BasisChoice, Receiver

Floats = NDArray[np.float64]

LIGHT_CAUSES = ("sky", "city", "twilight", "moon", "satellite")


@dataclass(frozen=True, slots=True)
class RatesByCause:
    """Expected rates per second along a track, each click and each error with one cause.

    Parameters
    ----------
    clicks_hz : clicks in the gates, all intensities and bases, by cause: "signal", "background"
        (light that is not the source's), "dark", "afterpulse"; each of shape (n,)
    sifted_hz : clicks where both sides chose the same basis, by basis (key, test) of both and by
        intensity (signal, decoy, vacuum); shape (2, 3, n)
    errors_hz : of these, the wrong ones; same shape
    qber_by_cause : error rate of the sifted signal-intensity clicks by cause: "optical" (source,
        alignment), "dark", "sky", "city", "twilight", "moon", "satellite", "afterpulse"; each of
        shape (n,). They add up to `qber` of `passes.counts.expected.CountRates`.
    """

    clicks_hz: dict[str, Floats]
    sifted_hz: Floats
    errors_hz: Floats
    qber_by_cause: dict[str, Floats]


def rates_by_cause(
    budget: LinkBudget, noise: Noise, source: DecoySource, receiver: Receiver
) -> RatesByCause:
    """Split the expected clicks and errors of a pass.

    Parameters
    ----------
    budget, noise : along the same track, shape (n,)
    source, receiver : as for `passes.counts.expected.expected_rates`

    Returns
    -------
    Rates of the detection model of `expected_rates`. A gate in which a photon and noise click at
    once counts as signal. Where several kinds of noise meet in a gate, which at night is one gate
    in 10^12, the click is divided among them in proportion to their rates.
    """
    detector = receiver.detector
    afterpulse = detector.afterpulse_probability
    noise = noise.while_live(budget)
    noise_click = np.stack(noise_probability_per_gate(noise, receiver))[:, None, :]
    shares = _noise_shares(noise, receiver)
    # Axes below: basis of the receiver, intensity, time.
    photons = -np.expm1(-np.multiply.outer(np.array(source.intensities), budget.efficiency))
    by_noise = 2.0 * noise_click * (1.0 - photons)
    clicks = (1.0 + afterpulse) * (photons + by_noise)
    probabilities = np.array(source.probabilities)
    chosen = np.array([detector.key_basis_probability, 1.0 - detector.key_basis_probability])
    sent = np.array([source.key_basis_probability, 1.0 - source.key_basis_probability])
    sent_hz = source.pulse_rate_hz * probabilities

    def all_hz(per_gate: Floats) -> Floats:
        return np.asarray(np.einsum("b,k,bkt->t", chosen, sent_hz, per_gate))

    # One after the other: each cause of a wrong click in a gate, by its name.
    wrong = {"optical": source.intrinsic_qber * photons + np.zeros_like(clicks)}
    wrong |= {name: share[:, None, :] * noise_click for name, share in shares.items()}
    wrong["afterpulse"] = afterpulse * clicks / 2.0
    matched = np.multiply.outer(chosen * sent, sent_hz)[:, :, None]
    signal = np.einsum("b,bt->t", chosen * sent, clicks[:, 0, :])
    return RatesByCause(
        clicks_hz={
            "signal": all_hz(np.broadcast_to(photons, clicks.shape)),
            "background": all_hz((1.0 - shares["dark"])[:, None, :] * by_noise),
            "dark": all_hz(shares["dark"][:, None, :] * by_noise),
            "afterpulse": all_hz(afterpulse * (photons + by_noise)),
        },
        sifted_hz=matched * clicks,
        errors_hz=matched * np.sum([np.broadcast_to(w, clicks.shape) for w in wrong.values()], 0),
        qber_by_cause={
            name: np.asarray(
                np.einsum("b,bt->t", chosen * sent, np.broadcast_to(each, clicks.shape)[:, 0, :])
                / signal
            )
            for name, each in wrong.items()
        },
    )


def _noise_shares(noise: Noise, receiver: Receiver) -> dict[str, Floats]:
    """Share of each cause in the noise of a gate of the key and the test basis, shape (2, n).

    Behind a beam splitter dark counts weigh 1 / P on a basis of probability P, light does not.
    """
    detector = receiver.detector
    dark_weight = np.ones(2)
    if detector.basis_choice is BasisChoice.PASSIVE:
        key = detector.key_basis_probability
        dark_weight = 0.5 / np.array([key, 1.0 - key])
    rates = {"dark": np.multiply.outer(dark_weight, noise.dark_hz)}
    rates |= {
        name: np.broadcast_to(getattr(noise, f"{name}_hz"), rates["dark"].shape)
        for name in LIGHT_CAUSES
    }
    total = sum(rates.values())
    # Without any noise nothing is to be shared.
    at_least = np.where(total > 0.0, total, 1.0)
    return {name: rate / at_least for name, rate in rates.items()}
