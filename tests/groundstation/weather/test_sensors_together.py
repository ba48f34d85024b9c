"""Several sensors at one place: the worst counts, and each limit needs one that knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from groundstation.weather.formats.aviation import read_metar
from groundstation.weather.formats.boltwood import read_boltwood
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind
from groundstation.weather.safety import SafetyLimits, judge_sensors

NOW = datetime(2026, 6, 14, 21, tzinfo=UTC)
CLOUD = Quantity.CLOUD_TOTAL
WIND = Quantity.WIND_SPEED
SPREAD = Quantity.DEW_POINT_SPREAD
LINE = (
    "2026-06-14 23:00:00.00 {units} -25.0  {air}   20.0   12.0  55   {dew}   0 0 0 00020 "
    "046187.95833 1 1 1 1"
)


def sensor(name, age_s=60.0, **values):
    at = NOW - timedelta(seconds=age_s)
    return Weather(
        station="matera",
        provenance=Provenance(WeatherKind.OBSERVATION, name, at, NOW, "00"),
        epoch=at,
        times_s=np.zeros(1),
        members=("sensor",),
        series={Quantity[key]: np.array([[value]]) for key, value in values.items()},
        is_held=True,
        longest_gap_s=300.0,
    )


def judged(*sensors, max_age_s=600.0, **limits):
    limits.setdefault("max_rain_rate_m_s", None)
    readings = [(weather, max_age_s) for weather in sensors]
    return judge_sensors(readings, NOW, SafetyLimits(max_age_s, **limits)).reasons


def test_each_limit_needs_one_sensor_that_knows_its_quantity():
    eye, mast = sensor("eye", CLOUD_TOTAL=0.2), sensor("mast", WIND_SPEED=3.0)
    limits = {"max_cloud_fraction": 0.5, "max_wind_m_s": 10.0}
    assert judged(eye, mast, **limits) == ()
    assert judged(eye, **limits) == ("wind is unknown (eye)",)
    assert judged(mast, **limits) == ("cloud cover is unknown (mast)",)
    blind = sensor("blind", CLOUD_TOTAL=np.nan)
    assert judged(blind, mast, **limits) == ("cloud cover is unknown (blind, mast)",)


def test_a_member_that_does_not_know_makes_its_record_one_that_does_not_know():
    half = sensor("half", WIND_SPEED=1.0)
    half = replace(half, members=("a", "b"), series={WIND: np.array([[1.0], [np.nan]])})
    assert judged(half, max_wind_m_s=10.0) == ("wind is unknown (half)",)


def test_of_two_that_know_the_worse_counts():
    calm, windy = sensor("calm", WIND_SPEED=2.0), sensor("windy", WIND_SPEED=12.0)
    for order in ((calm, windy), (windy, calm)):
        assert judged(*order, max_wind_m_s=10.0) == ("wind 12 m/s (limit 10; windy)",)
    wet, dry = sensor("wet", DEW_POINT_SPREAD=1.0), sensor("dry", DEW_POINT_SPREAD=9.0)
    for order in ((wet, dry), (dry, wet)):
        assert judged(*order, min_dew_point_spread_k=2.0) == (
            "dew point spread 1 K (limit 2; wet)",
        )


def test_a_value_at_its_limit_is_safe():
    assert judged(sensor("a", WIND_SPEED=10.0), max_wind_m_s=10.0) == ()
    assert judged(sensor("a", DEW_POINT_SPREAD=2.0), min_dew_point_spread_k=2.0) == ()


def test_one_stale_sensor_is_a_no_whatever_the_others_say():
    old, new = sensor("old", 700.0, WIND_SPEED=1.0), sensor("new", WIND_SPEED=1.0)
    assert judged(old, new, max_wind_m_s=10.0) == ("old is 700 s old (limit 600 s)",)
    ahead = sensor("ahead", -300.0, WIND_SPEED=1.0)
    assert judged(ahead, max_wind_m_s=10.0) == ("ahead is dated 300 s after now; check the clocks",)


def test_a_stale_sensor_never_stands_in_for_a_fresh_one():
    old, new = sensor("old", 700.0, WIND_SPEED=1.0), sensor("new", CLOUD_TOTAL=0.1)
    assert judged(old, new, max_wind_m_s=10.0) == (
        "old is 700 s old (limit 600 s)",
        "wind is unknown (new)",
    )


def test_no_sensor_is_a_no():
    assert judged() == ("the weather is unknown",)


@pytest.mark.parametrize(
    ("groups", "spread_k"), [("27/15", 12.0), ("M02/M05", 3.0), ("01/M01", 2.0), ("08/08", 0.0)]
)
def test_a_report_tells_the_dew_point_spread(groups, spread_k):
    body = f"METAR LIBG 142050Z 31008KT CAVOK {groups} Q1015=".encode()
    weather = read_metar(body, "report", "matera", retrieved_at=NOW)
    assert weather.series[SPREAD][0, 0] == spread_k


def test_a_report_without_dew_point_does_not_know_the_spread():
    weather = read_metar(
        b"METAR LIBG 142050Z 31008KT CAVOK 27/// Q1015=", "report", "matera", retrieved_at=NOW
    )
    assert SPREAD not in weather.series


def test_a_boltwood_file_tells_the_spread_in_kelvin_whatever_its_unit():
    def spread(units, air, dew):
        body = LINE.format(units=units, air=air, dew=dew).encode()
        reading = read_boltwood(body, "sky", "matera", "Europe/Rome", retrieved_at=NOW)
        return float(reading.weather.series[SPREAD][0, 0])

    assert spread("C K", 18.0, 8.8) == pytest.approx(9.2)
    assert spread("F K", 68.0, 50.0) == pytest.approx(10.0)
    # Fog: the dew point is a rounding above the air.
    assert spread("C K", 8.0, 8.1) == 0.0
