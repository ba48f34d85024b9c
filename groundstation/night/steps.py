"""The steps of a night and their rows in the state database.

The rules it keeps:

1. Every attempt is a row: what went in, how it ended, what came out, from when to when.
2. A row is begun before the work and ended after it; one that still says "running" when the next
   run holds the lock was killed, and is then said to be interrupted.
3. Rows are added and ended, never changed afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from groundstation.instants import utc_text

migrations = Migrations("groundstation.night")


class Step(StrEnum):
    """The steps in the order in which they are made."""

    ELEMENTS = "elements"
    WEATHER = "weather"
    PASSES = "passes"
    FORECAST = "forecast"
    PLAN = "plan"
    EXPORT = "export"
    REPORT = "report"
    NOTIFY = "notify"


class StepStatus(StrEnum):
    """How an attempt ended; only DONE can be relied on."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@migrations()
def create_night_step(db: Database) -> None:
    """One row per attempt at a step, in the order in which they began."""
    db.table("night_step").create(
        {
            "id": int,
            "night": str,
            "step": str,
            "input_hash": str,
            "status": str,
            "output_hash": str,
            "started_at": str,
            "finished_at": str,
            "reason": str,
        },
        pk="id",
        not_null={"night", "step", "input_hash", "status", "started_at"},
    )
    db.table("night_step").create_index(["night", "step", "id"])
    # The single row per night of former versions; it said no more than the table `night` does.
    db.execute(
        "INSERT INTO night_step (night, step, input_hash, status, output_hash, started_at, "
        "finished_at) SELECT night, step, input_hash, status, output_hash, started_at, finished_at "
        "FROM step ORDER BY finished_at"
    )
    db.table("step").drop()


@migrations()
def create_plan_origin(db: Database) -> None:
    """What each plan was made from: digests of kept bytes, by name."""
    db.table("plan_origin").create(
        {
            "plan_id": str,
            "night": str,
            "previous": str,
            "forecast": str,
            "basis": str,
            "step_input": str,
            "inputs": str,
            "run_at": str,
        },
        pk="plan_id",
        not_null={"night", "forecast", "basis", "step_input", "inputs", "run_at"},
        foreign_keys=[("plan_id", "plan", "plan_id")],
    )


@migrations()
def create_outage(db: Database) -> None:
    """Stations that are out for the rest of a night, and when somebody took that back."""
    db.table("outage").create(
        {
            "id": int,
            "night": str,
            "station": str,
            "start": str,
            "reason": str,
            "recorded_at": str,
            "lifted_at": str,
        },
        pk="id",
        not_null={"night", "station", "start", "reason", "recorded_at"},
    )


@migrations()
def create_notified(db: Database) -> None:
    """Who was told last of a night, and what; the identity of a notifier holds no secret."""
    db.table("notified").create(
        {"night": str, "notifier": str, "files": str, "told_at": str},
        pk=("night", "notifier"),
        not_null={"files", "told_at"},
    )


@dataclass(frozen=True, slots=True)
class StepRow:
    """One attempt as it is stored; `output_hash` is "" where nothing came out."""

    id: int
    step: Step
    input_hash: str
    status: StepStatus
    output_hash: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step went in this run.

    Parameters
    ----------
    is_unchanged : True if its inputs were those of its last row and its output is still there
    seconds : wall clock
    """

    step: Step
    is_unchanged: bool
    output_hash: str
    seconds: float


class StepLog:
    """The rows of one night."""

    def __init__(self, db: Database, night: str, clock: Callable[[], datetime]) -> None:
        self._table = db.table("night_step")
        self._db = db
        self._night = night
        self._clock = clock

    def settle_interrupted(self) -> None:
        """Say of every row that still runs that it was killed; only while the lock is held."""
        with self._db.atomic():
            self._db.execute(
                "UPDATE night_step SET status = ? WHERE status = ?",
                [StepStatus.INTERRUPTED.value, StepStatus.RUNNING.value],
            )

    def last_done(self, step: Step) -> StepRow | None:
        """The newest row of a step that ended well."""
        rows = self._table.rows_where(
            "night = ? and step = ? and status = ?",
            [self._night, step.value, StepStatus.DONE.value],
            order_by="id desc",
            limit=1,
        )
        return next((_row_of(row) for row in rows), None)

    def begin(self, step: Step, input_hash: str) -> int:
        """Begin an attempt and return its row's id."""
        row: dict[str, Any] = {
            "night": self._night,
            "step": step.value,
            "input_hash": input_hash,
            "status": StepStatus.RUNNING.value,
            "output_hash": "",
            "started_at": utc_text(self._clock()),
        }
        with self._db.atomic():
            return int(str(self._table.insert(row).last_pk))

    def finish(
        self,
        row: int,
        status: StepStatus,
        output_hash: str,
        *,
        reason: str = "",
        input_hash: str | None = None,
    ) -> None:
        """End an attempt; inside a transaction of the caller, or in its own.

        Parameters
        ----------
        input_hash : of the inputs as the step itself has left them, where it changes them
        """
        values = {
            "status": status.value,
            "output_hash": output_hash,
            "finished_at": utc_text(self._clock()),
            "reason": reason,
        }
        if input_hash is not None:
            values["input_hash"] = input_hash
        with self._db.atomic():
            self._table.update(row, values)


def _row_of(row: dict[str, Any]) -> StepRow:
    return StepRow(
        id=row["id"],
        step=Step(row["step"]),
        input_hash=row["input_hash"],
        status=StepStatus(row["status"]),
        output_hash=row["output_hash"] or "",
    )
