"""Rules for following the other end: reserve what it reserved, give up what it gave up.

Each function reads a view, changes nothing and returns a `Decision`, or refuses with a branch of
`KeyLedgerError`; a refusal consumes nothing. The invariants stand in
`groundstation.keys.ledger.rules`.
"""

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.allocation_rules import (
    burned,
    check_serving,
    first_expiry,
    named,
    reserved,
)
from groundstation.keys.ledger.balance import Draft
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import (
    Account,
    Allocation,
    AllocationState,
    Extent,
    Role,
    Segment,
    SegmentStage,
)
from groundstation.keys.ledger.views import Decision, LedgerView, Proposal


def decide_reserve_theirs(view: LedgerView, proposal: Proposal, clock: Clock) -> Decision:
    """Reserve exactly the bits that the other end reserved in its lanes.

    The same proposal again changes nothing and is accepted as long as it is not burned.

    Raises
    ------
    KeyUnknownError
        If a segment is not here.
    KeyStateError, KeyExpiredError
        If a segment is not usable or the allocation was burned meanwhile.
    KeyConflictError
        If the identity is bound otherwise, or a bit is not free or not the other end's to give.
    KeyStaleError
        In a restored backup that has not caught up.
    """
    check_serving(view, "following a reservation")
    known = view.allocation(proposal.allocation_id)
    if known is not None:
        return _again(known, proposal, clock)
    if not proposal.extents:
        raise KeyConflictError("following a reservation of no bits", where=_proposed(proposal))
    segments = [_offered(view, proposal, extent, clock) for extent in proposal.extents]
    allocation = Allocation(
        proposal.allocation_id,
        proposal.pool,
        proposal.purpose,
        Role.THEIRS,
        proposal.reference,
        proposal.extents,
        AllocationState.RESERVED,
        clock.latest,
        first_expiry(segments),
    )
    return reserved(view, allocation, clock)


def _again(known: Allocation, proposal: Proposal, clock: Clock) -> Decision:
    where = named(known.allocation_id)
    if known.state is AllocationState.BURNED:
        raise KeyStateError("following a reservation that was burned", where=where)
    if not _is_bound_alike(known, proposal):
        raise KeyConflictError("the identity is bound to other bits or uses for ever", where=where)
    return Decision(clock.latest)


def _is_bound_alike(known: Allocation, proposal: Proposal) -> bool:
    return (
        Role.THEIRS,
        known.pool,
        known.purpose,
        known.reference,
        known.extents,
    ) == (known.role, proposal.pool, proposal.purpose, proposal.reference, proposal.extents)


def _offered(view: LedgerView, proposal: Proposal, extent: Extent, clock: Clock) -> Segment:
    """The segment of a proposed extent if the other end may give its bits; they may yet be used."""
    what = f"following a reservation of bits {extent.start} to {extent.stop} of lane {extent.lane}"
    where = f"segment {extent.segment_id}, {_proposed(proposal)}"
    segment = view.segment(extent.segment_id)
    lane = view.lane(extent.segment_id, extent.lane)
    if segment is None or lane is None:
        raise KeyUnknownError(f"{what}: it was not imported here", where=where)
    if segment.pool != proposal.pool:
        raise KeyConflictError(f"{what}: it is key of another pool", where=where)
    if lane.owner == view.node:
        raise KeyConflictError(f"{what}: this lane is ours to allocate", where=where)
    if extent.start % 8 or extent.length % 8:
        raise KeyConflictError(f"{what}: not multiples of 8", where=where)
    if segment.stage is not SegmentStage.USABLE:
        raise KeyStateError(f"{what}: the segment is {segment.stage}", where=where)
    if segment.expires_at is not None and segment.expires_at <= clock.now:
        late_s = clock.now - segment.expires_at
        raise KeyExpiredError(f"{what}: it expired {late_s:.0f} s ago", where=where)
    return segment


def decide_cancel(view: LedgerView, proposal: Proposal, reason: str, clock: Clock) -> Decision:
    """Follow the other end, which burned what it had reserved.

    What was consumed here stays consumed. If the reservation itself has not arrived, its bits are
    burned here, too, and the identity is remembered as burned, so that it comes too late.

    Raises
    ------
    KeyConflictError
        If the allocation is ours.
    """
    known = view.allocation(proposal.allocation_id)
    draft = Draft(view, clock)
    if known is None:
        return _burned_unseen(view, draft, proposal, reason, clock)
    if known.role is Role.OURS:
        raise KeyConflictError(
            "the other end cancels an allocation of ours", where=named(known.allocation_id)
        )
    if known.state is AllocationState.CONSUMED:
        return Decision(clock.latest)
    return draft.decision(allocations=burned(draft, known, reason))


def _burned_unseen(
    view: LedgerView, draft: Draft, proposal: Proposal, reason: str, clock: Clock
) -> Decision:
    kept = []
    for extent in proposal.extents:
        try:
            _offered(view, proposal, extent, clock)
            draft.move(
                extent,
                Account.AVAILABLE,
                Account.BURNED,
                reason,
                allocation_id=proposal.allocation_id,
            )
        except (KeyUnknownError, KeyConflictError, KeyStateError, KeyExpiredError):
            # Never ours to give or used otherwise: there is nothing to burn.
            continue
        kept.append(extent)
    tombstone = Allocation(
        proposal.allocation_id,
        proposal.pool,
        proposal.purpose,
        Role.THEIRS,
        proposal.reference,
        tuple(kept),
        AllocationState.BURNED,
        clock.latest,
    )
    return draft.decision(allocations=[tombstone])


def _proposed(proposal: Proposal) -> str:
    return f"{named(proposal.allocation_id)} of pool {proposal.pool.a}-{proposal.pool.b}"
