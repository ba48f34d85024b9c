"""Small secret files: only their owner reads them, they are durable, and they can be destroyed.

Overwriting reaches the old blocks of a plain disk. On flash, copy-on-write and journalled data it
may not; the folder then belongs on a file system in memory, or the key in a hardware module.
"""

import os
import stat
from pathlib import Path

from groundstation.keys.sealing.errors import SealError

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_OTHERS = 0o077
_LONGEST = 4096


def write_secret(path: Path, secret: bytes) -> None:
    """Create a file of mode 0600 with the secret, forced to the disk with its folder's entry.

    Raises
    ------
    SealError
        the file exists already, or the folder cannot be written
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            # The mode given to open is narrowed by the umask, never widened; make it exact.
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as error:
        raise SealError(
            f"cannot write the secret file {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="use a folder that exists, may be written to and has space left",
        ) from error


def read_secret(path: Path) -> bytes:
    """The content of a secret file that nobody else may read.

    Raises
    ------
    SealError
        it is missing, no plain file, too long, or its group or others may read or write it
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise SealError(
            f"cannot read the secret file {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="without it nothing that it protects can be opened",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        _check_safe(path, os.fstat(file.fileno()))
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise SealError(
            f"the secret file {path.name} is longer than {_LONGEST} bytes", where=str(path.parent)
        )
    return content


def destroy_secret(path: Path) -> None:
    """Overwrite a secret file with zeros, force that to the disk, then remove it.

    Raises
    ------
    SealError
        it is there but cannot be overwritten or removed
    """
    try:
        with path.open("r+b", buffering=0) as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            os.fsync(file.fileno())
        path.unlink()
        _sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SealError(
            f"cannot destroy the secret file {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="remove it by hand; until then what it protected can still be opened",
        ) from error


def _check_safe(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SealError(f"the secret file {path.name} is no plain file", where=str(path.parent))
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        raise SealError(
            f"the secret file {path.name} has mode {mode:04o}, others than its owner can reach it",
            where=str(path.parent),
            hint=f"chmod 600 {path.name}, and think about who may have read it",
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise SealError(
            f"the secret file {path.name} belongs to user {status.st_uid}, not to us or root",
            where=str(path.parent),
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
