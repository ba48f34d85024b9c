"""What the solver decides about: windows, limits, pools, fibres, demands and paths as arrays.

1. A window occupies its satellite for [start, satellite_until) and one telescope of its station
   for [start, station_until); a satellite serves one station at a time, a station no more
   satellites than it has telescopes.
2. Capacity rows bound weighted sums of windows (duty, contacts a night, memory on board).
3. A station with a crew limit is used in at most that many nights.
4. Key of a window enters its pool at the start of its period, before the deliveries of that
   period; from `periods` on it only counts as final stock. With a lifetime it is lost after so
   many periods, the oldest going first (see `ageing`), and final stock is what is not lost.
5. A delivery along a path spends `pool_use` of each pool and `fibre_use` of each fibre per kbit.
6. The value is sum(worth of windows) + sum((weight in the period - cost) x delivered) +
   sum(terminal x stock left at the end).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groundstation.plan.solver.ageing import levels, outliving

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Windows:
    """Contact windows on offer; every array has shape (windows,).

    Parameters
    ----------
    satellite, station : indices
    start_s, stop_s : when the contact begins and ends [s]
    satellite_until_s, station_until_s : until when satellite and telescope are bound, set-up
        included [s]; later than start_s
    worth : value of the window by itself, in the unit of the objective
    key_kbit : key that it brings to its pool [kbit]
    pool : index of that pool, -1 if its key enters none
    period : first period in which its key can be delivered
    night : night of the station's crew
    pass_index : the pass that it is a part of
    """

    satellite: Ints
    station: Ints
    start_s: Floats
    stop_s: Floats
    satellite_until_s: Floats
    station_until_s: Floats
    worth: Floats
    key_kbit: Floats
    pool: Ints
    period: Ints
    night: Ints
    pass_index: Ints

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.satellite)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used at once or over a time.

    Parameters
    ----------
    telescopes : of each station, shape (stations,)
    crew_nights : nights in which each station may be used, -1 without limit, shape (stations,)
    capacity_use : what each window takes of each capacity, shape (rows, windows)
    capacity : upper limit of each row, shape (rows,)
    """

    telescopes: Ints
    crew_nights: Ints
    capacity_use: csr_array
    capacity: Floats


@dataclass(frozen=True, slots=True)
class Relay:
    """Pools, fibres, demands and the paths between them; paths are sorted by demand.

    Parameters
    ----------
    stock_kbit : initial stock of each pool, shape (pools,) [kbit]
    pool_satellite : satellite of each pool, shape (pools,)
    terminal_per_kbit : value of what a pool holds at the end, shape (pools,)
    fibre_kbit : capacity of each fibre per period, shape (fibres, periods) [kbit]
    demand_kbit : wanted per period, shape (demands, periods) [kbit]
    weight_per_kbit : value of a delivery in each period, shape (demands, periods)
    path_demand : demand of each path, ascending, shape (paths,)
    path_ends : stations between which the satellites carry it, shape (paths, 2)
    path_cost_per_kbit : cost of its hops, shape (paths,)
    pool_use, fibre_use : kbit spent per kbit delivered, shapes (paths, pools), (paths, fibres)
    lifetime_periods : periods in which key can be delivered, with that in which it enters its pool;
        None if it never gets too old
    ageing_kbit : the part of the stock that is lost after period 0, 1, ... lifetime - 2; the rest
        is as fresh as key that enters in period 0; shape (pools, lifetime - 1), None if all is
    """

    stock_kbit: Floats
    pool_satellite: Ints
    terminal_per_kbit: Floats
    fibre_kbit: Floats
    demand_kbit: Floats
    weight_per_kbit: Floats
    path_demand: Ints
    path_ends: Ints
    path_cost_per_kbit: Floats
    pool_use: csr_array
    fibre_use: csr_array
    lifetime_periods: int | None = None
    ageing_kbit: Floats | None = None

    @property
    def periods(self) -> int:
        """Number of delivery periods."""
        return int(self.demand_kbit.shape[1])

    @property
    def paths(self) -> int:
        """Number of paths."""
        return len(self.path_demand)

    @property
    def gain_per_kbit(self) -> Floats:
        """Weight of a delivery less the cost of its hops, shape (paths, periods)."""
        return self.weight_per_kbit[self.path_demand] - self.path_cost_per_kbit[:, None]

    @property
    def stock_by_life(self) -> Floats | None:
        """Stock by the last period in which it can be delivered, shape (pools, lifetime) [kbit].

        None if no key is lost within the periods, whatever its lifetime.
        """
        lifetime = self.lifetime_periods
        if lifetime is None or (lifetime > self.periods and self.ageing_kbit is None):
            return None
        stock = np.zeros((len(self.stock_kbit), lifetime))
        if self.ageing_kbit is not None:
            stock[:, :-1] = self.ageing_kbit
        stock[:, -1] = np.maximum(0.0, self.stock_kbit - stock.sum(axis=1))
        return stock

    @property
    def lasting_kbit(self) -> Floats:
        """Stock that is final stock if nothing takes it, shape (pools,) [kbit]."""
        stock = self.stock_by_life
        return self.stock_kbit if stock is None else stock[:, self.periods :].sum(axis=1)


