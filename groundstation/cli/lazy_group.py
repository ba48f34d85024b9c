"""A group of commands that imports one only when it runs, so that `--help` stays quick."""

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click

from groundstation.cli.completion import is_completing, with_names


class LazyGroup(click.Group):
    """A group whose commands are lines of a table until one of them is wanted.

    A subclass names them in `lines`: the module below `groundstation.cli` and the help line that
    `--help` shows without importing it. `attribute` says what the command is called in its module.
    """

    lines: ClassVar[Mapping[str, tuple[str, str]]]

    @staticmethod
    def attribute(name: str) -> str:
        """Name of the command's object in its module."""
        del name
        return "command"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of the table."""
        del ctx
        return list(self.lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command; None if there is none."""
        del ctx
        if cmd_name not in self.lines:
            return None
        module = importlib.import_module(f"groundstation.cli.{self.lines[cmd_name][0]}")
        command: click.Command = getattr(module, self.attribute(cmd_name))
        return with_names(command) if is_completing() else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lines.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a mistyped command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from groundstation.suggest import did_you_mean

            hint = did_you_mean(args[0], self.lines)
            raise click.UsageError(f"{error.message}{hint}", ctx) from None
