"""How long the key of each pair lasts: deliveries of a plan against what is used.

The rules it keeps:

1. A relay delivers when the last contact that it spends from has ended, of its own night or of
   those before; over fibre alone, or from stock, at the beginning of its night.
2. Key is used evenly, as many bits a day as the demand says, and never below nothing: what is
   missing then is starvation, and it is not made up for later.
3. Without a known level a pair begins with nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from groundstation.network import Demand, Network
from groundstation.plan.block_records import ready_at
from groundstation.plan.records import Contact, Plan, Relay

_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class PairOutlook:
    """Level of one pair over the horizon.

    Parameters
    ----------
    demand : its name
    level_bits : instants and levels between which the level is a straight line; two levels at one
        instant are a delivery
    starves_at : first instant without key; None if there is none
    starved_s : time without key
    """

    demand: str
    level_bits: tuple[tuple[datetime, float], ...]
    starves_at: datetime | None
    starved_s: float


def pair_outlook(
    plan: Plan, network: Network, start: datetime, stop: datetime
) -> tuple[PairOutlook, ...]:
    """The level of every pair between two instants, from what the plan says that it holds."""
    held = {d.demand: d.held_bits or 0 for d in plan.deliveries}
    return tuple(
        _outlook(demand, _arrivals(plan, demand, start), start, stop, held.get(demand.name, 0))
        for demand in network.demands
    )


def _arrivals(plan: Plan, demand: Demand, start: datetime) -> list[tuple[datetime, int]]:
    """When how many bits come, in order."""
    return sorted(
        (_ready(plan, relay, start), relay.bits)
        for relay in plan.carried
        if relay.demand == demand.name
    )


def _ready(plan: Plan, relay: Relay, start: datetime) -> datetime:
    ends = {(hop.satellite, end) for hop in relay.hops if hop.satellite for end in (hop.a, hop.b)}
    until = start + (relay.night + 1) * timedelta(days=1)
    there = ready_at(plan)
    used = [
        there[contact.pass_id]
        for contact in plan.contacts
        if (contact.satellite, contact.station) in ends
        and _counts_in(
            contact, there[contact.pass_id], until, is_last=relay.night + 1 >= plan.nights
        )
    ]
    return max([start + relay.night * timedelta(days=1), *used])


def _counts_in(contact: Contact, there: datetime, until: datetime, *, is_last: bool) -> bool:
    """Whether key of a contact counts before a night ends; what ends behind the last one does."""
    return there < until or (is_last and contact.announced is None)


def _outlook(
    demand: Demand,
    arrivals: list[tuple[datetime, int]],
    start: datetime,
    stop: datetime,
    held_bits: int,
) -> PairOutlook:
    rate = demand.bits_per_day / _SECONDS_PER_DAY
    level, at = float(held_bits), start
    series = [(start, level)]
    starves_at, starved_s = None, 0.0
    for when, bits in [*((w, b) for w, b in arrivals if w < stop), (stop, 0)]:
        gone_s = (when - at).total_seconds()
        lasts_s = level / rate if rate else gone_s
        if lasts_s < gone_s:
            empty = at + timedelta(seconds=lasts_s)
            series.append((empty, 0.0))
            starves_at = starves_at or empty
            starved_s += gone_s - lasts_s
        level = max(0.0, level - rate * gone_s)
        series.append((when, level))
        if bits:
            level += bits
            series.append((when, level))
        at = when
    return PairOutlook(demand.name, tuple(series), starves_at, starved_s)
