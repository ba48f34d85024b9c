"""What may be asked of a ledger beside its writer: levels, segments, allocations, history, audit.

Reading needs no key and shows none. A reader sees the last commit, also from another process while
the station process writes.
"""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from groundstation.keys.errors import KeyUnknownError
from groundstation.keys.ledger.records import (
    Allocation,
    Entry,
    Extent,
    Pool,
    Segment,
    SegmentStage,
)
from groundstation.keys.ledger.views import Lane, Mark, Totals
from groundstation.keys.store import documents, rows
from groundstation.keys.store.answers import Explanation, PoolLevel, SegmentState
from groundstation.keys.store.audit import AuditRow
from groundstation.keys.store.connection import Connect, connect_to_read, harden_reader
from groundstation.keys.store.documents import Document, Message
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.folder import LedgerFolder

_ACCOUNT_NAMES = tuple(field.name for field in fields(Totals))
_SUMS = ", ".join(f"coalesce(sum({name}), 0)" for name in _ACCOUNT_NAMES)
_ENTRIES = (
    "SELECT l.segment_id, l.idx, e.start, e.length, e.source, e.target, a.allocation_id,"
    " CASE e.reason_no WHEN 0 THEN a.reference ELSE r.text END, e.at_us"
    " FROM entry e JOIN lane l USING (lane_no) JOIN reason r USING (reason_no)"
    " LEFT JOIN allocation a USING (allocation_no)"
)


