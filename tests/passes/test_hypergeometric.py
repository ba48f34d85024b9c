"""Hypergeometric tails against exact fractions, scipy and simulation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from passes.errors import KeyLengthError
from passes.key.decoy.bounds import phase_error_rate
from passes.key.decoy.tight import exact_phase_error_rate
from passes.key.hypergeometric import (
    log_tail_at_most,
    remaining_errors,
    remaining_errors_estimate,
)

ALPHA = 1e-9 / 21.0


def exact_tail(found, draws, marked, population):
    """The sum of binomial coefficients in whole numbers."""
    ways = sum(
        math.comb(marked, k) * math.comb(population - marked, draws - k)
        for k in range(max(0, draws + marked - population), found + 1)
    )
    return Fraction(ways, math.comb(population, draws))


@given(st.integers(1, 400), st.data())
@settings(max_examples=200, deadline=None)
def test_the_tail_is_that_of_whole_numbers(population, data):
    draws = data.draw(st.integers(1, population))
    marked = data.draw(st.integers(0, population))
    found = data.draw(st.integers(0, min(draws, marked)))
    exact = exact_tail(found, draws, marked, population)
    ours = log_tail_at_most(found, draws, marked, population)
    if exact == 0:
        assert ours == -math.inf
        return
    log_exact = math.log(exact.numerator) - math.log(exact.denominator)
    assert ours == pytest.approx(log_exact, rel=1e-10, abs=1e-11)


@pytest.mark.parametrize(
    ("found", "draws", "marked", "population"),
    [(900, 100_000, 60_000, 5_000_000), (3, 2_000, 900, 60_000), (50, 9_000, 5_000, 200_000)],
)
def test_large_tails_agree_with_scipy(found, draws, marked, population):
    theirs = hypergeom.logcdf(found, population, marked, draws)
    # scipy sums logarithms of gamma functions, good to 1e-9 at these sizes.
    assert log_tail_at_most(found, draws, marked, population) == pytest.approx(theirs, rel=1e-8)


# Errors in a test sample, its size, the rest; share of errors in the rest that is ruled out except
# with probability alpha and alpha^2, alpha = 1e-9/21; four digits computed independently.
@pytest.mark.parametrize(
    ("found", "tested", "rest", "at_alpha", "at_alpha_squared"),
    [
        (5, 500, 2_000, 0.0795, 0.1332),
        (10, 800, 30_000, 0.0586, 0.0921),
        (30, 2_500, 60_000, 0.0327, 0.0462),
        (100, 9_000, 200_000, 0.0201, 0.0253),
        (1_000, 100_000, 5_000_000, 0.01221, 0.01330),
        (0, 2_000, 50_000, 0.0121, 0.0240),
    ],
)
def test_bounds_are_those_of_an_independent_computation(
    found, tested, rest, at_alpha, at_alpha_squared
):
    log_alpha = math.log(ALPHA)
    # One error more or less, and half a unit of the last printed digit.
    tolerance = 1.01 / rest + 6e-5
    assert remaining_errors(found, tested, rest, log_alpha) / rest == pytest.approx(
        at_alpha, abs=tolerance
    )
    assert remaining_errors(found, tested, rest, 2.0 * log_alpha) / rest == pytest.approx(
        at_alpha_squared, abs=tolerance
    )


@pytest.mark.parametrize(("found", "tested", "rest"), [(5, 500, 2_000), (0, 2_000, 50_000)])
def test_the_bound_is_the_smallest_that_holds(found, tested, rest):
    log_failure = 2.0 * math.log(ALPHA)
    c = remaining_errors(found, tested, rest, log_failure)
    tails = [hypergeom.logcdf(found, tested + rest, found + k, tested) for k in (c - 1, c)]
    assert tails[0] > log_failure >= tails[1]


@given(st.floats(10.0, 1e6), st.floats(0.5, 4.0), st.floats(0.0, 0.2), st.floats(-60.0, -4.0))
@settings(max_examples=50, deadline=None)
def test_the_estimate_for_planning_is_close(tested, ratio, rate, log_failure):
    tested = float(round(tested))
    rest, found = float(round(tested * 10.0 ** (ratio - 1.0))), float(round(tested * rate))
    exact = remaining_errors(found, tested, rest, log_failure)
    estimate = float(remaining_errors_estimate(found, tested, rest, log_failure))
    if 0 < exact < 0.5 * rest:
        # An error is whole: one more or less; the bound of the tail's sum costs 1 %.
        assert estimate == pytest.approx(exact, rel=0.01, abs=1.1)


def test_more_errors_or_fewer_tests_never_rule_out_more():
    log_failure = 2.0 * math.log(ALPHA)
    by_errors = [remaining_errors(v, 2_000, 50_000, log_failure) for v in range(0, 200, 10)]
    by_size = [remaining_errors(20, n, 50_000, log_failure) for n in range(500, 5_000, 250)]
    assert by_errors == sorted(by_errors)
    assert by_size == sorted(by_size, reverse=True)


@pytest.mark.parametrize(
    ("found", "tested", "rest"), [(0, 0, 100), (10, 10, 100), (11, 10, 100), (0, 1, 100)]
)
def test_a_sample_that_says_nothing_rules_out_nothing(found, tested, rest):
    assert remaining_errors(found, tested, rest, -40.0) == rest


def test_a_failure_probability_of_one_is_refused():
    with pytest.raises(KeyLengthError, match="log_failure = 0 is not below 0"):
        remaining_errors(1, 10, 10, 0.0)


@pytest.mark.parametrize(
    ("tested", "rest", "marked"), [(100, 2_000, 40), (60, 1_000, 60), (200, 3_000, 30)]
)
def test_simulated_small_samples_break_the_printed_bound_and_not_ours(tested, rest, marked):
    """Draws of a test sample from a population with few errors: how often is the bound exceeded?

    The promise is eps_sec = 0.7, so that failures are frequent enough to be seen; the bound may
    fail with the square of its share, (0.7/21)^2 = 0.11 %.
    """
    secrecy, draws = 0.7, 400_000
    share = secrecy / 21.0
    sample = np.random.default_rng(20260614).hypergeometric(
        marked, tested + rest - marked, tested, draws
    )
    seen, often = np.unique(sample, return_counts=True)
    truth = (marked - seen) / rest
    ours = np.array([exact_phase_error_rate(v, tested, rest, share) for v in seen.tolist()])
    # What eq. (5) says, with its limit for no errors instead of our refusal.
    printed = np.array(
        [phase_error_rate(v, tested, rest, secrecy) if v else 0.0 for v in seen.tolist()]
    )
    exceeded, broken = (often[truth > bound].sum() / draws for bound in (ours, printed))
    # Three standard deviations of the simulation itself.
    assert exceeded <= share**2 + 3.0 * share / math.sqrt(draws)
    assert broken > 2.0 * share**2


def test_fractions_are_rounded_to_the_safe_side():
    """Errors up, both sizes down: a bound on counts is rarely whole."""
    log_failure = 2.0 * math.log(ALPHA)
    whole = remaining_errors(21, 2_000, 50_000, log_failure)
    assert remaining_errors(20.01, 2_000, 50_000, log_failure) == whole
    assert remaining_errors(21, 2_000.99, 50_000.99, log_failure) == whole
    assert remaining_errors(20, 2_000, 50_000, log_failure) < whole
    assert remaining_errors(21, 1_999, 50_000, log_failure) >= whole
