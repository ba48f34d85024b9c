"""Put a backup back, marked so that it serves nobody before it has caught up.

A backup holds ciphertext and no key-encryption key: it can be opened as long as the key that was
current when it was written exists, which is until the next rotation. Write one after each rotation.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from groundstation.keys.sealing.kek import KekProvider
from groundstation.keys.store.connection import connect_to_write, harden
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.folder import (
    FILE_MODE,
    LedgerFolder,
    create_private_file,
    lock_folder,
)
from groundstation.keys.store.opening import load_kek, open_audit


def restore(
    backup: Path,
    folder: Path,
    provider: KekProvider,
    *,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> None:
    """Make a backup the ledger of a folder that has none.

    It is marked as behind before it gets its name, so that a crash leaves no ledger that serves.

    Raises
    ------
    BusyError
        the folder is in use
    StoreError
        the folder has a ledger, or the backup is none
    SealError
        the key-encryption key of the backup is gone
    """
    place = LedgerFolder(folder)
    lock = lock_folder(place)
    try:
        if place.database.exists():
            raise StoreError(
                "cannot restore over a key ledger that is there",
                where=str(place.database),
                hint="move ledger.db, ledger.db-wal and ledger.db-shm away first",
            )
        copy = folder / "restored.db"
        copy.unlink(missing_ok=True)
        create_private_file(copy)
        shutil.copyfile(backup, copy)
        copy.chmod(FILE_MODE)
        _mark_as_behind(copy, provider, clock, monotonic)
        _sync(copy)
        copy.rename(place.database)
        _sync(folder)
    except OSError as error:
        raise StoreError(
            f"cannot restore: {(error.strerror or str(error)).lower()}", where=str(backup)
        ) from error
    finally:
        lock.release()


def _mark_as_behind(
    path: Path,
    provider: KekProvider,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> None:
    try:
        with closing(connect_to_write(path)) as connection:
            harden(connection)
            log = open_audit(connection, load_kek(connection, provider), clock, monotonic)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE ledger SET is_behind = 1")
            log.append("restore", {"last_seq": log.seq})
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"cannot restore: {error}", where=str(path)) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
