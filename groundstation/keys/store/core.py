"""What the writer drives: the database, its view, its vault and its audit log as one thing."""

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.sealing.kek import Kek
from groundstation.keys.store.apply import Applier
from groundstation.keys.store.errors import KeyDamagedError
from groundstation.keys.store.folder import LedgerFolder
from groundstation.keys.store.rows import to_us
from groundstation.keys.store.unit import Unit
from groundstation.keys.store.witness import Sight, Witness

# Beyond this the write-ahead log is moved into the database even under load.
_LOG_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is kept in memory and has to come back with a rollback."""

    latest: float
    seq: int
    mac: bytes
    kek: Kek


class Core:
    """One store's transactions; used by the writer's thread only."""

    def __init__(
        self,
        folder: LedgerFolder,
        applier: Applier,
        witness: Witness,
        clock: Callable[[], float],
        largest_step_s: float,
    ) -> None:
        self.connection: sqlite3.Connection = applier.connection
        self.applier = applier
        self._folder = folder
        self._witness = witness
        self.unit = Unit(self.connection, applier, clock, largest_step_s)
        self._begun = self._moment()

    def begin(self) -> None:
        """Begin a transaction."""
        self._begun = self._moment()
        self.connection.execute("BEGIN IMMEDIATE")

    def attempt(self, work: Callable[[Unit], Any]) -> Any:
        """Run a unit in a savepoint; whatever it raises has taken it back.

        Two things outlive a refusal: an alarm is written into the audit log, and a segment whose
        key is damaged goes into quarantine.
        """
        try:
            return self._in_savepoint(lambda: work(self.unit))
        except KeyLedgerError as error:
            if isinstance(error, KeyDamagedError):
                damage = error
                self._in_savepoint(lambda: self.unit.condemn(damage))
            elif error.is_alarm:
                message = f"{error} ({error.where})" if error.where else str(error)
                self._in_savepoint(lambda: self.unit.audit("alarm", {"message": message}))
            raise

    def _in_savepoint(self, work: Callable[[], Any]) -> Any:
        before, pending = self._moment(), self.applier.pending.moment()
        self.applier.has_written = False
        self.connection.execute("SAVEPOINT unit")
        try:
            result = work()
        except BaseException:
            # After some errors SQLite has taken the whole transaction back by itself.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO unit")
                self.connection.execute("RELEASE unit")
                # Rows of earlier units that were written in this savepoint are pending again.
                self.applier.pending.return_to(pending)
                if self.applier.has_written:
                    self.applier.pending.write()
                    self.applier.forget()
                    self._return_to(before)
            raise
        self.connection.execute("RELEASE unit")
        return result

    def commit(self) -> None:
        """Write what is pending, bind it into the audit log and make everything durable.

        Raises
        ------
        StoreRefusedError
            a trigger or a constraint stops it
        """
        self.applier.pending.write()
        self.applier.audit.bind()
        if self.applier.view.latest > self._begun.latest:
            self.connection.execute(
                "UPDATE ledger SET latest_us = ?", (to_us(self.applier.view.latest),)
            )
        self.connection.execute("COMMIT")
        self.witness(is_closed=False)

    def roll_back(self) -> None:
        """Take everything back, in the database and in memory."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.applier.pending.clear()
        self._return_to(self._begun)
        self.applier.forget()
        self.applier.audit.resume()

    def tidy(self, *, is_idle: bool) -> None:
        """Move the write-ahead log into the database when it is long, or when nobody waits."""
        log = self._folder.database.with_name(self._folder.database.name + "-wal")
        size = 0
        with contextlib.suppress(OSError):
            size = log.stat().st_size
        if is_idle and size:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        elif size > _LOG_BYTES:
            self.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def witness(self, *, is_closed: bool) -> None:
        """Let the witness see the end of the committed audit log."""
        audit = self.applier.audit
        self._witness.write(audit.store_id, Sight(audit.seq, is_closed))

    def close(self, *, is_clean: bool) -> None:
        """Let go of the database; a clean end is remembered."""
        if is_clean:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self.witness(is_closed=True)
        self._witness.close()
        self.connection.close()

    def _moment(self) -> _Moment:
        audit = self.applier.audit
        return _Moment(self.applier.view.latest, audit.seq, audit.mac, self.applier.vault.kek)

    def _return_to(self, moment: _Moment) -> None:
        self.applier.view.latest = moment.latest
        self.applier.audit.seq, self.applier.audit.mac = moment.seq, moment.mac
        self.applier.vault.kek = moment.kek
