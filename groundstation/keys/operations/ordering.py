"""Order the relays of a plan that begin at this node, each once.

Rules:
- Of one demand and night no more is ordered than the newest plan says: what an earlier plan of the
  night ordered, and was not given up, counts.
- A relay whose key is split is ordered way by way; the set of its shares is written down with the
  orders, so that they become one key whatever crashes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.operations.opening import Desk
from groundstation.keys.relay import custody
from groundstation.keys.relay.chain import demand_named, orders_of
from groundstation.keys.relay.records import Order
from groundstation.keys.relay.shares import (
    ShareSet,
    leader_of,
    remember_set,
    share_orders,
)
from groundstation.keys.store.documents import Document
from groundstation.keys.store.queries import Reader
from groundstation.keys.store.unit import Unit
from groundstation.plan.records import Plan, Relay
from groundstation.plan.shares import is_fibre_alone, ways_of

PLANNED, ORDERED = "relay-planned", "relay-ordered"


@dataclass(frozen=True, slots=True)
class RelayResult:
    """What became of one relay of a plan, at this node.

    Parameters
    ----------
    outcome : "ordered", "ordered before", "refused", "nothing to do", or "of another node"
    """

    demand: str
    path: str
    n_bits: int
    outcome: str
    order_id: str | None
    detail: str


def relay_plan(desk: Desk, plan: Plan, *, is_dry: bool = False) -> list[RelayResult]:
    """Order every relay of a plan whose path begins at this node; each once."""
    before = ordered_bits(desk.store.reader, plan.night, plan.plan_id)
    results = []
    for number, relay in enumerate(plan.relays):
        told = path_text(relay)
        if leader_of(relay) != desk.policy.node:
            results.append(RelayResult(relay.demand, told, relay.bits, "of another node", None, ""))
            continue
        counted = min(relay.bits, before.get(relay.demand, 0))
        before[relay.demand] = before.get(relay.demand, 0) - counted
        if counted == relay.bits:
            detail = "by an earlier plan of this night"
            results.append(RelayResult(relay.demand, told, counted, "ordered before", None, detail))
            continue
        left = replace(relay, bits=relay.bits - counted)
        results += _relay(desk, plan, number, left, told, is_dry=is_dry)
    return results


def path_text(relay: Relay) -> str:
    """The ways of a relay, node by node."""
    ways = [
        " - ".join([way[0].a, *(f"({h.satellite}) {h.b}" if h.satellite else h.b for h in way)])
        for way in ways_of(relay.hops)
    ]
    return " + ".join(ways) if ways else "one building"


def ordered_bits(reader: Reader, night: str, plan_id: str) -> dict[str, int]:
    """By demand, what other plans of a night ordered here and was not given up."""
    total: dict[str, int] = {}
    if not night:
        return total
    ended = {document.reference for document in reader.documents(custody.END)}
    for document in reader.documents(ORDERED):
        told = json.loads(document.payload)
        if told["night"] == night and told["plan"] != plan_id:
            bits = sum(each["bits"] for each in told["keys"] if each["id"] not in ended)
            total[told["demand"]] = total.get(told["demand"], 0) + bits
    return total


def _relay(
    desk: Desk, plan: Plan, number: int, relay: Relay, told: str, *, is_dry: bool
) -> Iterator[RelayResult]:
    place = f"{plan.plan_id} {number}"
    known = desk.store.reader.document(PLANNED, place)
    if known is not None:
        names = known.payload or None
        yield RelayResult(relay.demand, told, relay.bits, "ordered before", names, "")
        return
    try:
        sets, orders = _orders(desk, relay)
        if not is_dry:
            note = _note(plan, relay.demand, sets, orders)
            desk.store.transact(lambda unit: _begin(unit, desk, sets, orders, place, note))
    except KeyLedgerError as error:
        yield RelayResult(relay.demand, told, relay.bits, "refused", None, sentence(error))
        return
    outcome = "would be ordered" if is_dry else "ordered"
    for order in orders:
        share = "" if not sets else "a share"
        name = str(order.order_id)
        yield RelayResult(relay.demand, told, order.n_bits, outcome, name, share)
    if not orders:
        yield RelayResult(relay.demand, told, 0, "nothing to do", None, "the pair shares a fibre")


def _orders(desk: Desk, relay: Relay) -> tuple[tuple[ShareSet, ...], tuple[Order, ...]]:
    now, network = desk.clock(), desk.network
    is_whole = demand_named(network, relay.demand).split is None or is_fibre_alone(relay.hops)
    if is_whole:
        return (), orders_of(network, relay, new_id=uuid4, now=now)
    found = share_orders(network, relay, new_id=uuid4, now=now)
    return tuple(one for one, _ in found), tuple(order for _, many in found for order in many)


def _note(plan: Plan, demand: str, sets: tuple[ShareSet, ...], orders: tuple[Order, ...]) -> str:
    """What stands for the keys that are ordered: a set of shares is one key."""
    bits = {order.order_id: order.n_bits for order in orders}
    keys = [(one.set_id, bits[one.orders[0]]) for one in sets] or list(bits.items())
    told = [{"id": str(name), "bits": n_bits} for name, n_bits in keys]
    return json.dumps({"night": plan.night, "plan": plan.plan_id, "demand": demand, "keys": told})


def _begin(
    unit: Unit,
    desk: Desk,
    sets: tuple[ShareSet, ...],
    orders: tuple[Order, ...],
    place: str,
    note: str,
) -> None:
    for order in orders:
        desk.node.dialogue.begin(unit, order)
    for one in sets:
        remember_set(unit, one)
    unit.attach(Document(PLANNED, place, " ".join(str(order.order_id) for order in orders)))
    unit.attach(Document(ORDERED, place, note))


def sentence(error: KeyLedgerError) -> str:
    """What an error says, with its place and hint."""
    parts = [str(error), error.where, error.hint]
    return "; ".join(part for part in parts if part)
