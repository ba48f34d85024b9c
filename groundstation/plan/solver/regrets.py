"""What it would cost to force a window that a plan leaves out, exactly at given prices.

With the best value of what ends before a window and of what begins after it, the best plan of its
satellite that contains it is known, for every window at once. The difference to the satellite's
best plan is the regret. It is a proof, too: no plan with the window is worth more than the bound
at these prices less its regret.
"""

from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.blocks_dp import make_blocks
from groundstation.plan.solver.lagrangian import Answer, Prices, Structure, evaluate
from groundstation.plan.solver.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Regret:
    """What forcing one window would mean.

    Parameters
    ----------
    window : the window
    regret : loss at the prices, in the unit of the objective; 0 if a best plan contains it
    displaced : windows of the plan that it excludes, on its satellite or at its station
    """

    window: int
    regret: float
    displaced: tuple[int, ...]


def regrets(structure: Structure, answer: Answer) -> Floats:
    """Regret of forcing each window, non-negative, shape (windows,)."""
    w = structure.model.windows
    later = make_blocks(w.satellite, -w.satellite_until_s, -w.start_s)
    after = later.before_each(later.best(answer.profit))
    before = structure.blocks.before_each(answer.table)
    best = answer.table[-1, structure.blocks.block]
    loss: Floats = np.maximum(0.0, best - (before + answer.profit + after))
    return loss


def explain(structure: Structure, prices: Prices, chosen: Ints) -> list[Regret]:
    """Regret and displaced contacts of every window that is not chosen, in their order.

    Parameters
    ----------
    prices : at which regrets are counted, for example those of the certificate
    chosen : windows of the plan, ascending
    """
    loss = regrets(structure, evaluate(structure, prices))
    left_out = np.setdiff1d(np.arange(structure.model.windows.count), chosen)
    return [Regret(int(i), float(loss[i]), displaced(structure, int(i), chosen)) for i in left_out]


def displaced(structure: Structure, window: int, chosen: Ints) -> tuple[int, ...]:
    """Contacts of a plan that cannot stay if a window is added.

    Where a station has several telescopes, all contacts that compete for them.
    """
    w = structure.model.windows
    same_satellite = w.satellite[chosen] == w.satellite[window]
    overlaps = (w.start_s[chosen] < w.satellite_until_s[window]) & (
        w.start_s[window] < w.satellite_until_s[chosen]
    )
    same_station = w.station[chosen] == w.station[window]
    meets = (w.start_s[chosen] < w.station_until_s[window]) & (
        w.start_s[window] < w.station_until_s[chosen]
    )
    rivals = same_station & meets
    if rivals.sum() < structure.model.limits.telescopes[w.station[window]]:
        rivals[:] = False
    return tuple(int(i) for i in chosen[(same_satellite & overlaps) | rivals])
