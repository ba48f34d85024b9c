"""Expected counts of a block with three intensities, from its moments or slot by slot.

The click model is that of `passes.key.click_model`.
"""

import numpy as np
from numpy.typing import ArrayLike

from passes.counts.moments import Moments
from passes.counts.source import DecoySource
from passes.key.click_model import Settings, sifted_from_moments, sifted_from_slots
from passes.key.records import DecoyCounts
from passes.key.validity import check_fraction, check_source


def decoy_counts_from_moments(
    moments: Moments,
    source: DecoySource,
    receiver_key_basis_probability: float,
    afterpulse_probability: float,
) -> DecoyCounts:
    """Expected counts of the block that `moments` describes.

    Parameters
    ----------
    moments : of a pass, of a part of it, or of many passes added
    source : intensities, their probabilities, basis choice, intrinsic error
    receiver_key_basis_probability : share of photons measured in the key basis, in [0, 1]
    afterpulse_probability : per click, in [0, 1]

    Notes
    -----
    Counts equal those of `decoy_counts_from_slots` to 1e-12. SatQuMA shares out each slot's test
    errors by detections, which moments cannot express: in the mode `satquma` the key is the same
    where the bound v_Z1 <= m_Z is active, and differs by -0.3 % to +0.7 % in its other fixed cases.

    Raises
    ------
    ValueError : where an intensity times the largest efficiency is too large for the moments
    KeyLengthError : names the setting that is out of range
    """
    settings = _settings(source, receiver_key_basis_probability, afterpulse_probability)
    (key, test), (key_errors, test_errors) = sifted_from_moments(moments, settings)
    return DecoyCounts(key, test, float(key_errors.sum()), test_errors)


def decoy_counts_from_slots(
    efficiency: ArrayLike,
    pulses: ArrayLike,
    noise_key: ArrayLike,
    noise_test: ArrayLike,
    source: DecoySource,
    receiver_key_basis_probability: float,
    afterpulse_probability: float,
    *,
    errors_by_detections: bool = False,
) -> DecoyCounts:
    """Expected counts summed slot by slot, exact for every efficiency.

    Parameters
    ----------
    efficiency, pulses, noise_key, noise_test : as in `moments_from_slots`; shape (n,)
    source, receiver_key_basis_probability, afterpulse_probability : as in
        `decoy_counts_from_moments`
    errors_by_detections : share the test errors of a slot out over the intensities by detections,
        m_Z,k = sum_t P_k D_kt (sum_j P_j e_jt) / (sum_j P_j D_jt), as SatQuMA does, instead of
        P_k sum_t e_kt as in Lim et al.; no source behaves so
    """
    settings = _settings(source, receiver_key_basis_probability, afterpulse_probability)
    (key, test), (key_errors, test_errors) = sifted_from_slots(
        efficiency, pulses, noise_key, noise_test, settings
    )
    if errors_by_detections:
        total = test.sum(axis=0)
        rate = np.divide(
            test_errors.sum(axis=0), total, out=np.zeros_like(total), where=total > 0.0
        )
        test_errors = test * rate
    return DecoyCounts(
        key=key.sum(axis=1),
        test=test.sum(axis=1),
        key_errors=float(key_errors.sum()),
        test_errors=test_errors.sum(axis=1),
    )


def _settings(source: DecoySource, receiver_key_basis: float, afterpulse: float) -> Settings:
    check_source(source)
    check_fraction("receiver_key_basis_probability", receiver_key_basis)
    check_fraction("afterpulse_probability", afterpulse)
    return Settings(
        source.intensities,
        source.probabilities,
        (source.key_basis_probability, receiver_key_basis),
        afterpulse,
        source.intrinsic_qber,
    )
