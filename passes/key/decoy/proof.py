"""Secret key length of BB84 with three intensities: counts in, key and its audit out."""

import math
from dataclasses import dataclass

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.asymptotic import asymptotic_key_bits
from passes.key.decoy.bounds import (
    phase_error_rate,
    scaled_limits,
    single_photon_detections,
    single_photon_errors,
    vacuum_detections,
    vacuum_detections_as_printed,
)
from passes.key.decoy.tight import (
    clopper_pearson_limits,
    exact_phase_error_rate,
    smallest_single_photon_errors,
)
from passes.key.entropy import binary_entropy
from passes.key.epsilon import EpsilonBudget, lim_2014_budget, tight_budget
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
    proof: Proof | str = Proof.TIGHT,
    count_bound: CountBound = CountBound.CHERNOFF,
) -> KeyResult:
    """Secret key length of one block.

    Parameters
    ----------
    counts : detections and errors of the block, expected or measured
    source : intensities and their probabilities, which the decoy method has to know
    security : promises and the cost of error correction
    proof : `tight`, `lim2014` or `satquma`
    count_bound : statistics of the counts in the mode `satquma`; the others have their own.
        ASYMPTOTIC drops every finite-size term

    Returns
    -------
    The length and every bound that led to it. Without detections the key is zero and the error
    rates are 0.5, the value that promises nothing; in the printed modes so is the phase error
    without test errors.

    Raises
    ------
    KeyLengthError : names the setting or count that is out of range

    Notes
    -----
    Lim et al., Phys. Rev. A 89, 022307 (2014), eqs. (1) to (5). `lim2014` is the paper with its
    Hoeffding bounds; `satquma` has the counting statistics of Yin et al., Sci. Rep. 10, 14312
    (2020), as coded in SatQuMA (cnqo-qcomms/SatQuMA, f2b9229, 2025-06-20; Sidhu et al.,
    arXiv:2109.01686), and equals it to 1e-9 on all its fixed reference cases; `tight` is described
    in `passes.key.decoy.tight`. For counts that no source can produce, bounds above all detections
    are cut to them.
    """
    _require_known(proof)
    check_source(source)
    check_security(security)
    check_counts(counts)
    mode = Proof(proof)
    if count_bound not in set(CountBound):
        known = ", ".join(f"'{bound.value}'" for bound in CountBound)
        raise KeyLengthError(f"count_bound '{count_bound}' does not exist; there is {known}")
    count_bound = CountBound(count_bound)
    bounds = (_tight if mode is Proof.TIGHT else _printed)(
        counts, source, security, mode, count_bound
    )
    is_finite = mode is not Proof.SATQUMA or count_bound is not CountBound.ASYMPTOTIC
    return _result(mode, counts, source, security, bounds, is_finite=is_finite)


