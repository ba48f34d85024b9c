"""Steps: made once, made again when something changed, taken one at a time."""

import json
import os
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.errors import ElementsAgeError, StateError
from groundstation.night.steps import Step

NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
ALL = [step.value for step in Step]


def rows_of(folder):
    db = sqlite3.connect(folder / "state" / "groundstation.db")
    try:
        return db.execute("SELECT step, status, input_hash, output_hash FROM night_step").fetchall()
    finally:
        db.close()


def made(result):
    return [step.step.value for step in result.steps if not step.is_unchanged]


def change(folder, old, new):
    path = folder / "groundstation.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_night_is_eight_rows_with_inputs_and_outputs(published):
    rows = rows_of(published)
    assert [row[0] for row in rows] == ALL
    assert {row[1] for row in rows} == {"done"}
    assert all(len(row[2]) == 64 and len(row[3]) == 64 for row in rows)


def test_an_hour_later_nothing_is_made_again(published, run_night):
    before = rows_of(published)
    result = run_night(published, now=NOW + timedelta(hours=1))
    assert result.is_unchanged
    assert made(result) == []
    assert rows_of(published) == before


def test_the_seconds_of_every_step_are_reported(published, run_night):
    ticks = iter(range(1000))
    result = run_night(published, timer=lambda: next(ticks))
    assert [step.step.value for step in result.steps] == ALL
    assert all(step.seconds >= 1.0 for step in result.steps)


def test_what_a_step_made_and_is_damaged_is_made_again_with_the_same_plan(published, run_night):
    (digest,) = [row[3] for row in rows_of(published) if row[0] == "forecast"]
    path = published / "state" / "store" / digest[:2] / digest
    path.write_bytes(path.read_bytes()[:-1])
    result = run_night(published)
    assert made(result) == ["forecast"]
    assert path.stat().st_size > 0
    assert run_night(published).is_unchanged


def test_one_step_is_made_from_what_the_steps_before_have_stored(fresh, run_night):
    with pytest.raises(StateError, match="step elements of night 2016-12-19 was not made yet"):
        run_night(fresh, first=Step.PASSES, last=Step.PASSES)
    for step in (Step.ELEMENTS, Step.WEATHER, Step.PASSES):
        run_night(fresh, first=step, last=step)
    assert [row[0] for row in rows_of(fresh)] == ["elements", "weather", "passes"]
    assert not (fresh / "nights" / "2016-12-19").exists()
    # The elements may be gone by then: what was stored is used.
    next((fresh / "elements").glob("*.tle")).unlink()
    (fresh / "elements" / "2016-12.tle").write_text("")
    run_night(fresh, first=Step.FORECAST, last=Step.PLAN)
    assert [row[0] for row in rows_of(fresh)] == ALL[:5]


def test_a_file_of_elements_that_turns_bad_degrades_the_night_and_the_archive_serves(
    published, run_night
):
    next((published / "elements").glob("*.tle")).write_text("<html>not found</html>")
    result = run_night(published)
    # Nothing but the page, which says so.
    assert made(result) == ["report"]
    (warning,) = result.warnings
    assert warning.startswith("element files elements/*.tle are not used: element sets refused")


def test_a_killed_attempt_is_said_to_be_interrupted(published, run_night):
    db = sqlite3.connect(published / "state" / "groundstation.db")
    with db:
        db.execute(
            "INSERT INTO night_step (night, step, input_hash, status, started_at) "
            "VALUES ('2016-12-19', 'plan', 'x', 'running', '2016-12-19T07:00:00.000Z')"
        )
    db.close()
    assert run_night(published).is_unchanged
    assert [row[1] for row in rows_of(published)][-1] == "interrupted"


