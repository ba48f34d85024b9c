"""Permissions of the network file: rules that join several keys, and their records.

Names          unique
Satellites     exist
Stations       exist
Files          say only {satellite} and {station}
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from groundstation.config.document.permission import Permission
from groundstation.config.faults import Finding
from groundstation.config.locator import path_text
from groundstation.config.tables import Document, named, tables_of
from groundstation.permission.records import PermissionKind, PermissionRule
from groundstation.suggest import did_you_mean

# Flags are to be fetched every 5 to 15 minutes (International Laser Ranging Service, mission
# support request form, 2018); windows are asked for days ahead.
_LONGEST_FLAG_AGE = timedelta(minutes=15)
_LONGEST_AGE = timedelta(days=7)


def permissions_of(tables: list[Permission]) -> tuple[PermissionRule, ...]:
    """Every permission that some links need."""
    return tuple(
        PermissionRule(
            name=table.name,
            kind=PermissionKind(table.kind),
            path=table.file,
            satellites=tuple(table.satellites),
            stations=tuple(table.stations),
            longest_age=_longest_age(table),
        )
        for table in tables
    )


def _longest_age(table: Permission) -> timedelta:
    if table.max_age_h is not None:
        return timedelta(hours=table.max_age_h)
    is_flag = PermissionKind(table.kind) is PermissionKind.GO_FLAG
    return _LONGEST_FLAG_AGE if is_flag else _LONGEST_AGE


def _unique_names(document: Document) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for index, table in tables_of(document, "permissions"):
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            yield ("permissions", index, "name"), f"{name!r} is already the name of {first[name]}"
        first.setdefault(name, path_text(("permissions", index)))


def _known_ends(document: Document) -> Iterator[Finding]:
    for kind, what in (("satellites", "satellite"), ("stations", "station")):
        known = named(document, kind)
        for index, table in tables_of(document, "permissions"):
            names = table.get(kind)
            for place, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str) and name not in known:
                    yield (
                        ("permissions", index, kind, place),
                        f"no {what} {name!r}{did_you_mean(name, known)}",
                    )


def _known_placeholders(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "permissions"):
        file = table.get("file")
        for word in re.findall(r"\{[^}]*\}?", file) if isinstance(file, str) else []:
            if word not in {"{satellite}", "{station}"}:
                path = ("permissions", index, "file")
                yield path, f"{word} is neither {{satellite}} nor {{station}}"


PERMISSION_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _unique_names,
    _known_ends,
    _known_placeholders,
)
