"""`groundstation night`: nights on record, one computed again, one planned again."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings, UtcInstant

if TYPE_CHECKING:
    from sqlite_utils import Database

    from groundstation.network import Network
    from groundstation.night.replan import Replan

DIFFERENT = 1
DEGRADED = 3


@click.group("night")
def command() -> None:
    """Nights on record: list them, show one, compute one again, plan one again.

    \b
    Examples:
      groundstation night list
      groundstation night replay 2026-06-14
      groundstation night replan --station-out matera --dry-run
    """


@command.command("list")
@format_options
@click.pass_obj
def list_nights(settings: Settings, form: str | None) -> int:
    """List the nights on record with their current plan.

    \b
    Examples:
      groundstation night list
      groundstation night list --csv
    """
    network, db = _state(settings)
    del network
    rows = [
        {
            "night": row["night"],
            "plan_id": row["plan_id"],
            "plans": db.table("plan").count_where("night = ?", [row["night"]]),
            "status": row["status"],
            "finished_utc": row["finished_at"],
        }
        for row in db.table("night").rows_where(order_by="night")
    ]
    columns = (
        Column("night", "night"),
        Column("plan_id", "plan"),
        Column("plans", "plans", is_number=True),
        Column("status", "status"),
        Column("finished_utc", "finished"),
    )
    write_listing(rows, schema="nights/1", form=form, columns=columns)
    return 0


@command.command("show")
@click.argument("night", required=False)
@format_options
@click.pass_obj
def show_night(settings: Settings, night: str | None, form: str | None) -> int:
    """Show every attempt at the steps of NIGHT (default: tonight).

    \b
    Examples:
      groundstation night show 2026-06-14
      groundstation night show --json
    """
    from groundstation.cli.night_option import night_for

    network, db = _state(settings)
    evening = night_for(settings, network, night)
    columns = (
        Column("id", "no", is_number=True),
        Column("step", "step"),
        Column("status", "status"),
        Column("started_at", "started"),
        Column("finished_at", "finished"),
        Column("input_hash", "input", lambda text: text[:12]),
        Column("output_hash", "output", lambda text: text[:12]),
        Column("reason", "reason", wraps=True),
    )
    rows = []
    if db.table("night_step").exists():
        rows = list(db.table("night_step").rows_where("night = ?", [evening], order_by="id"))
    write_listing(rows, schema="night-steps/1", form=form, columns=columns)
    return 0


@command.command("replay")
@click.argument("night")
@click.option("--plan", "plan_id", metavar="ID", help="This plan of the night [default: current].")
@click.option("--all", "every", is_flag=True, help="Every plan of the night.")
@click.pass_obj
def replay(settings: Settings, night: str, plan_id: str | None, every: bool) -> int:
    """Compute NIGHT again from its kept inputs alone; compare with the plan that was published.

    Exit 0 if every plan comes out byte for byte, 1 with the lines that differ.

    \b
    Examples:
      groundstation night replay 2026-06-14
      groundstation night replay 2026-06-14 --all
    """
    from groundstation.night.replay import replay_plan

    network, db = _state(settings)
    differs = False
    for name in _plans(db, night, plan_id, every=every):
        found = replay_plan(Path(network.folder), db, name)
        differs = differs or not found.is_equal
        click.echo(f"{night} plan {name}: {'equal' if found.is_equal else 'different'}")
        for line in found.differences:
            click.echo(f"  {line}")
    return DIFFERENT if differs else 0


def _plans(db: "Database", night: str, plan_id: str | None, *, every: bool) -> list[str]:
    from groundstation.errors import UsageError
    from groundstation.night.state import current_plan_id

    rows = db.table("plan").rows_where("night = ?", [night], order_by="created_at, plan_id")
    known = [str(row["plan_id"]) for row in rows]
    if every:
        wanted = known
    else:
        wanted = [name for name in (plan_id or current_plan_id(db, night),) if name is not None]
    if not wanted or not set(wanted) <= set(known):
        raise UsageError(
            f"no plan {plan_id} of the night {night} is known"
            if plan_id
            else f"no plan of the night {night} is known",
            hint="groundstation night list",
        )
    return wanted


@command.command("replan")
@click.option("--station-out", "out", multiple=True, metavar="S", help="A station that is out.")
@click.option("--station-back", "back", multiple=True, metavar="S", help="One that works again.")
@click.option("--from", "start", type=UtcInstant(), help="Out from this instant [default: now].")
@click.option("--reason", default="cloud", show_default=True, help="What the plan says of it.")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@click.pass_obj
def replan_night(
    settings: Settings,
    out: tuple[str, ...],
    back: tuple[str, ...],
    start: datetime | None,
    reason: str,
    night: str | None,
    dry_run: bool,
) -> int:
    """Plan the rest of a night again because a station is out.

    What has begun goes on and what starts within the freeze stays, but a station that is out takes
    nothing that starts from then on. Later runs of the night honour it until --station-back. Whom
    [notify] names is told what changed.

    \b
    Examples:
      groundstation night replan --station-out matera
      groundstation night replan --station-out matera --from 2026-06-14T23:00Z --dry-run
      groundstation night replan --station-back matera
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for, restricted
    from groundstation.cli.nightly_command import show_result, talk, told_by
    from groundstation.errors import UsageError
    from groundstation.night.freeze import Outage
    from groundstation.night.replan import replan

    network = network_of(settings)
    if not out and not back:
        raise UsageError("nothing to plan again", hint="name a station with --station-out S")
    restricted(network, (), (*out, *back))  # raises for a station that does not exist
    now = settings.instant()
    outages: tuple[Outage, ...] = tuple(Outage(name, start or now, reason) for name in out)
    found = replan(
        network,
        night_for(settings, network, night),
        now=now,
        out=outages,
        back=back,
        dry_run=dry_run,
        notifiers=() if dry_run else told_by(settings, network),
        progress=talk,
    )
    show_result(found.result, as_json=False, dry_run=dry_run)
    _show_change(found)
    return DEGRADED if found.result.warnings else 0


def _show_change(found: "Replan") -> None:
    """What changes against the plan before, and whose key is at risk."""
    from groundstation.plan.difference import difference_sentences

    for sentence in difference_sentences(found.difference):
        click.echo(f"change: {sentence}")
    for demand in found.at_risk:
        click.echo(
            f"at risk: {demand.demand} ({demand.a} - {demand.b}): "
            f"{demand.before_bits / 1e3:,.1f} to {demand.after_bits / 1e3:,.1f} kbit "
            f"of {demand.wanted_bits / 1e3:,.1f} wanted"
        )


def _state(settings: Settings) -> "tuple[Network, Database]":
    """The network and its state, for reading."""
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError
    from groundstation.night.nightly import open_for_reading

    network = network_of(settings)
    db: Any = open_for_reading(network)
    if db is None:
        raise UsageError(
            "no night is on record here", where=network.folder, hint="groundstation nightly"
        )
    return network, db
