"""The Brier score against examples worked by hand, and its parts against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.results.brier import brier_score
from groundstation.results.errors import ResultError


def test_forecasts_that_keep_their_word_have_no_reliability_term():
    # Five times 20 % with one event, five times 80 % with four: by hand (0.64 + 4 x 0.04) / 5 =
    # 0.16 for either; base rate 0.5; observed shares 0.3 away from it, squared 0.09.
    found = brier_score([0.2] * 5 + [0.8] * 5, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0])
    assert found.score == pytest.approx(0.16, abs=1e-12)
    assert found.reliability == pytest.approx(0.0, abs=1e-12)
    assert found.resolution == pytest.approx(0.09, abs=1e-12)
    assert found.uncertainty == pytest.approx(0.25, abs=1e-12)
    assert found.within_bins == pytest.approx(0.0, abs=1e-12)
    # 1 - 0.16 / 0.25.
    assert found.skill == pytest.approx(0.36)
    assert [(r.count, r.observed) for r in found.rows] == [(5, 0.2), (5, 0.8)]


def test_bold_forecasts_without_knowledge_pay_in_reliability():
    # Half of each comes true: (2 x 0.81 + 2 x 0.01) / 4 = 0.41, of which 0.4 squared is that the
    # word was not kept and 0.25 that the coin is fair.
    found = brier_score([0.1] * 4 + [0.9] * 4, [1, 1, 0, 0] * 2)
    assert found.score == pytest.approx(0.41, abs=1e-12)
    assert found.reliability == pytest.approx(0.16, abs=1e-12)
    assert found.resolution == pytest.approx(0.0, abs=1e-12)
    assert found.skill == pytest.approx(1.0 - 0.41 / 0.25)


def test_different_forecasts_in_one_bin_leave_a_rest():
    # 0.62 came false and 0.68 true, in one bin of tenths: variance 0.0009 less twice the
    # covariance 0.015, both worked by hand.
    found = brier_score([0.62, 0.68], [0, 1])
    assert found.within_bins == pytest.approx(0.0009 - 2 * 0.015, abs=1e-12)
    assert len(found.rows) == 1


def test_the_ends_belong_to_bins_of_their_own_side():
    found = brier_score([0.0, 0.3, 1.0], [0, 1, 1])
    assert [(r.low, r.high) for r in found.rows] == [(0.0, 0.1), (0.3, 0.4), (0.9, 1.0)]
    # In floating point 1 - 0.9 is below 0.1.
    assert brier_score([1.0 - 0.9], [1]).rows[0].low == pytest.approx(0.1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=60))
def test_the_rest_is_variance_less_twice_the_covariance_within_bins(pairs):
    p, o = np.array([a for a, _ in pairs]), np.array([float(b) for _, b in pairs])
    found = brier_score(p, o)
    assert found.score == pytest.approx(np.mean((p - o) ** 2), abs=1e-12)
    assert sum(row.count for row in found.rows) == p.size
    rest = 0.0
    for row in found.rows:
        inside = (p >= row.low - 1e-9) & ((p < row.high - 1e-9) | (row.high == 1.0))
        assert inside.sum() == row.count
        spread_p, spread_o = p[inside] - p[inside].mean(), o[inside] - o[inside].mean()
        rest += np.sum(spread_p**2 - 2.0 * spread_p * spread_o) / p.size
    assert found.within_bins == pytest.approx(rest, abs=1e-9)


def test_a_sky_that_never_changes_leaves_no_skill_to_find():
    found = brier_score([0.9, 0.8], [1, 1])
    assert found.uncertainty == 0.0
    assert found.skill is None


def test_what_is_no_probability_is_refused_by_value():
    with pytest.raises(ResultError, match=r"probability 1\.2 is outside 0\.\.1"):
        brier_score([0.3, 1.2], [0, 1])
    with pytest.raises(ResultError, match="nan is outside"):
        brier_score([float("nan")], [0])
    with pytest.raises(ResultError, match="cannot be scored"):
        brier_score([], [])
