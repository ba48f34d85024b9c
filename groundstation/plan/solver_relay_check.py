"""Deliveries of a result of the exchange format, checked as by hand: the relay's half of a referee.

It shares no code with the solver. What it checks: every delivery joins the two ends of its demand
over one satellite, with at most one fibre at each end; demands, fibres and pools keep their limits
in every period.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundstation.plan.pool_check import Batch, play_pool

# Sums of thousands of deliveries in binary fractions; a bit is a thousand times more.
_TOLERANCE_KBIT = 1e-6

# Key of each satellite at each station.
Pools = Mapping[tuple[int, int], Sequence[Batch]]


def relay_faults(
    instance: Mapping[str, Any], batches: Pools, deliveries: Sequence[Sequence[Any]]
) -> Iterator[str]:
    """Ends, demands, fibres and pools, period by period.

    Parameters
    ----------
    batches : key of each pool
    """
    periods = _periods(instance)
    given: dict[tuple[int, int], float] = defaultdict(float)
    carried: dict[tuple[frozenset[int], int], float] = defaultdict(float)
    for row in deliveries:
        k, period, _, end_a, end_b, kbit = row
        if not 0 <= k < len(instance.get("demand", [])) or not 0 <= period < periods:
            yield f"delivery {list(row)}: no such demand or period"
            continue
        if not kbit > 0.0 or end_a == end_b:
            yield f"delivery {list(row)}: nothing, or from a station to itself"
        for place, end in zip(instance["demand"][k][:2], (end_a, end_b), strict=True):
            if end != place:
                carried[frozenset((place, end)), period] += kbit
        given[k, period] += kbit
    for (k, period), kbit in sorted(given.items()):
        if kbit > instance["demand"][k][2] / 1e3 + _TOLERANCE_KBIT:
            yield f"demand {k} gets {kbit:.6f} kbit in period {period}, more than it wants"
    yield from _fibre_faults(instance, carried)
    yield from _pool_faults(instance, batches, deliveries)


def _pool_faults(
    instance: Mapping[str, Any], batches: Pools, deliveries: Sequence[Sequence[Any]]
) -> Iterator[str]:
    for (satellite, station), by_period in sorted(_spent(instance, deliveries).items()):
        missing, _ = play_pool(batches.get((satellite, station), ()), by_period)
        for period, kbit in enumerate(missing):
            if kbit > _TOLERANCE_KBIT:
                yield f"pool ({satellite}, {station}) is {kbit:.6f} kbit short in {period}"


def _periods(instance: Mapping[str, Any]) -> int:
    periods: int = math.ceil(instance["horizon_s"] / instance["period_s"])
    return periods


def _spent(
    instance: Mapping[str, Any], deliveries: Sequence[Sequence[Any]]
) -> dict[tuple[int, int], list[float]]:
    """What deliveries take from each pool in each period."""
    periods = _periods(instance)
    spent: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0] * periods)
    for _, period, satellite, end_a, end_b, kbit in deliveries:
        if 0 <= period < periods:
            spent[satellite, end_a][period] += kbit
            spent[satellite, end_b][period] += kbit
    return spent


def _fibre_faults(
    instance: Mapping[str, Any], carried: Mapping[tuple[frozenset[int], int], float]
) -> Iterator[str]:
    fibre: dict[frozenset[int], float] = defaultdict(float)
    for a, b, bits in instance.get("fibre", []):
        fibre[frozenset((a, b))] += bits / 1e3
    for (ends, period), kbit in carried.items():
        if kbit > fibre.get(ends, 0.0) + _TOLERANCE_KBIT:
            yield f"fibre {sorted(ends)} carries {kbit:.6f} kbit in period {period}"


def relay_value(
    instance: Mapping[str, Any], batches: Pools, deliveries: Sequence[Sequence[Any]]
) -> float:
    """What deliveries and the key that is left in the end are worth."""
    spent, none = _spent(instance, deliveries), [0.0] * _periods(instance)
    left = math.fsum(play_pool(own, spent.get(pool, none))[1] for pool, own in batches.items())
    weights = [demand[3] for demand in instance.get("demand", [])]
    worth = math.fsum(weights[row[0]] * row[5] for row in deliveries if 0 <= row[0] < len(weights))
    terminal = float(instance.get("terminal_weight_per_kbit", 0.0))
    return float(worth) + terminal * left
