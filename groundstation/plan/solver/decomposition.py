"""Large models: prices, a relaxation over what the prices choose, then rounding and polishing."""

from dataclasses import replace

import numpy as np

from groundstation.plan.solver.cells import State, improve
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.highs import solve_whole
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import Structure
from groundstation.plan.solver.master import Plan, Relaxed, relax
from groundstation.plan.solver.model import Floats, Ints
from groundstation.plan.solver.price_iterations import STEPS, Priced, find_prices
from groundstation.plan.solver.programme import build
from groundstation.plan.solver.standing import Standing, take_delivered

_RESTRICTED_WINDOWS = 20_000
_MIDDLE = Plan(windows=1_000, share=1e-3, paths=60, tolerance=0.01, rounds=4, gap=1e-3)
_LARGE = Plan(windows=3_000, share=1e-2, paths=0, tolerance=0.0, rounds=1, gap=4e-3)
_HUGE_WINDOWS = 150_000
# With so many satellites a demand takes a little from each: it needs nearly all of its paths.
_HUGE = Plan(windows=6_000, share=2e-3, paths=0, tolerance=0.0, rounds=1, gap=1e-2)
# A satellite by itself may use more deliveries than the programme over all of them.
_WIDER = 0.3
# The relay between two turns may leave this part of the value; the last one leaves less.
_ROUGH_RELAY, _FINE_RELAY = 1e-3, 2e-4
# With a gap asked for, it may take more turns to reach it.
_TURNS, _MOST_TURNS = 2, 4
_TAKEN = 0.999


def decompose(best: Standing, gap: float | None) -> str:
    """Prices, relaxation and rounding; the method in words.

    Parameters
    ----------
    gap : relative gap asked for, None for what suits the size
    """
    structure = best.structure
    count = structure.model.windows.count
    priced = find_prices(structure, steps=STEPS, is_late=best.is_late)
    best.lower(priced.bound)
    best.progress("prices", best.value, best.bound)
    is_middle = count <= _RESTRICTED_WINDOWS
    plan = _MIDDLE if is_middle else _LARGE if count <= _HUGE_WINDOWS else _HUGE
    if gap is not None:
        plan = replace(
            plan, gap=min(plan.gap, 0.5 * gap), rounds=plan.rounds + 1, paths=max(3, plan.paths),
            tolerance=max(0.004, plan.tolerance),
        )  # fmt: skip
    relaxed = relax(structure, priced, best.useful, plan, remaining_s=best.remaining_s)
    best.lower(relaxed.bound)
    best.progress("relaxation", best.value, best.bound)
    if best.is_late() or not np.isfinite(relaxed.value):
        take_delivered(best, "best passes first", best.chosen, start=relaxed.deliveries)
        return "prices"
    if is_middle:
        _restricted(best, relaxed)
        return "prices, relaxation, one programme over near-best windows"
    _by_satellite(best, priced, relaxed, plan, gap)
    return "prices, relaxation, satellite by satellite"


def _restricted(best: Standing, relaxed: Relaxed) -> None:
    """One programme over the near-best windows; its bound is not one of the whole model."""
    programme = build(
        best.structure, np.flatnonzero(relaxed.offered), relaxed.deliveries, with_cuts=False
    )
    # What the relaxation takes whole is right nearly always and costs most of the search.
    lower = programme.lower_column.copy()
    lower[: programme.offsets[1]] = relaxed.share[programme.windows] > _TAKEN
    programme = replace(programme, lower_column=lower)
    found = solve_whole(programme, relative_gap=2e-3, time_limit_s=best.remaining_s(), nodes=None)
    chosen = best.chosen
    if found.columns is not None:
        chosen = programme.windows[found.columns[: programme.offsets[1]] > 0.5]
    take_delivered(best, "near-best windows", chosen, always=True, start=relaxed.deliveries)


def _by_satellite(
    best: Standing, priced: Priced, relaxed: Relaxed, plan: Plan, gap: float | None
) -> None:
    """Round satellite by satellite, then in turn the relay and each satellite again."""
    structure = best.structure
    turns = _TURNS if gap is None else _MOST_TURNS
    state = State(relaxed.share, relaxed.flow_kbit)
    wide = best.useful & (priced.delivery_share > _WIDER * plan.share) | relaxed.deliveries
    likely = relaxed.deliveries
    for number in range(1, turns + 1):
        state = improve(
            structure, state, relaxed.offered, wide | (state.flow_kbit > 0.0), is_late=best.is_late
        )
        chosen = _whole(structure, state.share)
        likely = likely | (state.flow_kbit > 0.0)
        found = deliver(
            structure, chosen, best.useful, start=likely,
            tolerance=_FINE_RELAY if number == turns else _ROUGH_RELAY,
            time_limit_s=best.remaining_s(),
        )  # fmt: skip
        best.take(f"satellite by satellite {number}", chosen, found.flow_kbit)
        share = np.zeros(len(state.share))
        share[chosen] = 1.0
        state = State(share, found.flow_kbit)
        is_good = gap is not None and best.bound - best.value <= gap * abs(best.bound)
        if is_good or best.is_late():
            break


def _whole(structure: Structure, share: Floats) -> Ints:
    """Contacts of a state; where time ran out before the last satellite, what fits of it."""
    order = np.flatnonzero(share > 1e-6)
    return insert_in_order(structure, order[np.argsort(-share[order], kind="stable")])
