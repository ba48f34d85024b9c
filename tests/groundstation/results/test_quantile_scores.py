"""Pinball loss against its closed form for a Gaussian, coverage against published intervals."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from groundstation.results.errors import ResultError
from groundstation.results.quantile_scores import coverage_of, pinball_loss, quantile_score
from passes.counts.spread.forecast import Quantiles

# A standard normal sample without chance: the middles of equally likely strata.
SAMPLE = norm.ppf((np.arange(200_000) + 0.5) / 200_000)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("quantile", [-1.2816, -0.3, 0.0, 1.2816])
def test_pinball_loss_of_a_gaussian_is_its_closed_form(level, quantile):
    # E = phi(q) + q (Phi(q) - p), by parts from the definition. The strata miss 1e-5 of the tails.
    expected = norm.pdf(quantile) + quantile * (norm.cdf(quantile) - level)
    assert pinball_loss(level, quantile, SAMPLE).mean() == pytest.approx(expected, abs=2e-5)


def test_the_true_quantile_costs_least():
    costs = {
        q: pinball_loss(0.9, q, SAMPLE).mean() for q in (1.0, float(norm.ppf(0.9)), 1.6, -1.28)
    }
    assert min(costs, key=lambda q: costs[q]) == pytest.approx(norm.ppf(0.9))
    # At its least it is the density there, 0.17550 (tables of the normal distribution).
    assert min(costs.values()) == pytest.approx(0.17550, abs=2e-5)


def test_a_loss_worked_by_hand():
    # Promised 10, 20, 40. 15 came: 0.1 x 5 + 0.5 x 5 + 0.1 x 25 = 5.5 in three quantiles. 50 came:
    # 0.1 x 40 + 0.5 x 30 + 0.9 x 10 = 28.
    found = quantile_score([Quantiles(10.0, 20.0, 40.0)] * 2, [15.0, 50.0])
    assert found.pinball == pytest.approx((5.5 + 28.0) / 6.0)
    assert found.by_level == pytest.approx(((0.5 + 4.0) / 2, (2.5 + 15.0) / 2, (2.5 + 9.0) / 2))
    assert found.relative == pytest.approx((5.5 + 28.0) / 6.0 / 32.5)
    assert found.median_ratio == pytest.approx((0.75 + 2.5) / 2)
    assert (found.coverage.inside, found.coverage.below, found.coverage.above) == (1, 0, 1)


def test_both_ends_are_inside():
    found = quantile_score([Quantiles(10.0, 20.0, 40.0)] * 3, [10.0, 40.0, 9.0]).coverage
    assert (found.inside, found.below, found.above) == (2, 1, 0)
    # A pass that can bring no key and brings none was forecast.
    assert quantile_score([Quantiles(0.0, 0.0, 0.0)], [0.0]).coverage.inside == 1


def test_intervals_are_those_of_clopper_and_pearson():
    # Tables of the exact binomial interval: 8 of 10 is 0.4439 to 0.9748, 0 of 10 is 0 to 0.3085.
    eight, none = coverage_of(8, 10, 1, 1), coverage_of(0, 10, 5, 5)
    assert (eight.low, eight.high) == pytest.approx((0.4439, 0.9748), abs=5e-5)
    assert (none.low, none.high) == pytest.approx((0.0, 0.3085), abs=5e-5)
    for inside in (0, 1, 17, 24, 30):
        ours = coverage_of(inside, 30, 0, 30 - inside)
        theirs = binomtest(inside, 30).proportion_ci(0.95, method="exact")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_a_promise_is_refuted_only_beyond_the_interval():
    # 30 of 30 is 0.884 to 1, 28 of 30 still 0.779; 15 of 30 is 0.313 to 0.687.
    assert coverage_of(30, 30, 0, 0).is_refuted
    assert not coverage_of(28, 30, 1, 1).is_refuted
    assert coverage_of(15, 30, 15, 0).is_refuted


def test_unequal_numbers_are_refused():
    with pytest.raises(ResultError, match="1 forecasts and 2 observations"):
        quantile_score([Quantiles(0.0, 1.0, 2.0)], [1.0, 2.0])
