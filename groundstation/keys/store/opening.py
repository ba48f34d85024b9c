"""Bring a ledger's database into being, up to date, and into the hands of its keys."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from groundstation.keys.sealing import ratchet
from groundstation.keys.sealing.kek import Kek, KekProvider, new_kek_id, unwrap, wrap
from groundstation.keys.store.audit import AUDIT_KEY, AuditLog
from groundstation.keys.store.connection import connect_to_write, harden
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.folder import LedgerFolder, create_private_file
from groundstation.keys.store.rows import to_us
from groundstation.keys.store.schema import migrations


def migrate(folder: LedgerFolder) -> None:
    """Create the tables, or bring them up to date after writing a backup of what was there.

    Raises
    ------
    StoreError
        the file is no database of ours, or cannot be written
    """
    create_private_file(folder.database)
    try:
        with closing(connect_to_write(folder.database)) as connection:
            db = Database(connection)
            pending = migrations.pending(db)
            if not pending:
                return
            harden(connection)
            if migrations.applied(db):
                copy_database(connection, folder.path / f"before-{pending[0].name}.db")
            migrations.apply(db)
    except (sqlite3.Error, ValueError) as error:
        # A damaged schema may hold text that is none.
        raise StoreError(
            f"cannot bring the key ledger up to date: {error}",
            where=str(folder.database),
            hint="move the file away only if you are sure that it holds no key",
        ) from error


def copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """A durable copy without free pages, mode 0600; refuses to overwrite.

    Raises
    ------
    StoreError
        the target exists and is not empty, or cannot be written
    """
    if target.exists() and target.stat().st_size:
        raise StoreError("cannot write a backup over an existing file", where=str(target))
    create_private_file(target)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
        for path in (target, target.parent):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise StoreError(f"cannot write the backup: {error}", where=str(target)) from error


def claim(connection: sqlite3.Connection, node: str, provider: KekProvider, at: float) -> None:
    """Make a new database the node's own, with its first keys; or check that it is.

    Raises
    ------
    StoreError
        it belongs to another node
    """
    row = connection.execute("SELECT node FROM ledger").fetchone()
    if row is not None:
        if row[0] != node:
            raise StoreError(
                f"this is the key ledger of {row[0]!r}, not of {node!r}",
                hint="give every node a folder of its own",
            )
        return
    kek = provider.create(record_kek(connection))
    store_id, audit_key = os.urandom(16).hex(), ratchet.fresh_chain_key()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO ledger VALUES (1, ?, ?, ?, 0, NULL)", (store_id, node, to_us(at))
    )
    connection.execute("UPDATE kek SET state = 'current' WHERE kek_id = ?", (kek.kek_id,))
    connection.execute("INSERT INTO secret VALUES (?, ?)", (AUDIT_KEY, wrap(kek, audit_key)))
    log = AuditLog(connection, audit_key, store_id, lambda: at, lambda: 0.0)
    log.resume()
    log.append("create", {"node": node, "store": store_id, "kek": kek.kek_id})
    connection.execute("COMMIT")


def record_kek(connection: sqlite3.Connection) -> str:
    """The identity of a new key-encryption key, on record before the key exists."""
    kek_id = new_kek_id()
    connection.execute("INSERT INTO kek VALUES (?, 'pending')", (kek_id,))
    return kek_id


def load_kek(connection: sqlite3.Connection, provider: KekProvider) -> Kek:
    """The current key-encryption key; those that a rotation left behind are destroyed.

    Raises
    ------
    SealError
        the provider does not have it
    StoreError
        the database names none
    """
    row = connection.execute("SELECT kek_id FROM kek WHERE state = 'current'").fetchone()
    if row is None:
        raise StoreError("the key ledger names no current key-encryption key")
    return provider.load(row[0])


def destroy_left_over_keks(connection: sqlite3.Connection, provider: KekProvider) -> None:
    """Destroy what an interrupted rotation has made and not used, or replaced and not destroyed."""
    left = connection.execute("SELECT kek_id FROM kek WHERE state <> 'current'").fetchall()
    for (kek_id,) in left:
        provider.destroy(kek_id)
        connection.execute("DELETE FROM kek WHERE kek_id = ?", (kek_id,))


def open_audit(
    connection: sqlite3.Connection,
    kek: Kek,
    wall: Callable[[], float],
    monotonic: Callable[[], float],
) -> AuditLog:
    """The audit log at its end.

    Raises
    ------
    SealError
        the key-encryption key does not fit
    """
    store_id, wrapped = connection.execute(
        "SELECT store_id, wrapped FROM ledger, secret WHERE name = ?", (AUDIT_KEY,)
    ).fetchone()
    log = AuditLog(connection, unwrap(kek, wrapped), store_id, wall, monotonic)
    log.resume()
    return log
