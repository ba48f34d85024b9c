"""Limits of stations and satellites as rows of a model over the parts of passes on offer.

The rules it keeps:

1. What a satellite may do in an orbit it may do in every stretch as long as its orbital period, by
   the starts of its contacts: no choice of where an orbit begins lets it do more.
2. Memory on board is filled with the key of a clear sky, whatever the weather may leave of it. It
   is freed when the key is announced, and once an orbit where that is at once.
3. A station whose crew is limited stands in the model once for every week; where a contact of one
   week reaches into the next one, rows keep its telescopes apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from groundstation.network import Network
from groundstation.plan.limits import (
    LONGEST_ORBIT_S,
    ContactLimits,
    LimitKind,
    LimitRow,
    Roster,
    Usage,
    contact_s,
    evening_of,
    monday_of,
)
from groundstation.plan.records import Candidate
from groundstation.plan.solver.cliques import find_cliques
from groundstation.plan.solver.model import Floats, Ints, Limits
from groundstation.plan.windows import Offer

# Sums of the same seconds in another order must not differ from their limit.
_DUST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    """What some windows take of one row."""

    row: LimitRow
    windows: Ints
    amount: Floats


def contact_limits(
    network: Network, able: Sequence[Candidate], offers: Sequence[Offer], usage: Usage
) -> ContactLimits:
    """Every limit of the network over the parts on offer; what can never bind has no row.

    Parameters
    ----------
    able : passes that the offers are parts of
    """
    items = [able[offer.candidate] for offer in offers]
    evenings = _evenings(network, items, offers)
    rosters, station = _rosters(network, items, evenings, usage)
    first = min(evenings, default=date.min)
    telescopes = {s.name: s.limits.telescopes for s in network.stations}
    rows = [
        *_night_rows(network, items, evenings),
        *_orbit_rows(network, items, offers, usage),
        *_turn_rows(network, items, offers, station),
    ]
    binding = [use for use in rows if use.amount.sum() > use.row.most]
    limits = Limits(
        telescopes=np.array([telescopes[r.station] for r in rosters], dtype=np.int64),
        crew_nights=np.array([r.nights_left for r in rosters], dtype=np.int64),
        capacity_use=_matrix(binding, len(offers)),
        capacity=np.array([use.row.most * (1.0 + _DUST) for use in binding], dtype=np.float64),
    )
    return ContactLimits(
        limits,
        station,
        np.array([(evening - first).days for evening in evenings], dtype=np.int64),
        tuple(use.row for use in binding),
        rosters,
    )


def _evenings(network: Network, items: Sequence[Candidate], offers: Sequence[Offer]) -> list[date]:
    longitude = {s.name: s.site.longitude_rad for s in network.stations}
    return [
        evening_of(offer.windows[0][0], longitude[item.station])
        for item, offer in zip(items, offers, strict=True)
    ]


def _rosters(
    network: Network, items: Sequence[Candidate], evenings: Sequence[date], usage: Usage
) -> tuple[tuple[Roster, ...], Ints]:
    """Stations in the order of the network, then further weeks; and that of each window."""
    nights = {s.name: s.limits.crew_nights_per_week for s in network.stations}
    weeks: dict[str, set[date]] = {}
    for item, evening in zip(items, evenings, strict=True):
        if nights[item.station] is not None:
            weeks.setdefault(item.station, set()).add(monday_of(evening))
    made, later = [], []
    for name, most in nights.items():
        own = sorted(weeks.get(name, ()))
        if most is None or not own:
            made.append(Roster(name))
            continue
        worked = usage.worked.get(name, frozenset())
        rosters = [
            Roster(name, week, most, sum(monday_of(night) == week for night in worked))
            for week in own
        ]
        made.append(rosters[0])
        later += rosters[1:]
    found = (*made, *later)
    number = {(roster.station, roster.week): i for i, roster in enumerate(found)}
    station = [
        number[item.station, None if nights[item.station] is None else monday_of(evening)]
        for item, evening in zip(items, evenings, strict=True)
    ]
    return found, np.array(station, dtype=np.int64)


def _night_rows(
    network: Network, items: Sequence[Candidate], evenings: Sequence[date]
) -> Iterator[_Use]:
    for station in network.stations:
        most = station.limits.max_contacts_per_night
        if most is None:
            continue
        of_night: dict[date, list[int]] = {}
        for i, (item, evening) in enumerate(zip(items, evenings, strict=True)):
            if item.station == station.name:
                of_night.setdefault(evening, []).append(i)
        row = LimitRow(LimitKind.NIGHT_CONTACTS, station.name, float(most))
        for _, own in sorted(of_night.items()):
            yield _Use(row, np.array(own), np.ones(len(own)))


def _orbit_rows(
    network: Network, items: Sequence[Candidate], offers: Sequence[Offer], usage: Usage
) -> Iterator[_Use]:
    """Seconds and key of contacts that begin within an orbital period of each other."""
    # Exact to the microsecond, which seconds since 1970 are not.
    begins = np.array(
        [(offer.windows[0][0] - offers[0].windows[0][0]).total_seconds() for offer in offers]
    )
    seconds = np.array([contact_s(offer.windows) for offer in offers])
    key_kbit = np.array([offer.key_bits / 1e3 for offer in offers])
    for satellite in network.satellites:
        limits, memory = satellite.limits, satellite.limits.key_memory_bits
        kinds = (
            (LimitKind.ORBIT_SECONDS, seconds, limits.max_contact_s_per_orbit),
            (LimitKind.ORBIT_KEY, key_kbit, None if memory is None else np.floor(memory) / 1e3),
        )
        if all(most is None for _, _, most in kinds):
            continue
        own = np.flatnonzero([item.satellite == satellite.name for item in items])
        if not own.size:
            continue
        start, kept_until = begins[own], _kept_until(satellite.name, offers, own, usage)
        orbit_s = usage.orbit_s.get(satellite.name, LONGEST_ORBIT_S)
        for kind, amount, most in kinds:
            if most is None:
                continue
            until = start + orbit_s
            if kind is LimitKind.ORBIT_KEY and kept_until is not None:
                until = kept_until
            row = LimitRow(kind, satellite.name, float(most))
            yield from (_Use(row, own[part], amount[own[part]]) for part in _sharing(start, until))


def _kept_until(satellite: str, offers: Sequence[Offer], own: Ints, usage: Usage) -> Floats | None:
    """When key of parts leaves the memory [s after the first offer]; None for once an orbit."""
    if usage.announcements.is_at_once(satellite):
        return None
    zero = offers[0].windows[0][0]
    freed = [
        usage.announcements.announced_at(satellite, offers[int(i)].windows[-1][1]) for i in own
    ]
    return np.array([np.inf if at is None else (at - zero).total_seconds() for at in freed])


def _turn_rows(
    network: Network, items: Sequence[Candidate], offers: Sequence[Offer], roster: Ints
) -> Iterator[_Use]:
    """Telescopes of a station where contacts of two of its weeks share an instant."""
    for station in network.stations:
        if station.limits.crew_nights_per_week is None:
            continue
        own = np.flatnonzero([item.station == station.name for item in items])
        if len(np.unique(roster[own])) < 2:
            continue
        start = np.array([offers[int(i)].start_s for i in own])
        until = np.array([offers[int(i)].stop_s + station.setup_s for i in own])
        row = LimitRow(LimitKind.TELESCOPES, station.name, float(station.limits.telescopes))
        for part in _sharing(start, until):
            if len(np.unique(roster[own[part]])) > 1:
                yield _Use(row, own[part], np.ones(len(part)))


def _sharing(start: Floats, until: Floats) -> list[Ints]:
    """Members of every maximal set of spans [start, until) that share an instant."""
    matrix = find_cliques(np.zeros(len(start), np.int64), start, until).matrix()
    return [
        np.sort(matrix.indices[first:last]).astype(np.int64)
        for first, last in pairwise(matrix.indptr)
    ]


def _matrix(uses: Sequence[_Use], windows: int) -> csr_array:
    if not uses:
        return csr_array((0, windows))
    row = np.repeat(np.arange(len(uses)), [len(use.windows) for use in uses])
    column = np.concatenate([use.windows for use in uses])
    amount = np.concatenate([use.amount for use in uses])
    return csr_array((amount, (row, column)), shape=(len(uses), windows))
