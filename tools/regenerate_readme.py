"""Run the commands that README.md shows and put their output in place.

A block `<!-- $ COMMAND -->` ... `<!-- end -->` holds the output of a groundstation command, run in
one temporary folder from top to bottom; `| tail -N` keeps its last N lines. `--check` only compares
and exits with 1 if one differs.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- \$ (?P<command>.+?) -->\n```text\n).*?(```\n<!-- end -->)", re.DOTALL)


def output_of(command: str) -> str:
    """Standard output of one groundstation command without trailing blanks and empty lines."""
    command, _, last = command.partition(" | tail -")
    name, *arguments = shlex.split(command)
    if name != "groundstation":
        raise SystemExit(f"README.md: {command!r} is not a groundstation command")
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        run(groundstation, arguments)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    kept = [line for line in lines if line]
    return "\n".join(kept[-int(last) :] if last else kept) + "\n"


def regenerated(text: str) -> str:
    """The README with every block as its command prints it now."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return BLOCK.sub(lambda m: m[1] + output_of(m["command"]) + m[3], text)
        finally:
            os.chdir(here)


def main() -> int:
    """Rewrite README.md, or with --check report whether it is up to date."""
    os.environ["NO_COLOR"] = "1"
    old = README.read_text(encoding="utf-8")
    new = regenerated(old)
    if "--check" in sys.argv:
        return int(old != new)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
