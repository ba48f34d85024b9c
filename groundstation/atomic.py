"""Write a file so that a reader sees the old text or the new, never half of it."""

import os
import tempfile
from pathlib import Path

from groundstation.errors import StateError

FILE_MODE = 0o644


def write_atomically(path: Path, data: bytes | str) -> None:
    """Replace a file in one step, safe against a crash at any instant.

    The text goes to a temporary file in the same folder, is forced to the disk, takes the place
    of the old file by a rename, and the folder's entry is forced to the disk as well.

    Parameters
    ----------
    path : file to write; its folder must exist
    data : what it shall hold; text is written as UTF-8

    Raises
    ------
    StateError
        The folder cannot be written; the old file, if there was one, is untouched.
    """
    content = data.encode("utf-8") if isinstance(data, str) else data
    try:
        _replace(path, content)
    except OSError as error:
        raise StateError(
            f"cannot write {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="use a folder that exists, may be written to and has space left",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    """Write beside the target, then rename; the temporary file never survives a failure."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            # mkstemp makes files that only their owner can read; these are for everybody.
            os.fchmod(file.fileno(), FILE_MODE)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  the name came from mkstemp as text
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force the rename itself to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
