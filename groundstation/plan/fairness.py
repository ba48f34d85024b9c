"""Lexicographic max-min: the pair that gets the smallest share of its demand gets all it can.

The rules it keeps:

1. First the smallest share of all pairs is made as large as it can be; pairs that can get no more
   without taking from that share are settled, and the same is done for the rest, until all are.
2. Among all plans with these shares the one with the largest value is taken.
3. Pairs without path or demand do not count: they would hold everybody at nothing.

Source: D. Bertsekas, R. Gallager, Data Networks, 1992, section 6.5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from groundstation.errors import PlanError
from groundstation.plan.solver.delivery import whole_flow
from groundstation.plan.solver.highs import solve_whole
from groundstation.plan.solver.lagrangian import Structure, structure_of
from groundstation.plan.solver.model import Floats, Model, Solution, value_of
from groundstation.plan.solver.programme import Programme, build

_GAP = 1e-6
# What a share may give up so that rounding of the solver does not make the next step infeasible.
_SLACK = 1e-6
# A pair that cannot rise by this much is settled.
_RISE = 2e-5


@dataclass(frozen=True, slots=True)
class _Shares:
    """A programme with a last column for the smallest share, and a row for each pair's share.

    Parameters
    ----------
    rows : -delivered / wanted of each pair, shape (pairs, columns without the last)
    pairs : demands that count
    wanted_kbit : of every demand
    """

    programme: Programme
    rows: csr_array
    pairs: tuple[int, ...]
    wanted_kbit: Floats


def solve_max_min(model: Model, *, time_limit_s: float | None = None) -> Solution:
    """The plan with the lexicographically largest shares, and of these the most value.

    The bound is that of plans with these shares; others may be worth more.

    Raises
    ------
    PlanError
        no programme could be solved in the time
    """
    structure = structure_of(model)
    shares = _shares(structure)
    settled: dict[int, float] = {}
    while len(settled) < len(shares.pairs):
        free = [k for k in shares.pairs if k not in settled]
        level, reached = _largest_smallest(shares, settled, time_limit_s)
        tied = free
        if level < 1.0 - 10.0 * _SLACK:
            tied = _tied(shares, settled, level, reached, time_limit_s)
        settled |= dict.fromkeys(tied or free, level)
    programme = _with_floor(shares, settled)
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


def _shares(structure: Structure) -> _Shares:
    model = structure.model
    # Deliveries that cost more than they are worth count, too: here a share goes before value.
    relay = model.relay
    opens = relay.demand_kbit[relay.path_demand] > 0.0
    programme = build(structure, np.arange(model.windows.count), opens, with_cuts=False)
    owner = relay.path_demand[programme.path]
    wanted = relay.demand_kbit.sum(axis=1)
    pairs = tuple(int(k) for k in np.unique(owner))
    rows = np.zeros((len(pairs), programme.offsets[-1]))
    for row, k in enumerate(pairs):
        mine = programme.offsets[2] + np.flatnonzero(owner == k)
        rows[row, mine] = -1.0 / wanted[k]
    return _Shares(programme, csr_array(rows), pairs, wanted)


def _tied(
    shares: _Shares,
    settled: Mapping[int, float],
    level: float,
    reached: Floats,
    time_limit_s: float | None,
) -> list[int]:
    """The free pairs that no plan lifts above the level while the others keep it.

    Parameters
    ----------
    reached : shares in a plan with this level; what is above it there needs no proof
    """
    free = [k for k in shares.pairs if k not in settled]
    floors = {**settled, **dict.fromkeys(free, level - _SLACK)}
    wanted = np.array([shares.wanted_kbit[k] for k in shares.pairs])
    # What the slack of the largest demand is worth to a smaller one is no rise.
    rise = np.maximum(_RISE, 3.0 * _SLACK * wanted.max() / wanted)
    place = {k: i for i, k in enumerate(shares.pairs)}
    tied = free
    while tied:
        lifted = [k for k in tied if reached[place[k]] > level + rise[place[k]]]
        tied = [k for k in tied if k not in lifted]
        if not tied:
            break
        caps = {k: level + 3.0 * float(rise[place[k]]) for k in tied}
        reached = _lifted(shares, floors, caps, time_limit_s)
        if all(reached[place[k]] <= level + rise[place[k]] for k in tied):
            break
    return tied


def _largest_smallest(
    shares: _Shares, settled: Mapping[int, float], time_limit_s: float | None
) -> tuple[float, Floats]:
    """The largest smallest share of the pairs not settled, and all shares of a plan with it."""
    programme = _with_floor(shares, settled)
    free = np.array([float(k not in settled) for k in shares.pairs]).reshape(-1, 1)
    wide = hstack([programme.matrix, csr_array((programme.matrix.shape[0], 1))], format="csr")
    smallest = hstack([shares.rows, csr_array(free)], format="csr")[np.flatnonzero(free)]
    gain = np.zeros(len(programme.gain) + 1)
    gain[-1] = 1.0
    aim = replace(
        programme,
        gain=gain,
        constant=0.0,
        matrix=vstack([wide, smallest], format="csr"),
        upper=np.concatenate([programme.upper, np.zeros(int(free.sum()))]),
        lower_column=np.append(programme.lower_column, 0.0),
        upper_column=np.append(programme.upper_column, 1.0),
        is_whole=np.append(programme.is_whole, False),
    )
    value, columns = _optimum(aim, time_limit_s)
    return value, -(shares.rows @ columns[:-1])


def _lifted(
    shares: _Shares,
    floors: Mapping[int, float],
    caps: Mapping[int, float],
    time_limit_s: float | None,
) -> Floats:
    """Shares of a plan in which those of some pairs, up to their caps, have the largest sum."""
    programme = _with_floor(shares, floors)
    rows = -shares.rows[[shares.pairs.index(k) for k in caps]]
    aim = replace(
        programme,
        gain=np.asarray(rows.sum(axis=0)).reshape(-1),
        constant=0.0,
        matrix=vstack([programme.matrix, rows], format="csr"),
        upper=np.concatenate([programme.upper, list(caps.values())]),
    )
    reached: Floats = -(shares.rows @ _optimum(aim, time_limit_s)[1])
    return reached


def _with_floor(shares: _Shares, settled: Mapping[int, float]) -> Programme:
    """The programme in which settled pairs keep their shares."""
    programme = shares.programme
    rows = [i for i, k in enumerate(shares.pairs) if k in settled]
    floors: Floats = np.array([_SLACK - settled[shares.pairs[i]] for i in rows])
    return replace(
        programme,
        matrix=vstack([programme.matrix, shares.rows[rows]], format="csr") if rows
        else programme.matrix,
        upper=np.concatenate([programme.upper, floors]),
    )  # fmt: skip


def _optimum(programme: Programme, time_limit_s: float | None) -> tuple[float, Floats]:
    found = solve_whole(programme, relative_gap=_GAP, time_limit_s=time_limit_s, nodes=None)
    if found.columns is None:
        raise PlanError("the solver found no plan with the largest smallest share")
    return float(found.value), found.columns
