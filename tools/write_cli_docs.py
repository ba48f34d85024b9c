"""Write docs/cli.md from the help of every command; a test compares the two.

python tools/write_cli_docs.py            write the file
python tools/write_cli_docs.py --check    exit 1 if it differs
"""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from groundstation.cli.main import groundstation

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
WIDTH = 96
HEAD = """\
# The command line

Written from the help texts by `python tools/write_cli_docs.py`.
"""


def contexts(
    command: click.Command = groundstation,
    name: str = "groundstation",
    parent: click.Context | None = None,
) -> Iterator[click.Context]:
    """The context of a command and of all below it, as for its --help."""
    context = command.make_context(
        name, ["--help"], parent, resilient_parsing=True, terminal_width=WIDTH,
        max_content_width=WIDTH,
    )  # fmt: skip
    yield context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from contexts(found, child, context)


def document() -> str:
    """The whole file."""
    parts = [HEAD]
    for context in contexts():
        lines = "\n".join(line.rstrip() for line in context.get_help().splitlines())
        parts.append(f"\n## {context.command_path}\n\n```text\n{lines}\n```\n")
    return "".join(parts)


def check() -> int:
    """0 if the file is current; else 1, and what is not on the error stream."""
    kept, current = TARGET.read_text(encoding="utf-8"), document()
    for line in difflib.unified_diff(
        kept.splitlines(), current.splitlines(), "docs/cli.md", "help", lineterm="", n=1
    ):
        print(line, file=sys.stderr)
    return 0 if kept == current else 1


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    TARGET.write_text(document(), encoding="utf-8")
