"""Members are the same world at every station; drawn nights have the correlation that is stated."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from groundstation.weather.clear_line_of_sight import Sightline
from groundstation.weather.drawn_nights import distance_correlation, draw_nights
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.climatology import Climatology
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind
from groundstation.weather.scenarios import clear_in_scenarios, joint_scenarios

EPOCH = datetime(2026, 6, 14, 20, 0, tzinfo=UTC)
DAWN = EPOCH + timedelta(hours=8)
RANKS = np.array([0.0, 50.0, 100.0])


def ensemble(station, covers, *, source="icon", issued_at=None, retrieved_at=EPOCH):
    return Weather(
        station=station,
        provenance=Provenance(WeatherKind.ENSEMBLE, source, issued_at, retrieved_at, "00"),
        epoch=EPOCH,
        times_s=np.array([0.0, 3_600.0]),
        members=tuple(f"{i:02d}" for i in range(len(covers))),
        series={Quantity.CLOUD_TOTAL: np.array([[cover, cover] for cover in covers])},
        is_held=False,
        longest_gap_s=3_600.0,
    )


def overhead(station):
    return Sightline(f"p-{station}", station, EPOCH, np.zeros(1), np.full(1, np.pi / 2), np.ones(1))


def climate(station, *june):
    """Cover of June nights at the ranks 0, 50 and 100; January is overcast."""
    cover = np.ones((12, 3))
    cover[5] = june
    return Climatology(station, f"{station}.csv", EPOCH, "00", RANKS, cover)


def drawn(correlation, count=2_000, seed=7, climates=None):
    climates = climates or [climate(name, 0.0, 0.5, 1.0) for name in ("a", "b")]
    names = [f"{i:04d}" for i in range(count)]
    rng = np.random.default_rng(seed)
    return draw_nights(climates, np.array(correlation), names, EPOCH, DAWN, rng)


def covers(nights, station):
    return nights[station].series[Quantity.CLOUD_TOTAL][:, 0]


def test_a_member_is_the_same_world_at_every_station():
    joint = joint_scenarios([ensemble("a", [0.0, 1.0, 1.0]), ensemble("b", [1.0, 0.0, 1.0])])
    table = clear_in_scenarios(joint, [overhead("a"), overhead("b")])
    assert table.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    # Both stations are never clear together here; taken alone they would be in one world of nine.
    assert (table[:, 0] * table[:, 1]).mean() == 0.0
    assert joint.independent == ()


def test_a_station_without_weather_has_no_chance_in_any_world():
    joint = joint_scenarios([ensemble("a", [0.0, 1.0])])
    table = clear_in_scenarios(joint, [overhead("a"), overhead("elsewhere")])
    assert table[:, 0].tolist() == [1.0, 0.0]
    assert np.isnan(table[:, 1]).all()


RUN = datetime(2026, 6, 14, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"covers": [0.0]}, "b has 1 members, a has 2 others"),
        ({"source": "gfs"}, "a is of icon, b of gfs"),
        ({"issued_at": RUN + timedelta(hours=6)}, "different runs of icon"),
        ({"issued_at": None}, "different runs of icon"),
        ({"station": "a"}, "a station has two records"),
    ],
)
def test_members_of_different_runs_are_not_paired_by_chance(other, match):
    options = {"station": "b", "covers": [0.0, 1.0], "issued_at": RUN} | other
    with pytest.raises(WeatherError, match=match):
        joint_scenarios([ensemble("a", [0.0, 1.0], issued_at=RUN), ensemble(**options)])


def test_records_that_do_not_name_their_run_must_have_come_together():
    late = ensemble("b", [0.0, 1.0], retrieved_at=EPOCH + timedelta(hours=2))
    first = ensemble("a", [0.0, 1.0])
    with pytest.raises(WeatherError, match=r"fetched 2\.0 h apart \(limit 1\)"):
        joint_scenarios([first, late])
    assert joint_scenarios([first, late], most_apart_s=7_200.0).members == ("00", "01")
    # Where both name it, it does not matter when they came.
    both = [replace(r, provenance=replace(r.provenance, issued_at=RUN)) for r in (first, late)]
    assert joint_scenarios(both).members == ("00", "01")


def test_no_weather_makes_no_scenarios():
    with pytest.raises(WeatherError, match="no weather"):
        joint_scenarios([])


def test_a_station_without_forecast_is_filled_in_and_named():
    filled = draw_nights(
        [climate("b", 0.0, 0.5, 1.0)],
        np.eye(1),
        ("00", "01"),
        EPOCH,
        DAWN,
        np.random.default_rng(1),
    )
    joint = joint_scenarios([filled["b"], ensemble("a", [0.0, 1.0])])
    assert joint.independent == ("b",)
    assert joint_scenarios(list(filled.values())).independent == ()
    with pytest.raises(WeatherError, match="a station has two records"):
        joint_scenarios([filled["b"], filled["b"]])


def test_drawn_nights_follow_the_percentiles_of_their_month():
    nights = drawn(np.eye(2), climates=[climate("a", 0.0, 0.2, 1.0), climate("b", 0.4, 0.5, 0.6)])
    a, b = covers(nights, "a"), covers(nights, "b")
    # Half of the nights lie below the median: three standard deviations of 2000 are 0.034.
    assert np.mean(a < 0.2) == pytest.approx(0.5, abs=0.034)
    # Uniform from 0 to 0.2 and from 0.2 to 1: mean 0.35, standard deviation of it 0.0063.
    assert a.mean() == pytest.approx(0.35, abs=0.02)
    assert b.min() >= 0.4
    assert b.max() <= 0.6
    assert nights["a"].provenance.kind is WeatherKind.CLIMATOLOGY


def test_what_a_station_expects_depends_on_neither_chance_nor_its_neighbours():
    climates = [climate(name, 0.0, 0.5, 1.0) for name in ("a", "b")]
    joint = drawn([[1.0, 0.7], [0.7, 1.0]], count=20, climates=climates)
    alone = drawn(np.eye(1), count=20, seed=8, climates=climates[1:])
    # The middles of twenty equal parts, each once, in whatever order; this climate is its own rank.
    middles = (np.arange(20) + 0.5) / 20
    for nights, name in ((joint, "a"), (joint, "b"), (alone, "b")):
        assert np.sort(covers(nights, name)) == pytest.approx(middles)
    # Which night is which still follows the draw, and the neighbours hold together.
    assert covers(joint, "b").tolist() != covers(alone, "b").tolist()
    assert np.corrcoef(covers(joint, "a"), covers(joint, "b"))[0, 1] > 0.3


def test_the_month_is_that_of_the_night():
    rng = np.random.default_rng(3)
    winter = datetime(2026, 1, 14, 20, tzinfo=UTC)
    nights = draw_nights(
        [climate("a", 0.0, 0.0, 0.0)], np.eye(1), ("x",), winter, winter + timedelta(hours=8), rng
    )
    assert covers(nights, "a").tolist() == [1.0]


def test_a_drawn_night_is_as_cloudy_at_dusk_as_at_dawn():
    night = drawn(np.eye(2), count=3)["a"]
    found = night.at(Quantity.CLOUD_TOTAL, EPOCH, np.array([0.0, 14_400.0, 28_800.0]))
    assert np.all(found == found[:, :1])
    assert np.isnan(night.at(Quantity.CLOUD_TOTAL, EPOCH, np.array([28_801.0]))).all()


def test_the_same_seed_draws_the_same_nights_and_another_does_not():
    one, again, other = drawn(np.eye(2)), drawn(np.eye(2)), drawn(np.eye(2), seed=8)
    assert np.array_equal(covers(one, "a"), covers(again, "a"))
    assert not np.array_equal(covers(one, "a"), covers(other, "a"))


@pytest.mark.parametrize(
    ("binary", "any_clear"), [(0.0, 0.75), (0.2, 0.70), (0.5, 0.625), (0.8, 0.55), (1.0, 0.50)]
)
def test_stations_that_cloud_over_together_help_each_other_less(binary, any_clear):
    # Two stations, each clear in half of the nights, their clear nights correlated by `binary`:
    # one of them at least is clear in 3/4 - binary/4. The normal variables that give it have
    # the correlation sin(pi binary / 2) (Sheppard 1899).
    latent = np.sin(np.pi * binary / 2.0)
    nights = drawn([[1.0, latent], [latent, 1.0]], count=20_000)
    clear = [covers(nights, name) < 0.5 for name in ("a", "b")]
    # Three standard deviations of 20,000 nights are 0.011.
    assert np.mean(clear[0] | clear[1]) == pytest.approx(any_clear, abs=0.011)
    joint = joint_scenarios(list(nights.values()))
    table = clear_in_scenarios(joint, [overhead("a"), overhead("b")])
    # Above the zenith the chance is 1 - cover, uniform here; in ranks the correlation of the
    # chances is that of Spearman, 6 / pi arcsin(r / 2) (Pearson 1907). Error 3 / sqrt(20000).
    expected = 6.0 / np.pi * np.arcsin(latent / 2.0)
    assert np.asarray(np.corrcoef(table.T))[0, 1] == pytest.approx(expected, abs=0.022)


def test_the_correlation_falls_with_the_way_around_the_earth():
    latitude, longitude = np.radians([0.0, 0.0, 90.0]), np.radians([179.0, -179.0, 0.0])
    found = distance_correlation(latitude, longitude)
    assert np.diag(found) == pytest.approx([1.0] * 3)
    # Two degrees of the equator are 222.39 km on a sphere of 6371 km.
    assert found[0, 1] == pytest.approx(np.exp(-222.39 / 400.0), rel=1e-4)
    assert found[0, 2] == pytest.approx(np.exp(-10_007.54 / 400.0), rel=1e-4)
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize(
    ("correlation", "match"),
    [
        (np.eye(3), "shape"),
        ([[1.0, 0.2], [0.3, 1.0]], "symmetric"),
        ([[0.9, 0.2], [0.2, 1.0]], "1 on its diagonal"),
        ([[1.0, 1.5], [1.5, 1.0]], "contradictory"),
    ],
)
def test_what_is_no_correlation_is_refused(correlation, match):
    with pytest.raises(WeatherError, match=match):
        drawn(correlation, count=2)
