"""Plays one pool of key through its periods: what enters, what is taken, what gets too old.

It shares no code with the solver, whose rows say the same in another way. The rules it keeps:

1. Key enters before anything is taken in the same period.
2. What is lost first is taken first.
3. Key is lost at the end of its last period; what is left after all periods is what is not lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """Key that enters a pool at once.

    Parameters
    ----------
    first : period in which it enters
    last : last period in which it can be taken, infinite if it never gets too old
    amount : in any unit
    """

    first: int
    last: float
    amount: float


def play_pool(batches: Iterable[Batch], taken: Sequence[float]) -> tuple[list[float], float]:
    """What is missing in each period, zero where all can be taken; what is left in the end.

    Parameters
    ----------
    taken : in each period

    >>> play_pool([Batch(0, 1, 5.0), Batch(1, 2, 3.0)], [2.0, 0.0, 4.0])
    ([0.0, 0.0, 1.0], 0.0)
    """
    order = sorted(batches, key=lambda batch: (batch.last, batch.first))
    left = [batch.amount for batch in order]
    missing = []
    for period, wanted in enumerate(taken):
        rest = wanted
        for number, batch in enumerate(order):
            if batch.first <= period <= batch.last:
                part = min(rest, left[number])
                left[number] -= part
                rest -= part
        missing.append(rest)
    end = len(taken)
    return missing, sum(
        amount for batch, amount in zip(order, left, strict=True) if batch.last >= end
    )
