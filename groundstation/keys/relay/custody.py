"""What a node does with its ledger for an order; each function runs inside one unit.

Rules:
- An order is reserved whole at a node or not at all; what is reserved for it has the order's
  identity and is reserved once.
- Nothing is spent before every end of every link has reported the same bits: the commit lists them.
- The bits of a link are spent in the transaction that writes what is announced of them, or that
  takes in the key made of them. A repetition finds the document and changes nothing. With I1, each
  bit enters one announcement at most, whatever crashes.
- An order that has ended burns what is still reserved and is never taken up again, even if it was
  not known before.
- Bytes are XORed in place of being kept: what is written in clear is public by then.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from groundstation.keys.ledger.allocation_rules import check_serving, first_expiry, reserved
from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Extent,
    Purpose,
    Role,
    SegmentStage,
)
from groundstation.keys.ledger.spans import contains
from groundstation.keys.ledger.views import Proposal, Request, Restriction, Span
from groundstation.keys.relay.documents import (
    commit_text,
    order_of_text,
    order_text,
)
from groundstation.keys.relay.errors import RelayError, RelayNotYetError
from groundstation.keys.relay.records import Announcement, Announcer, Held, Order
from groundstation.keys.splitting.shares import (
    combine_xor,
)
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

ORDER, COMMIT, END, SPENT, DONE = (
    "relay-order",
    "relay-commit",
    "relay-end",
    "relay-announcement",
    "relay-done",
)
PADS = "relay-pads"


def known_order(unit: Unit, order_id: UUID) -> Order:
    """The order of an identity; RelayError if it never came here."""
    document = unit.document(ORDER, str(order_id))
    if document is None:
        raise RelayError("no such order here", where=f"order {order_id}")
    return order_of_text(document.payload)


def has_ended(unit: Unit, order_id: UUID) -> str | None:
    """Why an order was given up, or None."""
    document = unit.document(END, str(order_id))
    return None if document is None else str(json.loads(document.payload)["reason"])


def prepare(unit: Unit, order: Order, offered: Mapping[int, tuple[Extent, ...]]) -> dict[int, Held]:
    """Reserve all that this node leads, and follow what other leaders have offered.

    Returns
    -------
    what is held here, by link

    Raises
    ------
    RelayError
        The order has ended, or asks this node for nothing.
    RelayNotYetError
        A segment of it waits here for the other end's digest.
    KeyLedgerError
        The rules refuse a reservation; none of the order's was made then.
    """
    where, node = f"order {order.order_id}", unit.view.node
    reason = has_ended(unit, order.order_id)
    if reason is not None:
        raise RelayError(f"the order has ended: {reason}", where=where)
    if node not in order.nodes:
        raise RelayError(f"the order asks nothing of {node}", where=where)
    _check_agreed(unit, order, offered)
    unit.attach(Document(ORDER, str(order.order_id), order_text(order)))
    for index, link in enumerate(order.links):
        if unit.view.allocation(order.allocation_id(index)) is not None:
            continue
        if link.leader == node:
            _lead(unit, order, index)
        elif link.follower == node and index in offered:
            unit.reserve_theirs(_proposal(order, index, offered[index]))
    return held_here(unit, order)


def _check_agreed(unit: Unit, order: Order, offered: Mapping[int, tuple[Extent, ...]]) -> None:
    """The other end may use a segment a moment before its answer has made it usable here."""
    asked = {link.segment_id for link in order.links if unit.view.node in link.holders}
    asked |= {extent.segment_id for extents in offered.values() for extent in extents}
    for segment_id in asked - {None}:
        segment = None if segment_id is None else unit.view.segment(segment_id)
        if segment is not None and segment.stage is SegmentStage.WAITING:
            raise RelayNotYetError("its digest is not compared yet", where=f"segment {segment_id}")


def _lead(unit: Unit, order: Order, index: int) -> None:
    link = order.links[index]
    reference = f"{order.kind} {order.order_id}"
    request = Request(order.allocation_id(index), link.pool, Purpose.RELAY, reference, order.n_bits)
    if link.segment_id is None:
        unit.reserve(request, Restriction(untrusted=order.untrusted))
        return
    check_serving(unit.view, "reserving a share")
    segment = unit.view.segment(link.segment_id)
    lane = unit.view.lane(link.segment_id, link.lane)
    if segment is None or lane is None or lane.owner != unit.view.node:
        raise RelayError(
            "the share is not here, or not ours to allocate", where=f"segment {link.segment_id}"
        )
    start = lane.free[0].start if lane.free else 0
    if not contains(lane.free, Span(start, start + order.n_bits)):
        raise RelayError(
            f"the share has fewer than {order.n_bits} unused bits in a row in lane {link.lane}",
            where=f"segment {link.segment_id}",
        )
    clock = unit.clock()
    if segment.expires_at is not None and segment.expires_at <= clock.now:
        raise RelayError("the share has expired", where=f"segment {link.segment_id}")
    allocation = Allocation(
        request.allocation_id,
        link.pool,
        Purpose.RELAY,
        Role.OURS,
        reference,
        (Extent(link.segment_id, link.lane, start, order.n_bits),),
        AllocationState.RESERVED,
        clock.latest,
        first_expiry([segment]),
    )
    unit.carry_out(reserved(unit.view, allocation, clock))


def _proposal(order: Order, index: int, extents: tuple[Extent, ...]) -> Proposal:
    link = order.links[index]
    return Proposal(
        order.allocation_id(index),
        link.pool,
        Purpose.RELAY,
        f"{order.kind} {order.order_id}",
        extents,
    )


def held_here(unit: Unit, order: Order) -> dict[int, Held]:
    """What this node has reserved or spent for an order, by link.

    Raises
    ------
    RelayError
        A reservation has burned: the order cannot be carried out any more.
    """
    held = {}
    for index in range(len(order.links)):
        allocation = unit.view.allocation(order.allocation_id(index))
        if allocation is None:
            continue
        if allocation.state is AllocationState.BURNED:
            raise RelayError(
                f"the bits of link {index} have burned", where=f"order {order.order_id}"
            )
        segments = [unit.view.segment(extent.segment_id) for extent in allocation.extents]
        held[index] = Held(
            allocation.extents,
            tuple(dict.fromkeys(segment.trust for segment in segments if segment is not None)),
            allocation.expires_at,
        )
    return held


def commit(unit: Unit, order: Order, held: Sequence[Held]) -> tuple[Announcement, ...]:
    """Take note of the bits of all links and spend what is to be announced here.

    Returns
    -------
    the announcements of this node; a satellite's comes later, see `take_announcement`
    """
    check_alive(unit, order)
    ours = held_here(unit, order)
    for index, link in enumerate(order.links):
        if unit.view.node in link.holders and (
            index not in ours or ours[index].extents != held[index].extents
        ):
            raise RelayError(
                f"the commit names other bits of link {index} than are reserved here",
                where=f"order {order.order_id}",
            )
    unit.attach(Document(COMMIT, str(order.order_id), commit_text(held)))
    own = [a for a in order.announcers if a.name == unit.view.node]
    return tuple(_announce(unit, order, announcer) for announcer in own)


def _announce(unit: Unit, order: Order, announcer: Announcer) -> Announcement:
    known = announcement_here(unit, order, announcer)
    if known is not None:
        return known
    left = unit.consume(order.allocation_id(announcer.left))
    right = unit.consume(order.allocation_id(announcer.left + 1))
    made = Announcement(announcer.name, combine_xor([left, right]))
    take_announcement(unit, order, made)
    return made


def take_announcement(unit: Unit, order: Order, announcement: Announcement) -> None:
    """Keep an announcement; another one of the same order and party is refused for ever.

    Raises
    ------
    RelayError
        It is nobody's of this order, or of another length.
    KeyConflictError
        There is another one.
    """
    where = f"order {order.order_id}"
    if announcement.name not in {announcer.name for announcer in order.announcers}:
        raise RelayError(f"{announcement.name} announces nothing for this order", where=where)
    if 8 * len(announcement.xor) != order.n_bits:
        raise RelayError(
            f"{announcement.name} announces {8 * len(announcement.xor)} bits of {order.n_bits}",
            where=where,
        )
    text = json.dumps({"xor": base64.b64encode(announcement.xor).decode("ascii")})
    unit.attach(Document(SPENT, _place(order, announcement.name), text))


def announcement_here(unit: Unit, order: Order, announcer: Announcer) -> Announcement | None:
    """The announcement of a party as far as it is known here."""
    document = unit.document(SPENT, _place(order, announcer.name))
    if document is None:
        return None
    return Announcement(announcer.name, base64.b64decode(json.loads(document.payload)["xor"]))


def _place(order: Order, name: str) -> str:
    return f"{order.order_id} {name}"


def check_alive(unit: Unit, order: Order) -> None:
    """Raise RelayError if an order has ended."""
    reason = has_ended(unit, order.order_id)
    if reason is not None:
        raise RelayError(f"the order has ended: {reason}", where=f"order {order.order_id}")


def end(unit: Unit, order_id: UUID, reason: str) -> int:
    """Give an order up: burn what is still reserved for it; how many bits burned.

    What was spent stays spent. Another end of the same order changes nothing.
    """
    if has_ended(unit, order_id) is None:
        unit.attach(Document(END, str(order_id), json.dumps({"reason": reason[:400]})))
    document = unit.document(ORDER, str(order_id))
    if document is None:
        return 0
    order, burned = order_of_text(document.payload), 0
    for index in range(len(order.links)):
        allocation = unit.view.allocation(order.allocation_id(index))
        if allocation is not None and allocation.state is AllocationState.RESERVED:
            unit.burn(allocation.allocation_id, f"{order.kind} given up: {reason[:200]}")
            burned += allocation.n_bits
    return burned


def has_reserved(unit: Unit, order: Order) -> bool:
    """Whether bits of this node still wait for the outcome of an order."""
    found = (unit.view.allocation(order.allocation_id(i)) for i in range(len(order.links)))
    return any(a is not None and a.state is AllocationState.RESERVED for a in found)
