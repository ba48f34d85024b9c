"""`groundstation report`: the page of one night, written again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundstation.cli.settings import Settings
from groundstation.errors import GroundStationError

if TYPE_CHECKING:
    from groundstation.network import Network

DEGRADED = 3


@click.command("report")
@click.argument("night", required=False)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write [default: night-DATE.html].",
)
@click.pass_obj
def command(settings: Settings, night: str | None, out: Path | None) -> int:
    """Write the report of NIGHT (a date; default: tonight) as one self-contained page.

    The night is computed from the present network file and element sets; nothing is published. A
    month, like 2026-06, gives the report of what was planned and recorded in it.

    \b
    Examples:
      groundstation report 2026-06-14
      groundstation report 2026-06
      groundstation --example micius-2016 report --out micius.html
    """
    from groundstation.atomic import write_atomically
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.night.month import is_month
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.present import present_outcome
    from groundstation.report.night_page import render_night

    network = network_of(settings)
    if night is not None and is_month(night):
        return _write_month(settings, network, night, out)
    evening = night_for(settings, network, night)
    outcome = present_outcome(
        network, evening, open_for_reading(network), now=settings.instant(), progress=_silent
    )
    target = out or Path(f"night-{evening}.html")
    write_atomically(target, render_night(outcome))
    click.echo(f"plan {outcome.plan.plan_id}")
    click.echo(f"report: {target}")
    for sentence in outcome.warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if outcome.warnings else 0


def _write_month(settings: Settings, network: "Network", month: str, out: Path | None) -> int:
    """The report of a month, with the account of the key ledger where the network has one."""
    from groundstation.atomic import write_atomically
    from groundstation.keys.operations.month import month_account, month_of
    from groundstation.night.month import month_outcome
    from groundstation.night.nightly import open_for_reading
    from groundstation.report.month_page import render_month

    accounts, missing = [], []
    if network.key_store is not None:
        try:
            accounts = [
                month_account(
                    network, Path(network.key_store.folder), network.key_store.node, month_of(month)
                )
            ]
        except GroundStationError as error:
            missing.append(f"the key ledger could not be read: {error}")
    outcome = month_outcome(
        network,
        month,
        open_for_reading(network),
        now=settings.instant(),
        accounts=accounts,
        missing=missing,
    )
    target = out or Path(f"month-{month}.html")
    write_atomically(target, render_month(outcome))
    click.echo(f"report: {target}")
    return DEGRADED if missing else 0


def _silent(step: str) -> None:
    """Say nothing about a step."""
