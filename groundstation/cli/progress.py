"""How far a long command is: a bar on the error stream of a terminal, and nowhere else.

The rules it keeps:

1. Only where a person looks: the error stream is a terminal that can move its cursor.
2. Never beside output for machines: the caller says so with `is_wanted`.
3. The bar is gone before the result is printed, and the standard output is never touched.
"""

import os
import sys
from types import TracebackType
from typing import Protocol, Self


class Progress(Protocol):
    """What a command tells while it works."""

    def step(self, name: str) -> None:
        """The next step begins."""

    def solving(self, stage: str, value: float, bound: float) -> None:
        """Where the solver is."""

    def __enter__(self) -> Self:
        """Show it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take it away."""


def progress_of(title: str, steps: int | None, *, is_wanted: bool = True) -> Progress:
    """A bar where a person looks, else silence.

    Parameters
    ----------
    title : what is being done, until the first step has a name
    steps : how many there will be; None where that is not known
    is_wanted : False for output that machines read
    """
    if is_wanted and is_terminal():
        return _Bar(title, steps)
    return Silence()


def is_terminal() -> bool:
    """Whether the error stream is a terminal that can draw over a line."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb"}


class Silence:
    """Says nothing."""

    def step(self, name: str) -> None:
        """Say nothing of a step."""

    def solving(self, stage: str, value: float, bound: float) -> None:
        """Say nothing of the solver."""

    def __enter__(self) -> Self:
        """Show nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to take away."""


class _Bar:
    """A bar of steps with the seconds spent; it pulses where the number of steps is not known."""

    def __init__(self, title: str, steps: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        # What is printed meanwhile goes above the bar; the standard output stays as it is, for it
        # may be a file.
        self._shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._shown.add_task(title, total=steps)
        self._begun = 0
        self._step = title

    def step(self, name: str) -> None:
        """Count the step before as done, and name this one."""
        self._step = name
        self._shown.update(self._task, description=name, completed=self._begun)
        self._begun += 1

    def solving(self, stage: str, value: float, bound: float) -> None:
        """The solver's value with its proven gap beside the step."""
        is_bounded = 0.0 < abs(bound) < float("inf")
        gap = f"gap {100.0 * max((bound - value) / abs(bound), 0.0):.2f} %" if is_bounded else ""
        said = ", ".join(part for part in (stage, f"{value:,.0f}", gap) if part)
        self._shown.update(self._task, description=f"{self._step} ({said})")

    def __enter__(self) -> Self:
        """Draw it from now on."""
        self._shown.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Erase it."""
        del kind, error, trace
        self._shown.stop()
