"""One-time tags on relay messages: Poly1305 under 256 bits of the pool of the two stations.

Rules:
- The sender takes 256 bits of its own lane, spends them and writes the tagged message into the
  outbox in one transaction. What is sent again is the same text with the same tag.
- The receiver spends the same bits when a message comes, whatever its tag is worth, and remembers
  the message that was right. So a forger has one attempt per key and the true message, sent again,
  needs no second key.
- Where tags are switched off the messages rest on mutually authenticated TLS alone.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from groundstation.keys.authentication.one_time_tag import KEY_BITS, OneTimeKey
from groundstation.keys.errors import KeyMessageError, KeyShortageError
from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.ledger.records import Allocation, OriginKind, Pool, Purpose
from groundstation.keys.ledger.views import Proposal, Request, Restriction
from groundstation.keys.relay.documents import extents_of
from groundstation.keys.station.errors import TagShortageError
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

HEARD = "relay-heard"
_LONGEST_ID = 200
_FIRST = frozenset({OriginKind.PASS, OriginKind.FIBRE})


@dataclass(frozen=True, slots=True)
class Tagging:
    """How messages are tagged: with one-time keys or not, and where identities are drawn."""

    with_keys: bool
    new_id: Callable[[], UUID]


def tagged(unit: Unit, peer: str, body: dict[str, Any], tagging: Tagging) -> str:
    """A message to a peer as text with its tag.

    Raises
    ------
    TagShortageError
        The pool of the two stations has too little key for a tag.
    """
    if not tagging.with_keys:
        return canonical_json({"body": body, "key": None, "tag": ""}).decode("utf-8")
    pool = pool_with(unit, peer)
    request = Request(tagging.new_id(), pool, Purpose.AUTHENTICATION, f"tag {body['id']}", KEY_BITS)
    try:
        allocation = _reserved(unit, request)
    except KeyShortageError as error:
        raise TagShortageError(
            f"no key to authenticate a message to {peer}: {error}",
            where=error.where,
            hint=f"import a segment for {pool.a} and {pool.b} that was carried by hand",
        ) from error
    extents = [[str(e.segment_id), e.lane, e.start, e.length] for e in allocation.extents]
    document = {"body": body, "key": {"id": str(allocation.allocation_id), "extents": extents}}
    key = OneTimeKey(unit.consume(allocation.allocation_id))
    tag = key.tag(canonical_json(document)).hex()
    return canonical_json({**document, "tag": tag}).decode("utf-8")


def _reserved(unit: Unit, request: Request) -> Allocation:
    """Key that was carried by hand or came over a link first: relayed key may be a share."""
    try:
        return unit.reserve(request, Restriction(origins=_FIRST))
    except KeyShortageError:
        return unit.reserve(request, Restriction())


def pool_with(unit: Unit, peer: str) -> Pool:
    """The pool that this node shares with a peer."""
    return Pool(*sorted((unit.view.node, peer)))


def parse(text: object) -> dict[str, Any]:
    """A tagged message, unchecked but of the right form; KeyMessageError if it is none."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise KeyMessageError("reading a relay message: it is not JSON") from error
    if not isinstance(document, dict) or set(document) != {"body", "key", "tag"}:
        raise KeyMessageError("reading a relay message: body, key and tag are expected")
    body = document["body"]
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        raise KeyMessageError("reading a relay message: it has no kind")
    name = body.get("id")
    if not isinstance(name, str) or not name.isprintable() or len(name) > _LONGEST_ID:
        raise KeyMessageError("reading a relay message: it has no identity")
    return document


def is_genuine(
    unit: Unit, peer: str, document: dict[str, Any], tagging: Tagging, role: str
) -> bool:
    """Whether a message is the peer's; spends its one-time key if this is the first look.

    Parameters
    ----------
    role : "message" or "answer"; a message and its answer have one identity

    Raises
    ------
    KeyLedgerError
        The bits of the key cannot be used here, now or ever; nothing was spent.
    """
    if not tagging.with_keys:
        return document["key"] is None
    place = f"{peer} {role} {document['body']['id']}"
    seen = sha256(canonical_json(document)).hexdigest()
    known = unit.document(HEARD, place)
    if known is not None:
        return known.payload == seen
    try:
        identity, extents = UUID(document["key"]["id"]), extents_of(document["key"]["extents"])
        tag = bytes.fromhex(document["tag"])
    except (KeyError, TypeError, ValueError) as error:
        raise KeyMessageError(f"reading a relay message: it names no key ({error})") from error
    if sum(extent.length for extent in extents) != KEY_BITS:
        raise KeyMessageError(f"reading a relay message: its key has not {KEY_BITS} bits")
    pool = pool_with(unit, peer)
    reference = f"tag {document['body']['id']}"
    unit.reserve_theirs(Proposal(identity, pool, Purpose.AUTHENTICATION, reference, extents))
    key = OneTimeKey(unit.consume(identity))
    signed = canonical_json({"body": document["body"], "key": document["key"]})
    if not key.accepts(signed, tag):
        unit.audit("alarm", {"message": f"a relay message of {peer} has a wrong tag"})
        return False
    unit.attach(Document(HEARD, place, seen))
    return True
