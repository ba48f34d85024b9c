"""Results and issued forecasts in the state database.

- A result is added whole or not at all, in one transaction with its link to the forecast.
- The same content twice is "unchanged". Other content for the same pass has to be called a
  correction; the version that it corrects stays.
- A result is compared with the last forecast that was issued before the pass began. Where there is
  none, one that was issued later serves the fit and is never scored.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlite_utils import Database

from groundstation.errors import BusyError, StateError
from groundstation.instants import utc_instant, utc_text
from groundstation.results.errors import ResultError
from groundstation.results.issued import IssuedForecast, issued_document, issued_from_document
from groundstation.results.records import Result, result_document, result_from_document
from groundstation.results.reference import digest_of, packed, unpacked
from groundstation.results.tables import migrations
from groundstation.suggest import did_you_mean


class Change(StrEnum):
    """What recording a result did."""

    RECORDED = "recorded"
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class PassOnRecord:
    """A pass that an earlier run has named."""

    pass_id: str
    satellite: str
    station: str
    aos: datetime
    los: datetime


@dataclass(frozen=True, slots=True, eq=False)
class RecordedResult:
    """One version of a result with what it is compared with.

    Parameters
    ----------
    version : 1 for the first; the highest of a pass counts
    night, satellite, station : of the pass
    result : what happened
    forecast : None if none was ever issued
    is_hindsight : True if the forecast was issued after the pass had begun
    file : where the content came from
    recorded_at : aware UTC
    """

    version: int
    night: str
    satellite: str
    station: str
    result: Result
    forecast: IssuedForecast | None
    is_hindsight: bool
    file: str
    recorded_at: datetime


def prepare(db: Database) -> None:
    """Create the tables of this room where they are missing.

    Raises
    ------
    StateError : the database cannot be written
    """
    try:
        migrations.apply(db)
    except sqlite3.Error as error:
        raise _unwritable(error) from error


def has_results(db: Database) -> bool:
    """Whether the tables of this room are there: a database opened for reading makes none."""
    return db.table("calibration").exists()


def add_forecasts(db: Database, forecasts: Iterable[IssuedForecast]) -> int:
    """Add the forecasts that are new, in one transaction; how many they are."""
    added = 0
    try:
        with db.atomic():
            for forecast in forecasts:
                content = packed(forecast.reference)
                reference = digest_of(content)
                text = json.dumps(issued_document(forecast, reference), sort_keys=True)
                sha256 = hashlib.sha256(text.encode()).hexdigest()
                db.execute(
                    "INSERT OR IGNORE INTO pass_reference VALUES (?, ?)", [reference, content]
                )
                cursor = db.execute(
                    "INSERT OR IGNORE INTO pass_forecast VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        sha256,
                        forecast.pass_id,
                        forecast.night,
                        forecast.plan_id,
                        utc_text(forecast.issued_at),
                        reference,
                        text,
                    ],
                )
                added += cursor.rowcount
    except sqlite3.Error as error:
        raise _unwritable(error) from error
    return added


def known_pass(db: Database, pass_id: str) -> PassOnRecord:
    """The pass of an id.

    Raises
    ------
    ResultError : no run has named such a pass; the nearest ids are suggested
    """
    row = next(iter(db.query("SELECT * FROM known_pass WHERE pass_id = ?", [pass_id])), None)
    if row is None:
        known = [r["pass_id"] for r in db.query("SELECT pass_id FROM known_pass")]
        raise ResultError(
            f"no pass {pass_id!r} is known{did_you_mean(pass_id, known)}",
            hint="groundstation passes --night DATE shows the ids of planned passes",
        )
    return PassOnRecord(
        row["pass_id"],
        row["satellite"],
        row["station"],
        utc_instant(row["aos"]),
        utc_instant(row["los"]),
    )


def add_result(
    db: Database,
    result: Result,
    *,
    night: str,
    file: str,
    now: datetime,
    is_correction: bool = False,
) -> tuple[Change, RecordedResult]:
    """Add a result, or a correction of one, beside the forecast that was valid for its pass.

    Parameters
    ----------
    night : of the pass, where no forecast says it
    file : where the content came from
    now : aware UTC

    Raises
    ------
    ResultError : the pass is unknown, or has other content on record and this is no correction
    StateError : the database cannot be written
    """
    item = known_pass(db, result.pass_id)
    try:
        with db.atomic():
            return _add(db, result, item, night, file, now, is_correction=is_correction)
    except sqlite3.Error as error:
        raise _unwritable(error) from error


def _add(
    db: Database,
    result: Result,
    item: PassOnRecord,
    night: str,
    file: str,
    now: datetime,
    *,
    is_correction: bool,
) -> tuple[Change, RecordedResult]:
    before = _latest_row(db, result.pass_id)
    if before is not None and before["sha256"] == result.digest:
        return Change.UNCHANGED, _recorded(db, before)
    if before is not None and not is_correction:
        raise ResultError(
            f"{result.pass_id} has another result on record: version {before['version']}, recorded "
            f"{before['recorded_at']} from {before['file']}",
            hint="--correct records this one as a new version and keeps the old",
        )
    if before is None and is_correction:
        raise ResultError(
            f"{result.pass_id} has no result that could be corrected", hint="leave --correct out"
        )
    forecast, is_hindsight = _forecast_for(db, item)
    version = 1 if before is None else int(str(before["version"])) + 1
    db.table("result").insert(
        {
            "pass_id": result.pass_id,
            "version": version,
            "night": night if forecast is None else forecast["night"],
            "satellite": item.satellite,
            "station": item.station,
            "sha256": result.digest,
            "document": json.dumps(result_document(result), sort_keys=True),
            "forecast_sha256": None if forecast is None else forecast["sha256"],
            "is_hindsight": int(is_hindsight),
            "file": file,
            "recorded_at": utc_text(now),
        }
    )
    row = _latest_row(db, result.pass_id)
    if row is None:
        raise StateError(f"the result of {result.pass_id} was not written")
    return (Change.RECORDED if before is None else Change.CORRECTED), _recorded(db, row)


def results_of(
    db: Database,
    *,
    start: str | None = None,
    stop: str | None = None,
    stations: Sequence[str] = (),
) -> list[RecordedResult]:
    """The version that counts of every result, by night and pass.

    Parameters
    ----------
    start, stop : first and last night, both included
    stations : all if none is named
    """
    rows = db.query(
        "SELECT * FROM result AS r WHERE version = "
        "(SELECT max(version) FROM result WHERE pass_id = r.pass_id) "
        "AND night >= ? AND night <= ? ORDER BY night, pass_id",
        [start or "", stop or "9999"],
    )
    return [_recorded(db, row) for row in rows if not stations or row["station"] in stations]


def versions_of(db: Database, pass_id: str) -> list[RecordedResult]:
    """Every version of the result of one pass, the oldest first."""
    rows = db.query("SELECT * FROM result WHERE pass_id = ? ORDER BY version", [pass_id])
    return [_recorded(db, row) for row in rows]


def _latest_row(db: Database, pass_id: str) -> dict[str, object] | None:
    rows = db.query(
        "SELECT * FROM result WHERE pass_id = ? ORDER BY version DESC LIMIT 1", [pass_id]
    )
    return next(iter(rows), None)


def _forecast_for(db: Database, item: PassOnRecord) -> tuple[dict[str, str] | None, bool]:
    """The last forecast issued before the pass began, or the first one issued after."""
    began = utc_text(item.aos)
    before = db.query(
        "SELECT sha256, night FROM pass_forecast WHERE pass_id = ? AND issued_at <= ? "
        "ORDER BY issued_at DESC, rowid DESC LIMIT 1",
        [item.pass_id, began],
    )
    found = next(iter(before), None)
    if found is not None:
        return found, False
    later = db.query(
        "SELECT sha256, night FROM pass_forecast WHERE pass_id = ? "
        "ORDER BY issued_at, rowid LIMIT 1",
        [item.pass_id],
    )
    return next(iter(later), None), True


def _recorded(db: Database, row: dict[str, object]) -> RecordedResult:
    sha256 = row["forecast_sha256"]
    return RecordedResult(
        version=int(str(row["version"])),
        night=str(row["night"]),
        satellite=str(row["satellite"]),
        station=str(row["station"]),
        result=result_from_document(json.loads(str(row["document"]))),
        forecast=None if sha256 is None else _issued(db, str(sha256)),
        is_hindsight=bool(row["is_hindsight"]),
        file=str(row["file"]),
        recorded_at=utc_instant(str(row["recorded_at"])),
    )


def _issued(db: Database, sha256: str) -> IssuedForecast:
    query = (
        "SELECT document, content, reference_sha256 FROM pass_forecast "
        "JOIN pass_reference ON pass_reference.sha256 = reference_sha256 "
        "WHERE pass_forecast.sha256 = ?"
    )
    row = next(iter(db.query(query, [sha256])))
    where = f"forecast {sha256[:12]}"
    if digest_of(row["content"]) != row["reference_sha256"]:
        raise ResultError(
            "expected counts that were kept with a forecast are damaged: digest mismatch",
            where=where,
            hint="restore the state database from a backup",
        )
    return issued_from_document(json.loads(row["document"]), unpacked(row["content"], where))


def _unwritable(error: sqlite3.Error) -> StateError | BusyError:
    if "locked" in str(error):
        return BusyError("another run writes to the state database", hint="try again later")
    return StateError(
        f"cannot write the results: {error}",
        hint="check that the folder is writable, the disk is not full and no other run writes",
    )
