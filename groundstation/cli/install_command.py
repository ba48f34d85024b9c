"""`groundstation install`: what makes the nightly run start by itself, printed for a person."""

import click

from groundstation.cli.settings import Settings


@click.command("install")
@click.option("--systemd", "form", flag_value="systemd", help="Print a service and a timer.")
@click.option("--cron", "form", flag_value="cron", help="Print a crontab line.")
@click.option(
    "--at",
    "hours",
    default="10,16,20",
    show_default=True,
    metavar="HOURS",
    help="Hours of the day, UTC.",
)
@click.option(
    "--minute", type=click.IntRange(0, 59), default=7, show_default=True, help="Minute of the hour."
)
@click.pass_obj
def command(settings: Settings, form: str | None, hours: str, minute: int) -> int:
    """Print what runs `groundstation nightly` several times a day; nothing is installed.

    Several runs a day follow new element sets and forecasts; a run that finds nothing new says
    "unchanged". Missed runs are made up for by systemd, not by cron.

    \b
    Examples:
      groundstation install --systemd
      groundstation -c /srv/network/groundstation.toml install --cron | crontab -
    """
    import sys
    from pathlib import Path

    from groundstation.cli.install_units import Job, crontab, hours_of, systemd_units
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError

    if form is None:
        raise UsageError("say what is wanted", hint="--systemd or --cron")
    if settings.example:
        raise UsageError(
            "a shipped example is not run every night",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    network = network_of(settings)
    job = Job(
        program=str(Path(sys.argv[0]).resolve()),
        network_file=str(Path(network.file).resolve()),
        folder=str(Path(network.folder).resolve()),
        title=network.title,
        name=network.name,
        hours=hours_of(hours),
        minute=minute,
    )
    click.echo(systemd_units(job) if form == "systemd" else crontab(job), nl=False)
    return 0
