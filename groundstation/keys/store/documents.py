"""Documents and messages that stand in the same transaction as the key they speak of.

A document (an announcement, the record of a relay) is written once and never changes. The outbox
holds messages until they are acknowledged; the inbox remembers what was answered to a message, so
that the same message again gets the same answer and moves nothing.
"""

import sqlite3
from dataclasses import dataclass

from groundstation.keys.errors import KeyConflictError
from groundstation.keys.store.rows import from_us


@dataclass(frozen=True, slots=True)
class Document:
    """A durable document; the payload is JSON text and must hold no key.

    Parameters
    ----------
    kind, reference : together its identity, for ever
    """

    kind: str
    reference: str
    payload: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a peer that is not acknowledged yet; sent_at in seconds since 1970."""

    peer: str
    message_id: str
    payload: str
    sent_at: float


def attach(connection: sqlite3.Connection, document: Document, at_us: int) -> None:
    """Write a document; the same one again changes nothing.

    Raises
    ------
    KeyConflictError
        there is another one of that identity
    """
    known = find(connection, document.kind, document.reference)
    if known is None:
        connection.execute(
            "INSERT INTO document (kind, reference, payload, at_us) VALUES (?, ?, ?, ?)",
            (document.kind, document.reference, document.payload, at_us),
        )
    elif known != document:
        raise KeyConflictError(
            f"writing another {document.kind} for {document.reference}: the first one stays"
        )


def find(connection: sqlite3.Connection, kind: str, reference: str) -> Document | None:
    """The document of an identity."""
    row = connection.execute(
        "SELECT payload FROM document WHERE kind = ? AND reference = ?", (kind, reference)
    ).fetchone()
    return None if row is None else Document(kind, reference, row[0])


def list_kind(connection: sqlite3.Connection, kind: str) -> tuple[Document, ...]:
    """All documents of a kind, in the order in which they were written."""
    found = connection.execute(
        "SELECT kind, reference, payload FROM document WHERE kind = ? ORDER BY document_no", (kind,)
    ).fetchall()
    return tuple(Document(*row) for row in found)


def send(
    connection: sqlite3.Connection, peer: str, message_id: str, payload: str, at_us: int
) -> None:
    """Put a message into the outbox; one that waits there already keeps its place."""
    connection.execute(
        "INSERT INTO outbox (peer, message_id, payload, at_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (peer, message_id) DO UPDATE SET payload = excluded.payload",
        (peer, message_id, payload, at_us),
    )


def settle(connection: sqlite3.Connection, peer: str, message_id: str) -> bool:
    """Take an acknowledged message out of the outbox; False if it was not there."""
    deleted = connection.execute(
        "DELETE FROM outbox WHERE peer = ? AND message_id = ? RETURNING message_no",
        (peer, message_id),
    ).fetchall()
    return bool(deleted)


def waiting(connection: sqlite3.Connection, peer: str | None = None) -> tuple[Message, ...]:
    """Messages of the outbox in their order, to one peer or to all."""
    found = connection.execute(
        "SELECT peer, message_id, payload, at_us FROM outbox WHERE ?1 IS NULL OR peer = ?1"
        " ORDER BY message_no",
        (peer,),
    ).fetchall()
    return tuple(Message(row[0], row[1], row[2], from_us(row[3])) for row in found)


def answered(connection: sqlite3.Connection, peer: str, message_id: str) -> str | None:
    """What was answered to a message; None if it never came."""
    row = connection.execute(
        "SELECT answer FROM inbox WHERE peer = ? AND message_id = ?", (peer, message_id)
    ).fetchone()
    return None if row is None else str(row[0])


def answer(
    connection: sqlite3.Connection, peer: str, message_id: str, text: str, at_us: int
) -> None:
    """Remember what is answered to a message; the first answer stays."""
    connection.execute(
        "INSERT OR IGNORE INTO inbox VALUES (?, ?, ?, ?)", (peer, message_id, text, at_us)
    )
