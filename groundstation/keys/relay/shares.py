"""Key in shares: one order for every way, and one key of the shares once they have come.

Rules:
- The shares of one key travel on ways without a common node or satellite in between, as many as the
  demand wants, and fewer of them than the threshold pass somebody whom the demand does not trust.
- The first of the two ends by name leads all of them, because it leads the combination.
- A set of shares is combined when each has come or is given up; with fewer than the threshold there
  is no key, and the shares that did come stay ordinary key whose label tells who knows it.
- The combination has the set's identity: a set is combined once, whatever crashes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from groundstation.keys.ledger.records import Segment, SegmentStage
from groundstation.keys.relay import custody
from groundstation.keys.relay.chain import (
    LARGEST_ORDER_BITS,
    combination_of,
    demand_named,
    order_along,
)
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Order
from groundstation.keys.store.documents import Document
from groundstation.keys.store.queries import Reader
from groundstation.keys.store.unit import Unit
from groundstation.network import Demand, Network
from groundstation.plan.records import Hop, Relay
from groundstation.plan.shares import between, ways_of

SHARES = "relay-shares"
# Both lanes of a share take whole bytes.
_GRAIN_BITS = 16


@dataclass(frozen=True, slots=True)
class ShareSet:
    """Shares that are to become one key.

    Parameters
    ----------
    set_id : of the combination, too
    a, b : the ends; a leads
    untrusted : names that together must not know the key
    threshold : shares that give the key
    orders : that bring one share each
    created_at : seconds since 1970
    """

    set_id: UUID
    demand: str
    a: str
    b: str
    untrusted: frozenset[str]
    threshold: int
    orders: tuple[UUID, ...]
    created_at: float


def leader_of(relay: Relay) -> str | None:
    """The node that orders a relay of a plan; None if it has no hops."""
    if not relay.hops:
        return None
    ends = relay.hops[0].a, relay.hops[-1].b
    return min(ends) if len(ways_of(relay.hops)) > 1 else ends[0]


def share_orders(
    network: Network, relay: Relay, *, new_id: Callable[[], UUID], now: float
) -> tuple[tuple[ShareSet, tuple[Order, ...]], ...]:
    """Sets of shares with their orders that carry out one relay of a demand whose key is split.

    Raises
    ------
    RelayError
        The ways are not as many as the demand wants, meet, pass too many who are not trusted, or
        are none between the demand's ends.
    """
    demand = demand_named(network, relay.demand)
    ways = [_led(way, leader_of(relay)) for way in ways_of(relay.hops)]
    _check_ways(demand, ways)
    left = relay.bits // _GRAIN_BITS * _GRAIN_BITS
    found = []
    while left:
        n_bits = min(left, LARGEST_ORDER_BITS)
        orders = tuple(
            order_along(network, demand, way, n_bits, _wary(demand, way), new_id=new_id, now=now)
            for way in ways
        )
        found.append((_set_of(demand, orders, new_id(), now), orders))
        left -= n_bits
    return tuple(found)


def _led(way: Sequence[Hop], leader: str | None) -> tuple[Hop, ...]:
    """The way as it begins at the leading end."""
    if way[0].a == leader:
        return tuple(way)
    return tuple(Hop(hop.b, hop.a, hop.satellite) for hop in reversed(way))


def _check_ways(demand: Demand, ways: Sequence[Sequence[Hop]]) -> None:
    told = f"relaying key for {demand.name}"
    split = demand.split
    if split is None or len(ways) != split.shares:
        wanted = "a whole key" if split is None else f"{split.shares} shares"
        raise RelayError(f"{told}: the plan has {len(ways)} ways, the demand wants {wanted}")
    names = [between(way) for way in ways]
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if both := one & other:
                raise RelayError(f"{told}: {', '.join(sorted(both))} would know two shares")
    known = sum(bool(each & demand.untrusted) for each in names)
    if known >= split.threshold:
        raise RelayError(
            f"{told}: {known} shares would pass {', '.join(sorted(demand.untrusted))},"
            f" and {split.threshold} give the key"
        )


def _wary(demand: Demand, way: Sequence[Hop]) -> frozenset[str]:
    """Whom the key of one way must be kept from: nobody more where one of them carries it."""
    return frozenset() if between(way) & demand.untrusted else demand.untrusted


def _set_of(demand: Demand, orders: Sequence[Order], set_id: UUID, now: float) -> ShareSet:
    threshold = 0 if demand.split is None else demand.split.threshold
    names = tuple(order.order_id for order in orders)
    a, b = orders[0].a, orders[0].b
    return ShareSet(set_id, demand.name, a, b, demand.untrusted, threshold, names, now)


def remember_set(unit: Unit, shares: ShareSet) -> None:
    """Write a set down, in the transaction that begins its orders."""
    document = {
        "demand": shares.demand,
        "ends": [shares.a, shares.b],
        "untrusted": sorted(shares.untrusted),
        "threshold": shares.threshold,
        "orders": [str(name) for name in shares.orders],
        "created": shares.created_at,
    }
    unit.attach(Document(SHARES, str(shares.set_id), json.dumps(document, sort_keys=True)))


def open_sets(reader: Reader) -> tuple[ShareSet, ...]:
    """Sets of this node that are neither combined nor given up."""
    over = {
        document.reference
        for kind in (custody.ORDER, custody.END)
        for document in reader.documents(kind)
    }
    found = (document for document in reader.documents(SHARES) if document.reference not in over)
    return tuple(_read(document) for document in found)


def _read(document: Document) -> ShareSet:
    values = json.loads(document.payload)
    a, b = values["ends"]
    return ShareSet(
        UUID(document.reference),
        values["demand"],
        a,
        b,
        frozenset(values["untrusted"]),
        values["threshold"],
        tuple(UUID(name) for name in values["orders"]),
        values["created"],
    )


def combination_of_set(unit: Unit, shares: ShareSet, now: float) -> Order | None:
    """The order that makes one key of a set; None while a share is still on its way.

    Raises
    ------
    RelayError
        Fewer shares than the threshold can still come, or a share was used for something else.
    """
    states = [_state(unit, name, now) for name in shares.orders]
    if any(state is None for state in states):
        return None
    come = [state for state in states if isinstance(state, Segment)]
    if len(come) < shares.threshold:
        raise RelayError(
            f"combining key for {shares.demand}: {len(come)} of {len(states)} shares came,"
            f" {shares.threshold} are needed"
        )
    return combination_of(
        shares.demand,
        (shares.a, shares.b),
        shares.untrusted,
        come,
        shares.threshold,
        new_id=lambda: shares.set_id,
        now=now,
    )


def _state(unit: Unit, order_id: UUID, now: float) -> "Segment | bool | None":
    """A share that may be used; False if it is lost; None if it is on its way."""
    segment = unit.view.segment(uuid5(order_id, "segment"))
    if segment is None:
        return None if custody.has_ended(unit, order_id) is None else False
    if segment.stage is SegmentStage.WAITING:
        return None
    is_late = segment.expires_at is not None and segment.expires_at <= now
    return segment if segment.stage is SegmentStage.USABLE and not is_late else False
