"""Calibrations in the state database: fitted when results are new, looked up by night.

- A calibration is added and never changed; the same results are never fitted twice.
- A night uses the newest calibration that may be used for it. Which one it was is part of the
  night's inputs and of every forecast, so that a night can be computed again.
"""

import json
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from groundstation.errors import StateError
from groundstation.instants import utc_text
from groundstation.results.calibrate import (
    LONGEST_NIGHTS,
    calibrate,
    calibration_id_of,
    calibration_inputs,
)
from groundstation.results.calibration import DatedCalibration
from groundstation.results.calibration_document import (
    calibration_document,
    calibration_from_document,
)
from groundstation.results.errors import ResultError
from groundstation.results.store import has_results, results_of


def update_calibration(
    db: Database, *, now: datetime, progress: Callable[[str], None] | None = None
) -> tuple[DatedCalibration | None, bool]:
    """Fit what is recorded, unless that was fitted before; the calibration and whether it is new.

    Parameters
    ----------
    db : with the tables of this room
    now : aware UTC

    Raises
    ------
    StateError : the database cannot be written
    """
    last = next(db.query("SELECT max(id) AS id, max(night) AS night FROM result"))
    latest = latest_calibration(db)
    if last["id"] is None or last["id"] == _last_fitted(db):
        return latest, False
    # Older nights are in no band: a year of counts is not read for nothing.
    oldest = date.fromisoformat(last["night"]) - timedelta(days=LONGEST_NIGHTS)
    results = results_of(db, start=oldest.isoformat())
    inputs = calibration_inputs(results)
    if not inputs:
        return latest, False
    wanted = calibration_id_of(inputs)
    if latest is not None and latest.calibration_id == wanted:
        return latest, False
    # A correction that was taken back: what was fitted then becomes the newest again.
    made = calibration_by_id(db, wanted) or calibrate(
        results, now=now, before=latest, progress=progress
    )
    if made is None:
        return None, False
    try:
        with db.atomic():
            db.table("calibration").insert(
                {
                    "calibration_id": made.calibration_id,
                    "from_night": made.from_night,
                    "made_at": utc_text(now),
                    "last_result": last["id"],
                    "document": json.dumps(calibration_document(made)),
                }
            )
    except sqlite3.Error as error:
        raise StateError(
            f"cannot write the calibration: {error}",
            hint="check that the folder is writable, the disk is not full and no other run writes",
        ) from error
    return made, True


def _last_fitted(db: Database) -> int | None:
    """The newest result that was on record when the newest calibration was made."""
    rows = db.query("SELECT last_result FROM calibration ORDER BY id DESC LIMIT 1")
    return next((int(row["last_result"]) for row in rows), None)


def calibration_for(db: Database | None, night: str) -> DatedCalibration | None:
    """The newest calibration that may be used for a night; None if there is none."""
    if db is None or not has_results(db):
        return None
    return _read(
        db,
        "SELECT document FROM calibration WHERE from_night <= ? ORDER BY id DESC LIMIT 1",
        night,
    )


def calibration_by_id(db: Database | None, calibration_id: str) -> DatedCalibration | None:
    """The calibration of a name, for a night that is computed again."""
    if db is None or not has_results(db):
        return None
    return _read(
        db, "SELECT document FROM calibration WHERE calibration_id = ? LIMIT 1", calibration_id
    )


def latest_calibration(db: Database | None) -> DatedCalibration | None:
    """The newest calibration, whether or not its first night has come."""
    return calibration_for(db, "9999-12-31")


def _read(db: Database, query: str, argument: str) -> DatedCalibration | None:
    row = next(iter(db.query(query, [argument])), None)
    if row is None:
        return None
    try:
        return calibration_from_document(json.loads(row["document"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"a calibration on record cannot be read: {error}",
            hint="restore the state database from a backup",
        ) from error
