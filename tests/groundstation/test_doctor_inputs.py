"""What doctor finds of weather, permission, notifications and the last run."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.database import open_database
from groundstation.night.health import examine
from groundstation.night.steps import migrations
from groundstation.weather.archive import ImportedDocument, add_document
from groundstation.weather.formats.recognition import WeatherFormat

NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
SOURCE = """
[[weather.sources]]
api = "forecast"
model = "icon_seamless"
max_age_h = 6.0
"""
PERMISSION = """
[[permissions]]
name = "laser-go"
kind = "go-nogo"
file = "go.txt"
max_age_h = 1.0
"""
NOTIFY = """
[notify]
metrics_file = "metrics/night.prom"
webhooks = [{ variable = "HOOK" }]
health_check = { variable = "CHECK" }

[[notify.mails]]
host = "localhost"
security = "none"
sender = "a@b"
recipients = ["c@d"]
user = "me"
password_variable = "MAIL_PASSWORD"
"""


@pytest.fixture
def folder(tmp_path):
    copy_example("micius-2016", tmp_path)
    return tmp_path


def finding(folder, name, extra="", environment=None, **options):
    file = folder / "groundstation.toml"
    if extra:
        file.write_text(file.read_text() + extra)
    found = examine(file, None, options.pop("now", NOW), environment=environment or {}, **options)
    return next((item.state, item.detail) for item in found if item.check == name)


def test_what_is_not_configured_is_no_fault(folder):
    assert finding(folder, "weather")[0] == "ok"
    assert finding(folder, "permission") == ("ok", "no link needs permission to shine")
    assert finding(folder, "notifications") == ("ok", "nobody is told of a night")


def test_a_source_that_brought_nothing_is_degraded(folder):
    state, text = finding(folder, "weather", SOURCE)
    assert state == "degraded"
    assert "no forecast was fetched for " in text


@pytest.mark.parametrize(("hours", "state"), [(5.9, "ok"), (6.1, "degraded")])
def test_the_weather_is_as_old_as_its_newest_forecast(folder, hours, state):
    network = load_network(folder)
    db = open_database(folder / "state" / "groundstation.db")
    issued = NOW - timedelta(hours=hours)
    for station in network.stations:
        for age in (timedelta(0), timedelta(hours=12)):
            add_document(
                db,
                ImportedDocument(
                    station=station.name,
                    form=WeatherFormat.CSV if age else WeatherFormat.OPEN_METEO,
                    file="cover.csv",
                    source=None,
                    model=None,
                    time_zone=None,
                    issued_at=issued - age,
                    retrieved_at=NOW,
                    body=b"-",
                ),
            )
    db.close()
    found, text = finding(folder, "weather", SOURCE)
    assert found == state
    assert f"{hours:.1f} h" in text
    assert "(limit 6 h)" in text


@pytest.mark.parametrize(("minutes", "state"), [(59, "ok"), (61, "degraded")])
def test_a_permission_file_has_an_age(folder, minutes, state):
    file = folder / "go.txt"
    file.write_text("go\n")
    written = (NOW - timedelta(minutes=minutes)).timestamp()
    os.utime(file, (written, written))
    found, text = finding(folder, "permission", PERMISSION)
    assert found == state
    assert "go.txt 1.0 h" in text


def test_a_permission_file_that_is_not_there_is_degraded(folder):
    state, text = finding(folder, "permission", PERMISSION)
    assert state == "degraded"
    assert "is not there" in text


def test_variables_that_are_not_set_are_named_and_never_their_values(folder):
    state, text = finding(folder, "notifications", NOTIFY, {"CHECK": "https://example.org/secret"})
    assert state == "degraded"
    assert "HOOK is not set; MAIL_PASSWORD is not set; there is no folder" in text
    assert "secret" not in text
    (folder / "metrics").mkdir()
    full = {"HOOK": "https://example.org", "CHECK": "https://example.org", "MAIL_PASSWORD": "x"}
    assert finding(folder, "notifications", "", full)[0] == "ok"


def test_a_clock_before_the_last_step_of_a_night_has_failed(folder):
    assert finding(folder, "clock")[0] in {"ok", "degraded"}
    db = open_database(folder / "state" / "groundstation.db", (migrations,))
    db.execute(
        "INSERT INTO night_step (night, step, input_hash, status, started_at, finished_at) "
        "VALUES ('2016-12-19', 'plan', 'x', 'done', '2016-12-19T08:00Z', '2016-12-19T09:00:00Z')"
    )
    db.conn.commit()
    db.close()
    state, text = finding(folder, "clock")
    assert state == "failed"
    assert "before the last run at 2016-12-19T09:00Z" in text
    assert finding(folder, "clock", is_given=True)[0] == "ok"