class Reader:
    """A connection that only reads; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._gate = threading.Lock()

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
        """Let go of the database."""
        with self._gate:
            self._connection.close()

    def node(self) -> str:
        """Whose ledger this is."""
        return str(self._ask("SELECT node FROM ledger")[0][0])

    def is_behind(self) -> bool:
        """Whether this is a restored backup that has not caught up."""
        return bool(self._ask("SELECT is_behind FROM ledger")[0][0])

    def totals(self, pool: Pool | None = None) -> Totals:
        """The accounts of one pool, or of the node, bits."""
        found = self._ask(
            f"SELECT {_SUMS} FROM lane JOIN pool p USING (pool_no)"  # noqa: S608  our own names
            " WHERE ?1 IS NULL OR (p.a, p.b) = (?1, ?2)",
            (None, None) if pool is None else (pool.a, pool.b),
        )
        return Totals(*found[0])

    def pools(self) -> tuple[Pool, ...]:
        """All pools that ever had key, sorted."""
        return tuple(Pool(*row) for row in self._ask("SELECT a, b FROM pool ORDER BY a, b"))

    def levels(self) -> tuple[PoolLevel, ...]:
        """How much key every pool has, sorted by pool."""
        found = self._ask(
            f"SELECT p.a, p.b, {_SUMS},"  # noqa: S608  our own names
            " coalesce(sum(available) FILTER (WHERE owner = (SELECT node FROM ledger)), 0),"
            " min(l.imported_us) FILTER (WHERE available > 0),"
            " min(s.expires_us) FILTER (WHERE available > 0)"
            " FROM lane l JOIN pool p USING (pool_no) JOIN segment s USING (segment_no)"
            " GROUP BY p.pool_no ORDER BY p.a, p.b"
        )
        return tuple(
            PoolLevel(
                Pool(row[0], row[1]),
                Totals(*row[2:10]),
                row[10],
                rows.optional_s(row[11]),
                rows.optional_s(row[12]),
            )
            for row in found
        )

    def segments(self, pool: Pool | None = None) -> tuple[Segment, ...]:
        """Segments of one pool or of all, in the order of import."""
        found = self._ask(
            f"SELECT {rows.SEGMENT_COLUMNS} FROM segment s JOIN pool p USING (pool_no)"  # noqa: S608
            " WHERE ?1 IS NULL OR (p.a, p.b) = (?1, ?2) ORDER BY s.segment_no",
            (None, None) if pool is None else (pool.a, pool.b),
        )
        return tuple(rows.segment_from(row) for row in found)

    def segment(self, segment_id: UUID) -> SegmentState:
        """One segment with its lanes and movements; KeyUnknownError if it was never imported."""
        found = self._ask(
            f"SELECT {rows.SEGMENT_COLUMNS} FROM segment s JOIN pool p USING (pool_no)"  # noqa: S608
            " WHERE s.segment_id = ?",
            (segment_id.bytes,),
        )
        if not found:
            raise KeyUnknownError("no such segment", where=f"segment {segment_id}")
        entries = self._entries(" WHERE l.segment_id = ?", (segment_id.bytes,))
        return SegmentState(
            rows.segment_from(found[0]), tuple(self._lanes(segment_id)), tuple(entries)
        )

    def allocation(self, allocation_id: UUID) -> Allocation | None:
        """The allocation, whatever became of it."""
        found = self._allocations(" WHERE a.allocation_id = ?", (allocation_id.bytes,))
        return found[0] if found else None

    def reserved(self) -> tuple[Allocation, ...]:
        """Allocations that wait for their outcome."""
        return self._allocations(" WHERE a.state = 'reserved'", ())

    def history(self, reference: str) -> tuple[Allocation, ...]:
        """Everything that was ever allocated for a reference."""
        return self._allocations(" WHERE a.reference = ?", (reference,))

    def explain(self, allocation_id: UUID) -> Explanation:
        """Where an allocation's key came from and went; KeyUnknownError if there is none."""
        allocation = self.allocation(allocation_id)
        if allocation is None:
            raise KeyUnknownError("no such allocation", where=f"allocation {allocation_id}")
        wanted = {extent.segment_id: None for extent in allocation.extents}
        segments = tuple(self.segment(segment_id).segment for segment_id in wanted)
        entries = self._entries(" WHERE a.allocation_id = ?", (allocation_id.bytes,))
        told = (str(allocation_id), allocation.reference)
        found = self._ask(
            "SELECT kind, reference, payload FROM document WHERE reference IN (?, ?)"
            " ORDER BY document_no",
            told,
        )
        papers = tuple(Document(*row) for row in found)
        return Explanation(allocation, segments, tuple(entries), papers)

    def marks(self, pool: Pool | None = None) -> tuple[Mark, ...]:
        """For every lane ever imported, the first bit from which on all of it is still unused.

        This is what the other end needs to fast-forward a restored backup. A lane of a disputed
        segment counts as used.
        """
        found = self._ask(
            "SELECT l.segment_id, l.idx, l.n_bits, l.free, l.held, s.stage FROM lane l"
            " JOIN segment s USING (segment_no) JOIN pool p ON p.pool_no = l.pool_no"
            " WHERE ?1 IS NULL OR (p.a, p.b) = (?1, ?2) ORDER BY l.lane_no",
            (None, None) if pool is None else (pool.a, pool.b),
        )
        return tuple(
            Mark(UUID(bytes=segment_id), index, _first_unused(n_bits, free, held, stage))
            for segment_id, index, n_bits, free, held, stage in found
        )

    def documents(self, kind: str) -> tuple[Document, ...]:
        """All documents of a kind, in their order."""
        with self._gate:
            return documents.list_kind(self._connection, kind)

    def document(self, kind: str, reference: str) -> Document | None:
        """One document."""
        with self._gate:
            return documents.find(self._connection, kind, reference)

    def outbox(self, peer: str | None = None) -> tuple[Message, ...]:
        """Messages that are not acknowledged yet."""
        with self._gate:
            return documents.waiting(self._connection, peer)

    def answered(self, peer: str, message_id: str) -> str | None:
        """What was answered to a message; None if it never came."""
        with self._gate:
            return documents.answered(self._connection, peer, message_id)

    def audit_rows(self, after: int = 0, *, event: str | None = None) -> tuple[AuditRow, ...]:
        """Rows of the audit log behind a number, of one event or of all."""
        found = self._ask(
            "SELECT seq, wall_us, mono_us, event, payload, mac FROM audit WHERE seq > ?1"
            " AND (?2 IS NULL OR event = ?2) ORDER BY seq",
            (after, event),
        )
        return tuple(AuditRow(*row) for row in found)

    def end_of_audit(self) -> AuditRow:
        """The last row of the audit log."""
        found = self._ask("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")
        return AuditRow(*found[0])

    def store_id(self) -> str:
        """The identity that was drawn when the ledger was made."""
        return str(self._ask("SELECT store_id FROM ledger")[0][0])

    def copy(self, target: Path) -> None:
        """Write a backup: one durable file of mode 0600, only ciphertext, no free pages."""
        from groundstation.keys.store.opening import copy_database  # noqa: PLC0415

        with self._gate:
            copy_database(self._connection, target)

    def _ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._gate:
                return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the key ledger: {error}") from error

    def _lanes(self, segment_id: UUID) -> Iterator[Lane]:
        found = self._ask(
            f"SELECT {rows.LANE_COLUMNS} FROM lane l WHERE l.segment_id = ? ORDER BY idx",  # noqa: S608
            (segment_id.bytes,),
        )
        return (rows.lane_from(row) for row in found)

    def _entries(self, where: str, values: tuple[Any, ...]) -> Iterator[Entry]:
        for row in self._ask(f"{_ENTRIES}{where} ORDER BY e.entry_no", values):
            source, target = rows.ACCOUNTS[row[4]], rows.ACCOUNTS[row[5]]
            extent = Extent(UUID(bytes=row[0]), row[1], row[2], row[3])
            allocation_id = None if row[6] is None else UUID(bytes=row[6])
            yield Entry(extent, source, target, allocation_id, row[7], rows.from_us(row[8]))

    def _allocations(self, where: str, values: tuple[Any, ...]) -> tuple[Allocation, ...]:
        found = self._ask(
            f"SELECT {rows.ALLOCATION_COLUMNS} FROM allocation a JOIN pool p USING (pool_no)"  # noqa: S608
            f"{where} ORDER BY a.allocation_no",
            values,
        )
        return tuple(rows.allocation_from(row, self._extents(row[0])) for row in found)

    def _extents(self, allocation_no: int) -> tuple[Extent, ...]:
        found = self._ask(
            "SELECT l.segment_id, l.idx, e.start, e.stop - e.start FROM extent e"
            " JOIN lane l USING (lane_no) WHERE e.allocation_no = ? ORDER BY e.ordinal",
            (allocation_no,),
        )
        return tuple(Extent(UUID(bytes=row[0]), *row[1:]) for row in found)


def open_reader(folder: Path, *, connect: Connect = connect_to_read) -> Reader:
    """A reader of the ledger in a folder.

    Raises
    ------
    StoreError
        there is none, or it cannot be read
    """
    path = LedgerFolder(folder).database
    if not path.exists():
        raise StoreError(
            "there is no key ledger", where=str(folder), hint="the first import makes one"
        )
    try:
        connection = connect(path)
        harden_reader(connection)
        connection.execute("SELECT node FROM ledger").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"cannot read the key ledger: {error}", where=str(path)) from error
    return Reader(connection)


def _first_unused(n_bits: int, free: str, held: str, stage: str) -> int:
    """Where the last run of unused bits of a lane begins; its length if nothing is unused."""
    whole = n_bits - n_bits % 8
    # Of a disputed segment nothing is free, so that it counts as used up.
    unused = rows.spans_from(held if stage == SegmentStage.WAITING else free)
    return unused[-1].start if unused and unused[-1].stop == whole else whole
