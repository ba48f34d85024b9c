"""Which windows and which deliveries a restricted programme offers: the best ones at prices."""

import numpy as np

from groundstation.plan.solver.lagrangian import Answer, Structure
from groundstation.plan.solver.model import Flags
from groundstation.plan.solver.regrets import regrets

_LEAST_STEP = 1e-6


def near_best_windows(structure: Structure, answer: Answer, count: int) -> Flags:
    """The `count` windows of least regret, those of a best plan among them; shape (windows,)."""
    loss = regrets(structure, answer)
    flags = np.zeros(len(loss), dtype=bool)
    flags[np.argsort(loss, kind="stable")[:count]] = True
    flags[structure.blocks.chosen(answer.table)] = True
    return flags & ~structure.model.forbidden | structure.model.forced


def near_best_paths(
    structure: Structure, answer: Answer, useful: Flags, *, most: int, tolerance: float
) -> Flags:
    """Up to `most` paths of each demand and period whose margin is near the best and not negative.

    Pools that are never short all cost the same, so that many paths tie; the ones over the fullest
    pools come first.

    Parameters
    ----------
    useful : deliveries that may be considered, shape (paths, periods)
    tolerance : largest distance from the best margin, in the unit of the objective per kbit
    """
    relay, w = structure.model.relay, structure.model.windows
    if not relay.paths:
        return useful.copy()
    runs = np.diff(np.append(structure.path_head, relay.paths))
    behind = np.repeat(np.maximum(answer.best, 0.0), runs, axis=0) - answer.margin
    path, period = np.nonzero(useful & (behind <= tolerance))
    fills = w.pool >= 0
    key = np.bincount(w.pool[fills], w.key_kbit[fills], minlength=len(relay.stock_kbit))
    used = relay.pool_use
    content = np.append((relay.stock_kbit + key)[used.indices], 0.0)
    least = np.minimum.reduceat(content, np.minimum(used.indptr[:-1], len(used.indices)))
    run = relay.path_demand[path] * relay.periods + period
    # Margins are compared in steps, else rounding errors would decide between ties.
    width = 0.05 * tolerance if 0.0 < tolerance < np.inf else _LEAST_STEP
    step = np.round(behind[path, period] / width)
    order = np.lexsort((path, -least[path], step, run))
    place = np.arange(len(order)) - np.searchsorted(run[order], run[order])
    kept = order[place < most]
    flags = np.zeros(useful.shape, dtype=bool)
    flags[path[kept], period[kept]] = True
    return flags
