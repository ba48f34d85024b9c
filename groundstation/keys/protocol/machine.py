"""Two stations agree on key before either lets it out; a pure state machine over the ledger.

1. Who is asked reserves bits of its own lane, durably, and sends SYNC.
2. The other end reserves the same bits, durably, and sends ACK; the same again is answered alike.
   What is not free there is answered with NAK.
3. On ACK the first end consumes, durably, and then lets the key out, if somebody still waits. If
   nobody does, or on NAK, the key burns and CANCEL follows, as it follows every further ACK.
4. The other end lets its copy out when it is fetched: consumed first, durably.
5. A run begins with SYNC for every reservation of ours and ACK for every one of theirs. Whoever
   waited before is not answered any more: what was reserved for them burns on ACK. Reserved key
   of a pool that has no other ground node burns at once.
6. A segment is usable once the other end has answered a question of this run with the same digest.

Messages may be lost, doubled, delayed and reordered. Whatever happens, a reservation is at last
consumed at both ends, consumed by who asked and not fetched by the other, or burned.
"""

from collections.abc import Callable, Mapping

from groundstation.keys.errors import KeyConflictError
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.views import LedgerView
from groundstation.keys.protocol.agreement import (
    answer_digest,
    answer_marks,
    ask_digest,
    take_digest,
    take_marks,
)
from groundstation.keys.protocol.events import (
    Asked,
    Event,
    Fetched,
    GaveUp,
    Imported,
    Outcome,
    Received,
    Retried,
    Started,
    Station,
)
from groundstation.keys.protocol.following import fetch, follow_cancel, follow_sync
from groundstation.keys.protocol.leading import ask, begin, finish, give_up, refused, remind
from groundstation.keys.protocol.messages import (
    Ack,
    Cancel,
    DigestAnswer,
    DigestQuery,
    MarksAnswer,
    MarksQuery,
    Message,
    Nak,
    Sync,
    pool_of,
)

Handler = Callable[..., Outcome]

HERE: Mapping[type[Event], Handler] = {
    Asked: ask,
    GaveUp: give_up,
    Fetched: fetch,
    Started: begin,
    Retried: remind,
    Imported: ask_digest,
}
FROM_AFAR: Mapping[type[Message], Handler] = {
    Sync: follow_sync,
    Cancel: follow_cancel,
    Ack: finish,
    Nak: refused,
    DigestQuery: answer_digest,
    DigestAnswer: take_digest,
    MarksQuery: answer_marks,
    MarksAnswer: take_marks,
}


def step(view: LedgerView, station: Station, event: Event, clock: Clock) -> Outcome:
    """What a station does about one event.

    Commit `outcome.decision` first; only then send its messages and act on its effects. If this
    raises, nothing is to be changed.

    Parameters
    ----------
    view : the ledger, read in the transaction in which the decision will be written
    station : what the running process remembers

    Raises
    ------
    KeyLedgerError
        If the rules refuse what somebody here asked for, or a message is about key that is not
        shared with its sender.
    """
    if isinstance(event, Received):
        return _received(view, station, event, clock)
    return HERE[type(event)](view, station, event, clock)


def _received(view: LedgerView, station: Station, event: Received, clock: Clock) -> Outcome:
    sender, message = event.sender, event.message
    pool = pool_of(message)
    if sender == view.node or {pool.a, pool.b} != {sender, view.node}:
        raise KeyConflictError(
            f"{sender} tells {view.node} about key of {pool.a} and {pool.b}",
            where=type(message).__name__.lower(),
        )
    return FROM_AFAR[type(message)](view, station, message, sender, clock)
