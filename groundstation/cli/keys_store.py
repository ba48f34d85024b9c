"""`groundstation keys init | rotate | backup | restore | fast-forward`: the ledger as a whole."""

import json
from pathlib import Path
from typing import IO

import click

from groundstation.cli.keys_desk import change, clock_of, policy_and_network
from groundstation.cli.settings import Settings


@click.command("init")
@click.pass_obj
def init_command(settings: Settings) -> int:
    """Make the ledger of this node; an existing one stays as it is.

    \b
    Examples:
      groundstation keys init
    """
    made = change(settings, "init", {})
    click.echo(f"ledger of {made['node']}, store {made['store']}")
    return 0


@click.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def rotate_command(settings: Settings, as_json: bool) -> int:
    """Change the key-encryption key; what was consumed before is then gone from the disk.

    Run it every night, then write a backup: older backups cannot be opened any more.

    \b
    Examples:
      groundstation keys rotate
    """
    done = change(settings, "rotate", {})
    if as_json:
        click.echo(json.dumps({"schema": "key-rotation/1", **done}, indent=2))
    else:
        click.echo(
            f"rotated: {done['lanes']} lanes wrapped anew, {done['chunks']} chunks sealed anew"
        )
    if done["damaged"]:
        click.echo(f"warning: {done['damaged']} lanes do not open, they are quarantined", err=True)
        return 3
    return 0


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(settings: Settings, target: Path) -> int:
    """Write a backup to TARGET, a new file: ciphertext only, no key-encryption key.

    \b
    Examples:
      groundstation keys backup /backup/matera-2026-06-14.db
    """
    change(settings, "backup", {"target": str(target.absolute())})
    click.echo(f"backup {target}")
    return 0


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore_command(settings: Settings, backup: Path) -> int:
    """Make BACKUP the ledger; it serves nobody before it has caught up.

    \b
    Examples:
      groundstation keys restore /backup/matera-2026-06-14.db
      groundstation keys fast-forward anchors.txt
    """
    import os
    import time

    from groundstation.keys.operations.opening import provider_of
    from groundstation.keys.store.backup import restore

    _, policy = policy_and_network(settings)
    restore(
        backup,
        Path(policy.folder),
        provider_of(policy.kek, os.environ),
        clock=clock_of(settings),
        monotonic=time.monotonic,
    )
    click.echo("restored; next: groundstation keys fast-forward ANCHORS")
    return 0


@click.command("fast-forward")
@click.argument("anchors", type=click.File("r"), required=False)
@click.pass_obj
def fast_forward_command(settings: Settings, anchors: IO[str] | None) -> int:
    """Burn all that may have been used since a backup, by the ANCHORS of this and other nodes.

    ANCHORS has one line of `groundstation keys audit --anchor` per node. While `groundstation keys
    serve` runs, it asks the other nodes by itself; what they have told counts, too. A lane that
    nobody tells of burns as a whole: give the newest anchor of this node for its satellites' key.

    \b
    Examples:
      groundstation keys fast-forward anchors.txt
      groundstation keys fast-forward
    """
    text = "" if anchors is None else anchors.read()
    lines = [line for line in text.splitlines() if line.strip()]
    done = change(settings, "fast-forward", {"anchors": lines})
    told = ", ".join(done["pools_told"]) or "none"
    click.echo(f"caught up: {done['burned_bits']} bits burned; pools of which others told: {told}")
    return 0
