"""Check of the audit log: the chain, what it binds, and the anchor."""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from groundstation.keys.store.anchor import Anchor
from groundstation.keys.store.audit import (
    BOUND_TABLES,
    entry_bytes,
    first_mac,
    grown_bytes,
    row_mac,
)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """What the check needs beside the log itself.

    Parameters
    ----------
    key : of the chain
    entries : all entries, entries x 9
    anchor : kept elsewhere, or None
    """

    key: bytes = field(repr=False)
    store_id: str
    entries: np.ndarray
    anchor: Anchor | None


def check_chain(connection: sqlite3.Connection, chain: Chain) -> Iterator[str]:
    """Every fault of the audit log; the first broken link ends the walk."""
    mac, expected = first_mac(chain.key, chain.store_id), 1
    seen_by_anchor = None
    bound = dict.fromkeys(("entry", *BOUND_TABLES), 0)
    for row in connection.execute(
        "SELECT seq, wall_us, mono_us, event, payload, mac FROM audit ORDER BY seq"
    ):
        seq, _, _, event, payload, stored = row
        if seq != expected:
            yield f"the audit log has no row {expected}"
            return
        mac = row_mac(chain.key, mac, row[:5])
        if not hmac.compare_digest(mac, stored):
            yield f"row {seq} of the audit log was changed, or the one before it"
            return
        if event == "ledger":
            told = json.loads(payload)
            yield from _binding_faults(connection, chain, seq, told, bound)
            bound = told["last"]
        if chain.anchor is not None and seq == chain.anchor.seq:
            seen_by_anchor = mac
        expected += 1
    yield from _end_faults(connection, bound)
    if chain.anchor is not None:
        yield from _anchor_faults(chain, chain.anchor, expected - 1, seen_by_anchor)


def _binding_faults(
    connection: sqlite3.Connection,
    chain: Chain,
    seq: int,
    told: dict[str, Any],
    bound: dict[str, int],
) -> Iterator[str]:
    if told["first"] != bound:
        yield f"row {seq} of the audit log does not begin where the last one ended"
    if _digest(connection, chain.entries, told["first"], told["last"]) != told["sha256"]:
        yield f"what row {seq} of the audit log binds was changed"


def _anchor_faults(
    chain: Chain, anchor: Anchor, last: int, seen_by_anchor: bytes | None
) -> Iterator[str]:
    if anchor.store_id != chain.store_id:
        yield "the anchor is of another ledger"
    elif seen_by_anchor is None:
        yield f"the audit log ends at row {last}, the anchor saw row {anchor.seq}"
    elif not hmac.compare_digest(seen_by_anchor, anchor.mac):
        yield f"row {anchor.seq} of the audit log is not the one that the anchor saw"


def _end_faults(connection: sqlite3.Connection, bound: dict[str, int]) -> Iterator[str]:
    for table, last in bound.items():
        found = connection.execute(
            f"SELECT coalesce(max({table}_no), 0) FROM {table}"  # noqa: S608  our own names
        ).fetchone()[0]
        if found != last:
            yield f"{table} has rows up to {found}, the audit log binds them up to {last}"


def _digest(
    connection: sqlite3.Connection,
    entries: np.ndarray,
    first: dict[str, int],
    last: dict[str, int],
) -> str:
    """The same digest as `growth_digest`, the entries taken from the array."""
    digest = hashlib.sha256()
    begin, end = np.searchsorted(entries[:, 0], [first["entry"] + 1, last["entry"] + 1])
    digest.update(entry_bytes(entries[begin:end]))
    for table, columns in BOUND_TABLES.items():
        if first[table] == last[table]:
            continue
        grown = connection.execute(
            f"SELECT {columns} FROM {table}"  # noqa: S608  our own names
            f" WHERE {table}_no > ? AND {table}_no <= ? ORDER BY {table}_no",
            (first[table], last[table]),
        ).fetchall()
        digest.update(grown_bytes(table, grown))
    return digest.hexdigest()
