"""`groundstation keys history | explain`: accounts of a month, the story of one allocation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from groundstation.cli.keys_desk import policy_and_network, reader_of
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings


@click.command("history")
@click.option("--month", metavar="YYYY-MM", help="Calendar month, UTC [default: this one].")
@format_options
@click.pass_obj
def history_command(settings: Settings, month: str | None, form: str | None) -> int:
    """Account for a month: opening, what came in, what went where, closing; bits per pool.

    \b
    Examples:
      groundstation keys history --month 2026-06
      groundstation keys history --month 2026-06 --json
    """
    from groundstation.keys.operations.month import month_account, month_of

    network, policy = policy_and_network(settings)
    span = month_of(month or f"{settings.instant():%Y-%m}")
    account = month_account(network, Path(policy.folder), policy.node, span)
    if form == "json":
        click.echo(json.dumps(account, indent=2))
        return 0
    names = ("opening", "imported", "received_by_relay", "delivered", "relayed_away")
    spent = ("authentication", "expired", "burned", "closing")
    columns = (
        Column("a", "a"),
        Column("b", "b"),
        *(
            Column(f"{name}_bits", name.replace("_", " "), lambda n: f"{n:,}", is_number=True)
            for name in (*names, *spent)
        ),
        Column("demand_met", "demand met", lambda share: f"{share:.1%}", is_number=True),
        Column("demands", "demands"),
    )
    title = f"key ledger of {policy.node}, {span.name}, bits"
    write_listing(
        account["rows"], schema=account["schema"], form=form, columns=columns, title=title
    )
    return 0


@click.command("explain")
@click.argument("allocation_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def explain_command(settings: Settings, allocation_id: str, as_json: bool) -> int:
    """Tell where the key of allocation ID came from and went: passes, paths, times; no bits.

    \b
    Examples:
      groundstation keys explain 5e11f1c8-7a5b-4c54-9a11-1f5a0b6a7d21
    """
    from uuid import UUID

    from groundstation.errors import UsageError

    _, policy = policy_and_network(settings)
    try:
        identity = UUID(allocation_id)
    except ValueError:
        raise UsageError(f"{allocation_id!r} is no identity of an allocation") from None
    with reader_of(policy) as reader:
        found = reader.explain(identity)
    document = _document(found)
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return 0
    click.echo(
        f"{document['purpose']} of {document['n_bits']} bits, {document['state']},"
        f" pool {document['pool'][0]}-{document['pool'][1]}, for {document['reference']}"
    )
    for segment in document["segments"]:
        knowing = "; ".join(", ".join(share) or "nobody else" for share in segment["known_to"])
        click.echo(f"  of segment {segment['segment_id']}: {segment['origin']}; known to {knowing}")
    for entry in document["entries"]:
        click.echo(f"  {entry['at']}  {entry['bits']} bits {entry['source']} -> {entry['target']}")
    return 0


def _document(found: Any) -> dict[str, Any]:
    allocation = found.allocation
    return {
        "schema": "key-explanation/1",
        "allocation_id": str(allocation.allocation_id),
        "pool": [allocation.pool.a, allocation.pool.b],
        "purpose": allocation.purpose.value,
        "role": allocation.role.value,
        "state": allocation.state.value,
        "reference": allocation.reference,
        "n_bits": allocation.n_bits,
        "segments": [
            {
                "segment_id": str(segment.segment_id),
                "origin": f"{segment.origin.kind} {segment.origin.reference}",
                "imported": _instant(segment.imported_at),
                "known_to": [sorted(share) for share in segment.trust.shares],
                "threshold": segment.trust.threshold,
            }
            for segment in found.segments
        ],
        "entries": [
            {
                "at": _instant(entry.at),
                "bits": entry.extent.length,
                "source": entry.source.value,
                "target": entry.target.value,
                "reason": entry.reason,
            }
            for entry in found.entries
        ],
    }


def _instant(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
