"""Chooses contacts and relay together and proves how good the choice is.

1. A quick plan and a quick bound come first, so that something holds whenever time runs out.
2. Without deliveries: contacts only, component by component, to proven optimality.
3. Up to DIRECT_WINDOWS windows, or with crew or capacity rows up to LIMITED_WINDOWS: one
   mixed-integer programme, first roughly, then to the gap asked for.
4. Beyond: prices, restricted linear programmes, then one programme over the near-best windows if
   it is small, else satellite by satellite; the relay of the contacts found is always exact.
5. The best value and the least bound of all stages are reported.
6. Steps and nodes are counted, not timed: without a time limit the same model gives the same plan.
"""

import time
from dataclasses import replace

import numpy as np

from groundstation.plan.solver.cells import State, improve
from groundstation.plan.solver.contacts_only import choose_contacts, components, solve_components
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.errors import ModelError
from groundstation.plan.solver.highs import solve_linear, solve_whole
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import Structure, evaluate, structure_of
from groundstation.plan.solver.master import Plan, Relaxed, relax
from groundstation.plan.solver.model import Flags, Floats, Ints, Model, Solution
from groundstation.plan.solver.price_iterations import STEPS, Priced, find_prices
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.regrets import regrets
from groundstation.plan.solver.standing import Progress, Standing, silent

__all__ = ["Progress", "solve"]

DIRECT_WINDOWS = 8_000
LIMITED_WINDOWS = 15_000
# Up to this many windows the last hundredth of a percent is worth waiting for.
_SMALL, _TINY = 3_000, 300
_ROUGH_GAP, _FINE_GAP, _LIMITED_GAP = 5e-3, 1e-4, 6e-3
_QUICK_STEPS = 40
_RESTRICTED_WINDOWS = 20_000
_MIDDLE = Plan(windows=1_000, share=1e-3, paths=60, tolerance=0.01, rounds=4, gap=1e-3)
_LARGE = Plan(windows=3_000, share=1e-2, paths=0, tolerance=0.0, rounds=1, gap=4e-3)
_HUGE_WINDOWS = 150_000
# With so many satellites a demand takes a little from each: it needs nearly all of its paths.
_HUGE = Plan(windows=12_000, share=1e-3, paths=0, tolerance=0.0, rounds=1, gap=1e-2)
# A satellite by itself may use more deliveries than the programme over all of them.
_WIDER = 0.3
# The relay between two turns may leave this part of the value; the last one leaves less.
_ROUGH_RELAY, _FINE_RELAY = 1e-3, 2e-4
_PASSES = 2
_TAKEN = 0.999


def solve(
    model: Model,
    *,
    gap: float | None = None,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
) -> Solution:
    """The best plan found, its value and the proven bound.

    Parameters
    ----------
    gap : relative gap at which to stop; None takes 0.01 % where that takes a minute at most, and
        0.35 to 1 % for larger models
    time_limit_s : stop after about this time with what there is [s]; None for no limit
    progress : told the stage, the value and the bound whenever one of them changes

    Raises
    ------
    ModelError : if the forced windows contradict each other
    """
    _check(model)
    structure = structure_of(model)
    useful = structure.useful
    shape = (model.relay.paths, model.relay.periods)
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    tell = progress or silent
    best = Standing(structure, useful, tell, deadline, np.zeros(0, np.int64), np.zeros(shape))
    order = np.argsort(-_simple_worth(model), kind="stable")
    start = insert_in_order(structure, order)
    _require_forced(model, start)
    best.take("best passes first", start, np.zeros(shape))
    method = _run(best, gap)
    # The solver's tolerance may put a bound a rounding error below a value that is reached.
    bound = max(best.bound, best.value)
    return Solution(best.chosen, best.flow, best.value, bound, method)


