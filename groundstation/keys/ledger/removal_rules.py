"""Rules for key that is taken out of use: expired, damaged, purged, or perhaps used unseen.

Each function reads a view, changes nothing and returns a `Decision`, or refuses with a branch of
`KeyLedgerError`. The invariants stand in `groundstation.keys.ledger.rules`.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from groundstation.keys.errors import KeyClockError, KeyCustodyError, KeyUnknownError
from groundstation.keys.ledger.allocation_rules import burned
from groundstation.keys.ledger.balance import Draft
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Account, Extent
from groundstation.keys.ledger.segment_rules import REPLAYED, known_segment
from groundstation.keys.ledger.spans import common
from groundstation.keys.ledger.views import Decision, Lane, LedgerView, Mark, Span


def decide_expire(view: LedgerView, segment_id: UUID, clock: Clock) -> Decision:
    """Take expired key off the balance; nothing changes before its time or after it was done.

    Raises
    ------
    KeyUnknownError
        If there is no such segment.
    KeyClockError
        If the clock has made a step that nobody has confirmed.
    """
    segment = known_segment(view, segment_id, "expiring key")
    if segment.expires_at is None or clock.now < segment.expires_at:
        return Decision(clock.latest)
    if clock.step_s:
        raise KeyClockError(
            f"expiring key: the clock is {clock.step_s:.0f} s ahead of the last time seen",
            where=f"segment {segment_id}",
            hint="put the clock right, or confirm that it is",
        )
    draft = Draft(view, clock)
    for lane in view.lanes(segment_id):
        draft.move_all(lane, lane.free, Account.AVAILABLE, Account.EXPIRED, "expired")
        held = lane.quarantined
        draft.move_all(lane, held, Account.QUARANTINED, Account.BURNED, "expired in quarantine")
    return draft.decision()


def decide_quarantine(view: LedgerView, extent: Extent, reason: str, clock: Clock) -> Decision:
    """Take damaged key out of use: what is still free of a range goes into quarantine, for ever.

    Reserved key in the range is burned when it turns out that it cannot be read.

    Raises
    ------
    KeyUnknownError
        If there is no such lane.
    """
    lane = view.lane(extent.segment_id, extent.lane)
    where = f"segment {extent.segment_id}"
    if lane is None:
        raise KeyUnknownError(f"quarantining bits of lane {extent.lane}: not here", where=where)
    draft = Draft(view, clock)
    damaged = list(common(lane.free, Span(extent.start, extent.stop)))
    draft.move_all(lane, damaged, Account.AVAILABLE, Account.QUARANTINED, reason)
    return draft.decision(alarms=[f"{where}, lane {extent.lane}, bit {extent.start}: {reason}"])


def decide_purge(
    view: LedgerView, segment_id: UUID, persons: Sequence[str], reason: str, clock: Clock
) -> Decision:
    """Burn all of a segment that is not spent, on the word of two different persons.

    Reserved allocations that take a part of it burn as a whole.

    Raises
    ------
    KeyUnknownError
        If there is no such segment.
    KeyCustodyError
        If the names are fewer than two different ones.
    """
    known_segment(view, segment_id, "purging key")
    names = {person.strip().casefold() for person in persons} - {""}
    if len(names) < 2:
        raise KeyCustodyError(
            f"purging key: {len(names)} of 2 different persons agree",
            where=f"segment {segment_id}",
        )
    draft = Draft(view, clock)
    told = f"purged by {' and '.join(sorted(names))}: {reason}"
    _burn_unspent(draft, view.lanes(segment_id), told)
    touched = [a for a in view.reserved() if any(e.segment_id == segment_id for e in a.extents)]
    gone = [done for allocation in touched for done in burned(draft, allocation, told)]
    return draft.decision(allocations=gone)


def decide_fast_forward(view: LedgerView, marks: Iterable[Mark], clock: Clock) -> Decision:
    """Let a restored backup catch up: burn whatever may have been used since it was written.

    Every reserved allocation burns, and every lane up to the highest of its marks. A lane of which
    nobody gives a mark burns as a whole. Marks of segments that are not here are remembered for
    the day they are imported again.

    Parameters
    ----------
    marks : from the other end of every pool, for both lanes, and from the anchor
    """
    stops: dict[tuple[UUID, int], int] = {}
    for mark in marks:
        place = (mark.segment_id, mark.lane)
        stops[place] = max(mark.stop, stops.get(place, 0), view.mark(*place))
    draft = Draft(view, clock)
    gone = [done for allocation in view.reserved() for done in burned(draft, allocation, REPLAYED)]
    for lane in view.unspent_lanes():
        stop = stops.get((lane.segment_id, lane.index))
        used = Span(0, lane.n_bits if stop is None else stop)
        draft.move_all(lane, common(lane.free, used), Account.AVAILABLE, Account.BURNED, REPLAYED)
        # What still waits for two digests learns its mark when they are compared.
        if stop is not None or len(view.lanes(lane.segment_id)) == 1:
            held = common(lane.quarantined, used)
            draft.move_all(lane, held, Account.QUARANTINED, Account.BURNED, REPLAYED)
    remembered = [Mark(segment_id, index, stop) for (segment_id, index), stop in stops.items()]
    return draft.decision(allocations=gone, marks=remembered, caught_up_at=clock.now)


def _burn_unspent(draft: Draft, lanes: Iterable[Lane], reason: str) -> None:
    for lane in lanes:
        draft.move_all(lane, lane.free, Account.AVAILABLE, Account.BURNED, reason)
        draft.move_all(lane, lane.quarantined, Account.QUARANTINED, Account.BURNED, reason)
