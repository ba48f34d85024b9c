"""Good prices from a fixed number of cheap steps: Adam on the logarithms of all prices.

Each step asks every satellite and demand for its answer at the current prices; the excess supply
or demand is the (sub)gradient of the bound, which is convex in the prices. Steps are taken on
logarithms with Adam (D. P. Kingma, J. Ba, ICLR 2015, arXiv:1412.6980): prices stay positive and
each moves at its own scale. Demands spread over their paths by a softmax whose temperature falls,
so that the gradient of near-equal paths does not jump. The number of steps is fixed, so that the
same model gives the same prices whatever the machine's load.

The mean of the answers of the last steps is nearly a solution of the relaxation (F. Barahona,
R. Anbil, Mathematical Programming 87, 2000): what it uses is what a restricted programme needs.
On 20 satellites, 100 stations and 7 days a programme over a tenth of the deliveries chosen so is
worth 99.7 % of the bound; over as many deliveries near the best at the last prices, 99.0 %.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.ageing import best_period, best_period_of_stock
from groundstation.plan.solver.lagrangian import (
    Answer,
    Prices,
    Structure,
    best_nights,
    evaluate,
)
from groundstation.plan.solver.model import Flags, Floats, Ints

STEPS = 250
_FIRST_RATE, _LAST_RATE = 0.5, 0.03
_MOMENTUM, _SPREAD = 0.9, 0.9
# First price of a kbit, as a share of the mean weight of a delivery.
_START = 0.03
_HOT, _COLD = 0.1, 0.003
# Answers are averaged over this last share of the steps.
_AVERAGED = 0.4


@dataclass(frozen=True, slots=True)
class Priced:
    """Where the steps led.

    Parameters
    ----------
    prices, bound : of the step with the least bound
    windows : windows that a satellite chose in the last steps
    delivery_share : mean part of its demand that each delivery carried in the last steps, shape
        (paths, periods)
    steps : steps made
    """

    prices: Prices
    bound: float
    windows: Flags
    delivery_share: Floats
    steps: int


@dataclass(slots=True)
class _Logs:
    """The vector that Adam moves: logarithms of the prices, part by part."""

    parts: tuple[int, ...]
    value: Floats
    first: Floats
    second: Floats

    def step(self, gradient: Floats, rate: float, number: int) -> None:
        """One Adam step against the gradient; parts that never mattered stay where they are."""
        self.first = _MOMENTUM * self.first + (1.0 - _MOMENTUM) * gradient
        self.second = _SPREAD * self.second + (1.0 - _SPREAD) * gradient**2
        mean = self.first / (1.0 - _MOMENTUM**number)
        size = np.sqrt(self.second / (1.0 - _SPREAD**number))
        self.value -= rate * mean / (size + 1e-12)
        np.clip(self.value, -40.0, 40.0, out=self.value)


def find_prices(
    structure: Structure,
    *,
    steps: int = STEPS,
    is_late: Callable[[], bool] = lambda: False,
) -> Priced:
    """Prices after `steps` steps, or fewer if `is_late` says so between two of them."""
    relay = structure.model.relay
    useful = structure.useful
    shapes = _shapes(structure)
    logs = _start(structure, useful, shapes)
    priced_pools = _useful_pools(structure, useful)
    best_prices, best_bound, size = None, np.inf, 0.0
    windows = np.zeros(structure.model.windows.count, dtype=bool)
    share, averaged = np.zeros(useful.shape), 0
    # Weights of zero leave nothing to deliver, but a temperature is divided by.
    scale = float(relay.weight_per_kbit.mean()) if useful.any() else 1.0
    made = 0
    for number in range(1, steps + 1):
        prices = _prices(structure, logs, shapes, priced_pools)
        answer = evaluate(structure, prices)
        made, size = number, max(size, abs(answer.bound))
        if best_prices is None or answer.bound < best_bound:
            best_prices, best_bound = prices, answer.bound
        progress = number / steps
        chosen = structure.blocks.chosen(answer.table)
        soft = _soft_share(structure, answer, scale * _HOT * (_COLD / _HOT) ** progress)
        if progress > 1.0 - _AVERAGED:
            windows[chosen] = True
            share += soft
            averaged += 1
        if is_late():
            break
        gradient = _gradient(structure, prices, chosen, soft, priced_pools)
        rate = _FIRST_RATE * (_LAST_RATE / _FIRST_RATE) ** progress
        # Adam does not care for the scale, but squares of large numbers leave the doubles.
        logs.step(gradient * (np.exp(logs.value) / (size or 1.0)), rate, number)
    if best_prices is None:
        best_prices = _prices(structure, logs, shapes, priced_pools)
        best_bound = evaluate(structure, best_prices).bound
    return Priced(best_prices, best_bound, windows, share / max(1, averaged), made)


def _shapes(structure: Structure) -> tuple[tuple[int, ...], ...]:
    relay = structure.model.relay
    return (
        (len(structure.stations.resource),),
        (len(structure.crew.cliques.resource),),
        (len(structure.model.limits.capacity),),
        (len(relay.stock_kbit), relay.periods),
        relay.fibre_kbit.shape,
    )


def _useful_pools(structure: Structure, useful: Flags) -> Flags:
    use = structure.model.relay.pool_use
    touched = use.T @ useful.any(axis=1).astype(np.float64)
    is_useful: Flags = touched > 0.0
    return is_useful


def _start(structure: Structure, useful: Flags, shapes: tuple[tuple[int, ...], ...]) -> _Logs:
    """A flat price per kbit, and a clique price that a typical window hardly feels."""
    model = structure.model
    periods = max(1, model.relay.periods)
    weight = model.relay.weight_per_kbit[model.relay.path_demand][useful.any(axis=1)]
    kbit = _START * float(weight.mean()) if weight.size else 0.0
    typical = float((model.windows.worth + kbit * model.windows.key_kbit).sum())
    typical = typical / max(1, model.windows.count) or 1.0
    sizes = [int(np.prod(shape)) for shape in shapes]
    step = kbit / periods
    if model.relay.stock_by_life is not None:
        # Prices themselves, not steps of them.
        step = kbit + float(model.relay.terminal_per_kbit.mean())
    first = [0.01 * typical, 0.01 * typical, 1e-4 * typical, step, kbit / periods]
    value = np.concatenate(
        [np.full(n, np.log(max(x, 1e-12))) for n, x in zip(sizes, first, strict=True)]
    )
    ends = tuple(int(n) for n in np.cumsum(sizes))
    return _Logs(ends, value, np.zeros(len(value)), np.zeros(len(value)))


def _prices(
    structure: Structure, logs: _Logs, shapes: tuple[tuple[int, ...], ...], priced_pools: Flags
) -> Prices:
    raw = np.split(np.exp(logs.value), logs.parts[:-1])
    station, crew, capacity, step, fibre = (
        part.reshape(shape) for part, shape in zip(raw, shapes, strict=True)
    )
    limit = structure.model.limits.telescopes[structure.stations.resource]
    station = np.where(structure.stations.size > limit, station, 0.0)
    terminal = structure.model.relay.terminal_per_kbit
    pool = np.repeat(terminal[:, None], step.shape[1] + 1, axis=1)
    if structure.model.relay.stock_by_life is None:
        step = np.cumsum(step[:, ::-1], axis=1)[:, ::-1]
    else:
        # The price of key that gets too old may rise or fall, even below its final worth.
        pool[:, :-1] = 0.0
    pool[:, :-1] += np.where(priced_pools[:, None], step, 0.0)
    return Prices(station, crew, capacity, pool, fibre)


def _gradient(
    structure: Structure,
    prices: Prices,
    chosen: Ints,
    soft: Floats,
    priced_pools: Flags,
) -> Floats:
    """What the limits leave over at these answers: the gradient of the bound in each price."""
    model = structure.model
    relay = model.relay
    flow = soft * relay.demand_kbit[relay.path_demand]
    left = _keys(structure, prices, chosen) - relay.pool_use.T @ flow
    left += _stock(structure, prices)
    if relay.stock_by_life is None:
        left = np.cumsum(left, axis=1)
    limit = model.limits.telescopes[structure.stations.resource]
    station = np.where(
        structure.stations.size > limit, limit - structure.stations.load(chosen), 0.0
    )
    return np.concatenate(
        [
            station,
            _crew_gradient(structure, prices, chosen),
            model.limits.capacity - model.limits.capacity_use[:, chosen].sum(axis=1),
            np.where(priced_pools[:, None], left, 0.0).reshape(-1),
            (relay.fibre_kbit - relay.fibre_use.T @ flow).reshape(-1),
        ]
    )


def _keys(structure: Structure, prices: Prices, chosen: Ints) -> Floats:
    """Key of the contacts by the period from which, or for which, it is kept; (pools, periods)."""
    relay, w = structure.model.relay, structure.model.windows
    fills = chosen[w.pool[chosen] >= 0]
    pool, period = w.pool[fills], np.minimum(w.period[fills], relay.periods)
    stock = relay.stock_by_life
    if stock is not None:
        period = best_period(prices.pool, stock.shape[1])[pool, period]
    found = np.zeros((len(relay.stock_kbit), relay.periods + 1))
    np.add.at(found, (pool, period), w.key_kbit[fills])
    return found[:, :-1]


def _stock(structure: Structure, prices: Prices) -> Floats:
    """The same for the initial stock."""
    relay = structure.model.relay
    found = np.zeros((len(relay.stock_kbit), relay.periods + 1))
    stock = relay.stock_by_life
    if stock is None:
        found[:, 0] = relay.stock_kbit
    else:
        period = best_period_of_stock(prices.pool, stock.shape[1])
        np.add.at(found, (np.arange(len(stock))[:, None], period), stock)
    return found[:, :-1]


def _crew_gradient(structure: Structure, prices: Prices, chosen: Ints) -> Floats:
    crew = structure.crew
    if not len(crew.windows):
        return np.zeros(0)
    works, _ = best_nights(structure, prices)
    is_on = np.isin(crew.cliques.resource, works)
    telescopes = structure.model.limits.telescopes[crew.shift_station[crew.cliques.resource]]
    taken = np.flatnonzero(np.isin(crew.windows, chosen))
    return telescopes * is_on - crew.cliques.load(taken)


def _soft_share(structure: Structure, answer: Answer, heat: float) -> Floats:
    """Part of its demand on every path when demands prefer better paths, but not absolutely."""
    relay = structure.model.relay
    if not relay.paths:
        return np.zeros(answer.margin.shape)
    runs = np.diff(np.append(structure.path_head, relay.paths))
    top = np.maximum(answer.best, 0.0)
    # The floor keeps the numbers normal, with which processors are faster.
    share: Floats = np.exp(np.maximum((answer.margin - np.repeat(top, runs, axis=0)) / heat, -60.0))
    share *= structure.useful
    # Not to deliver at all is one more path, of margin zero, so that the total is at least one.
    total = np.add.reduceat(share, structure.path_head, axis=0) + np.exp(-top / heat)
    share /= np.repeat(total, runs, axis=0)
    return share
