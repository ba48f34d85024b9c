"""Write a man page (section 1) for every command from its help.

python tools/write_man_pages.py [FOLDER]    default: build/man

View one with `man build/man/groundstation-passes.1`.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
from write_cli_docs import contexts

from groundstation import __version__

TARGET = Path(__file__).resolve().parent.parent / "build" / "man"


def escaped(text: str) -> str:
    """Text that roff prints as it is: no requests, no escapes, hyphens that can be copied."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in {".", "'"} else line for line in plain.split("\n"))


def paragraphs(help_text: str) -> Iterator[str]:
    """The parts of a help; what stands under click's mark keeps its lines."""
    for part in re.split(r"\n\s*\n", help_text.strip()):
        if part.lstrip().startswith("\b"):
            lines = [line.rstrip() for line in part.splitlines() if line.strip("\b ")]
            kept = textwrap.dedent("\n".join(lines))
            yield f".PP\n.nf\n{escaped(kept)}\n.fi\n"
        else:
            yield ".PP\n" + escaped(" ".join(part.split())) + "\n"


def page(context: click.Context) -> str:
    """One man page in roff."""
    command = context.command
    name = context.command_path
    title = name.replace(" ", "-")
    short = command.get_short_help_str(limit=200).rstrip(".")
    pieces = " ".join(command.collect_usage_pieces(context))
    parts = [
        f'.TH "{title.upper()}" "1" "" "groundstation {__version__}" "groundstation manual"\n',
        f".SH NAME\n{escaped(title)} \\- {escaped(short)}\n",
        f".SH SYNOPSIS\n.B {escaped(name)}\n{escaped(pieces)}\n",
        ".SH DESCRIPTION\n",
        *paragraphs(command.help or ""),
    ]
    records = [p.get_help_record(context) for p in command.get_params(context)]
    options = [record for record in records if record is not None and record[1]]
    if options:
        parts.append(".SH OPTIONS\n")
        parts += [f".TP\n.B {escaped(left)}\n{escaped(right)}\n" for left, right in options]
    if isinstance(command, click.Group):
        parts.append(".SH COMMANDS\n")
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                said = escaped(found.get_short_help_str(limit=200))
                parts.append(f".TP\n.B {escaped(f'{title}-{child}')}(1)\n{said}\n")
    if command.epilog:
        parts += [".SH NOTES\n", *paragraphs(command.epilog)]
    if context.parent is not None:
        parent = context.parent.command_path.replace(" ", "-")
        parts.append(f".SH SEE ALSO\n.BR {escaped(parent)} (1)\n")
    return "".join(parts)


def write(folder: Path) -> int:
    """Write all pages; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for context in contexts():
        path = folder / f"{context.command_path.replace(' ', '-')}.1"
        path.write_text(page(context), encoding="utf-8")
        count += 1
    return count


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    print(f"{write(target)} man pages in {target}")
