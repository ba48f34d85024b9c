"""The key ledger of a node on disk: open it, run commands, ask, rotate, back up.

Every command is committed durably before its result, key bytes above all, reaches the caller.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from groundstation.keys.ledger.clock import LARGEST_STEP_S
from groundstation.keys.ledger.records import Allocation, Extent, Segment
from groundstation.keys.ledger.views import Decision, Mark, Proposal, Request, Restriction
from groundstation.keys.sealing.kek import KekProvider
from groundstation.keys.store.anchor import Anchor, anchor_of
from groundstation.keys.store.apply import Applier
from groundstation.keys.store.connection import (
    Connect,
    connect_to_read,
    connect_to_write,
    harden,
)
from groundstation.keys.store.core import Core
from groundstation.keys.store.documents import Document
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.folder import FolderLock, LedgerFolder, lock_folder
from groundstation.keys.store.opening import (
    claim,
    destroy_left_over_keks,
    load_kek,
    migrate,
    open_audit,
    record_kek,
)
from groundstation.keys.store.pending import Pending
from groundstation.keys.store.queries import Reader, open_reader
from groundstation.keys.store.rotation import Rotation, rewrap
from groundstation.keys.store.row_mac import row_key
from groundstation.keys.store.unit import Unit
from groundstation.keys.store.vault import Vault
from groundstation.keys.store.view import StoreView
from groundstation.keys.store.witness import Witness
from groundstation.keys.store.writer import Writer

T = TypeVar("T")


class Store:
    """An open ledger; made by `open_store`. Its commands may be called from any thread.

    `transact` runs several commands as one; `submit` does not wait; `reader` answers questions.
    """

    def __init__(self, core: Core, reader: Reader, lock: FolderLock, provider: KekProvider) -> None:
        self.reader = reader
        self._core = core
        self._lock = lock
        self._provider = provider
        self._rotating = threading.Lock()
        self._writer = Writer(core)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was submitted and let go of everything; a second time nothing happens."""
        is_clean = self._writer.close()
        if is_clean is not None:
            self.reader.close()
            self._core.close(is_clean=is_clean)
            self._lock.release()

    def submit(self, work: Callable[[Unit], T]) -> "Future[T]":
        """Have commands run as one; the future is resolved after the commit."""
        return self._writer.submit(work)

    def transact(self, work: Callable[[Unit], T]) -> T:
        """Run commands as one: all of them are committed, then the result is returned, or none."""
        return self.submit(work).result()

    def import_segment(
        self,
        segment: Segment,
        key: bytes,
        owners: Sequence[str],
        *,
        tail_bits: int = 0,
        made_at: float | None = None,
    ) -> Segment:
        """See `Unit.import_segment`."""
        return self.transact(
            lambda unit: unit.import_segment(
                segment, key, owners, tail_bits=tail_bits, made_at=made_at
            )
        )

    def agree(
        self, segment_id: UUID, digest: str, told_by: str, *, high_water: Sequence[int] = ()
    ) -> Segment:
        """See `Unit.agree`."""
        return self.transact(
            lambda unit: unit.agree(segment_id, digest, told_by, high_water=high_water)
        )

    def reserve(
        self,
        request: Request,
        restriction: Restriction | None = None,
        *,
        attach: Iterable[Document] = (),
    ) -> Allocation:
        """See `Unit.reserve`."""
        wanted = Restriction() if restriction is None else restriction
        return self._attaching(lambda unit: unit.reserve(request, wanted), attach)

    def reserve_theirs(self, proposal: Proposal, *, attach: Iterable[Document] = ()) -> Allocation:
        """See `Unit.reserve_theirs`."""
        return self._attaching(lambda unit: unit.reserve_theirs(proposal), attach)

    def consume(self, allocation_id: UUID, *, attach: Iterable[Document] = ()) -> bytes:
        """See `Unit.consume`; the bytes are returned after the commit that spends them."""
        return self._attaching(lambda unit: unit.consume(allocation_id), attach)

    def burn(self, allocation_id: UUID, reason: str) -> Allocation:
        """See `Unit.burn`."""
        return self.transact(lambda unit: unit.burn(allocation_id, reason))

    def cancel(self, proposal: Proposal, reason: str) -> Allocation:
        """See `Unit.cancel`."""
        return self.transact(lambda unit: unit.cancel(proposal, reason))

    def expire_due(self) -> tuple[UUID, ...]:
        """See `Unit.expire_due`."""
        return self.transact(lambda unit: unit.expire_due())

    def quarantine(self, extent: Extent, reason: str) -> Decision:
        """See `Unit.quarantine`."""
        return self.transact(lambda unit: unit.quarantine(extent, reason))

    def purge(self, segment_id: UUID, persons: Sequence[str], reason: str) -> Decision:
        """See `Unit.purge`."""
        return self.transact(lambda unit: unit.purge(segment_id, persons, reason))

    def fast_forward(self, marks: Iterable[Mark]) -> Decision:
        """See `Unit.fast_forward`."""
        listed = list(marks)
        return self.transact(lambda unit: unit.fast_forward(listed))

    def confirm_clock(self, person: str) -> float:
        """See `Unit.confirm_clock`."""
        return self.transact(lambda unit: unit.confirm_clock(person))

    def rotate(self) -> Rotation:
        """Change the key-encryption key; what was consumed is then gone from disk and backups.

        Raises
        ------
        SealError
            the provider cannot make or destroy a key; the ledger goes on with the one it has
        """
        # One at a time: the end of a rotation destroys every key that is not current.
        with self._rotating:
            kek_id = self.transact(lambda _: record_kek(self._core.connection))
            self._provider.create(kek_id)
            # Read back before anything depends on it.
            new_kek = self._provider.load(kek_id)
            done = self.transact(lambda unit: rewrap(unit, self._core.applier, new_kek))
            self.transact(lambda _: destroy_left_over_keks(self._core.connection, self._provider))
        return done

    def backup(self, target: Path) -> None:
        """Write a backup: one new file with ciphertext and no key-encryption key."""
        self.transact(lambda unit: unit.audit("backup", {"file": target.name}))
        self.reader.copy(target)

    def anchor(self) -> Anchor:
        """The end of the audit log and the marks of all lanes, to be kept elsewhere."""
        return anchor_of(self.reader)

    def _attaching(self, command: Callable[[Unit], T], attach: Iterable[Document]) -> T:
        papers = tuple(attach)

        def work(unit: Unit) -> T:
            result = command(unit)
            for document in papers:
                unit.attach(document)
            return result

        return self.transact(work)


