"""At the ends of an order: spend the last bits and take in the key that both ends share now.

- A relay's key is the key of the first link; the far end finds it under all announcements.
- A combination's key is the XOR of its shares, or is drawn at the leading end and sent to the other
  under the shares as one-time pads.
"""

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

from groundstation.keys.ledger.records import Origin, OriginKind, Segment
from groundstation.keys.relay.chain import label_of
from groundstation.keys.relay.custody import (
    COMMIT,
    PADS,
    announcement_here,
    check_alive,
)
from groundstation.keys.relay.documents import held_of_commit
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Order, OrderKind
from groundstation.keys.splitting.shares import (
    Share,
    combine_shamir,
    combine_xor,
    split_shamir,
)
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

SECRET_BYTES = 32


def finish(
    unit: Unit,
    order: Order,
    pair_secret: bytes,
    *,
    random_bytes: Callable[[int], bytes] | None = None,
) -> Segment:
    """At an end: spend the last reserved bits and take in the key that both ends share now.

    Parameters
    ----------
    pair_secret : of both ends, keys the digest that they compare
    random_bytes : where the leading end of a combination by Shamir's scheme draws the key from

    Raises
    ------
    RelayError
        An announcement is missing.
    """
    known = unit.view.segment(order.segment_id)
    if known is not None:
        return known
    check_alive(unit, order)
    document = unit.document(COMMIT, str(order.order_id))
    if document is None:
        raise RelayError("the order is not committed", where=f"order {order.order_id}")
    held = held_of_commit(document.payload)
    if order.kind is OrderKind.RELAY:
        key = _relayed_key(unit, order)
    else:
        key = _combined_key(unit, order, random_bytes)
    expiries = [each.expires_at for each in held if each.expires_at is not None]
    kind = OriginKind(order.kind.value)
    n_bits = 8 * len(key)
    segment = Segment(
        order.segment_id,
        order.pool,
        Origin(kind, f"{order.kind} {order.order_id}"),
        label_of(order, held),
        n_bits,
        key_digest(order.segment_id, key, pair_secret),
        0.0,
        min(expiries, default=None),
    )
    return unit.import_segment(segment, key, (order.pool.a, order.pool.b))


def _relayed_key(unit: Unit, order: Order) -> bytes:
    if unit.view.node == order.a:
        return unit.consume(order.allocation_id(0))
    announced = [announcement_here(unit, order, announcer) for announcer in order.announcers]
    missing = [
        announcer.name
        for announcer, found in zip(order.announcers, announced, strict=True)
        if found is None
    ]
    if missing:
        raise RelayError(
            f"the announcement of {', '.join(missing)} is missing", where=f"order {order.order_id}"
        )
    own = unit.consume(order.allocation_id(len(order.links) - 1))
    return combine_xor([own, *(found.xor for found in announced if found is not None)])


def _combined_key(unit: Unit, order: Order, random_bytes: Callable[[int], bytes] | None) -> bytes:
    """XOR of all shares, or a key drawn at the leading end and sent under the shares as pads."""
    lanes = [unit.consume(order.allocation_id(index)) for index in range(len(order.links))]
    shares = [one + two for one, two in zip(lanes[::2], lanes[1::2], strict=True)]
    if order.threshold == order.n_shares:
        return combine_xor(shares)
    if unit.view.node == order.a:
        if random_bytes is None:
            raise RelayError("no source of randomness for a combination by Shamir's scheme")
        key = random_bytes(len(shares[0]))
        split = split_shamir(key, order.n_shares, order.threshold, random_bytes)
        padded = [combine_xor([s.values, pad]) for s, pad in zip(split, shares, strict=True)]
        texts = [base64.b64encode(each).decode("ascii") for each in padded]
        unit.attach(Document(PADS, str(order.order_id), json.dumps(texts)))
        return key
    document = unit.document(PADS, str(order.order_id))
    if document is None:
        raise RelayError("the padded shares are missing", where=f"order {order.order_id}")
    sent = [base64.b64decode(text) for text in json.loads(document.payload)]
    opened = [
        Share(point, combine_xor([each, pad]))
        for point, (each, pad) in enumerate(zip(sent, shares, strict=True), 1)
    ]
    return combine_shamir(opened, order.threshold)


def key_digest(segment_id: UUID, key: bytes, pair_secret: bytes) -> str:
    """What two ends compare, HMAC-SHA256 under a secret of the pair; 64 hexadecimal digits."""
    if len(pair_secret) != SECRET_BYTES:
        raise RelayError(f"the secret of a pair has {len(pair_secret)} bytes, not {SECRET_BYTES}")
    derived = hmac.digest(pair_secret, b"groundstation-pair/1 digest", sha256)
    return hmac.digest(derived, segment_id.bytes + key, sha256).hex()
