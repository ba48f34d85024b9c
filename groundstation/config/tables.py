"""Tables of a network file as tomllib read them, before anything is checked."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def tables_of(parent: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The tables of a list with their places; what is no table is passed over."""
    items = parent.get(key)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield index, item


def table_of(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table of that key, empty where there is none."""
    item = parent.get(key)
    return item if isinstance(item, dict) else {}


def number_of(table: Mapping[str, Any], key: str) -> float | None:
    """The number of that key; None for anything else."""
    value = table.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value is not None else None


def named(document: Document, kind: str) -> set[str]:
    """Names of the tables of one kind."""
    return {
        table["name"]
        for _, table in tables_of(document, kind)
        if isinstance(table.get("name"), str)
    }
