"""The best relay for contacts that are fixed: exact, in whole micro-kilobits, never overdrawn."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array

from groundstation.plan.solver.ageing import levels, outliving
from groundstation.plan.solver.errors import ModelError
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import Prices, Structure, evaluate
from groundstation.plan.solver.model import Flags, Floats, Ints
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.selection import near_best_paths

# Deliveries are whole multiples of this; sums of them are compared without rounding errors.
QUANTUM_KBIT = 1e-6
# Above this many columns the programme starts with the better ones and adds what its prices ask.
_ALL_AT_ONCE = 40_000
_ROUNDS = 12
_MOST_PATHS = 2


@dataclass(frozen=True, slots=True)
class Delivered:
    """Deliveries [kbit], shape (paths, periods), and the prices that belong to them."""

    flow_kbit: Floats
    prices: Prices | None


def deliver(
    structure: Structure,
    chosen: Ints,
    useful: Flags,
    *,
    start: Flags | None = None,
    tolerance: float = 0.0,
    time_limit_s: float | None = None,
) -> Delivered:
    """Relay with the largest value for the chosen contacts; nothing if the time runs out at once.

    Parameters
    ----------
    chosen : contacts, ascending
    useful : deliveries that may be worth something, shape (paths, periods)
    start : deliveries to begin with, where there are too many for one programme
    tolerance : there, stop when more of them add less than this part of the value
    """
    value = -np.inf
    offered = useful if useful.sum() <= _ALL_AT_ONCE or start is None else start & useful
    flow, prices = np.zeros(useful.shape), None
    for _ in range(_ROUNDS):
        programme = build(structure, chosen, offered, with_cuts=False)
        fixed = programme.lower_column.copy()
        fixed[: programme.offsets[1]] = 1.0
        found, duals = solve_linear(
            replace(programme, lower_column=fixed), time_limit_s=time_limit_s, interior=True
        )
        if found.columns is None or duals is None:
            if time_limit_s is None:
                raise ModelError(
                    f"the relay of {len(chosen)} contacts: the solver found no optimum"
                )
            break
        flow = np.zeros(useful.shape)
        flow[programme.path, programme.period] = found.columns[
            programme.offsets[2] : programme.offsets[3]
        ]
        prices = prices_from(structure, programme, duals)
        if offered is useful or found.value - value < tolerance * abs(found.value):
            break
        value = found.value
        answer = evaluate(structure, prices)
        wanted = duals[programme.row_offsets[7] : programme.row_offsets[8]]
        wanted = wanted.reshape(structure.model.relay.demand_kbit.shape)
        pays = answer.margin > wanted[structure.model.relay.path_demand] + 1e-7
        more = near_best_paths(
            structure, answer, useful & pays & ~offered, most=_MOST_PATHS, tolerance=np.inf
        )
        if not more.any():
            break
        offered = offered | more
    return Delivered(whole_flow(structure, chosen, flow), prices)


def whole_flow(structure: Structure, chosen: Ints, flow_kbit: Floats) -> Floats:
    """Flow in whole quanta, taken back where rounding of the solver overdraws anything [kbit]."""
    relay = structure.model.relay
    flow = np.floor(np.maximum(flow_kbit, 0.0) / QUANTUM_KBIT + 1e-3)
    demand = _quanta(relay.demand_kbit)
    for k, t in np.argwhere(_by_demand(structure, flow) > demand):
        users = np.flatnonzero((relay.path_demand == k) & (flow[:, t] > 0))
        _take_back(flow, users, t, _by_demand(structure, flow)[k, t] - demand[k, t], 1.0)
    fibre, fibre_use = _quanta(relay.fibre_kbit), relay.fibre_use.tocsc()
    for f, t in np.argwhere(relay.fibre_use.T @ flow > fibre):
        users, use = _users(fibre_use, f)
        _take_back(flow, users, t, use @ flow[users, t] - fibre[f, t], use)
    pool_use, (supply, most) = relay.pool_use.tocsc(), _supply(structure, chosen)
    for e, t in np.argwhere(levels(supply, relay.pool_use.T @ flow, most) < 0.0):
        users, use = _users(pool_use, e)
        # What was taken back in the periods before may have filled the gap.
        level = levels(
            supply[[e]], (use @ flow[users])[None, :], None if most is None else most[[e]]
        )
        _take_back(flow, users, t, -float(level[0, t]), use)
    return flow * QUANTUM_KBIT


def _quanta(amount_kbit: Floats) -> Floats:
    quanta: Floats = np.floor(amount_kbit / QUANTUM_KBIT + 1e-3)
    return quanta


def _by_demand(structure: Structure, flow: Floats) -> Floats:
    relay = structure.model.relay
    total = np.zeros(relay.demand_kbit.shape)
    np.add.at(total, relay.path_demand, flow)
    return total


def _supply(structure: Structure, chosen: Ints) -> tuple[Floats, Floats | None]:
    """Stock and key of the contacts by period, and what outlives each, shape (pools, periods).

    In quanta; None where nothing is lost.
    """
    relay, w = structure.model.relay, structure.model.windows
    entered = np.zeros((len(relay.stock_kbit), relay.periods + 1))
    fills = chosen[w.pool[chosen] >= 0]
    period = np.minimum(w.period[fills], relay.periods)
    np.add.at(entered, (w.pool[fills], period), _quanta(w.key_kbit[fills]))
    supply, stock = entered[:, :-1].copy(), relay.stock_by_life
    if stock is None:
        supply[:, 0] += _quanta(relay.stock_kbit)
        return supply, None
    by_life = _quanta(stock)
    most = outliving(supply, by_life)
    supply[:, 0] += by_life.sum(axis=1)
    return supply, most


def _users(use_by_column: csc_array, column: int) -> tuple[Ints, Floats]:
    span = slice(use_by_column.indptr[column], use_by_column.indptr[column + 1])
    return use_by_column.indices[span], use_by_column.data[span]


def _take_back(flow: Floats, users: Ints, period: int, excess: float, use: Floats | float) -> None:
    """Reduce the flows of the last users until the excess is gone."""
    weights = np.broadcast_to(use, users.shape)
    for path, weight in zip(users[::-1], weights[::-1], strict=True):
        if excess <= 0.0:
            return
        less = min(flow[path, period], np.ceil(excess / weight))
        flow[path, period] -= less
        excess -= less * weight
