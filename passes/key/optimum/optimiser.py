"""Settings of the source that give the most key: Newton's method in a box, many blocks at once.

The objective is not clipped at zero, so that a start without key climbs towards key. All points of
a gradient with its Hessian are evaluated together, which costs little more than one.
"""

from collections.abc import Sequence

import numpy as np

from passes.counts.moments import Moments
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.optimum.problem import Problem
from passes.key.optimum.task import Optimisation, Optimum, settings_of
from passes.key.validity import check_source


def optimise_each(
    blocks: Sequence[Moments],
    source: DecoySource,
    task: Optimisation,
    start: Sequence[Optimum] | None = None,
) -> list[Optimum]:
    """The best settings of each block by itself, all blocks at once.

    Parameters
    ----------
    blocks : moments of each
    source : pulse rate, intrinsic error, vacuum intensity and whatever is not free
    task : what may change
    start : optima of similar blocks to start from, one for each
    """
    if not blocks:
        return []
    problem = Problem.of(blocks, source, task)
    given = np.array([settings_of(optimum.source) for optimum in start]) if start else None
    best, value = problem.climb_each(given)
    return [problem.optimum(x, v) for x, v in zip(best, value.tolist(), strict=True)]


def optimise_together(
    blocks: Sequence[Moments], source: DecoySource, task: Optimisation
) -> Optimum:
    """One setting for several blocks of their own, as a source that cannot change within a night.

    The sum of their lengths is maximised, a block without key counting as none.
    """
    if not blocks:
        raise KeyLengthError("no block to optimise for")
    problem = Problem.of(blocks, source, task)
    candidates, _ = problem.climb_each(None)
    best, value = problem.climb_sum(candidates)
    return problem.optimum(best, value)


def best_preset(
    blocks: Sequence[Moments], presets: Sequence[DecoySource], task: Optimisation
) -> tuple[int, float]:
    """Which of a finite list of source settings gives the most key, and how much is planned.

    For several blocks the sum of their lengths counts, a block without key as none.
    """
    if not presets:
        raise KeyLengthError("the list of presets is empty")
    totals = []
    for preset in presets:
        check_source(preset)
        problem = Problem.of(blocks, preset, task)
        x = np.array(settings_of(preset))
        lengths = problem.lengths(np.broadcast_to(x, (len(blocks), 1, 5)))
        together = float(lengths.sum()) if len(blocks) == 1 else float(np.maximum(lengths, 0).sum())
        totals.append(together)
    index = int(np.argmax(totals))
    return index, totals[index]
