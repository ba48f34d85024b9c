"""Expected one-decoy counts from moments, with the click model of `passes.key.decoy.counts`."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.moments import Moments, checked_slots, noise_sum, signal_sum
from passes.key.one_decoy.proof import OneDecoyCounts, OneDecoySource, check_one_decoy_source
from passes.key.validity import check_fraction

Floats = NDArray[np.float64]


def one_decoy_counts_from_moments(
    moments: Moments,
    source: OneDecoySource,
    receiver_key_basis_probability: float,
    afterpulse_probability: float,
) -> OneDecoyCounts:
    """Expected counts of the block that `moments` describes.

    Parameters
    ----------
    moments : of a pass, of a part of it, or of many passes added
    source : intensities, their probabilities, basis choice, intrinsic error
    receiver_key_basis_probability : share of photons measured in the key basis, in [0, 1]
    afterpulse_probability : per click, in [0, 1]

    Raises
    ------
    ValueError : where an intensity times the largest efficiency is too large for the moments
    KeyLengthError : names the setting that is out of range
    """
    check_one_decoy_source(source)
    check_fraction("receiver_key_basis_probability", receiver_key_basis_probability)
    check_fraction("afterpulse_probability", afterpulse_probability)
    share = np.array(source.probabilities)
    signal = np.array([signal_sum(moments, mu) for mu in source.intensities])

    def basis(noise: Floats, both_chose_it: float) -> tuple[Floats, Floats]:
        empty = np.array([noise_sum(moments, noise, mu) for mu in source.intensities])
        clicks = (1.0 + afterpulse_probability) * (signal + 2.0 * empty)
        afterpulses = 0.5 * afterpulse_probability * clicks
        errors = float(noise[0]) + afterpulses + source.intrinsic_qber * signal
        return both_chose_it * share * clicks, both_chose_it * share * errors

    sender, receiver = source.key_basis_probability, receiver_key_basis_probability
    key, key_errors = basis(moments.noise_key, sender * receiver)
    test, test_errors = basis(moments.noise_test, (1.0 - sender) * (1.0 - receiver))
    return OneDecoyCounts(key=key, test=test, key_errors=key_errors, test_errors=test_errors)


def one_decoy_counts_from_slots(
    efficiency: ArrayLike,
    pulses: ArrayLike,
    noise_key: ArrayLike,
    noise_test: ArrayLike,
    source: OneDecoySource,
    receiver_key_basis_probability: float,
    afterpulse_probability: float,
) -> OneDecoyCounts:
    """Expected counts summed slot by slot, also for channels too bright for moments.

    Parameters
    ----------
    efficiency, pulses, noise_key, noise_test : as in `moments_from_slots`; shape (n,)
    source, receiver_key_basis_probability, afterpulse_probability : as above
    """
    check_one_decoy_source(source)
    check_fraction("receiver_key_basis_probability", receiver_key_basis_probability)
    check_fraction("afterpulse_probability", afterpulse_probability)
    eta, sent, *noises = checked_slots(efficiency, pulses, noise_key, noise_test)
    share = np.array(source.probabilities)[:, None]
    signal = -np.expm1(-np.array(source.intensities)[:, None] * eta)
    sender, receiver = source.key_basis_probability, receiver_key_basis_probability
    both = (sender * receiver, (1.0 - sender) * (1.0 - receiver))
    detections, errors = [], []
    for noise, both_chose_it in zip(noises, both, strict=True):
        clicks = (1.0 + afterpulse_probability) * (signal + 2.0 * noise * (1.0 - signal))
        wrong = noise + 0.5 * afterpulse_probability * clicks + source.intrinsic_qber * signal
        detections.append(both_chose_it * (share * clicks * sent).sum(axis=1))
        errors.append(both_chose_it * (share * wrong * sent).sum(axis=1))
    return OneDecoyCounts(detections[0], detections[1], errors[0], errors[1])
