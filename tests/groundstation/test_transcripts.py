"""Command lines as people type them: intent, command, what it prints, how it ends.

A transcript holds lines `## intent`, `$ command`, the expected output and `[exit N]`. `...` stands
for anything on a line, a line of `...` for any number of lines; runs of blanks count as one.
`> FILE` after `$ write` starts a file that ends with a line `< EOF`.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

FOLDER = Path(__file__).parent.parent / "transcripts"


def steps(path):
    """Commands of a transcript with their expected lines."""
    found: list[tuple[str, list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## ") or not line.strip():
            continue
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pattern_of(lines):
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            words = re.sub(r"\s+", " ", line.strip())
            parts.append(re.escape(words).replace(re.escape("..."), r"[^\n]*") + r"\s*\n")
    return re.compile("".join(parts))


def squeezed(text):
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line and not set(line) <= set("─ "))


def perform(command, expected, capfd):
    name, *arguments = shlex.split(command)
    if name == "write":
        Path(arguments[0]).write_text("\n".join(expected) + "\n", encoding="utf-8")
        return
    if name == "cp":
        shutil.copy(*arguments)
        return
    assert name == "groundstation", command
    code = run(groundstation, arguments)
    captured = capfd.readouterr()
    output = squeezed(captured.out) + squeezed(captured.err) + f"[exit {code}]\n"
    assert pattern_of(expected).fullmatch(output), (
        f"$ {command}\n--- expected\n" + "\n".join(expected) + f"\n--- printed\n{output}"
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda p: p.stem)
def test_transcript(path, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for command, expected in steps(path):
        perform(command, expected, capfd)
