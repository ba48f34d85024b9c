"""An independent referee for results of the exchange format `satqkd-sched/1`.

It shares no code with the solver: it reads the two JSON documents itself and goes through them
with plain Python, contact by contact and bit by bit. What it checks:

1. Every contact is an offered window of a pass of the instance, taken once.
2. No satellite serves two stations at once, no station more satellites than it has telescopes,
   set-up times included.
3. Crew nights, contacts a night, duty per orbit and memory keep their limits.
4. Every delivery joins the two ends of its demand over one satellite, with at most one fibre at
   each end; no pool, fibre or demand is overdrawn in any period.
5. The value is what contacts and deliveries are worth, and not above the bound.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Sums of thousands of deliveries in binary fractions; a bit is a thousand times more.
_TOLERANCE_KBIT = 1e-6
_ORBIT_S = 5_700
_DAY_S = 86_400
_RELATIVE_VALUE = 1e-9


@dataclass(frozen=True, slots=True)
class _Taken:
    """One contact of the result as the referee sees it."""

    satellite: int
    station: int
    start: float
    stop: float
    bits: int
    night: int


def check_result(instance: Mapping[str, Any], result: Mapping[str, Any], problem: str) -> list[str]:
    """Every violation as one sentence; an empty list means that the result holds.

    Parameters
    ----------
    instance, result : parsed documents of the exchange format
    problem : "contacts" or "relay"
    """
    faults: list[str] = []
    contacts = []
    seen = set()
    for entry in result["contacts"]:
        taken = _window(instance, entry)
        if isinstance(taken, str):
            faults.append(taken)
            continue
        if tuple(entry) in seen:
            faults.append(f"contact {list(entry)} is taken twice")
        seen.add(tuple(entry))
        contacts.append(taken)
    faults += _overlaps(instance, contacts)
    faults += _limit_faults(instance, contacts)
    if problem == "relay":
        faults += _relay_faults(instance, contacts, result["deliveries"])
        value = _relay_value(instance, contacts, result["deliveries"])
    else:
        value = float(sum(c.bits for c in contacts))
        if result.get("deliveries"):
            faults.append("the problem is contacts, but there are deliveries")
    slack = _RELATIVE_VALUE * max(1.0, abs(value)) + _TOLERANCE_KBIT
    if abs(value - result["value"]) > slack:
        faults.append(f"the result is worth {value:.6f}, not {result['value']:.6f}")
    bound = result["bound"]
    if bound is None or not result["value"] <= bound + slack:
        faults.append(f"value {result['value']} is above the bound {bound}")
    return faults


def _window(instance: Mapping[str, Any], entry: Sequence[int]) -> _Taken | str:
    index, cut = entry
    if not 0 <= index < len(instance["passes"]) or not 0 <= cut < len(instance["windows"]):
        return f"contact {list(entry)} does not exist"
    satellite, station, start, duration, sifted = instance["passes"][index]
    u1, u2 = instance["windows"][cut]
    counts = sifted * ((3 * u2**2 - 2 * u2**3) - (3 * u1**2 - 2 * u1**3))
    key = instance["alpha"] * counts - instance["beta"] * math.sqrt(counts)
    bits = math.floor(max(0.0, key) + 1e-9)
    if bits <= 0:
        return f"contact {list(entry)} brings no key"
    night = math.floor((start + _DAY_S // 2) / _DAY_S)
    clear = instance.get("clear_prob")
    if clear is not None:
        bits = math.floor(bits * clear[night][station] + 1e-9)
    # Python rounds half to even, as the format asks.
    begin, end = start + round(u1 * duration), start + round(u2 * duration)
    return _Taken(int(satellite), int(station), begin, end, bits, night)


def _overlaps(instance: Mapping[str, Any], contacts: Sequence[_Taken]) -> Iterator[str]:
    by_satellite: dict[int, list[_Taken]] = defaultdict(list)
    by_station: dict[int, list[_Taken]] = defaultdict(list)
    for contact in contacts:
        by_satellite[contact.satellite].append(contact)
        by_station[contact.station].append(contact)
    for satellite, own in sorted(by_satellite.items()):
        if _most_at_once(own, instance["setup_sat_s"]) > 1:
            yield f"satellite {satellite} serves two stations at once"
    for station, own in sorted(by_station.items()):
        at_once, telescopes = (
            _most_at_once(own, instance["setup_station_s"]),
            instance["stations"][station][3],
        )
        if at_once > telescopes:
            yield f"station {station} needs {at_once} telescopes and has {telescopes}"


def _most_at_once(contacts: Sequence[_Taken], setup_s: float) -> int:
    events = [(c.start, 1) for c in contacts] + [(c.stop + setup_s, -1) for c in contacts]
    # At the same instant what ends goes first: intervals are half open.
    most = now = 0
    for _, change in sorted(events):
        now += change
        most = max(most, now)
    return most


def _limit_faults(instance: Mapping[str, Any], contacts: Sequence[_Taken]) -> Iterator[str]:
    limits = instance.get("limits") or {}
    nights: dict[int, set[int]] = defaultdict(set)
    for c in contacts:
        nights[c.station].add(c.night)
    for station, worked in sorted(nights.items()):
        if limits.get("operator_nights") and len(worked) > limits["operator_nights"]:
            yield f"station {station} works {len(worked)} nights"
    yield from _count_faults(contacts, limits.get("max_contacts_night"))
    yield from _duty_faults(contacts, limits.get("duty_s_per_orbit"))
    if limits.get("memory_kbit"):
        yield from _memory_faults(instance, contacts, limits)


def _count_faults(contacts: Sequence[_Taken], most: int | None) -> Iterator[str]:
    count: dict[tuple[int, int], int] = defaultdict(int)
    for c in contacts:
        count[c.station, c.night] += 1
    for (station, night), number in sorted(count.items()):
        if most and number > most:
            yield f"station {station} has {number} contacts in night {night}"


def _duty_faults(contacts: Sequence[_Taken], longest_s: float | None) -> Iterator[str]:
    duty: dict[tuple[int, int], float] = defaultdict(float)
    for c in contacts:
        duty[c.satellite, math.floor(c.start / _ORBIT_S)] += c.stop - c.start
    for (satellite, orbit), seconds in sorted(duty.items()):
        if longest_s and seconds > longest_s:
            yield f"satellite {satellite} works {seconds:g} s in orbit {orbit}"


def _memory_faults(
    instance: Mapping[str, Any], contacts: Sequence[_Taken], limits: Mapping[str, Any]
) -> Iterator[str]:
    """Key between two passes over radio stations, whatever the weather there."""
    radio = limits.get("rf_stations") or 0
    dumps: dict[int, list[float]] = defaultdict(list)
    for satellite, station, start, duration, _ in instance["passes"]:
        if station < radio:
            dumps[satellite].append(start + duration)
    held: dict[tuple[int, int], int] = defaultdict(int)
    for c in contacts:
        held[c.satellite, sum(dump <= c.start for dump in dumps[c.satellite])] += c.bits
    for (satellite, _), bits in sorted(held.items()):
        if bits > 1_000 * limits["memory_kbit"]:
            yield f"satellite {satellite} holds {bits} bits at once"


def _relay_faults(
    instance: Mapping[str, Any], contacts: Sequence[_Taken], deliveries: Sequence[Sequence[Any]]
) -> Iterator[str]:
    """Ends, demands, fibres and pools, period by period."""
    periods = math.ceil(instance["horizon_s"] / instance["period_s"])
    given: dict[tuple[int, int], float] = defaultdict(float)
    carried: dict[tuple[frozenset[int], int], float] = defaultdict(float)
    spent: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0] * periods)
    for row in deliveries:
        k, period, satellite, end_a, end_b, kbit = row
        if not 0 <= k < len(instance.get("demand", [])) or not 0 <= period < periods:
            yield f"delivery {list(row)}: no such demand or period"
            continue
        if not kbit > 0.0 or end_a == end_b:
            yield f"delivery {list(row)}: nothing, or from a station to itself"
        for place, end in zip(instance["demand"][k][:2], (end_a, end_b), strict=True):
            if end != place:
                carried[frozenset((place, end)), period] += kbit
            spent[satellite, end][period] += kbit
        given[k, period] += kbit
    for (k, period), kbit in sorted(given.items()):
        if kbit > instance["demand"][k][2] / 1e3 + _TOLERANCE_KBIT:
            yield f"demand {k} gets {kbit:.6f} kbit in period {period}, more than it wants"
    yield from _fibre_faults(instance, carried)
    yield from _pool_faults(instance, contacts, spent, periods)


def _fibre_faults(
    instance: Mapping[str, Any], carried: Mapping[tuple[frozenset[int], int], float]
) -> Iterator[str]:
    fibre: dict[frozenset[int], float] = defaultdict(float)
    for a, b, bits in instance.get("fibre", []):
        fibre[frozenset((a, b))] += bits / 1e3
    for (ends, period), kbit in carried.items():
        if kbit > fibre.get(ends, 0.0) + _TOLERANCE_KBIT:
            yield f"fibre {sorted(ends)} carries {kbit:.6f} kbit in period {period}"


def _pool_faults(
    instance: Mapping[str, Any],
    contacts: Sequence[_Taken],
    spent: Mapping[tuple[int, int], Sequence[float]],
    periods: int,
) -> Iterator[str]:
    for (satellite, station), by_period in sorted(spent.items()):
        level = sum(
            bits / 1e3 for s, g, bits in instance.get("pool0", []) if (s, g) == (satellite, station)
        )
        for period in range(periods):
            level += sum(
                c.bits / 1e3
                for c in contacts
                if (c.satellite, c.station) == (satellite, station)
                and max(0, math.floor((c.stop - 1) / instance["period_s"])) == period
            )
            level -= by_period[period]
            if level < -_TOLERANCE_KBIT:
                yield f"pool ({satellite}, {station}) is {-level:.6f} kbit short in {period}"


def _relay_value(
    instance: Mapping[str, Any], contacts: Sequence[_Taken], deliveries: Sequence[Sequence[Any]]
) -> float:
    left = math.fsum(bits / 1e3 for *_, bits in instance.get("pool0", []))
    left += math.fsum(c.bits / 1e3 for c in contacts)
    left -= 2.0 * math.fsum(row[5] for row in deliveries)
    weights = [demand[3] for demand in instance.get("demand", [])]
    worth = math.fsum(weights[row[0]] * row[5] for row in deliveries if 0 <= row[0] < len(weights))
    terminal = float(instance.get("terminal_weight_per_kbit", 0.0))
    return float(worth) + terminal * left
