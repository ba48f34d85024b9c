"""Rules for the sources of element sets in a network file.

Names          unique; a source without a name has its kind's
Addresses      a mirror has a url, a folder its folder; https, or http on this machine; no login
Logins         only space-track takes a credentials file
Satellites     exist and have a catalogue number
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from groundstation.config.faults import Finding
from groundstation.config.locator import path_text
from groundstation.config.tables import Document, named, tables_of
from groundstation.suggest import did_you_mean
from tle.provider.providers import unsafe_reason


def _unique_names(document: Document) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for index, table in tables_of(document, "sources"):
        key = "name" if "name" in table else "kind"
        name = table.get(key)
        if not isinstance(name, str):
            continue
        if name in first:
            yield ("sources", index, key), f"{name!r} is already the name of {first[name]}"
        first.setdefault(name, path_text(("sources", index)))


def _one_place(document: Document) -> Iterator[Finding]:
    for index, table in tables_of(document, "sources"):
        kind = table.get("kind")
        wanted = {"mirror": "url", "folder": "folder"}.get(kind) if isinstance(kind, str) else None
        if wanted is not None and wanted not in table:
            yield ("sources", index, wanted), f"is missing for a source of kind {kind}"
        allowed = {"folder": kind == "folder", "url": kind != "folder"}
        allowed["credentials_file"] = kind == "space-track"
        for key, is_allowed in allowed.items():
            if key in table and isinstance(kind, str) and not is_allowed:
                yield ("sources", index, key), f"has no meaning for a source of kind {kind}"


def _safe_addresses(document: Document) -> Iterator[Finding]:
    """The address is not quoted: it may hold the password for which it is refused."""
    for index, table in tables_of(document, "sources"):
        url = table.get("url")
        reason = unsafe_reason(url) if isinstance(url, str) and url else None
        if reason is not None:
            yield ("sources", index, "url"), f"the address {reason}"


def _known_satellites(document: Document) -> Iterator[Finding]:
    known = named(document, "satellites")
    planned = {
        table.get("name")
        for _, table in tables_of(document, "satellites")
        if "norad_cat_id" not in table
    }
    for index, table in tables_of(document, "sources"):
        for place, name in _satellites(table):
            path = ("sources", index, "satellites", place)
            if name not in known:
                yield path, f"no satellite {name!r}{did_you_mean(name, known)}"
            elif name in planned:
                yield path, f"{name!r} has no catalogue number; nobody publishes its element sets"


def _satellites(table: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    names = table.get("satellites")
    for place, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str):
            yield place, name


SOURCE_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _unique_names,
    _one_place,
    _safe_addresses,
    _known_satellites,
)
