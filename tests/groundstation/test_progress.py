"""A bar stands on a terminal's error stream while a command works, and nowhere else."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest

from groundstation.cli.progress import Silence, _Bar, progress_of

WORK = """
import sys
from groundstation.cli.progress import progress_of
with progress_of("work", 2, is_wanted=sys.argv[1] == "people") as bar:
    bar.step("first")
    bar.step("plan")
    bar.solving("cuts", 90.0, 100.0)
    print("heard meanwhile", file=sys.stderr)
    print("row")
print("result")
"""


class Terminal:
    """The screen side of a pseudo-terminal, and what was drawn on it."""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()

    def drawn(self) -> str:
        os.set_blocking(self._master, False)
        parts = []
        while True:
            try:
                part = os.read(self._master, 65_536)
            except (BlockingIOError, OSError):
                break
            if not part:
                break
            parts.append(part)
        return b"".join(parts).decode()

    def close(self) -> None:
        os.close(self._master)
        os.close(self.slave)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def stderr(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = os.fdopen(os.dup(terminal.slave), "w")
    yield stream
    stream.close()


def run(terminal: Terminal, reader: str, term: str) -> tuple[str, str]:
    """What comes out of a process whose error stream is a terminal: output, and what is drawn."""
    finished = subprocess.run(
        [sys.executable, "-c", WORK, reader],
        stdout=subprocess.PIPE,
        stderr=terminal.slave,
        check=True,
        env={**os.environ, "TERM": term},
    )
    return finished.stdout.decode(), terminal.drawn()


def test_a_terminal_shows_steps_and_gap_and_the_output_stays_clean(terminal):
    output, drawn = run(terminal, "people", "xterm-256color")
    assert output == "row\nresult\n"
    assert "plan (cuts, 90, gap 10.00 %)" in drawn
    assert "heard meanwhile" in drawn
    # Erased at the end: the line is cleared after the last drawing.
    assert "\x1b[2K" in drawn[drawn.rindex("gap") :]


@pytest.mark.parametrize(("reader", "term"), [("machines", "xterm-256color"), ("people", "dumb")])
def test_machines_and_dumb_terminals_see_no_bar(terminal, reader, term):
    output, drawn = run(terminal, reader, term)
    assert output == "row\nresult\n"
    assert drawn.strip() == "heard meanwhile"


def test_a_pipe_gets_silence(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(progress_of("work", 2), Silence)


def test_a_step_counts_when_the_next_one_begins(stderr, terminal, monkeypatch):
    # Here, since pytest puts its own streams in place before every phase of a test.
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress_of("work", 4) as bar:
        bar.step("one")
        bar.step("two")
        bar.solving("bound", 5.0, float("inf"))
        assert isinstance(bar, _Bar)
        progress = bar._shown
        assert progress.tasks[0].completed == 1
        assert progress.tasks[0].description == "two (bound, 5)"
        bar.step("three")
        assert progress.tasks[0].completed == 2
    stderr.flush()
    assert "three" in terminal.drawn()


def test_an_error_takes_the_bar_away(stderr, terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stderr)
    with pytest.raises(ValueError, match="broken"), progress_of("work", 2):
        raise ValueError("broken")
    stderr.flush()
    # The cursor is shown again.
    assert "\x1b[?25h" in terminal.drawn()