def open_store(
    folder: Path,
    node: str,
    provider: KekProvider,
    *,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    largest_step_s: float = LARGEST_STEP_S,
    connect: Connect = connect_to_write,
    connect_reader: Connect = connect_to_read,
) -> Store:
    """Open the key ledger of a node for writing, or make it.

    Parameters
    ----------
    folder : of its own, on a local disk; made with mode 0700
    clock : seconds since 1970
    monotonic : seconds of a clock that nobody sets
    largest_step_s : that the clock may make without a person's word
    connect, connect_reader : how the database is opened

    Raises
    ------
    BusyError
        another process has it open
    StoreError
        it is another node's, damaged, or cannot be written
    SealError
        its key-encryption key is gone or does not fit
    """
    place = LedgerFolder(folder)
    lock = lock_folder(place)
    opened: list[Any] = []
    try:
        migrate(place)
        connection = connect(place.database)
        opened.append(connection)
        harden(connection)
        claim(connection, node, provider, clock())
        kek = load_kek(connection, provider)
        audit = open_audit(connection, kek, clock, monotonic)
        destroy_left_over_keks(connection, provider)
        witness = Witness(place.witness)
        opened.append(witness)
        pending = Pending(connection, row_key(audit.key))
        view = StoreView(connection, row_key(audit.key), pending)
        applier = Applier(connection, view, Vault(connection, kek, pending), audit, pending)
        _look_back(applier, witness)
        core = Core(place, applier, witness, clock, largest_step_s)
        reader = open_reader(folder, connect=connect_reader)
    except BaseException as error:
        for thing in reversed(opened):
            thing.close()
        lock.release()
        # A damaged row may hold text that is none, or not what is written there.
        if isinstance(error, sqlite3.Error | ValueError | KeyError | TypeError):
            raise StoreError(
                f"cannot open the key ledger: {error}", where=str(place.database)
            ) from error
        raise
    core.witness(is_closed=False)
    return Store(core, reader, lock, provider)


def _look_back(applier: Applier, witness: Witness) -> None:
    """Check what was not closed, and notice a database that is older than what was seen."""
    connection, audit = applier.connection, applier.audit
    sight = witness.read(audit.store_id)
    if sight is None or not sight.is_closed:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()
        if answer[0] != "ok":
            raise StoreError(
                f"the key ledger is damaged: {answer[0]}",
                hint="restore the last backup and fast-forward it",
            )
    if sight is not None and sight.seq > audit.seq and not applier.view.is_behind:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE ledger SET is_behind = 1")
        message = f"the database is older than it was: row {sight.seq} of the audit log was seen"
        audit.append("alarm", {"message": message})
        connection.execute("COMMIT")
        applier.view.is_behind = True
