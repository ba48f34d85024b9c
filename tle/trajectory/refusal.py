"""The way of a reason from the line that is wrong to the error that the caller sees."""

from collections.abc import Iterator
from contextlib import contextmanager

from tle.errors import EphemerisError


class LineRefusal(Exception):  # noqa: N818  never leaves the readers, which turn it into an error
    """Why a line of a trajectory file cannot be accepted; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Turn a refusal into an EphemerisError `source:line: reason`."""
    try:
        yield
    except LineRefusal as refusal:
        raise EphemerisError(f"{source}:{refusal.line}: {refusal}") from refusal
