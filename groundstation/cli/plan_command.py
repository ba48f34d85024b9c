"""`groundstation plan`: contacts and relays of a night, shown and not stored."""

import importlib
import json
from datetime import datetime

import click

from groundstation.cli.settings import Settings, UtcInstant

DEGRADED = 3
_COMMANDS = {"solve": "plan_solve", "explain": "plan_explain", "what-if": "plan_what_if"}


class LazyPlan(click.Group):
    """A group that imports a subcommand only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"groundstation.cli.{_COMMANDS[cmd_name]}")
        found: click.Command = module.command
        return found


@click.group("plan", invoke_without_command=True, cls=LazyPlan)
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--from", "start", type=UtcInstant(), help="Beginning of a span instead of a night.")
@click.option("--to", "stop", type=UtcInstant(), help="End of the span; may be days later.")
@click.option(
    "--goal",
    type=click.Choice(["priority", "max-min"]),
    help="Instead of the goal of the network file.",
)
@click.option("--include", multiple=True, metavar="ID", help="Take this pass; may be repeated.")
@click.option("--exclude", multiple=True, metavar="ID", help="Leave this pass out.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0.0),
    metavar="S",
    help="Stop after S seconds with what there is; the gap is told.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON document (the plan.json of a night).")
@click.option("--dry-run", is_flag=True, help="Nothing is stored anyway; accepted for scripts.")
@click.pass_context
def command(
    ctx: click.Context,
    night: str | None,
    start: datetime | None,
    stop: datetime | None,
    goal: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    time_limit: float | None,
    as_json: bool,
    dry_run: bool,
) -> int:
    """Choose contacts and relays for a night, and say why each other pass is left out.

    Nothing is stored; `groundstation nightly` publishes. Abstract instances are solved by
    `groundstation plan solve`.

    \b
    Examples:
      groundstation plan
      groundstation --example europe-2026 plan --json
      groundstation plan --goal max-min --exclude spoqc-graz-20260614T2041
      groundstation plan --from 2026-06-14T20:00Z --to 2026-06-17T04:00Z --time-limit 60
      groundstation plan solve week.json --problem relay
    """
    del dry_run
    if ctx.invoked_subcommand is not None:
        return 0
    from groundstation.cli.plan_request import PlanRequest, planned
    from groundstation.cli.plan_text import print_plan
    from groundstation.export.plan_document import plan_document

    settings: Settings = ctx.obj
    wishes = {**dict.fromkeys(include, True), **dict.fromkeys(exclude, False)}
    if set(include) & set(exclude):
        both = min(set(include) & set(exclude))
        raise click.UsageError(f"{both} is both included and excluded")
    request = PlanRequest(night, start, stop, goal, wishes, time_limit)
    outcome = planned(settings, request, is_for_people=not as_json)
    document = plan_document(outcome)
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        print_plan(document, with_rejections=True)
    for sentence in outcome.warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if outcome.warnings else 0
