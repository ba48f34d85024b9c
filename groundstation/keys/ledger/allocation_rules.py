"""Rules for allocations: reserve, consume, burn.

Each function reads a view, changes nothing and returns a `Decision`, or refuses with a branch of
`KeyLedgerError`; a refusal consumes nothing. The invariants stand in
`groundstation.keys.ledger.rules`.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyShortageError,
    KeyStaleError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.balance import Draft
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import (
    Account,
    Allocation,
    AllocationState,
    Extent,
    Purpose,
    Role,
    Segment,
    SegmentStage,
)
from groundstation.keys.ledger.restrictions import check_quota, check_reserve, why_forbidden
from groundstation.keys.ledger.views import Decision, LedgerView, Request, Restriction

SPENT_AS = {
    Purpose.DELIVERY: Account.DELIVERED,
    Purpose.RELAY: Account.RELAYED,
    Purpose.AUTHENTICATION: Account.AUTHENTICATION,
}


def decide_reserve(
    view: LedgerView, request: Request, restriction: Restriction, clock: Clock
) -> Decision:
    """Reserve key from our own lanes, oldest first; all of it or nothing.

    Raises
    ------
    ValueError
        If the length is not a positive multiple of 8.
    KeyShortageError, KeyQuotaError
        If the pool, the minimum that must remain or the quota does not allow it.
    KeyConflictError
        If the identity is in use already; it stays bound to its bits.
    KeyStaleError
        In a restored backup that has not caught up.
    """
    check_serving(view, "reserving key")
    if request.n_bits < 8 or request.n_bits % 8:
        raise ValueError(f"cannot reserve {request.n_bits} bits: not a positive multiple of 8")
    if view.allocation(request.allocation_id) is not None:
        raise KeyConflictError(
            f"reserving {request.n_bits} bits: the identity is in use already",
            where=named(request.allocation_id),
        )
    check_quota(view, request, restriction)
    check_reserve(view, request, restriction)
    segments, extents = _oldest_first(view, request, restriction, clock)
    allocation = Allocation(
        request.allocation_id,
        request.pool,
        request.purpose,
        Role.OURS,
        request.reference,
        extents,
        AllocationState.RESERVED,
        clock.latest,
        first_expiry(segments),
    )
    return reserved(view, allocation, clock)


def _oldest_first(
    view: LedgerView, request: Request, restriction: Restriction, clock: Clock
) -> tuple[list[Segment], tuple[Extent, ...]]:
    segments: list[Segment] = []
    extents: list[Extent] = []
    reasons: set[str] = set()
    missing = request.n_bits
    for segment, lane in view.own_lanes(request.pool):
        reason = why_forbidden(segment, restriction, clock.now)
        if reason is not None:
            reasons.add(reason)
            continue
        segments.append(segment)
        for span in lane.free:
            length = min(missing, span.stop - span.start)
            extents.append(Extent(segment.segment_id, lane.index, span.start, length))
            missing -= length
            if not missing:
                return segments, tuple(extents)
    raise KeyShortageError(
        f"reserving {request.n_bits} bits for {request.reference}:"
        f" only {request.n_bits - missing} bits may be used",
        where=f"pool {request.pool.a}-{request.pool.b}",
        hint=f"other key {', '.join(sorted(reasons))}" if reasons else None,
    )


def decide_consume(view: LedgerView, allocation_id: UUID, clock: Clock) -> Decision:
    """Spend a reserved allocation; its bytes may leave once this is committed, and only once.

    Raises
    ------
    KeyUnknownError
        If there is no such allocation.
    KeyStateError
        If it is consumed or burned already, or its segment has come to be disputed; burn it then.
    KeyExpiredError
        If it has outlived its key; burn it.
    KeyStaleError
        In a restored backup that has not caught up.
    """
    check_serving(view, "consuming key")
    allocation = _known(view, allocation_id, "consuming key")
    where = named(allocation_id)
    if allocation.state is not AllocationState.RESERVED:
        raise KeyStateError(f"consuming key that is {allocation.state} already", where=where)
    if allocation.expires_at is not None and allocation.expires_at <= clock.now:
        late_s = clock.now - allocation.expires_at
        raise KeyExpiredError(f"consuming key that expired {late_s:.0f} s ago", where=where)
    for segment_id in {extent.segment_id for extent in allocation.extents}:
        segment = view.segment(segment_id)
        if segment is None or segment.stage is not SegmentStage.USABLE:
            stage = "unknown" if segment is None else segment.stage
            raise KeyStateError(f"consuming key of a segment that is {stage}", where=where)
    draft = Draft(view, clock)
    target = SPENT_AS[allocation.purpose]
    for extent in allocation.extents:
        draft.move(extent, Account.RESERVED, target, allocation.reference, allocation_id)
    return draft.decision(allocations=[replace(allocation, state=AllocationState.CONSUMED)])


def decide_burn(view: LedgerView, allocation_id: UUID, reason: str, clock: Clock) -> Decision:
    """Give up a reserved allocation for ever; a burned one stays burned and nothing changes.

    Raises
    ------
    KeyUnknownError
        If there is no such allocation.
    KeyStateError
        If it is consumed already.
    """
    allocation = _known(view, allocation_id, "burning key")
    if allocation.state is AllocationState.CONSUMED:
        raise KeyStateError("burning key that is consumed already", where=named(allocation_id))
    draft = Draft(view, clock)
    return draft.decision(allocations=burned(draft, allocation, reason))


def decide_abandon(
    view: LedgerView, allocations: Iterable[Allocation], reason: str, clock: Clock
) -> Decision:
    """Burn several allocations at once; those that are not reserved stay as they are."""
    draft = Draft(view, clock)
    left = [a for a in allocations if a.state is AllocationState.RESERVED]
    return draft.decision(allocations=[gone for a in left for gone in burned(draft, a, reason)])


def burned(draft: Draft, allocation: Allocation, reason: str) -> list[Allocation]:
    """Burn one allocation in a draft; the allocation as it becomes, or nothing if it was burned."""
    if allocation.state is AllocationState.BURNED:
        return []
    for extent in allocation.extents:
        draft.move(extent, Account.RESERVED, Account.BURNED, reason, allocation.allocation_id)
    return [replace(allocation, state=AllocationState.BURNED)]


def reserved(view: LedgerView, allocation: Allocation, clock: Clock) -> Decision:
    """The decision that takes the extents of a new allocation out of the free bits."""
    draft = Draft(view, clock)
    for extent in allocation.extents:
        draft.move(
            extent,
            Account.AVAILABLE,
            Account.RESERVED,
            allocation.reference,
            allocation.allocation_id,
        )
    return draft.decision(allocations=[allocation])


def first_expiry(segments: Iterable[Segment]) -> float | None:
    """When the first of some segments expires; None if none does."""
    return min((s.expires_at for s in segments if s.expires_at is not None), default=None)


def _known(view: LedgerView, allocation_id: UUID, what: str) -> Allocation:
    allocation = view.allocation(allocation_id)
    if allocation is None:
        raise KeyUnknownError(f"{what}: no such allocation", where=named(allocation_id))
    return allocation


def check_serving(view: LedgerView, what: str) -> None:
    """Raise KeyStaleError in a restored backup that has not caught up."""
    if view.is_behind:
        raise KeyStaleError(
            f"{what}: this is a restored backup that does not know what was used since",
            where=f"node {view.node}",
            hint="fast-forward it to the marks of the other ends and of the anchor",
        )


def named(allocation_id: UUID) -> str:
    """How an error names an allocation."""
    return f"allocation {allocation_id}"