@dataclass(frozen=True, slots=True)
class Model:
    """A whole problem; `forced` windows must and `forbidden` ones must not be chosen."""

    windows: Windows
    limits: Limits
    relay: Relay
    forced: Flags
    forbidden: Flags


@dataclass(frozen=True, slots=True)
class Solution:
    """A decision with its certificate.

    Parameters
    ----------
    chosen : indices of the windows taken, ascending
    flow_kbit : delivered along each path in each period, shape (paths, periods) [kbit]
    value : what it is worth, recomputed from chosen and flow
    bound : no plan is worth more
    method : what computed it
    """

    chosen: Ints
    flow_kbit: Floats
    value: float
    bound: float
    method: str

    @property
    def gap(self) -> float:
        """(bound - value) / |bound|; 0 where both are zero."""
        return 0.0 if self.bound == self.value else (self.bound - self.value) / abs(self.bound)


def no_relay() -> Relay:
    """A relay without pools, demands and paths, for problems that choose contacts only."""
    none = np.zeros(0)
    return Relay(
        none, np.zeros(0, np.int64), none, np.zeros((0, 1)), np.zeros((0, 1)), np.zeros((0, 1)),
        np.zeros(0, np.int64), np.zeros((0, 2), np.int64), none,
        csr_array((0, 0)), csr_array((0, 0)),
    )  # fmt: skip


def value_of(model: Model, chosen: Ints, flow_kbit: Floats) -> float:
    """Value of contacts and deliveries; feasibility is not checked here.

    Parameters
    ----------
    chosen : windows taken
    flow_kbit : delivered along each path in each period, shape (paths, periods) [kbit]
    """
    relay = model.relay
    delivered, gain = flow_kbit.sum(axis=1), relay.gain_per_kbit
    # Counted from the first period on: where all are worth the same, no last digit changes.
    first = gain[:, :1]
    # Not a product of vectors, whose last digit depends on the number of threads.
    relayed = float((first[:, 0] * delivered).sum() + ((gain - first) * flow_kbit).sum())
    relayed += float((relay.terminal_per_kbit * left_kbit(model, chosen, flow_kbit)).sum())
    return float(model.windows.worth[chosen].sum()) + relayed


def left_kbit(model: Model, chosen: Ints, flow_kbit: Floats) -> Floats:
    """What each pool holds in the end, without what is lost by its age, shape (pools,) [kbit]."""
    windows, relay = model.windows, model.relay
    fills = chosen[windows.pool[chosen] >= 0]
    stock = relay.stock_by_life
    if stock is None:
        left: Floats = relay.stock_kbit - relay.pool_use.T @ flow_kbit.sum(axis=1)
        left += np.bincount(
            windows.pool[fills], windows.key_kbit[fills], minlength=len(relay.stock_kbit)
        )
        return left
    entered = np.zeros((len(stock), relay.periods + 1))
    period = np.minimum(windows.period[fills], relay.periods)
    np.add.at(entered, (windows.pool[fills], period), windows.key_kbit[fills])
    supply = entered[:, :-1].copy()
    supply[:, 0] += relay.stock_kbit
    most = outliving(entered[:, :-1], stock)
    level: Floats = levels(supply, relay.pool_use.T @ flow_kbit, most)[:, -1] + entered[:, -1]
    return level
