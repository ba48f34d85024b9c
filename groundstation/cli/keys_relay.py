"""`groundstation keys relay | combine`: a plan's relays, satellites' files, split trust."""

import json
from pathlib import Path
from typing import Any

import click

from groundstation.cli.keys_desk import DEGRADED, change
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

_COLUMNS = (
    Column("demand", "demand"),
    Column("path", "path"),
    Column("n_bits", "bits", lambda bits: f"{bits:,}", is_number=True),
    Column("outcome", "outcome"),
    Column("order_id", "order"),
    Column("detail", "", wraps=True),
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("relay")
@click.option("--plan", type=_FILE, help="Order the relays of this plan.json that begin here.")
@click.option("--dry-run", is_flag=True, help="Say what would be ordered, change nothing.")
@click.option(
    "--requests",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write requests for satellites into this folder.",
)
@click.option(
    "--announcement", "announcements", type=_FILE, multiple=True, help="A satellite's answer."
)
@format_options
@click.pass_obj
def relay_command(
    settings: Settings,
    plan: Path | None,
    dry_run: bool,
    requests: Path | None,
    announcements: tuple[Path, ...],
    form: str | None,
) -> int:
    """Carry out the relays of a plan.

    Orders are carried out by the station processes (`keys serve`) of all nodes on the path. A
    satellite on it gets a request file through its operator and answers with an announcement file.

    \b
    Examples:
      groundstation keys relay --plan nights/2026-06-14/plan.json --dry-run
      groundstation keys relay --plan nights/2026-06-14/plan.json
      groundstation keys relay --requests outgoing
      groundstation keys relay --announcement incoming/spoqc.json
    """
    if not (plan or requests or announcements):
        raise click.UsageError("nothing to do: give --plan, --requests or --announcement")
    rows: list[dict[str, Any]] = []
    if plan is not None:
        rows += change(settings, "relay", {**_plan(plan), "dry_run": dry_run})
    if announcements:
        files = [str(path.absolute()) for path in announcements]
        rows += change(settings, "announcements", {"files": files})
    if rows or not requests:
        write_listing(rows, schema="key-relays/1", form=form, columns=_COLUMNS)
    if requests is not None:
        for name in change(settings, "requests", {"folder": str(requests.absolute())}):
            click.echo(name, err=bool(rows))
    return DEGRADED if any(row["outcome"] == "refused" for row in rows) else 0


def _plan(path: Path) -> dict[str, Any]:
    """The relays of a plan document and its identity, checked by the reader of plans."""
    from groundstation.errors import UsageError
    from groundstation.export.plan_document import plan_from_document

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        plan = plan_from_document(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"cannot read the plan {path.name}: {error}", where=str(path)) from error
    return {"plan_id": plan.plan_id, "night": plan.night, "relays": document["relays"]}


@click.command("combine")
@click.argument("demand")
@click.argument("segments", nargs=-1, required=True)
@click.option("--threshold", type=int, help="Shares that are needed [default: all].")
@click.pass_obj
def combine_command(
    settings: Settings, demand: str, segments: tuple[str, ...], threshold: int | None
) -> int:
    """Make one key for DEMAND of SEGMENTS that came on ways without a common node.

    With all shares needed the key is their XOR, else it is drawn here and shared by Shamir's
    scheme. Nobody who knows fewer shares than the threshold knows anything of it.

    \b
    Examples:
      groundstation keys combine bank-mirror 0d9c... 77ab...
      groundstation keys combine bank-mirror 0d9c... 77ab... 5e11... --threshold 2
    """
    arguments = {
        "demand": demand,
        "segments": list(segments),
        "threshold": len(segments) if threshold is None else threshold,
    }
    done = change(settings, "combine", arguments)
    click.echo(f"ordered: {done['path']}, {done['n_bits']} bits, order {done['order_id']}")
    return 0
