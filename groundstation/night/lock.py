"""One run at a time: a kernel lock that dies with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from groundstation.errors import BusyError, StateError


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, or raise BusyError at once if another process does.

    The kernel frees it when the process ends, however it ends; the file's text only says who.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StateError(
            f"cannot create the lock: {error.strerror}",
            where=str(path),
            hint="check that the folder is writable",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "unknown process"
            raise BusyError(
                f"another run is at work ({holder})", where=str(path), hint="wait and run again"
            ) from None
        os.ftruncate(handle, 0)
        os.write(
            handle, f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode()
        )
        yield
    finally:
        os.close(handle)
