"""The algebra of time spans."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.errors import GeometryError
from passes.windows import Windows

# Whole seconds, so that membership can be checked on every half second.
SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: tuple(sorted(pair))),
    max_size=8,
)
HALVES = np.arange(-1.0, 62.0) + 0.5


def members(spans):
    return {t for t in HALVES for start, stop in spans if start <= t < stop}


def instants(windows):
    return set(HALVES[windows.contains(HALVES)])


@given(SPANS, SPANS)
def test_operators_are_those_of_sets(a, b):
    left, right = Windows.of(a), Windows.of(b)
    assert instants(left & right) == members(a) & members(b)
    assert instants(left | right) == members(a) | members(b)
    assert instants(left - right) == members(a) - members(b)


@given(SPANS)
def test_spans_are_disjoint_ascending_and_not_empty(a):
    spans = Windows.of(a).spans_s
    assert np.all(spans[:, 1] > spans[:, 0])
    assert np.all(spans[1:, 0] > spans[:-1, 1])


@given(SPANS, SPANS)
def test_lengths_add_up(a, b):
    left, right = Windows.of(a), Windows.of(b)
    both = (left & right).duration_s
    assert (left | right).duration_s == left.duration_s + right.duration_s - both
    assert (left - right).duration_s == left.duration_s - both


def test_touching_spans_are_joined():
    assert list(Windows.of([(5, 9), (0, 5)])) == [(0.0, 9.0)]


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(GeometryError, match="5 s"):
        Windows.of([(0, 1), (5, 2)])


def test_a_start_belongs_to_its_window_and_a_stop_does_not():
    assert Windows.of([(0, 5)]).contains(np.array([0.0, 5.0])).tolist() == [True, False]


def test_crossings_of_a_sampled_line_are_found_between_samples():
    times = np.arange(0.0, 11.0)
    found = Windows.below(times, np.abs(times - 5.0), 2.25)
    assert list(found) == [(2.75, 7.25)]


def test_samples_stand_for_their_step():
    times = np.arange(0.0, 5.0)
    found = Windows.where(times, np.array([True, True, False, True, False]), 1.0)
    assert list(found) == [(0.0, 2.0), (3.0, 4.0)]
