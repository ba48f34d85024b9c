"""The mode `tight`: exact statistics, its budget, and what any bound has to obey."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.decoy.tight import clopper_pearson_limits, smallest_single_photon_errors
from passes.key.epsilon import tight_budget
from passes.key.records import DecoyCounts, ErrorCorrection, SecurityParameters
from passes.key.repeaterless import plob_2017_bits

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
SHARE = 1e-9 / 21.0
COUNTS = DecoyCounts(
    key=np.array([5e6, 2e5, 400.0]),
    test=np.array([150_000.0, 6000.0, 12.0]),
    key_errors=9000.0,
    test_errors=np.array([280.0, 12.0, 6.0]),
)


def a_pass(loss_db, noise, *, seconds=200):
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, seconds) ** 2) / 10.0)
    return moments_from_slots(eta, 1e8, noise, noise)


def key_of(moments, intrinsic=0.005, proof="tight", source=SOURCE):
    source = dataclasses.replace(source, intrinsic_qber=intrinsic)
    return secret_key(
        decoy_counts_from_moments(moments, source, 0.85, 1e-3), source, SECURITY, proof=proof
    )


def unscaled(limits, source=SOURCE):
    scale = np.exp(source.intensities) / np.array(source.probabilities)
    return np.array(limits.lower) / scale, np.array(limits.upper) / scale


def test_limits_are_the_binomial_interval_of_each_count():
    counts = [5_000.0, 50.0, 12.0]
    low, high = unscaled(clopper_pearson_limits(counts, SOURCE, SHARE))
    total = sum(counts)
    n = np.array(counts)
    assert low / total == pytest.approx(beta.ppf(SHARE, n, total - n + 1), rel=1e-9)
    assert high / total == pytest.approx(beta.isf(SHARE, n + 1, total - n), rel=1e-9)


def test_limits_are_where_the_count_has_the_share_as_probability():
    low, high = unscaled(clopper_pearson_limits([5_000.0, 50.0, 12.0], SOURCE, SHARE))
    assert binom.sf(49, 5_062, low[1] / 5_062) == pytest.approx(SHARE, rel=1e-6)
    assert binom.cdf(50, 5_062, high[1] / 5_062) == pytest.approx(SHARE, rel=1e-6)


# n = 1e5, k = 50 at 1e-9/21: an independent computation gives 16.8 and 111.6.
def test_limits_of_fifty_among_many_are_those_computed_elsewhere():
    low, high = unscaled(clopper_pearson_limits([99_950.0, 50.0, 0.0], SOURCE, SHARE))
    assert (low[1], high[1]) == pytest.approx((16.8, 111.6), abs=0.05)


def test_limits_at_the_ends_are_nothing_and_all():
    low, high = unscaled(clopper_pearson_limits([0.0, 10.0, 0.0], SOURCE, SHARE))
    assert low[0] == 0.0
    assert high[1] == pytest.approx(10.0)
    assert clopper_pearson_limits([0.0, 0.0, 0.0], SOURCE, SHARE).upper == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("has_vacuum", [True, False])
def test_the_budget_pays_for_every_bound_once(has_vacuum):
    budget = tight_budget(1e-9, 1e-15, has_vacuum_state=has_vacuum)
    assert budget.spent == pytest.approx(1e-9, rel=1e-14)
    one_sided = sum(term.count for term in budget.terms if term.symbol.startswith("eps"))
    # A basis: n-_2, n+_3, n+_1 of eq. (3), n-_3 (and n+_2) of eq. (2); errors: four for the pairs.
    assert one_sided == (2 * 4 + 4 if has_vacuum else 2 * 5 + 4)
    assert budget.shares == (21 if has_vacuum else 23)


def test_every_mode_returns_the_budget_that_its_length_pays():
    for proof in ("tight", "lim2014", "satquma"):
        result = secret_key(COUNTS, SOURCE, SECURITY, proof=proof)
        assert result.budget.spent == pytest.approx(1e-9, rel=1e-14)
        length = (
            result.vacuum_bits
            + result.single_photon_bits * (1.0 - entropy(result.phase_error))
            - result.error_correction_bits
            - 6.0 * math.log2(result.budget.shares / 1e-9)
            - math.log2(2e15)
        )
        assert result.unclipped_bits == pytest.approx(length, rel=1e-12)


def entropy(p):
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_no_observed_error_never_means_no_phase_error():
    counts = dataclasses.replace(COUNTS, test_errors=np.zeros(3))
    result = secret_key(counts, SOURCE, SECURITY)
    assert 0.0 < result.phase_error < 0.01
    few = dataclasses.replace(COUNTS, test=np.array([30.0, 4.0, 0.0]), test_errors=np.zeros(3))
    assert secret_key(few, SOURCE, SECURITY).secret_key_bits == 0.0


def test_errors_are_bounded_by_the_best_pair_of_intensities():
    limits = clopper_pearson_limits([280.0, 12.0, 6.0], SOURCE, SHARE)
    tau_1 = sum(
        p * math.exp(-mu) * mu
        for p, mu in zip(SOURCE.probabilities, SOURCE.intensities, strict=True)
    )
    pairs = [
        tau_1 * (limits.upper[0] - limits.lower[1]) / 0.5,
        tau_1 * (limits.upper[0] - limits.lower[2]) / 0.65,
        tau_1 * (limits.upper[1] - limits.lower[2]) / 0.15,
    ]
    assert smallest_single_photon_errors(limits, SOURCE, 1e9) == pytest.approx(min(pairs))
    assert smallest_single_photon_errors(limits, SOURCE, 5.0) == 5.0


# Where the sample holds thirty errors or more the printed bound is valid.
@given(st.floats(15.0, 36.0), st.floats(1e-8, 1e-6), st.floats(1e-3, 0.05))
@settings(max_examples=50, deadline=None)
def test_tight_gives_at_least_the_key_of_the_printed_bounds(loss_db, noise, intrinsic):
    moments = a_pass(loss_db, noise)
    printed = key_of(moments, intrinsic, "satquma")
    if printed.test_single_photon_errors >= 30.0:
        ours = key_of(moments, intrinsic)
        assert ours.unclipped_bits >= printed.unclipped_bits
    hoeffding = key_of(moments, intrinsic, "lim2014")
    assert hoeffding.unclipped_bits <= printed.unclipped_bits


@given(st.floats(15.0, 40.0), st.floats(0.01, 3.0), st.floats(1e-8, 1e-6), st.floats(1.0, 4.0))
@settings(max_examples=50, deadline=None)
def test_more_loss_noise_or_error_never_gives_more_key(loss_db, more_db, noise, factor):
    base = key_of(a_pass(loss_db, noise)).unclipped_bits
    # One error is a whole one: the phase error moves in steps of a bit or two.
    slack = 1e-9 * abs(base) + 4.0
    assert key_of(a_pass(loss_db, noise), 0.005 * factor).unclipped_bits <= base + slack
    if base > 0.0:  # below, less light also means less to disclose
        assert key_of(a_pass(loss_db + more_db, noise)).secret_key_bits <= base + slack
        assert key_of(a_pass(loss_db, noise * factor)).secret_key_bits <= base + slack


@given(st.floats(18.0, 40.0), st.floats(18.0, 40.0), st.floats(1e-8, 1e-6))
@settings(max_examples=50, deadline=None)
def test_a_pooled_block_gives_no_less_than_its_smaller_part(one_db, other_db, noise):
    one, other = a_pass(one_db, noise), a_pass(other_db, noise)
    lengths = [key_of(block).secret_key_bits for block in (one, other, one + other)]
    assert lengths[2] >= min(lengths[:2])


@pytest.mark.parametrize("proof", ["tight", "lim2014", "satquma"])
def test_key_never_exceeds_the_repeaterless_bound(proof):
    for loss_db in (0.5, 3.0, 10.0, 25.0):
        eta = np.full(10, 10.0 ** (-loss_db / 10.0) * 0.7)
        moments = moments_from_slots(eta, 1e8, 1e-9, 1e-9)
        assert key_of(moments, 1e-4, proof).secret_key_bits < plob_2017_bits(eta, 1e8)


def test_a_vacuum_state_that_is_not_empty_costs_key_in_the_modes_that_allow_it():
    bright = dataclasses.replace(SOURCE, intensities=(0.65, 0.15, 0.002))
    for proof in ("tight", "lim2014"):
        assert (
            key_of(a_pass(20.0, 1e-7), proof=proof, source=bright).secret_key_bits
            < key_of(a_pass(20.0, 1e-7), proof=proof).secret_key_bits
        )


def test_empty_and_single_photon_events_are_never_more_than_all():
    """Counts with most clicks in the vacuum state: both bounds are cut, and share what there is."""
    counts = DecoyCounts(
        key=np.array([1e3, 9e5, 5e5]), test=np.array([1e3, 9e5, 5e5]), key_errors=10.0,
        test_errors=np.array([1.0, 1.0, 1.0]),
    )  # fmt: skip
    result = secret_key(counts, SOURCE, SECURITY)
    assert result.vacuum_bits + result.single_photon_bits <= result.sifted_bits * (1.0 + 1e-12)
    assert result.vacuum_bits > 0.9 * result.sifted_bits
