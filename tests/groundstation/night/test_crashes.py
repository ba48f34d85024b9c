"""A night that is killed anywhere ends, on the next run, as one that was never disturbed."""

import os
import shutil
import sqlite3
import subprocess

import pytest

pytestmark = pytest.mark.xdist_group("crashes")


def state_of(folder):
    """All that a night leaves behind, but for the rows of attempts that did not end."""
    db = sqlite3.connect(folder / "state" / "groundstation.db")
    try:
        return {
            "plans": db.execute("SELECT plan_id, document FROM plan").fetchall(),
            "night": db.execute("SELECT night, plan_id, output_hash FROM night").fetchall(),
            "known": db.execute("SELECT * FROM known_pass ORDER BY 1").fetchall(),
            "elements": db.execute("SELECT digest FROM element_set ORDER BY 1").fetchall(),
            "promises": db.execute("SELECT sha256 FROM pass_forecast ORDER BY 1").fetchall(),
            "done": db.execute(
                "SELECT step, input_hash, output_hash FROM night_step WHERE status = 'done' "
                "ORDER BY id"
            ).fetchall(),
            "unfinished": db.execute(
                "SELECT count(*) FROM night_step WHERE status = 'running'"
            ).fetchall(),
            "folders": sorted(path.name for path in (folder / "nights" / "plans").iterdir()),
            "files": {p.name: p.read_bytes() for p in (folder / "nights" / "latest").iterdir()},
            "left": [str(path) for path in folder.rglob("*.tmp")],
        }
    finally:
        db.close()


@pytest.mark.slow
def test_runs_killed_one_event_later_each_time_add_up_to_one_undisturbed_night(
    fresh, published, run_night, killed_at
):
    """At every statement, forced write, rename and link in turn: before, inside, between steps."""
    number = 1
    while killed_at(fresh, number) is not None:
        number += 1
    # Eight steps with at least a row begun, an output written and a row ended each.
    assert number > 24
    assert state_of(fresh) == state_of(published)
    assert run_night(fresh).is_unchanged


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8, 120, 9))
def test_a_night_killed_at_one_event_is_finished_by_the_next_run(
    fresh, published, run_night, killed_at, number
):
    killed_at(fresh, number)
    run_night(fresh)
    assert state_of(fresh) == state_of(published)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10, 130, 20))
def test_a_night_with_weather_and_permission_killed_at_one_event_is_finished(
    handed_in, tmp_path, run_night, killed_at, number
):
    whole = shutil.copytree(handed_in, tmp_path / "whole")
    assert run_night(whole).summary["permissions"]
    killed_at(handed_in, number)
    run_night(handed_in)
    assert state_of(handed_in) == state_of(whole)


def test_a_night_killed_while_it_publishes_is_finished_by_the_next_run(
    published, published_once, run_night, killed_at
):
    """Only the links are missing, then the folder as well, then the row that names the plan."""
    for link in ("latest", "2016-12-19"):
        (published / "nights" / link).unlink()
    shutil.rmtree(published / "nights" / "plans")
    with sqlite3.connect(published / "state" / "groundstation.db") as db:
        db.execute("DELETE FROM night")
    db.close()
    for number in (3, 6, 9, 12):
        assert killed_at(published, number) is not None
    run_night(published)
    assert state_of(published) == state_of(published_once)
    assert run_night(published).is_unchanged


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_an_error_that_leaves_nothing_half_written(
    small_disk, published_once, run_night, write_example, capfd
):
    """The night needs about three megabytes; after the disk has grown it ends as if undisturbed."""
    from groundstation.cli.failure import run
    from groundstation.cli.main import groundstation

    write_example(small_disk)
    command = ["-c", str(small_disk / "groundstation.toml"), "--now", "2016-12-19T08:00Z"]
    assert run(groundstation, [*command, "nightly"]) == 1
    said = capfd.readouterr().err
    assert "error: cannot write" in said
    assert "space left" in said
    assert "disk is not full" in said or "has space left" in said
    assert not list((small_disk / "nights").glob("*/plan.json"))
    assert not list(small_disk.rglob("*.tmp"))
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    run_night(small_disk)
    assert state_of(small_disk) == state_of(published_once)
    os.sync()
