"""P(clear) of a pass is a mean over worlds, beside its key and never in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.export.clear_columns import clear_columns, clear_sentence
from groundstation.night.pass_weather import attach_weather, pass_weather, scenario_table, sightline
from groundstation.night.weather_step import NightWeather
from groundstation.night_records import NightPass
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind
from groundstation.weather.scenarios import Scenarios, joint_scenarios
from groundstation.weather_policy import WeatherPolicy
from passes.counts.expected import CountRates
from passes.forecast import PassForecast
from passes.track import Track

EPOCH = datetime(2026, 6, 14, 21, tzinfo=UTC)
ZENITH = np.pi / 2.0


@pytest.fixture(scope="module")
def network():
    return load_network(example_path("europe-2026"))


def track(elevation_rad, usable=None):
    count = len(elevation_rad)
    flat = np.zeros(count)
    return Track(
        epoch=EPOCH,
        times_s=np.arange(count, dtype=np.float64),
        azimuth_rad=flat,
        elevation_rad=np.asarray(elevation_rad, dtype=np.float64),
        range_m=flat + 5e5,
        range_rate_m_s=flat,
        azimuth_rate_rad_s=flat,
        elevation_rate_rad_s=flat,
        sun_elevation_rad=flat - 0.5,
        moon_elevation_rad=flat - 0.5,
        moon_separation_rad=flat + 1.0,
        moon_phase_angle_rad=flat,
        sunlit_fraction=flat,
        solar_phase_angle_rad=flat,
        is_usable=np.ones(count, dtype=bool) if usable is None else np.asarray(usable),
    )


def a_pass(elevation_rad=(ZENITH,), usable=None, station="matera", windows=None):
    flown = track(elevation_rad, usable)
    end = EPOCH + timedelta(seconds=len(elevation_rad) - 1)
    return NightPass(
        pass_id=f"sat-{station}-1",
        satellite="sat",
        station=station,
        aos=EPOCH,
        tca=EPOCH,
        los=end,
        aos_truncated=False,
        los_truncated=False,
        max_elevation_rad=max(elevation_rad),
        min_range_m=5e5,
        aos_azimuth_rad=0.0,
        tca_azimuth_rad=0.0,
        los_azimuth_rad=0.0,
        sun_elevation_rad=-0.5,
        sunlit_fraction=0.0,
        moon_separation_rad=1.0,
        moon_elevation_rad=-0.5,
        moon_illumination=0.0,
        keyhole_s=0.0,
        elements_epoch=EPOCH,
        elements_age_s=0.0,
        sigma_time_s=None,
        sigma_pointing_rad=None,
        windows=((EPOCH, end),) if windows is None else windows,
        refusal=None,
        track=flown,
        forecast=None,
    )


def weather(*covers, station="matera", changes=None):
    """Members of constant cover; `changes` replaces the cover from 21:00:05 on."""
    later = covers if changes is None else changes
    return Weather(
        station=station,
        provenance=Provenance(WeatherKind.ENSEMBLE, "made up", EPOCH, EPOCH, "00"),
        epoch=EPOCH - timedelta(hours=1),
        times_s=np.array([0.0, 3_604.0, 3_605.0, 7_200.0]),
        members=tuple(f"{i:02d}" for i in range(len(covers))),
        series={
            Quantity.CLOUD_TOTAL: np.array(
                [[c, c, d, d] for c, d in zip(covers, later, strict=True)]
            )
        },
        is_held=False,
        longest_gap_s=3_700.0,
    )


def night(*records, unknown=None):
    return NightWeather(
        scenarios=joint_scenarios(records) if records else Scenarios(("unknown",), {}, ()),
        records={record.station: record for record in records},
        unknown=MappingProxyType(unknown or {}),
        safety={},
        warnings=(),
        documents=(),
        digest="",
    )


def cleared(item, known, network):
    return pass_weather(item, known, network)


def weights_of(item, network):
    sight = sightline(item, network.key)
    assert sight is not None
    return sight.weights


def chance(network, covers, elevation_rad=(ZENITH,), **options):
    return cleared(a_pass(elevation_rad, **options), night(weather(*covers)), network).whole


@settings(max_examples=50, deadline=None)
@given(cover=st.floats(0.0, 1.0), ratio=st.floats(0.0, 5.0))
def test_at_the_zenith_the_chance_is_one_minus_cover_whatever_the_clouds(cover, ratio):
    network = replace(
        load_network(example_path("micius-2016")), weather=WeatherPolicy(aspect_ratio=ratio)
    )
    found = chance(network, [cover])
    assert found.probability == pytest.approx(1.0 - cover, abs=1e-12)
    assert found.model_low == pytest.approx(found.model_high, abs=1e-12)


def test_members_are_averaged_after_the_line_of_sight_not_before(network):
    # At 30 deg and aspect ratio 1 the chance is (1 - N)^2 (1 / sin 30 deg = 2).
    found = chance(network, [0.0, 1.0], [np.radians(30.0)])
    assert found.probability == pytest.approx(0.5)
    assert found.by_member.tolist() == pytest.approx([1.0, 0.0])
    # The sky of mean cover would have 0.25.
    assert chance(network, [0.5], [np.radians(30.0)]).probability == pytest.approx(0.25)


def test_the_interval_encloses_members_and_clouds(network):
    found = chance(network, [0.3] * 40, [np.radians(30.0)])
    # Kauth and Penquite at N = 0.3, 30 deg: 0.49 for aspect ratio 1; for the bounds 0.6 and 1.5,
    # f = sqrt(1 + 3 a^2) = 1.4422 and 2.7839.
    assert found.probability == pytest.approx(0.49)
    assert found.model_high == pytest.approx(0.7**1.44222, rel=1e-5)
    assert found.model_low == pytest.approx(0.7**2.78388, rel=1e-5)
    assert found.lowest == min(found.low, found.model_low)
    assert found.highest == max(found.high, found.model_high)
    one_run = chance(network, [0.3], [np.radians(30.0)])
    assert one_run.lowest < found.lowest < found.probability < found.highest < one_run.highest


def test_the_network_file_sets_the_shape_of_clouds(network):
    flat = replace(network, weather=WeatherPolicy(aspect_ratio=0.0, aspect_ratio_range=(0.0, 1.0)))
    found = chance(flat, [0.3] * 400, [np.radians(30.0)])
    assert (found.probability, found.model_low) == pytest.approx((0.7, 0.49))
    assert found.model == "Kauth and Penquite (1967), aspect ratio 0"


def test_only_usable_seconds_count(network):
    low, high = np.radians(20.0), ZENITH
    usable = [False] * 5 + [True] * 5
    found = chance(network, [0.3], [low] * 5 + [high] * 5, usable=usable)
    assert found.probability == pytest.approx(0.7)


def test_every_window_has_its_own_chance(network):
    at = [EPOCH + timedelta(seconds=s) for s in (0, 4, 5, 9)]
    item = a_pass([ZENITH] * 10, windows=((at[0], at[1]), (at[2], at[3])))
    record = weather(0.0, 0.0, changes=(1.0, 0.5))
    found = cleared(item, night(record), network)
    assert [w.probability for w in found.windows] == pytest.approx([1.0, 0.25])
    assert found.whole.probability == pytest.approx(0.625)


def test_without_a_forecast_every_usable_second_counts_alike(network):
    weights = weights_of(a_pass([0.5, 1.0, ZENITH]), network)
    assert weights.tolist() == [1.0, 1.0, 1.0]


def forecast(sifted_hz, qber):
    """A forecast of which only the rates are looked at."""
    rates = np.array(sifted_hz, dtype=np.float64)
    counted = CountRates(rates, rates, rates * 0.0, rates, np.array(qber))
    absent: Any = None
    return PassForecast(budget=absent, noise=absent, rates=counted, moments=absent, key=absent)


def test_seconds_count_by_the_key_that_they_bring(network):
    # Key of a second: rate times 1 - (1 + f) h(Q), f = 1.16; h(0.03) = 0.19439, h(0.2) = 0.72193.
    item = replace(
        a_pass([ZENITH] * 4, usable=[True, True, True, False]),
        forecast=forecast([100.0, 100.0, 50.0, 900.0], [0.0, 0.03, 0.2, 0.0]),
    )
    assert weights_of(item, network) == pytest.approx(
        [100.0, 100.0 * (1.0 - 2.16 * 0.19439), 0.0], rel=1e-4
    )
    silent = replace(item, forecast=forecast([0.0] * 4, [np.nan] * 4))
    assert weights_of(silent, network).tolist() == [1.0, 1.0, 1.0]


def test_a_cloud_over_the_best_seconds_costs_most(network):
    elevations = [np.radians(30.0)] * 5 + [ZENITH] * 5
    item = a_pass(elevations)
    bright = replace(item, forecast=forecast([1.0] * 5 + [3.0] * 5, [0.0] * 10))
    record = weather(0.3)
    # (1 - 0.3)^2 = 0.49 low, 0.7 at the zenith.
    alike = cleared(item, night(record), network).whole.probability
    weighted = cleared(bright, night(record), network).whole.probability
    assert (alike, weighted) == pytest.approx(((0.49 + 0.7) / 2.0, 0.25 * 0.49 + 0.75 * 0.7))


def test_a_pass_that_cannot_be_a_contact_has_no_chance(network):
    refused = a_pass(windows=())
    assert cleared(refused, night(weather(0.0)), network) is None
    assert clear_columns(None) == dict.fromkeys(
        (
            "probability_clear",
            "probability_clear_low",
            "probability_clear_high",
            "weather_source",
            "weather_reason",
        )
    )
    assert clear_sentence(None) == ""


def test_unknown_weather_stays_unknown_and_says_why(network):
    item = a_pass()
    (found,) = attach_weather([item], night(unknown={"matera": "the mast is down"}), network)
    columns = clear_columns(found.clear)
    assert found.clear is not None
    assert np.isnan(found.clear.whole.probability)
    assert columns["probability_clear"] is None
    assert columns["probability_clear_low"] is columns["probability_clear_high"] is None
    assert columns["weather_reason"] == "the mast is down"
    assert clear_sentence(found.clear) == "Chance of a clear sky unknown: the mast is down."


def test_one_member_that_does_not_know_leaves_the_chance_unknown(network):
    found = chance(network, [0.2, np.nan])
    assert np.isnan(found.probability)
    assert "unknown at 2026-06-14T21:00Z in 1 of 2 members (made up)" in found.reason
    (item,) = attach_weather([a_pass()], night(weather(0.2, np.nan)), network)
    assert clear_columns(item.clear)["probability_clear"] is None


def test_columns_and_sentence_tell_chance_interval_and_source(network):
    (item,) = attach_weather([a_pass()], night(weather(*[0.0] * 3 + [1.0] * 7)), network)
    columns = clear_columns(item.clear)
    assert columns["probability_clear"] == pytest.approx(0.3)
    # Wilson's 80 % interval of 3 in 10 (z = 1.28155), by hand: 0.1538 to 0.5026.
    assert columns["probability_clear_low"] == pytest.approx(0.1538, abs=1e-4)
    assert columns["probability_clear_high"] == pytest.approx(0.5026, abs=1e-4)
    assert columns["weather_source"] == "made up"
    assert clear_sentence(item.clear) == (
        "Clear sky with 30% (15% to 50%), from 10 members of made up; "
        "Kauth and Penquite (1967), aspect ratio 1."
    )


def test_the_key_of_a_pass_is_left_as_it_is(network):
    item = a_pass()
    (found,) = attach_weather([item], night(weather(1.0)), network)
    assert found.clear is not None
    assert found.clear.whole.probability == 0.0
    others = [name for name in NightPass.__dataclass_fields__ if name != "clear"]
    assert all(getattr(found, name) is getattr(item, name) for name in others)


def test_worlds_are_joint_over_stations(network):
    here, there = a_pass(station="matera"), a_pass(station="calern")
    wet = night(weather(0.0, 1.0), weather(1.0, 0.0, station="calern"))
    members, names, table = scenario_table([here, there], wet, network)
    assert members == ("00", "01")
    assert names == ("sat-matera-1", "sat-calern-1")
    assert table.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    _, _, lone = scenario_table([here, a_pass(station="graz")], wet, network)
    assert np.isnan(lone[:, 1]).all()
