"""From the planner's relays to orders, and why an order is not allowed.

- Nobody whom a demand does not trust may stand in between, and every node must be able to carry.
- A relay's bits are rounded down to whole bytes.
- Shares of a split key travel on paths without a common node or satellite in between.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from uuid import UUID

from groundstation.keys.ledger.records import Pool, Segment, TrustLabel
from groundstation.keys.ledger.segment_rules import lane_lengths
from groundstation.keys.ledger.trust import combined, knowing_names, knows, relayed
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcer, Held, Link, Order, OrderKind
from groundstation.network import Demand, Network
from groundstation.plan.records import Hop, Relay
from groundstation.plan.shares import is_fibre_alone

# One relay message carries all bits; larger relays are cut into several orders.
LARGEST_ORDER_BITS = 8_000_000


def orders_of(
    network: Network, relay: Relay, *, new_id: Callable[[], UUID], now: float
) -> tuple[Order, ...]:
    """The orders that carry out one relay of a plan.

    None, if it has no bits or both ends share a fibre: its key is in the pair's pool already.

    Raises
    ------
    RelayError
        The demand forbids a node in between, wants its key in shares, or the path is none between
        the demand's ends.
    """
    demand = demand_named(network, relay.demand)
    left = relay.bits // 8 * 8
    if not relay.hops or is_fibre_alone(relay.hops) or not left:
        return ()
    if demand.split is not None:
        raise RelayError(
            f"relaying key for {demand.name}: the plan has one way, the demand wants"
            f" {demand.split.shares} shares"
        )
    found = []
    while left:
        n_bits = min(left, LARGEST_ORDER_BITS)
        wary = demand.untrusted
        found.append(order_along(network, demand, relay.hops, n_bits, wary, new_id=new_id, now=now))
        left -= n_bits
    return tuple(found)


def order_along(
    network: Network,
    demand: Demand,
    hops: Sequence[Hop],
    n_bits: int,
    untrusted: frozenset[str],
    *,
    new_id: Callable[[], UUID],
    now: float,
) -> Order:
    """One order along a path, nobody of `untrusted` in between; raises as `orders_of` does."""
    _check_path(network, demand, hops, untrusted)
    links, announcers = tuple(_links(hops)), tuple(_announcers(hops))
    return Order(
        new_id(),
        OrderKind.RELAY,
        demand.name,
        hops[0].a,
        hops[-1].b,
        n_bits,
        links,
        announcers,
        untrusted,
        1,
        1,
        now,
    )


def demand_named(network: Network, name: str) -> Demand:
    """The demand of that name; RelayError if there is none."""
    for demand in network.demands:
        if demand.name == name:
            return demand
    raise RelayError(f"relaying key for {name}: the network file has no such demand")


def _check_path(
    network: Network, demand: Demand, hops: Sequence[Hop], untrusted: frozenset[str]
) -> None:
    node = {site.name: site.node for site in network.sites}
    ends = (node[demand.a], node[demand.b])
    told = f"relaying key for {demand.name}"
    is_joined = all(one.b == two.a for one, two in pairwise(hops))
    if not is_joined or (hops[0].a, hops[-1].b) not in {ends, ends[::-1]}:
        raise RelayError(f"{told}: the path does not join {ends[0]} and {ends[1]}")
    middle = [*(hop.satellite for hop in hops if hop.satellite), *(hop.b for hop in hops[:-1])]
    for name in middle:
        if name in untrusted:
            raise RelayError(f"{told}: {name} would know the key, and the demand does not trust it")
    distrusted = {s.name for s in network.satellites if not s.is_trusted}
    for name in middle:
        if name in distrusted:
            raise RelayError(f"{told}: {name} is a satellite that carries no relays")
    fibres = {frozenset((link.a, link.b)) for link in network.fibre_links}
    for hop in hops:
        if hop.satellite is None and frozenset((hop.a, hop.b)) not in fibres:
            raise RelayError(f"{told}: no fibre joins {hop.a} and {hop.b}")
    if len({*middle, *ends}) < len(middle) + 2:
        raise RelayError(f"{told}: the path passes a node twice")


def _links(hops: Sequence[Hop]) -> Iterator[Link]:
    for hop in hops:
        if hop.satellite is None:
            yield Link(Pool(*sorted((hop.a, hop.b))), hop.a, hop.b)
        else:
            yield Link(Pool(*sorted((hop.a, hop.satellite))), hop.a, None)
            yield Link(Pool(*sorted((hop.b, hop.satellite))), hop.b, None)


def _announcers(hops: Sequence[Hop]) -> Iterator[Announcer]:
    """Satellites and ground nodes in between, each with the link on its left."""
    left = 0
    for number, hop in enumerate(hops):
        if hop.satellite is not None:
            yield Announcer(hop.satellite, left, hop.a)
            left += 1
        if number < len(hops) - 1:
            yield Announcer(hop.b, left, hop.b)
            left += 1


def label_of(order: Order, held: Sequence[Held]) -> TrustLabel:
    """Who knows the key of an order, beside its ends."""
    if order.kind is OrderKind.RELAY:
        labels = [label for each in held for label in each.labels]
        ends = {order.a, order.b}
        label = relayed(labels, [announcer.name for announcer in order.announcers])
        return TrustLabel(tuple(share - ends for share in label.shares), label.threshold)
    # Two lanes of one share follow each other.
    shares = [relayed([*one.labels, *two.labels], ()) for one, two in _paired(held)]
    return combined(shares, order.threshold)


def _paired(held: Sequence[Held]) -> Iterator[tuple[Held, Held]]:
    yield from zip(held[::2], held[1::2], strict=True)


def combination_order(
    network: Network,
    demand: Demand,
    shares: Sequence[Segment],
    threshold: int,
    *,
    new_id: Callable[[], UUID],
    now: float,
) -> Order:
    """An order that makes one key of several segments of a pair; the shortest gives its length.

    Raises
    ------
    RelayError
        The segments are not untouched shares of the demand's pair, share a node, or the untrusted
        of the demand would still know the key.
    """
    node = {site.name: site.node for site in network.sites}
    ends = node[demand.a], node[demand.b]
    return combination_of(
        demand.name, ends, demand.untrusted, shares, threshold, new_id=new_id, now=now
    )


def combination_of(
    demand: str,
    ends: tuple[str, str],
    untrusted: frozenset[str],
    shares: Sequence[Segment],
    threshold: int,
    *,
    new_id: Callable[[], UUID],
    now: float,
) -> Order:
    """What `combination_order` makes, for a demand of that name between two nodes."""
    a, b = sorted(ends)
    told = f"combining key for {demand}"
    if len(shares) < 2 or not 2 <= threshold <= len(shares):
        raise RelayError(f"{told}: a threshold of {threshold} of {len(shares)} splits no trust")
    for share in shares:
        if share.pool != Pool(a, b):
            raise RelayError(f"{told}: segment {share.segment_id} is not key of {a} and {b}")
    names = [knowing_names(share.trust) for share in shares]
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if both := one & other:
                raise RelayError(f"{told}: {', '.join(sorted(both))} would know two shares")
    label = combined([share.trust for share in shares], threshold)
    if knows(label, untrusted):
        distrusted = ", ".join(sorted(untrusted))
        raise RelayError(f"{told}: {distrusted} would know {threshold} shares")
    # Both lanes of every share must be equally long; the shortest share decides.
    n_bits = min(lane_lengths(share.n_bits, 2)[0] for share in shares)
    owners = (a, b)
    links = tuple(
        Link(share.pool, owners[lane], owners[1 - lane], share.segment_id, lane)
        for share in shares
        for lane in (0, 1)
    )
    return Order(
        new_id(),
        OrderKind.COMBINATION,
        demand,
        a,
        b,
        n_bits,
        links,
        (),
        # The shares are judged together, above; each alone may be known to somebody untrusted.
        frozenset(),
        threshold,
        len(shares),
        now,
    )
