"""`groundstation keys verify | audit`: is the ledger whole, what has happened to it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from groundstation.cli.keys_desk import change, policy_and_network, reader_of
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings


@click.command("verify")
@click.option("--anchor", type=click.File("r"), help="File with the anchor line of this ledger.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def verify_command(settings: Settings, anchor: IO[str] | None, as_json: bool) -> int:
    """Check all entries, every chunk and the audit log; exit 1 if anything is wrong.

    \b
    Examples:
      groundstation keys verify
      groundstation keys verify --anchor last-anchor.txt
    """
    import os

    from groundstation.keys.operations.opening import provider_of
    from groundstation.keys.sealing.process_guard import forbid_core_dumps
    from groundstation.keys.store.anchor import read_anchor
    from groundstation.keys.store.verify import verify

    _, policy = policy_and_network(settings)
    forbid_core_dumps()
    told = None if anchor is None else read_anchor(anchor.read().strip())
    report = verify(Path(policy.folder), provider_of(policy.kek, os.environ), anchor=told)
    if as_json:
        document = {**asdict(report), "damaged": [str(each) for each in report.damaged]}
        click.echo(json.dumps({"schema": "key-verification/1", **document}, indent=2))
    else:
        click.echo(
            f"{report.node}: {report.segments} segments, {report.allocations} allocations,"
            f" {report.entries} entries, {report.audit_rows} audit rows, {report.chunks} chunks"
        )
        for fault in report.faults:
            click.echo(f"fault: {fault}")
        click.echo("sound" if report.is_sound else f"{len(report.faults)} faults")
    return 0 if report.is_sound else 1


@click.command("audit")
@click.option("--after", type=int, default=0, metavar="SEQ", help="Only rows behind this one.")
@click.option("--event", help="Only rows of this event.")
@click.option("--anchor", is_flag=True, help="Print the anchor line to keep elsewhere.")
@format_options
@click.pass_obj
def audit_command(
    settings: Settings, after: int, event: str | None, anchor: bool, form: str | None
) -> int:
    """Show the audit log.

    \b
    Examples:
      groundstation keys audit --event alarm
      groundstation keys audit --anchor >> /elsewhere/anchors.txt
    """
    if anchor:
        click.echo(change(settings, "anchor", {})["line"])
        return 0
    _, policy = policy_and_network(settings)
    with reader_of(policy) as reader:
        found = reader.audit_rows(after, event=event)
    rows = [
        {
            "seq": row.seq,
            "at": f"{datetime.fromtimestamp(row.wall_us / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "event": row.event,
            "payload": row.payload,
        }
        for row in found
    ]
    columns = (
        Column("seq", "no", is_number=True),
        Column("at", "at"),
        Column("event", "event"),
        Column("payload", "what", wraps=True),
    )
    write_listing(rows, schema="key-audit/1", form=form, columns=columns)
    return 0
