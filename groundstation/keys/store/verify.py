"""Check a whole ledger without serving it: every bit once, books that balance, an honest log.

- I1: no bit is in two allocations, and no unused bit is in one.
- I5: the lanes' accounts, states of allocations and high water follow from the entries alone; every
  entry takes bits from where they are.
- I8: all key that is not final is there and opens; nothing final is left in a chunk of its own.
- I10: the audit log is one unbroken chain, it binds every row that only grows, and it is not
  shorter than the anchor.

The entries are read once and checked as arrays; time goes with their number and little else.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from uuid import UUID

import numpy as np

from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import KekProvider
from groundstation.keys.store import rows
from groundstation.keys.store.anchor import Anchor
from groundstation.keys.store.audit import ENTRY_COLUMNS, entry_array
from groundstation.keys.store.audit_check import Chain, check_chain
from groundstation.keys.store.connection import Connect, connect_to_read, harden_reader
from groundstation.keys.store.entry_check import EntryBook, entry_faults
from groundstation.keys.store.errors import StoreBrokenError, StoreError
from groundstation.keys.store.folder import LedgerFolder
from groundstation.keys.store.opening import load_kek, open_audit
from groundstation.keys.store.pending import Pending
from groundstation.keys.store.row_mac import row_key
from groundstation.keys.store.vault import Vault
from groundstation.keys.store.view import StoreView

_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification saw.

    Parameters
    ----------
    faults : sentences, none if all is well; at most 100
    damaged : segments of which a chunk is missing or does not open
    """

    node: str
    segments: int
    allocations: int
    entries: int
    audit_rows: int
    chunks: int
    faults: tuple[str, ...]
    damaged: tuple[UUID, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(
    folder: Path,
    provider: KekProvider,
    *,
    anchor: Anchor | None = None,
    connect: Connect = connect_to_read,
) -> Report:
    """Check the ledger in a folder as it was last committed; it may be in use.

    Raises
    ------
    StoreError
        there is none, or SQLite cannot read it
    SealError
        its key-encryption key is gone
    """
    path = LedgerFolder(folder).database
    if not path.exists():
        raise StoreError("there is no key ledger", where=str(folder))
    try:
        with closing(connect(path)) as connection:
            harden_reader(connection)
            # One transaction, hence one moment, however long this takes.
            connection.execute("BEGIN")
            with ThreadPoolExecutor(max_workers=1) as beside:
                pages = beside.submit(_page_faults, path, connect)
                report = _verify(connection, provider, anchor)
                return report if not pages.result() else _with_faults(report, pages.result())
    except sqlite3.Error as error:
        raise StoreError(f"cannot verify the key ledger: {error}", where=str(path)) from error


def _page_faults(path: Path, connect: Connect) -> list[str]:
    """What SQLite finds wrong with the pages of the file, on a connection and a core of its own."""
    with closing(connect(path)) as connection:
        harden_reader(connection)
        answer = connection.execute("PRAGMA quick_check(20)").fetchall()
    return [f"SQLite: {row[0]}" for row in answer if row[0] != "ok"]


def _with_faults(report: Report, more: list[str]) -> Report:
    return replace(report, faults=(*more, *report.faults)[:_MOST_FAULTS])


def _verify(connection: sqlite3.Connection, provider: KekProvider, anchor: Anchor | None) -> Report:
    faults: list[str] = []
    kek = load_kek(connection, provider)
    audit = open_audit(connection, kek, lambda: 0.0, lambda: 0.0)
    entries = entry_array(
        connection.execute(f"SELECT {ENTRY_COLUMNS} FROM entry ORDER BY entry_no")  # noqa: S608
    )
    log = Chain(audit.key, audit.store_id, entries, anchor)
    faults.extend(_first(check_chain(connection, log)))
    book = _book(connection, entries)
    faults.extend(_first(entry_faults(book)))
    faults.extend(_first(_span_faults(connection, book)))
    damaged: dict[UUID, None] = {}
    view = StoreView(connection, row_key(audit.key))
    faults.extend(_first(_row_mac_faults(connection, view)))
    faults.extend(_first(_stage_faults(connection)))
    chunks = _check_chunks(
        connection, view, Vault(connection, kek, Pending(connection, b"")), faults, damaged
    )
    return Report(
        node=connection.execute("SELECT node FROM ledger").fetchone()[0],
        segments=_count(connection, "segment"),
        allocations=_count(connection, "allocation"),
        entries=len(entries),
        audit_rows=_count(connection, "audit"),
        chunks=chunks,
        faults=tuple(faults[:_MOST_FAULTS]),
        damaged=tuple(damaged),
    )


def _first(found: Iterable[str]) -> list[str]:
    return [fault for fault, _ in zip(found, range(_MOST_FAULTS), strict=False)]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _book(connection: sqlite3.Connection, entries: np.ndarray) -> EntryBook:
    def columns(sql: str, width: int) -> np.ndarray:
        flat = chain.from_iterable(connection.execute(sql))
        return np.fromiter(flat, dtype=np.int64).reshape(-1, width)

    return EntryBook(
        entries,
        lanes=columns(
            "SELECT lane_no, n_bits, high_water, available, reserved, delivered, relayed,"
            " authentication, expired, burned, quarantined FROM lane ORDER BY lane_no",
            11,
        ),
        extents=columns(
            "SELECT lane_no, start, stop, allocation_no FROM extent ORDER BY lane_no, start", 4
        ),
        allocations=columns(
            "SELECT allocation_no, n_bits, CASE purpose WHEN 'delivery' THEN 3 WHEN 'relay' THEN 4"
            " ELSE 5 END, CASE state WHEN 'reserved' THEN 0 WHEN 'consumed' THEN 1 ELSE 2 END"
            " FROM allocation ORDER BY allocation_no",
            4,
        ),
    )


def _span_faults(connection: sqlite3.Connection, book: EntryBook) -> Iterator[str]:
    """The spans that a lane calls unused are as many as its accounts say, and in no allocation."""
    starts, stops = book.extents[:, 1], book.extents[:, 2]
    found = connection.execute(
        "SELECT lane_no, free, held, available, quarantined, n_bits FROM lane"
    )
    for lane_no, free_text, held_text, available, quarantined, n_bits in found:
        begin, end = np.searchsorted(book.extents[:, 0], [lane_no, lane_no + 1])
        for text, bits in ((free_text, available), (held_text, quarantined)):
            try:
                spans = rows.spans_from(text)
            except ValueError:
                yield f"lane {lane_no}: its unused spans {text!r} cannot be read"
                continue
            if sum(span.stop - span.start for span in spans) != bits:
                yield f"lane {lane_no}: its unused spans {text!r} are not {bits} bits"
            for span in spans:
                # Extents ascend and do not overlap: only the last that begins before can reach in.
                last = begin + np.searchsorted(starts[begin:end], span.stop) - 1
                if last >= begin and stops[last] > span.start:
                    yield f"lane {lane_no}: bits of {span.start} to {span.stop} are allocated"
                if not 0 <= span.start < span.stop <= n_bits:
                    yield f"lane {lane_no}: the span {span.start} to {span.stop} is outside"


def _row_mac_faults(connection: sqlite3.Connection, view: StoreView) -> Iterator[str]:
    """Lanes and reserved allocations, which decide what leaves next, are as they were written."""
    for (segment_id,) in connection.execute("SELECT segment_id FROM segment").fetchall():
        try:
            view.held(UUID(bytes=segment_id))
        except StoreBrokenError as error:
            yield str(error)
    try:
        list(view.reserved())
    except StoreBrokenError as error:
        yield str(error)


def _stage_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """A segment's stage is the one that the audit log told last; without a word it waits."""
    told: dict[str, str] = {}
    for (payload,) in connection.execute(
        "SELECT payload FROM audit WHERE event = 'agree' ORDER BY seq"
    ):
        try:
            row = json.loads(payload)
            told[row["segment"]] = row["stage"]
        except (ValueError, KeyError, TypeError):
            yield f"a row of the audit log cannot be read: {payload[:40]!r}"
    for segment_id, stage in connection.execute("SELECT segment_id, stage FROM segment"):
        name = str(UUID(bytes=segment_id))
        if told.get(name, "waiting") != stage:
            yield f"segment {name} is {stage}, the audit log says {told.get(name, 'waiting')}"


def _check_chunks(
    connection: sqlite3.Connection,
    view: StoreView,
    vault: Vault,
    faults: list[str],
    damaged: dict[UUID, None],
) -> int:
    """Open every chunk that holds a live bit; how many chunks there are."""
    opened = 0
    lanes = connection.execute("SELECT segment_id, idx, lane_no FROM lane ORDER BY lane_no")
    for segment_bytes, index, lane_no in lanes.fetchall():
        segment_id = UUID(bytes=segment_bytes)
        try:
            held, lane = view.held(segment_id), view.lane(segment_id, index)
        except StoreBrokenError:
            continue
        if held is None or lane is None:
            faults.append(f"lane {index} of segment {segment_id} cannot be read")
            continue
        wanted = vault.live_chunks(lane_no, lane)
        for chunk in wanted:
            try:
                vault.open(held, lane_no, index, chunk)
            except SealError as error:
                faults.append(f"{error} ({error.where})" if error.where else str(error))
                damaged[segment_id] = None
        stored = vault.stored_chunks(lane_no)
        opened += len(stored)
        faults.extend(
            f"chunk {chunk} of lane {index} of segment {segment_id} holds nothing live"
            for chunk in sorted(set(stored) - set(wanted))
        )
    total = _count(connection, "chunk")
    if total != opened:
        faults.append(f"{total - opened} chunks belong to no lane")
    return total
