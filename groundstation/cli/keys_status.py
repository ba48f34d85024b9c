"""`groundstation keys status`: what is in the pools."""

import json
from typing import Any

import click

from groundstation.cli.keys_desk import DEGRADED, policy_and_network, reader_of
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings


@click.command("status")
@click.option("--demands", is_flag=True, help="The demands, and for how long their pools last.")
@format_options
@click.pass_obj
def status_command(settings: Settings, demands: bool, form: str | None) -> int:
    """Show every pool with its accounts in bits; below a demand's reserve, exit 3.

    The JSON document is what other nodes' planners read as `levels`.

    \b
    Examples:
      groundstation keys status
      groundstation keys status --json > levels/matera.json
      groundstation keys status --demands
    """
    from groundstation.keys.operations.levels import (
        demand_levels,
        low_water_alarms,
        read_stocks,
        status_document,
    )

    network, policy = policy_and_network(settings)
    stocks = read_stocks(network, policy)
    with reader_of(policy) as reader:
        document = status_document(reader)
    if demands:
        _show_demands(demand_levels(network, stocks), form)
    elif form == "json":
        click.echo(json.dumps(document, indent=2))
    else:
        _show_pools(document["rows"], document["schema"], form)
    alarms = (*low_water_alarms(network, stocks), *stocks.warnings)
    if document["is_behind"]:
        alarms = (*alarms, "this is a restored backup; it serves nobody before fast-forward")
    for alarm in alarms:
        click.echo(f"warning: {alarm}", err=True)
    return DEGRADED if alarms else 0


def _show_pools(rows: list[dict[str, Any]], schema: str, form: str | None) -> None:
    columns = (
        Column("a", "a"),
        Column("b", "b"),
        *(
            Column(f"{name}_bits", name, lambda bits: f"{bits:,}", is_number=True)
            for name in (
                "available",
                "reserved",
                "delivered",
                "relayed",
                "authentication",
                "expired",
                "burned",
                "quarantined",
            )
        ),
    )
    write_listing(rows, schema=schema, form=form, columns=columns, title="bits in the pools")


def _show_demands(rows: list[dict[str, Any]], form: str | None) -> None:
    columns = (
        Column("demand", "demand"),
        Column("a", "a"),
        Column("b", "b"),
        Column("available_bits", "available [bit]", lambda bits: f"{bits:,}", is_number=True),
        Column("reserve_bits", "reserve [bit]", lambda bits: f"{bits:,}", is_number=True),
        Column("days", "lasts [d]", lambda days: f"{days:.1f}", is_number=True),
    )
    write_listing(rows, schema="key-demands/1", form=form, columns=columns)
