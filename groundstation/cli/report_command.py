"""`groundstation report`: the page of one night, written again."""

from pathlib import Path

import click

from groundstation.cli.settings import Settings

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

    The night is computed from the present network file and element sets; nothing is published.

    \b
    Examples:
      groundstation report 2026-06-14
      groundstation --example micius-2016 report --out micius.html
    """
    from groundstation.atomic import write_atomically
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.present import present_outcome
    from groundstation.report.night_page import render_night

    network = network_of(settings)
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


def _silent(step: str) -> None:
    """Say nothing about a step."""
