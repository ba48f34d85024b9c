"""Limits of contacts in a network file: read, listed, refused where they make no sense."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundstation.announcement_policy import AT_ONCE, AnnouncementPolicy
from groundstation.config import example_path, load_network
from groundstation.config.listing import rows_of
from groundstation.config.load import network_of_file, read_network_file
from groundstation.contact_limits import (
    UNLIMITED_SATELLITE,
    UNLIMITED_STATION,
    SatelliteLimits,
    StationLimits,
)
from groundstation.errors import ConfigError
from groundstation.network import Interval

EUROPE = example_path("europe-2026").read_text(encoding="utf-8")
STATION_KEYS = "telescopes = 2\ncrew_nights_per_week = 5\nmax_contacts_per_night = 6\n"
SATELLITE_KEYS = (
    "max_contact_s_per_orbit = 420\nkey_memory_kbit = 1.5\n"
    "unavailable = [{ start = 2026-06-14T22:00:00+02:00, stop = 2026-06-14T21:00:00Z, "
    'user = "esa", reason = "pointing campaign" }]\n'
)


def written(tmp_path: Path, station: str = "", satellite: str = "") -> Path:
    """The example with more keys of helmos and of spoqc; planned orbits stand for its elements."""
    text = EUROPE.replace('name = "helmos"\n', f'name = "helmos"\n{station}')
    text = text.replace('name = "spoqc"\n', f'name = "spoqc"\n{satellite}')
    lines = [line for line in text.splitlines() if not line.startswith("elements = ")]
    path = tmp_path / "groundstation.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_limits_arrive_in_bits_and_utc(tmp_path: Path) -> None:
    network = load_network(written(tmp_path, STATION_KEYS, SATELLITE_KEYS))
    (helmos,) = [s for s in network.stations if s.name == "helmos"]
    (spoqc,) = [s for s in network.satellites if s.name == "spoqc"]
    assert helmos.limits == StationLimits(2, 5, 6)
    assert spoqc.limits == SatelliteLimits(420.0, 1_500.0)
    start, stop = (datetime(2026, 6, 14, hour, tzinfo=UTC) for hour in (20, 21))
    assert spoqc.unavailable == (Interval(start, stop, "esa, pointing campaign"),)


def test_without_limits_there_are_none(tmp_path: Path) -> None:
    network = load_network(written(tmp_path))
    assert {s.limits for s in network.stations} == {UNLIMITED_STATION}
    assert {s.limits for s in network.satellites} == {UNLIMITED_SATELLITE}
    assert UNLIMITED_STATION.telescopes == 1


def test_limits_are_listed_with_their_units(tmp_path: Path) -> None:
    file = read_network_file(written(tmp_path, STATION_KEYS, SATELLITE_KEYS))
    rows = {row["path"]: row for row in rows_of(file, network_of_file(file))}
    found = {
        path.split(".", 1)[1]: (row["value"], row["unit"])
        for path, row in rows.items()
        if row["origin"] == "file" and ("_per_" in path or "memory" in path)
        and not path.startswith("plan") and "turbulence" not in path
    }  # fmt: skip
    assert found["crew_nights_per_week"] == (5, "night")
    assert found["max_contacts_per_night"] == (6, "1")
    assert found["max_contact_s_per_orbit"] == (420.0, "s")
    assert found["key_memory_kbit"] == (1.5, "kbit")


@pytest.mark.parametrize(
    ("station", "satellite", "key", "message"),
    [
        ("telescopes = 0\n", "", "telescopes", "0 is outside 1..99"),
        ("crew_nights_per_week = 8\n", "", "crew_nights_per_week", "8 is outside 0..7"),
        ("max_contacts_per_night = -1\n", "", "max_contacts_per_night", "-1 is outside 0..1000"),
        ("", "key_memory_kbit = 0\n", "key_memory_kbit", "0 is not above 0"),
        ("", "max_contact_s_per_orbit = -5\n", "max_contact_s_per_orbit", "-5 is not above 0"),
        ("", SATELLITE_KEYS.replace("T21:00", "T20:00"), "unavailable[0].stop",
         "2026-06-14T20:00:00+00:00 is not after start 2026-06-14T22:00:00+02:00"),
        ("", SATELLITE_KEYS.replace('"esa"', '""'), "unavailable[0].user", "is empty"),
    ],
)  # fmt: skip
def test_a_limit_that_makes_no_sense_is_refused(
    tmp_path: Path, station: str, satellite: str, key: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_network(written(tmp_path, station, satellite))
    (fault,) = [f for f in caught.value.faults if f.path.endswith(key)]
    assert message in fault.message


RADIO = """
[[radio_stations]]
name = "svalbard"
title = "Svalbard"
latitude_deg = 78.23
longitude_deg = 15.39
"""


def test_radio_stations_and_delays_arrive_in_radians_and_seconds(tmp_path: Path) -> None:
    keys = 'radio_stations = ["svalbard"]\nannouncement_delay_min = 7.5\n'
    path = written(tmp_path, satellite=keys)
    path.write_text(path.read_text(encoding="utf-8") + RADIO, encoding="utf-8")
    network = load_network(path)
    (spoqc,) = [s for s in network.satellites if s.name == "spoqc"]
    assert spoqc.announcement == AnnouncementPolicy(("svalbard",), 450.0)
    assert {s.announcement for s in network.satellites if s is not spoqc} == {AT_ONCE}
    (station,) = network.radio_stations
    assert station.min_elevation_rad == pytest.approx(math.radians(5.0))
    assert math.degrees(station.site.latitude_rad) == pytest.approx(78.23)
    assert math.degrees(station.site.longitude_rad) == pytest.approx(15.39)


@pytest.mark.parametrize(
    ("more", "name", "path", "message"),
    [
        (RADIO, "svalbord", "satellites[0].radio_stations[0]",
         "no radio station 'svalbord' (did you mean 'svalbard'?)"),
        (RADIO + RADIO, "svalbard", "radio_stations[1].name",
         "'svalbard' is already the name of radio_stations[0]"),
        (RADIO.replace("78.23", "98.23"), "svalbard", "radio_stations[0].latitude_deg",
         "98.23 is outside -90..90"),
    ],
)  # fmt: skip
def test_a_radio_station_that_makes_no_sense_is_refused(
    tmp_path: Path, more: str, name: str, path: str, message: str
) -> None:
    file = written(tmp_path, satellite=f'radio_stations = ["{name}"]\n')
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_network(file)
    assert [(f.path, f.message) for f in caught.value.faults] == [(path, message)]
