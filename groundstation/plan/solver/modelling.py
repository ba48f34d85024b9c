"""From an instance of the exchange format to the model that the solver decides."""

from collections import defaultdict
from enum import StrEnum

import numpy as np
from scipy.sparse import csr_array

from groundstation.plan.solver.instance import Instance, Offer, night_of, offered_windows
from groundstation.plan.solver.model import (
    Floats,
    Ints,
    Limits,
    Model,
    Relay,
    Windows,
    no_relay,
)

ORBIT_S = 5_700.0
_BITS_PER_KBIT = 1_000.0


class Goal(StrEnum):
    """What is maximised: key collected [bits], or key delivered [weighted kbit]."""

    CONTACTS = "contacts"
    RELAY = "relay"


def model_of(instance: Instance, goal: Goal) -> tuple[Model, Offer]:
    """The model, with the offer that says which pass and cut each of its windows is."""
    offer = offered_windows(instance)
    joint = goal is Goal.RELAY
    pools = _pool_numbers(instance, offer)
    relay = _relay(instance, pools) if joint else no_relay()
    windows = _windows(instance, offer, pools if joint else None)
    none = np.zeros(windows.count, dtype=bool)
    return Model(windows, _limits(instance, windows), relay, none, none.copy()), offer


def _windows(instance: Instance, offer: Offer, pools: Ints | None) -> Windows:
    passes = np.array(instance.passes).reshape(-1, 5)[offer.pass_index]
    satellite, station = passes[:, 0].astype(np.int64), passes[:, 1].astype(np.int64)
    count = len(satellite)
    period = np.floor((offer.stop_s - 1.0) / instance.period_s).astype(np.int64)
    return Windows(
        satellite=satellite,
        station=station,
        start_s=offer.start_s,
        stop_s=offer.stop_s,
        satellite_until_s=offer.stop_s + instance.setup_satellite_s,
        station_until_s=offer.stop_s + instance.setup_station_s,
        worth=offer.value_bits if pools is None else np.zeros(count),
        key_kbit=np.zeros(count) if pools is None else offer.value_bits / _BITS_PER_KBIT,
        pool=np.full(count, -1) if pools is None else pools[satellite, station],
        period=np.clip(period, 0, instance.periods),
        night=night_of(passes[:, 2]),
        pass_index=offer.pass_index,
    )


def _limits(instance: Instance, windows: Windows) -> Limits:
    limits = instance.limits
    stations = len(instance.telescopes)
    nights = -1 if limits.operator_nights is None else limits.operator_nights
    one = np.ones(windows.count)
    rows: list[tuple[Ints, Floats, float]] = []
    if limits.max_contacts_night is not None:
        rows.append((_numbers(windows.station, windows.night), one, limits.max_contacts_night))
    if limits.duty_s_per_orbit is not None:
        orbit = np.floor(windows.start_s / ORBIT_S).astype(np.int64)
        duration = windows.stop_s - windows.start_s
        rows.append((_numbers(windows.satellite, orbit), duration, limits.duty_s_per_orbit))
    if limits.memory_kbit is not None:
        key = offered_windows(instance).value_bits / _BITS_PER_KBIT
        rows.append((_memory_segments(instance, windows), key, limits.memory_kbit))
    use, capacity = _capacity_rows(rows, windows.count)
    return Limits(
        np.array(instance.telescopes, dtype=np.int64), np.full(stations, nights), use, capacity
    )


def _numbers(first: Ints, second: Ints) -> Ints:
    """One number for each pair that occurs."""
    pairs = np.stack([first, second], axis=1)
    numbers: Ints = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers


def _memory_segments(instance: Instance, windows: Windows) -> Ints:
    """Number of the stretch between two radio contacts of its satellite that a window lies in."""
    segment = np.zeros(windows.count, np.int64)
    for satellite in range(instance.satellites):
        ends = sorted(
            start + duration
            for s, g, start, duration, _ in instance.passes
            if s == satellite and g < instance.limits.rf_stations
        )
        own = windows.satellite == satellite
        segment[own] = np.searchsorted(ends, windows.start_s[own], "right")
    return _numbers(windows.satellite, segment)


