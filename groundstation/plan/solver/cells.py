"""One satellite at a time, exactly, against what the others do: rounding and polishing.

Pools belong to satellites, so with the other satellites' contacts and deliveries fixed a
satellite's own contacts and deliveries are a small programme: its windows, its pools, and what the
others leave of demands, fibres, telescopes and capacities. Taking the satellites one after the
other from a fractional solution rounds it; from a whole solution it never gets worse.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from groundstation.plan.solver.highs import solve_whole
from groundstation.plan.solver.lagrangian import Structure, structure_of
from groundstation.plan.solver.model import Flags, Floats, Ints, Model, Relay, Windows, value_of
from groundstation.plan.solver.programme import build

_GAP = 3e-3
_NODES = 400
# Less than a bit is nothing: rests of rounding only slow the programmes.
_BIT_KBIT = 1e-3


@dataclass(frozen=True, slots=True)
class State:
    """Contacts (each at least by a fraction) and deliveries [kbit] of all satellites."""

    share: Floats
    flow_kbit: Floats


def improve(
    structure: Structure,
    state: State,
    offered: Flags,
    deliveries: Flags,
    *,
    is_late: Callable[[], bool],
) -> State:
    """Solve each satellite once, in the order of their numbers, against the present state.

    Parameters
    ----------
    state : share of each window in [0, 1] and flows; shares of satellites solved become 0 or 1
    offered : windows that may be chosen, shape (windows,)
    deliveries : deliveries that may be used, shape (paths, periods)
    """
    owner = path_satellites(structure.model.relay)
    share, flow = state.share.copy(), np.where(owner[:, None] >= 0, state.flow_kbit, 0.0)
    for satellite in np.unique(structure.model.windows.satellite):
        if is_late():
            break
        own = np.flatnonzero((structure.model.windows.satellite == satellite) & offered)
        paths = np.flatnonzero((owner == satellite) & deliveries.any(axis=1))
        sub = _sub_model(structure, share, flow, own, paths, int(satellite))
        inner = structure_of(sub)
        useful = inner.useful & deliveries[paths]
        programme = build(inner, np.arange(len(own)), useful, with_cuts=False)
        found = solve_whole(programme, relative_gap=_GAP, time_limit_s=None, nodes=_NODES)
        mine = structure.model.windows.satellite == satellite
        if found.columns is None or found.value <= _present(sub, share, mine, own, flow[paths]):
            continue
        share[mine] = 0.0
        share[own] = np.round(found.columns[: len(own)])
        flow[owner == satellite] = 0.0
        flow[paths[programme.path], programme.period] = found.columns[
            programme.offsets[2] : programme.offsets[3]
        ]
    return State(share, flow)


def _present(sub: Model, share: Floats, mine: Flags, own: Ints, flow_kbit: Floats) -> float:
    """Value of a satellite's present plan; minus infinity where it is no plan yet."""
    is_whole = (
        bool(np.isin(share[mine], (0.0, 1.0)).all()) and share[mine].sum() == share[own].sum()
    )
    return value_of(sub, np.flatnonzero(share[own] == 1.0), flow_kbit) if is_whole else -np.inf


def path_satellites(relay: Relay) -> Ints:
    """The one satellite whose pools a path uses; -1 for several or none, shape (paths,)."""
    rows, pools = relay.pool_use.nonzero()
    low = np.full(relay.paths, np.iinfo(np.int64).max)
    high = np.full(relay.paths, -1, np.int64)
    np.minimum.at(low, rows, relay.pool_satellite[pools])
    np.maximum.at(high, rows, relay.pool_satellite[pools])
    return np.where(low == high, high, -1)


def _sub_model(
    structure: Structure, share: Floats, flow: Floats, own: Ints, paths: Ints, satellite: int
) -> Model:
    """What is left to one satellite: its windows, pools and paths, and the rest of the limits."""
    model = structure.model
    relay, limits, w = model.relay, model.limits, model.windows
    others = (w.satellite != satellite) & (share > 0.999)
    taken = np.flatnonzero(others)
    pools = np.flatnonzero(relay.pool_satellite == satellite)
    number = np.full(len(relay.stock_kbit) + 1, -1, np.int64)
    number[pools] = np.arange(len(pools))
    is_other = np.ones(relay.paths, dtype=bool)
    is_other[paths] = False
    rest = flow * is_other[:, None]
    used = np.zeros(relay.demand_kbit.shape)
    np.add.at(used, relay.path_demand, rest)
    inner = Relay(
        relay.stock_kbit[pools],
        relay.pool_satellite[pools],
        relay.terminal_per_kbit[pools],
        _left(relay.fibre_kbit - relay.fibre_use.T @ rest),
        _left(relay.demand_kbit - used),
        relay.weight_per_kbit,
        relay.path_demand[paths],
        relay.path_ends[paths],
        relay.path_cost_per_kbit[paths],
        relay.pool_use[paths][:, pools].tocsr(),
        relay.fibre_use[paths].tocsr(),
        relay.lifetime_periods,
        None if relay.ageing_kbit is None else relay.ageing_kbit[pools],
    )
    windows = Windows(*(getattr(w, name)[own] for name in Windows.__slots__))
    # A pool of minus one stays minus one: it is the last entry of the table.
    windows = replace(windows, pool=number[windows.pool])
    blocked = _blocked(structure, taken, own)
    capacity = limits.capacity - limits.capacity_use[:, taken].sum(axis=1)
    inner_limits = replace(
        limits,
        # Two contacts of one satellite at one station share a telescope: a little less than what
        # is allowed where there are several, never more.
        telescopes=np.minimum(limits.telescopes, 1),
        capacity_use=limits.capacity_use[:, own].tocsr(),
        capacity=np.maximum(0.0, capacity),
    )
    return Model(windows, inner_limits, inner, model.forced[own], model.forbidden[own] | blocked)


def _left(amount_kbit: Floats) -> Floats:
    return np.where(amount_kbit < _BIT_KBIT, 0.0, amount_kbit)


def _blocked(structure: Structure, taken: Ints, own: Ints) -> Flags:
    """Windows that find no free telescope beside the contacts of the other satellites."""
    cliques = structure.stations
    limit = structure.model.limits.telescopes[cliques.resource]
    full = (cliques.load(taken) >= limit).astype(np.float64)
    blocked: Flags = cliques.prices_paid(full)[own] > 0.5
    return blocked
