"""The referee's look at limits of contacts; it shares no code with the planner.

1. At no instant are more contacts at a station than it has telescopes, set-up included.
2. No station has more contacts in a night, or works more nights of a week, than it may.
3. No satellite is in contact for longer in any stretch of one orbital period, or keeps more key
   than its memory holds; key leaves it when it is announced, or after an orbital period where that
   is at once.
4. No contact lies in a span in which somebody else uses the satellite.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import degrees

from groundstation.network import Network, Satellite, Station
from groundstation.plan.records import Contact, Plan

# A solver keeps a row to a millionth.
SHARE_TOLERANCE = 1e-5
# Orbital periods of different programs differ by less.
PERIOD_TOLERANCE_S = 0.01
# Without a period no orbit is shorter than this that stays below 2,000 km.
UNKNOWN_PERIOD_S = 7_632.0


def limit_faults(
    plan: Plan,
    network: Network,
    orbit_s: Mapping[str, float],
    worked: Mapping[str, Collection[date]],
    announced: Mapping[str, datetime | None],
) -> Iterator[str]:
    """Every limit that the contacts of a plan exceed, as a sentence.

    Parameters
    ----------
    orbit_s : orbital period of each satellite, by name [s]
    worked : evenings before the plan in which each station was used, by name
    announced : when the key of contacts is announced and leaves the memory, by pass id; None for
        not yet, contacts of satellites that announce at once are left out
    """
    at_station: dict[str, list[Contact]] = defaultdict(list)
    of_satellite: dict[str, list[Contact]] = defaultdict(list)
    for contact in sorted(plan.contacts, key=lambda c: (c.start, c.pass_id)):
        at_station[contact.station].append(contact)
        of_satellite[contact.satellite].append(contact)
    for station in network.stations:
        own = at_station[station.name]
        yield from _telescope_faults(station, own)
        yield from _night_faults(station, own, worked.get(station.name, ()))
    for satellite in network.satellites:
        period_s = orbit_s.get(satellite.name, UNKNOWN_PERIOD_S)
        yield from _orbit_faults(satellite, of_satellite[satellite.name], period_s)
        yield from _memory_faults(satellite, of_satellite[satellite.name], period_s, announced)
        yield from _use_faults(satellite, of_satellite[satellite.name])


def _telescope_faults(station: Station, contacts: Sequence[Contact]) -> Iterator[str]:
    """Counted at the beginning of every contact: only there can it become too many."""
    setup = timedelta(seconds=station.setup_s)
    for number, contact in enumerate(contacts):
        busy = [c for c in contacts[:number] if c.stop + setup > contact.start]
        if len(busy) >= station.limits.telescopes:
            names = " and ".join([*(c.satellite for c in busy), contact.satellite])
            yield f"{station.name} receives {names} at once"


def _night_faults(
    station: Station, contacts: Sequence[Contact], worked: Collection[date]
) -> Iterator[str]:
    limits = station.limits
    count: dict[date, int] = defaultdict(int)
    for contact in contacts:
        count[_evening(contact.start, station)] += 1
    most = limits.max_contacts_per_night
    for evening, made in sorted(count.items()):
        if most is not None and made > most:
            yield f"{station.name} has {made} contacts in the night of {evening}, not {most}"
    if limits.crew_nights_per_week is None:
        return
    # The calendar's own weeks, Monday to Sunday (ISO 8601).
    weeks: dict[tuple[int, int], set[date]] = defaultdict(set)
    for evening in {*count, *worked}:
        weeks[evening.isocalendar()[:2]].add(evening)
    used = {evening.isocalendar()[:2] for evening in count}
    for week in sorted(used):
        if len(weeks[week]) > limits.crew_nights_per_week:
            yield (
                f"{station.name} is worked in {len(weeks[week])} nights of week {week[1]}, "
                f"its crew in {limits.crew_nights_per_week}"
            )


def _evening(instant: datetime, station: Station) -> date:
    """Date of the last local mean noon."""
    hours = instant.astimezone(UTC).timestamp() / 3_600.0
    days = (hours + degrees(station.site.longitude_rad) / 15.0 - 12.0) / 24.0
    return date(1970, 1, 1) + timedelta(days=int(days // 1.0))


def _orbit_faults(
    satellite: Satellite, contacts: Sequence[Contact], period_s: float
) -> Iterator[str]:
    limits = satellite.limits
    for number, first in enumerate(contacts):
        near = [
            c
            for c in contacts[number:]
            if (c.start - first.start).total_seconds() < period_s - PERIOD_TOLERANCE_S
        ]
        seconds = sum((c.stop - c.start).total_seconds() for c in near)
        most_s = limits.max_contact_s_per_orbit
        if most_s is not None and seconds > most_s * (1.0 + SHARE_TOLERANCE):
            yield (
                f"{satellite.name} is in contact for {seconds:.1f} s of the orbit from "
                f"{first.start:%H:%M}Z, not {most_s:g}"
            )


def _memory_faults(
    satellite: Satellite,
    contacts: Sequence[Contact],
    period_s: float,
    announced: Mapping[str, datetime | None],
) -> Iterator[str]:
    """What the memory holds when each contact has begun: key that no radio contact has freed."""
    memory = satellite.limits.key_memory_bits
    if memory is None:
        return
    orbit = timedelta(seconds=period_s - PERIOD_TOLERANCE_S)
    for number, last in enumerate(contacts):
        bits = 0
        for contact in contacts[: number + 1]:
            freed = announced.get(contact.pass_id, contact.start + orbit)
            bits += contact.key_bits if freed is None or freed > last.start else 0
        if bits > memory * (1.0 + SHARE_TOLERANCE):
            yield (
                f"{satellite.name} keeps {bits} bits at {last.start:%H:%M}Z, its memory holds "
                f"{memory:g}"
            )


def _use_faults(satellite: Satellite, contacts: Sequence[Contact]) -> Iterator[str]:
    for contact in contacts:
        for start, stop in contact.windows:
            for use in satellite.unavailable:
                if start < use.stop and use.start < stop:
                    yield f"{contact.pass_id}: {satellite.name} is used by {use.reason}"
