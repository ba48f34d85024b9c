"""The entry point: global options, lazy commands, errors turned into exit codes."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from groundstation import __version__
from groundstation.cli.completion import is_completing, name_parameters
from groundstation.cli.lazy_group import LazyGroup
from groundstation.cli.settings import Settings, UtcInstant

# One line per command: module, and the help line that `--help` shows without importing it.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init_command", "Create a working folder from a shipped example."),
    "config": ("config_command", "Check, show or describe the network file."),
    "tle": ("tle_command", "Import, list and show element sets."),
    "weather": ("weather_command", "Fetch, import and show weather; is it safe to open?"),
    "passes": ("passes_command", "List the passes of a night."),
    "link": ("link_command", "Loss terms, counts and key of one pass, second by second."),
    "key": ("key_command", "Secret key length from counts or efficiencies."),
    "plan": ("plan_command", "Choose contacts and relays for a night."),
    "nightly": ("nightly_command", "Run the whole night; the cron entry."),
    "night": ("night_command", "List and show nights, replay one, replan when a station is out."),
    "report": ("report_command", "Write the report of a night, a pass or a month."),
    "plot": ("plot_command", "Draw one figure as SVG or PNG."),
    "export": ("export_command", "Write passes, contacts and orbits for other programs."),
    "keys": ("keys_command", "The key ledger: import, relay, account, verify, serve."),
    "result": ("result_command", "Record what passes delivered; score and calibrate forecasts."),
    "prune": ("prune_command", "List or remove what old nights leave behind."),
    "doctor": ("doctor_command", "Check versions, data ages, lock and database."),
    "install": ("install_command", "Print systemd units or a crontab line for the nightly run."),
    "completion": ("completion_command", "Print the completion script of a shell."),
}


class Groundstation(LazyGroup):
    """The commands of a working night, in its order."""

    lines = COMMANDS


@click.group(
    cls=Groundstation,
    invoke_without_command=True,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "GROUNDSTATION",
    },
    epilog=(
        "Exit codes: 0 done or unchanged, 1 failure, 2 usage, 3 done but degraded, 4 nothing "
        "found (with --exit-status), 75 try again later, 78 network file or elements invalid."
    ),
)
@click.version_option(__version__, prog_name="groundstation")
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="Network file [default: groundstation.toml].",
)
@click.option("-C", "folder", type=click.Path(path_type=Path), help="Change to this folder first.")
@click.option("--example", metavar="NAME", help="Use a shipped example instead of a network file.")
@click.option("--now", type=UtcInstant(), help="Take this instant for the present.")
@click.option("--offline", is_flag=True, help="Never touch the network.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
@click.pass_context
def groundstation(
    ctx: click.Context,
    config: Path | None,
    folder: Path | None,
    example: str | None,
    now: datetime | None,
    offline: bool,
    debug: bool,
) -> None:
    """Plan and run the nights of ground stations that receive quantum keys.

    \b
    Examples:
      groundstation init night --example europe-2026
      groundstation -C night passes
      groundstation -C night --offline nightly
    """
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise click.UsageError(f"cannot change to folder {folder}: {error.strerror}") from None
    ctx.obj = Settings(config=config, example=example, now=now, offline=offline, debug=debug)
    if ctx.invoked_subcommand is None:
        from groundstation.cli.tonight import show_tonight

        show_tonight(ctx.obj)


def main() -> NoReturn:
    """Run the command line; every error becomes one message and its exit code."""
    from groundstation.cli.failure import run

    if is_completing():
        name_parameters(groundstation)
    sys.exit(run(groundstation))
