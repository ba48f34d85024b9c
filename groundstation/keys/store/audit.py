"""The audit log: append-only rows, each bound to the one before by HMAC-SHA256.

- The key of the chain is drawn once per store and wrapped by the key-encryption key; rotation wraps
  it anew, so the chain goes on.
- Row `seq` carries HMAC(key, mac of the row before || its own content). An edit, a deletion or
  another order breaks the chain from there on. A cut at the end leaves a chain that is whole; the
  anchor, kept elsewhere, shows it.
- Each commit that moved key adds one row `ledger` with the range of rows and a SHA-256 over all
  reasons, segments, allocations, entries and documents that the commit added; they cannot be
  edited unnoticed either.
- No row holds key, and none is written that does not stand in the transaction of what it tells.
"""

import hashlib
import hmac
import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from groundstation.keys.store.rows import to_us

AUDIT_KEY = "audit"
MAC_BYTES = 32
_GENESIS = bytes(MAC_BYTES)

ENTRY_COLUMNS = "entry_no, lane_no, start, length, source, target, allocation_no, reason_no, at_us"
ENTRY_WIDTH = 9
# What grows beside the entries, with the columns that never change.
BOUND_TABLES = {
    "reason": "reason_no, text",
    "segment": "segment_no, hex(segment_id), pool_no, origin, origin_reference, trust, n_bits,"
    " digest, imported_us, expires_us",
    "allocation": "allocation_no, hex(allocation_id), pool_no, purpose, role, reference, n_bits,"
    " created_us, expires_us",
    "document": "document_no, kind, reference, payload, at_us",
}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the log; instants in microseconds, the monotonic one since the machine started."""

    seq: int
    wall_us: int
    mono_us: int
    event: str
    payload: str
    mac: bytes


def row_mac(key: bytes, previous: bytes, row: tuple[int, int, int, str, str]) -> bytes:
    """The MAC of a row (seq, wall_us, mono_us, event, payload) after the MAC before it."""
    seq, wall_us, mono_us, event, payload = row
    name, text = event.encode(), payload.encode()
    # Lengths first, so that no two rows have the same bytes.
    head = struct.pack(">qqqII", seq, wall_us, mono_us, len(name), len(text))
    return hmac.digest(key, previous + head + name + text, "sha256")


def first_mac(key: bytes, store_id: str) -> bytes:
    """What stands in front of the first row; ties the chain to its store."""
    return hmac.digest(key, _GENESIS + store_id.encode(), "sha256")


@dataclass
class AuditLog:
    """The end of the chain, where rows are appended inside the writer's transaction."""

    connection: sqlite3.Connection
    key: bytes = field(repr=False)
    store_id: str
    wall: Callable[[], float]
    monotonic: Callable[[], float]
    seq: int = 0
    mac: bytes = b""
    bound: dict[str, int] = field(default_factory=dict)

    def resume(self) -> None:
        """Go to the end of the committed chain; also after a rollback."""
        row = self.connection.execute(
            "SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        self.seq, self.mac = (0, first_mac(self.key, self.store_id)) if row is None else row
        last = self.connection.execute(
            "SELECT payload FROM audit WHERE event = 'ledger' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        ranges = {} if last is None else json.loads(last[0])["last"]
        self.bound = {table: ranges.get(table, 0) for table in ("entry", *BOUND_TABLES)}

    def append(self, event: str, payload: Mapping[str, object]) -> None:
        """Add a row; the payload is written as JSON and must hold no key."""
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        seq = self.seq + 1
        row = (seq, to_us(self.wall()), to_us(self.monotonic()), event, text)
        mac = row_mac(self.key, self.mac, row)
        self.connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (*row, mac))
        self.seq, self.mac = seq, mac

    def bind(self) -> None:
        """Add the row that binds what grew since the last one; nothing if nothing did."""
        last = {
            table: self.connection.execute(
                f"SELECT coalesce(max({table}_no), 0) FROM {table}"  # noqa: S608  our own names
            ).fetchone()[0]
            for table in self.bound
        }
        if last != self.bound:
            digest = growth_digest(self.connection, self.bound, last)
            self.append("ledger", {"first": self.bound, "last": last, "sha256": digest})
            self.bound = last


def growth_digest(
    connection: sqlite3.Connection, after: Mapping[str, int], last: Mapping[str, int]
) -> str:
    """SHA-256 over the rows of every growing table with after < number <= last, hexadecimal."""
    digest = hashlib.sha256()
    entries = connection.execute(
        f"SELECT {ENTRY_COLUMNS} FROM entry"  # noqa: S608  our own names
        " WHERE entry_no > ? AND entry_no <= ? ORDER BY entry_no",
        (after["entry"], last["entry"]),
    )
    digest.update(entry_bytes(entry_array(entries)))
    for table, columns in BOUND_TABLES.items():
        if after[table] == last[table]:
            continue
        grown = connection.execute(
            f"SELECT {columns} FROM {table}"  # noqa: S608  our own names
            f" WHERE {table}_no > ? AND {table}_no <= ? ORDER BY {table}_no",
            (after[table], last[table]),
        ).fetchall()
        digest.update(grown_bytes(table, grown))
    return digest.hexdigest()


def entry_array(rows: Iterable[Iterable[int]]) -> np.ndarray:
    """Rows of ENTRY_COLUMNS as an array of 64-bit integers, entries x 9."""
    flat = np.fromiter(chain.from_iterable(rows), dtype="<i8")
    return flat.reshape(-1, ENTRY_WIDTH)


def entry_bytes(entries: np.ndarray) -> bytes:
    """What the digest sees of entries."""
    return entries.tobytes()


def grown_bytes(table: str, grown: list[tuple[object, ...]]) -> bytes:
    """What the digest sees of the rows of another table: their Python text, in ASCII."""
    return f"{table}{[tuple(row) for row in grown]!a}".encode()