def _run(best: Standing, gap: float | None) -> str:
    model = best.structure.model
    count = model.windows.count
    is_limited = bool(len(best.structure.crew.windows)) or bool(len(model.limits.capacity))
    if not best.useful.any():
        return _contacts(best, is_limited=is_limited)
    if count <= (LIMITED_WINDOWS if is_limited else DIRECT_WINDOWS):
        return _direct(best, gap, is_limited=is_limited)
    return _decomposed(best, gap)


def _contacts(best: Standing, *, is_limited: bool) -> str:
    structure, shape = best.structure, best.useful.shape
    if is_limited or structure.model.windows.count <= DIRECT_WINDOWS:
        priced = find_prices(structure, steps=_QUICK_STEPS, is_late=best.is_late)
        best.lower(priced.bound)
        relay = structure.model.relay
        constant = float(relay.terminal_per_kbit @ relay.stock_kbit)
        found, bound = solve_components(
            structure, ~structure.model.forbidden, remaining_s=best.remaining_s
        )
        best.lower(bound + constant)
        if found is not None:
            best.take("contacts", found, np.zeros(shape))
        parts = len(components(structure, np.arange(structure.model.windows.count)))
        return f"contacts alone, {parts} programmes"
    priced = find_prices(structure, is_late=best.is_late)
    best.lower(priced.bound)
    best.progress("prices", best.value, best.bound)
    chosen, bound = choose_contacts(structure, priced, best.chosen, remaining_s=best.remaining_s)
    best.lower(bound)
    best.take("contacts", chosen, np.zeros(shape))
    return "contacts alone, prices and components"


def _direct(best: Standing, gap: float | None, *, is_limited: bool) -> str:
    """One programme over everything, first to a rough gap and then to the one asked for."""
    structure = best.structure
    priced = find_prices(structure, steps=_QUICK_STEPS, is_late=best.is_late)
    best.lower(priced.bound)
    _deliver(best, "best passes first", best.chosen)
    # Empty pools are the hard class: the last tenth of a percent takes minutes.
    with_cuts = _starts_empty(structure, best.useful)
    small = structure.model.windows.count <= (_TINY if with_cuts else _SMALL) and not is_limited
    last = gap if gap is not None else _FINE_GAP if small else _ROUGH_GAP
    if gap is None and is_limited:
        last = _LIMITED_GAP
    windows, lost = np.arange(structure.model.windows.count), -np.inf
    for target in (_ROUGH_GAP, last) if last < _ROUGH_GAP else (last,):
        if best.is_late() or best.bound - best.value <= target * abs(best.bound):
            continue
        programme = build(structure, windows, best.useful, with_cuts=with_cuts)
        found = solve_whole(
            programme, relative_gap=target, time_limit_s=best.remaining_s(), nodes=None
        )
        best.lower(max(found.bound, lost))
        if found.columns is not None:
            chosen = windows[found.columns[: programme.offsets[1]] > 0.5]
            _deliver(best, "one programme", chosen, always=True)
        if target > last:
            windows, lost = _undecided(best, windows), best.value
    return "contacts and relay in one programme" + (", with cuts" if with_cuts else "")


def _undecided(best: Standing, windows: Ints) -> Ints:
    """Windows that a better plan may contain, by their regret at the prices of the relaxation."""
    structure = best.structure
    programme = build(structure, windows, best.useful, with_cuts=False)
    found, duals = solve_linear(programme, time_limit_s=best.remaining_s(), interior=True)
    if found.columns is None or duals is None:
        return windows
    answer = evaluate(structure, prices_from(structure, programme, duals))
    best.lower(answer.bound)
    # A billionth hides rounding only.
    slack = answer.bound - best.value + 1e-9 * abs(answer.bound)
    return windows[regrets(structure, answer)[windows] <= slack]


