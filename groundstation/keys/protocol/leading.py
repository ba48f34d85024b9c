"""The end that was asked for key: reserve, wait for the other end, consume or burn."""

from uuid import UUID

from groundstation.keys.errors import KeyConflictError, KeyExpiredError, KeyStateError
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Allocation, AllocationState, Pool, Role
from groundstation.keys.ledger.rules import (
    decide_abandon,
    decide_burn,
    decide_consume,
    decide_reserve,
)
from groundstation.keys.ledger.views import Decision, LedgerView, Proposal
from groundstation.keys.protocol.agreement import other_end, questions
from groundstation.keys.protocol.events import (
    Asked,
    Effect,
    Envelope,
    Failed,
    GaveUp,
    Outcome,
    Release,
    Retried,
    Started,
    Station,
)
from groundstation.keys.protocol.messages import Ack, Cancel, Nak, Sync


def ask(view: LedgerView, station: Station, event: Asked, clock: Clock) -> Outcome:
    """Reserve and propose; raises what `decide_reserve` raises."""
    request = event.request
    decision = decide_reserve(view, request, event.restriction, clock)
    (allocation,) = decision.allocations
    if not _is_followed(view, allocation):
        raise KeyStateError(
            f"asking the other end for {request.n_bits} bits: a satellite cannot answer",
            where=f"pool {request.pool.a}-{request.pool.b}",
            hint="reserve and consume it in the ledger directly",
        )
    waiting = Station(station.session, station.waiting | {request.allocation_id})
    return Outcome(waiting, decision, (_sync(view, allocation),))


def finish(view: LedgerView, station: Station, message: Ack, sender: str, clock: Clock) -> Outcome:
    """The other end holds the same bits: consume and release if somebody still waits."""
    proposal = message.proposal
    allocation = _led(view, proposal.allocation_id, proposal.pool)
    if allocation is None:
        # A memory older than the message: the bits must not stay reserved there for ever.
        return Outcome(station, Decision(clock.latest), (Envelope(sender, Cancel(proposal)),))
    if _proposal(allocation) != proposal:
        raise KeyConflictError(
            f"{sender} has reserved other bits or uses than we proposed",
            where=f"allocation {allocation.allocation_id}",
        )
    if allocation.state is AllocationState.CONSUMED:
        return Outcome(station, Decision(clock.latest))
    if allocation.state is AllocationState.BURNED:
        return Outcome(station, Decision(clock.latest), (_cancel(view, allocation),))
    if allocation.allocation_id not in station.waiting:
        return _burn(view, station, allocation, "nobody waits for it any more", clock)
    try:
        decision = decide_consume(view, allocation.allocation_id, clock)
    except (KeyExpiredError, KeyStateError) as error:
        return _burn(view, station, allocation, str(error), clock)
    release = Release(allocation.allocation_id)
    return Outcome(_without(station, allocation), decision, (), (release,))


def refused(view: LedgerView, station: Station, message: Nak, sender: str, clock: Clock) -> Outcome:
    """The other end cannot follow: the bits burn at both ends."""
    allocation = _led(view, message.allocation_id, message.pool)
    if allocation is None or allocation.state is not AllocationState.RESERVED:
        return Outcome(station, Decision(clock.latest))
    return _burn(view, station, allocation, f"refused by {sender}: {message.reason}", clock)


def give_up(view: LedgerView, station: Station, event: GaveUp, clock: Clock) -> Outcome:
    """Who asked has gone: burn, unless it is consumed and on its way already."""
    allocation = view.allocation(event.allocation_id)
    if allocation is None or allocation.role is not Role.OURS:
        raise KeyStateError(
            "giving up what was never asked for", where=f"allocation {event.allocation_id}"
        )
    if allocation.state is not AllocationState.RESERVED:
        return Outcome(_without(station, allocation), Decision(clock.latest))
    return _burn(view, station, allocation, "who asked has given up", clock)


def begin(view: LedgerView, _last: Station, event: Started, clock: Clock) -> Outcome:
    """Take up again what the last run left, without answering anybody who waited then."""
    station = Station(event.session)
    ours = list(view.reserved(Role.OURS))
    alone = [allocation for allocation in ours if not _is_followed(view, allocation)]
    decision = decide_abandon(view, alone, "left reserved by a run that ended", clock)
    asked = (_sync(view, allocation) for allocation in ours if allocation not in alone)
    # If the other end has burned it meanwhile and its CANCEL was lost, an ACK brings another.
    held = (_ack(view, allocation) for allocation in view.reserved(Role.THEIRS))
    return Outcome(station, decision, (*asked, *held, *questions(view, station, clock)))


def remind(view: LedgerView, station: Station, _event: Retried, clock: Clock) -> Outcome:
    """Say again what was not answered."""
    followed = (a for a in view.reserved(Role.OURS) if _is_followed(view, a))
    asked = (_sync(view, allocation) for allocation in followed)
    return Outcome(station, Decision(clock.latest), (*asked, *questions(view, station, clock)))


def _burn(
    view: LedgerView, station: Station, allocation: Allocation, reason: str, clock: Clock
) -> Outcome:
    decision = decide_burn(view, allocation.allocation_id, reason, clock)
    failed: tuple[Effect, ...] = ()
    if allocation.allocation_id in station.waiting:
        failed = (Failed(allocation.allocation_id, reason),)
    return Outcome(_without(station, allocation), decision, (_cancel(view, allocation),), failed)


def _led(view: LedgerView, allocation_id: UUID, pool: Pool) -> Allocation | None:
    """Our allocation that a message of the other end is about."""
    allocation = view.allocation(allocation_id)
    if allocation is not None and (allocation.role, allocation.pool) != (Role.OURS, pool):
        raise KeyConflictError(
            "an answer about an allocation that we did not propose to its sender",
            where=f"allocation {allocation_id}",
        )
    return allocation


def _is_followed(view: LedgerView, allocation: Allocation) -> bool:
    """Whether there is another ground node that follows allocations of this pool."""
    return len(view.lanes(allocation.extents[0].segment_id)) == 2


def _without(station: Station, allocation: Allocation) -> Station:
    return Station(station.session, station.waiting - {allocation.allocation_id})


def _proposal(allocation: Allocation) -> Proposal:
    return Proposal(
        allocation.allocation_id,
        allocation.pool,
        allocation.purpose,
        allocation.reference,
        allocation.extents,
    )


def _sync(view: LedgerView, allocation: Allocation) -> Envelope:
    return Envelope(other_end(view, allocation.pool), Sync(_proposal(allocation)))


def _cancel(view: LedgerView, allocation: Allocation) -> Envelope:
    return Envelope(other_end(view, allocation.pool), Cancel(_proposal(allocation)))


def _ack(view: LedgerView, allocation: Allocation) -> Envelope:
    return Envelope(other_end(view, allocation.pool), Ack(_proposal(allocation)))
