"""Weather fan, cloud strip, key pools, waterfall: numbers worked out by hand."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from groundstation.night.cloud_outlook import cloud_outlooks
from groundstation.night_records import CloudOutlook, PassWeather
from groundstation.plan.outlook import PairOutlook
from groundstation.plan.records import PoolStock
from groundstation.report.figures.cloud import cloud_figure
from groundstation.report.figures.pools import empty_spans, pool_figure, pools_figure
from groundstation.report.figures.waterfall import BARS_PT, LEFT_PT, waterfall_figure
from groundstation.report.key_pools import PairPool, pair_pools, satellite_pools
from groundstation.report.night_numbers import night_numbers
from groundstation.report.night_page import render_night
from groundstation.report.timeline import night_timeline
from groundstation.report.waterfall import Fall, night_falls, spent_bits
from groundstation.report.weather import weather_rows
from groundstation.weather.clear_line_of_sight import ClearChance
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind

START = datetime(2026, 6, 14, 12, tzinfo=UTC)


def weather_of(station, cover, hours=24):
    """A record whose members keep their cover all night; shape (members,)."""
    members = len(cover)
    origin = Provenance(WeatherKind.ENSEMBLE, "model", START, START, "ab" * 32)
    return Weather(
        station=station,
        provenance=origin,
        epoch=START,
        times_s=np.array([0.0, hours * 3_600.0]),
        members=tuple(f"m{i}" for i in range(members)),
        series={Quantity.CLOUD_TOTAL: np.repeat(np.array(cover)[:, None], 2, axis=1)},
        is_held=False,
        longest_gap_s=1e9,
    )


def outlook(station, mean, members=5):
    """A cloud outlook with one value for every half hour of the night."""
    values = tuple(mean)
    return CloudOutlook(
        station, "ensemble", "model of test", START, START, "cd" * 32, members, START,
        tuple(1_800.0 * i for i in range(len(values))), values, values, values, values,
    )  # fmt: skip


def chance(probability):
    """What a pass knows of its sky."""
    whole = ClearChance(
        "", "", probability, np.array([probability]), probability, probability, probability,
        probability, probability, probability, "model", "source", None,
    )  # fmt: skip
    return PassWeather(whole, (whole,))


@pytest.fixture(scope="module")
def cloudy(night):
    """The night with weather at two stations: half clear, half covered; and unknown at first."""
    graz = [0.2] * 24 + [0.8] * 25
    matera = [float("nan")] * 24 + [1.0] * 25
    return replace(night, clouds=(outlook("graz", graz), outlook("matera", matera)))


def test_quantiles_are_over_the_members():
    network: Any = SimpleNamespace(
        stations=[SimpleNamespace(name="graz"), SimpleNamespace(name="x")]
    )
    # Eleven members from 0 to 1 in tenths: the tenth percentile is 0.1, the ninetieth 0.9.
    record = weather_of("graz", [i / 10 for i in range(11)])
    known: Any = SimpleNamespace(records={"graz": record})
    (found,) = cloud_outlooks(network, known, START, START + timedelta(hours=24))
    assert (found.station, found.members, found.kind) == ("graz", 11, "ensemble")
    assert len(found.times_s) == 49
    assert set(found.p10) == {0.1}
    assert set(found.p50) == {0.5}
    assert set(found.p90) == {0.9}
    assert set(found.mean) == {0.5}


def test_an_instant_that_one_member_is_silent_about_is_not_known():
    record = weather_of("graz", [0.2, 0.4], hours=6)
    network: Any = SimpleNamespace(stations=[SimpleNamespace(name="graz")])
    known: Any = SimpleNamespace(records={"graz": record})
    (found,) = cloud_outlooks(network, known, START, START + timedelta(hours=12))
    assert found.mean[12] == 0.3
    assert np.isnan(found.mean[13])
    assert np.isnan(found.p10[-1])


def test_without_weather_there_is_no_outlook(night):
    assert cloud_outlooks(night.network, None, START, START) == ()


def test_the_strip_of_the_timeline_says_where_it_is_cloudy(cloudy):
    timeline = night_timeline(cloudy, {c.pass_id: 1 for c in cloudy.plan.contacts})
    assert timeline.has_clouds
    rows = {row.title: row for row in timeline.rows}
    graz = rows["Graz Lustbühel"].clouds
    assert [bar.cover for bar in graz] == [0.2, 0.8]
    # Samples stand for a quarter of an hour on either side: the change is at 23:45.
    length_s = (timeline.stop - timeline.start).total_seconds()
    change = START + timedelta(hours=11, minutes=45)
    assert graz[0].width_percent == pytest.approx(
        100.0 * (change - timeline.start).total_seconds() / length_s
    )
    assert "80" in graz[1].tooltip
    assert [bar.cover for bar in rows["Matera"].clouds] == [None, 1.0]
    assert [bar.cover for bar in rows["Calern"].clouds] == [None]
    assert rows["Calern"].clouds[0].width_percent == 100.0


def test_stretches_of_one_cover_share_one_path(cloudy):
    timeline = night_timeline(cloudy, {c.pass_id: 1 for c in cloudy.plan.contacts})
    strips = {row.title: dict(row.strip) for row in timeline.rows}
    assert list(strips["Graz Lustbühel"]) == [0.2, 0.8]
    # Seven stations know nothing: a line over the whole width, in the middle of the height.
    assert strips["Calern"] == {None: "M0 4h1000v1h-1000z"}
    ends = [re.fullmatch(r"M(\d+) 0h(\d+)v9h-\d+z", p) for p in strips["Graz Lustbühel"].values()]
    (first, second) = ([int(n) for n in found.groups()] for found in ends if found)
    assert first[0] == 0
    assert first[0] + first[1] == second[0]
    assert second[0] + second[1] == 1_000


def test_without_any_weather_there_is_no_strip(night):
    timeline = night_timeline(night, {c.pass_id: 1 for c in night.plan.contacts})
    assert not timeline.has_clouds
    assert all(row.clouds == () for row in timeline.rows)
    assert 'class="tl-cloud"' not in render_night(night)


def test_the_page_has_a_fan_and_a_row_for_every_station_with_weather(cloudy):
    page = render_night(cloudy)
    assert page.count('<div class="tl-cloud"') == len(cloudy.network.stations)
    section = page[page.index('<section id="weather">') : page.index('<section id="map">')]
    assert section.count("<figure") == 2
    assert section.count("cd" * 32) == 2
    assert "Not known for" in section
    clouds = night_numbers(cloudy)["clouds"]
    assert [c["station"] for c in clouds] == ["graz", "matera"]
    # JSON has no NaN.
    assert clouds[1]["cover_mean"][0] is None
    assert clouds[1]["cover_mean"][-1] == 1.0


def test_a_row_of_weather_is_the_mean_of_the_hours_asked_for(cloudy):
    span = START + timedelta(hours=11), START + timedelta(hours=13)
    graz, matera = weather_rows(cloudy, {"graz": "Graz"}, span)
    # 11:00, 11:30 clear-ish; 12:00, 12:30, 13:00 after noon: two of 0.2 and three of 0.8.
    assert graz.mean == pytest.approx((2 * 0.2 + 3 * 0.8) / 5)
    assert (graz.title, graz.hours_unknown) == ("Graz", 0.0)
    assert (matera.mean, matera.hours_unknown) == (1.0, 1.0)


def test_a_fan_of_one_member_has_no_band():
    span = START, START + timedelta(hours=24)
    many = cloud_figure(outlook("graz", [0.5] * 49), "Graz", [], span)
    single = cloud_figure(outlook("graz", [0.5] * 49, members=1), "Graz", [], span)
    assert "fill-opacity" in many.body
    assert "fill-opacity" not in single.body
    unknown = cloud_figure(outlook("graz", [float("nan")] * 49), "Graz", [], span)
    assert "not known in these hours" in unknown.body


def test_the_waterfall_adds_up_under_a_clear_sky(night):
    falls = {fall.name: fall for fall in night_falls(night)}
    assert list(falls) == [
        "Offered in the dark", "Taken by the plan", "Spent by relays", "Delivered to pairs",
    ]  # fmt: skip
    offered = sum(int(p.forecast.key.secret_key_bits) for p in night.passes if p.forecast)
    assert falls["Offered in the dark"].amount == offered
    assert falls["Taken by the plan"].amount == sum(c.key_bits for c in night.plan.contacts)
    # Satellite hops: 41 000 over one, 160 000 over one, 12 345 over two; each spends at both ends.
    spent = 2 * (41_000 + 160_000 + 2 * 12_345)
    assert spent_bits(night) == spent == falls["Spent by relays"].amount
    assert falls["Delivered to pairs"].amount == 41_000 + 172_345


def test_cloud_takes_its_share_of_what_is_offered(night):
    passes = tuple(
        replace(p, clear=chance(0.25)) if p.forecast is not None else p for p in night.passes
    )
    one = next(p for p in passes if p.forecast is not None)
    # One pass stays without weather and counts as clear.
    passes = tuple(
        replace(p, clear=chance(float("nan"))) if p.pass_id == one.pass_id else p for p in passes
    )
    falls = {fall.name: fall for fall in night_falls(replace(night, passes=passes))}
    worth = {p.pass_id: int(p.forecast.key.secret_key_bits) for p in passes if p.forecast}
    left = sum(value if name == one.pass_id else int(value / 4) for name, value in worth.items())
    assert falls["Left by cloud, on average"].amount == left
    assert "1 pass without weather" in falls["Left by cloud, on average"].note


def test_expected_bits_are_what_the_plan_counts(night):
    contacts = tuple(replace(c, expected_bits=1_000) for c in night.plan.contacts)
    expecting = replace(night, plan=replace(night.plan, contacts=contacts))
    falls = {fall.name: fall.amount for fall in night_falls(expecting)}
    assert falls["Taken by the plan"] == 1_000 * len(contacts)
    head = night_numbers(expecting)["headline"]
    assert head["expected_bits"] == 1_000 * len(contacts)
    assert night_numbers(expecting)["is_cloud_modelled"] is True
    assert "counted with the weather" in render_night(expecting)


def test_satellite_pools_balance(night):
    stocks = (PoolStock("SPOQC", "graz", 50_000),)
    pools = satellite_pools(replace(night, plan=replace(night.plan, stocks=stocks)))
    rows = {(p.satellite, p.station): p for p in pools}
    assert rows["SPOQC", "graz"].before_bits == 50_000
    # The relay of the grid spends 41 000 of SPOQC's key with Graz and with Edinburgh.
    assert rows["SPOQC", "graz"].spent_bits == 41_000
    assert rows["SPOQC", "heriot-watt"].spent_bits == 41_000
    assert sum(p.spent_bits for p in pools) == spent_bits(night)
    assert sum(p.received_bits for p in pools) == sum(c.key_bits for c in night.plan.contacts)
    assert all(p.left_bits == p.before_bits + p.received_bits - p.spent_bits for p in pools)


def test_a_pair_without_key_says_from_when(night):
    pools = {pool.title: pool for pool in pair_pools(night)}
    carrier = pools["Exchange Bari – Exchange Andover"]
    assert "Without key from 2026-06-14 12:00 UTC on" in carrier.sentence
    assert not carrier.is_level_known
    deliveries = tuple(replace(d, held_bits=10**9) for d in night.plan.deliveries)
    rich = pair_pools(replace(night, plan=replace(night.plan, deliveries=deliveries)))
    assert all(pool.is_level_known for pool in rich)
    assert all(pool.sentence.startswith("The key lasts: 1.00") for pool in rich)


def test_time_without_key_is_marked_on_the_axis():
    levels = (
        (START, 100.0),
        (START + timedelta(hours=1), 0.0),
        (START + timedelta(hours=3), 0.0),
        (START + timedelta(hours=3), 50.0),
        (START + timedelta(hours=4), 0.0),
        (START + timedelta(hours=5), 0.0),
        (START + timedelta(hours=6), 0.0),
    )
    assert empty_spans(levels) == [(levels[1][0], levels[2][0]), (levels[4][0], levels[6][0])]
    drawn = pool_figure(
        PairPool("A – B", PairOutlook("d", levels, levels[1][0], 4.0), 20.0, "", True, "")
    )
    assert drawn.body.count('fill="var(--keyhole)"') == 2
    # The reserve is dashed, the level is not.
    assert drawn.body.count("stroke-dasharray") == 1


def test_every_pair_has_its_panel_on_the_sheet(night):
    pools = pair_pools(night)
    drawn = pools_figure(pools, "Key pools")
    assert drawn.body.count('stroke="var(--sifted)"') == len(pools)


def bars_of(canvas):
    """Width of every bar [pt] by colour, in order."""
    found = re.findall(r'<rect x="(\d+)".*?width="(\d+)".*?fill="var\(--(\w+)\)"', canvas.body)
    return [(name, int(left) / 10, int(width) / 10) for left, width, name in found]


def test_bars_are_in_proportion_and_what_was_lost_is_pale():
    falls = [Fall("all", 100.0, "", ""), Fall("half", 50.0, "", ""), Fall("none", 0.0, "", "")]
    assert bars_of(waterfall_figure(falls)) == [
        ("sifted", LEFT_PT, BARS_PT),
        ("grid", LEFT_PT + BARS_PT / 2, BARS_PT / 2),
        ("sifted", LEFT_PT, BARS_PT / 2),
        ("grid", LEFT_PT, BARS_PT / 2),
    ]


def test_a_logarithmic_bar_is_as_long_as_its_exponent():
    falls = [Fall("sent", 1e8, "", ""), Fall("received", 1e4, "", ""), Fall("key", 1e2, "", "")]
    widths = [width for name, _, width in bars_of(waterfall_figure(falls, decades=True))
              if name != "grid"]  # fmt: skip
    assert widths == [BARS_PT, BARS_PT / 2, BARS_PT / 4]
