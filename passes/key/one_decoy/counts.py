"""Expected counts of a block with two intensities; the model is `passes.key.click_model`."""

from numpy.typing import ArrayLike

from passes.counts.moments import Moments
from passes.key.click_model import Settings, sifted_from_moments, sifted_from_slots
from passes.key.one_decoy.proof import OneDecoyCounts, OneDecoySource, check_one_decoy_source
from passes.key.validity import check_fraction


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
    settings = _settings(source, receiver_key_basis_probability, afterpulse_probability)
    (key, test), (key_errors, test_errors) = sifted_from_moments(moments, settings)
    return OneDecoyCounts(key, test, key_errors, test_errors)


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
    settings = _settings(source, receiver_key_basis_probability, afterpulse_probability)
    detections, errors = sifted_from_slots(efficiency, pulses, noise_key, noise_test, settings)
    (key, test), (key_errors, test_errors) = detections.sum(axis=2), errors.sum(axis=2)
    return OneDecoyCounts(key, test, key_errors, test_errors)


def _settings(source: OneDecoySource, receiver_key_basis: float, afterpulse: float) -> Settings:
    check_one_decoy_source(source)
    check_fraction("receiver_key_basis_probability", receiver_key_basis)
    check_fraction("afterpulse_probability", afterpulse)
    return Settings(
        source.intensities,
        source.probabilities,
        (source.key_basis_probability, receiver_key_basis),
        afterpulse,
        source.intrinsic_qber,
    )
