"""`groundstation keys expire | purge`: key out of use."""

from pathlib import Path
from typing import Any

import click

from groundstation.cli.keys_desk import change, clock_of, policy_and_network, reader_of
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

_COLUMNS = (
    Column("segment_id", "segment"),
    Column("pool", "pool"),
    Column("n_bits", "bits", lambda bits: f"{bits:,}", is_number=True),
    Column("reason", "reason", wraps=True),
)


@click.command("expire")
@click.option("--apply", is_flag=True, help="Do it; without, only say what would expire.")
@click.option("--confirm-clock", metavar="PERSON", help="This person vouches for a clock step.")
@format_options
@click.pass_obj
def expire_command(
    settings: Settings, apply: bool, confirm_clock: str | None, form: str | None
) -> int:
    """Take expired key off the balance.

    \b
    Examples:
      groundstation keys expire
      groundstation keys expire --apply
    """
    if confirm_clock:
        change(settings, "confirm-clock", {"person": confirm_clock})
    if apply:
        rows: list[dict[str, Any]] = change(settings, "expire", {"dry_run": False})
    else:
        rows = _due(settings)
    write_listing(rows, schema="key-expiry/1", form=form, columns=_COLUMNS)
    if rows and not apply:
        click.echo("nothing was changed; --apply does it", err=True)
    return 0


def _due(settings: Settings) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from groundstation.keys.operations.removal import due

    _, policy = policy_and_network(settings)
    with reader_of(policy) as reader:
        return [asdict(each) for each in due(reader, clock_of(settings)())]


@click.command("purge")
@click.argument("segment", type=click.UUID)
@click.option("--reason", required=True, help="A sentence for the audit log.")
@click.option(
    "--token",
    "tokens",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Token file of a person who agrees; two different ones are needed.",
)
@click.option("--apply", is_flag=True, help="Do it; without, only say what would burn.")
@format_options
@click.pass_obj
def purge_command(
    settings: Settings,
    segment: Any,
    reason: str,
    tokens: tuple[Path, ...],
    apply: bool,
    form: str | None,
) -> int:
    """Burn all of SEGMENT that is not spent. Two persons of [[keys.persons]] have to agree.

    \b
    Examples:
      groundstation keys purge 0d9c... --reason "receiver was open"
      groundstation keys purge 0d9c... --reason "receiver was open" --apply \\
          --token /media/anna/token --token /media/boris/token
    """
    from dataclasses import asdict

    from groundstation.keys.operations.removal import purgeable

    if apply:
        files = [str(path.absolute()) for path in tokens]
        arguments = {"segment": str(segment), "tokens": files, "reason": reason}
        rows = [change(settings, "purge", arguments)]
    else:
        _, policy = policy_and_network(settings)
        with reader_of(policy) as reader:
            rows = [asdict(purgeable(reader, segment, reason))]
        click.echo("nothing was changed; --apply with two --token does it", err=True)
    write_listing(rows, schema="key-purge/1", form=form, columns=_COLUMNS)
    return 0
