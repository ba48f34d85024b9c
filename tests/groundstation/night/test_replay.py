"""A night is computed again from what was kept, whatever became of its files."""

import json
import shutil
import sqlite3

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.errors import StateError, UsageError
from groundstation.night.replay import differences_of, replay_plan


@pytest.fixture
def bare(published):
    """A published night whose network file, elements and pages are gone."""
    for path in ("elements", "nights"):
        shutil.rmtree(published / path)
    (published / "groundstation.toml").rename(published / "kept.toml")
    return published


def replayed(folder, plan_id=None):
    from groundstation.database import open_if_present

    db = open_if_present(folder / "state" / "groundstation.db")
    assert db is not None
    try:
        plan_id = plan_id or next(iter(db.query("SELECT plan_id FROM night")))["plan_id"]
        return replay_plan(folder, db, plan_id)
    finally:
        db.close()


def stored_digest(folder, name):
    db = sqlite3.connect(folder / "state" / "groundstation.db")
    try:
        (text,) = db.execute("SELECT inputs FROM plan_origin").fetchone()
    finally:
        db.close()
    return json.loads(text)[name]


def test_a_night_comes_out_byte_for_byte_when_its_files_are_gone(bare):
    found = replayed(bare)
    assert found.is_equal
    assert found.differences == ()


@pytest.mark.parametrize("name", ["network", "selection", "known", "weather", "outages"])
def test_an_input_that_is_damaged_is_named_and_not_guessed(bare, name):
    digest = stored_digest(bare, name)
    path = bare / "state" / "store" / digest[:2] / digest
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StateError, match="kept bytes are damaged") as caught:
        replayed(bare)
    assert digest in str(caught.value.where)


def test_a_plan_that_is_not_what_its_inputs_give_is_different(bare, capfd):
    db = sqlite3.connect(bare / "state" / "groundstation.db")
    with db:
        (text,) = db.execute("SELECT document FROM plan").fetchone()
        bits = json.loads(text)["contacts"][0]["key_bits"]
        changed = text.replace(f'"key_bits": {bits}', f'"key_bits": {bits + 1}')
        db.execute("UPDATE plan SET document = ?", [changed])
    db.close()
    found = replayed(bare)
    assert not found.is_equal
    assert found.differences[0].strip() == f'-   "key_bits": {bits + 1},'
    (bare / "elements").mkdir()
    (bare / "elements" / "2016-12.tle").write_text("")
    config = ["-c", str(bare / "kept.toml")]
    assert run(groundstation, [*config, "night", "replay", "2016-12-19"]) == 1
    assert "different" in capfd.readouterr().out


def test_the_command_says_equal(published, capfd):
    config = ["-c", str(published / "groundstation.toml")]
    assert run(groundstation, [*config, "night", "replay", "2016-12-19", "--all"]) == 0
    plan = json.loads((published / "nights" / "latest" / "plan.json").read_text())
    assert f"plan {plan['plan_id']}: equal" in capfd.readouterr().out
    assert run(groundstation, [*config, "night", "replay", "2016-12-20"]) == 2
    assert run(groundstation, [*config, "night", "replay", "2016-12-19", "--plan", "x"]) == 2


def test_unknown_plans_and_those_without_inputs_are_refused(published):
    with pytest.raises(UsageError, match="no plan 0123 is known"):
        replayed(published, "0123")
    db = sqlite3.connect(published / "state" / "groundstation.db")
    with db:
        db.execute("DELETE FROM plan_origin")
    db.close()
    with pytest.raises(StateError, match="made before inputs were kept"):
        replayed(published)


def test_differences_are_the_lines_that_differ_and_not_too_many():
    assert differences_of("a\nb\n", "a\nb\n") == ()
    assert differences_of("a\nb\n", "a\nc\n") == ("-b", "+c")
    many = differences_of("a\n" * 0 + "x\n" * 30, "")
    assert len(many) == 21
    assert many[-1] == "and 10 more lines"
