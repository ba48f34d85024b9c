"""groundstation config: check, show and describe the network file."""

import json
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.network_option import network_path_of
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings
from groundstation.errors import UsageError

if TYPE_CHECKING:
    from groundstation.network import Network


@click.group("config")
def command() -> None:
    """Check, show or describe the network file.

    \b
    Examples:
      groundstation config check
      groundstation --example micius-2016 config show satellites[0]
      groundstation config schema > groundstation.schema.json
    """


@command.command("check", short_help="Report every fault, or what the file holds.")
@click.pass_obj
def check(settings: Settings) -> None:
    """Report every fault of the network file at once (exit 78), or what it holds.

    Missing physical parameters are no faults: they are listed with the budgets they refuse, and so
    are keys that no plan heeds yet.
    """
    from groundstation.config.gaps import gaps_of
    from groundstation.config.load import network_of_file, read_network_file

    file = read_network_file(network_path_of(settings))
    network = network_of_file(file)
    click.echo(f"ok: {_summary(network)}")
    for gap in gaps_of(file, network):
        click.echo(f"note: {gap}")


def _summary(network: "Network") -> str:
    """What a network has, counted."""
    counted = (
        (len(network.satellites), "satellite"),
        (len(network.stations), "station"),
        (len(network.fibre_nodes), "fibre node"),
        (len(network.fibre_links), "fibre link"),
        (len(network.sites), "site"),
        (len(network.demands), "demand"),
    )
    return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in counted)


@command.command("show", short_help="Print every value with unit and origin.")
@click.argument("part", required=False)
@format_options
@click.pass_obj
def show(settings: Settings, part: str | None, form: str | None) -> None:
    """Print every value with its unit and its origin, defaults filled in.

    PART is the start of a path (stations[2], policies) or a name (graz).
    """
    from groundstation.config.listing import rows_of
    from groundstation.config.load import network_of_file, read_network_file

    file = read_network_file(network_path_of(settings))
    rows = rows_of(file, network_of_file(file))
    columns = [
        Column("path", "key"),
        Column("value", "value", _written),
        Column("unit", "unit", _unit),
        Column("origin", "origin"),
        Column("line", "line", is_number=True),
    ]
    chosen = rows if part is None else _part_of(rows, part)
    write_listing(chosen, schema="config/1", form=form, columns=columns)


def _part_of(rows: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    """Rows below a path, or of the table with that name."""
    from groundstation.suggest import did_you_mean

    tables = {
        row["value"]: row["path"].removesuffix(".name")
        for row in rows
        if row["path"].endswith("].name")
    }
    start = tables.get(part, part)
    chosen = [
        row
        for row in rows
        if row["path"].startswith((f"{start}.", f"{start}[")) or row["path"] == start
    ]
    if not chosen:
        known = [*tables, *(row["path"].split(".")[0] for row in rows)]
        raise UsageError(
            f"the network file has no part {part!r}{did_you_mean(part, known)}",
            hint="groundstation config show lists all of it",
        )
    return chosen


def _written(value: Any) -> str:
    """A value as it would stand in the file."""
    if isinstance(value, float):
        return format(value, ".10g")
    return json.dumps(value) if isinstance(value, bool | list) else str(value)


def _unit(unit: str) -> str:
    """A unit for people, who do not expect one at plain numbers."""
    return "" if unit == "1" else unit


@command.command("schema", short_help="Print the JSON Schema.")
def schema() -> None:
    """Print the JSON Schema of the network file, with descriptions and units."""
    from groundstation.config.schema import network_schema

    click.echo(json.dumps(network_schema(), indent=2))
