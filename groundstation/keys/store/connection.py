"""Connections whose durability is set by us and read back, never assumed.

- Write-ahead log with full synchronisation: a commit that returned survives a power cut. With
  NORMAL the last commits may be lost, and their key would be handed out again.
- Checkpoints are run by the writer, never by SQLite on its own: SQLite keeps silent about a failed
  synchronisation in a checkpoint that it started itself.
- Deleted content is overwritten, nothing spills into temporary files, damaged cells are noticed,
  and a schema that somebody edited runs no functions.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from groundstation.keys.store.errors import StoreError

Connect = Callable[[Path], sqlite3.Connection]

# What is set, and what SQLite must answer when it is asked.
_SETTINGS: tuple[tuple[str, str, object], ...] = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("secure_delete", "ON", 1),
    ("temp_store", "MEMORY", 2),
    ("cell_size_check", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("foreign_keys", "ON", 1),
    ("wal_autocheckpoint", "0", 0),
)
_READER_SETTINGS = ("temp_store", "cell_size_check", "trusted_schema")
_BUSY_TIMEOUT_S = 5.0


def connect_to_write(path: Path) -> sqlite3.Connection:
    """A plain connection in autocommit mode; transactions are begun by name."""
    return sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for this and for other processes."""
    return sqlite3.connect(
        f"file:{path.absolute().as_posix()}?mode=ro",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def harden(connection: sqlite3.Connection) -> None:
    """Set every setting and assert that it took effect.

    Raises
    ------
    StoreError
        SQLite answers something else than was asked for
    """
    for name, value, _ in _SETTINGS:
        connection.execute(f"PRAGMA {name} = {value}").fetchall()
    for name, _, expected in _SETTINGS:
        _assert_setting(connection, name, expected)


def harden_reader(connection: sqlite3.Connection) -> None:
    """The settings that concern a connection that only reads."""
    for name, value, expected in _SETTINGS:
        if name in _READER_SETTINGS:
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
            _assert_setting(connection, name, expected)


def _assert_setting(connection: sqlite3.Connection, name: str, expected: object) -> None:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    found = None if row is None else row[0]
    if found != expected:
        raise StoreError(
            f"cannot serve key: SQLite's {name} is {found!r}, {expected!r} is needed",
            hint="the file system may not support it; use a local disk",
        )
