# ruff: noqa: N802  the methods of a VFS have SQLite's names
"""A disk whose every operation is written down, and crashes at each of them.

The disk is a virtual file system of SQLite (apsw, its own SQLite library). It keeps, for every
operation, what had been synchronised before and what had not. A crash may keep, drop or tear every
operation that was not synchronised; the files that result are opened with the SQLite of Python.
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

SECTOR = 512


@dataclass(frozen=True)
class Operation:
    """One operation on a file: write (offset, data), truncate (offset), sync, or a note."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Recorder:
    """All operations since the start, and faults to come."""

    operations: list[Operation] = field(default_factory=list)
    fail: Any = None

    def note(self, text):
        """Something that happened outside: what was handed out."""
        self.operations.append(Operation("note", text))

    def crash_images(self, start, random, samples):
        """For a crash after every operation: the notes by then, and possible file contents.

        `start` maps names to contents that are safe on the disk. What was synchronised is kept.
        Of the rest: all, none, and random choices in which each write is kept, dropped or torn at
        a multiple of 512 bytes, in the order of time.
        """
        safe = {name: bytearray(data) for name, data in start.items()}
        pending: list[Operation] = []
        notes: list[str] = []
        for operation in self.operations:
            if operation.kind == "note":
                notes.append(operation.name)
            elif operation.kind == "sync":
                for waiting in [p for p in pending if p.name == operation.name]:
                    perform(safe, waiting)
                pending = [p for p in pending if p.name != operation.name]
            else:
                pending.append(operation)
            yield list(notes), {k: bytes(v) for k, v in safe.items()}
            if not pending:
                continue
            yield list(notes), image(safe, pending)
            for _ in range(samples):
                yield list(notes), image(safe, damaged(pending, random))


def damaged(pending, random):
    """The operations of which a crash leaves something."""
    chosen = []
    for operation in pending:
        fate = random.choice(("kept", "kept", "dropped", "torn"))
        if fate == "torn" and operation.kind == "write" and len(operation.data) > SECTOR:
            # Sectors arrive in any order: a random choice of them is on the disk.
            for begin in range(0, len(operation.data), SECTOR):
                if random.random() < 0.5:
                    part = operation.data[begin : begin + SECTOR]
                    chosen.append(
                        Operation("write", operation.name, operation.offset + begin, part)
                    )
        elif fate == "kept":
            chosen.append(operation)
    return chosen


def image(safe, operations):
    files = {name: bytearray(data) for name, data in safe.items()}
    for operation in operations:
        perform(files, operation)
    return {name: bytes(data) for name, data in files.items()}


def perform(files, operation):
    content = files.setdefault(operation.name, bytearray())
    if operation.kind == "truncate":
        del content[operation.offset :]
        content.extend(bytes(max(0, operation.offset - len(content))))
    else:
        content.extend(bytes(max(0, operation.offset - len(content))))
        content[operation.offset : operation.offset + len(operation.data)] = operation.data


@pytest.fixture(scope="session")
def recorder_and_connect():
    """A recorder and a function that opens connections on its disk in the manner of sqlite3."""
    apsw: Any = pytest.importorskip("apsw")
    recorder = Recorder()

    class File(apsw.VFSFile):  # type: ignore[misc]
        def __init__(self, inherit, name, flags):
            text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
            self.short = Path(text).name
            super().__init__(inherit, name, flags)

        def _before(self, kind, size=0):
            if recorder.fail is not None:
                recorder.fail(kind, self.short, size)

        def xWrite(self, data, offset):
            self._before("write", len(data))
            recorder.operations.append(Operation("write", self.short, offset, bytes(data)))
            super().xWrite(data, offset)

        def xTruncate(self, size):
            self._before("truncate")
            recorder.operations.append(Operation("truncate", self.short, size))
            super().xTruncate(size)

        def xSync(self, flags):
            self._before("sync")
            recorder.operations.append(Operation("sync", self.short))
            super().xSync(flags)

        def xRead(self, amount, offset):
            self._before("read", amount)
            return super().xRead(amount, offset)

    class Disk(apsw.VFS):  # type: ignore[misc]
        def __init__(self):
            super().__init__("recording", "")

        def xOpen(self, name, flags):
            return File("", name, flags)

    disk = Disk()

    class Adapter:
        """apsw's connection with the few manners of sqlite3's that the store relies on."""

        def __init__(self, path):
            self.connection = apsw.Connection(str(path), vfs="recording")
            self.connection.set_busy_timeout(5000)

        def execute(self, sql, values=()):
            try:
                return Cursor(self.connection.execute(sql, values))
            except apsw.Error as error:
                raise translated(error) from error

        def executemany(self, sql, rows):
            try:
                return Cursor(self.connection.executemany(sql, rows))
            except apsw.Error as error:
                raise translated(error) from error

        @property
        def in_transaction(self):
            return self.connection.in_transaction

        def close(self):
            self.connection.close(True)

    class Cursor:
        def __init__(self, cursor):
            self.cursor = cursor

        def _ask(self, question):
            try:
                return question()
            except apsw.Error as error:
                raise translated(error) from error

        def __iter__(self):
            return iter(self.fetchall())

        def fetchone(self):
            return self._ask(lambda: next(self.cursor, None))

        def fetchall(self):
            return self._ask(lambda: list(self.cursor))

        def fetchmany(self, count):
            return [row for row in (self.fetchone() for _ in range(count)) if row is not None]

    def translated(error):
        is_refusal = isinstance(error, apsw.ConstraintError)
        kind: Any = sqlite3.IntegrityError if is_refusal else sqlite3.OperationalError
        copy = kind(str(error))
        # An error raised by this disk itself carries no code.
        raised = {apsw.FullError: sqlite3.SQLITE_FULL, apsw.IOError: sqlite3.SQLITE_IOERR}
        copy.sqlite_errorcode = getattr(error, "extendedresult", raised.get(type(error), 0))
        return copy

    yield recorder, Adapter
    del disk


@pytest.fixture
def disk(recorder_and_connect):
    """The recording disk, empty and without faults."""
    recorder, connect = recorder_and_connect
    recorder.operations.clear()
    recorder.fail = None
    yield recorder, connect
    recorder.fail = None


@pytest.fixture
def draws():
    return Random(17)  # noqa: S311  the same crashes every time
