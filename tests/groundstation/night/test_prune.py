"""Old nights are thinned out; what is kept can be computed again, what is promised stays."""

import json
import os
import shutil
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.night.freeze import Outage
from groundstation.night.lock import held_lock
from groundstation.night.nightly import run_nightly
from groundstation.night.prune import PruneKind, find_prunable, prune
from groundstation.night.replan import replan
from groundstation.night.retention import kept_nights
from groundstation.night.store import Store

NIGHTS = ("2016-12-17", "2016-12-18", "2016-12-19", "2016-12-20")
LATER = datetime(2017, 3, 1, 12, tzinfo=UTC)


def lived(folder, nights, replanned):
    """Nights of the example, some planned again because a station is out."""
    copy_example("micius-2016", folder)
    network = load_network(folder)
    for night in nights:
        now = datetime.fromisoformat(f"{night}T08:00Z")
        run_nightly(network, night, now=now)
        if night in replanned:
            out = (Outage(network.stations[0].name, now + timedelta(minutes=1), "cloud"),)
            replan(network, night, now=now + timedelta(minutes=1), out=out)
    return folder


@pytest.fixture(scope="module")
def season_once(tmp_path_factory):
    return lived(tmp_path_factory.mktemp("season"), NIGHTS, NIGHTS)


@pytest.fixture(scope="module")
def short_once(tmp_path_factory):
    return lived(tmp_path_factory.mktemp("short"), NIGHTS[-2:], NIGHTS[-2:-1])


@pytest.fixture
def season(season_once, tmp_path):
    """Four nights, each planned twice."""
    return shutil.copytree(season_once, tmp_path / "season", symlinks=True)


@pytest.fixture
def short(short_once, tmp_path):
    """Two nights, the first planned twice."""
    return shutil.copytree(short_once, tmp_path / "short", symlinks=True)


def query(folder, statement):
    db = sqlite3.connect(folder / "state" / "groundstation.db")
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def everything(folder):
    files = {
        p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "state/g" not in str(p)
    }
    return files, query(folder, "SELECT plan_id, document FROM plan ORDER BY 1")


def pruned(folder, keep=2):
    return prune(load_network(folder), keep_nights=keep, keep_monthly=0, now=LATER)


def replayed(folder, night, *options):
    config = ["-c", str(folder / "groundstation.toml")]
    return run(groundstation, [*config, "night", "replay", night, *options])


