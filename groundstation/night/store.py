"""Bytes by their digest: what a night was made from, and what its steps made.

The rules it keeps:

1. A file is named by the SHA-256 of what it holds, written whole or not at all, and never changed.
2. What is read is checked against its name; a damaged file is as good as none.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from groundstation.atomic import write_atomically
from groundstation.errors import StateError


class Store:
    """The files under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes) -> str:
        """Keep bytes and return their digest; what is kept already is not written again."""
        digest = hashlib.sha256(data).hexdigest()
        if not self.holds(digest):
            path = self._path(digest)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StateError(
                    f"cannot keep what a step made: {(error.strerror or str(error)).lower()}",
                    where=str(path.parent),
                    hint="check that the folder is writable and that the disk is not full",
                ) from error
            write_atomically(path, data)
        return digest

    def holds(self, digest: str) -> bool:
        """True if the bytes are there and are what their name says."""
        try:
            self.read(digest)
        except StateError:
            return False
        return True

    def has(self, digest: str) -> bool:
        """Whether there is a file of this digest, whole or damaged."""
        return self._path(digest).exists()

    def read(self, digest: str) -> bytes:
        """The bytes of a digest.

        Raises
        ------
        StateError
            they are not there, or are damaged
        """
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StateError(f"kept bytes cannot be read: {reason}", where=str(path)) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise StateError("kept bytes are damaged", where=str(path))
        return data

    def drop(self, digests: Iterable[str]) -> None:
        """Remove bytes that nobody needs any more; what is gone already is no fault."""
        for digest in digests:
            self._path(digest).unlink(missing_ok=True)

    def clear_temporary(self) -> None:
        """Remove what a killed run has left half-written; only while the lock is held."""
        for path in self.folder.glob("*/.*.tmp"):
            path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise StateError(f"{digest!r} is no digest of kept bytes")
        return self.folder / digest[:2] / digest
