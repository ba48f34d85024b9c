"""The bound at given prices: what satellites and demands would do if each faced prices alone.

Prices on station cliques, capacities, pools and fibres replace the rows that couple satellites
and demands (M. Held, R. M. Karp, Operations Research 18, 1970). Each satellite then solves its
own interval scheduling, each demand takes its cheapest path. Whatever the non-negative prices,
no plan is worth more than the sum of their answers plus the stock and limits at these prices.
"""

from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.ageing import best_period, best_period_of_stock, usable
from groundstation.plan.solver.blocks_dp import Blocks, make_blocks
from groundstation.plan.solver.cliques import Cliques, find_cliques
from groundstation.plan.solver.model import Flags, Floats, Ints, Model, Relay

# More than any plan can gain, so that a forced window is always chosen and a forbidden one never.
_FORCE_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Non-negative prices in the unit of the objective.

    Parameters
    ----------
    station : of each station clique, shape (cliques,)
    crew : of each crew clique, shape (crew cliques,)
    capacity : per unit of each capacity row, shape (rows,)
    pool : per kbit that a delivery takes from each pool in each period; the last column is the
        terminal value; not rising in time if key does not age, shape (pools, periods + 1)
    fibre : per kbit of each fibre and period, shape (fibres, periods)
    """

    station: Floats
    crew: Floats
    capacity: Floats
    pool: Floats
    fibre: Floats


@dataclass(frozen=True, slots=True)
class Crew:
    """Cliques of each crewed station's nights, and the nights that each may work.

    Parameters
    ----------
    windows : indices of the windows at crewed stations
    cliques : of these windows by shift (a station's night)
    shift_station, shift_night : of each shift
    """

    windows: Ints
    cliques: Cliques
    shift_station: Ints
    shift_night: Ints


@dataclass(frozen=True, slots=True)
class Structure:
    """Everything about a model that does not change with the prices.

    Parameters
    ----------
    blocks : dynamic programme of the satellites
    satellites, stations : cliques of all windows
    path_head, path_owner : first path of each demand that has paths, and that demand
    useful : deliveries that are possible and worth more than the stock they spend, shape
        (paths, periods)
    """

    model: Model
    blocks: Blocks
    satellites: Cliques
    stations: Cliques
    crew: Crew
    path_head: Ints
    path_owner: Ints
    useful: Flags


@dataclass(frozen=True, slots=True)
class Answer:
    """What satellites and demands do at given prices.

    Parameters
    ----------
    bound : no plan is worth more
    profit : of each window at the prices, shape (windows,)
    table : the satellites' dynamic programme
    margin : value less price of a kbit along each path, minus infinity where a delivery is
        impossible or worthless, shape (paths, periods)
    best : largest margin of each demand that has paths, shape (owners, periods)
    """

    bound: float
    profit: Floats
    table: Floats
    margin: Floats
    best: Floats


def structure_of(model: Model) -> Structure:
    """Cliques, blocks and the runs of paths of each demand."""
    w = model.windows
    owner, head = np.unique(model.relay.path_demand, return_index=True)
    return Structure(
        model,
        make_blocks(w.satellite, w.start_s, w.satellite_until_s),
        find_cliques(w.satellite, w.start_s, w.satellite_until_s),
        find_cliques(w.station, w.start_s, w.station_until_s),
        _crew_of(model),
        head,
        owner,
        _useful(model),
    )


def _useful(model: Model) -> Flags:
    """Paths and periods in which a delivery is worth more than the stock it spends, and possible.

    A path is possible in a period in which each of its pools can hold key; shape (paths, periods).
    """
    relay = model.relay
    gain = relay.gain_per_kbit
    # Key that is about to be lost costs nothing.
    if relay.stock_by_life is None:
        gain = gain - (relay.pool_use @ relay.terminal_per_kbit)[:, None]
    lacks = relay.pool_use.sign() @ (~_can_hold(model)).astype(np.float64)
    wanted = relay.demand_kbit[relay.path_demand] > 0.0
    useful: Flags = (lacks == 0.0) & wanted & (gain > 0.0)
    return useful


def _can_hold(model: Model) -> Flags:
    """Whether key can lie in each pool in each period, shape (pools, periods)."""
    relay, w = model.relay, model.windows
    stock, periods = relay.stock_by_life, relay.periods
    fills = (w.pool >= 0) & (w.key_kbit > 0.0) & ~model.forbidden & (w.period < periods)
    enters = np.zeros((len(relay.stock_kbit), periods), dtype=bool)
    enters[w.pool[fills], w.period[fills]] = True
    if stock is None:
        return np.logical_or.accumulate(enters, axis=1) | (relay.stock_kbit > 0.0)[:, None]
    holds: Flags = usable(stock, periods) > 0.0
    for age in range(min(stock.shape[1], periods)):
        holds[:, age:] |= enters[:, : periods - age]
    return holds


def _crew_of(model: Model) -> Crew:
    w = model.windows
    members = np.flatnonzero(model.limits.crew_nights[w.station] >= 0)
    key = w.station[members] * (int(w.night.max(initial=0)) + 1) + w.night[members]
    shifts, shift = np.unique(key, return_inverse=True)
    nights = int(w.night.max(initial=0)) + 1
    cliques = find_cliques(shift, w.start_s[members], w.station_until_s[members])
    return Crew(members, cliques, shifts // nights, shifts % nights)


def evaluate(structure: Structure, prices: Prices) -> Answer:
    """The bound at these prices, with the answers that prove it."""
    model = structure.model
    profit = window_profit(structure, prices)
    big = _FORCE_FACTOR * (np.abs(profit).sum() + 1.0)
    steered = profit + np.where(model.forced, big, 0.0) - np.where(model.forbidden, big, 0.0)
    table = structure.blocks.best(steered)
    bound = float(table[-1].sum()) - big * float(model.forced.sum())
    margin, best = _margins(structure, prices)
    demand = model.relay.demand_kbit[structure.path_owner]
    bound += float((demand * np.maximum(best, 0.0)).sum()) + _limits_at(structure, prices)
    return Answer(bound, steered, table, margin, best)


def window_profit(structure: Structure, prices: Prices) -> Floats:
    """Worth and key of each window at the prices, less what it pays, shape (windows,)."""
    model, w = structure.model, structure.model.windows
    profit = w.worth - structure.stations.prices_paid(prices.station)
    profit -= model.limits.capacity_use.T @ prices.capacity
    profit[structure.crew.windows] -= structure.crew.cliques.prices_paid(prices.crew)
    fills = np.flatnonzero(w.pool >= 0)
    period = np.minimum(w.period[fills], model.relay.periods)
    profit[fills] += w.key_kbit[fills] * _worth_of_key(model.relay, prices)[w.pool[fills], period]
    return profit


def _worth_of_key(relay: Relay, prices: Prices) -> Floats:
    """Price of a kbit by the period in which it enters, shape (pools, periods + 1)."""
    if relay.stock_by_life is None or relay.lifetime_periods is None:
        return prices.pool
    best = best_period(prices.pool, relay.lifetime_periods)
    return np.take_along_axis(prices.pool, best, axis=1)


def _worth_of_stock(relay: Relay, prices: Prices) -> float:
    stock = relay.stock_by_life
    if stock is None:
        return float((relay.stock_kbit * prices.pool[:, 0]).sum())
    best = best_period_of_stock(prices.pool, stock.shape[1])
    return float((stock * np.take_along_axis(prices.pool, best, axis=1)).sum())


def _margins(structure: Structure, prices: Prices) -> tuple[Floats, Floats]:
    relay = structure.model.relay
    margin = relay.gain_per_kbit - relay.pool_use @ prices.pool[:, :-1]
    if prices.fibre.size:
        margin -= relay.fibre_use @ prices.fibre
    margin = np.where(structure.useful, margin, -np.inf)
    if not relay.paths:
        return margin, np.zeros((0, relay.periods))
    return margin, np.maximum.reduceat(margin, structure.path_head, axis=0)


def _limits_at(structure: Structure, prices: Prices) -> float:
    """Stock, fibres, telescopes, capacities and the best nights of each crew at the prices."""
    model = structure.model
    telescopes = model.limits.telescopes[structure.stations.resource]
    # Sums instead of products of vectors: these run in threads, whose number changes the last digit
    # and which wait for each other on a busy machine.
    total = _worth_of_stock(model.relay, prices)
    total += float((model.relay.fibre_kbit * prices.fibre).sum())
    total += float((telescopes * prices.station).sum())
    total += float((model.limits.capacity * prices.capacity).sum())
    return total + float(best_nights(structure, prices)[1])


def best_nights(structure: Structure, prices: Prices) -> tuple[Ints, float]:
    """Which shifts each crew works at the prices of its cliques, and what they are worth."""
    crew, limits = structure.crew, structure.model.limits
    telescopes = limits.telescopes[crew.shift_station]
    worth = telescopes * np.bincount(
        crew.cliques.resource, prices.crew, minlength=len(crew.shift_station)
    )
    order = np.lexsort((np.arange(len(worth)), -worth, crew.shift_station))
    station = crew.shift_station[order]
    place = np.arange(len(order)) - np.searchsorted(station, station)
    works = order[(place < limits.crew_nights[station]) & (worth[order] > 0.0)]
    return np.sort(works), float(worth[works].sum())
