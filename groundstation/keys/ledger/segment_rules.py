"""Rules for segments on their way in: import, agree on the digest.

Each function reads a view, changes nothing and returns a `Decision`, or refuses with a branch of
`KeyLedgerError`. The invariants stand in `groundstation.keys.ledger.rules`.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyStaleError,
    KeyUnknownError,
)
from groundstation.keys.ledger.balance import Draft
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Account, Extent, Segment, SegmentStage
from groundstation.keys.ledger.spans import common
from groundstation.keys.ledger.views import Decision, Lane, LedgerView, Span, Totals

REPLAYED = "allocated before the backup was restored"


def lane_lengths(n_bits: int, n_lanes: int) -> tuple[int, ...]:
    """Bits of each lane: all in one, or halves, the first cut down to a multiple of 8."""
    if n_lanes == 1:
        return (n_bits,)
    first = n_bits // 16 * 8
    return (first, n_bits - first)


def decide_import(
    view: LedgerView,
    segment: Segment,
    owners: Sequence[str],
    clock: Clock,
    *,
    tail_bits: int = 0,
    made_at: float | None = None,
) -> Decision:
    """Take in a segment; it waits in quarantine until both ends agree on its digest.

    The same segment again changes nothing. The import is dated by the ledger.

    Parameters
    ----------
    owners : who allocates each lane: both ends of a pool of two ground nodes, sorted; the station
        alone if the other party is a satellite
    tail_bits : bits beyond the last multiple of 8 that were delivered, too, and are burned
    made_at : when the key was made, seconds since 1970; None if unknown

    Raises
    ------
    ValueError
        If the length, the tail or the owners make no sense.
    KeyConflictError
        If the identity is bound to another digest, length, pool, origin or label.
    KeyExpiredError
        If it has expired before it came.
    KeyStaleError
        If it may have been here, and used, before a backup was restored, and there is neither a
        mark nor another ground node that knows how far.
    """
    if segment.n_bits < 8 or segment.n_bits % 8 or not 0 <= tail_bits < 8:
        raise ValueError(f"cannot import {segment.n_bits} bits and a tail of {tail_bits} bits")
    ends = (segment.pool.a, segment.pool.b)
    if tuple(owners) != ends and (len(owners) != 1 or owners[0] not in ends):
        raise ValueError(f"{', '.join(owners)} cannot allocate key of {' and '.join(ends)}")
    known = view.segment(segment.segment_id)
    if known is not None:
        return _imported_again(known, segment, clock)
    if segment.expires_at is not None and segment.expires_at <= clock.now:
        raise KeyExpiredError(
            f"importing {segment.n_bits} bits that expired"
            f" {clock.now - segment.expires_at:.0f} s ago",
            where=f"segment {segment.segment_id}",
        )
    if len(owners) == 1:
        _check_never_used(view, segment, made_at)
    draft = Draft(view, clock)
    lengths = lane_lengths(segment.n_bits, len(owners))
    for index, (owner, length) in enumerate(zip(owners, lengths, strict=True)):
        lane = Lane(segment.segment_id, index, owner, 0, (), (), Totals())
        draft.begin(lane)
        if length:
            filled = [Span(0, length)]
            draft.move_all(lane, filled, Account.OUTSIDE, Account.QUARANTINED, "imported")
    if tail_bits:
        tail = Extent(segment.segment_id, len(owners) - 1, lengths[-1], tail_bits)
        draft.move(tail, Account.OUTSIDE, Account.BURNED, "tail of less than 8 bits")
    dated = replace(segment, imported_at=clock.latest, stage=SegmentStage.WAITING)
    return draft.decision(segments=[dated])


def _check_never_used(view: LedgerView, segment: Segment, made_at: float | None) -> None:
    restored = view.caught_up_at
    if restored is None or view.mark(segment.segment_id, 0):
        return
    if made_at is None or made_at < restored:
        raise KeyStaleError(
            f"importing {segment.n_bits} bits that may have been used before the backup was"
            " restored",
            where=f"segment {segment.segment_id}",
            hint="fast-forward with the anchor's mark of this segment, or do without it",
        )


def _imported_again(known: Segment, segment: Segment, clock: Clock) -> Decision:
    for what in ("digest", "n_bits", "pool", "origin", "trust"):
        if getattr(known, what) != getattr(segment, what):
            raise KeyConflictError(
                f"importing a segment again with another {what}: {getattr(segment, what)},"
                f" not {getattr(known, what)}",
                where=f"segment {segment.segment_id}",
                hint="one of the two files is wrong; nothing of it was taken",
            )
    return Decision(clock.latest)


def decide_agree(
    view: LedgerView,
    segment_id: UUID,
    digest: str,
    told_by: str,
    clock: Clock,
    *,
    high_water: Sequence[int] = (),
) -> Decision:
    """Compare digests with the other end, or with the producer's; only equal ones make key usable.

    If they differ, nothing of the segment is handed out any more and people are told.

    Parameters
    ----------
    digest : what the other end computed
    told_by : the other end or the producer
    high_water : by lane, how far the other end has seen it allocated; that part is burned. Not
        zero only if this node has lost its memory.

    Raises
    ------
    KeyUnknownError
        If there is no such segment.
    KeyExpiredError
        If it has expired meanwhile.
    KeyStaleError
        In a restored backup that has not caught up.
    """
    segment = known_segment(view, segment_id, "agreeing on a digest")
    where = f"segment {segment_id}"
    if view.is_behind:
        raise KeyStaleError("agreeing on a digest in a backup that is behind", where=where)
    draft = Draft(view, clock)
    if digest != segment.digest:
        return _disputed(view, draft, segment, told_by)
    if segment.stage is not SegmentStage.WAITING:
        return Decision(clock.latest)
    if segment.expires_at is not None and segment.expires_at <= clock.now:
        late_s = clock.now - segment.expires_at
        raise KeyExpiredError(f"agreeing on key that expired {late_s:.0f} s ago", where=where)
    for lane in view.lanes(segment_id):
        told = high_water[lane.index] if lane.index < len(high_water) else 0
        used = Span(0, max(told, view.mark(segment_id, lane.index)))
        fresh = Span(used.stop, lane.n_bits)
        source = Account.QUARANTINED
        old = common(lane.quarantined, used)
        draft.move_all(lane, old, source, Account.BURNED, REPLAYED)
        new = common(lane.quarantined, fresh)
        draft.move_all(lane, new, source, Account.AVAILABLE, f"digest agreed with {told_by}")
    return draft.decision(segments=[replace(segment, stage=SegmentStage.USABLE)])


def _disputed(view: LedgerView, draft: Draft, segment: Segment, told_by: str) -> Decision:
    for lane in view.lanes(segment.segment_id):
        reason = f"digest differs from that of {told_by}"
        draft.move_all(lane, lane.free, Account.AVAILABLE, Account.QUARANTINED, reason)
    pool = f"{segment.pool.a}-{segment.pool.b}"
    return draft.decision(
        segments=[replace(segment, stage=SegmentStage.DISPUTED)],
        alarms=[f"segment {segment.segment_id} of {pool}: {told_by} has another digest"],
    )


def known_segment(view: LedgerView, segment_id: UUID, what: str) -> Segment:
    """The segment, or KeyUnknownError."""
    segment = view.segment(segment_id)
    if segment is None:
        raise KeyUnknownError(f"{what}: no such segment", where=f"segment {segment_id}")
    return segment
