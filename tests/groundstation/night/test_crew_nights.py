"""Nights that a crew has worked this week count against the nights that it may still work."""

import json
import shutil
from datetime import UTC, date, datetime

import pytest
from sqlite_utils import Database

from groundstation.config.examples import copy_example, example_path
from groundstation.config.load import load_network
from groundstation.database import open_if_present
from groundstation.export.plan_document import plan_document
from groundstation.night.crew_nights import worked_document, worked_evenings, worked_from
from groundstation.night.nightly import run_nightly
from groundstation.night.replay import replay_plan

# 19 December 2016 was a Monday.
MONDAY, TUESDAY = "2016-12-19", "2016-12-20"
LIMIT = "crew_nights_per_week = 1\n"


def limited(folder, stations=("xinglong",), key=LIMIT):
    """The example with a limit for some stations."""
    copy_example("micius-2016", folder)
    path = folder / "groundstation.toml"
    text = path.read_text()
    for name in stations:
        text = text.replace(f'\nname = "{name}"\n', f'\nname = "{name}"\n{key}')
    path.write_text(text)
    return load_network(folder)


@pytest.fixture
def state(tmp_path, micius):
    """A function that writes published plans: night, and station and start of each contact."""
    db = Database(tmp_path / "state.db")
    template = json.loads(json.dumps(plan_document(micius)))
    contact = template["contacts"][0]

    def write(*plans):
        for night, contacts in plans:
            rows = [
                {
                    **contact,
                    "station": station,
                    "windows_utc": [[start, start.replace(":00.000Z", ":50.000Z")]],
                }
                for station, start in contacts
            ]
            document = {**template, "contacts": rows}
            db.table("night").insert({"night": night, "plan_id": night}, pk="night")
            db.table("plan").insert(
                {"plan_id": night, "document": json.dumps(document)}, pk="plan_id"
            )
        return db

    return write


def test_contacts_of_the_week_before_the_night_count_and_others_do_not(tmp_path, state):
    network = limited(tmp_path / "net", ("xinglong", "nanshan"))
    db = state(
        ("2016-12-18", [("xinglong", "2016-12-18T17:00:00.000Z")]),
        ("2016-12-19", [("xinglong", "2016-12-19T17:00:00.000Z"),
                        ("delingha", "2016-12-19T18:00:00.000Z")]),
        ("2016-12-20", [("nanshan", "2016-12-20T17:00:00.000Z")]),
        ("2016-12-21", [("nanshan", "2016-12-21T17:00:00.000Z")]),
    )  # fmt: skip
    assert worked_evenings(network, db, "2016-12-21") == {
        "xinglong": {date(2016, 12, 19)},
        "nanshan": {date(2016, 12, 20)},
    }
    # After Sunday a week begins in which nobody has worked.
    assert worked_evenings(network, db, "2016-12-26") == {
        "xinglong": frozenset(),
        "nanshan": frozenset(),
    }


def test_a_plan_over_several_nights_counts_until_the_next_plan(tmp_path, state):
    network = limited(tmp_path / "net")
    db = state(
        ("2016-12-19", [("xinglong", f"2016-12-{day}T17:00:00.000Z") for day in (19, 20, 21, 22)]),
        ("2016-12-21", [("xinglong", "2016-12-22T17:00:00.000Z")]),
    )
    assert worked_evenings(network, db, "2016-12-23")["xinglong"] == {
        date(2016, 12, day) for day in (19, 20, 22)
    }


def test_without_limited_crews_or_state_nothing_is_looked_up(tmp_path, state):
    network = load_network(example_path("micius-2016"))
    db = state(("2016-12-19", [("xinglong", "2016-12-19T17:00:00.000Z")]))
    assert worked_evenings(network, db, "2016-12-21") == {}
    assert worked_evenings(limited(tmp_path / "net"), None, "2016-12-21") == {}


def test_worked_nights_are_kept_as_plain_values():
    worked = {"b": frozenset({date(2016, 12, 20), date(2016, 12, 19)}), "a": frozenset()}
    kept = json.loads(json.dumps(worked_document(worked)))
    assert kept == {"b": ["2016-12-19", "2016-12-20"]}
    assert worked_from(kept) == {"b": worked["b"]}
    assert worked_from(None) == {}


@pytest.mark.slow
def test_a_crew_that_worked_on_monday_stays_at_home_on_tuesday(tmp_path):
    network = limited(tmp_path, ("xinglong", "nanshan", "delingha", "lijiang", "graz"))
    first = run_nightly(network, MONDAY, now=datetime(2016, 12, 19, 8, tzinfo=UTC))
    worked = {c["station"] for c in first.summary["contacts"]}
    assert worked
    second = run_nightly(network, TUESDAY, now=datetime(2016, 12, 20, 8, tzinfo=UTC))
    assert not worked & {c["station"] for c in second.summary["contacts"]}
    told = "is worked in 1 of its 1 crew nights of that week"
    assert any(told in r["reason"] for r in second.summary["rejections"])
    shutil.rmtree(tmp_path / "nights")
    db = open_if_present(tmp_path / "state" / "groundstation.db")
    assert db is not None
    assert replay_plan(tmp_path, db, second.summary["plan_id"]).is_equal
