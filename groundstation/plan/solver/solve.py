"""Chooses contacts and relay together and proves how good the choice is.

1. A quick plan and a quick bound come first, so that something holds whenever time runs out.
2. Without deliveries: contacts only, component by component, to proven optimality.
3. Up to DIRECT_WINDOWS windows, or with crew or capacity rows up to LIMITED_WINDOWS: one
   mixed-integer programme, first roughly, then to the gap asked for.
4. Beyond: prices, restricted linear programmes, then one programme over the near-best windows if
   it is small, else satellite by satellite. The relay of the contacts found is exact, with more
   than 40,000 possible deliveries to a fiftieth of a percent.
5. The best value and the least bound of all stages are reported.
6. Steps and nodes are counted, not timed: without a time limit the same model gives the same plan.
"""

import time

import numpy as np

from groundstation.plan.solver.contacts_only import choose_contacts, components, solve_components
from groundstation.plan.solver.decomposition import decompose
from groundstation.plan.solver.errors import ModelError
from groundstation.plan.solver.highs import solve_linear, solve_whole
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import Structure, evaluate, structure_of
from groundstation.plan.solver.model import Flags, Floats, Ints, Model, Relay, Solution
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.regrets import regrets
from groundstation.plan.solver.standing import Progress, Standing, silent, take_delivered

__all__ = ["Progress", "solve", "undecided"]

DIRECT_WINDOWS = 8_000
LIMITED_WINDOWS = 15_000
# Up to this many windows the last hundredth of a percent is worth waiting for.
_SMALL, _TINY = 3_000, 300
_ROUGH_GAP, _FINE_GAP, _LIMITED_GAP = 5e-3, 1e-4, 6e-3
_QUICK_STEPS = 40


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
    bound = float(max(best.bound, best.value))
    return Solution(best.chosen, best.flow, best.value, bound, method)


def _run(best: Standing, gap: float | None) -> str:
    model = best.structure.model
    count = model.windows.count
    is_limited = bool(len(best.structure.crew.windows)) or bool(len(model.limits.capacity))
    if not best.useful.any():
        return _contacts(best, is_limited=is_limited)
    if count <= (LIMITED_WINDOWS if is_limited else DIRECT_WINDOWS):
        return _direct(best, gap, is_limited=is_limited)
    return decompose(best, gap)


def _contacts(best: Standing, *, is_limited: bool) -> str:
    structure, shape = best.structure, best.useful.shape
    if is_limited or structure.model.windows.count <= DIRECT_WINDOWS:
        priced = find_prices(structure, steps=_QUICK_STEPS, is_late=best.is_late)
        best.lower(priced.bound)
        relay = structure.model.relay
        constant = float(relay.terminal_per_kbit @ relay.lasting_kbit)
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
    take_delivered(best, "best passes first", best.chosen)
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
            take_delivered(best, "one programme", chosen, always=True)
        if target > last:
            windows, lost = undecided(best, windows), best.value
    return "contacts and relay in one programme" + (", with cuts" if with_cuts else "")


def undecided(best: Standing, windows: Ints) -> Ints:
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
    kbit = float(relay.weight_per_kbit.mean()) if relay.weight_per_kbit.size else 1.0
    return model.windows.worth + kbit * model.windows.key_kbit


def _check(model: Model) -> None:
    both = np.flatnonzero(model.forced & model.forbidden)
    if len(both):
        raise ModelError(f"choosing contacts: window {both[0]} is both forced and forbidden")
    _check_ages(model.relay)


def _check_ages(relay: Relay) -> None:
    lifetime, ageing = relay.lifetime_periods, relay.ageing_kbit
    if lifetime is not None and lifetime < 1:
        raise ModelError(f"the age of key: a lifetime of {lifetime} periods is below 1")
    if ageing is None:
        return
    if lifetime is None:
        raise ModelError("the age of key: stock gets old without a lifetime")
    if ageing.shape[1] != lifetime - 1:
        raise ModelError(
            f"the age of key: stock gets old in the course of {ageing.shape[1]} periods, not "
            f"{lifetime - 1}, one less than the lifetime"
        )
    if (ageing < 0.0).any():
        raise ModelError(f"the age of key: a stock of {ageing.min()} kbit is less than nothing")
    # Sums of parts round; a bit is a million times more.
    over = ageing.sum(axis=1) - relay.stock_kbit
    if (over > 1e-9).any():
        raise ModelError(
            f"the age of key: of pool {np.argmax(over)} {over.max():.6f} kbit more get old than "
            "there are"
        )


def _require_forced(model: Model, start: Ints) -> None:
    missing = np.setdiff1d(np.flatnonzero(model.forced), start)
    if len(missing):
        raise ModelError(
            f"choosing contacts: forced window {missing[0]} is not compatible with the forced "
            "windows before it",
            hint="force fewer windows",
        )
