"""The nightly run: same inputs same plan, one at a time, nothing half-written, ever."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.database import open_database, open_if_present
from groundstation.errors import BusyError, StateError
from groundstation.export.plan_document import plan_document, plan_from_document
from groundstation.night.lock import held_lock
from groundstation.night.nightly import FILES, run_nightly

NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
NIGHT = "2016-12-19"
HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from groundstation.night.lock import held_lock
with held_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
COMMAND = [
    sys.executable,
    "-c",
    "from groundstation.cli.main import main; main()",
    "--offline",
    "nightly",
]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder with one published night, copied by the tests that change it."""
    folder = tmp_path_factory.mktemp("published")
    copy_example("micius-2016", folder)
    run_nightly(load_network(folder), NIGHT, now=NOW)
    return folder


@pytest.fixture
def night(published, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(published, folder, symlinks=True)
    return folder


def nightly(folder):
    return run_nightly(load_network(folder), NIGHT, now=NOW)


def everything_in(folder):
    """Every file of the published part with its bytes and inode."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino)
        for path in sorted((folder / "nights").rglob("*"))
        if path.is_file()
    }


def test_a_night_writes_its_files_and_links_them_last(night):
    folder = night / "nights" / NIGHT
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert (night / "nights" / "latest").resolve() == folder.resolve()
    assert not list((night / "nights" / "plans").glob(".*"))


def test_the_same_inputs_leave_everything_as_it_is(night):
    before = everything_in(night)
    result = nightly(night)
    assert result.is_unchanged
    assert result.outcome is None
    assert everything_in(night) == before


def test_a_damaged_file_is_made_again(night):
    folder = night / "nights" / NIGHT
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    damaged = folder.resolve()
    (folder / "passes.csv").write_text("torn")
    assert not nightly(night).is_unchanged
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # What was published is never touched: the new files lie in a folder of their own.
    assert folder.resolve() != damaged
    assert (damaged / "passes.csv").read_text() == "torn"


def test_what_a_killed_run_has_staged_is_cleared_away(night):
    left = night / "nights" / "plans" / ".2016-12-19-abc.1"
    left.mkdir()
    (night / "nights" / NIGHT / "passes.csv").write_text("torn")
    nightly(night)
    assert not left.exists()


def test_two_networks_do_not_share_a_folder(night):
    path = night / "groundstation.toml"
    path.write_text(path.read_text().replace('name = "micius-2016"', 'name = "other"'))
    with pytest.raises(StateError, match="holds the state of the network 'micius-2016', not of"):
        nightly(night)


def test_a_file_that_is_no_database_is_named(night, capfd, monkeypatch):
    (night / "state" / "groundstation.db").write_text("this is not a database")
    for name in ("-wal", "-shm"):
        (night / "state" / f"groundstation.db{name}").unlink(missing_ok=True)
    monkeypatch.chdir(night)
    for command in (["passes"], ["tle", "list"], ["nightly"], ["nightly", "--dry-run"]):
        assert run(groundstation, command) == 1
        assert "the state database: file is not a database" in capfd.readouterr().err
    assert run(groundstation, ["doctor"]) == 1
    assert not list(night.glob("groundstation-crash-*"))


def test_a_refused_budget_is_a_warning_and_the_night_is_degraded(tmp_path, capfd):
    copy_example("micius-2016", tmp_path)
    path = tmp_path / "groundstation.toml"
    lines = [line for line in path.read_text().splitlines() if "divergence_urad" not in line]
    path.write_text("\n".join(lines) + "\n")
    assert run(groundstation, ["-c", str(path), "nightly"]) == 3
    text = capfd.readouterr().err
    assert "warning: no budget for micius: satellites[0].payload.divergence_urad not given" in text


@pytest.mark.slow
def test_elements_too_old_for_the_last_night_of_a_horizon_are_not_used_there(tmp_path):
    copy_example("micius-2016", tmp_path)
    path = tmp_path / "groundstation.toml"
    text = re.sub(r"horizon_nights = .*", "horizon_nights = 6", path.read_text())
    text = re.sub(r"max_elements_age_d = .*", "max_elements_age_d = 3.5", text)
    path.write_text(re.sub(r"warn_elements_age_d = .*", "warn_elements_age_d = 1.0", text))
    result = run_nightly(load_network(tmp_path), NIGHT, now=NOW, dry_run=True)
    assert result.outcome is not None
    ages = {p.pass_id: p.elements_age_s / 86_400.0 for p in result.outcome.passes}
    assert max(ages.values()) > 5.0
    assert all(ages[c.pass_id] <= 3.5 for c in result.outcome.plan.contacts)
    old = [p for p in result.outcome.passes if p.refusal and "days old at this pass" in p.refusal]
    assert old


def test_a_closure_inside_a_pass_costs_the_seconds_and_not_the_night(tmp_path):
    """Twenty seconds of maintenance inside the published pass."""
    copy_example("micius-2016", tmp_path)
    path = tmp_path / "groundstation.toml"
    text = path.read_text()
    before = run_nightly(load_network(tmp_path), NIGHT, now=NOW, dry_run=True).outcome
    closed = (
        "\n[[stations.maintenance]]\nstart = 2016-12-19T16:51:00Z\n"
        'stop = 2016-12-19T16:51:20Z\nreason = "dome check"\n'
    )
    station = text.index('name = "xinglong"')
    end = text.index("[[stations]]", station)
    path.write_text(text[:end] + closed + "\n" + text[end:])
    after = run_nightly(load_network(tmp_path), NIGHT, now=NOW, dry_run=True).outcome
    assert before is not None
    assert after is not None
    (whole,) = [c for c in before.plan.contacts if c.station == "xinglong"]
    (parts,) = [c for c in after.plan.contacts if c.station == "xinglong"]
    assert len(whole.windows) == 1
    assert len(parts.windows) == 2
    assert (parts.start, parts.stop) == (whole.start, whole.stop)
    assert 0.85 * whole.key_bits < parts.key_bits < whole.key_bits


def test_a_changed_network_file_gives_a_new_plan_and_keeps_the_old_one(night):
    path = night / "groundstation.toml"
    path.write_text(path.read_text().replace('title = "Micius', 'title = "Old Micius'))
    old = json.loads((night / "nights" / NIGHT / "plan.json").read_text())
    result = nightly(night)
    assert not result.is_unchanged
    assert result.summary["plan_id"] != old["plan_id"]
    kept = sorted(p.name for p in (night / "nights" / "plans").iterdir())
    assert len(kept) == 2
    db = open_if_present(night / "state" / "groundstation.db")
    assert db is not None
    assert [row["plan_id"] for row in db.query("select plan_id from night")] == [
        result.summary["plan_id"]
    ]
    assert db.table("plan").count == 2


def test_passes_keep_their_ids_when_newer_elements_shift_them(night):
    """A set of another day moves rise times by seconds; the ids stay."""
    before = {
        row["pass_id"]: row["aos_utc"]
        for row in json.loads((night / "nights" / NIGHT / "passes.json").read_text())["rows"]
    }
    elements = next((night / "elements").glob("*.tle"))
    lines = elements.read_text().splitlines()
    chosen = next(i for i, line in enumerate(lines) if "16354.56913372" in line)
    # The neighbouring set of the day before is used when this one is taken away.
    elements.write_text("\n".join(lines[: chosen - 1] + lines[chosen + 2 :]) + "\n")
    shutil.rmtree(night / "state")
    db = open_database(night / "state" / "groundstation.db")
    old = open_if_present(night.parent / "work" / "state" / "groundstation.db")
    assert old is not None
    db.table("known_pass").insert_all(_known_rows(before))
    result = nightly(night)
    after = {
        row["pass_id"]: row["aos_utc"]
        for row in json.loads((night / "nights" / NIGHT / "passes.json").read_text())["rows"]
    }
    assert not result.is_unchanged
    assert set(after) == set(before)
    assert after != before


def _known_rows(before):
    for pass_id, aos in before.items():
        satellite, station, _ = pass_id.rsplit("-", 2)
        los = datetime.fromisoformat(aos).timestamp() + 60
        yield {
            "pass_id": pass_id,
            "satellite": satellite,
            "station": station,
            "aos": aos,
            "los": datetime.fromtimestamp(los, tz=UTC).isoformat().replace("+00:00", "Z"),
        }


def test_a_dry_run_writes_nothing(tmp_path):
    copy_example("micius-2016", tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    result = run_nightly(load_network(tmp_path), NIGHT, now=NOW, dry_run=True)
    assert result.summary["contacts"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_second_run_ends_at_once_with_75(night):
    """The first run is another process that holds the lock; ours finds it held."""
    lock = night / "state" / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD_THE_LOCK,
            str(lock),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        before = everything_in(night)
        finished = subprocess.run(COMMAND, cwd=night, capture_output=True, text=True, check=False)
        assert finished.returncode == 75
        assert f"another run is at work (pid {holder.pid} since" in finished.stderr
        assert "try: wait and run again" in finished.stderr
        assert everything_in(night) == before
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    # The kernel has freed the lock with its holder.
    with held_lock(lock):
        pass


def test_a_held_lock_is_found_in_the_same_process_too(tmp_path):
    lock = tmp_path / "lock"
    busy = pytest.raises(BusyError, match="another run is at work")
    with held_lock(lock), busy, held_lock(lock):
        pass


def test_a_run_killed_at_any_time_leaves_whole_files_and_the_next_run_finishes(tmp_path):
    """SIGKILL after 0.3, 0.9, ... seconds; then one undisturbed run gives the one plan."""
    copy_example("micius-2016", tmp_path)
    for delay in (0.3, 0.9, 1.6, 2.4, 3.2):
        process = subprocess.Popen(
            COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        link = tmp_path / "nights" / NIGHT
        if link.exists():
            assert sorted(path.name for path in link.iterdir()) == sorted(FILES)
            json.loads((link / "plan.json").read_text())
    first = nightly(tmp_path).summary
    assert nightly(tmp_path).is_unchanged
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    copy_example("micius-2016", fresh)
    second = nightly(fresh).summary
    assert first["plan_id"] == second["plan_id"]
    assert first["contacts"] == second["contacts"]
    assert first["relays"] == second["relays"]


def test_a_read_only_folder_is_named_and_nothing_stays(
    read_only_folder, unprivileged, capfd, monkeypatch
):
    source = Path(load_network_of_example().file).parent
    os.chmod(read_only_folder, 0o755)  # noqa: S103, PTH101
    shutil.copytree(source, read_only_folder, dirs_exist_ok=True)
    for path in [read_only_folder, *read_only_folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.chdir("/")
    with unprivileged():
        code = run(groundstation, ["-c", str(read_only_folder / "groundstation.toml"), "nightly"])
    text = capfd.readouterr().err
    assert code == 1
    assert "error: cannot create the lock: Permission denied" in text
    assert f"at: {read_only_folder}/state/lock" in text
    assert "try: check that the folder is writable" in text
    left = sorted(p.name for p in read_only_folder.iterdir())
    assert left == ["elements", "groundstation.toml", "measured"]
    read_only_folder.joinpath("elements").chmod(0o755)


def load_network_of_example():
    from groundstation.config.examples import example_path

    return load_network(example_path("micius-2016"))


def test_a_plan_document_is_read_back_as_it_was(europe):
    document = json.loads(json.dumps(plan_document(europe)))
    again = plan_from_document(document)
    assert again.relays == europe.plan.relays
    assert again.rejections == europe.plan.rejections
    assert [c.key_bits for c in again.contacts] == [c.key_bits for c in europe.plan.contacts]
    # Instants are written to the millisecond.
    for ours, theirs in zip(again.contacts, europe.plan.contacts, strict=True):
        assert abs((ours.start - theirs.start).total_seconds()) <= 0.0005


def test_a_document_of_another_schema_is_refused():
    with pytest.raises(ValueError, match="schema 'plan/2' is not 'plan/1'"):
        plan_from_document({"schema": "plan/2"})
