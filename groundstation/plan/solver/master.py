"""Restricted linear programmes over the windows and deliveries that matter, priced exactly.

The linear programme of a large model has too many columns, but few of them are ever used. It is
solved over those that are near-best at the prices known so far; its duals are new prices, at which
the whole model is asked again (a column generation; J. Desrosiers, M. E. Luebbecke, 2005). The
bound at any prices holds for the whole model, so that stopping early costs tightness, not truth.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import Prices, Structure, evaluate
from groundstation.plan.solver.model import Flags, Floats
from groundstation.plan.solver.price_iterations import Priced
from groundstation.plan.solver.programme import Programme, build, prices_from
from groundstation.plan.solver.selection import near_best_paths, near_best_windows

_MIXTURES = (1.0, 0.6, 0.3)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The last restricted programme and the best bound on the way.

    Parameters
    ----------
    share : of each window in the relaxation, shape (windows,)
    flow_kbit : its deliveries, shape (paths, periods)
    value : of the restricted relaxation; -inf if none was solved
    bound, prices : best bound of the whole model, and where it was found
    offered, deliveries : windows and deliveries that the next programme would offer
    """

    share: Floats
    flow_kbit: Floats
    value: float
    bound: float
    prices: Prices
    offered: Flags
    deliveries: Flags


@dataclass(frozen=True, slots=True)
class Plan:
    """How many columns a restricted programme begins with, and when it is good enough.

    Parameters
    ----------
    windows : windows of least regret that it offers
    share : it offers deliveries that carried more than this part of their demand in the last steps
    paths, tolerance : near-best paths of each demand and period that a round adds, and how near
    rounds, gap : stop after so many programmes, or at this relative gap
    """

    windows: int
    share: float
    paths: int
    tolerance: float
    rounds: int
    gap: float


def relax(
    structure: Structure,
    priced: Priced,
    useful: Flags,
    plan: Plan,
    *,
    remaining_s: Callable[[], float | None],
) -> Relaxed:
    """Solve restricted programmes until their value is within a gap of the bound.

    Parameters
    ----------
    priced : prices to begin with
    useful : deliveries that may be worth something, shape (paths, periods)
    remaining_s : time left [s], None for no limit
    """
    start = evaluate(structure, priced.prices)
    offered = near_best_windows(structure, start, plan.windows) | priced.windows
    deliveries = useful & (priced.delivery_share > plan.share)
    relaxed = Relaxed(
        np.zeros(structure.model.windows.count), np.zeros(useful.shape), -np.inf, priced.bound,
        priced.prices, offered, deliveries,
    )  # fmt: skip
    for _ in range(plan.rounds):
        following = _round(structure, relaxed, useful, plan, remaining_s())
        if following is None:
            break
        relaxed = following
        if relaxed.bound - relaxed.value <= plan.gap * abs(relaxed.bound):
            break
    return relaxed


def _round(
    structure: Structure,
    before: Relaxed,
    useful: Flags,
    plan: Plan,
    time_limit_s: float | None,
) -> Relaxed | None:
    """One programme, its prices and a mixture with the best ones, and the columns they ask for."""
    programme = build(structure, np.flatnonzero(before.offered), before.deliveries, with_cuts=False)
    found, duals = solve_linear(programme, time_limit_s=time_limit_s, interior=True)
    if found.columns is None or duals is None:
        return None
    new = prices_from(structure, programme, duals, before.prices)
    bound, prices = before.bound, before.prices
    offered, deliveries = before.offered, before.deliveries
    for share in _MIXTURES:
        mixed = mixture(new, before.prices, share)
        answer = evaluate(structure, mixed)
        if answer.bound < bound:
            bound, prices = answer.bound, mixed
        offered = offered | near_best_windows(structure, answer, plan.windows // 4)
        deliveries = deliveries | near_best_paths(
            structure, answer, useful, most=plan.paths, tolerance=plan.tolerance
        )
    return Relaxed(
        *_columns(structure, programme, found.columns, useful), found.value, bound, prices,
        offered, deliveries,
    )  # fmt: skip


def _columns(
    structure: Structure, programme: Programme, columns: Floats, useful: Flags
) -> tuple[Floats, Floats]:
    share = np.zeros(structure.model.windows.count)
    share[programme.windows] = columns[: programme.offsets[1]]
    flow = np.zeros(useful.shape)
    flow[programme.path, programme.period] = columns[programme.offsets[2] : programme.offsets[3]]
    return share, flow


def mixture(first: Prices, second: Prices, share: float) -> Prices:
    """Share x first + (1 - share) x second, part by part."""
    return Prices(
        *(
            share * getattr(first, name) + (1.0 - share) * getattr(second, name)
            for name in Prices.__slots__
        )
    )
