"""The one thread that writes: units gathered into one transaction, answered after its commit.

- Up to 64 units share a commit; each has a savepoint, so a refused one takes only itself back.
- Rows that a trigger or a constraint refuses when the units' changes are written together take back
  all of the transaction; the next units then go one by one, which leaves the culprit alone.
- A future is resolved after the commit is durable; key never leaves before.
- A full disk takes the whole transaction back and is told to every caller; nothing was consumed.
- After an error of reading or writing nobody knows what the disk holds: every caller is told so,
  and nothing is served until the store is opened again and verified.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from groundstation.keys.store.errors import (
    StoreBrokenError,
    StoreError,
    StoreFullError,
    StoreRefusedError,
)
from groundstation.keys.store.unit import Unit

LARGEST_BATCH = 64
_IDLE_S = 0.2
_PRIMARY_CODE = 0xFF
Work = Callable[[Unit], Any]


class Ledger(Protocol):
    """What the writer drives: one transaction after another."""

    def begin(self) -> None:
        """Begin a transaction."""

    def attempt(self, work: Work) -> Any:
        """Run a unit in a savepoint; whatever it raises has taken it back."""

    def commit(self) -> None:
        """Make everything durable."""

    def roll_back(self) -> None:
        """Take everything back, in the database and in memory."""

    def tidy(self, *, is_idle: bool) -> None:
        """Move the write-ahead log into the database where that is due."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work
    future: "Future[Any]"


class Writer:
    """A queue of units and the thread that works it off."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._refusal: StoreError | None = None
        self._is_closed = False
        self._alone = 0
        self._thread = threading.Thread(target=self._run, name="key ledger", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> "Future[Any]":
        """Have a unit run; its result, or what it raised, comes after the commit.

        Raises
        ------
        StoreBrokenError, StoreError
            the store has stopped serving, or is closed
        """
        future: Future[Any] = Future()
        with self._gate:
            if self._refusal is not None:
                raise _again(self._refusal)
            self._jobs.put(_Job(work, future))
        return future

    def close(self) -> bool | None:
        """Finish what was submitted, then stop.

        Returns
        -------
        whether the database is whole as far as is known; None if it was closed before
        """
        with self._gate:
            if self._is_closed:
                return None
            self._is_closed = True
            if self._refusal is None:
                self._refusal = StoreError("the key ledger is closed")
            self._jobs.put(None)
        self._thread.join()
        return not isinstance(self._refusal, StoreBrokenError)

    def _run(self) -> None:
        is_open, is_tidy = True, False
        while is_open:
            try:
                first = self._jobs.get(timeout=None if is_tidy else _IDLE_S)
            except queue.Empty:
                self._tidy(is_idle=True)
                is_tidy = True
                continue
            is_tidy = False
            batch, is_open = self._gather(first)
            self._work_off(batch)

    def _gather(self, first: _Job | None) -> tuple[list[_Job], bool]:
        """The first job and all that wait behind it, and whether to go on afterwards."""
        batch: list[_Job] = []
        largest = 1 if self._alone else LARGEST_BATCH
        job = first
        while job is not None:
            if job.future.set_running_or_notify_cancel():
                batch.append(job)
            if len(batch) == largest:
                break
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
        return batch, job is not None

    def _work_off(self, batch: list[_Job]) -> None:
        if not batch:
            return
        if isinstance(self._refusal, StoreBrokenError):
            _refuse(batch, self._refusal)
            return
        try:
            self._alone = max(0, self._alone - 1)
            self._ledger.begin()
            outcomes = [self._attempt(job) for job in batch]
            self._ledger.commit()
        except (sqlite3.Error, StoreError) as error:
            _refuse(batch, self._failed(error))
            return
        for job, (result, raised) in zip(batch, outcomes, strict=True):
            if raised is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(raised)
        self._tidy(is_idle=False)

    def _attempt(self, job: _Job) -> tuple[Any, BaseException | None]:
        """A unit's result or what it raised; a failure of the database itself goes up."""
        try:
            return self._ledger.attempt(job.work), None
        except sqlite3.IntegrityError as error:
            # A trigger or a constraint, the second line of defence, has stopped it.
            return None, StoreError(f"the database refuses: {error}")
        except (sqlite3.Error, StoreBrokenError, StoreRefusedError):
            raise
        except Exception as error:  # noqa: BLE001  whatever a unit raises belongs to its caller
            return None, error

    def _failed(self, error: sqlite3.Error | StoreError) -> StoreError:
        """Take the transaction back; what its callers are told."""
        try:
            self._ledger.roll_back()
        except (sqlite3.Error, StoreError) as second:
            return self._break(second)
        if isinstance(error, StoreRefusedError):
            self._alone = LARGEST_BATCH
            return error
        if _is_full(error):
            return StoreFullError(
                "no space left on the disk, nothing was changed",
                hint="make room; the store goes on by itself",
            )
        return self._break(error)

    def _break(self, error: Exception) -> StoreBrokenError:
        # The first cause stays.
        if isinstance(self._refusal, StoreBrokenError):
            return self._refusal
        broken = StoreBrokenError(
            f"the key ledger has stopped serving: {error}",
            hint="check the disk, open the ledger again and verify it",
        )
        broken.__cause__ = error
        with self._gate:
            self._refusal = broken
        return broken

    def _tidy(self, *, is_idle: bool) -> None:
        if isinstance(self._refusal, StoreBrokenError):
            return
        try:
            self._ledger.tidy(is_idle=is_idle)
        except sqlite3.Error as error:
            # A log that cannot be moved for want of space is moved later.
            if not _is_full(error):
                self._break(error)


def _is_full(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_FULL


def _refuse(batch: list[_Job], error: StoreError) -> None:
    for job in batch:
        job.future.set_exception(_again(error))


def _again(error: StoreError) -> StoreError:
    """The same refusal for another caller; an exception collects the traceback of each raise."""
    copy = type(error)(str(error), hint=error.hint)
    copy.__cause__ = error.__cause__
    return copy
