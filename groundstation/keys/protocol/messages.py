"""What two stations tell each other. No message carries key."""

from dataclasses import dataclass
from uuid import UUID

from groundstation.keys.ledger.records import Pool
from groundstation.keys.ledger.views import Mark, Proposal

VERSION = 1


@dataclass(frozen=True, slots=True)
class Sync:
    """Reserve what I have reserved."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Ack:
    """Exactly this is reserved here, durably."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Nak:
    """It cannot be reserved here, now or ever; burn it."""

    allocation_id: UUID
    pool: Pool
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """I have burned this, or know nothing of it; burn it, too."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class DigestQuery:
    """Here is my digest of a segment; what is yours?

    `session` names one run of the asking process. An answer repeats it, so that an answer to a
    question that was asked before a backup was restored is not taken for a fresh one.
    """

    session: UUID
    pool: Pool
    segment_id: UUID
    digest: str


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """My digest of a segment and, by lane, how far I have seen it allocated."""

    session: UUID
    pool: Pool
    segment_id: UUID
    digest: str
    high_water: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MarksQuery:
    """I have lost my memory: how far have you seen our key allocated?"""

    session: UUID
    pool: Pool


@dataclass(frozen=True, slots=True)
class MarksAnswer:
    """How far I have seen every lane of our pool allocated."""

    session: UUID
    pool: Pool
    marks: tuple[Mark, ...]


Message = Sync | Ack | Nak | Cancel | DigestQuery | DigestAnswer | MarksQuery | MarksAnswer


def pool_of(message: Message) -> Pool:
    """The pool that a message is about; sender and receiver must be its two parties."""
    return message.proposal.pool if isinstance(message, Sync | Ack | Cancel) else message.pool
