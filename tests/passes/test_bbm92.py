"""Entanglement-based key has the lengths of its published proofs."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from passes.errors import KeyLengthError
from passes.key.bbm92.bases import both_bases
from passes.key.bbm92.ceiling import pair_ceiling_bits, two_link_ceiling_bits
from passes.key.bbm92.counts import ExpectedCoincidences, bbm92_counts
from passes.key.bbm92.proof import Bbm92Counts, Bbm92Proof, bbm92_key
from passes.key.entropy import binary_entropy
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.repeaterless import plob_2017_bits

SECURITY = SecurityParameters(1e-9, 1e-12, ErrorCorrection.BLOCK, 1.19)
COUNTS = Bbm92Counts(np.array([6000.0, 4000.0]), np.array([120.0, 100.0]))
all_proofs = pytest.mark.parametrize("proof", list(Bbm92Proof))
# Whole errors and sample sizes: a step is worth log2(1/phi) bits in each basis.
JUMP_BITS = 20.0


def jump(proof: Bbm92Proof) -> float:
    is_whole = proof in {Bbm92Proof.BOTH_BASES_EXACT, Bbm92Proof.LIM2021_EXACT}
    return JUMP_BITS if is_whole else 1e-3


def key(sifted: float, qber: float, proof: Bbm92Proof) -> float:
    counts = Bbm92Counts(np.full(2, sifted / 2), np.full(2, sifted / 2 * qber))
    return bbm92_key(counts, SECURITY, proof=proof).secret_key_bits


blocks = st.floats(500.0, 1e6)
rates = st.floats(0.0, 0.08)


@given(blocks, rates, st.floats(1.0, 3.0), st.sampled_from(Bbm92Proof))
@settings(max_examples=30, deadline=None)
def test_a_longer_block_never_gives_less_key(
    sifted: float, qber: float, longer: float, proof: Bbm92Proof
) -> None:
    assert key(sifted * longer, qber, proof) >= key(sifted, qber, proof) - jump(proof)


@given(blocks, rates, st.floats(0.0, 0.04), st.sampled_from(Bbm92Proof))
@settings(max_examples=30, deadline=None)
def test_more_errors_never_give_more_key(
    sifted: float, qber: float, more: float, proof: Bbm92Proof
) -> None:
    assert key(sifted, qber + more, proof) <= key(sifted, qber, proof) + jump(proof)


@given(blocks, rates, st.sampled_from(Bbm92Proof))
@settings(max_examples=30, deadline=None)
def test_key_stays_below_that_of_an_infinite_block(
    sifted: float, qber: float, proof: Bbm92Proof
) -> None:
    counts = Bbm92Counts(np.full(2, sifted / 2), np.full(2, sifted / 2 * qber))
    audit = bbm92_key(counts, SECURITY, proof=proof)
    infinite = sifted * (1.0 - 2.19 * binary_entropy(qber))
    assert audit.asymptotic_bits == pytest.approx(max(infinite, 0.0), rel=1e-9, abs=1e-6)
    assert audit.secret_key_bits <= audit.asymptotic_bits


@all_proofs
def test_a_huge_block_reaches_the_infinite_one(proof: Bbm92Proof) -> None:
    counts = Bbm92Counts(np.full(2, 5e9), np.full(2, 5e9 * 0.03))
    audit = bbm92_key(counts, SECURITY, proof=proof)
    # The test of the sampled proofs still costs a percent of such a block.
    assert audit.secret_key_bits == pytest.approx(audit.asymptotic_bits, rel=2e-2)
    assert audit.secret_key_bits < audit.asymptotic_bits


@all_proofs
def test_the_terms_of_the_budget_sum_to_the_promise(proof: Bbm92Proof) -> None:
    audit = bbm92_key(COUNTS, SECURITY, proof=proof)
    assert audit.secret_key_bits > 0.0
    assert (audit.budget.secrecy, audit.budget.correctness) == (1e-9, 1e-12)
    assert audit.budget.spent == pytest.approx(1e-9, rel=1e-12)


def test_length_follows_from_the_budget_of_both_bases() -> None:
    # Hashing with eps_sec leaves log2(2 / (eps_cor eps_sec^2)) in each basis.
    audit = bbm92_key(COUNTS, SECURITY, proof="both-bases")
    assert [term.probability for term in audit.budget.terms] == pytest.approx([2.5e-10] * 2)
    fixed = math.log2(2.0 / (5e-13 * 2.5e-10**2))
    assert audit.bounds["fixed_cost_bits"] == pytest.approx(fixed, rel=1e-12)
    # Key of the first basis from the errors of the second: 2.5 % of 4,000.
    phi = 0.025 + math.sqrt(6001.0 * math.log(4e9) / (2.0 * 4000.0 * 10_000.0))
    first = 6000.0 * (1.0 - binary_entropy(phi) - 1.19 * binary_entropy(0.02)) - fixed
    assert audit.bounds["phase_error[0]"] == pytest.approx(phi, rel=1e-12)
    assert audit.bounds["unclipped_bits[0]"] == pytest.approx(first, rel=1e-12)
    # Exact: hashing with nu leaves 2 log2(1/(2 nu)) and verification log2(2/eps_cor).
    audit = bbm92_key(COUNTS, SECURITY, proof="both-bases-exact")
    fixed = math.log2(2e12) + 2.0 * math.log2(6e9 / 2.0)
    assert audit.bounds["fixed_cost_bits"] == pytest.approx(fixed, rel=1e-12)


def test_exact_phase_error_is_where_the_distribution_puts_it() -> None:
    audit = bbm92_key(COUNTS, SECURITY, proof="both-bases-exact")
    errors = round(audit.bounds["phase_error[0]"] * 6000.0)
    square = 2.0 * math.log(1e-9 / 6.0)
    assert hypergeom.logcdf(100, 10_000, 100 + errors, 4000) <= square
    assert hypergeom.logcdf(100, 10_000, 100 + errors - 1, 4000) > square


def test_serflings_deviation_fails_more_often_than_booked_where_the_exact_one_does_not() -> None:
    # 500 bits and 30 errors in either basis, 1e-10 booked. By Serfling 84 errors are ruled out.
    security = SecurityParameters(4e-10, 1e-10, ErrorCorrection.BLOCK, 1.19)
    serfling, exact = (
        both_bases((500.0, 500.0), (30.0, 30.0), 0.0, security, is_exact=is_exact)
        for is_exact in (False, True)
    )
    ruled_out = math.ceil(500.0 * serfling.bases[0].phase_error)
    assert hypergeom.cdf(30, 1000, 30 + ruled_out, 500) > 200.0 * 1e-10
    ruled_out = round(500.0 * exact.bases[0].phase_error)
    assert hypergeom.cdf(30, 1000, 30 + ruled_out, 500) <= (4e-10 / 6.0) ** 2


@pytest.mark.parametrize(
    ("bits", "test_bits", "errors"), [(200, 200, 8), (900, 300, 60), (300, 900, 60), (150, 150, 1)]
)
def test_exact_bound_covers_as_often_as_promised(bits: int, test_bits: int, errors: int) -> None:
    # A promise so weak that failures can be counted: alpha = 0.15 / 6, hence alpha^2 = 6.3e-4.
    security = SecurityParameters(0.15, 0.1, ErrorCorrection.BLOCK, 1.19)
    draws = 100_000
    generator = np.random.default_rng(20_200_615)
    found = generator.hypergeometric(errors, bits + test_bits - errors, test_bits, draws)
    failures = 0
    for seen, times in zip(*np.unique(found, return_counts=True), strict=True):
        result = both_bases(
            (float(bits), float(test_bits)), (0.0, float(seen)), 0.0, security, is_exact=True
        )
        claimed = result.bases[0].phase_error
        # A bound of one half claims nothing.
        failures += times if claimed < 0.5 and (errors - seen) / bits >= claimed else 0
    # 63 expected at most; four standard deviations above it.
    assert failures <= 63 + 4 * 8


def test_a_large_sample_says_little_about_a_few_bits() -> None:
    # 1,000 bits next to 60,000 with 2 % errors: one deviation of theirs is 0.44 %, and 1e-10 takes
    # 6.4 of them, 2.8 %. The deviation of the sample from all bits would be 0.15 %.
    security = SecurityParameters(4e-10, 1e-10, ErrorCorrection.BLOCK, 1.19)
    found = both_bases((1000.0, 60_000.0), (20.0, 1200.0), 0.0, security, is_exact=False)
    assert 0.028 < found.bases[0].sampling_deviation < 0.06
    # The other way round the sample is the small one: sqrt(ln(1e10) / 2000) = 10.7 %.
    assert found.bases[1].sampling_deviation == pytest.approx(0.107, rel=0.01)


def test_detector_mismatch_costs_key() -> None:
    plain = bbm92_key(COUNTS, SECURITY)
    unequal = bbm92_key(dataclasses.replace(COUNTS, detector_mismatch=0.02), SECURITY)
    assert unequal.phase_error == pytest.approx(plain.phase_error / 0.96, rel=1e-12)
    assert unequal.secret_key_bits < plain.secret_key_bits
    assert unequal.asymptotic_bits < plain.asymptotic_bits


@all_proofs
def test_zero_errors_are_not_zero_phase_errors(proof: Bbm92Proof) -> None:
    counts = Bbm92Counts(np.array([2000.0, 2000.0]), np.zeros(2))
    audit = bbm92_key(counts, SECURITY, proof=proof)
    # Of 2,000 tested bits none is wrong: (1 - phi)^2000 < 1e-9 at least.
    assert audit.phase_error > 0.01
    assert 0.0 < audit.secret_key_bits < 4000.0


@all_proofs
@pytest.mark.parametrize("sifted", [(0.0, 0.0), (1.0, 0.0), (0.0, 5000.0), (0.4, 0.4)])
def test_a_block_without_a_second_basis_gives_no_key(
    proof: Bbm92Proof, sifted: tuple[float, float]
) -> None:
    audit = bbm92_key(Bbm92Counts(np.array(sifted), np.zeros(2)), SECURITY, proof=proof)
    assert math.isfinite(audit.unclipped_bits)
    if proof in {Bbm92Proof.BOTH_BASES, Bbm92Proof.BOTH_BASES_EXACT} or sum(sifted) < 2.0:
        assert (audit.secret_key_bits, audit.phase_error) == (0.0, 0.5)


@all_proofs
@pytest.mark.parametrize("qber", [0.3, 0.5, 1.0])
def test_a_block_of_wrong_bits_is_not_a_key_upside_down(proof: Bbm92Proof, qber: float) -> None:
    assert key(1e5, qber, proof) == 0.0


def test_a_basis_that_yields_nothing_is_left_out() -> None:
    counts = Bbm92Counts(np.array([60_000.0, 3000.0]), np.array([1200.0, 480.0]))
    audit = bbm92_key(counts, SECURITY)
    first, second = audit.bounds["unclipped_bits[0]"], audit.bounds["unclipped_bits[1]"]
    assert second < 0.0 < first
    assert audit.secret_key_bits == first


def test_disclosed_bits_count_one_by_one_for_both_bases_together() -> None:
    def length(bits: float) -> float:
        security = SecurityParameters(1e-9, 1e-12, ErrorCorrection.DISCLOSED, 1.0, bits)
        return bbm92_key(COUNTS, security).unclipped_bits

    free = bbm92_key(COUNTS, dataclasses.replace(SECURITY, error_correction=ErrorCorrection.NONE))
    assert length(0.0) == pytest.approx(free.unclipped_bits, rel=1e-12)
    # Also where one of the bases alone would have nothing left.
    for bits in (1000.0, 9000.0, 1e5):
        assert length(bits) == pytest.approx(length(0.0) - bits, rel=1e-12)


@pytest.mark.parametrize("proof", ["lim2021", "lim2021-exact"])
def test_sampled_proofs_disclose_their_test_and_correct_the_rest(proof: str) -> None:
    audit = bbm92_key(COUNTS, SECURITY, proof=proof)
    assert audit.sifted_bits + audit.bounds["test_bits"] == pytest.approx(1e4)
    correction = 1.19 * audit.sifted_bits * binary_entropy(0.022)
    assert audit.error_correction_bits == pytest.approx(correction, rel=1e-12)
    eps_pe, eps_pa = (term.probability for term in audit.budget.terms)
    # eps_pa = 2^{-(n (1 - h) - leak - t - l) / 2} / 2.
    left = audit.sifted_bits * (1.0 - binary_entropy(audit.phase_error)) - correction
    left -= math.log2(1e12) + audit.secret_key_bits
    assert eps_pa == pytest.approx(2.0 ** (-left / 2.0) / 2.0, rel=1e-6)
    if proof == "lim2021-exact":
        test, bits = round(audit.bounds["test_bits"]), round(audit.sifted_bits)
        tolerated, errors = math.floor(0.022 * test), round(audit.phase_error * bits)
        tail = hypergeom.cdf(tolerated, test + bits, tolerated + errors, test)
        assert tail == pytest.approx(eps_pe**2, rel=1e-6)


def downlinks(**changes: Any) -> ExpectedCoincidences:
    given: dict[str, Any] = {
        "efficiency_a": np.array([1e-3, 2e-3, 1e-3]),
        "efficiency_b": np.array([2e-3, 3e-3, 1e-3]),
        "slot_s": 10.0,
        "pair_rate_hz": 5e6,
        "noise_rate_a_hz": 2000.0,
        "noise_rate_b_hz": np.array([500.0, 900.0, 4000.0]),
        "coincidence_window_s": 2e-9,
        "visibility": 0.98,
    } | changes
    return bbm92_counts(**given)


def test_coincidences_are_what_can_be_worked_out_by_hand() -> None:
    got = downlinks(efficiency_a=1e-3, efficiency_b=2e-3, noise_rate_b_hz=500.0)
    # 5e6 x 2e-6 = 10 pairs/s; (5000 + 2000) (10000 + 500) 2e-9 = 0.147 by chance, 0.1 of these
    # from two pairs.
    assert got.coincidences == pytest.approx(101.47)
    assert got.signal_to_noise == pytest.approx(10.0 / 0.147)
    assert got.counts.sifted == pytest.approx([101.47 / 4.0] * 2)
    assert dict(got.qber_by_cause) == pytest.approx(
        {
            "intrinsic": 0.01 * 10.0 / 10.147,
            "multiple_pairs": 0.05 / 10.147,
            "noise": 0.0235 / 10.147,
        }
    )
    assert got.counts.errors.sum() == pytest.approx(got.qber * got.counts.sifted.sum())
    assert got.qber == pytest.approx(0.1735 / 10.147)


def test_slots_add() -> None:
    whole = downlinks()
    noise = np.array([500.0, 900.0, 4000.0])
    a, b = np.array([1e-3, 2e-3, 1e-3]), np.array([2e-3, 3e-3, 1e-3])
    parts = [
        downlinks(efficiency_a=a[part], efficiency_b=b[part], noise_rate_b_hz=noise[part])
        for part in (slice(1), slice(1, None))
    ]
    assert whole.counts.sifted == pytest.approx(parts[0].counts.sifted + parts[1].counts.sifted)
    assert whole.counts.errors == pytest.approx(parts[0].counts.errors + parts[1].counts.errors)


def test_basis_choice_shares_out_the_sifted_bits() -> None:
    got = downlinks(first_basis_probabilities=(0.9, 0.8))
    assert got.counts.sifted == pytest.approx(got.coincidences * np.array([0.72, 0.02]))


def test_accidentals_are_those_of_simulated_clicks() -> None:
    # Click times of both receivers, each an independent Poisson process but for common pairs.
    rate, eta_a, eta_b, noise_a, noise_b, window, seconds = 2e4, 0.1, 0.05, 4e3, 1e3, 4e-6, 100.0
    generator = np.random.default_rng(1_120)
    pairs = np.sort(generator.uniform(0.0, seconds, generator.poisson(rate * seconds)))

    def clicks(eta: float, noise: float) -> np.ndarray:
        seen = pairs[generator.random(pairs.size) < eta]
        other = generator.uniform(0.0, seconds, generator.poisson(noise * seconds))
        return np.sort(np.concatenate([seen, other]))

    a, b = clicks(eta_a, noise_a), clicks(eta_b, noise_b)
    near = np.searchsorted(b, a + window / 2.0, "right") - np.searchsorted(b, a - window / 2.0)
    got = bbm92_counts(
        eta_a,
        eta_b,
        seconds,
        pair_rate_hz=rate,
        noise_rate_a_hz=noise_a,
        noise_rate_b_hz=noise_b,
        coincidence_window_s=window,
        visibility=1.0,
    )
    # 10,000 coincidences by pairs and 4,800 by chance, counted to 0.8 %.
    assert got.coincidences == pytest.approx(14_800)
    assert int(near.sum()) == pytest.approx(14_800, rel=4 * 0.008)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"efficiency_a": 1.5}, r"efficiency_a = 1\.5 is outside 0\.\.1"),
        ({"efficiency_b": np.full(2, 1e-3)}, r"efficiency_a has shape \(3,\), efficiency_b \(2,\)"),
        ({"slot_s": -1.0}, "slot_s = -1 is outside"),
        ({"pair_rate_hz": math.nan}, "pair_rate_hz = nan"),
        ({"noise_rate_a_hz": math.inf}, "noise_rate_a_hz = inf"),
        ({"visibility": 1.01}, r"visibility = 1\.01 is outside 0\.\.1"),
        ({"first_basis_probabilities": (0.5, -0.1)}, "first_basis_probabilities = -0.1"),
        ({"coincidence_window_s": -1e-9}, "coincidence_window_s = -1e-09 is outside"),
        ({"coincidence_window_s": 1e-5}, r"coincidence_window_s = 1e-05 holds 0\.16 clicks"),
    ],
)
def test_links_that_cannot_be_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyLengthError, match=message):
        downlinks(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sifted": np.array([-1.0, 5.0])}, r"sifted\[0\] = -1 is not a count in 0\.\.1e\+15"),
        ({"sifted": np.array([5.0, math.nan])}, r"sifted\[1\] = nan is not a count"),
        ({"sifted": np.array([5.0])}, r"sifted has 1 values, not one per basis \(2\)"),
        ({"errors": np.array([5.0, 4001.0])}, r"errors\[1\] = 4001 exceeds its 4000 detections"),
        ({"detector_mismatch": 0.5}, r"detector_mismatch = 0\.5 is outside 0\.\.0\.5"),
        ({"detector_mismatch": math.nan}, "detector_mismatch = nan"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyLengthError, match=message):
        bbm92_key(dataclasses.replace(COUNTS, **change), SECURITY)


def test_what_a_proof_does_not_cover_is_refused() -> None:
    with pytest.raises(KeyLengthError, match="proof 'tight' does not exist; there is 'both-bases'"):
        bbm92_key(COUNTS, SECURITY, proof="tight")
    unequal = dataclasses.replace(COUNTS, detector_mismatch=0.01)
    with pytest.raises(KeyLengthError, match=r"= 0\.01 is not part of proof 'lim2021'"):
        bbm92_key(unequal, SECURITY, proof="lim2021")
    with pytest.raises(KeyLengthError, match="epsilon_secrecy = 0 is not between 0 and 1"):
        bbm92_key(COUNTS, dataclasses.replace(SECURITY, epsilon_secrecy=0.0))


@given(st.floats(20.0, 40.0), st.floats(20.0, 40.0), st.floats(0.0, 5000.0), st.floats(0.7, 1.0))
@settings(max_examples=30, deadline=None)
def test_key_stays_below_the_ceiling_of_the_pairs(
    loss_a_db: float, loss_b_db: float, noise_hz: float, visibility: float
) -> None:
    a, b = 10.0 ** (-loss_a_db / 10.0), 10.0 ** (-loss_b_db / 10.0)
    got = bbm92_counts(
        a,
        b,
        1e6,
        pair_rate_hz=1e7,
        noise_rate_a_hz=noise_hz,
        noise_rate_b_hz=noise_hz,
        coincidence_window_s=1e-9,
        visibility=visibility,
        first_basis_probabilities=(0.99, 0.99),
    )
    audit = bbm92_key(got.counts, SECURITY)
    assert audit.asymptotic_bits <= pair_ceiling_bits(a, b, 1e13)
    assert pair_ceiling_bits(a, b, 1e13) < two_link_ceiling_bits(a, b, 1e13)


def test_ceilings_of_a_pair_source() -> None:
    a, b = np.array([0.5, 0.1]), np.array([0.2, 0.4])
    assert pair_ceiling_bits(a, b, np.array([10.0, 100.0])) == pytest.approx(1.0 + 4.0)
    # 10 (-log2 0.5) + 100 (-log2 0.9) = 25.2 by one link, 76.9 by the other.
    assert two_link_ceiling_bits(a, b, np.array([10.0, 100.0])) == pytest.approx(
        10.0 - 100.0 * math.log2(0.9)
    )
    assert two_link_ceiling_bits(b, a, 1.0) == plob_2017_bits(b, 1.0)
    with pytest.raises(ValueError, match=r"efficiency_b is outside 0\.\.1"):
        pair_ceiling_bits(a, b * 10.0, 1.0)
    with pytest.raises(ValueError, match="pairs is negative or not finite"):
        pair_ceiling_bits(a, b, -1.0)


def test_expected_errors_do_not_make_the_exact_key_jump() -> None:
    """0.3 % of errors in 998 to 1003 bits a basis: from just below three errors to just above."""
    lengths = []
    for bits in np.arange(996.0, 1006.0):
        counts = Bbm92Counts(np.array([bits, bits]), np.array([0.003 * bits, 0.003 * bits]))
        lengths.append(bbm92_key(counts, SECURITY, proof="both-bases-exact").unclipped_bits)
    steps = np.diff(lengths)
    # A bit more in either basis is worth up to two bits; one error in the bound seven.
    assert np.all(steps > -1.0)
    assert lengths[-1] > lengths[0]
