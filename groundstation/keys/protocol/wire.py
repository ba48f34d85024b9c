"""Messages as JSON documents and back; what is not exactly a message is refused.

Every document says its version and kind. Identities are text, bits are integers, an extent is
`[segment, lane, start, length]`, a mark is `[segment, lane, stop]`, a pool is `[a, b]`.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.ledger.records import Extent, Pool, Purpose
from groundstation.keys.ledger.views import Mark, Proposal
from groundstation.keys.protocol.messages import (
    VERSION,
    Ack,
    Cancel,
    DigestAnswer,
    DigestQuery,
    MarksAnswer,
    MarksQuery,
    Message,
    Nak,
    Sync,
)

Document = dict[str, Any]
# Longer texts than these have no honest sender.
LONGEST_TEXT = 1000
# No segment comes near; larger numbers would not fit the integers of a database.
MOST_BITS = 2**62


def document_of(message: Message) -> Document:
    """The message as a document of plain JSON values."""
    kind, _ = KINDS[type(message)]
    return {"version": VERSION, "kind": kind, **_fields(message)}


def _fields(message: Message) -> Document:
    match message:
        case Sync(proposal) | Ack(proposal) | Cancel(proposal):
            return _written_proposal(proposal)
        case Nak(allocation_id, pool, reason):
            return {
                "allocation": str(allocation_id),
                "pool": [pool.a, pool.b],
                "reason": reason[:LONGEST_TEXT],
            }
        case DigestQuery(session, pool, segment_id, digest):
            return {**_asked(session, pool), "segment": str(segment_id), "digest": digest}
        case DigestAnswer(session, pool, segment_id, digest, high_water):
            return {
                **_asked(session, pool),
                "segment": str(segment_id),
                "digest": digest,
                "high_water": list(high_water),
            }
        case MarksQuery(session, pool):
            return _asked(session, pool)
        case MarksAnswer(session, pool, marks):
            listed = [[str(mark.segment_id), mark.lane, mark.stop] for mark in marks]
            return {**_asked(session, pool), "marks": listed}


def _asked(session: UUID, pool: Pool) -> Document:
    return {"session": str(session), "pool": [pool.a, pool.b]}


def _written_proposal(proposal: Proposal) -> Document:
    return {
        "allocation": str(proposal.allocation_id),
        "pool": [proposal.pool.a, proposal.pool.b],
        "purpose": proposal.purpose.value,
        "reference": proposal.reference,
        "extents": [
            [str(extent.segment_id), extent.lane, extent.start, extent.length]
            for extent in proposal.extents
        ],
    }


def message_of(document: object) -> Message:
    """The message that a document holds.

    Parameters
    ----------
    document : what the JSON parser gave

    Raises
    ------
    KeyMessageError
        If the version or kind is unknown, a key is missing or unknown, or a value is none.
    """
    if not isinstance(document, Mapping):
        raise KeyMessageError("reading a message: it is no object")
    rest = dict(document)
    version, kind = rest.pop("version", None), rest.pop("kind", None)
    if type(version) is not int or version != VERSION:
        raise KeyMessageError(f"reading a message of version {version!r}, not {VERSION}")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise KeyMessageError(f"reading a message of kind {kind!r}: there is none")
    values = _Reader(kind, rest)
    message = reader(values)
    if rest:
        raise values.refusal(f"unknown keys {', '.join(sorted(map(repr, rest)))}")
    return message


class _Reader:
    """Takes the values out of a document one by one, each of the right type or refused."""

    def __init__(self, kind: str, rest: dict[Any, Any]) -> None:
        self._kind = kind
        self._rest = rest

    def refusal(self, fault: str) -> KeyMessageError:
        return KeyMessageError(f"reading a {self._kind} message: {fault}")

    def take(self, key: str) -> object:
        if key not in self._rest:
            raise self.refusal(f"no {key}")
        return self._rest.pop(key)

    def text(self, key: str) -> str:
        return self._text(self.take(key), key)

    def uuid(self, key: str) -> UUID:
        return self._uuid(self.take(key), key)

    def pool(self) -> Pool:
        ends = [self._text(end, "pool") for end in self._list(self.take("pool"), "pool", 2)]
        if not ends[0] < ends[1]:
            raise self.refusal(f"the ends of pool {ends} are not sorted")
        return Pool(*ends)

    def numbers(self, key: str) -> tuple[int, ...]:
        return tuple(self._number(value, key) for value in self._list(self.take(key), key))

    def purpose(self) -> Purpose:
        text = self.text("purpose")
        if text not in set(Purpose):
            raise self.refusal(f"purpose {text!r}")
        return Purpose(text)

    def extents(self) -> tuple[Extent, ...]:
        rows = [
            self._list(row, "extents", 4) for row in self._list(self.take("extents"), "extents")
        ]
        return tuple(
            Extent(self._uuid(row[0], "extents"), *(self._number(n, "extents") for n in row[1:]))
            for row in rows
        )

    def marks(self) -> tuple[Mark, ...]:
        rows = self._rows("marks", 3)
        return tuple(
            Mark(self._uuid(row[0], "marks"), *(self._number(n, "marks") for n in row[1:]))
            for row in rows
        )

    def _rows(self, key: str, length: int) -> list[list[object]]:
        return [self._list(row, key, length) for row in self._list(self.take(key), key)]

    def _list(self, value: object, key: str, length: int | None = None) -> list[object]:
        if not isinstance(value, list) or length not in {None, len(value)}:
            raise self.refusal(f"{key} is no list of the right length")
        return value

    def _text(self, value: object, key: str) -> str:
        # Lone surrogates and line breaks would trouble databases and logs further on.
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
            raise self.refusal(f"{key} is no text of up to {LONGEST_TEXT} printable characters")
        return value

    def _uuid(self, value: object, key: str) -> UUID:
        text = self._text(value, key)
        try:
            identity = UUID(text)
        except ValueError as error:
            raise self.refusal(f"{key} holds no identity") from error
        # One identity has one spelling, or the same thing could be said in two ways.
        if str(identity) != text:
            raise self.refusal(f"{key} holds an identity that is spelt otherwise")
        return identity

    def _number(self, value: object, key: str) -> int:
        # True is an integer to Python and no number of bits.
        if type(value) is not int or not 0 <= value < MOST_BITS:
            raise self.refusal(f"{key} holds {value!r}, not a number of bits")
        return value


def _read_proposal(values: _Reader) -> Proposal:
    return Proposal(
        values.uuid("allocation"),
        values.pool(),
        values.purpose(),
        values.text("reference"),
        values.extents(),
    )


def _read_digest_answer(values: _Reader) -> DigestAnswer:
    asked = values.uuid("session"), values.pool(), values.uuid("segment")
    return DigestAnswer(*asked, values.text("digest"), values.numbers("high_water"))


KINDS: Mapping[type[Message], tuple[str, Callable[[_Reader], Message]]] = {
    Sync: ("sync", lambda values: Sync(_read_proposal(values))),
    Ack: ("ack", lambda values: Ack(_read_proposal(values))),
    Nak: ("nak", lambda v: Nak(v.uuid("allocation"), v.pool(), v.text("reason"))),
    Cancel: ("cancel", lambda values: Cancel(_read_proposal(values))),
    DigestQuery: (
        "digest-query",
        lambda v: DigestQuery(v.uuid("session"), v.pool(), v.uuid("segment"), v.text("digest")),
    ),
    DigestAnswer: ("digest-answer", _read_digest_answer),
    MarksQuery: ("marks-query", lambda values: MarksQuery(values.uuid("session"), values.pool())),
    MarksAnswer: (
        "marks-answer",
        lambda values: MarksAnswer(values.uuid("session"), values.pool(), values.marks()),
    ),
}
READERS = dict(KINDS.values())
