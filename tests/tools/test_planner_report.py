"""The tables of the comparison, over nights written by hand."""

from types import SimpleNamespace

import numpy as np
import pytest


def _row(kbit, starved_h, clear=2):
    return {
        "kbit": {"a": kbit, "pad": 1.0},
        "starved_h": {"a": starved_h, "pad": 24.0},
        "contacts": 4, "clear": clear, "cpu_s": 0.5, "in_pools_kbit": 0.0, "night": "",
    }  # fmt: skip


@pytest.fixture
def network():
    return SimpleNamespace(
        demands=(
            SimpleNamespace(name="a", priority=3.0, bits_per_day=20e3),
            SimpleNamespace(name="pad", priority=0.5, bits_per_day=20e6),
        )
    )


def test_key_counts_with_its_priority(comparison, network):
    values = comparison.report.weighted(network, [_row(10.0, 0.0), _row(20.0, 0.0)])
    np.testing.assert_allclose(values, [30.5, 60.5])


def test_the_error_of_a_difference_is_that_of_means_of_five_nights(comparison):
    reference = np.full(10, 100.0)
    values = reference + np.repeat([2.0, 4.0], 5)
    # Means 2 and 4: mean 3, standard deviation sqrt(2), error 1; of a reference of 100.
    assert comparison.report.difference(values, reference) == "+3.0 % ± 1.0"
    assert comparison.report.difference(values[:9], reference[:9]) == "+2.9 %"


def test_the_worst_pair_is_one_that_could_have_been_served(comparison, network):
    shares = comparison.report.shares(network, [_row(10.0, 0.0), _row(20.0, 0.0)])
    assert shares == {"a": pytest.approx(0.75)}


def test_the_tables_say_what_was_lived(comparison, network):
    way = comparison.ways.REFERENCE
    rows = {
        way: [_row(10.0, 6.0), _row(20.0, 0.0)],
        "greedy": [_row(5.0, 12.0, clear=1), _row(10.0, 24.0)],
    }
    lines = comparison.report.value_table(network, rows).splitlines()
    assert lines[2] == f"| {way} | 46 |  | 30 | 75% | 3.0 | 4.0 | 50% | 0.5 |"
    assert lines[3] == "| greedy | 23 | -49.5 % | 16 | 38% | 18.0 | 4.0 | 38% | 0.5 |"
    pairs = comparison.report.pair_table(network, rows).splitlines()
    assert pairs[0] == "| way of planning | a (3) | pad (0.5) |"
    assert pairs[2].startswith(f"| {way} | 75%, 3.0 h (5.7) |")


def test_ways_are_compared_over_the_same_nights(comparison, network):
    lived, state = comparison.simulation.Lived, comparison.simulation.State
    way = comparison.ways.REFERENCE
    rows = [_row(10.0, 0.0), _row(30.0, 0.0)]
    ways = {way: lived(rows), "greedy": lived(rows[:1])}
    short = comparison.report.markdown(network, state(9, "", ways), [1])
    assert short.startswith("1 nights, seed 9:")
    assert f"| {way} | 30 |" in short
    assert "| greedy | 30 |" in short
    text = comparison.report.markdown(network, state(9, "", ways), [60])
    assert text.startswith("2 nights, seed 9")
    assert f"| {way} | 60 |" in text
    assert "| greedy" not in text
    assert text.endswith("left out: greedy (1)")
    assert comparison.report.markdown(network, state(9, "", {}), [5]).startswith("no night")
    both = comparison.report.markdown(network, state(9, "", ways), [1, 60])
    assert both.index("2 nights, seed 9:") < both.index("1 nights, seed 9:")
    assert "left out" not in both


def test_tables_go_between_their_marks(comparison):
    report = comparison.report
    page = f"before\n\n{report.BEGIN}\n\nold\n\n{report.END}\n\nafter\n"
    written = report.with_tables(page, "new")
    assert written == f"before\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\nafter\n"
    assert report.with_tables(written, "new") == written
    with pytest.raises(ValueError, match="has no lines"):
        report.with_tables("before", "new")
