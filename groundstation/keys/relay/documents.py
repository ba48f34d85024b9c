"""Orders, commits and held bits as JSON text and back; what is not exactly that is refused."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.ledger.records import Extent, Pool, TrustLabel
from groundstation.keys.relay.records import Announcer, Held, Link, Order, OrderKind

# No path of the planner comes near.
MOST_LINKS = 64
MOST_BITS = 2**40


def order_text(order: Order) -> str:
    """The one text of an order."""
    return json.dumps(order_document(order), sort_keys=True)


def order_document(order: Order) -> dict[str, Any]:
    """An order as JSON values."""
    return {
        "order": str(order.order_id),
        "kind": order.kind.value,
        "demand": order.demand,
        "ends": [order.a, order.b],
        "n_bits": order.n_bits,
        "links": [
            {
                "pool": [link.pool.a, link.pool.b],
                "leader": link.leader,
                "follower": link.follower,
                "segment": None if link.segment_id is None else str(link.segment_id),
                "lane": link.lane,
            }
            for link in order.links
        ],
        "announcers": [[each.name, each.left, each.via] for each in order.announcers],
        "untrusted": sorted(order.untrusted),
        "threshold": order.threshold,
        "shares": order.n_shares,
        "created": order.created_at,
    }


def order_of_text(text: str) -> Order:
    """The order of a text."""
    return order_of(json.loads(text))


def order_of(document: object) -> Order:
    """The order of a document of another node.

    Raises
    ------
    KeyMessageError
        It is none, or its parts do not fit each other.
    """
    try:
        order = _order(_mapping(document))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise KeyMessageError(f"reading an order: {type(error).__name__} {error}") from error
    _check(order)
    return order


def _order(values: Mapping[str, Any]) -> Order:
    a, b = values["ends"]
    links = tuple(
        Link(
            pool_of(link["pool"]),
            _name(link["leader"]),
            None if link["follower"] is None else _name(link["follower"]),
            None if link["segment"] is None else UUID(link["segment"]),
            _whole(link["lane"], 1),
        )
        for link in values["links"]
    )
    return Order(
        UUID(values["order"]),
        OrderKind(values["kind"]),
        _name(values["demand"]),
        _name(a),
        _name(b),
        _whole(values["n_bits"], MOST_BITS),
        links,
        tuple(
            Announcer(_name(name), _whole(left, MOST_LINKS), _name(via))
            for name, left, via in values["announcers"]
        ),
        frozenset(map(_name, values["untrusted"])),
        _whole(values["threshold"], MOST_LINKS),
        _whole(values["shares"], MOST_LINKS),
        _instant(values["created"]),
    )


def _check(order: Order) -> None:
    """A chain from end to end with an announcer between any two links; or shares in pairs."""
    if not order.links or len(order.links) > MOST_LINKS or order.n_bits < 8 or order.n_bits % 8:
        raise KeyMessageError(f"an order of {len(order.links)} links and {order.n_bits} bits")
    for link in order.links:
        ends = {link.pool.a, link.pool.b}
        if not set(link.holders) <= ends or len(set(link.holders)) < len(link.holders):
            raise KeyMessageError(f"an order whose link {sorted(ends)} is led by {link.leader}")
    if order.kind is OrderKind.COMBINATION:
        _check_shares(order)
    else:
        _check_chain(order)


def _check_shares(order: Order) -> None:
    is_whole = len(order.links) == 2 * order.n_shares and not order.announcers
    pairs = {tuple(sorted(link.holders)) for link in order.links}
    if not is_whole or pairs != {(order.pool.a, order.pool.b)}:
        raise KeyMessageError("a combination whose shares do not join its ends")
    if not 1 < order.threshold <= order.n_shares:
        raise KeyMessageError(f"a combination of {order.threshold} of {order.n_shares} shares")


def _check_chain(order: Order) -> None:
    here = order.a
    if len(order.announcers) != len(order.links) - 1:
        raise KeyMessageError("an order with as many announcements as links")
    for index, link in enumerate(order.links):
        ends = {link.pool.a, link.pool.b}
        if here not in ends:
            raise KeyMessageError(f"an order whose link {index} does not begin at {here}")
        (here,) = ends - {here}
        if index == len(order.announcers):
            break
        announcer = order.announcers[index]
        if (announcer.name, announcer.left) != (here, index):
            raise KeyMessageError(f"an order without announcement of {here}")
        is_ground = here in link.holders
        if announcer.via not in ({here} if is_ground else set(link.holders)):
            raise KeyMessageError(f"an order whose announcement of {here} comes by nobody")
        if announcer.name in order.untrusted:
            raise KeyMessageError(f"an order through {here}, which it does not trust")
    if here != order.b:
        raise KeyMessageError(f"an order that ends at {here}, not at {order.b}")


def commit_text(held: Sequence[Held]) -> str:
    """The bits of all links, in their order."""
    return json.dumps([held_document(each) for each in held], sort_keys=True)


def held_of_commit(text: str) -> tuple[Held, ...]:
    """What `commit_text` wrote."""
    return tuple(held_of(each) for each in json.loads(text))


def held_document(held: Held) -> dict[str, Any]:
    """Held bits as JSON values."""
    return {
        "extents": [[str(e.segment_id), e.lane, e.start, e.length] for e in held.extents],
        "labels": [[label.threshold, *map(sorted, label.shares)] for label in held.labels],
        "expires": held.expires_at,
    }


def held_of(document: object) -> Held:
    """Held bits of a document of another node; KeyMessageError if it is none."""
    try:
        values = _mapping(document)
        labels = tuple(
            TrustLabel(
                tuple(frozenset(map(_name, share)) for share in shares),
                _whole(threshold, len(shares)),
            )
            for threshold, *shares in values["labels"]
        )
        expires = values["expires"]
        return Held(
            extents_of(values["extents"]), labels, None if expires is None else _instant(expires)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise KeyMessageError(f"reading held bits: {type(error).__name__} {error}") from error


def extents_of(rows: object) -> tuple[Extent, ...]:
    """Extents of their rows."""
    if not isinstance(rows, list):
        raise TypeError("extents are no list")
    return tuple(
        Extent(UUID(name), *(_whole(number, MOST_BITS) for number in (lane, start, length)))
        for name, lane, start, length in rows
    )


def pool_of(ends: object) -> Pool:
    """A pool of its two sorted names."""
    if not isinstance(ends, list) or len(ends) != 2 or not _name(ends[0]) < _name(ends[1]):
        raise ValueError(f"{ends!r} are not two sorted names")
    return Pool(*ends)


def _mapping(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("it is no object")
    return document


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise ValueError("a name is no printable text")
    return value


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no whole number up to {most}")
    return value


def _instant(value: object) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):  # type: ignore[arg-type]
        raise ValueError(f"{value!r} is no instant")
    return float(value)  # type: ignore[arg-type]
