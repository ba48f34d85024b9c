"""A station that is out during the night, and the freeze."""

from datetime import UTC, datetime, timedelta

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.load import load_network
from groundstation.errors import UsageError
from groundstation.night.freeze import Outage
from groundstation.night.replan import replan

NIGHT = "2016-12-19"
XINGLONG, LIJIANG = "micius-xinglong-20161219T1652", "micius-lijiang-20161219T1656"
NANSHAN, DELINGHA = "micius-nanshan-20161219T1826", "micius-delingha-20161219T1827"


def at(hour, minute=0):
    return datetime(2016, 12, 19, hour, minute, tzinfo=UTC)


def tried(folder, station, now, start=None):
    out = (Outage(station, start or now, "cloud"),)
    return replan(load_network(folder), NIGHT, now=now, out=out, dry_run=True)


def test_a_station_that_is_out_early_frees_the_satellite_for_another(published):
    found = tried(published, "xinglong", at(15))
    assert found.difference.dropped == (XINGLONG,)
    assert found.difference.added == (LIJIANG,)
    (risk,) = [d for d in found.at_risk if d.demand == "backbone"]
    assert risk.after_bits < risk.before_bits == 100_000
    said = {r["pass_id"]: r["reason"] for r in found.result.summary["rejections"]}
    assert said[XINGLONG] == "xinglong is out from 15:00Z: cloud"


def test_within_the_freeze_the_station_is_dropped_and_nobody_else_is_called(published):
    """16:30 is 20 minutes before the contact: Lijiang's pass begins within the freeze, too."""
    found = tried(published, "xinglong", at(16, 30))
    assert found.difference.dropped == (XINGLONG,)
    assert found.difference.added == ()


def test_a_contact_that_has_begun_goes_on(published):
    found = tried(published, "xinglong", at(16, 52))
    assert found.difference.is_nothing
    later = tried(published, "xinglong", at(15), start=at(16, 52))
    assert later.difference.is_nothing


def test_only_what_starts_from_the_given_instant_on_is_lost(published):
    found = tried(published, "nanshan", at(16, 52), start=at(18))
    assert found.difference.dropped == (NANSHAN,)
    assert found.difference.added == (DELINGHA,)


def test_a_replan_is_published_and_later_runs_honour_it(published, run_night):
    network = load_network(published)
    found = replan(network, NIGHT, now=at(15), out=(Outage("nanshan", at(15), "cloud"),))
    made = [step.step.value for step in found.result.steps if not step.is_unchanged]
    # Nobody is named who could be told.
    assert made == ["plan", "export", "report"]
    assert found.difference.dropped == (NANSHAN,)
    assert found.difference.added == (DELINGHA,)
    assert run_night(published, now=at(16)).is_unchanged
    # It is not lost when something else changes either.
    path = published / "groundstation.toml"
    path.write_text(path.read_text().replace('title = "Micius', 'title = "Old Micius'))
    again = run_night(published, dry_run=True, now=at(16, 40))
    stations = [contact["station"] for contact in again.summary["contacts"]]
    assert "nanshan" not in stations
    assert set(again.summary["frozen"]) >= {XINGLONG, LIJIANG}
    assert NANSHAN not in again.summary["frozen"]


@pytest.mark.slow
def test_a_station_that_is_back_is_planned_again(published):
    network = load_network(published)
    replan(network, NIGHT, now=at(15), out=(Outage("nanshan", at(15), "cloud"),))
    found = replan(network, NIGHT, now=at(16), back=("nanshan",))
    assert found.difference.added == (NANSHAN,)
    assert found.difference.dropped == (DELINGHA,)


def test_the_same_outage_twice_is_one(published):
    import sqlite3

    from groundstation.database import open_database
    from groundstation.night.state import outages_of, record_outage

    db = open_database(published / "state" / "groundstation.db")
    for _ in range(2):
        record_outage(db, NIGHT, Outage("graz", at(15), "cloud"), at(15))
    assert outages_of(db, NIGHT) == (Outage("graz", at(15), "cloud"),)
    assert outages_of(db, "2016-12-20") == ()
    db.close()
    with sqlite3.connect(published / "state" / "groundstation.db") as plain:
        (count,) = plain.execute("SELECT count(*) FROM outage").fetchone()
    plain.close()
    assert count == 1


def test_a_night_without_a_plan_cannot_be_planned_again(fresh):
    with pytest.raises(UsageError, match="no plan is published for the night 2016-12-19"):
        tried(fresh, "xinglong", at(15))


def test_the_command_names_changes_and_demands_at_risk(published, capfd):
    toml = str(published / "groundstation.toml")
    options = ["-c", toml, "--now", "2016-12-19T15:00Z", "night", "replan", "--night", NIGHT]
    assert run(groundstation, [*options, "--station-out", "xinglong", "--dry-run"]) == 0
    said = capfd.readouterr().out
    assert f"added: {LIJIANG}" in said
    assert f"dropped: {XINGLONG}" in said
    assert "at risk: backbone (academy-beijing - observatory-urumqi): 100.0 to 0.0 kbit" in said
    assert "dry run: nothing was written" in said
    assert run(groundstation, [*options, "--station-out", "xinlong"]) == 2
    assert "did you mean 'xinglong'" in capfd.readouterr().err
    assert run(groundstation, options) == 2


def test_the_freeze_length_is_a_policy(published):
    """With five minutes of freeze Lijiang can still be called 20 minutes before."""
    path = published / "groundstation.toml"
    text = path.read_text()
    assert "freeze_min" not in text
    path.write_text(text.replace("[policies]\n", "[policies]\nfreeze_min = 5.0\n"))
    found = tried(published, "xinglong", at(16, 30))
    assert found.difference.added == (LIJIANG,)
    assert timedelta(seconds=load_network(published).policies.freeze_s) == timedelta(minutes=5)
