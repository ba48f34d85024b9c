"""A night plans nothing without the permission that a link needs, and says so."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.database import open_if_present
from groundstation.night.replay import replay_plan

NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
TABLES = """
[[permissions]]
name = "lch"
kind = "windows"
file = "windows.csv"
stations = ["xinglong"]

[[permissions]]
name = "mission"
kind = "go-nogo"
file = "flag-{station}.txt"
stations = ["nanshan", "graz"]
"""
HEAD = "target,start,stop,source,issued\n"


def guard(folder):
    """Xinglong needs a window, Nanshan and Graz a flag; all have been given."""
    path = folder / "groundstation.toml"
    path.write_text(path.read_text() + TABLES)
    window = "41731,2016-12-19T16:51:00Z,2016-12-19T16:53:00Z,LCH 7,2016-12-18T00:00:00Z\n"
    (folder / "windows.csv").write_text(HEAD + window)
    for station in ("nanshan", "graz"):
        write_flag(folder, station, "go")
    return folder


@pytest.fixture
def guarded(fresh):
    return guard(fresh)


@pytest.fixture(scope="module")
def promised_once(write_example, run_night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("promised")
    write_example(folder)
    run_night(guard(folder))
    return folder


@pytest.fixture
def promised(promised_once, tmp_path):
    """The same with a plan that is published."""
    return shutil.copytree(promised_once, tmp_path / "promised", symlinks=True)


def write_flag(folder, station, text, written=NOW):
    path = folder / f"flag-{station}.txt"
    path.write_text(text)
    os.utime(path, (written.timestamp(), written.timestamp()))


def planned(result):
    return {contact["station"]: contact for contact in result.summary["contacts"]}


def reasons(result):
    return {r["pass_id"]: r["reason"] for r in result.summary["rejections"]}


def test_a_contact_is_cut_to_its_window_and_flags_let_the_others_through(
    guarded, published, run_night
):
    plan = json.loads((published / "nights" / "latest" / "plan.json").read_text())
    free = {contact["station"]: contact for contact in plan["contacts"]}
    result = run_night(guarded, dry_run=True)
    contacts = planned(result)
    # A shorter contact leaves time for the next station under the same revolution.
    assert set(contacts) == {"xinglong", "lijiang", "nanshan", "graz"}
    assert contacts["xinglong"]["windows_utc"] == [
        ["2016-12-19T16:51:00.000Z", "2016-12-19T16:53:00.000Z"]
    ]
    # 120 of 273 seconds around the culmination; finite keys cost the short pass more than its part.
    assert 0.2 < contacts["xinglong"]["key_bits"] / free["xinglong"]["key_bits"] < 0.9
    assert contacts["nanshan"]["key_bits"] == free["nanshan"]["key_bits"]
    assert result.warnings == ()
    said = {p["file"]: (p["name"], p["says"]) for p in result.summary["permissions"]}
    assert said["windows.csv"] == ("lch", "1 of 1 windows fresh")
    assert said["flag-graz.txt"] == ("mission", "go")
    assert all(len(p["sha256"]) == 64 for p in result.summary["permissions"])


def test_a_nogo_is_no_contact_and_no_defect(guarded, run_night):
    write_flag(guarded, "nanshan", "nogo")
    result = run_night(guarded, dry_run=True)
    # The satellite is free for the other station of that revolution.
    assert set(planned(result)) == {"xinglong", "lijiang", "delingha", "graz"}
    assert reasons(result)["micius-nanshan-20161219T1826"] == (
        "no permission to shine: flag-nanshan.txt says nogo"
    )
    assert result.warnings == ()


def test_a_flag_that_turns_stale_degrades_the_night(guarded, run_night):
    result = run_night(guarded, dry_run=True, now=NOW + timedelta(minutes=16))
    assert set(planned(result)) == {"xinglong", "lijiang", "delingha"}
    assert len([w for w in result.warnings if "is older than 15 min" in w]) == 2


def test_a_window_that_misses_the_pass_refuses_it(guarded, run_night):
    text = (guarded / "windows.csv").read_text()
    (guarded / "windows.csv").write_text(text.replace("2016-12-19T16:5", "2016-12-19T15:5"))
    result = run_night(guarded, dry_run=True)
    assert "xinglong" not in planned(result)
    assert reasons(result)["micius-xinglong-20161219T1652"] == (
        "no permission to shine: no window of windows.csv covers it"
    )


def test_a_freeze_does_not_keep_a_contact_whose_permission_is_gone(promised, run_night):
    """Ten minutes before it begins the flag says nogo: it is dropped, whatever was planned."""
    now = datetime(2016, 12, 19, 18, 14, tzinfo=UTC)
    write_flag(promised, "nanshan", "nogo", now)
    write_flag(promised, "graz", "go", now)
    result = run_night(promised, dry_run=True, now=now)
    # Delingha's pass begins within the freeze, too: not taken stays not taken. What is over stays.
    assert set(planned(result)) == {"xinglong", "lijiang", "graz"}
    assert (
        "micius-nanshan-20161219T1826 was to be kept but is dropped: "
        "no permission to shine: flag-nanshan.txt says nogo"
    ) in result.warnings
    assert result.summary["difference"]["dropped"] == ["micius-nanshan-20161219T1826"]


def test_a_contact_that_is_over_stays_when_its_permission_runs_out(promised, run_night):
    plan = promised / "nights" / "latest" / "plan.json"
    first = json.loads(plan.read_text())
    now = datetime(2016, 12, 19, 17, tzinfo=UTC)
    (promised / "windows.csv").write_text(HEAD)
    for station in ("nanshan", "graz"):
        write_flag(promised, station, "go", now)
    result = run_night(promised, dry_run=True, now=now)
    assert set(planned(result)) == {"xinglong", "lijiang", "nanshan", "graz"}
    # Nothing changed, so it is the plan that is published, and not another one.
    assert result.summary["plan_id"] == first["plan_id"]
    assert result.summary["contacts"] == first["contacts"]


def test_a_span_of_an_avoid_list_costs_its_seconds_and_names_who_has_the_satellite(
    fresh, run_night
):
    """The list that an hour later has the whole night makes another plan of it."""
    path = fresh / "groundstation.toml"
    text = path.read_text().replace("[network]\n", '[network]\navoid = ["avoid/*.csv"]\n')
    path.write_text(text)
    (fresh / "avoid").mkdir()
    head = "satellite,start,stop,user,reason\n"
    row = "micius,2016-12-19T16:51:00Z,2016-12-19T16:51:20Z,USTC,entanglement run\n"
    (fresh / "avoid" / "ustc.csv").write_text(head + row)
    result = run_night(fresh)
    cut = planned(result)["xinglong"]["windows_utc"]
    assert [span for pair in cut for span in pair][1:3] == [
        "2016-12-19T16:51:00.000Z",
        "2016-12-19T16:51:20.000Z",
    ]
    assert run_night(fresh).is_unchanged
    whole = row.replace("T16:51:00Z", "T00:00:00Z").replace(
        "2016-12-19T16:51:20Z", "2016-12-21T00:00:00Z"
    )
    (fresh / "avoid" / "ustc.csv").write_text(head + whole)
    result = run_night(fresh, dry_run=True)
    assert planned(result) == {}
    assert "micius is used by USTC, entanglement run" in reasons(result).values()
    (fresh / "avoid" / "ustc.csv").write_text(head + "micius,soon,later,USTC,entanglement run\n")
    result = run_night(fresh, dry_run=True)
    assert planned(result) == {}
    assert any(
        "avoid/ustc.csv: line 2: 'soon' is not an instant" in text for text in result.warnings
    )


@pytest.mark.slow
def test_a_night_with_an_avoid_list_is_computed_again_when_the_list_is_gone(fresh, run_night):
    path = fresh / "groundstation.toml"
    path.write_text(path.read_text().replace("[network]\n", '[network]\navoid = ["ustc.csv"]\n'))
    row = "micius,2016-12-19T16:51:00Z,2016-12-19T16:51:20Z,USTC,entanglement run\n"
    (fresh / "ustc.csv").write_text(f"satellite,start,stop,user,reason\n{row}")
    made = run_night(fresh).summary["plan_id"]
    (fresh / "ustc.csv").unlink()
    db = open_if_present(fresh / "state" / "groundstation.db")
    assert db is not None
    assert replay_plan(fresh, db, made).is_equal
