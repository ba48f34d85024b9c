"""`groundstation` alone: tonight in a few lines, from what is published; nothing is computed."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from groundstation.cli.settings import Settings


def show_tonight(settings: Settings) -> None:
    """Print the published plan of tonight and what comes next, or what to do to get one."""
    from groundstation.config.load import FILE_NAME

    path = settings.config or Path(FILE_NAME)
    if settings.example is None and not path.exists():
        click.echo("no network file here")
        click.echo("  try: groundstation init DIR --example europe-2026, or groundstation --help")
        return
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.plan_text import print_plan

    network = network_of(settings)
    night = night_for(settings, network, None)
    plan = Path(network.folder) / "nights" / night / "plan.json"
    if not plan.exists():
        click.echo(f"{network.title}: no plan for the night {night} yet")
        click.echo("  try: groundstation nightly, or groundstation passes")
        return
    document = _read(plan)
    print_plan(document, with_rejections=False)
    for line in status_lines(document, settings.instant()):
        click.echo(line)
    click.echo(f"report: {plan.with_name('night.html')}")


def status_lines(document: dict[str, Any], now: datetime) -> Iterator[str]:
    """What is degraded, which contact is on or comes next, and how old the elements are.

    Parameters
    ----------
    document : of a published plan
    now : aware UTC
    """
    from groundstation.instants import utc_instant

    for sentence in document["warnings"]:
        yield f"degraded: {sentence}"
    contacts = sorted(document["contacts"], key=lambda contact: contact["start_utc"])
    left = [contact for contact in contacts if utc_instant(contact["stop_utc"]) > now]
    if left:
        contact = left[0]
        start, stop = utc_instant(contact["start_utc"]), utc_instant(contact["stop_utc"])
        who = f"{contact['satellite']} over {contact['station']}"
        if start <= now:
            yield f"now: {who} until {stop:%H:%M:%S} UTC"
        else:
            yield f"next: {who} at {start:%H:%M:%S} UTC, in {in_words(start - now)}"
    elif contacts:
        yield "next: nothing, all contacts of this night are over"
    epochs = [utc_instant(used["epoch_utc"]) for used in document["elements"]]
    if epochs:
        yield f"elements: the oldest are {(now - min(epochs)).total_seconds() / 86_400.0:.1f} d old"


def in_words(span: timedelta) -> str:
    """A span as `2 d 3 h`, `3 h 12 min`, `12 min` or `40 s`, cut to what it shows."""
    seconds = int(span.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _read(plan: Path) -> dict[str, Any]:
    from groundstation.errors import StateError

    try:
        document: dict[str, Any] = json.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(
            f"the published plan cannot be read: {error}",
            where=str(plan),
            hint="groundstation nightly writes it again",
        ) from error
    return document
