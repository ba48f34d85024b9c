"""The state database: opened through sqlite-utils, with its pragmas and migrations.

A migration of a database that exists begins with a copy of it: without the copy nothing is changed.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from groundstation.errors import StateError
from groundstation.weather import archive as weather_archive
from tle import archive
from tle.provider import fetches

migrations = Migrations("groundstation")

BACKUPS_KEPT = 3


@migrations()
def create_known_pass(db: Database) -> None:
    """Passes that were seen before; a pass keeps its id when newer elements shift it."""
    db.table("known_pass").create(
        {"pass_id": str, "satellite": str, "station": str, "aos": str, "los": str},
        pk="pass_id",
        not_null={"satellite", "station", "aos", "los"},
    )
    db.table("known_pass").create_index(["satellite", "station", "aos"])


@migrations()
def create_plan(db: Database) -> None:
    """Plans by content; the night's current plan is the latest row of `night`."""
    db.table("plan").create(
        {"plan_id": str, "night": str, "created_at": str, "document": str},
        pk="plan_id",
        not_null={"night", "created_at", "document"},
    )
    db.table("night").create(
        {
            "night": str,
            "plan_id": str,
            "input_hash": str,
            "output_hash": str,
            "status": str,
            "finished_at": str,
        },
        pk="night",
        not_null={"plan_id", "input_hash", "output_hash", "status", "finished_at"},
        foreign_keys=[("plan_id", "plan", "plan_id")],
    )


@migrations()
def create_step(db: Database) -> None:
    """One row per step of a night: what went in, what came out, how it ended."""
    db.table("step").create(
        {
            "night": str,
            "step": str,
            "input_hash": str,
            "status": str,
            "output_hash": str,
            "started_at": str,
            "finished_at": str,
        },
        pk=("night", "step", "input_hash"),
        not_null={"status", "started_at"},
    )


@migrations()
def create_owner(db: Database) -> None:
    """The network whose state this is; two networks in one folder would publish over each other."""
    db.table("owner").create({"id": int, "network": str}, pk="id", not_null={"network"})


def claim(db: Database, network: str, path: Path) -> None:
    """Make the state the network's own, or refuse if it is another's.

    Raises
    ------
    StateError
        the folder holds the state of another network
    """
    owner = next((row["network"] for row in db.table("owner").rows), None)
    if owner is None:
        db.table("owner").insert({"id": 1, "network": network})
    elif owner != network:
        raise StateError(
            f"this folder holds the state of the network {owner!r}, not of {network!r}",
            where=str(path),
            hint="give every network a folder of its own, or restore network.name",
        )


def _present() -> datetime:
    return datetime.now(UTC)


def open_database(
    path: Path, further: Sequence[Migrations] = (), clock: Callable[[], datetime] = _present
) -> Database:
    """Open (or create) the state database and bring it up to date.

    WAL with full synchronisation: what a finished transaction holds survives a power cut.

    Parameters
    ----------
    further : migrations of rooms that come after this one, in order
    clock : dates the copy that is made before a pending migration

    Raises
    ------
    StateError
        the folder cannot be written, or the file is not a database of ours
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = Database(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        own = (archive.migrations, fetches.migrations, weather_archive.migrations, migrations)
        apply_migrations(db, path, (*own, *further), clock)
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f"cannot open the state database: {error}",
            where=str(path),
            hint="check that the folder exists, is writable, and that the disk is not full",
        ) from error
    return db


def apply_migrations(
    db: Database,
    path: Path,
    sets: Sequence[Migrations],
    clock: Callable[[], datetime] = _present,
) -> None:
    """Bring a database up to date; one that already holds something is copied before.

    Parameters
    ----------
    path : of the database; copies lie beside it, the newest `BACKUPS_KEPT` are kept
    sets : in order

    Raises
    ------
    OSError, sqlite3.Error
        no copy could be made, and then nothing is changed; or a migration failed
    """
    is_pending = any(item.pending(db) for item in sets)
    if is_pending and db.table_names():
        back_up(db, path, clock())
    for item in sets:
        item.apply(db)


def back_up(db: Database, path: Path, now: datetime) -> Path:
    """Copy a database beside itself under a dated name, whole or not at all; old copies go."""
    folder, stamp = path.parent, f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
    made = folder / f"{path.stem}-{stamp}{path.suffix}"
    temporary = folder / f".{made.name}.{os.getpid()}.tmp"
    for left in folder.glob(f".{path.stem}-*{path.suffix}.*.tmp"):
        # Of a run that was killed while it copied.
        left.unlink(missing_ok=True)
    try:
        db.execute("VACUUM INTO ?", [str(temporary)])
        _sync(temporary)
        temporary.replace(made)
        _sync(folder)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    for old in sorted(backups(path), reverse=True)[BACKUPS_KEPT:]:
        old.unlink(missing_ok=True)
    return made


def backups(path: Path) -> Iterator[Path]:
    """Copies of a database that `back_up` has made; their names sort by date."""
    digits = "[0-9]" * 8 + "T" + "[0-9]" * 12 + "Z"
    return path.parent.glob(f"{path.stem}-{digits}{path.suffix}")


def _sync(path: Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_if_present(path: Path) -> Database | None:
    """The state database for reading, or None where there is none yet."""
    if not path.exists():
        return None
    try:
        db = Database(sqlite3.connect(f"file:{path}?mode=ro", uri=True))
        # A file that is no database is noticed only when it is read.
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise StateError(
            f"cannot read the state database: {error}",
            where=str(path),
            hint="move the file away; the next nightly run makes a new one",
        ) from error
    return db
