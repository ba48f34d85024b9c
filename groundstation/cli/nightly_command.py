"""`groundstation nightly`: the cron entry."""

import json
from typing import TYPE_CHECKING

import click

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.night.nightly import NightlyResult
    from groundstation.night.steps import Step

DEGRADED = 3
STEPS = ("elements", "weather", "passes", "forecast", "plan", "export", "report", "notify")


@click.command("nightly")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--only", type=click.Choice(STEPS), help="Make this step only, from stored ones.")
@click.option("--dry-run", is_flag=True, help="Compute and show everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
@click.pass_obj
def command(
    settings: Settings, night: str | None, only: str | None, dry_run: bool, as_json: bool
) -> int:
    """Run a night: elements, weather, passes, forecast, plan, export, report, notify.

    Writes nights/DATE/{passes.csv, passes.json, plan.json, night.html} beside the network file and
    keeps the state in state/. A step whose inputs have not changed is not made again; if none
    has, the run says "unchanged" and ends with exit 0. What fails for one source, satellite or
    station is left out and said: exit 3. A second run at the same time ends with exit 75.

    Passes that start within policies.freeze_min of now keep their assignment. Providers are asked
    in the present only: never with --offline, and with --now only servers on this machine.

    \b
    Examples:
      groundstation --offline nightly
      groundstation nightly --only weather
      groundstation --now 2026-06-14T12:00Z nightly --dry-run
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.errors import UsageError
    from groundstation.night.nightly import run_nightly
    from groundstation.night.steps import Step

    network = network_of(settings)
    if settings.example and not dry_run:
        raise UsageError(
            "a shipped example cannot keep a night",
            hint=f"groundstation init DIR --example {settings.example}, or --dry-run",
        )
    if only is not None and dry_run:
        raise UsageError("--only and --dry-run exclude each other", hint="give one of them")
    step = None if only is None else Step(only)
    result = run_nightly(
        network,
        night_for(settings, network, night),
        now=settings.instant(),
        dry_run=dry_run,
        offline=settings.offline,
        is_present=settings.now is None,
        first=step or Step.ELEMENTS,
        last=step or Step.NOTIFY,
        progress=talk,
    )
    show_result(result, as_json=as_json, dry_run=dry_run, only=step)
    return DEGRADED if result.warnings else 0


def show_result(
    result: "NightlyResult", *, as_json: bool, dry_run: bool, only: "Step | None" = None
) -> None:
    """The plan on the output stream; what is degraded, and what took how long, beside it."""
    from groundstation.cli.plan_text import print_plan

    if as_json:
        click.echo(json.dumps(result.summary, indent=1))
    elif result.summary and only is None:
        print_plan(result.summary, with_rejections=False)
    for sentence in (*result.warnings, *result.remarks):
        click.echo(f"warning: {sentence}", err=True)
    _show_steps(result)
    if result.is_unchanged:
        click.echo("unchanged")
    if not as_json and only is None:
        click.echo(
            "dry run: nothing was written" if dry_run else f"report: {result.folder / 'night.html'}"
        )


def _show_steps(result: "NightlyResult") -> None:
    """Seconds of every step on the error stream."""
    for step in result.steps:
        state = "unchanged" if step.is_unchanged else "done"
        click.echo(f"  {step.step.value:<9}{step.seconds:7.2f} s  {state}", err=True)
    if result.steps:
        total = sum(step.seconds for step in result.steps)
        click.echo(f"  {'together':<9}{total:7.2f} s", err=True)


def talk(step: str) -> None:
    """Say on the error stream what is being made."""
    click.echo(f"  {step} ...", err=True)
