"""Lexicographic max-min: the pair that gets the smallest share of its demand gets all it can.

The rules it keeps:

1. First the smallest share of all pairs is made as large as it can be; pairs that can get no more
   without taking from that share are settled, and the same is done for the rest, until all are.
2. Among all plans with these shares the one with the largest value is taken.
3. Pairs without path or demand do not count: they would hold everybody at nothing.
4. Relays over contacts that an earlier step chose are a linear programme. Where the best of these
   reaches the relaxation over all contacts, no search is needed; where it lifts a pair, none to see
   that the pair can be lifted.

Source: D. Bertsekas, R. Gallager, Data Networks, 1992, section 6.5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from groundstation.errors import PlanError
from groundstation.plan.share_programmes import (
    SLACK,
    Shares,
    lifting,
    shares_of,
    smallest_share,
    with_floor,
)
from groundstation.plan.solver.delivery import whole_flow
from groundstation.plan.solver.highs import Found, solve_linear, solve_whole
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Floats, Model, Solution, value_of
from groundstation.plan.solver.programme import Programme

_GAP = 1e-6
# A pair that cannot rise by this much is settled.
_RISE = 2e-5
# A search for a pair to lift counts one and the rises of all. Below this bound none rises by all
# that it should, which mostly shows at a rough gap already.
_NOBODY, _ROUGH = 2.0, 0.9
# Contacts of so many steps before are tried again.
_TRIED = 4


@dataclass(frozen=True, slots=True)
class _Step:
    """Shares that a step of the search reached, and contacts that are known to be good."""

    level: float
    shares: Floats
    known: tuple[Floats, ...]


def solve_max_min(model: Model, *, time_limit_s: float | None = None) -> Solution:
    """The plan with the lexicographically largest shares, and of these the most value.

    The bound is that of plans with these shares; others may be worth more.

    Raises
    ------
    PlanError
        no programme could be solved in the time
    """
    structure = structure_of(model)
    shares = shares_of(structure)
    settled: dict[int, float] = {}
    known: tuple[Floats, ...] = ()
    while len(settled) < len(shares.pairs):
        free = [k for k in shares.pairs if k not in settled]
        step = _largest_smallest(shares, settled, known, time_limit_s)
        level, tied, known = step.level, free, step.known
        if level < 1.0 - 10.0 * SLACK:
            tied, known = _tied(shares, settled, step, time_limit_s)
        settled |= dict.fromkeys(tied or free, level)
    programme = with_floor(shares, settled)
    found = solve_whole(programme, relative_gap=_GAP, time_limit_s=time_limit_s, nodes=None)
    if found.columns is None:
        raise PlanError("the solver found no plan with the largest smallest share")
    chosen = np.flatnonzero(found.columns[: programme.offsets[1]] > 0.5)
    flow = np.zeros(structure.useful.shape)
    flow[programme.path, programme.period] = found.columns[
        programme.offsets[2] : programme.offsets[3]
    ]
    flow = whole_flow(structure, chosen, flow)
    value = value_of(model, chosen, flow)
    method = "contacts and relay in one programme, smallest share first"
    return Solution(chosen, flow, value, max(found.bound, value), method)


def _tied(
    shares: Shares, settled: Mapping[int, float], step: _Step, time_limit_s: float | None
) -> tuple[list[int], tuple[Floats, ...]]:
    """The free pairs that no plan lifts above the level while the others keep it; known contacts.

    Parameters
    ----------
    step : a plan with this level; what is above it there needs no proof
    """
    place = {k: i for i, k in enumerate(shares.pairs)}
    # What the slack of the largest demand is worth to a smaller one is no rise.
    rise = np.maximum(_RISE, 3.0 * SLACK * shares.wanted_kbit.max() / shares.wanted_kbit)
    free = [k for k in shares.pairs if k not in settled]
    floors = {**settled, **dict.fromkeys(free, step.level - SLACK)}
    top = step.level + rise
    tied = [k for k in free if step.shares[place[k]] <= top[place[k]]]
    while tied:
        step = _lifted(shares, floors, {k: float(rise[place[k]]) for k in tied}, step, time_limit_s)
        still = [k for k in tied if step.shares[place[k]] <= top[place[k]]]
        if still == tied:
            break
        tied = still
    return tied, step.known


def _lifted(
    shares: Shares,
    floors: Mapping[int, float],
    rise: Mapping[int, float],
    step: _Step,
    time_limit_s: float | None,
) -> _Step:
    """A plan that lifts some pairs from the level, or one that lifts none if none does.

    Parameters
    ----------
    rise : by which each of these pairs should rise
    """
    aim = lifting(shares, floors, rise)
    known, reached = step.known, step.shares
    number = [shares.pairs.index(k) for k in rise]
    top = step.level + np.array(list(rise.values()))
    # Contacts that are known cost no search, and a rough one mostly decides.
    for gap in (None, _ROUGH, _GAP):
        found = (
            _best_known(aim, known)
            if gap is None
            else solve_whole(aim, relative_gap=gap, time_limit_s=time_limit_s, nodes=None)
        )
        if found is None or found.columns is None:
            continue
        known, reached = _remembered(shares, known, found.columns), shares.reached(found.columns)
        if (reached[number] > top).any() or found.bound < _NOBODY:
            break
    return _Step(step.level, reached, known)


def _largest_smallest(
    shares: Shares,
    settled: Mapping[int, float],
    known: tuple[Floats, ...],
    time_limit_s: float | None,
) -> _Step:
    """The largest smallest share of the pairs not settled, and a plan with it."""
    columns = _optimum(smallest_share(shares, settled), known, time_limit_s)
    return _Step(float(columns[-1]), shares.reached(columns), _remembered(shares, known, columns))


def _optimum(programme: Programme, known: tuple[Floats, ...], time_limit_s: float | None) -> Floats:
    """Columns of an optimum, which known contacts give if they reach the relaxation."""
    relaxed, _ = solve_linear(programme, time_limit_s=time_limit_s, interior=False)
    found = _best_known(programme, known)
    if (
        found is not None
        and found.columns is not None
        and relaxed.value - found.value <= _GAP * abs(relaxed.value)
    ):
        return found.columns
    whole = solve_whole(programme, relative_gap=_GAP, time_limit_s=time_limit_s, nodes=None)
    if whole.columns is None:
        raise PlanError("the solver found no plan with the largest smallest share")
    return whole.columns


def _best_known(programme: Programme, known: tuple[Floats, ...]) -> Found | None:
    """The best relay over contacts that earlier steps chose; None if none of them is possible."""
    best: Found | None = None
    for contacts in known:
        lower, upper = programme.lower_column.copy(), programme.upper_column.copy()
        lower[: len(contacts)] = upper[: len(contacts)] = contacts
        fixed = replace(programme, lower_column=lower, upper_column=upper)
        found, _ = solve_linear(fixed, time_limit_s=None, interior=False)
        if found.columns is not None and (best is None or found.value > best.value):
            best = Found(found.columns, found.value, np.inf)
    return best


def _remembered(shares: Shares, known: tuple[Floats, ...], columns: Floats) -> tuple[Floats, ...]:
    """The contacts of a plan before those that were known."""
    contacts = np.round(columns[: shares.programme.offsets[2]])
    if any((contacts == other).all() for other in known):
        return known
    return (contacts, *known)[:_TRIED]
