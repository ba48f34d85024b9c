"""Results on record: beside the forecast that was valid, never changed, never half written."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from groundstation.database import open_database
from groundstation.errors import BusyError
from groundstation.results.errors import ResultError
from groundstation.results.records import Result, Sky
from groundstation.results.reference import packed, unpacked
from groundstation.results.store import (
    Change,
    add_forecasts,
    add_result,
    known_pass,
    results_of,
    versions_of,
)
from groundstation.results.verification import verify


@pytest.fixture
def flown(nights, simulated_world):
    """A pass with its promise, not yet on record, and what it delivered."""
    item = nights.night_pass("speqtre", "helmos", 0)
    issued = nights.issue(item, 0)
    return item, issued, nights.result(simulated_world(1), issued)


def record(nights, item, result, **options):
    return add_result(
        nights.db,
        result,
        night="2026-06-14",
        file="counts.csv",
        now=item.los + timedelta(hours=1),
        **options,
    )


def test_a_result_lies_beside_the_last_forecast_before_its_pass(nights, flown):
    item, issued, result = flown
    earlier = replace(issued, plan_id="1" * 12, issued_at=item.aos - timedelta(hours=20))
    later = replace(issued, plan_id="2" * 12, issued_at=item.aos + timedelta(seconds=1))
    assert add_forecasts(nights.db, [later, issued, earlier]) == 3
    assert add_forecasts(nights.db, [issued]) == 0
    change, kept = record(nights, item, result)
    assert change is Change.RECORDED
    assert not kept.is_hindsight
    assert kept.forecast.plan_id == issued.plan_id
    assert kept.forecast.spread == issued.spread
    assert kept.forecast.depth_prior == issued.depth_prior
    (again,) = results_of(nights.db)
    assert again.result.digest == result.digest
    assert again.station == "helmos"


def test_a_forecast_at_the_instant_of_rise_is_in_time_and_a_later_one_is_hindsight(nights, flown):
    item, issued, result = flown
    late = replace(issued, issued_at=item.aos + timedelta(milliseconds=1))
    add_forecasts(nights.db, [late])
    _, kept = record(nights, item, result)
    assert kept.is_hindsight
    assert kept.forecast is not None
    add_forecasts(nights.db, [replace(issued, issued_at=item.aos)])
    corrected = replace(result, remark="again")
    change, kept = record(nights, item, corrected, is_correction=True)
    assert (change, kept.is_hindsight, kept.version) == (Change.CORRECTED, False, 2)


def test_what_was_said_after_the_fact_is_not_scored(nights, flown):
    item, issued, result = flown
    add_forecasts(nights.db, [issued])
    record(nights, item, result)
    (kept,) = results_of(nights.db)
    late = replace(kept, is_hindsight=True)
    (scores,) = verify([kept, late])
    assert (scores.results, scores.hindsight) == (2, 1)
    assert scores.sifted is not None
    assert scores.sifted.coverage.count == 1
    (nothing,) = verify([late])
    assert (nothing.clear, nothing.sifted, nothing.key) == (None, None, None)


def test_the_same_again_is_unchanged_and_another_needs_to_be_a_correction(nights, flown):
    item, issued, result = flown
    add_forecasts(nights.db, [issued])
    record(nights, item, result)
    assert record(nights, item, result)[0] is Change.UNCHANGED
    other = replace(result, key_bits=result.key_bits - 1)
    with pytest.raises(ResultError, match=r"version 1, recorded .* from counts\.csv") as caught:
        record(nights, item, other)
    assert "--correct" in str(caught.value.hint)
    assert record(nights, item, other, is_correction=True)[0] is Change.CORRECTED
    assert [v.version for v in versions_of(nights.db, item.pass_id)] == [1, 2]
    assert versions_of(nights.db, item.pass_id)[0].result.digest == result.digest
    (counts,) = results_of(nights.db)
    assert counts.result.key_bits == other.key_bits


def test_nothing_can_be_corrected_that_is_not_there(nights, flown):
    item, _, result = flown
    with pytest.raises(ResultError, match="no result that could be corrected"):
        record(nights, item, result, is_correction=True)


def test_a_result_without_a_forecast_is_kept_all_the_same(nights, flown):
    item, _, result = flown
    _, kept = record(nights, item, result)
    assert kept.forecast is None
    assert kept.is_hindsight
    assert kept.night == "2026-06-14"


def test_an_unknown_pass_is_refused_with_the_nearest_name(nights, flown):
    item, _, _ = flown
    with pytest.raises(ResultError, match=f"did you mean '{item.pass_id}'"):
        known_pass(nights.db, item.pass_id.replace("helmos", "helmoss"))


@pytest.mark.parametrize("table", ["result", "pass_forecast", "pass_reference", "calibration"])
def test_rows_can_neither_be_changed_nor_removed(nights, simulated_world, table):
    nights.run(simulated_world(1), 0, [("speqtre", "helmos", 60.0, 22)])
    (count,) = nights.db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    assert count == 1
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        nights.db.execute(f"DELETE FROM {table}")  # noqa: S608
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        nights.db.execute(f"UPDATE {table} SET rowid = 7")  # noqa: S608


def test_nights_and_stations_choose_results(nights, simulated_world):
    world = simulated_world(1)
    for number in range(3):
        passes = [("speqtre", "helmos", 60.0, 22), ("spoqc", "matera", 50.0, 23)]
        nights.run(world, number, passes, fit=False)
    assert len(results_of(nights.db)) == 6
    chosen = results_of(nights.db, start="2026-06-15", stop="2026-06-15", stations=["matera"])
    assert [(item.night, item.station) for item in chosen] == [("2026-06-15", "matera")]


def test_expected_counts_come_back_to_single_precision(flown):
    _, issued, _ = flown
    again = unpacked(packed(issued.reference), "here")
    assert np.array_equal(again.counts.times_s, issued.reference.counts.times_s)
    for name in ("signal", "light", "dark", "low_airmass"):
        ours, theirs = getattr(again.counts, name), getattr(issued.reference.counts, name)
        assert ours == pytest.approx(theirs, rel=6e-8)
    assert again.outside_light == pytest.approx(issued.reference.outside_light, rel=6e-8)
    assert again.epoch == issued.reference.epoch
    with pytest.raises(ResultError, match="damaged"):
        unpacked(packed(issued.reference)[:-20], "here")


def test_another_writer_is_waited_for_and_then_told(nights, flown, tmp_path):
    item, _, result = flown
    other = sqlite3.connect(tmp_path / "state" / "groundstation.db")
    other.execute("BEGIN IMMEDIATE")
    nights.db.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(BusyError, match="another run writes"):
        record(nights, item, result)
    other.rollback()
    other.close()
    assert record(nights, item, result)[0] is Change.RECORDED


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from groundstation.database import open_database
from groundstation.results import store
from groundstation.results.records import Result, Sky
from groundstation.results.verification import verify

db = open_database(Path(sys.argv[1]))
real = db.conn.execute

def execute(sql, *arguments):
    if sql == "COMMIT":
        os.kill(os.getpid(), signal.SIGKILL)
    return real(sql, *arguments)

class Watched:
    def __getattr__(self, name):
        return execute if name == "execute" else getattr(connection, name)

connection, db.conn = db.conn, Watched()
store.add_result(db, Result(sys.argv[2], Sky.CLOUDED_OUT), night="2026-06-14",
                 file="-", now=datetime(2026, 6, 15, tzinfo=UTC))
"""


def test_a_run_that_is_killed_before_its_end_leaves_nothing(nights, flown, tmp_path):
    item, issued, _ = flown
    add_forecasts(nights.db, [issued])
    path = tmp_path / "state" / "groundstation.db"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), item.pass_id],
        check=False,
        capture_output=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    after = open_database(path)
    assert results_of(after) == []
    out = Result(item.pass_id, Sky.CLOUDED_OUT)
    assert record(nights, item, out)[0] is Change.RECORDED
    assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    after.close()