def test_nothing_goes_without_a_yes(short, capfd):
    before = everything(short)
    command = ["-c", str(short / "groundstation.toml"), "--now", "2017-03-01T12:00Z", "prune"]
    options = ["--keep-nights", "1", "--keep-monthly", "0"]
    assert run(groundstation, [*command, *options, "--json"]) == 0
    said = capfd.readouterr()
    rows = json.loads(said.out)["rows"]
    assert {row["kind"] for row in rows} >= {"superseded plan", "published folder", "stored bytes"}
    assert "1 of 2 nights stay whole" in said.err
    assert "dry run: nothing was removed" in said.err
    assert everything(short) == before
    assert run(groundstation, [*command, *options, "--yes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"] == rows
    assert run(groundstation, [*command, *options, "--yes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"] == []


def test_within_the_numbers_nothing_goes_but_what_nothing_refers_to(short):
    before = everything(short)
    found = pruned(short, keep=4)
    assert {item.kind for item in found.items} <= {PruneKind.STORED}
    assert everything(short)[1] == before[1]
    assert replayed(short, NIGHTS[-2]) == 0


@pytest.mark.slow
def test_nights_that_stay_are_computed_again_and_old_ones_say_why_not(season, capfd):
    plans = query(season, "SELECT night, plan_id FROM night ORDER BY night")
    promises = query(season, "SELECT sha256 FROM pass_forecast ORDER BY 1")
    published = {n: (season / "nights" / n / "plan.json").read_bytes() for n in NIGHTS}
    (season / "keys").mkdir()
    (season / "keys" / "ledger").write_text("key")
    found = pruned(season)
    assert found.kept == NIGHTS[2:]
    for night in NIGHTS[2:]:
        assert replayed(season, night, "--all") == 0
    capfd.readouterr()
    for night in NIGHTS[:2]:
        assert replayed(season, night) == 1
        assert "no longer kept" in capfd.readouterr().err
    # The current plan of every night, what it promised and the ledger are there as they were.
    assert query(season, "SELECT night, plan_id FROM night ORDER BY night") == plans
    assert {n: (season / "nights" / n / "plan.json").read_bytes() for n in NIGHTS} == published
    assert query(season, "SELECT sha256 FROM pass_forecast ORDER BY 1") == promises
    assert (season / "keys" / "ledger").read_text() == "key"
    assert query(season, "PRAGMA foreign_key_check") == []
    left = query(season, "SELECT count(*) FROM plan WHERE night < '2016-12-19'")
    assert left == [(2,)]
    assert len(list((season / "nights" / "plans").iterdir())) == 2 * 1 + 2 * 2


@pytest.mark.slow
def test_a_night_goes_on_after_a_prune(season):
    pruned(season, keep=1)
    network = load_network(season)
    now = datetime(2016, 12, 20, 8, 1, tzinfo=UTC)
    result = run_nightly(network, NIGHTS[-1], now=now, clock=lambda: now)
    assert result.summary["plan_id"]
    assert replayed(season, NIGHTS[-1], "--all") == 0


@pytest.mark.parametrize("number", [1, 3, 8])
@pytest.mark.slow
def test_a_prune_that_is_killed_is_finished_by_the_next(season, tmp_path, number):
    whole = tmp_path / "whole"
    shutil.copytree(season, whole, symlinks=True)
    pruned(whole)
    child = os.fork()
    if child == 0:
        try:
            _die_at(number)
            pruned(season)
        finally:
            os._exit(70)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    for night in NIGHTS[2:]:
        assert replayed(season, night) == 0
    pruned(season)
    network = load_network(season)
    run_nightly(network, NIGHTS[-1], now=LATER, clock=lambda: LATER, offline=True)
    run_nightly(load_network(whole), NIGHTS[-1], now=LATER, clock=lambda: LATER, offline=True)
    names = [
        sorted(str(p.relative_to(f)) for p in f.rglob("*") if "state/g" not in str(p))
        for f in (season, whole)
    ]
    assert names[0] == names[1]


def _die_at(number):
    """Kill this process before its n-th folder or file is moved or removed."""
    seen = 0

    def counted(function):
        def inner(*arguments, **options):
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return inner

    for place, name, function in (
        (Path, "replace", Path.replace),
        (Path, "unlink", Path.unlink),
        (shutil, "rmtree", shutil.rmtree),
    ):
        setattr(place, name, counted(function))


@pytest.mark.slow
def test_it_waits_for_no_night_that_runs(season, capfd):
    with held_lock(season / "state" / "lock"):
        command = ["-c", str(season / "groundstation.toml"), "prune", "--yes"]
        assert run(groundstation, command) == 75
    assert "another run is at work" in capfd.readouterr().err


def test_a_folder_without_state_has_nothing_to_prune(tmp_path):
    copy_example("micius-2016", tmp_path)
    found = find_prunable(load_network(tmp_path), keep_nights=1, keep_monthly=0, now=LATER)
    assert (found.items, found.nights) == ((), ())


def test_bytes_that_only_a_kept_night_needs_are_there(short):
    pruned(short, keep=1)
    store = Store(short / "state" / "store")
    for night, text in query(short, "SELECT night, inputs FROM plan_origin"):
        digests = [v for v in json.loads(text).values() if isinstance(v, str) and len(v) == 64]
        assert all(store.holds(digest) for digest in digests) == (night == NIGHTS[-1])


def test_the_last_night_of_each_month_stays():
    nights = ["2026-03-30", "2026-03-31", "2026-04-02", "2026-04-07", "2026-06-01", "2026-06-02"]

    def kept(**options):
        numbers: dict[str, Any] = {"keep_nights": 1, "keep_monthly": 0, "since": "9999"} | options
        return sorted(kept_nights(nights, **numbers))

    assert kept() == ["2026-06-02"]
    assert kept(keep_nights=3) == ["2026-04-07", "2026-06-01", "2026-06-02"]
    assert kept(keep_monthly=2) == ["2026-04-07", "2026-06-02"]
    assert kept(keep_monthly=9) == ["2026-03-31", "2026-04-07", "2026-06-02"]
    assert kept(since="2026-06-01") == ["2026-06-01", "2026-06-02"]


DATES = st.dates(datetime(2026, 1, 1).date(), datetime(2027, 12, 31).date())  # noqa: DTZ001


@given(st.sets(DATES, max_size=60), st.integers(1, 30), st.integers(0, 30))
def test_more_is_kept_with_larger_numbers(dates, keep_nights, keep_monthly):
    nights = [date.isoformat() for date in dates]

    def kept(a, b):
        return kept_nights(nights, keep_nights=a, keep_monthly=b, since="9999")

    assert kept(keep_nights, keep_monthly) <= kept(keep_nights + 1, keep_monthly + 1)
    assert len(kept(keep_nights, 0)) == min(keep_nights, len(nights))
    assert kept(keep_nights, keep_monthly) <= set(nights)
