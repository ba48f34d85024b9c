"""Every movement of bits of a ledger by pool, for accounts over time."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from groundstation.keys.ledger.records import Account, OriginKind, Pool
from groundstation.keys.store import rows
from groundstation.keys.store.connection import connect_to_read, harden_reader
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.folder import LedgerFolder


@dataclass(frozen=True, slots=True)
class Movement:
    """Bits that went from one account to another at one instant, seconds since 1970."""

    at: float
    source: Account
    target: Account
    origin: OriginKind
    bits: int


def read_movements(folder: Path) -> dict[Pool, list[Movement]]:
    """All movements by pool, in the order of their entries; those of one instant are summed.

    Raises
    ------
    StoreError
        There is no ledger, or it cannot be read.
    """
    path = LedgerFolder(folder).database
    if not path.exists():
        raise StoreError("there is no key ledger", where=str(folder))
    try:
        with closing(connect_to_read(path)) as connection:
            harden_reader(connection)
            found = connection.execute(
                "SELECT p.a, p.b, e.at_us, e.source, e.target, s.origin, sum(e.length)"
                " FROM entry e JOIN lane l USING (lane_no) JOIN pool p ON p.pool_no = l.pool_no"
                " JOIN segment s ON s.segment_no = l.segment_no"
                " GROUP BY p.pool_no, e.at_us, e.source, e.target, s.origin"
                " ORDER BY p.pool_no, min(e.entry_no)"
            ).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"cannot read the key ledger: {error}", where=str(path)) from error
    movements: dict[Pool, list[Movement]] = {}
    for a, b, at_us, source, target, origin, bits in found:
        movement = Movement(
            rows.from_us(at_us),
            rows.ACCOUNTS[source],
            rows.ACCOUNTS[target],
            OriginKind(origin),
            bits,
        )
        movements.setdefault(Pool(a, b), []).append(movement)
    return movements
