"""`groundstation prune`: what old nights leave behind, listed, and removed when told to."""

from typing import TYPE_CHECKING

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.night.prune import Pruning


@click.command("prune")
@click.option(
    "--keep-nights",
    type=click.IntRange(min=1),
    default=90,
    show_default=True,
    help="Newest nights that stay whole.",
)
@click.option(
    "--keep-monthly",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    help="Months whose last night stays whole.",
)
@click.option("--yes", is_flag=True, help="Remove it; without, it is only listed.")
@format_options
@click.pass_obj
def command(
    settings: Settings, keep_nights: int, keep_monthly: int, yes: bool, form: str | None
) -> int:
    """List what old nights leave behind; with --yes, remove it.

    Of nights that are not kept go the folders of plans that were replaced, those plans, what the
    steps made and the inputs that were kept for a replay. A night that stays can still be replayed.
    The key ledger, results, issued forecasts and the current plan of every night always stay.

    \b
    Examples:
      groundstation prune
      groundstation prune --keep-nights 30 --keep-monthly 12 --yes
    """
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError
    from groundstation.night.prune import find_prunable, prune

    if settings.example:
        raise UsageError(
            "a shipped example keeps no nights",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    network, now = network_of(settings), settings.instant()
    work = prune if yes else find_prunable
    found = work(network, keep_nights=keep_nights, keep_monthly=keep_monthly, now=now)
    write_listing(
        [
            {"kind": i.kind.value, "name": i.name, "night": i.night, "size_bytes": i.size_bytes}
            for i in found.items
        ],
        schema="prune/1",
        form=form,
        columns=(
            Column("kind", "what"),
            Column("night", "night"),
            Column("size_bytes", "bytes", lambda size: f"{size:,}", is_number=True),
            Column("name", "name"),
        ),
    )
    _say(found, is_removed=yes)
    return 0


def _say(found: "Pruning", *, is_removed: bool) -> None:
    """What it comes to, on the error stream."""
    verb = "removed" if is_removed else "would go"
    click.echo(
        f"{len(found.kept)} of {len(found.nights)} nights stay whole; {len(found.items)} things "
        f"with {found.size_bytes / 1e6:.1f} MB {verb}",
        err=True,
    )
    if not is_removed and found.items:
        click.echo("dry run: nothing was removed; --yes removes it", err=True)
