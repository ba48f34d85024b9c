"""One-decoy key has the lengths of Rusca et al. 2018."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.audit import KeyAudit
from passes.key.decoy.counts import decoy_counts_from_slots
from passes.key.one_decoy.bounds import serfling_deviation
from passes.key.one_decoy.counts import one_decoy_counts_from_moments
from passes.key.one_decoy.proof import (
    OneDecoyCounts,
    OneDecoyProof,
    OneDecoySource,
    one_decoy_key,
)
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.repeaterless import plob_2017_bits

SOURCE = OneDecoySource(1e8, (0.51, 0.15), (0.7, 0.3), 0.9, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
# Example of adomasbaliuka/formal-qkd, test/ExampleValuesSKL.lean: interval arithmetic that Lean
# has checked.
COUNTS = OneDecoyCounts(
    key=np.array([8875913.0, 1124087.0]),
    test=np.array([165048.0, 20902.0]),
    key_errors=np.array([185856.0, 26055.0]),
    test_errors=np.array([3456.0, 484.0]),
)
DISCLOSED = SecurityParameters(1e-9, 1e-15, ErrorCorrection.DISCLOSED, 1.0, 1776924.0)
both_proofs = pytest.mark.parametrize("proof", list(OneDecoyProof))


def test_rusca_2018_is_the_machine_checked_evaluation() -> None:
    audit = one_decoy_key(COUNTS, SOURCE, DISCLOSED, proof="rusca2018")
    # Ten digits are left of a difference of numbers of seven digits; the rest is rounding.
    assert audit.secret_key_bits == pytest.approx(1464719.0887320058, rel=1e-9)
    assert audit.phase_error == pytest.approx(0.07917365937798954, rel=1e-9)
    expected = {
        "key_vacuum_upper": 167020.1792587285,
        "key_vacuum_lower": 0.0,
        "key_single_lower": 5396516.268816283,
        "test_vacuum_upper": 6645.523136846764,
        "test_single_lower": 76462.2755485758,
        "test_single_errors_upper": 5411.812583855381,
    }
    assert {name: audit.bounds[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("block", "mu", "signal", "expected", "key"),
    [
        # A run of the formulas in jankhg/Quantum-key-distribution-secure-key-rate-simulation-
        # 1-decoy-BB84, qkdsimulator.py, by a co-author of the paper, with Serfling's inequality.
        (
            ((8875913, 1124087), (165048, 20902), (185856, 26055), (3456, 484)),
            (0.51, 0.15),
            0.7,
            (166869.5869027442, 6624.988188115711, 5397531.880383798, 76600.76675572658),
            None,
        ),
        (
            ((4e7, 1e7), (4e7, 1e7), (4e5, 1e5), (4e5, 1.8e5)),
            (0.6, 0.2),
            0.6,
            (459209.6261460662, 780834.2506672296, 32228111.14953986, 31369273.678171154),
            23825502.280914146,
        ),
    ],
)
def test_wiesemann_2026_is_the_program_of_a_co_author(
    block: Any, mu: Any, signal: float, expected: Any, key: float | None
) -> None:
    n_key, n_test, m_key, m_test = (np.array(pair, dtype=float) for pair in block)
    source = dataclasses.replace(SOURCE, intensities=mu, probabilities=(signal, 1.0 - signal))
    audit = one_decoy_key(
        OneDecoyCounts(n_key, n_test, m_key, m_test), source, SECURITY, proof="wiesemann2026"
    )
    names = ("key_vacuum_upper", "test_vacuum_upper", "key_single_lower", "test_single_lower")
    assert [audit.bounds[name] for name in names] == pytest.approx(expected, rel=1e-12)
    if key is None:
        # There the program has 5407 errors of single photons among 3940 errors; we have 3940.
        assert audit.bounds["test_single_errors_upper"] == 3940.0
        return
    assert audit.bounds["test_single_errors_upper"] == pytest.approx(447871.6160367614, rel=1e-12)
    assert audit.phase_error == pytest.approx(0.015491481176388069, rel=1e-12)
    assert audit.secret_key_bits == pytest.approx(key, rel=1e-12)


@pytest.mark.parametrize(
    ("proof", "shares"),
    [("rusca2018", 19), ("wiesemann2026", 15), ("wiesemann2026-exact", 15)],
)
def test_the_terms_of_the_budget_sum_to_the_promise(proof: str, shares: int) -> None:
    budget = one_decoy_key(COUNTS, SOURCE, SECURITY, proof=proof).budget
    assert (budget.secrecy, budget.correctness) == (1e-9, 1e-15)
    assert budget.spent == pytest.approx(1e-9, rel=1e-14)
    assert budget.shares == shares
    share = {term.symbol: term.probability for term in budget.terms}
    smoothing = 2 * share["alpha_1"] + share["alpha_2"] + share.get("alpha_3", 0.0)
    events = 10 if proof == "rusca2018" else 8
    assert 2 * smoothing + share["nu"] + events * share["eps_1"] == pytest.approx(1e-9, rel=1e-14)


def test_fixed_cost_follows_from_the_shares_of_the_budget() -> None:
    # Wiesemann: 4 log2(15 / (eps_sec 2^{1/4})) + log2(2/eps_cor), as in the program.
    fixed = one_decoy_key(COUNTS, SOURCE, SECURITY).bounds["fixed_cost_bits"]
    assert fixed == pytest.approx(4 * math.log2(15e9 / 2**0.25) + math.log2(2e15), rel=1e-14)
    fixed = one_decoy_key(COUNTS, SOURCE, SECURITY, proof="rusca2018").bounds["fixed_cost_bits"]
    assert fixed == pytest.approx(6 * math.log2(19e9) + math.log2(2e15), rel=1e-14)


@pytest.mark.parametrize(
    ("errors", "test", "key"), [(0, 2000, 50_000), (5, 500, 2000), (30, 2500, 60_000), (9, 900, 90)]
)
def test_serfling_holds_where_the_printed_deviation_fails(errors: int, test: int, key: int) -> None:
    failure = 1e-9 / 15.0
    rate = errors / test + serfling_deviation(float(test), float(key), failure)
    total = errors + math.ceil(rate * key)
    if total <= test + key:
        log_tail = hypergeom.logcdf(errors, test + key, total, test)
        assert log_tail <= 2.0 * math.log(failure)


@both_proofs
def test_zero_test_errors_are_not_zero_phase_errors(proof: OneDecoyProof) -> None:
    counts = dataclasses.replace(COUNTS, test_errors=np.zeros(2))
    audit = one_decoy_key(counts, SOURCE, SECURITY, proof=proof)
    # 88,421 of 5,485,953 single photons were tested, 1.61 %. Serfling: sqrt(ln(1.5e10) / 88421 x
    # 1.016) = 0.01641. Exactly: 0.98388^c = (1.5e10)^-2 for c = 2884 of 5,397,532 in the key. The
    # printed formula has no margin to give.
    expected = {"rusca2018": 0.5, "wiesemann2026": 0.01641, "wiesemann2026-exact": 5.343e-4}
    assert audit.phase_error == pytest.approx(expected[proof.value], rel=1e-3)


@both_proofs
@pytest.mark.parametrize("empty", ["all", "test", "key"])
def test_a_block_that_lacks_a_basis_gives_no_key(proof: OneDecoyProof, empty: str) -> None:
    zero = np.zeros(2)
    changes: dict[str, Any] = {}
    if empty in {"all", "key"}:
        changes |= {"key": zero, "key_errors": zero}
    if empty in {"all", "test"}:
        changes |= {"test": zero, "test_errors": zero}
    audit = one_decoy_key(dataclasses.replace(COUNTS, **changes), SOURCE, SECURITY, proof=proof)
    assert (audit.secret_key_bits, audit.phase_error) == (0.0, 0.5)
    assert math.isfinite(audit.unclipped_bits)


@both_proofs
def test_disclosed_bits_count_one_by_one(proof: OneDecoyProof) -> None:
    def key(bits: float) -> float:
        security = dataclasses.replace(DISCLOSED, disclosed_bits=bits)
        return one_decoy_key(COUNTS, SOURCE, security, proof=proof).secret_key_bits

    assert key(1000.0) == pytest.approx(key(0.0) - 1000.0, rel=1e-12)


def pass_key(
    loss_db: float, noise: float, error: float, proof: OneDecoyProof, pulses: float = 1e8
) -> KeyAudit:
    """Key of a downlink of 200 s that loses 8 dB more at its ends."""
    source = dataclasses.replace(SOURCE, intrinsic_qber=error)
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, 200) ** 2) / 10.0)
    moments = moments_from_slots(eta, pulses, noise, noise)
    counts = one_decoy_counts_from_moments(moments, source, 0.9, 1e-3)
    return one_decoy_key(counts, source, SECURITY, proof=proof)


passes = (
    st.floats(15.0, 35.0),
    st.floats(1e-8, 1e-6),
    st.floats(1e-4, 0.04),
    st.sampled_from(OneDecoyProof),
)


@given(*passes, st.floats(0.1, 3.0))
@settings(max_examples=50, deadline=None)
def test_more_loss_noise_or_error_never_gives_more_key(
    loss_db: float, noise: float, error: float, proof: OneDecoyProof, more: float
) -> None:
    key = pass_key(loss_db, noise, error, proof).secret_key_bits
    if proof is OneDecoyProof.WIESEMANN2026_EXACT:
        key += 20.0  # whole phase errors and test events: a step is worth up to log2(1/phi) bits
    assert pass_key(loss_db + more, noise, error, proof).secret_key_bits <= key
    assert pass_key(loss_db, noise * (1.0 + more), error, proof).secret_key_bits <= key
    assert pass_key(loss_db, noise, error + more / 60.0, proof).secret_key_bits <= key


@given(*passes, st.floats(1.0, 100.0))
@settings(max_examples=50, deadline=None)
def test_a_longer_block_gives_more_key_per_bit_and_less_than_an_infinite_one(
    loss_db: float, noise: float, error: float, proof: OneDecoyProof, longer: float
) -> None:
    one, many = (pass_key(loss_db, noise, error, proof, 1e8 * k) for k in (1.0, longer))
    # Sums of counts of a longer block round differently in the last digit; whole phase errors.
    step = 20.0 * longer if proof is OneDecoyProof.WIESEMANN2026_EXACT else 0.0
    assert many.secret_key_bits >= one.secret_key_bits * longer * (1.0 - 1e-9) - step
    assert many.secret_key_bits <= many.asymptotic_bits
    assert many.asymptotic_bits == pytest.approx(one.asymptotic_bits * longer, rel=1e-6, abs=1e-3)
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, 200) ** 2) / 10.0)
    assert one.asymptotic_bits < plob_2017_bits(eta, 1e8)


@both_proofs
@pytest.mark.parametrize("pulses", [1e7, 1e10, 1e15])
def test_bounds_lie_on_the_safe_side_of_what_single_photons_did(
    proof: OneDecoyProof, pulses: float
) -> None:
    eta, noise, intrinsic = 0.01, 1e-6, 0.005
    moments = moments_from_slots([eta], pulses, noise, noise)
    counts = one_decoy_counts_from_moments(moments, SOURCE, 0.9, 0.0)
    audit = one_decoy_key(counts, SOURCE, SECURITY, proof=proof)
    (mu, nu), (p, q) = SOURCE.intensities, SOURCE.probabilities
    empty = p * math.exp(-mu) + q * math.exp(-nu)
    single = p * mu * math.exp(-mu) + q * nu * math.exp(-nu)
    gain = 1.0 - (1.0 - 2.0 * noise) * (1.0 - eta)
    true = {
        "key_vacuum": pulses * 0.81 * empty * 2.0 * noise,
        "key_single": pulses * 0.81 * single * gain,
        "test_single": pulses * 0.01 * single * gain,
        "test_single_errors": pulses * 0.01 * single * (noise + intrinsic * eta),
    }
    bounds = audit.bounds
    assert bounds["key_vacuum_lower"] <= true["key_vacuum"] <= bounds["key_vacuum_upper"]
    assert bounds["key_single_lower"] <= true["key_single"]
    assert bounds["test_single_lower"] <= true["test_single"]
    assert bounds["test_single_errors_upper"] >= true["test_single_errors"]
    if pulses == 1e15:
        # What the method costs without statistics: 1.7 % for errors of photons that are taken for
        # those of empty pulses, 3 mu nu / 6 = 3.8 % for triple photons, and some for more of them.
        assert bounds["key_single_lower"] == pytest.approx(0.94 * true["key_single"], rel=0.005)
        # Errors of two photons and more count 2 (mu + nu) / 2 + 3 (mu^2 + mu nu + nu^2) / 6 + ...
        # = 0.87 of those of one; 0.40 for the 2 % that are noise, as likely whatever the photons.
        expected = 1.864 * true["test_single_errors"]
        if proof is not OneDecoyProof.RUSCA2018:
            expected = min(expected, float(counts.test_errors.sum()))
        assert bounds["test_single_errors_upper"] == pytest.approx(expected, rel=0.003)


@given(*passes[:3])
@settings(max_examples=30, deadline=None)
def test_the_exact_sampling_term_never_gives_less_key_than_serfling(
    loss_db: float, noise: float, error: float
) -> None:
    exact, serfling = (
        pass_key(loss_db, noise, error, proof).secret_key_bits
        for proof in (OneDecoyProof.WIESEMANN2026_EXACT, OneDecoyProof.WIESEMANN2026)
    )
    assert exact >= serfling


def test_expected_counts_are_those_of_a_source_that_rarely_sends_vacuum() -> None:
    eta = np.geomspace(1e-6, 0.02, 300)
    noise_key, noise_test = np.linspace(1e-8, 1e-5, 300), np.linspace(1e-5, 2e-8, 300)
    got = one_decoy_counts_from_moments(
        moments_from_slots(eta, 1e8, noise_key, noise_test), SOURCE, 0.6, 0.01
    )
    three = DecoySource(1e8, (0.51, 0.15, 0.0), (0.35, 0.15, 0.5), 0.9, 0.0, 0.005)
    slots = decoy_counts_from_slots(eta, 1e8, noise_key, noise_test, three, 0.6, 0.01)
    # 1e-12 is the promised truncation of the moments.
    assert got.key == pytest.approx(2.0 * slots.key[:2], rel=1e-12)
    assert got.test == pytest.approx(2.0 * slots.test[:2], rel=1e-12)


def test_expected_errors_are_what_can_be_worked_out_by_hand() -> None:
    # eta = 0.1: 1 - exp(-mu eta) is 0.04972 and 0.01489 for 0.51 and 0.15.
    got = one_decoy_counts_from_moments(
        moments_from_slots([0.1], 1e6, 0.001, 0.002), SOURCE, 0.8, 0.01
    )
    for index, (share, clicks) in enumerate(((0.7, 0.0497213), (0.3, 0.0148881))):
        in_key = 1.01 * (clicks + 0.002 * (1 - clicks))
        in_test = 1.01 * (clicks + 0.004 * (1 - clicks))
        key = 1e6 * 0.9 * 0.8 * share * (0.001 + 0.005 * in_key + 0.005 * clicks)
        test = 1e6 * 0.1 * 0.2 * share * (0.002 + 0.005 * in_test + 0.005 * clicks)
        assert got.key_errors[index] == pytest.approx(key, rel=1e-5)
        assert got.test_errors[index] == pytest.approx(test, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": (0.7, 0.31)}, r"probabilities sum to 1\.01, not to 1"),
        ({"probabilities": (1.0, 0.0)}, r"probabilities\[0\] = 1 is not between 0 and 1"),
        ({"probabilities": (0.7, math.nan)}, r"probabilities\[1\] = nan"),
        ({"intensities": (0.5, 0.5)}, r"intensities\[0\] = 0\.5 must be larger than .* = 0\.5"),
        ({"intensities": (0.5, 0.0)}, r"intensities\[1\] = 0 is not a mean photon number > 0"),
        ({"intensities": (math.inf, 0.1)}, r"intensities\[0\] = inf is above 100"),
        ({"intensities": (0.65, 0.1, 0.0)}, "intensities has 3 values"),
        ({"key_basis_probability": 1.1}, r"key_basis_probability = 1\.1 is outside 0\.\.1"),
        ({"intrinsic_qber": 0.6}, r"intrinsic_qber = 0\.6 is outside 0\.\.0\.5"),
    ],
)
def test_a_source_that_proves_nothing_is_refused_by_name(
    change: dict[str, Any], message: str
) -> None:
    source = dataclasses.replace(SOURCE, **change)
    with pytest.raises(KeyLengthError, match=message):
        one_decoy_key(COUNTS, source, SECURITY)
    with pytest.raises(KeyLengthError, match=message):
        one_decoy_counts_from_moments(moments_from_slots([1e-3], 1e8, 0.0, 0.0), source, 0.9, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": np.array([-1.0, 5.0])}, r"key\[0\] = -1 is not a count in 0\.\.1e\+15"),
        ({"test": np.array([math.nan, 5.0])}, r"test\[0\] = nan is not a count"),
        ({"test": np.array([1.0, 5.0, 7.0])}, r"test has 3 values, not one per intensity \(2\)"),
        ({"key_errors": np.array([5.0, 2e7])}, r"key_errors\[1\] = 2e\+07 exceeds its 1\.12409e"),
        ({"test_errors": np.array([3e5, 0.0])}, r"test_errors\[0\] = 300000 exceeds"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyLengthError, match=message):
        one_decoy_key(dataclasses.replace(COUNTS, **change), SOURCE, SECURITY)


def test_unknown_proofs_and_empty_promises_are_refused() -> None:
    with pytest.raises(KeyLengthError, match="proof 'tight' does not exist; there is 'wiesemann"):
        one_decoy_key(COUNTS, SOURCE, SECURITY, proof="tight")
    with pytest.raises(KeyLengthError, match="epsilon_secrecy = 0 is not between 0 and 1"):
        one_decoy_key(COUNTS, SOURCE, dataclasses.replace(SECURITY, epsilon_secrecy=0.0))
