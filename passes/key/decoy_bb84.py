"""Secret key length of BB84 with three intensities: counts in, key and its audit out.

The printed bound on the phase error is not conservative where the test sample is small; see
`passes.key.bounds.phase_error_rate`. The mode `satquma` reproduces a published program bit by
bit, and keeps this property.
"""

import math

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.asymptotic import asymptotic_key_bits
from passes.key.bounds import (
    phase_error_rate,
    scaled_limits,
    single_photon_detections,
    single_photon_errors,
    vacuum_detections,
)
from passes.key.entropy import binary_entropy
from passes.key.epsilon import lim_2014_budget
from passes.key.error_correction import disclosed_bits
from passes.key.records import (
    CountBound,
    DecoyCounts,
    ErrorCorrection,
    KeyResult,
    Proof,
    SecurityParameters,
)
from passes.key.validity import check_counts, check_security, check_source


def secret_key(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    *,
    proof: Proof | str = Proof.SATQUMA,
    count_bound: CountBound = CountBound.CHERNOFF,
) -> KeyResult:
    """Secret key length of one block.

    Parameters
    ----------
    counts : detections and errors of the block, expected or measured
    source : intensities and their probabilities, which the decoy method has to know
    security : promises and the cost of error correction
    proof : the only mode so far is `satquma`
    count_bound : statistics of the counts; ASYMPTOTIC drops every finite-size term

    Returns
    -------
    The length and every bound that led to it. Without detections the key is zero and the error
    rates are 0.5, the value that promises nothing; without test errors so is the phase error.

    Raises
    ------
    KeyLengthError : names the setting or count that is out of range

    Notes
    -----
    Lim et al., Phys. Rev. A 89, 022307 (2014), eqs. (1) to (5), with the counting statistics of
    Yin et al., Sci. Rep. 10, 14312 (2020), as coded in SatQuMA (cnqo-qcomms/SatQuMA, f2b9229,
    2025-06-20; Sidhu et al., arXiv:2109.01686). All its fixed reference cases agree to 1e-9.
    For counts that no source can produce, bounds above all detections are cut to them, where the
    program would promise more key than there are bits.
    """
    _require_known(proof)
    check_source(source)
    check_security(security)
    check_counts(counts)
    return _satquma(counts, source, security, count_bound)


def _require_known(proof: str) -> None:
    if proof not in set(Proof):
        known = ", ".join(f"'{mode.value}'" for mode in Proof)
        raise KeyLengthError(f"proof '{proof}' does not exist; there is {known}")


def _satquma(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    count_bound: CountBound,
) -> KeyResult:
    is_finite = count_bound is not CountBound.ASYMPTOTIC
    secrecy = security.epsilon_secrecy
    budget = lim_2014_budget(secrecy, security.epsilon_correctness)
    log_inverse_share = math.log(budget.shares / secrecy)

    key, test, test_errors = (
        [float(value) for value in values]
        for values in (counts.key, counts.test, counts.test_errors)
    )
    n_x, n_z, m_z = sum(key), sum(test), sum(test_errors)
    key_limits = scaled_limits(key, source, log_inverse_share, count_bound)
    test_limits = scaled_limits(test, source, log_inverse_share, count_bound)
    error_limits = scaled_limits(test_errors, source, log_inverse_share, count_bound)

    s_x0 = vacuum_detections(key_limits, source, n_x)
    s_x1 = single_photon_detections(key_limits, source, s_x0, n_x)
    s_z0 = vacuum_detections(test_limits, source, n_z)
    s_z1 = single_photon_detections(test_limits, source, s_z0, n_z)
    v_z1 = single_photon_errors(error_limits, source, m_z)
    phase_error = phase_error_rate(v_z1, s_z1, s_x1, secrecy if is_finite else None)

    qber = counts.key_errors / n_x if n_x > 0.0 else 0.5
    qber = min(qber, 1.0)
    disclosed = disclosed_bits(n_x, qber, security)
    unclipped = s_x0 + s_x1 * (1.0 - binary_entropy(phase_error)) - disclosed
    if is_finite:
        unclipped -= fixed_cost_bits(security)
    return KeyResult(
        proof=Proof.SATQUMA.value,
        secret_key_bits=min(max(unclipped, 0.0), n_x),
        unclipped_bits=unclipped,
        qber=qber,
        phase_error=phase_error,
        sifted_bits=n_x,
        test_bits=n_z,
        key_errors=float(counts.key_errors),
        vacuum_bits=s_x0,
        single_photon_bits=s_x1,
        test_single_photon_bits=s_z1,
        test_single_photon_errors=v_z1,
        error_correction_bits=disclosed,
        mean_photon_number=_mean_photon_number(source),
        asymptotic_bits=asymptotic_key_bits(
            counts, source, _disclosed_without_finite_size(n_x, qber, security)
        ),
    )


def fixed_cost_bits(security: SecurityParameters) -> float:
    """6 log2(21/eps_sec) + log2(2/eps_cor) of eq. (1) [bits], whatever the block's length.

    For 1e-9 and 1e-15 it is 256.6 bits (Sidhu et al., npj Quantum Inf. 8, 18, 2022).
    """
    return 6.0 * math.log2(21.0 / security.epsilon_secrecy) + math.log2(
        2.0 / security.epsilon_correctness
    )


def _mean_photon_number(source: DecoySource) -> float:
    return sum(
        share * mu for share, mu in zip(source.probabilities, source.intensities, strict=True)
    )


def _disclosed_without_finite_size(
    sifted_bits: float, qber: float, security: SecurityParameters
) -> float:
    if security.error_correction is ErrorCorrection.LOGM:
        capped = binary_entropy(min(qber, 0.5))
        return security.error_correction_efficiency * sifted_bits * capped
    return disclosed_bits(sifted_bits, qber, security)
