"""The chance of a cloud-free line of sight keeps its laws, and is worked out member by member."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from groundstation.weather.clear_line_of_sight import (
    KauthPenquite,
    Sightline,
    chance_of,
    clear_by_member,
    wilson_interval,
)
from groundstation.weather.errors import WeatherError
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind

EPOCH = datetime(2026, 6, 14, 21, 0, tzinfo=UTC)
MODEL = KauthPenquite()

fractions = st.floats(0.0, 1.0)
elevations = st.floats(0.02, np.pi / 2)
ratios = st.floats(0.0, 3.0)


def weather(rows, station="matera"):
    table = np.array(rows, dtype=float)
    return Weather(
        station=station,
        provenance=Provenance(WeatherKind.ENSEMBLE, "test", None, EPOCH, "00"),
        epoch=EPOCH,
        times_s=3_600.0 * np.arange(table.shape[1], dtype=np.float64),
        members=tuple(f"{i:02d}" for i in range(len(table))),
        series={Quantity.CLOUD_TOTAL: table},
        is_held=False,
        longest_gap_s=3_600.0,
    )


def sight(elevation_deg, weights=None, times_s=None):
    elevation = np.radians(np.atleast_1d(np.array(elevation_deg, dtype=float)))
    return Sightline(
        "p1",
        "matera",
        EPOCH,
        60.0 * np.arange(len(elevation), dtype=np.float64)
        if times_s is None
        else np.array(times_s, dtype=np.float64),
        elevation,
        np.ones(len(elevation)) if weights is None else np.array(weights, dtype=float),
    )


@pytest.mark.parametrize(
    ("cover", "elevation_deg", "expected"),
    # f = 1 / sin e for an aspect ratio of 1: 1, 2 / sqrt(3), sqrt(2), 2 and 5.758770 (10 degrees).
    [
        (0.3, 90.0, 0.7),
        (0.3, 60.0, 0.7 ** (2.0 / 3.0**0.5)),
        (0.3, 45.0, 0.7 ** (2.0**0.5)),
        (0.3, 30.0, 0.49),
        (0.7, 30.0, 0.09),
        (0.1, 10.0, 0.9**5.758770483143634),
    ],
)
def test_round_clouds_close_as_the_path_through_their_layer(cover, elevation_deg, expected):
    found = MODEL.probability(np.array(cover), np.radians(elevation_deg))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "elevation_deg", "expected"),
    # Worked by hand: at 45 degrees f = sqrt(1 + a^2), at 30 degrees sqrt(1 + 3 a^2).
    [
        (0.5, 45.0, 0.7 ** (1.25**0.5)),
        (1.5, 45.0, 0.7 ** (3.25**0.5)),
        (0.5, 30.0, 0.7 ** (1.75**0.5)),
        (0.0, 20.0, 0.7),
    ],
)
def test_taller_clouds_close_the_sky_sooner(ratio, elevation_deg, expected):
    found = KauthPenquite(ratio).probability(np.array(0.3), np.radians(elevation_deg))
    assert found == pytest.approx(expected, rel=1e-12)


@settings(max_examples=50)
@given(fractions, ratios)
def test_at_the_zenith_the_chance_is_what_the_clouds_leave_free(cover, ratio):
    found = KauthPenquite(ratio).probability(np.array(cover), np.array(np.pi / 2))
    assert found == pytest.approx(1.0 - cover, abs=1e-14)


@settings(max_examples=50)
@given(fractions, elevations, elevations, ratios)
def test_a_higher_satellite_is_never_less_likely_to_be_seen(cover, one, other, ratio):
    low, high = sorted((one, other))
    found = KauthPenquite(ratio).probability(np.array(cover), np.array([low, high]))
    assert found[0] <= found[1] + 1e-15
    assert np.all((found >= 0.0) & (found <= 1.0))


@settings(max_examples=50)
@given(fractions, fractions, elevations, ratios)
def test_more_cloud_is_never_clearer(one, other, elevation, ratio):
    less, more = sorted((one, other))
    found = KauthPenquite(ratio).probability(np.array([less, more]), np.array(elevation))
    assert found[0] >= found[1]


def test_the_formula_is_that_of_clouds_scattered_at_random():
    # Ellipsoids of width 2 r and height 2 r a, scattered over a plane with density d, cover
    # N = 1 - exp(-d pi r^2) of the vertical and are hit by a slanted line where their centre lies
    # within the shadow. Count the hits of many such skies.
    rng = np.random.default_rng(20_260_614)
    radius, ratio, elevation, cover, side, skies = 1.0, 1.5, np.radians(40.0), 0.4, 12.0, 20_000
    density = -np.log(1.0 - cover) / (np.pi * radius**2)
    free = 0
    for _ in range(skies):
        count = rng.poisson(density * side**2)
        x, y = rng.uniform(-side / 2, side / 2, (2, count))
        # Squeeze heights by the aspect ratio: the cloud is a sphere, the line is less steep.
        direction = np.array([np.cos(elevation), 0.0, np.sin(elevation) / ratio])
        direction /= np.linalg.norm(direction)
        along = x * direction[0]
        free += not np.any(x**2 + y**2 - along**2 < radius**2)
    expected = KauthPenquite(ratio).probability(np.array(cover), np.array(elevation))
    # Three standard deviations of a count of 20,000 are 0.010.
    assert free / skies == pytest.approx(float(expected), abs=0.010)


def test_unknown_cover_gives_no_chance():
    assert np.isnan(MODEL.probability(np.array(np.nan), np.array(1.0)))


@pytest.mark.parametrize(
    ("cover", "elevation", "match"),
    [
        (1.1, 1.0, "cloud cover"),
        (-0.1, 1.0, "cloud cover"),
        (0.5, 0.0, "elevation"),
        (0.5, -0.1, "elevation"),
        (0.5, 1.6, "elevation"),
        (0.5, np.nan, "elevation"),
    ],
)
def test_what_is_no_cover_or_no_elevation_is_refused(cover, elevation, match):
    with pytest.raises(WeatherError, match=match):
        MODEL.probability(np.array(cover), np.array(elevation))


def test_a_negative_aspect_ratio_is_refused():
    with pytest.raises(WeatherError, match="aspect ratio -1"):
        KauthPenquite(-1.0)


def test_the_chance_is_the_mean_over_members_and_never_that_of_the_mean_cover():
    half_and_half = weather([[0.0, 0.0], [1.0, 1.0]])
    chance = chance_of(sight(30.0), half_and_half)
    assert chance.by_member.tolist() == [1.0, 0.0]
    # The mean cover of 0.5 would say 0.25.
    assert chance.probability == pytest.approx(0.5)


def test_a_pass_is_weighted_by_its_key_rate():
    clouding = weather([[0.0, 1.0]])
    # Cover 0 at the start and 0.5 after half an hour, both at the zenith.
    light = sight([90.0, 90.0], [3.0, 1.0], [0.0, 1_800.0])
    assert clear_by_member(light, clouding) == pytest.approx([0.75 * 1.0 + 0.25 * 0.5])


def test_the_time_and_the_elevation_of_a_second_belong_together():
    clouding = weather([[0.0, 1.0]])
    rising = sight([30.0, 90.0], [1.0, 1.0], [900.0, 1_800.0])
    # A quarter at 30 degrees: 0.75 squared; a half at the zenith.
    assert clear_by_member(rising, clouding) == pytest.approx([(0.5625 + 0.5) / 2])


def test_seconds_without_key_do_not_matter_even_below_the_horizon():
    record = weather([[0.5, 0.5]])
    low = sight([-1.0, 90.0, 5.0], [0.0, 1.0, 0.0], [-60.0, 0.0, 60.0])
    assert chance_of(low, record).probability == pytest.approx(0.5)


def test_cover_that_is_unknown_in_one_member_leaves_the_chance_unknown_and_says_so():
    record = weather([[0.5, 0.5], [np.nan, 0.5]])
    chance = chance_of(sight([60.0, 60.0]), record)
    assert np.isnan(chance.probability)
    assert np.isnan([chance.low, chance.high, chance.member_p10, chance.model_low]).all()
    assert chance.reason == (
        "cloud cover at matera is unknown at 2026-06-14T21:00Z in 1 of 2 members (test)"
    )
    assert chance_of(sight(60.0), weather([[0.5, 0.5]])).reason is None


def test_a_pass_after_the_forecast_has_no_chance():
    late = sight([60.0], [1.0], [3_601.0])
    assert chance_of(late, weather([[0.5, 0.5]])).reason is not None


def test_the_interval_of_the_mean_is_wilsons():
    for hits, count in ((0, 20), (7, 20), (20, 20), (1, 1), (25, 51)):
        theirs = binomtest(hits, count).proportion_ci(confidence_level=0.8, method="wilson")
        assert wilson_interval(hits / count, count) == pytest.approx((theirs.low, theirs.high))


@settings(max_examples=50)
@given(st.lists(fractions, min_size=1, max_size=12), st.floats(0.2, np.pi / 2))
def test_the_intervals_hold_the_mean(covers, elevation):
    record = weather([[cover, cover] for cover in covers])
    chance = chance_of(sight(np.degrees(elevation)), record)
    assert chance.low <= chance.probability + 1e-12
    assert chance.probability <= chance.high + 1e-12
    assert chance.model_low <= chance.probability <= chance.model_high
    assert chance.member_p10 <= chance.member_p90


def test_more_members_narrow_the_interval_and_not_the_spread():
    few, many = ([[0.0, 0.0], [1.0, 1.0]] * count for count in (2, 20))
    one, other = chance_of(sight(50.0), weather(few)), chance_of(sight(50.0), weather(many))
    assert other.high - other.low < 0.5 * (one.high - one.low)
    assert (other.member_p10, other.member_p90) == (one.member_p10, one.member_p90) == (0.0, 1.0)


def test_the_shape_of_the_clouds_is_an_interval_of_its_own():
    chance = chance_of(sight(30.0), weather([[0.3, 0.3]]))
    assert chance.model_low == pytest.approx(0.7 ** (1.0 + 1.5**2 * 3.0) ** 0.5)
    assert chance.model_high == pytest.approx(0.7 ** (1.0 + 0.6**2 * 3.0) ** 0.5)


def test_another_model_can_take_the_place():
    @dataclass(frozen=True)
    class Always:
        name: str = "always"

        def probability(self, cover_fraction, elevation_rad):
            return np.full(np.broadcast(cover_fraction, elevation_rad).shape, 0.25)

    chance = chance_of(sight([30.0, 60.0]), weather([[0.3, 0.3]]), Always(), ())
    assert (chance.probability, chance.model) == (0.25, "always")
    assert (chance.model_low, chance.model_high) == (0.25, 0.25)


@pytest.mark.parametrize(
    ("weights", "match"),
    [([0.0, 0.0], "no weight is above 0"), ([1.0, -1.0], "no weight"), ([1.0], "differ in length")],
)
def test_a_pass_that_cannot_be_weighed_is_refused(weights, match):
    with pytest.raises(WeatherError, match=match):
        sight([30.0, 60.0], weights)


def test_the_epochs_of_pass_and_weather_may_differ():
    clouding = weather([[0.0, 1.0]])
    later = Sightline(
        "p", "matera", EPOCH + timedelta(minutes=30), np.zeros(1), np.full(1, np.pi / 2), np.ones(1)
    )
    assert clear_by_member(later, clouding) == pytest.approx([0.5])
