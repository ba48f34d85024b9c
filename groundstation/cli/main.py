"""The entry point: global options, lazy commands, errors turned into exit codes."""

import importlib
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from groundstation import __version__
from groundstation.cli.completion import is_completing, name_parameters, with_names
from groundstation.cli.settings import Settings, UtcInstant

# One line per command: module, and the help line that `--help` shows without importing it.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Create a working folder from a shipped example."),
    "config": ("config", "Check, show or describe the network file."),
    "tle": ("tle", "Import, list and show element sets."),
    "weather": ("weather", "Fetch, import and show weather; is it safe to open?"),
    "passes": ("passes", "List the passes of a night."),
    "link": ("link", "Loss terms, counts and key of one pass, second by second."),
    "key": ("key", "Secret key length from counts or efficiencies."),
    "plan": ("plan", "Choose contacts and relays for a night."),
    "nightly": ("nightly", "Run the whole night; the cron entry."),
    "night": ("night", "List and show nights, replay one, replan when a station is out."),
    "report": ("report", "Write the report of a planned night again."),
    "plot": ("plot", "Draw one figure as SVG or PNG."),
    "export": ("export", "Write passes, contacts and orbits for other programs."),
    "keys": ("keys", "The key ledger: import, relay, account, verify, serve."),
    "result": ("result", "Record what passes delivered; score and calibrate forecasts."),
    "prune": ("prune", "List or remove what old nights leave behind."),
    "doctor": ("doctor", "Check versions, data ages, lock and database."),
    "install": ("install", "Print systemd units or a crontab line for the nightly run."),
    "completion": ("completion", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it runs, so that --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of a working night."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `groundstation.cli.<module>` and return its `command`."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"groundstation.cli.{COMMANDS[cmd_name][0]}_command")
        command: click.Command = module.command
        if is_completing():
            return with_names(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from COMMANDS, without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a mistyped command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from groundstation.suggest import did_you_mean

            hint = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"{error.message}{hint}", ctx) from None


@click.group(
    cls=LazyGroup,
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
