"""`groundstation nightly`: the cron entry."""

import json

import click

from groundstation.cli.settings import Settings

DEGRADED = 3


@click.command("nightly")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--dry-run", is_flag=True, help="Compute and show everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
@click.pass_obj
def command(settings: Settings, night: str | None, dry_run: bool, as_json: bool) -> int:
    """Run a night from element sets to the published plan and report.

    Writes nights/DATE/{passes.csv, passes.json, plan.json, night.html} beside the network file and
    keeps the state in state/. Same inputs: "unchanged", exit 0. A second run at the same time ends
    with exit 75. Element sets are read from files and store; nothing is fetched.

    \b
    Examples:
      groundstation --offline nightly
      groundstation --now 2026-06-14T12:00Z nightly --dry-run
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.plan_text import print_plan
    from groundstation.errors import UsageError
    from groundstation.night.nightly import run_nightly

    network = network_of(settings)
    if settings.example and not dry_run:
        raise UsageError(
            "a shipped example cannot keep a night",
            hint=f"groundstation init DIR --example {settings.example}, or --dry-run",
        )
    evening = night_for(settings, network, night)
    result = run_nightly(network, evening, now=settings.instant(), dry_run=dry_run, progress=_talk)
    if as_json:
        click.echo(json.dumps(result.summary, indent=1))
    else:
        print_plan(result.summary, with_rejections=False)
    warnings = result.summary["warnings"]
    for sentence in warnings:
        click.echo(f"warning: {sentence}", err=True)
    if result.is_unchanged:
        click.echo("unchanged")
    if not as_json:
        click.echo(
            "dry run: nothing was written" if dry_run else f"report: {result.folder / 'night.html'}"
        )
    return DEGRADED if warnings else 0


def _talk(stage: str) -> None:
    """Say on the error stream what is being computed."""
    click.echo(f"  {stage} ...", err=True)
