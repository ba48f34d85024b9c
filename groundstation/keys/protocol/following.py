"""The other end: follow the reservations of who was asked, let the copy out when it is fetched."""

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Role, SegmentStage
from groundstation.keys.ledger.rules import (
    decide_cancel,
    decide_consume,
    decide_reserve_theirs,
)
from groundstation.keys.ledger.views import Decision, LedgerView
from groundstation.keys.protocol.agreement import ask_digests
from groundstation.keys.protocol.events import Envelope, Fetched, Outcome, Release, Station
from groundstation.keys.protocol.messages import Ack, Cancel, Nak, Sync

REFUSALS = (KeyConflictError, KeyExpiredError, KeyStateError, KeyUnknownError)


def follow_sync(
    view: LedgerView, station: Station, message: Sync, sender: str, clock: Clock
) -> Outcome:
    """Reserve the same bits and say so, or say that it cannot be.

    A segment whose digest has not been compared here yet is asked about instead. That happens only
    if an answer was lost; what was reserved meanwhile then burns, because it might be key that was
    used before a loss of memory here.
    """
    proposal = message.proposal
    pending = [
        extent.segment_id
        for extent in proposal.extents
        if (segment := view.segment(extent.segment_id)) is not None
        and segment.stage is SegmentStage.WAITING
    ]
    if pending and view.allocation(proposal.allocation_id) is None:
        return ask_digests(view, station, pending, clock)
    try:
        decision = decide_reserve_theirs(view, proposal, clock)
    except REFUSALS as error:
        reason = f"{error} ({error.where})"
        alarms = (f"refused {sender}: {reason}",) if error.is_alarm else ()
        nak = Nak(proposal.allocation_id, proposal.pool, reason)
        return Outcome(station, Decision(clock.latest, alarms=alarms), (Envelope(sender, nak),))
    return Outcome(station, decision, (Envelope(sender, Ack(proposal)),))


def follow_cancel(
    view: LedgerView, station: Station, message: Cancel, sender: str, clock: Clock
) -> Outcome:
    """Burn what the other end has burned."""
    return Outcome(station, decide_cancel(view, message.proposal, f"cancelled by {sender}", clock))


def fetch(view: LedgerView, station: Station, event: Fetched, clock: Clock) -> Outcome:
    """Consume and release what the other end reserved; raises what `decide_consume` raises."""
    allocation = view.allocation(event.allocation_id)
    if allocation is not None and allocation.role is not Role.THEIRS:
        raise KeyStateError(
            "fetching key that was asked for here: it is given in the answer only",
            where=f"allocation {event.allocation_id}",
        )
    decision = decide_consume(view, event.allocation_id, clock)
    return Outcome(station, decision, (), (Release(event.allocation_id),))
