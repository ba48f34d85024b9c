"""An independent referee: whether a plan can be carried out and is worth what it says.

It shares no code with the planner. Positions of satellites and of the Sun come from skyfield, not
from our own search, so that a mistake there is not made twice. What it checks:

1. Every contact is a pass of the night, taken once, with no more key than the forecast of its own
   windows, counted second by second; where weather is known it counts on no more than its chance.
2. No satellite serves two stations at once and no station receives more satellites at once than
   it has telescopes, set-up times included; no limit of a night, a week or an orbit is exceeded.
3. No window of a contact lies below the elevation limit or the horizon mask, in twilight above
   the station's limit, outside the shifts, inside maintenance, beyond the largest range, or where
   the mount cannot follow.
4. Every relay is a chain of trusted nodes between the two nodes of its demand within the hop
   limits, or as many chains without a common node as its demand wants shares; what relays take
   from a pool or a fibre is no more than contacts and fibres bring.
5. No demand gets more than it wants in any night; deliveries are what the relays carry. Of several
   nights each has fibres and demands of its own, and relays spend what contacts of that night or
   of those before have brought. Relays beyond the plan's nights count for its value only.
6. The value is what it is said to be, and not above its bound.
7. Every pass of the night is either a contact or rejected with a reason, once.
8. Blocks over several contacts are what `block_check` allows.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from groundstation.network import Demand, Network
from groundstation.plan.block_check import BlockBits, block_faults
from groundstation.plan.limits_check import limit_faults
from groundstation.plan.radio_check import announced_keys
from groundstation.plan.records import Plan
from groundstation.plan.relay_check import delivery_faults, played_pools, relay_faults
from groundstation.plan.sky_check import sky_faults
from groundstation.plan_policy import PlanGoal

VALUE_TOLERANCE_KBIT = 1e-3
# Sums of moments in another order may round another way.
KEY_TOLERANCE_BITS = 1


def check_plan(
    plan: Plan,
    network: Network,
    orbits: Mapping[str, tuple[str, str]],
    key_bits: Mapping[str, int],
    nights: int = 1,
    *,
    start: datetime | None = None,
    contact_bits: Mapping[str, int] | None = None,
    block_bits: Mapping[str, BlockBits] | None = None,
    chance: Mapping[str, float] | None = None,
    stocks: Mapping[tuple[str, str], int] | None = None,
    lacking_bits: Mapping[str, float] | None = None,
    held_bits: Mapping[str, float] | None = None,
    previous: Collection[str] | None = None,
    orbit_s: Mapping[str, float] | None = None,
    worked: Mapping[str, Collection[date]] | None = None,
    announced: Mapping[str, datetime | None] | None = None,
) -> list[str]:
    """Every violation as one sentence; an empty list means that the plan holds.

    Parameters
    ----------
    orbits : the two lines of each satellite's element set, by its name, as the plan used them
    key_bits : whole secret bits that each pass of the night would bring, by pass id
    nights : that the plan covers
    start : first instant of the first night; noon UTC of its date without it
    contact_bits : whole secret bits of each contact's windows, by pass id; without it only whole
        passes are accepted
    block_bits : key of the contacts of each block together, by its name; without it only contacts
        that are blocks of their own are accepted
    chance : of a clear sky, by pass id; a pass without one counts as clear
    stocks : key that pools hold already, by satellite and station; nothing without
    lacking_bits : what the reserve of a demand lacks, by demand; nothing without
    held_bits : that pairs share already, by demand; nothing without
    previous : passes that the plan before takes
    orbit_s : orbital period of each satellite [s]; one that limits count with without
    worked : evenings before the plan in which each station was used; none without
    announced : when the key of contacts is announced, by pass id; found from `orbits` without, and
        nothing of a satellite whose radio contacts are not known is
    """
    lacking = lacking_bits or {}
    begin = start or datetime.fromisoformat(plan.night).replace(hour=12, tzinfo=UTC)
    if announced is None:
        announced = announced_keys(plan, network, orbits, begin + timedelta(days=nights))
    return [
        *_contact_faults(plan, network, key_bits),
        *_key_faults(plan, key_bits, contact_bits, chance or {}),
        *block_faults(plan, network, contact_bits, block_bits),
        *_overlaps(plan, network),
        *limit_faults(plan, network, orbit_s or {}, worked or {}, announced),
        *_announcement_faults(plan, announced),
        *relay_faults(plan, network, nights, stocks or {}, begin, announced),
        *delivery_faults(plan, network, nights, lacking),
        *_value_faults(plan, network, set(key_bits), previous, held_bits or {}, begin, announced),
        *(text for texts in sky_faults(plan, network, orbits).values() for text in texts),
    ]


def _contact_faults(plan: Plan, network: Network, key_bits: Mapping[str, int]) -> Iterator[str]:
    satellites = {s.name for s in network.satellites}
    stations = {s.name for s in network.stations}
    for contact in plan.contacts:
        if contact.satellite not in satellites or contact.station not in stations:
            yield f"{contact.pass_id}: unknown satellite or station"
        edges = [instant for window in contact.windows for instant in window]
        if not edges or any(b <= a for a, b in pairwise(edges)):
            yield f"{contact.pass_id}: its windows do not follow each other"
        if contact.pass_id not in key_bits:
            yield f"{contact.pass_id}: not a pass of this night"
    named = [c.pass_id for c in plan.contacts] + [r.pass_id for r in plan.rejections]
    for pass_id, count in Counter(named).items():
        if count > 1:
            yield f"{pass_id}: decided {count} times"
    for pass_id in sorted(set(key_bits) - set(named)):
        yield f"{pass_id}: neither taken nor rejected"
    yield from (f"{r.pass_id}: rejected without a reason" for r in plan.rejections if not r.reason)


def _key_faults(
    plan: Plan,
    key_bits: Mapping[str, int],
    contact_bits: Mapping[str, int] | None,
    chance: Mapping[str, float],
) -> Iterator[str]:
    """Key of contacts against the forecast of their windows, and what is counted on of it."""
    for contact in plan.contacts:
        name = contact.pass_id
        if name not in key_bits:
            continue
        most = key_bits[name]
        if contact_bits is not None:
            most = contact_bits.get(name, 0) + KEY_TOLERANCE_BITS
        elif not contact.is_whole:
            yield f"{name}: the key of a part of a pass is not known"
        if contact.block is not None:
            # What a share may be is for all contacts of its block together to say.
            if contact.key_bits <= 0:
                yield f"{name}: plans {contact.key_bits} bits"
            continue
        if not 0 < contact.key_bits <= most:
            yield f"{name}: plans {contact.key_bits} bits, forecast {most}"
        if contact.counted_bits > contact.key_bits * chance.get(name, 1.0) + 1e-6:
            yield (
                f"{name}: counts on {contact.counted_bits} of {contact.key_bits} bits, more than "
                f"the chance of a clear sky, {chance.get(name, 1.0):.3f}"
            )


def _overlaps(plan: Plan, network: Network) -> Iterator[str]:
    setup = {s.name: s.setup_s for s in network.satellites}
    longest_s = max(setup.values(), default=0.0)
    ordered = sorted(plan.contacts, key=lambda c: (c.start, c.pass_id))
    for i, first in enumerate(ordered):
        for second in ordered[i + 1 :]:
            gap_s = (second.start - first.stop).total_seconds()
            if gap_s >= longest_s:
                break
            same_satellite = first.satellite == second.satellite
            if same_satellite and gap_s < setup.get(first.satellite, 0.0):
                yield f"{first.satellite} serves {first.station} and {second.station} at once"


def _announcement_faults(plan: Plan, announced: Mapping[str, datetime | None]) -> Iterator[str]:
    """Whether key is said to count before the referee sees it announced."""
    for contact in plan.contacts:
        earliest = announced.get(contact.pass_id)
        if earliest is not None and contact.counts_from < earliest:
            yield (
                f"{contact.pass_id}: its key is announced at {earliest:%d %H:%M:%S}Z at the "
                f"earliest, not at {contact.counts_from:%d %H:%M:%S}Z"
            )


def _value_faults(
    plan: Plan,
    network: Network,
    passes: Collection[str],
    previous: Collection[str] | None,
    held_bits: Mapping[str, float],
    begin: datetime | None,
    announced: Mapping[str, datetime | None],
) -> Iterator[str]:
    """Worth of deliveries and of what stays, less hops and changes, against what is said."""
    priority = {d.name: d.priority for d in network.demands}
    policy = network.plan
    worth = cost = 0.0
    for relay in (*plan.relays, *plan.later):
        share = (1.0 - policy.discount_per_night) ** relay.night
        share *= policy.ahead_worth if relay.night >= plan.nights else 1.0
        worth += share * priority.get(relay.demand, 0.0) * relay.bits / 1e3
        cost += policy.hop_cost_per_kbit * len(relay.hops) * relay.bits / 1e3
    left = (
        sum(pool.left for pool in played_pools(plan, network, plan.nights, begin, announced)) / 1e3
    )
    if previous is not None:
        changed = {c.pass_id for c in plan.contacts} ^ (set(previous) & set(passes))
        cost += policy.stability_per_change_kbit * len(changed)
    if policy.starved_hour_kbit and policy.goal is PlanGoal.PRIORITY:
        worth += sum(
            _hours_worth(plan, network, d, held_bits.get(d.name, 0.0)) for d in network.demands
        )
    value = worth + policy.pool_worth_per_kbit * left - cost
    if abs(value - plan.value) > VALUE_TOLERANCE_KBIT:
        yield f"the plan is worth {value:.3f} kbit, not {plan.value:.3f}"
    if plan.value > plan.bound + VALUE_TOLERANCE_KBIT:
        yield f"value {plan.value:.3f} is above the bound {plan.bound:.3f}"


def _hours_worth(plan: Plan, network: Network, demand: Demand, held_bits: float) -> float:
    """Worth of the hours that one pair has key because of the plan."""
    policy, day = network.plan, demand.bits_per_day
    total = 0.0
    for night in range(plan.nights + network.nights_ahead):
        came = sum(
            r.bits
            for r in (*plan.relays, *plan.later)
            if r.demand == demand.name and r.night == night
        )
        # What is left of the key at hand is used first; key counts in whole bits.
        until, before = (max(0.0, n * day - held_bits) // 1.0 for n in (night + 1, night))
        without = until - before
        share = (1.0 - policy.discount_per_night) ** night
        share *= policy.ahead_worth if night >= plan.nights else 1.0
        hours = 24.0 * min(came, without) / day if day else 0.0
        total += share * policy.starved_hour_kbit * hours
    return total
