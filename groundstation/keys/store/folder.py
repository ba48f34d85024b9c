"""The folder of a key ledger: its files, their modes, and the lock that one process holds."""

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from groundstation.errors import BusyError
from groundstation.keys.store.errors import StoreError

FILE_MODE = 0o600
FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class LedgerFolder:
    """Paths of one ledger; `ledger.db` and beside it the lock and the witness."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite database; its write-ahead log stands beside it."""
        return self.path / "ledger.db"

    @property
    def lock(self) -> Path:
        """Held by the process that writes."""
        return self.path / "ledger.lock"

    @property
    def witness(self) -> Path:
        """How far the database had come; an older database beside it is noticed."""
        return self.path / "ledger.witness"


def create_private_file(path: Path) -> None:
    """Make sure that a file exists and that only its owner can reach it.

    SQLite gives its log and its index the mode of the database, so this must come first.

    Raises
    ------
    StoreError
        the folder cannot be made or written
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        os.close(descriptor)
    except OSError as error:
        raise StoreError(
            f"cannot create {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="check that the folder exists, is writable, and that the disk is not full",
        ) from error


class FolderLock:
    """The right to write, from the kernel: it ends with the process, however that ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others write; a second time nothing happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_folder(folder: LedgerFolder) -> FolderLock:
    """Take the lock of a ledger at once, or refuse.

    Raises
    ------
    BusyError
        another process, or another store of this one, has the ledger open
    StoreError
        the folder cannot be written
    """
    create_private_file(folder.lock)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode(errors="replace").strip() or "unknown process"
        os.close(descriptor)
        raise BusyError(
            f"the key ledger is open already ({holder})",
            where=str(folder.lock),
            hint="stop the station process, or ask it",
        ) from None
    os.ftruncate(descriptor, 0)
    text = f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
    os.write(descriptor, text.encode())
    return FolderLock(descriptor)
