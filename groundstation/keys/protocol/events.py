"""What happens to a station, and what it does in return."""

from dataclasses import dataclass
from uuid import UUID

from groundstation.keys.ledger.records import Pool
from groundstation.keys.ledger.views import Decision, Mark, Request, Restriction
from groundstation.keys.protocol.messages import Message


@dataclass(frozen=True, slots=True)
class Started:
    """The process runs anew; `session` is fresh."""

    session: UUID


@dataclass(frozen=True, slots=True)
class Retried:
    """Some time has passed without an answer."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A segment of this pool was imported and waits for the other end's digest."""

    segment_id: UUID


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody here wants key and waits for it."""

    request: Request
    restriction: Restriction


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Who asked does not wait any more."""

    allocation_id: UUID


@dataclass(frozen=True, slots=True)
class Fetched:
    """Somebody here wants the key that the other end reserved under this identity."""

    allocation_id: UUID


@dataclass(frozen=True, slots=True)
class Received:
    """A message came from a sender whose name the transport has proven."""

    sender: str
    message: Message


Event = Started | Retried | Imported | Asked | GaveUp | Fetched | Received


@dataclass(frozen=True, slots=True)
class Release:
    """Let the bytes of this allocation out to whoever waits for them, once, after the commit."""

    allocation_id: UUID


@dataclass(frozen=True, slots=True)
class Failed:
    """Tell whoever waits that there is no key; ask anew under a new identity for other bits."""

    allocation_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Learned:
    """The other end's marks for a restored backup to catch up with."""

    pool: Pool
    marks: tuple[Mark, ...]


Effect = Release | Failed | Learned


@dataclass(frozen=True, slots=True)
class Station:
    """What a station forgets when it stops; all else is in its ledger.

    Parameters
    ----------
    session : of this run
    waiting : allocations of ours that somebody waits for
    """

    session: UUID
    waiting: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and the station that it goes to."""

    recipient: str
    message: Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event leads to, in this order: commit the decision, then send, then act.

    Nothing of `messages` and `effects` may happen before the decision is durable; after a crash
    in between they do not happen at all.
    """

    station: Station
    decision: Decision
    messages: tuple[Envelope, ...] = ()
    effects: tuple[Effect, ...] = ()
