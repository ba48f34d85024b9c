"""A small file beside the database that remembers how far it had come.

An older copy of the database put back in its place has a shorter audit log than the witness saw;
the store then serves nobody before it has caught up. The file is written after every commit and
not synchronised: after a power cut it may be behind the database, which is harmless, never ahead.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from groundstation.keys.store.folder import create_private_file

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Sight:
    """What the witness saw last: the audit log's last row, and whether the store was closed."""

    seq: int
    is_closed: bool


class Witness:
    """The open file of one store."""

    def __init__(self, path: Path) -> None:
        create_private_file(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def read(self, store_id: str) -> Sight | None:
        """What was seen; None if there is nothing whole, or it is another store's."""
        words = os.pread(self._descriptor, _LONGEST, 0).decode(errors="replace").split()
        match words:
            case [name, seq, state, check] if name == store_id and seq.isdecimal():
                if check == _check(store_id, seq, state):
                    return Sight(int(seq), state == "closed")
        return None

    def write(self, store_id: str, sight: Sight) -> None:
        """Remember; a witness that cannot be written is only behind."""
        seq, state = f"{sight.seq:020d}", "closed" if sight.is_closed else "opened"
        line = f"{store_id} {seq} {state} {_check(store_id, seq, state)}\n"
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, line.encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _check(store_id: str, seq: str, state: str) -> str:
    return hashlib.sha256(f"{store_id} {seq} {state}".encode()).hexdigest()[:16]
