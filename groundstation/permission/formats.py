"""Permission files -> grants. What is not understood is refused, and refused means forbidden.

The rules they keep:

1. go-nogo: the small ASCII flag of restricted laser ranging (International Laser Ranging Service,
   mission support request form, 2018): whatever else the file tells, the word "go" or "nogo" is in
   it. One "nogo" outweighs every "go", a "go" beside a denial is not understood, and neither is a
   web page: "go to the start page" permits nothing.
2. segments: a line is the start and the stop of an allowed span of one station; instants are
   ISO 8601 with their offset from UTC.
3. windows: a table (CSV) with the columns target, start, stop, source, issued; a target is a
   satellite's name or its catalogue number.
4. A flag or a segment file may say when it was issued, in a line `issued INSTANT`; else its own
   date counts. `#` begins a comment.
5. One bad line refuses the file: what it should have said is not known.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from groundstation.permission.errors import PermissionFileError
from groundstation.permission.records import Grant, PermissionKind

_COLUMNS = ("target", "start", "stop", "source", "issued")
LARGEST_FILE = 1_000_000
_DENIALS = frozenset({"no", "not", "never", "don", "without", "stop", "until"})


def read_permission(data: bytes, name: str, kind: PermissionKind) -> tuple[Grant, ...]:
    """The grants of a file; a flag that says "nogo" has none.

    Raises
    ------
    PermissionFileError
        the file is not what it should be; the message names the line
    """
    if len(data) > LARGEST_FILE:
        raise PermissionFileError(f"{len(data)} bytes are no permission file", where=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermissionFileError("its text is not UTF-8", where=name) from error
    if kind is PermissionKind.GO_FLAG:
        return _flag(text, name)
    if kind is PermissionKind.SEGMENTS:
        return tuple(_segments(text, name))
    return tuple(_windows(text, name))


def _flag(text: str, name: str) -> tuple[Grant, ...]:
    if text.lstrip()[:1] == "<":
        raise PermissionFileError("it is a web page", where=name)
    lines = list(_lines(text))
    issued = _issued(lines, name)
    words = {
        word
        for _, line in lines
        if not _is_issued(line)
        for word in re.findall(r"[a-z]+", re.sub(r"\bno[\s_-]+go\b", "nogo", line.lower()))
    }
    if "nogo" in words:
        return ()
    if "go" not in words:
        raise PermissionFileError("it says neither go nor nogo", where=name)
    denied = sorted(words & _DENIALS)
    if denied:
        raise PermissionFileError(f"it says go and {denied[0]}", where=name)
    return (Grant(None, None, None, name, issued),)


def _segments(text: str, name: str) -> Iterator[Grant]:
    lines = list(_lines(text))
    issued = _issued(lines, name)
    for number, line in lines:
        if _is_issued(line):
            continue
        parts = line.replace(",", " ").split()
        if len(parts) != 2:
            raise PermissionFileError(
                f"line {number} has {len(parts)} values, not start and stop", where=name
            )
        start, stop = (instant_of(part, number, name) for part in parts)
        yield _grant(None, start, stop, name, issued, number, name)


def _windows(text: str, name: str) -> Iterator[Grant]:
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
        if sorted(head) != sorted(_COLUMNS):
            raise PermissionFileError(
                f"its columns are {', '.join(head) or 'none'}, not {', '.join(_COLUMNS)}",
                where=name,
            )
        for row in rows:
            number = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(head):
                raise PermissionFileError(
                    f"line {number} has {len(row)} values, not {len(head)}", where=name
                )
            cells = dict(zip(head, (cell.strip() for cell in row), strict=True))
            if not cells["target"]:
                raise PermissionFileError(f"line {number} names no target", where=name)
            start, stop, issued = (
                instant_of(cells[key], number, name) for key in ("start", "stop", "issued")
            )
            source = cells["source"] or name
            yield _grant(cells["target"], start, stop, source, issued, number, name)
    except csv.Error as error:
        raise PermissionFileError(f"line {rows.line_num}: {error}", where=name) from error


def _grant(
    target: str | None,
    start: datetime,
    stop: datetime,
    source: str,
    issued: datetime | None,
    number: int,
    name: str,
) -> Grant:
    if stop <= start:
        raise PermissionFileError(f"line {number} stops before it starts", where=name)
    return Grant(target, start, stop, source, issued)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that say something."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if said:
            yield number, said


def _is_issued(line: str) -> bool:
    return line.lower().startswith("issued")


def _issued(lines: list[tuple[int, str]], name: str) -> datetime | None:
    """The instant that a line `issued INSTANT` gives; None without one."""
    found = [(number, line) for number, line in lines if _is_issued(line)]
    if not found:
        return None
    number, line = found[0]
    if len(found) > 1:
        raise PermissionFileError(f"line {found[1][0]} says a second time when issued", where=name)
    return instant_of(line[len("issued") :].strip(" :="), number, name)


def instant_of(text: str, number: int, name: str) -> datetime:
    """An instant with an offset; local time without one could be any hour."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise PermissionFileError(
            f"line {number}: {text[:40]!r} is not an instant like 2026-06-14T21:03:05Z", where=name
        ) from None
    if instant.tzinfo is None:
        raise PermissionFileError(
            f"line {number}: {text[:40]!r} has no offset from UTC", where=name
        )
    return instant.astimezone(UTC)
