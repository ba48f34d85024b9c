"""The last handler: an exception becomes what, where, next step, and an exit code."""

import os
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from groundstation import __version__
from groundstation.errors import ConfigError, GroundStationError

INTERRUPTED = 130


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a click command (on the process's own arguments, if none are given); the exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = command.main(arguments, prog_name="groundstation", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader went away (a pager, `head`); nothing is left to say, and Python must not
        # complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the one place where everything ends
        if "--debug" in arguments:
            traceback.print_exc()
        return _explain(error, arguments)
    return result if isinstance(result, int) else 0


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print an error as people read it and return its exit code."""
    from passes.errors import PassError
    from tle.errors import TleError

    if isinstance(error, ConfigError):
        for fault in error.faults:
            click.echo(str(fault), err=True)
    if isinstance(error, GroundStationError):
        _print(str(error), error.where, error.hint)
        return error.exit_code
    if isinstance(error, (TleError, PassError)):
        _print(str(error), None, error.hint)
        return 1
    log = _write_crash_log(error, arguments)
    _print(f"unexpected {type(error).__name__}: {error}", log, "run again with --debug")
    return 1


def _print(message: str, where: str | None, hint: str | None) -> None:
    click.echo(f"error: {message}", err=True)
    if where:
        click.echo(f"  at: {where}", err=True)
    if hint:
        click.echo(f"  try: {hint}", err=True)


def _write_crash_log(error: Exception, arguments: Sequence[str]) -> str | None:
    """Write versions, command and traceback beside the work; None where nothing can be written."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = Path(f"groundstation-crash-{stamp}.log")
    text = "\n".join(
        [
            f"groundstation {__version__}",
            f"Python {platform.python_version()}, {platform.platform()}",
            "command: " + " ".join(arguments),
            "".join(traceback.format_exception(error)),
        ]
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return str(path.resolve())
