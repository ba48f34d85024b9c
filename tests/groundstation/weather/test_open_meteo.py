"""Answers of Open-Meteo are read to the last unit, or refused with the key that is wrong."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.open_meteo import Wanted, read_open_meteo
from groundstation.weather.records import Quantity, WeatherKind

NOW = datetime(2026, 6, 14, 12, 10, tzinfo=UTC)
MATERA = Wanted("matera", 40.6486, 16.7046, "icon_d2", 3)
FORECAST = Wanted("matera", 40.6486, 16.7046, "icon_d2", 1)
HOURS = ["2026-06-14T21:00", "2026-06-14T22:00", "2026-06-14T23:00"]


def ensemble():
    """The form of an answer of the ensemble API; the numbers are made up."""
    members = ("", "_member01", "_member02")
    units = {"time": "iso8601"}
    hourly: dict[str, list[object]] = {"time": list(HOURS)}
    values: dict[str, tuple[str, list[list[float | None]]]] = {
        "cloud_cover": ("%", [[0, 50, 100], [10, 20, 30], [90, 80, None]]),
        "wind_speed_10m": ("km/h", [[36.0, 18.0, 0.0]] * 3),
        "relative_humidity_2m": ("%", [[80, 81, 82]] * 3),
        "precipitation": ("mm", [[0.0, 3.6, 0.0]] * 3),
    }
    for name, (unit, rows) in values.items():
        for member, row in zip(members, rows, strict=True):
            units[name + member] = unit
            hourly[name + member] = list(row)
    return {
        "latitude": 40.66,
        "longitude": 16.7,
        "generationtime_ms": 0.12,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 493.0,
        "hourly_units": units,
        "hourly": hourly,
    }


def read(document, wanted=MATERA, **options):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_open_meteo(body, "answer.json", wanted, retrieved_at=NOW, **options)


def refused(document, wanted=MATERA):
    with pytest.raises(WeatherError) as caught:
        read(document, wanted)
    return f"{caught.value.where} {caught.value}"


def test_an_ensemble_is_read_member_by_member():
    weather = read(ensemble())
    assert weather.members == ("control", "01", "02")
    assert weather.epoch == datetime(2026, 6, 14, 21, tzinfo=UTC)
    assert weather.times_s.tolist() == [0.0, 3_600.0, 7_200.0]
    assert weather.series[Quantity.CLOUD_TOTAL] == pytest.approx(
        np.array([[0.0, 0.5, 1.0], [0.1, 0.2, 0.3], [0.9, 0.8, np.nan]]), nan_ok=True
    )
    assert weather.provenance.kind is WeatherKind.ENSEMBLE
    assert weather.provenance.source == "open-meteo icon_d2"
    assert weather.provenance.dated == NOW
    assert len(weather.provenance.sha256) == 64


def test_units_become_ours():
    weather = read(ensemble())
    assert weather.series[Quantity.WIND_SPEED][0] == pytest.approx([10.0, 5.0, 0.0])
    assert weather.series[Quantity.HUMIDITY][0] == pytest.approx([0.8, 0.81, 0.82])
    # 3.6 mm in one hour are 1e-6 m/s.
    assert weather.series[Quantity.RAIN_RATE][0] == pytest.approx([0.0, 1e-6, 0.0])


@pytest.mark.parametrize(
    ("unit", "speed_m_s"), [("m/s", 36.0), ("mp/h", 16.09344), ("kn", 18.52), ("km/h", 10.0)]
)
def test_every_unit_of_wind_that_the_provider_offers_is_read(unit, speed_m_s):
    document = ensemble()
    for key in document["hourly_units"]:
        if key.startswith("wind"):
            document["hourly_units"][key] = unit
    assert read(document).series[Quantity.WIND_SPEED][0, 0] == pytest.approx(speed_m_s)


def test_a_deterministic_forecast_is_one_member():
    document = ensemble()
    for table in (document["hourly"], document["hourly_units"]):
        for key in [key for key in table if "member" in key]:
            del table[key]
    weather = read(document, FORECAST, issued_at=datetime(2026, 6, 14, 6, tzinfo=UTC))
    assert weather.members == ("control",)
    assert weather.provenance.kind is WeatherKind.FORECAST
    assert weather.provenance.dated == datetime(2026, 6, 14, 6, tzinfo=UTC)


def test_times_may_be_seconds_since_1970():
    document = ensemble()
    start = datetime(2026, 6, 14, 21, tzinfo=UTC).timestamp()
    document["hourly_units"]["time"] = "unixtime"
    document["hourly"]["time"] = [start, start + 3_600, start + 7_200]
    assert read(document).epoch == datetime(2026, 6, 14, 21, tzinfo=UTC)


def test_a_variable_that_the_model_lacks_is_unknown_and_not_refused():
    document = ensemble()
    for key in document["hourly"]:
        if key.startswith("wind"):
            document["hourly"][key] = [None] * 3
            document["hourly_units"][key] = "undefined"
    assert Quantity.WIND_SPEED not in read(document).series


def test_an_error_document_is_refused_with_its_reason():
    document = {"error": True, "reason": "Latitude must be in range of -90 to 90°. Given: 400.6."}
    assert "the provider answered with an error: 'Latitude must be" in refused(document)


def test_a_web_page_is_refused_as_one():
    assert "is a web page" in refused(b"<!DOCTYPE html><html><title>Busy</title></html>")


def test_a_truncated_document_is_refused_with_its_place():
    body = json.dumps(ensemble()).encode()
    assert "answer.json: line 1, column " in refused(body[:-40])
    assert "is empty" in refused(b" \n")


def test_a_list_of_places_is_refused():
    assert "holds a list" in refused([ensemble()])


def test_a_key_that_occurs_twice_is_refused():
    body = b'{"latitude": 40.66, "latitude": 0}'
    assert "'latitude' occurs twice" in refused(body)


def test_wrong_units_are_refused():
    document = ensemble()
    document["hourly_units"]["cloud_cover_member01"] = "okta"
    assert refused(document) == ("answer.json: hourly_units.cloud_cover_member01 'okta' is not %")
    del document["hourly_units"]["cloud_cover_member01"]
    assert "'None' is not %" in refused(document)


def test_a_percentage_outside_0_to_100_is_refused():
    document = ensemble()
    document["hourly"]["cloud_cover"][1] = 101
    assert "hourly.cloud_cover[1] 101 % is not possible" in refused(document)
    document["hourly"]["cloud_cover"][1] = -1
    assert "-1 % is not possible" in refused(document)


def test_local_times_are_refused():
    document = ensemble()
    document["timezone"], document["utc_offset_seconds"] = "Europe/Rome", 7_200
    assert "times are in Europe/Rome, not in UTC" in refused(document)
    document["timezone"] = "GMT"
    assert "not in UTC" in refused(document)
    # London in winter has no offset either, but it will have one.
    document["timezone"], document["utc_offset_seconds"] = "Europe/London", 0
    assert "times are in Europe/London" in refused(document)
    del document["utc_offset_seconds"]
    assert "not in UTC" in refused(document)


def test_members_that_are_missing_are_refused():
    document = ensemble()
    for key in [key for key in document["hourly"] if key.endswith("member01")]:
        del document["hourly"][key]
    assert "hourly.cloud_cover_member01 is missing" in refused(document)
    document = ensemble()
    for key in [key for key in document["hourly"] if key.endswith("member02")]:
        del document["hourly"][key]
    assert "has 2 members, icon_d2 has 3" in refused(document)
    assert "has 3 members, icon_d2 has 1" in refused(ensemble(), FORECAST)


def test_variables_with_different_members_are_refused():
    document = ensemble()
    del document["hourly"]["precipitation_member02"]
    assert "hourly.precipitation and cloud_cover differ in member 02" in refused(document)


def test_a_member_without_any_value_is_refused():
    document = ensemble()
    document["hourly"]["cloud_cover_member02"] = [None] * 3
    assert "hourly.cloud_cover_member02 is null from beginning to end" in refused(document)


@pytest.mark.parametrize("values", [[1, 2], [1, 2, 3, 4], None, "50"])
def test_a_list_of_the_wrong_length_is_refused(values):
    document = ensemble()
    document["hourly"]["cloud_cover_member01"] = values
    assert "hourly.cloud_cover_member01 has " in refused(document)


@pytest.mark.parametrize("value", ["50", True, {}])
def test_a_value_that_is_no_number_is_refused(value):
    document = ensemble()
    document["hourly"]["cloud_cover"][2] = value
    assert "hourly.cloud_cover[2] " in refused(document)
    assert "is not a number" in refused(document)


def test_nan_is_no_json():
    assert "NaN is not a number" in refused(json.dumps(ensemble() | {"elevation": np.nan}).encode())


def test_an_hour_that_is_missing_or_doubled_is_refused():
    document = ensemble()
    document["hourly"]["time"][2] = "2026-06-15T00:00"
    assert "hourly.time[2] is not one hour after" in refused(document)
    document["hourly"]["time"][2] = HOURS[1]
    assert "hourly.time[2] is not one hour after" in refused(document)
    document["hourly"]["time"][2] = "2026-06-14T23:00+02:00"
    assert "hourly.time[2] '2026-06-14T23:00+02:00' is not a time" in refused(document)
    document["hourly"]["time"] = []
    assert "hourly.time is missing or empty" in refused(document)


def test_an_answer_for_another_place_is_refused():
    document = ensemble()
    document["latitude"] = 48.1
    assert "latitude 48.1 is not near matera (40.6486)" in refused(document)
    document = ensemble()
    document["longitude"] = -16.7
    assert "longitude -16.7 is not near matera" in refused(document)


def test_a_station_at_the_date_line_is_near_its_cell():
    fiji = Wanted("suva", -18.1, 179.9, "icon_d2", 3)
    assert read(ensemble() | {"latitude": -18.0, "longitude": -179.9}, fiji).station == "suva"


def test_several_models_in_one_answer_are_refused():
    document = ensemble()
    document["hourly"]["cloud_cover_member01_icon_d2"] = [1, 2, 3]
    assert "ask for one model at a time" in refused(document)
    document = ensemble()
    del document["hourly"]["cloud_cover"]
    for key in ("cloud_cover_member01", "cloud_cover_member02"):
        del document["hourly"][key]
    assert "hourly.cloud_cover is missing" in refused(document)


def test_a_wind_that_no_place_has_seen_is_refused():
    document = ensemble()
    document["hourly"]["wind_speed_10m"][0] = 999.0
    assert refused(document).startswith("answer.json weather of matera: wind_speed_m_s 277.5")
