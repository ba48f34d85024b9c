"""Good prices from a fixed number of cheap steps: Adam on the logarithms of all prices.

Each step asks every satellite and demand for its answer at the current prices; the excess supply
or demand is the (sub)gradient of the bound, which is convex in the prices. Steps are taken on
logarithms with Adam (D. P. Kingma, J. Ba, ICLR 2015, arXiv:1412.6980): prices stay positive and
each moves at its own scale. Demands spread over their paths by a softmax whose temperature falls,
so that the gradient of near-equal paths does not jump. The number of steps is fixed, so that the
same model gives the same prices whatever the machine's load.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True, slots=True)
class Priced:
    """Where the steps led.

    Parameters
    ----------
    prices, bound : of the step with the least bound
    windows : windows that a satellite chose in the second half of the steps
    deliveries : best paths of the second half, shape (paths, periods)
    steps : steps made
    """

    prices: Prices
    bound: float
    windows: Flags
    deliveries: Flags
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
    best_prices, best_bound = None, np.inf
    windows = np.zeros(structure.model.windows.count, dtype=bool)
    deliveries = np.zeros(useful.shape, dtype=bool)
    scale = float(relay.weight_per_kbit.mean()) if len(relay.weight_per_kbit) else 1.0
    made = 0
    for number in range(1, steps + 1):
        prices = _prices(structure, logs, shapes, priced_pools)
        answer = evaluate(structure, prices)
        made = number
        if best_prices is None or answer.bound < best_bound:
            best_prices, best_bound = prices, answer.bound
        chosen = structure.blocks.chosen(answer.table)
        if 2 * number > steps:
            windows[chosen] = True
            deliveries |= _best_paths(structure, answer, useful)
        if is_late():
            break
        progress = number / steps
        heat = scale * _HOT * (_COLD / _HOT) ** progress
        gradient = _gradient(structure, prices, answer, chosen, useful, heat, priced_pools)
        rate = _FIRST_RATE * (_LAST_RATE / _FIRST_RATE) ** progress
        logs.step(gradient * np.exp(logs.value), rate, number)
    if best_prices is None:
        best_prices = _prices(structure, logs, shapes, priced_pools)
        best_bound = evaluate(structure, best_prices).bound
    return Priced(best_prices, best_bound, windows, deliveries, made)


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
    weight = model.relay.weight_per_kbit[model.relay.path_demand[useful.any(axis=1)]]
    kbit = _START * float(weight.mean()) if len(weight) else 0.0
    typical = float((model.windows.worth + kbit * model.windows.key_kbit).sum())
    typical = typical / max(1, model.windows.count) or 1.0
    sizes = [int(np.prod(shape)) for shape in shapes]
    first = [0.01 * typical, 0.01 * typical, 1e-4 * typical, kbit / periods, kbit / periods]
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
    pool[:, :-1] += np.where(priced_pools[:, None], np.cumsum(step[:, ::-1], axis=1)[:, ::-1], 0.0)
    return Prices(station, crew, capacity, pool, fibre)


def _best_paths(structure: Structure, answer: Answer, useful: Flags) -> Flags:
    """Paths that reach the best margin of their demand and gain something."""
    runs = np.diff(np.append(structure.path_head, structure.model.relay.paths))
    best = np.repeat(answer.best, runs, axis=0)
    flags: Flags = useful & (answer.margin >= best) & (best > 0.0)
    return flags


def _gradient(
    structure: Structure,
    prices: Prices,
    answer: Answer,
    chosen: Ints,
    useful: Flags,
    heat: float,
    priced_pools: Flags,
) -> Floats:
    """What the limits leave over at these answers: the gradient of the bound in each price."""
    model = structure.model
    relay, w = model.relay, model.windows
    flow = _soft_flow(structure, answer, useful, heat)
    pools = np.zeros((len(relay.stock_kbit), relay.periods + 1))
    fills = chosen[w.pool[chosen] >= 0]
    np.add.at(
        pools,
        (w.pool[fills], np.minimum(w.period[fills], relay.periods)),
        w.key_kbit[fills],
    )
    left = pools[:, :-1] - relay.pool_use.T @ flow
    if relay.periods:
        left[:, 0] += relay.stock_kbit
    limit = model.limits.telescopes[structure.stations.resource]
    station = np.where(
        structure.stations.size > limit, limit - structure.stations.load(chosen), 0.0
    )
    return np.concatenate(
        [
            station,
            _crew_gradient(structure, prices, chosen),
            model.limits.capacity - model.limits.capacity_use[:, chosen].sum(axis=1),
            np.where(priced_pools[:, None], np.cumsum(left, axis=1), 0.0).reshape(-1),
            (relay.fibre_kbit - relay.fibre_use.T @ flow).reshape(-1),
        ]
    )


def _crew_gradient(structure: Structure, prices: Prices, chosen: Ints) -> Floats:
    crew = structure.crew
    if not len(crew.windows):
        return np.zeros(0)
    works, _ = best_nights(structure, prices)
    is_on = np.isin(crew.cliques.resource, works)
    telescopes = structure.model.limits.telescopes[crew.shift_station[crew.cliques.resource]]
    taken = np.flatnonzero(np.isin(crew.windows, chosen))
    return telescopes * is_on - crew.cliques.load(taken)


def _soft_flow(structure: Structure, answer: Answer, useful: Flags, heat: float) -> Floats:
    """Delivery of every path when demands prefer better paths, but not absolutely [kbit]."""
    relay = structure.model.relay
    if not relay.paths:
        return np.zeros(useful.shape)
    runs = np.diff(np.append(structure.path_head, relay.paths))
    top = np.maximum(answer.best, 0.0)
    share = np.exp(np.maximum((answer.margin - np.repeat(top, runs, axis=0)) / heat, -60.0))
    share *= useful
    # Not to deliver at all is one more path, of margin zero. Where only useless paths are good,
    # what is left of the others is next to nothing; the floor keeps it so.
    total = np.add.reduceat(share, structure.path_head, axis=0) + np.exp(-top / heat)
    wanted = relay.demand_kbit[structure.path_owner] / np.maximum(total, 1e-12)
    flow: Floats = share * np.repeat(wanted, runs, axis=0)
    return flow
