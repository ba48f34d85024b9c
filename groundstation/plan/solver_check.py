"""An independent referee for results of the exchange format `satqkd-sched/1`.

It shares no code with the solver: it reads the two JSON documents itself and goes through them
with plain Python, contact by contact and bit by bit. What it checks:

1. Every contact is an offered window of a pass of the instance, taken once.
2. No satellite serves two stations at once, no station more satellites than it has telescopes,
   set-up times included.
3. Crew nights, contacts a night, duty per orbit and memory keep their limits.
4. Every delivery joins the two ends of its demand over one satellite, with at most one fibre at
   each end; no pool, fibre or demand is overdrawn in any period, and no key used that is too old.
5. The value is what contacts and deliveries are worth, and not above the bound.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundstation.plan.pool_check import Batch
from groundstation.plan.solver_relay_check import Pools, relay_faults, relay_value

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


@dataclass(frozen=True, slots=True)
class Ages:
    """How long key can be delivered, which the format does not say.

    Parameters
    ----------
    lifetime : periods, with that in which it enters its pool; infinite if it never gets too old
    stock_last : last period of each row of `pool0`; as if it entered in the first one without
    """

    lifetime: float = math.inf
    stock_last: Sequence[float] | None = None


def check_result(
    instance: Mapping[str, Any], result: Mapping[str, Any], problem: str, ages: Ages | None = None
) -> list[str]:
    """Every violation as one sentence; an empty list means that the result holds.

    Parameters
    ----------
    instance, result : parsed documents of the exchange format
    problem : "contacts" or "relay"
    ages : of key; none gets too old without
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
        batches = _batches(instance, contacts, ages or Ages())
        faults += relay_faults(instance, batches, result["deliveries"])
        value = relay_value(instance, batches, result["deliveries"])
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


def _batches(instance: Mapping[str, Any], contacts: Sequence[_Taken], ages: Ages) -> Pools:
    """Key of every pool: stock, and what each contact brings in the period of its end."""
    found: dict[tuple[int, int], list[Batch]] = defaultdict(list)
    stock = instance.get("pool0", [])
    lasts = [ages.lifetime - 1.0] * len(stock) if ages.stock_last is None else ages.stock_last
    for (satellite, station, bits), last in zip(stock, lasts, strict=True):
        found[satellite, station].append(Batch(0, last, bits / 1e3))
    for c in contacts:
        period = max(0, math.floor((c.stop - 1) / instance["period_s"]))
        batch = Batch(period, period + ages.lifetime - 1.0, c.bits / 1e3)
        found[c.satellite, c.station].append(batch)
    return found
