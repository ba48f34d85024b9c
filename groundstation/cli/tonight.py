"""`groundstation` alone: tonight in a few lines, from what is published."""

import json
from pathlib import Path

import click

from groundstation.cli.settings import Settings


def show_tonight(settings: Settings) -> None:
    """Print the published plan of tonight, or what to do to get one."""
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
    print_plan(json.loads(plan.read_text(encoding="utf-8")), with_rejections=False)
    click.echo(f"report: {plan.with_name('night.html')}")
