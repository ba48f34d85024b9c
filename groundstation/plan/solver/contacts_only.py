"""Choosing contacts without relay, to proven optimality, also for tens of thousands of windows.

1. Prices give a bound for the whole model; a programme over the near-best windows gives a plan.
2. A window whose regret exceeds bound - value is in no better plan: it is left out, provably.
3. What remains falls apart into components that share neither satellite nor station clique; each
   is solved to the end.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from groundstation.plan.solver.highs import Found, solve_whole
from groundstation.plan.solver.lagrangian import Structure, evaluate
from groundstation.plan.solver.master import Plan, relax
from groundstation.plan.solver.model import Flags, Ints, value_of
from groundstation.plan.solver.price_iterations import Priced
from groundstation.plan.solver.programme import build
from groundstation.plan.solver.regrets import regrets

_NO_GAP = 1e-9
_RESTRICTED = Plan(windows=4_000, share=1.0, paths=0, tolerance=0.0, rounds=3, gap=5e-5)


def choose_contacts(
    structure: Structure,
    priced: Priced,
    start: Ints,
    *,
    remaining_s: Callable[[], float | None],
) -> tuple[Ints, float]:
    """Windows chosen, ascending, with the proven bound.

    Parameters
    ----------
    priced : prices to begin with
    start : a feasible plan, returned where nothing better is found in time
    remaining_s : time left [s], None for no limit
    """
    none = np.zeros((structure.model.relay.paths, structure.model.relay.periods), dtype=bool)
    relaxed = relax(structure, priced, none, _RESTRICTED, remaining_s=remaining_s)
    best, value = start, _value(structure, start)
    found, _ = solve_components(structure, relaxed.offered, remaining_s=remaining_s)
    if found is not None and _value(structure, found) > value:
        best, value = found, _value(structure, found)
    # A whole bit of tolerance would hide a better plan; a billionth hides rounding only.
    slack = relaxed.bound - value + 1e-9 * abs(relaxed.bound)
    kept = regrets(structure, evaluate(structure, relaxed.prices)) <= slack
    kept &= ~structure.model.forbidden
    found, bound = solve_components(structure, kept, remaining_s=remaining_s)
    if found is not None and _value(structure, found) > value:
        best, value = found, _value(structure, found)
    # Stock is worth something without any contact, too.
    bound += _value(structure, np.zeros(0, np.int64))
    return best, min(relaxed.bound, max(bound, value))


def solve_components(
    structure: Structure, kept: Flags, *, remaining_s: Callable[[], float | None]
) -> tuple[Ints | None, float]:
    """Best plan over some windows, component by component, with the bound over these windows.

    The plan is None if a component found none in time; the bound then is infinite where unknown.
    """
    chosen: list[Ints] = []
    bound, is_complete = 0.0, True
    for windows in components(structure, np.flatnonzero(kept)):
        found, part = _solve(structure, windows, remaining_s())
        bound += found.bound
        is_complete &= part is not None
        if part is not None:
            chosen.append(part)
    if not is_complete:
        return None, bound
    return (np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)), bound


def components(structure: Structure, windows: Ints) -> list[Ints]:
    """Windows that are joined by cliques, crews or capacities; small components come together."""
    crew, limits = structure.crew, structure.model.limits
    links = [structure.satellites.matrix(), structure.stations.matrix(), limits.capacity_use]
    station = structure.model.windows.station[crew.windows]
    shape = (len(limits.telescopes), structure.model.windows.count)
    links.append(csr_array((np.ones(len(station)), (station, crew.windows)), shape=shape))
    labels = np.arange(len(windows))
    rows = [link[:, windows].tocoo() for link in links]
    heights = np.cumsum([0, *(link.shape[0] for link in links)]) + len(windows)
    source = np.concatenate([r.row + h for r, h in zip(rows, heights[:-1], strict=True)])
    target = np.concatenate([r.col for r in rows])
    size = int(heights[-1])
    graph = csr_array((np.ones(len(source)), (source, target)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(windows)]
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    groups: list[Ints] = []
    for part in np.split(windows[order], cuts):
        # HiGHS takes milliseconds to start: components of a few windows share a programme.
        if groups and len(groups[-1]) + len(part) <= 500:
            groups[-1] = np.union1d(groups[-1], part)
        elif len(part):
            groups.append(np.sort(part))
    return groups


def _solve(
    structure: Structure, windows: Ints, time_limit_s: float | None
) -> tuple[Found, Ints | None]:
    none = np.zeros((structure.model.relay.paths, structure.model.relay.periods), dtype=bool)
    programme = build(structure, windows, none, with_cuts=False)
    found = solve_whole(programme, relative_gap=_NO_GAP, time_limit_s=time_limit_s, nodes=None)
    # The stock of pools that nothing tracks is worth the same in every component.
    found = Found(found.columns, found.value - programme.constant, found.bound - programme.constant)
    if found.columns is None:
        return found, None
    return found, windows[found.columns[: len(windows)] > 0.5]


def _value(structure: Structure, chosen: Ints) -> float:
    relay = structure.model.relay
    return value_of(structure.model, chosen, np.zeros((relay.paths, relay.periods)))
