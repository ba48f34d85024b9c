"""Contacts and relay as one programme for HiGHS: columns, rows and how to read the answer.

Columns are windows, shifts of crewed stations, deliveries along a path in a period, and the level
of each pool at the end of each period. With levels as columns, the dual of a pool's row is the
price of a kbit in that period. Rows for pools that start (nearly) empty:
r(demand, pool, period) <= min(d, stock) + sum over earlier windows of min(d, key) x, without
which the relaxation delivers from fractions of contacts.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from groundstation.plan.solver.contact_rows import clique_rows, crew_rows, night_rows
from groundstation.plan.solver.lagrangian import Prices, Structure
from groundstation.plan.solver.layout import Layout, lay_out
from groundstation.plan.solver.model import Flags, Floats, Ints
from groundstation.plan.solver.relay_rows import (
    age_rows,
    cut_rows,
    demand_rows,
    fibre_rows,
    pool_rows,
)

_LOOSE = 2.0


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme in the form maximise gain @ x + constant, matrix @ x <= upper.

    Parameters
    ----------
    windows : windows that have a column, in the order of the columns
    path, period : of each delivery column
    pool : pools whose levels have columns, period by period
    offsets : first column of windows, shifts, deliveries, levels; then the number of columns
    row_offsets : first row of satellite cliques, station cliques, crew cliques, crew nights,
        capacities, pools, fibres, demands, ages, cuts; then the number of rows
    station_rows, crew_rows : cliques that have a row
    """

    gain: Floats
    constant: float
    matrix: csr_array
    upper: Floats
    lower_column: Floats
    upper_column: Floats
    is_whole: Flags
    windows: Ints
    path: Ints
    period: Ints
    pool: Ints
    offsets: tuple[int, ...]
    row_offsets: tuple[int, ...]
    station_rows: Ints
    crew_rows: Ints


def build(structure: Structure, windows: Ints, deliveries: Flags, *, with_cuts: bool) -> Programme:
    """The programme over some windows and some deliveries; the whole model if over all.

    Parameters
    ----------
    windows : windows that may be chosen, ascending
    deliveries : which path may deliver in which period, shape (paths, periods)
    with_cuts : add the rows for pools that start nearly empty
    """
    layout = lay_out(structure, windows, deliveries)
    limits = structure.model.limits
    satellite, satellite_upper, _ = clique_rows(layout, structure.satellites, None)
    station, station_upper, station_kept = clique_rows(
        layout, structure.stations, limits.telescopes
    )
    crew, crew_upper, crew_kept = crew_rows(layout)
    no_cuts = (csr_array((0, layout.offsets[-1])), np.zeros(0))
    parts = [
        (satellite, satellite_upper),
        (station, station_upper),
        (crew, crew_upper),
        night_rows(layout),
        (layout.wide(limits.capacity_use[:, windows], 0), limits.capacity),
        pool_rows(layout),
        fibre_rows(layout),
        demand_rows(layout),
        age_rows(layout),
        cut_rows(layout) if with_cuts else no_cuts,
    ]
    heights = np.concatenate([[0], np.cumsum([len(upper) for _, upper in parts])])
    gain, constant = _gain(layout)
    lower, upper = _column_bounds(layout)
    is_whole = np.arange(layout.offsets[-1]) < layout.offsets[2]
    return Programme(
        gain, constant, vstack([rows for rows, _ in parts], format="csr"),
        np.concatenate([upper for _, upper in parts]), lower, upper, is_whole, windows,
        layout.path, layout.period, layout.pool, layout.offsets,
        tuple(int(n) for n in heights), station_kept, crew_kept,
    )  # fmt: skip


def _gain(layout: Layout) -> tuple[Floats, float]:
    relay, w = layout.model.relay, layout.model.windows
    gain = np.zeros(layout.offsets[-1])
    worth = w.worth[layout.windows].copy()
    pool = w.pool[layout.windows]
    fills = np.flatnonzero(pool >= 0)
    # Key that no level follows keeps its terminal value.
    untracked = layout.tracked[pool[fills]] < 0
    period = w.period[layout.windows[fills]]
    untracked |= period >= layout.periods
    if relay.stock_by_life is not None and relay.lifetime_periods is not None:
        # What is lost before the end has none.
        untracked &= period + relay.lifetime_periods > layout.periods
    late = fills[untracked]
    worth[late] += w.key_kbit[layout.windows[late]] * relay.terminal_per_kbit[pool[late]]
    gain[: len(worth)] = worth
    gain[layout.offsets[2] : layout.offsets[3]] = relay.gain_per_kbit[layout.path, layout.period]
    if layout.periods:
        last = layout.offsets[3] + np.arange(len(layout.pool)) * layout.periods + layout.periods - 1
        gain[last] = relay.terminal_per_kbit[layout.pool]
    left = layout.tracked < 0
    return gain, float(relay.terminal_per_kbit[left] @ relay.lasting_kbit[left])


def _column_bounds(layout: Layout) -> tuple[Floats, Floats]:
    """Bounds of all columns; deliveries and levels get finite ones that never bind.

    With infinite ones, HiGHS (as of scipy 1.17.1) has reported wrong optima as proven.
    """
    model = layout.model
    relay, w = model.relay, model.windows
    lower, upper = np.zeros(layout.offsets[-1]), np.ones(layout.offsets[-1])
    lower[: len(layout.windows)] = model.forced[layout.windows]
    upper[: len(layout.windows)] = ~model.forbidden[layout.windows]
    wanted = relay.demand_kbit[relay.path_demand[layout.path], layout.period]
    upper[layout.offsets[2] : layout.offsets[3]] = _LOOSE * wanted + 1.0
    fills = layout.windows[w.pool[layout.windows] >= 0]
    most = relay.stock_kbit + np.bincount(
        w.pool[fills], w.key_kbit[fills], minlength=len(relay.stock_kbit)
    )
    upper[layout.offsets[3] :] = np.repeat(_LOOSE * most[layout.pool] + 1.0, layout.periods)
    return lower, upper


def prices_from(
    structure: Structure, programme: Programme, duals: Floats, others: Prices | None = None
) -> Prices:
    """Prices of the whole model from the duals of a programme over a part of it.

    Parameters
    ----------
    duals : non-negative, of each row of the programme
    others : prices of the pools that the programme has no rows for; if None the terminal value,
        or nothing before the last period where key ages
    """
    relay = structure.model.relay
    start = programme.row_offsets
    station = np.zeros(len(structure.stations.resource))
    station[programme.station_rows] = duals[start[1] : start[2]]
    crew = np.zeros(len(structure.crew.cliques.resource))
    crew[programme.crew_rows] = duals[start[2] : start[3]]
    ages = relay.stock_by_life is not None
    if others is None:
        pool = np.repeat(relay.terminal_per_kbit[:, None], relay.periods + 1, axis=1)
        pool[:, :-1] *= not ages
    else:
        pool = others.pool.copy()
    level = duals[start[5] : start[6]].reshape(-1, relay.periods)
    if ages:
        pool[programme.pool, :-1] = level
    else:
        pool[programme.pool, :-1] = np.maximum(level, relay.terminal_per_kbit[programme.pool, None])
        # Prices may not rise in time; rounding of the solver must not break that.
        pool[:, :-1] = np.maximum.accumulate(pool[:, -2::-1], axis=1)[:, ::-1]
    fibre = duals[start[6] : start[7]].reshape(relay.fibre_kbit.shape)
    return Prices(station, crew, duals[start[4] : start[5]], pool, fibre)
