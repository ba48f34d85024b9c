"""Measured loss against range next to ours: Micius over Xinglong, and what is refused."""

import numpy as np
import pytest

from groundstation.night.links import receiver_for
from passes.counts.calibration.comparison import Leg, compare_loss
from passes.errors import LinkError
from passes.link.budget import TermGroup

# Liao et al., Nature 549, 43 (2017), figure read off by baidu/QCompute: 20 km means.
RANGE_M = 1e3 * np.array([645.25, 800.0, 1000.0, 1200.0])
PUBLISHED_DB = np.array([29.75, 31.18064179, 34.33334328, 39.02889109])


@pytest.fixture(scope="module")
def seen(micius):
    passes = [p for p in micius.passes if p.forecast and p.station == "xinglong"]
    best = min(passes, key=lambda p: p.track.range_m.min())
    return best.track, best.forecast.budget


def test_one_constant_leaves_what_the_published_test_says(seen):
    found = compare_loss(
        seen[0], seen[1], RANGE_M, PUBLISHED_DB, from_elevation_rad=np.radians(25.0)
    )
    assert found.ours_db == pytest.approx([25.32, 27.35, 29.54, 31.45], abs=0.03)
    assert found.constant_db == pytest.approx(4.35, abs=0.03)
    assert found.left_db == pytest.approx([0.08, -0.52, 0.44, 3.23], abs=0.04)
    assert found.difference_db == pytest.approx(PUBLISHED_DB - found.ours_db)
    assert found.rms_db(after=False) == pytest.approx(5.36, abs=0.03)
    assert found.rms_db(after=True) < found.rms_db(after=False)


def test_the_constant_is_the_mean_of_all_points_unless_an_elevation_is_given(seen):
    found = compare_loss(seen[0], seen[1], RANGE_M, PUBLISHED_DB)
    assert found.left_db.mean() == pytest.approx(0.0, abs=1e-12)
    assert found.constant_db == pytest.approx(5.16, abs=0.03)


def test_legs_differ_where_the_pass_is_not_symmetric(seen):
    track, budget = seen
    for leg, part in ((Leg.RISING, slice(None, None)), (Leg.SETTING, slice(None, None))):
        found = compare_loss(track, budget, [9e5], [30.0], leg=leg)
        side = track.times_s[part] < track.times_s[np.argmin(track.range_m)]
        side = side if leg is Leg.RISING else ~side
        near = np.flatnonzero(side)[np.argmin(np.abs(track.range_m[side] - 9e5))]
        loss_db = budget.total_db - budget.group_db(TermGroup.DETECTOR)
        # The nearest sample, a second of 7 km: 0.07 dB.
        assert found.ours_db[0] == pytest.approx(loss_db[near], abs=0.07)


@pytest.mark.parametrize(
    ("ranges", "losses", "least_deg", "message"),
    [
        ([5e5], [30.0], 0.0, "range 500 km is outside the setting leg"),
        ([9e6], [30.0], 0.0, "range 9000 km is outside the setting leg"),
        ([9e5, 8e5], [30.0], 0.0, "2 ranges but 1 losses"),
        ([], [], 0.0, "0 ranges but 0 losses"),
        ([1.2e6], [39.0], 40.0, "no point at or above 40 deg"),
    ],
)
def test_measurements_that_do_not_fit_are_refused(seen, ranges, losses, least_deg, message):
    with pytest.raises(LinkError, match=message):
        compare_loss(seen[0], seen[1], ranges, losses, from_elevation_rad=np.radians(least_deg))


def test_the_receiver_of_the_example_is_the_one_that_was_published(micius):
    satellite = next(s for s in micius.network.satellites if s.name == "micius")
    station = next(s for s in micius.network.stations if s.name == "xinglong")
    receiver = receiver_for(satellite, station)
    assert receiver is not None
    assert receiver.aperture_m == 1.0
