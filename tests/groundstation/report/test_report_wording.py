"""Numbers as people read them."""

import doctest
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from groundstation.plan.records import Hop
from groundstation.report import wording


def plain(text):
    return text.replace(wording.THIN, " ")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bit"),
        (999, "999 bit"),
        (1000, "1.00 kbit"),
        (9994, "9.99 kbit"),
        (9996, "10.0 kbit"),
        (99_960, "100 kbit"),
        (999_400, "999 kbit"),
        (999_600, "1.00 Mbit"),
        (2.5e9, "2.50 Gbit"),
    ],
)
def test_bits_have_three_figures_and_never_a_thousand(count, text):
    assert plain(wording.bits(count)) == text


def test_an_angle_never_reads_minus_zero():
    assert wording.degrees(-0.001) == "0°"
    assert wording.degrees(np.radians(-12.34), 1) == "-12.3°"


def test_clocks_are_utc_whatever_the_zone():
    local = datetime(2026, 6, 15, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert wording.clock(local) == "23:30:05"
    assert wording.stamp(local) == "2026-06-14 23:30 UTC"
    assert wording.full_stamp(local.astimezone(UTC)) == "2026-06-14 23:30:05 UTC"


def test_a_path_names_the_carrier_of_every_hop():
    hops = (Hop("a", "b", None), Hop("b", "c", "SPOQC"))
    assert wording.path_in_words(hops, {"a": "Wien"}) == "Wien → b (by fibre) → c (by SPOQC)"
    assert wording.path_in_words((), {}) == "at one node"


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(wording).failed == 0
