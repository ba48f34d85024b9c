"""`groundstation nightly`: the cron entry."""

import json
from typing import TYPE_CHECKING

import click

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groundstation.cli.nightly_log import RunLog
    from groundstation.network import Network
    from groundstation.night.nightly import NightlyResult
    from groundstation.night.notifier import Notifier
    from groundstation.night.steps import Step, StepResult
    from groundstation.notify.watch import Watch

DEGRADED = 3
STEPS = ("elements", "weather", "passes", "forecast", "plan", "export", "report", "notify")


@click.command("nightly")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--only", type=click.Choice(STEPS), help="Make this step only, from stored ones.")
@click.option("--dry-run", is_flag=True, help="Compute and show everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as a JSON document.")
@click.option(
    "--log-format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="What goes to standard error: lines for people, or a JSON object a line.",
)
@click.pass_obj
def command(
    settings: Settings,
    night: str | None,
    only: str | None,
    dry_run: bool,
    as_json: bool,
    log_format: str,
) -> int:
    """Run a night: elements, weather, passes, forecast, plan, export, report, notify.

    Writes nights/DATE/{passes.csv, passes.json, plan.json, night.html} beside the network file and
    keeps the state in state/. A step whose inputs have not changed is not made again; if none
    has, the run says "unchanged" and ends with exit 0. What fails for one source, satellite or
    station is left out and said: exit 3. A second run at the same time ends with exit 75.

    Passes that start within policies.freeze_min of now keep their assignment. Providers are asked
    and people are told in the present only: never with --offline, and with --now only servers on
    this machine. Whom [notify] names is told what changed; its health check is pinged and its
    metrics file written after every run, also a failed one, but not for --dry-run and --only. A
    failure to tell is a warning and never changes the exit code.

    \b
    Examples:
      groundstation --offline nightly
      groundstation nightly --only weather
      groundstation nightly --log-format json 2>> nightly.jsonl
      groundstation --now 2026-06-14T12:00Z nightly --dry-run
    """
    import secrets

    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.nightly_log import RunLog
    from groundstation.errors import GroundStationError, UsageError
    from passes.errors import PassError
    from tle.errors import TleError

    network = network_of(settings)
    if settings.example and not dry_run:
        raise UsageError(
            "a shipped example cannot keep a night",
            hint=f"groundstation init DIR --example {settings.example}, or --dry-run",
        )
    if only is not None and dry_run:
        raise UsageError("--only and --dry-run exclude each other", hint="give one of them")
    evening = night_for(settings, network, night)
    log = RunLog(log_format, run_id=secrets.token_hex(6), night=evening)
    try:
        return _run(settings, network, evening, log, only, dry_run=dry_run, as_json=as_json)
    except (GroundStationError, PassError, TleError) as error:
        log.fails(error)
        if not log.is_json:
            raise
        return error.exit_code if isinstance(error, GroundStationError) else 1


def _run(
    settings: Settings,
    network: "Network",
    night: str,
    log: "RunLog",
    only: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """The run with all that is around it; its exit status."""
    from contextlib import nullcontext

    from groundstation.cli.progress import progress_of
    from groundstation.night.nightly import run_nightly
    from groundstation.night.steps import Step

    step = None if only is None else Step(only)
    watch = None if dry_run or only is not None else _watch(settings, network, log)

    bar = progress_of("nightly", 1 if only else len(STEPS), is_wanted=not (log.is_json or as_json))

    def begins(name: str) -> None:
        log.begins(name)
        bar.step(name)

    def ended(result: "StepResult") -> None:
        log.ended(result)
        if watch is not None:
            watch.ended(result)

    with watch or nullcontext():
        with bar:
            result = run_nightly(
                network,
                night,
                now=settings.instant(),
                dry_run=dry_run,
                offline=settings.offline,
                is_present=settings.now is None,
                first=step or Step.ELEMENTS,
                last=step or Step.NOTIFY,
                notifiers=() if dry_run else told_by(settings, network),
                progress=begins,
                begun=None if watch is None else watch.begun,
                ended=ended,
            )
        show_result(
            result,
            as_json=as_json,
            dry_run=dry_run,
            only=step,
            warn=log.warns,
            is_table=not log.is_json,
        )
        status = DEGRADED if result.warnings else 0
        if watch is not None:
            watch.status = status
    return status


def told_by(settings: Settings, network: "Network") -> "Sequence[Notifier]":
    """Who is told of a night: nobody offline, only this machine in a present that was chosen."""
    import os

    from groundstation.notify.notifiers import notifiers_of

    if settings.offline:
        return ()
    return notifiers_of(network.notify, os.environ, is_present=settings.now is None)


def _watch(settings: Settings, network: "Network", log: "RunLog") -> "Watch":
    import os

    from groundstation.notify.watch import Watch

    return Watch(
        network,
        os.environ,
        is_offline=settings.offline,
        is_present=settings.now is None,
        now=settings.instant,
        warn=log.warns,
        log=log.end,
    )


def show_result(
    result: "NightlyResult",
    *,
    as_json: bool,
    dry_run: bool,
    only: "Step | None" = None,
    warn: "Callable[[str], None] | None" = None,
    is_table: bool = True,
) -> None:
    """The plan on the output stream; what is degraded, and what took how long, beside it.

    Parameters
    ----------
    warn : takes what is degraded; the error stream by default
    is_table : False leaves the table of steps out
    """
    from groundstation.cli.plan_text import print_plan

    if as_json:
        click.echo(json.dumps(result.summary, indent=1))
    elif result.summary and only is None:
        print_plan(result.summary, with_rejections=False)
    for sentence in (*result.warnings, *result.remarks):
        (warn or _warn)(sentence)
    if is_table:
        _show_steps(result)
    if result.is_unchanged:
        click.echo("unchanged")
    if not as_json and only is None:
        click.echo(
            "dry run: nothing was written" if dry_run else f"report: {result.folder / 'night.html'}"
        )


def _warn(sentence: str) -> None:
    click.echo(f"warning: {sentence}", err=True)


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
