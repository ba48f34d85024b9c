"""One listing, five forms: a table for people, JSON, JSON lines, CSV and TSV for machines."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from groundstation.export.delimited import delimited

F = TypeVar("F", bound=Callable[..., Any])
Row = Mapping[str, Any]

_PIPE_WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table for people: key of the row, heading, how a value is written."""

    key: str
    heading: str
    write: Callable[[Any], str] = str
    is_number: bool = False
    wraps: bool = False


def format_options(function: F) -> F:
    """Add --json, --nl, --csv and --tsv; the command receives `form: str | None`."""
    for name, text in (
        ("tsv", "Tab-separated values."),
        ("csv", "Comma-separated values."),
        ("nl", "One JSON object per line."),
        ("json", "A JSON document."),
    ):
        function = click.option(f"--{name}", "form", flag_value=name, default=None, help=text)(
            function
        )
    return function


def write_listing(
    rows: Sequence[Row],
    *,
    schema: str,
    form: str | None,
    columns: Sequence[Column],
    title: str | None = None,
) -> None:
    """Write rows to standard output in the form asked for; machines get every key, unrounded."""
    if form == "json":
        click.echo(json.dumps({"schema": schema, "rows": [dict(row) for row in rows]}, indent=2))
    elif form == "nl":
        for row in rows:
            click.echo(json.dumps(dict(row)))
    elif form in {"csv", "tsv"}:
        click.echo(delimited(rows, "," if form == "csv" else "\t"), nl=False)
    else:
        _write_table(rows, columns, title)


def _write_table(rows: Sequence[Row], columns: Sequence[Column], title: str | None) -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column.heading,
            justify="right" if column.is_number else "left",
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*["" if row[c.key] is None else c.write(row[c.key]) for c in columns])
    # A pipe has no width; a table must not lose columns there.
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(width=width, highlight=False).print(table)