def _require_known(proof: str) -> None:
    if proof not in set(Proof):
        known = ", ".join(f"'{mode.value}'" for mode in Proof)
        raise KeyLengthError(f"proof '{proof}' does not exist; there is {known}")


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What single photons and empty pulses contributed, and the budget that pays for it."""

    s_x0: float
    s_x1: float
    s_z1: float
    v_z1: float
    phase_error: float
    budget: EpsilonBudget


def _printed(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    mode: Proof,
    count_bound: CountBound,
) -> _Bounds:
    """The paper, or the program that departs from it in eq. (2)."""
    is_program = mode is Proof.SATQUMA
    statistics = count_bound if is_program else CountBound.HOEFFDING
    vacuum = vacuum_detections if is_program else vacuum_detections_as_printed
    secrecy = security.epsilon_secrecy
    budget = lim_2014_budget(secrecy, security.epsilon_correctness)
    log_inverse_share = math.log(budget.shares / secrecy)

    key, test, errors = _lists(counts)
    key_limits = scaled_limits(key, source, log_inverse_share, statistics)
    test_limits = scaled_limits(test, source, log_inverse_share, statistics)
    error_limits = scaled_limits(errors, source, log_inverse_share, statistics)
    s_x0 = vacuum(key_limits, source, sum(key))
    s_x1 = single_photon_detections(key_limits, source, s_x0, sum(key))
    s_z0 = vacuum(test_limits, source, sum(test))
    s_z1 = single_photon_detections(test_limits, source, s_z0, sum(test))
    v_z1 = single_photon_errors(error_limits, source, sum(errors))
    is_finite = statistics is not CountBound.ASYMPTOTIC
    phase_error = phase_error_rate(v_z1, s_z1, s_x1, secrecy if is_finite else None)
    return _Bounds(s_x0, s_x1, s_z1, v_z1, phase_error, budget)


def _tight(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    _mode: Proof,
    _count_bound: CountBound,
) -> _Bounds:
    """Exact statistics; see `passes.key.decoy.tight`."""
    budget = tight_budget(
        security.epsilon_secrecy,
        security.epsilon_correctness,
        has_vacuum_state=source.intensities[2] == 0.0,
    )
    share = security.epsilon_secrecy / budget.shares
    key, test, errors = _lists(counts)
    key_limits = clopper_pearson_limits(key, source, share)
    test_limits = clopper_pearson_limits(test, source, share)
    error_limits = clopper_pearson_limits(errors, source, share)
    s_x0 = vacuum_detections_as_printed(key_limits, source, sum(key))
    # What is an empty pulse's cannot be a single photon's.
    s_x1 = single_photon_detections(key_limits, source, s_x0, sum(key) - s_x0)
    s_z0 = vacuum_detections_as_printed(test_limits, source, sum(test))
    s_z1 = single_photon_detections(test_limits, source, s_z0, sum(test) - s_z0)
    v_z1 = smallest_single_photon_errors(error_limits, source, sum(errors))
    phase_error = exact_phase_error_rate(v_z1, s_z1, s_x1, share)
    return _Bounds(s_x0, s_x1, s_z1, v_z1, phase_error, budget)


def _lists(counts: DecoyCounts) -> tuple[list[float], list[float], list[float]]:
    key, test, errors = (
        [float(value) for value in values]
        for values in (counts.key, counts.test, counts.test_errors)
    )
    return key, test, errors


def _result(
    mode: Proof,
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    bounds: _Bounds,
    *,
    is_finite: bool,
) -> KeyResult:
    """Eq. (1) with its bounds written down."""
    n_x = float(sum(counts.key))
    qber = min(counts.key_errors / n_x, 1.0) if n_x > 0.0 else 0.5
    disclosed = disclosed_bits(n_x, qber, security)
    single = bounds.s_x1 * (1.0 - binary_entropy(bounds.phase_error))
    unclipped = bounds.s_x0 + single - disclosed
    if is_finite:
        unclipped -= fixed_cost_bits(security, bounds.budget.shares)
    return KeyResult(
        proof=mode.value,
        secret_key_bits=min(max(unclipped, 0.0), n_x),
        unclipped_bits=unclipped,
        qber=qber,
        phase_error=bounds.phase_error,
        sifted_bits=n_x,
        test_bits=float(sum(counts.test)),
        key_errors=float(counts.key_errors),
        vacuum_bits=bounds.s_x0,
        single_photon_bits=bounds.s_x1,
        test_single_photon_bits=bounds.s_z1,
        test_single_photon_errors=bounds.v_z1,
        error_correction_bits=disclosed,
        mean_photon_number=_mean_photon_number(source),
        asymptotic_bits=asymptotic_key_bits(
            counts, source, _disclosed_without_finite_size(n_x, qber, security)
        ),
        budget=bounds.budget,
    )


def fixed_cost_bits(security: SecurityParameters, shares: int = 21) -> float:
    """6 log2(shares/eps_sec) + log2(2/eps_cor) of eq. (1) [bits], whatever the block's length.

    For 1e-9 and 1e-15 and the 21 shares of the paper it is 256.6 bits (Sidhu et al., npj Quantum
    Inf. 8, 18, 2022).
    """
    return 6.0 * math.log2(shares / security.epsilon_secrecy) + math.log2(
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
