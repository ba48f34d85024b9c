"""Expected decoy-state counts of a block, from its moments or slot by slot.

The click model is that of Lim et al., Phys. Rev. A 89, 022307 (2014), in the form of
SatQuMA (cnqo-qcomms/SatQuMA, Sidhu et al., arXiv:2109.01686). For a pulse of intensity mu_k in a
channel of efficiency eta, with noise probability p per gate and detector, afterpulse probability
p_ap and intrinsic error q:

    D_k = (1 + p_ap) [1 - (1 - 2p) exp(-mu_k eta)]              a click in either detector
    e_k = p + p_ap D_k / 2 + q [1 - exp(-mu_k eta)]             a wrong one

Lim's afterpulse error has D_k without the factor (1 + p_ap); the difference is p_ap squared.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.moments import Moments, checked_slots, noise_sum, signal_sum
from passes.counts.source import DecoySource
from passes.key.records import DecoyCounts
from passes.key.validity import check_fraction, check_source

Floats = NDArray[np.float64]


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
    _check(source, receiver_key_basis_probability, afterpulse_probability)
    share = np.array(source.probabilities)
    signal = np.array([signal_sum(moments, mu) for mu in source.intensities])

    def basis(noise: Floats) -> tuple[Floats, Floats]:
        empty = np.array([noise_sum(moments, noise, mu) for mu in source.intensities])
        clicks = (1.0 + afterpulse_probability) * (signal + 2.0 * empty)
        afterpulses = 0.5 * afterpulse_probability * clicks
        errors = float(noise[0]) + afterpulses + source.intrinsic_qber * signal
        return share * clicks, share * errors

    key, key_errors = basis(moments.noise_key)
    test, test_errors = basis(moments.noise_test)
    both_key, both_test = _sifting(source, receiver_key_basis_probability)
    return DecoyCounts(
        key=both_key * key,
        test=both_test * test,
        key_errors=both_key * float(key_errors.sum()),
        test_errors=both_test * test_errors,
    )


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
    _check(source, receiver_key_basis_probability, afterpulse_probability)
    eta, sent, noise_x, noise_z = checked_slots(efficiency, pulses, noise_key, noise_test)
    mu = np.array(source.intensities)[:, np.newaxis]
    share = np.array(source.probabilities)[:, np.newaxis]
    signal = -np.expm1(-mu * eta)

    def basis(noise: Floats) -> tuple[Floats, Floats]:
        clicks = (1.0 + afterpulse_probability) * (signal + 2.0 * noise * (1.0 - signal))
        afterpulses = 0.5 * afterpulse_probability * clicks
        errors = noise + afterpulses + source.intrinsic_qber * signal
        return share * clicks * sent, share * errors * sent

    key, key_errors = basis(noise_x)
    test, test_errors = basis(noise_z)
    if errors_by_detections:
        total = test.sum(axis=0)
        rate = np.divide(
            test_errors.sum(axis=0), total, out=np.zeros_like(total), where=total > 0.0
        )
        test_errors = test * rate
    both_key, both_test = _sifting(source, receiver_key_basis_probability)
    return DecoyCounts(
        key=both_key * key.sum(axis=1),
        test=both_test * test.sum(axis=1),
        key_errors=both_key * float(key_errors.sum()),
        test_errors=both_test * test_errors.sum(axis=1),
    )


def _check(source: DecoySource, receiver_key_basis: float, afterpulse: float) -> None:
    check_source(source)
    check_fraction("receiver_key_basis_probability", receiver_key_basis)
    check_fraction("afterpulse_probability", afterpulse)


def _sifting(source: DecoySource, receiver_key_basis: float) -> tuple[float, float]:
    """Shares of pulses for which both sides chose the key basis, and the test basis."""
    both_key = source.key_basis_probability * receiver_key_basis
    both_test = (1.0 - source.key_basis_probability) * (1.0 - receiver_key_basis)
    return both_key, both_test
