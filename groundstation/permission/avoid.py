"""Avoid lists: when other users of a satellite have it, in files that they write.

The rules they keep:

1. A list is a table (CSV) with the columns satellite, start, stop, user, reason. A satellite is
   named as in the network or by its catalogue number; instants are ISO 8601 with their offset from
   UTC. Rows about satellites that the network does not have are passed over.
2. A row is a span in which nobody else may use the satellite, over every station.
3. A row that cannot be read forbids the satellite that it names; where it names none, and where
   the whole list cannot be read, all satellites are forbidden: nobody knows when they are free.
4. A list that is named and not there yet forbids nothing; a sentence says so.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from groundstation.permission.errors import PermissionFileError
from groundstation.permission.formats import LARGEST_FILE, instant_of
from groundstation.permission.records import (
    LinkPermission,
    Origin,
    PermissionDocument,
    PermissionKind,
    Span,
)

AVOID = "avoid"
_COLUMNS = ("satellite", "start", "stop", "user", "reason")
# Every night that is planned lies well between these.
_FIRST, _LAST = datetime(1950, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Use:
    """A row of an avoid list.

    Parameters
    ----------
    satellite : as the list names it; None where the row does not tell
    span : first and last instant; None where the row cannot be read
    said : who uses it and for what, or what is wrong with the row
    """

    satellite: str | None
    span: Span | None
    said: str


@dataclass(frozen=True, slots=True)
class Avoided:
    """What the lists forbid.

    Parameters
    ----------
    by_satellite : for every satellite of the network what each row about it leaves
    origins : one for every list
    warnings : a sentence for every list or row that cannot be read
    """

    by_satellite: dict[str, tuple[LinkPermission, ...]]
    origins: tuple[Origin, ...]
    warnings: tuple[str, ...]


def avoided(
    documents: Sequence[PermissionDocument], satellites: Iterable[tuple[str, int | None]]
) -> Avoided:
    """What avoid lists forbid to the satellites of a network.

    Parameters
    ----------
    documents : the lists as they were found
    satellites : names, with catalogue numbers or None
    """
    known = {name: frozenset({name, str(number)}) for name, number in satellites}
    found: dict[str, list[LinkPermission]] = {name: [] for name in known}
    origins, warnings = [], []
    for document in documents:
        uses, says = _uses_of(document)
        origins.append(
            Origin(
                AVOID, PermissionKind.AVOID, document.path, document.sha256, document.dated, says
            )
        )
        if document.content is None and not uses:
            warnings.append(f"{document.path} {document.fault}: no satellite is avoided for it")
        for use in uses:
            own = [name for name, names in known.items() if use.satellite in {None, *names}]
            for name in own:
                found[name].append(_permission(name, use))
            if use.span is None and own:
                warnings.append(f"{use.said}: {', '.join(own)} cannot be used")
    return Avoided(
        {name: tuple(said) for name, said in found.items()}, tuple(origins), tuple(warnings)
    )


def read_avoid_list(data: bytes, name: str) -> tuple[Use, ...]:
    """The rows of a list; one that cannot be read says why.

    Raises
    ------
    PermissionFileError
        the list is no such table at all
    """
    if len(data) > LARGEST_FILE:
        raise PermissionFileError(f"{len(data)} bytes are no avoid list", where=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermissionFileError("its text is not UTF-8", where=name) from error
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
        if sorted(head) != sorted(_COLUMNS):
            told = f"its columns are {', '.join(head) or 'none'}, not {', '.join(_COLUMNS)}"
            raise PermissionFileError(told, where=name)
        return tuple(
            _row(row, head, rows.line_num, name)
            for row in rows
            if any(cell.strip() for cell in row)
        )
    except csv.Error as error:
        raise PermissionFileError(f"line {rows.line_num}: {error}", where=name) from error


def _row(row: Sequence[str], head: Sequence[str], number: int, name: str) -> Use:
    """A row, or what is wrong with it."""
    cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
    # Where a value is missing nobody knows which one: the name may be another cell.
    satellite = cells.get("satellite") or None if len(row) == len(head) else None
    try:
        return _use(cells, row, head, number, name)
    except PermissionFileError as error:
        return Use(satellite, None, f"{name}: {error}")


def _use(
    cells: Mapping[str, str], row: Sequence[str], head: Sequence[str], number: int, name: str
) -> Use:
    if len(row) != len(head):
        raise PermissionFileError(f"line {number} has {len(row)} values, not {len(head)}")
    empty = [key for key in _COLUMNS if not cells[key]]
    if empty:
        raise PermissionFileError(f"line {number} gives no {empty[0]}")
    start, stop = (instant_of(cells[key], number, name) for key in ("start", "stop"))
    if stop <= start:
        raise PermissionFileError(f"line {number} stops before it starts")
    return Use(cells["satellite"], (start, stop), f"{cells['user']}, {cells['reason']}")


def _uses_of(document: PermissionDocument) -> tuple[tuple[Use, ...], str]:
    """Rows of a list, and the list in a few words."""
    if document.content is None:
        if document.is_absent:
            return (), document.fault
        return (Use(None, None, f"{document.path} {document.fault}"),), document.fault
    try:
        uses = read_avoid_list(document.content, document.path)
    except PermissionFileError as error:
        return (Use(None, None, f"{document.path} is refused: {error}"),), str(error)
    bad = sum(use.span is None for use in uses)
    return uses, f"{len(uses)} spans" if not bad else f"{bad} of {len(uses)} rows are refused"


def _permission(satellite: str, use: Use) -> LinkPermission:
    if use.span is None:
        reason = f"nobody knows when {satellite} is free: {use.said}"
        return LinkPermission(AVOID, (), reason, is_doubtful=True)
    start, stop = use.span
    return LinkPermission(
        AVOID, ((_FIRST, start), (stop, _LAST)), f"{satellite} is used by {use.said}"
    )