def _capacity_rows(
    rows: list[tuple[Ints, Floats, float]], windows: int
) -> tuple[csr_array, Floats]:
    """Rows of all families below each other, without those that can never bind."""
    row_of, column, use, capacity, count = [], [], [], [], 0
    for number, amount, limit in rows:
        total = np.bincount(number, amount)
        binds = total > limit
        place = np.cumsum(binds) - 1 + count
        kept = np.flatnonzero(binds[number])
        row_of.append(place[number[kept]])
        column.append(kept)
        use.append(amount[kept])
        capacity.append(np.full(int(binds.sum()), float(limit)))
        count += int(binds.sum())
    if not count:
        return csr_array((0, windows)), np.zeros(0)
    entries = (np.concatenate(use), (np.concatenate(row_of), np.concatenate(column)))
    return csr_array(entries, shape=(count, windows)), np.concatenate(capacity)


def _pool_numbers(instance: Instance, offer: Offer) -> Ints:
    """Number of the pool of each satellite and station that can hold key, else -1."""
    numbers = np.full((instance.satellites, len(instance.telescopes)), -1, np.int64)
    can_hold = np.zeros(numbers.shape, dtype=bool)
    passes = np.array(instance.passes).reshape(-1, 5)[offer.pass_index]
    can_hold[passes[:, 0].astype(np.int64), passes[:, 1].astype(np.int64)] = True
    for satellite, station, bits in instance.stocks:
        can_hold[satellite, station] |= bits > 0.0
    numbers[can_hold] = np.arange(can_hold.sum())
    return numbers


def _relay(instance: Instance, pools: Ints) -> Relay:
    stock = np.zeros(int(pools.max(initial=-1)) + 1)
    for satellite, station, bits in instance.stocks:
        if bits > 0.0:
            stock[pools[satellite, station]] += bits / _BITS_PER_KBIT
    fibre_number: dict[tuple[int, int], int] = {}
    fibre: list[float] = []
    for a, b, bits in instance.fibres:
        number = fibre_number.setdefault((min(a, b), max(a, b)), len(fibre_number))
        if number == len(fibre):
            fibre.append(0.0)
        fibre[number] += bits / _BITS_PER_KBIT
    owner, ends, pool_use, fibre_use = _paths(instance, pools, fibre_number)
    wanted = np.array([bits / _BITS_PER_KBIT for _, _, bits, _ in instance.demands])
    weight = np.array([weight for *_, weight in instance.demands])
    return Relay(
        stock_kbit=stock,
        pool_satellite=np.nonzero(pools >= 0)[0],
        terminal_per_kbit=np.full(len(stock), instance.terminal_per_kbit),
        fibre_kbit=np.repeat(np.array(fibre)[:, None], instance.periods, axis=1),
        demand_kbit=np.repeat(wanted.reshape(-1, 1), instance.periods, axis=1),
        weight_per_kbit=np.repeat(weight.reshape(-1, 1), instance.periods, axis=1),
        path_demand=owner,
        path_ends=ends,
        path_cost_per_kbit=np.zeros(len(owner)),
        pool_use=_use_matrix(pool_use, len(stock)),
        fibre_use=_use_matrix(fibre_use, len(fibre)),
    )


def _paths(
    instance: Instance, pools: Ints, fibre_number: dict[tuple[int, int], int]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Demand, two ends, two pools, up to two fibres (-1 for none) of every path."""
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (a, b), number in fibre_number.items():
        if a != b:
            near[a].append((b, number))
            near[b].append((a, number))
    owner, ends, pool_use, fibre_use = [], [], [], []
    for k, (a, b, _, _) in enumerate(instance.demands):
        for end_a, fibre_a in [(a, -1), *sorted(near[a])]:
            for end_b, fibre_b in [(b, -1), *sorted(near[b])]:
                if end_a == end_b:
                    continue
                both = np.flatnonzero((pools[:, end_a] >= 0) & (pools[:, end_b] >= 0))
                owner.append(np.full(len(both), k))
                ends.append(np.tile([end_a, end_b], (len(both), 1)))
                pool_use.append(np.stack([pools[both, end_a], pools[both, end_b]], axis=1))
                fibre_use.append(np.tile([fibre_a, fibre_b], (len(both), 1)))
    if not owner:
        none = np.zeros((0, 2), np.int64)
        return np.zeros(0, np.int64), none, none.copy(), none.copy()
    return (
        np.concatenate(owner),
        np.concatenate(ends),
        np.concatenate(pool_use),
        np.concatenate(fibre_use),
    )


def _use_matrix(used: Ints, columns: int) -> csr_array:
    """How often each path uses each column, from a table of indices with -1 for none."""
    row, place = np.nonzero(used >= 0)
    entries = (np.ones(len(row)), (row, used[row, place]))
    return csr_array(entries, shape=(len(used), columns))
