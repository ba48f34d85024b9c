"""Write docs/cli.md from the help of every command; a test compares the two.

python tools/write_cli_docs.py            write the file
python tools/write_cli_docs.py --check    exit 1 if it differs
"""

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


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Full name and help of a command and of all below it."""
    context = command.make_context(
        name, ["--help"], parent, resilient_parsing=True, terminal_width=WIDTH,
        max_content_width=WIDTH,
    )  # fmt: skip
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from commands(found, child, context)


def document() -> str:
    """The whole file."""
    parts = [HEAD]
    for name, text in commands(groundstation, "groundstation"):
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(f"\n## {name}\n\n```text\n{lines}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    text = document()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text else 1)
    TARGET.write_text(text, encoding="utf-8")
