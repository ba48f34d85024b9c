"""What relays need of people: requests to satellites, their announcements, shares combined."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

from groundstation.keys.errors import KeyLedgerError, KeyMessageError
from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.operations.opening import Desk
from groundstation.keys.operations.ordering import RelayResult, sentence
from groundstation.keys.relay import custody
from groundstation.keys.relay.chain import combination_order, demand_named
from groundstation.keys.relay.documents import held_of_commit, order_of_text
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcer, Order
from groundstation.keys.relay.satellite_files import (
    SatelliteRequest,
    read_announcement,
    read_text,
    request_text,
    transport_of,
    write_text,
)


def combine(desk: Desk, demand: str, segment_ids: Iterable[UUID], threshold: int) -> RelayResult:
    """Order one key of several segments of a demand's pair; see `combination_order`."""
    shares = [desk.store.reader.segment(segment_id).segment for segment_id in segment_ids]
    order = combination_order(
        desk.network,
        demand_named(desk.network, demand),
        shares,
        threshold,
        new_id=uuid4,
        now=desk.clock(),
    )
    if order.a != desk.policy.node:
        raise RelayError(f"the combination is led by {order.a}", hint=f"run this at {order.a}")
    desk.node.begin(order)
    path = f"{threshold} of {len(shares)} shares"
    return RelayResult(demand, path, 2 * order.n_bits, "ordered", str(order.order_id), "")


def write_requests(desk: Desk, folder: Path) -> list[Path]:
    """Write a request file for every satellite announcement that is still missing here."""
    written = []
    reader = desk.store.reader
    over = {document.reference for document in reader.documents(custody.END)}
    for document in reader.documents(custody.COMMIT):
        paper = reader.document(custody.ORDER, document.reference)
        if paper is None or document.reference in over:
            continue
        order, held = order_of_text(paper.payload), held_of_commit(document.payload)
        for announcer in order.announcers:
            if not announcer.is_satellite or announcer.via != desk.policy.node:
                continue
            if reader.document(custody.SPENT, f"{order.order_id} {announcer.name}") is not None:
                continue
            left, right = announcer.left, announcer.left + 1
            request = SatelliteRequest(
                order.order_id,
                announcer.name,
                desk.policy.node,
                order.n_bits,
                (
                    (order.links[left].leader, held[left].extents),
                    (order.links[right].leader, held[right].extents),
                ),
            )
            path = folder / f"request-{announcer.name}-{order.order_id}.json"
            write_text(path, request_text(request, _transport_key(desk)))
            written.append(path)
    return written


def take_announcements(desk: Desk, files: Iterable[Path]) -> list[RelayResult]:
    """Take satellites' announcements; a file that is refused does not stop the others."""
    return [_announcement(desk, path) for path in files]


def _announcement(desk: Desk, path: Path) -> RelayResult:
    try:
        text = read_text(path)
        order_id, announcement = read_announcement(text, _named_key(desk, text))
        paper = desk.store.reader.document(custody.ORDER, str(order_id))
        if paper is None:
            raise RelayError("no such order here", where=f"order {order_id}")
        order = order_of_text(paper.payload)
        _check_ours(desk, order, announcement.name)
        desk.node.announced(order_id, announcement)
    except KeyLedgerError as error:
        reason = sentence(error)
        payload = {"file": path.name[:200], "reason": reason[:400]}
        desk.store.transact(lambda unit: unit.audit("announcement-refused", payload))
        return RelayResult("", path.name, 0, "refused", None, reason)
    return RelayResult(
        order.demand, announcement.name, order.n_bits, "announced", str(order_id), ""
    )


def _check_ours(desk: Desk, order: Order, name: str) -> None:
    found: list[Announcer] = [a for a in order.announcers if a.name == name]
    if not found or found[0].via != desk.policy.node:
        via = found[0].via if found else "nobody"
        raise RelayError(f"the announcement of {name} is for {via}")
    if desk.store.reader.document(custody.COMMIT, str(order.order_id)) is None:
        raise RelayError("nothing is announced before the order is committed")


def _transport_key(desk: Desk) -> TransportKey:
    if not desk.transport_keys:
        raise RelayError(
            "this node has no transport key to ask a satellite's operator with",
            hint="add one under [[keys.transport_keys]]",
        )
    return desk.transport_keys[0]


def _named_key(desk: Desk, text: str) -> TransportKey:
    name = transport_of(text)
    for key in desk.transport_keys:
        if key.key_id == name:
            return key
    raise KeyMessageError(f"it is authenticated under '{name[:80]}', which is not here")
