"""The best plan and the least bound found so far, and how much time is left."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import Structure
from groundstation.plan.solver.model import Flags, Floats, Ints, value_of

_ROUNDING = 1e-7
# Told the stage, the value and the bound.
Progress = Callable[[str, float, float], None]


@dataclass(slots=True)
class Standing:
    """The best plan and the least bound so far, and the clock."""

    structure: Structure
    useful: Flags
    progress: Progress
    deadline_s: float | None
    chosen: Ints
    flow: Floats
    value: float = -np.inf
    bound: float = np.inf

    def remaining_s(self) -> float | None:
        """Time left [s], None without a limit."""
        if self.deadline_s is None:
            return None
        return max(0.0, self.deadline_s - time.monotonic())

    def is_late(self) -> bool:
        """Whether the time is over."""
        return self.deadline_s is not None and time.monotonic() >= self.deadline_s

    def take(self, stage: str, chosen: Ints, flow: Floats) -> None:
        """Keep a plan if it is worth more."""
        value = value_of(self.structure.model, chosen, flow)
        if value > self.value:
            self.chosen, self.flow, self.value = chosen, flow, value
        self.progress(stage, self.value, self.bound)

    def lower(self, bound: float) -> None:
        """Keep a bound if it is tighter; one below a plan that exists would be false."""
        if bound >= self.value - _ROUNDING * abs(self.value):
            self.bound = min(self.bound, bound)


def silent(stage: str, value: float, bound: float) -> None:
    """Tell nobody."""
    del stage, value, bound


def take_delivered(
    best: Standing, stage: str, chosen: Ints, *, always: bool = False, start: Flags | None = None
) -> None:
    """The exact relay for some contacts; `always` allows it a moment after the time limit."""
    limit = best.remaining_s()
    if limit is not None and always:
        limit = max(limit, 10.0)
    found = deliver(best.structure, chosen, best.useful, start=start, time_limit_s=limit)
    best.take(stage, chosen, found.flow_kbit)
