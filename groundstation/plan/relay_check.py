"""The referee of relays: chains, trust, what pools and fibres hold, what demands get, by night.

It shares no code with the planner. Of several nights each has fibres and demands of its own, and
relays spend what contacts of their own night or of those before have brought.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from groundstation.network import Demand, Network
from groundstation.plan.pool_check import Batch, play_pool
from groundstation.plan.records import Hop, Plan, Relay
from groundstation.plan_policy import PlanGoal


def relay_faults(
    plan: Plan,
    network: Network,
    nights: int,
    stocks: Mapping[tuple[str, str], int],
    begin: datetime | None,
    announced: Mapping[str, datetime | None],
) -> Iterator[str]:
    """Chains, trust, hop limits, pools and fibres.

    Parameters
    ----------
    stocks : key that pools hold already [bit], by satellite and station
    begin : first instant of the first night
    announced : when the key of contacts is announced, by pass id; None for later
    """
    for stock in plan.stocks:
        real = stocks.get((stock.satellite, stock.station), 0)
        if stock.bits > real:
            yield (
                f"the pool of {stock.satellite} and {stock.station} is said to hold {stock.bits} "
                f"bits, it holds {real}"
            )
    if plan.nights != nights:
        yield f"the plan is for {plan.nights} nights, not for {nights}"
    yield from (
        f"{relay.demand}: a relay of night {relay.night} is listed with another night"
        for relays, is_first in ((plan.relays, True), (plan.later, False))
        for relay in relays
        if (relay.night == 0) is not is_first or relay.night < 0
    )
    every = (*plan.relays, *plan.later)
    yield from _pool_faults(played_pools(plan, network, nights, begin, announced), nights)
    carried: dict[tuple[int, frozenset[str]], int] = defaultdict(int)
    for relay in every:
        yield from _chain_faults(relay, network)
        for hop in relay.hops:
            if hop.satellite is None:
                carried[relay.night, frozenset((hop.a, hop.b))] += relay.bits
    for (night, ends), bits in sorted(carried.items(), key=lambda i: (i[0][0], sorted(i[0][1]))):
        rate = sum(f.key_rate_bps for f in network.fibre_links if {f.a, f.b} == ends)
        if bits > rate * 86_400.0 + 1.0:
            yield (
                f"fibre {' - '.join(sorted(ends))} carries {bits} bits in night {night}, more "
                "than it makes"
            )


@dataclass(frozen=True, slots=True)
class PlayedPool:
    """What one pool goes through, in bits.

    Parameters
    ----------
    batches : key that enters
    taken, missing : by relays in each night, and what of that is not there
    left : after the last night that the plan looks at, without what is too old then
    """

    satellite: str
    station: str
    batches: tuple[Batch, ...]
    taken: tuple[int, ...]
    missing: tuple[float, ...]
    left: float


def played_pools(
    plan: Plan,
    network: Network,
    nights: int,
    begin: datetime | None,
    announced: Mapping[str, datetime | None],
) -> list[PlayedPool]:
    """Every pool that contacts fill, that holds something already or that relays take from.

    Parameters
    ----------
    announced : when the key of contacts is announced, by pass id; None for later
    """
    lifetime = network.key_lifetime_nights
    batches: dict[tuple[str, str], list[Batch]] = defaultdict(list)
    for stock in plan.stocks:
        last = inf if lifetime is None else lifetime - 1
        batches[stock.satellite, stock.station].append(Batch(0, last, stock.bits))
    every = (*plan.relays, *plan.later)
    ahead = 0 if network.plan.goal is PlanGoal.MAX_MIN else network.nights_ahead
    count = max([nights + ahead, *(relay.night + 1 for relay in every)])
    there = _nights_there(plan, nights, begin, announced, count)
    for contact in plan.contacts:
        night = there[contact.pass_id]
        last = inf if lifetime is None else night + lifetime - 1
        batches[contact.satellite, contact.station].append(Batch(night, last, contact.counted_bits))
    taken: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * count)
    for relay in every:
        for hop in relay.hops if relay.night >= 0 else ():
            if hop.satellite is not None:
                taken[hop.satellite, hop.a][relay.night] += relay.bits
                taken[hop.satellite, hop.b][relay.night] += relay.bits
    found = []
    for ends in sorted({*batches, *taken}):
        missing, left = play_pool(batches[ends], taken[ends])
        found.append(
            PlayedPool(*ends, tuple(batches[ends]), tuple(taken[ends]), tuple(missing), left)
        )
    return found


def _nights_there(
    plan: Plan,
    nights: int,
    begin: datetime | None,
    announced: Mapping[str, datetime | None],
    count: int,
) -> dict[str, int]:
    """The night from which on key of each contact can be relayed, by pass id.

    Key of a block is there, and begins to age, when that of the last of its contacts would be.
    """
    found: dict[str, int] = {}
    closes: dict[str, int] = {}
    for contact in plan.contacts:
        # A contact that ends behind the last night belongs to it.
        night = 0 if begin is None else (contact.stop - begin) // timedelta(days=1)
        night = min(max(night, 0), nights - 1)
        if contact.pass_id in announced:
            at = announced[contact.pass_id]
            if at is None or begin is None:
                night = count
            else:
                # Nothing counts before the referee sees it announced, nor before the plan says so.
                later = (max(at, contact.counts_from) - begin) // timedelta(days=1)
                night = max(night, min(later, count))
        found[contact.pass_id] = night
        if contact.block is not None:
            closes[contact.block] = max(night, closes.get(contact.block, night))
    late = {c.pass_id: closes[c.block] for c in plan.contacts if c.block is not None}
    return {**found, **late}


def _pool_faults(pools: Sequence[PlayedPool], nights: int) -> Iterator[str]:
    """Whether relays spend more than contacts have brought until then, or what is too old."""
    for pool in pools:
        for night in (n for n, bits in enumerate(pool.missing) if bits > 0.0):
            until = f" up to night {night}" if nights > 1 else ""
            takes = sum(pool.taken[: night + 1])
            brought = sum(b.amount for b in pool.batches if b.first <= night)
            old = f", of which some is too old in night {night}" if takes <= brought else ""
            yield (
                f"relays take {takes} bits from the pool of {pool.satellite} and {pool.station}"
                f"{until}, contacts bring {brought}{old}"
            )


def _chain_faults(relay: Relay, network: Network) -> Iterator[str]:
    demand = next((d for d in network.demands if d.name == relay.demand), None)
    if demand is None:
        yield f"relay for unknown demand {relay.demand}"
        return
    if relay.bits <= 0:
        yield f"{relay.demand}: relay of {relay.bits} bits"
    node = {site.name: site.node for site in network.sites}
    ways: list[list[Hop]] = [[]]
    for hop in relay.hops:
        if ways[-1] and ways[-1][-1].b == node[demand.b]:
            ways.append([])
        ways[-1].append(hop)
    for way in ways:
        yield from _way_faults(way, demand, node, network)
    if demand.split is not None or len(ways) > 1:
        yield from _share_faults(ways, demand)


def _way_faults(
    way: Sequence[Hop], demand: Demand, node: Mapping[str, str], network: Network
) -> Iterator[str]:
    """One chain from end to end."""
    nodes = [node[demand.a], *(hop.b for hop in way)]
    broken = any(hop.a != here for hop, here in zip(way, nodes, strict=False))
    if broken or nodes[-1] != node[demand.b]:
        yield f"{demand.name}: path {' > '.join(nodes)} does not join {demand.a} and {demand.b}"
    satellites = [hop.satellite for hop in way if hop.satellite is not None]
    distrusted = {s.name for s in network.satellites if not s.is_trusted}
    if demand.split is None:
        distrusted |= demand.untrusted
    knows = {*nodes[1:-1], *satellites} & distrusted
    if knows:
        yield f"{demand.name}: {', '.join(sorted(knows))} would know the key but is not trusted"
    policies = network.policies
    if len(satellites) > policies.max_satellite_hops:
        yield f"{demand.name}: {len(satellites)} satellite hops"
    if len(way) - len(satellites) > policies.max_fibre_hops:
        yield f"{demand.name}: {len(way) - len(satellites)} fibre hops"


def _share_faults(ways: Sequence[Sequence[Hop]], demand: Demand) -> Iterator[str]:
    """Shares on ways without a common node, and not too many with people who are not trusted."""
    split = demand.split
    met = Counter(
        name
        for way in ways
        for name in {*(hop.b for hop in way[:-1]), *(hop.satellite for hop in way)} - {None}
    )
    is_secret = len(ways) == 1 and not met
    if not is_secret and (split is None or len(ways) != split.shares):
        wanted = 1 if split is None else split.shares
        yield f"{demand.name}: its key comes on {len(ways)} ways, it wants {wanted}"
    for name, times in met.items():
        if times > 1:
            yield f"{demand.name}: {name} would know {times} shares"
    known = sum(
        bool({*(h.b for h in way[:-1]), *(h.satellite for h in way)} & demand.untrusted)
        for way in ways
    )
    if split is not None and known >= split.threshold:
        yield f"{demand.name}: {known} shares pass somebody who is not trusted"


def delivery_faults(
    plan: Plan, network: Network, nights: int, lacking: Mapping[str, float]
) -> Iterator[str]:
    """What demands get, in every night, against what they want and what they are promised.

    Parameters
    ----------
    lacking : what the reserve of a demand lacks [bit], by demand
    """
    named = [d.demand for d in plan.deliveries]
    if sorted(named) != sorted(d.name for d in network.demands):
        yield "the deliveries do not list every demand once"
    carried: dict[tuple[str, int], int] = defaultdict(int)
    for relay in (*plan.relays, *plan.later):
        carried[relay.demand, relay.night] += relay.bits
    for demand in network.demands:
        own = {night: bits for (name, night), bits in carried.items() if name == demand.name}
        yield from _wanted_faults(demand, own, nights + network.nights_ahead, lacking)
    wanted = {d.name: d.bits_per_day * nights + lacking.get(d.name, 0.0) for d in network.demands}
    for delivery in plan.deliveries:
        of_plan = [carried[delivery.demand, night] for night in range(nights)]
        if delivery.delivered_bits > wanted.get(delivery.demand, 0.0):
            yield f"{delivery.demand}: gets more than it wants"
        if delivery.delivered_bits != sum(of_plan):
            yield (
                f"{delivery.demand}: {delivery.delivered_bits} bits promised, "
                f"relays carry {sum(of_plan)}"
            )
        if nights > 1 and [bits for _, bits in delivery.by_night] != of_plan:
            yield f"{delivery.demand}: its nights are not what the relays carry"


def _wanted_faults(
    demand: Demand, carried: Mapping[int, int], periods: int, lacking: Mapping[str, float]
) -> Iterator[str]:
    """One demand night by night."""
    for night, bits in sorted(carried.items()):
        # Fractions of a bit may fall into any of the later nights.
        spare = lacking.get(demand.name, 0.0) if night == 0 else 1.0
        if night >= periods:
            yield f"{demand.name}: a relay in night {night}, which nobody looks at"
        if bits > demand.bits_per_day + spare:
            yield f"{demand.name}: gets more than it wants in night {night}"