def _decomposed(best: Standing, gap: float | None) -> str:
    structure = best.structure
    count = structure.model.windows.count
    priced = find_prices(structure, steps=STEPS, is_late=best.is_late)
    best.lower(priced.bound)
    best.progress("prices", best.value, best.bound)
    is_middle = count <= _RESTRICTED_WINDOWS
    plan = _MIDDLE if is_middle else _LARGE if count <= _HUGE_WINDOWS else _HUGE
    if gap is not None:
        plan = replace(plan, gap=min(plan.gap, 0.5 * gap), rounds=plan.rounds + 1)
    relaxed = relax(structure, priced, best.useful, plan, remaining_s=best.remaining_s)
    best.lower(relaxed.bound)
    best.progress("relaxation", best.value, best.bound)
    if best.is_late() or not np.isfinite(relaxed.value):
        _deliver(best, "best passes first", best.chosen, start=relaxed.deliveries)
        return "prices"
    if is_middle:
        _restricted(best, relaxed)
        return "prices, relaxation, one programme over near-best windows"
    _by_satellite(best, priced, relaxed, plan)
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
    _deliver(best, "near-best windows", chosen, always=True, start=relaxed.deliveries)


def _by_satellite(best: Standing, priced: Priced, relaxed: Relaxed, plan: Plan) -> None:
    """Round satellite by satellite, then in turn the exact relay and each satellite again."""
    structure = best.structure
    state = State(relaxed.share, relaxed.flow_kbit)
    wide = best.useful & (priced.delivery_share > _WIDER * plan.share) | relaxed.deliveries
    likely = relaxed.deliveries
    for number in range(1, _PASSES + 1):
        state = improve(
            structure, state, relaxed.offered, wide | (state.flow_kbit > 0.0), is_late=best.is_late
        )
        chosen = _whole(structure, state.share)
        likely = likely | (state.flow_kbit > 0.0)
        found = deliver(
            structure, chosen, best.useful, start=likely,
            tolerance=_FINE_RELAY if number == _PASSES else _ROUGH_RELAY,
            time_limit_s=best.remaining_s(),
        )  # fmt: skip
        best.take(f"satellite by satellite {number}", chosen, found.flow_kbit)
        share = np.zeros(len(state.share))
        share[chosen] = 1.0
        state = State(share, found.flow_kbit)
        if best.is_late():
            break


def _whole(structure: Structure, share: Floats) -> Ints:
    """Contacts of a state; where time ran out before the last satellite, what fits of it."""
    order = np.flatnonzero(share > 1e-6)
    return insert_in_order(structure, order[np.argsort(-share[order], kind="stable")])


def _deliver(
    best: Standing, stage: str, chosen: Ints, *, always: bool = False, start: Flags | None = None
) -> None:
    """The exact relay for some contacts; `always` allows it a moment after the time limit."""
    limit = best.remaining_s()
    if limit is not None and always:
        limit = max(limit, 10.0)
    found = deliver(best.structure, chosen, best.useful, start=start, time_limit_s=limit)
    best.take(stage, chosen, found.flow_kbit)


def _starts_empty(structure: Structure, useful: Flags) -> bool:
    """Whether most pools that deliveries could use hold less than one demand of a period."""
    relay = structure.model.relay
    used = np.unique(relay.pool_use[useful.any(axis=1)].indices)
    if not used.size:
        # Fibres alone carry everything.
        return False
    typical = float(np.median(relay.demand_kbit[relay.demand_kbit > 0.0]))
    return bool((relay.stock_kbit[used] < typical).mean() > 0.5)


def _simple_worth(model: Model) -> Floats:
    """Worth of a window by itself, key at the mean weight of a delivery."""
    relay = model.relay
    kbit = float(relay.weight_per_kbit.mean()) if len(relay.weight_per_kbit) else 1.0
    return model.windows.worth + kbit * model.windows.key_kbit


def _check(model: Model) -> None:
    both = np.flatnonzero(model.forced & model.forbidden)
    if len(both):
        raise ModelError(f"choosing contacts: window {both[0]} is both forced and forbidden")


def _require_forced(model: Model, start: Ints) -> None:
    missing = np.setdiff1d(np.flatnonzero(model.forced), start)
    if len(missing):
        raise ModelError(
            f"choosing contacts: forced window {missing[0]} is not compatible with the forced "
            "windows before it",
            hint="force fewer windows",
        )