def test_a_failed_step_says_why_and_is_tried_again(fresh, run_night):
    text = (fresh / "groundstation.toml").read_text()
    change(fresh, "max_elements_age_d = ", "max_elements_age_d = 0.01 # ")
    change(fresh, "warn_elements_age_d = ", "warn_elements_age_d = 0.005 # ")
    with pytest.raises(ElementsAgeError, match=r"0\.2 days old"):
        run_night(fresh)
    assert [(row[0], row[1]) for row in rows_of(fresh)] == [("elements", "failed")]
    (fresh / "groundstation.toml").write_text(text)
    run_night(fresh, last=Step.ELEMENTS)
    assert [row[1] for row in rows_of(fresh)] == ["failed", "done"]


def test_a_notification_that_fails_is_a_warning_and_is_sent_again(published, run_night):
    class Deaf:
        identity, calls = "deaf", 0

        def send(self, summary):
            Deaf.calls += 1
            if Deaf.calls == 1:
                raise OSError("connection refused")
            self.summary = summary

    notifier = Deaf()
    first = run_night(published, notifiers=[notifier])
    assert first.remarks == ("notification by Deaf failed: connection refused",)
    assert first.warnings == ()
    second = run_night(published, notifiers=[notifier])
    assert second.remarks == ()
    assert run_night(published, notifiers=[notifier]).is_unchanged
    assert Deaf.calls == 2
    assert notifier.summary.plan_id == first.summary["plan_id"]
    contacts = first.summary["contacts"]
    assert notifier.summary.contacts == len(contacts) == 3
    assert notifier.summary.key_bits == sum(contact["key_bits"] for contact in contacts)


def test_a_database_of_the_version_before_is_taken_over(fresh, run_night):
    """Its one row per night becomes a row of the new table; the plan it names is held."""
    from groundstation.database import open_database

    db = open_database(fresh / "state" / "groundstation.db")
    db.table("step").insert(
        {
            "night": "2016-12-18",
            "step": "plan",
            "input_hash": "a" * 64,
            "status": "done",
            "output_hash": "b" * 64,
            "started_at": "2016-12-18T08:00:00.000Z",
            "finished_at": "2016-12-18T08:00:09.000Z",
        }
    )
    db.close()
    run_night(fresh, last=Step.ELEMENTS)
    rows = rows_of(fresh)
    assert rows[0] == ("plan", "done", "a" * 64, "b" * 64)


def test_the_command_takes_one_step_and_prints_seconds(published, capfd):
    command = ["-c", str(published / "groundstation.toml"), "--now", "2016-12-19T08:00Z"]
    assert run(groundstation, [*command, "nightly", "--only", "weather"]) == 0
    said = capfd.readouterr()
    assert "weather" in said.err
    assert " s  unchanged" in said.err
    assert "together" in said.err
    assert "report:" not in said.out
    assert run(groundstation, [*command, "nightly", "--only", "plan", "--dry-run"]) == 2
    assert "exclude each other" in capfd.readouterr().err


def test_the_night_command_lists_and_shows(published, capfd):
    command = ["-c", str(published / "groundstation.toml"), "night"]
    assert run(groundstation, [*command, "list", "--nl"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert (row["night"], row["plans"], row["status"]) == ("2016-12-19", 1, "done")
    assert run(groundstation, [*command, "show", "2016-12-19", "--nl"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["step"] for line in lines] == ALL
    assert os.path.lexists(published / "nights" / "latest")


@pytest.mark.slow
def test_what_replaced_plans_were_made_of_is_dropped_and_inputs_stay(published, run_night):
    (old,) = [row[3] for row in rows_of(published) if row[0] == "forecast"]
    (selection,) = [row[3] for row in rows_of(published) if row[0] == "elements"]
    change(published, "max_range_km = ", "max_range_km = 1190.0 # ")
    run_night(published)
    store = published / "state" / "store"
    assert not (store / old[:2] / old).exists()
    assert (store / selection[:2] / selection).exists()
    new = [row[3] for row in rows_of(published) if row[0] == "forecast"][-1]
    assert (store / new[:2] / new).exists()
