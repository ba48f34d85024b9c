"""Double entry: every bit is in exactly one account and moves along the permitted ways only.

imported = available + reserved + delivered + relayed + authentication + expired + burned
+ quarantined holds for every lane, hence for every segment, pool and node, after every entry.
"""

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from uuid import UUID

from groundstation.keys.errors import KeyConflictError
from groundstation.keys.ledger import spans
from groundstation.keys.ledger.clock import Clock
from groundstation.keys.ledger.records import Account, Allocation, Entry, Extent, Segment
from groundstation.keys.ledger.views import Decision, Lane, LedgerView, Mark, Span, Totals

ACCOUNTS = tuple(field.name for field in fields(Totals))
_held_in = attrgetter(*ACCOUNTS)
_PLACES = {Account(name): place for place, name in enumerate(ACCOUNTS)}

# Whoever is not named as a source is final.
PERMITTED = {
    Account.OUTSIDE: frozenset({Account.QUARANTINED, Account.BURNED}),
    Account.QUARANTINED: frozenset({Account.AVAILABLE, Account.BURNED}),
    Account.AVAILABLE: frozenset(
        {Account.RESERVED, Account.EXPIRED, Account.BURNED, Account.QUARANTINED}
    ),
    # Never back to AVAILABLE: whoever was told about reserved key may still use it.
    Account.RESERVED: frozenset(
        {Account.DELIVERED, Account.RELAYED, Account.AUTHENTICATION, Account.BURNED}
    ),
}


def imported_bits(totals: Totals) -> int:
    """All bits that ever came in: the sum of the accounts."""
    return sum(getattr(totals, account) for account in ACCOUNTS)


def summed(parts: Iterable[Totals]) -> Totals:
    """Account by account."""
    listed = list(parts)
    return Totals(**{name: sum(getattr(part, name) for part in listed) for name in ACCOUNTS})


def moved(lane: Lane, span: Span, source: Account, target: Account) -> Lane:
    """The lane after one movement.

    Raises
    ------
    KeyConflictError
        If the way is not permitted or the bits are not all in the source account.
    """
    length = span.stop - span.start
    if target not in PERMITTED.get(source, frozenset()):
        raise _refused(lane, span, source, target, "no such movement is permitted")
    if length <= 0 or span.start < 0:
        raise _refused(lane, span, source, target, "the range holds no bits")
    free, quarantined, n_bits = lane.free, lane.quarantined, lane.n_bits
    totals = list(_held_in(lane.totals))
    totals[_PLACES[target]] += length
    if source is Account.OUTSIDE:
        if span.start != n_bits:
            raise _refused(lane, span, source, target, f"the lane has {n_bits} bits")
        n_bits = span.stop
    else:
        totals[_PLACES[source]] -= length
        if totals[_PLACES[source]] < 0:
            too_many = -totals[_PLACES[source]]
            raise _refused(lane, span, source, target, f"{too_many} bits too many")
    if source is Account.AVAILABLE:
        free = _without(lane.free, lane, span, source, target)
    if source is Account.QUARANTINED:
        quarantined = _without(lane.quarantined, lane, span, source, target)
    if target is Account.AVAILABLE:
        free = spans.joined(free, span)
    if target is Account.QUARANTINED:
        quarantined = spans.joined(quarantined, span)
    reserved_to = span.stop if target is Account.RESERVED else 0
    return Lane(
        lane.segment_id,
        lane.index,
        lane.owner,
        n_bits,
        free,
        quarantined,
        Totals(*totals),
        max(lane.high_water, reserved_to),
    )


def _without(
    held: spans.Spans, lane: Lane, span: Span, source: Account, target: Account
) -> spans.Spans:
    if not spans.contains(held, span):
        raise _refused(lane, span, source, target, "not all of these bits are there")
    return spans.without(held, span)


def _refused(
    lane: Lane, span: Span, source: Account, target: Account, reason: str
) -> KeyConflictError:
    way = f"from {source} to {target}"
    return KeyConflictError(
        f"moving bits {span.start} to {span.stop} of lane {lane.index} {way}: {reason}",
        where=f"segment {lane.segment_id}",
    )


class Draft:
    """One command in the making: the lanes as they become and the entries in their order.

    Parameters
    ----------
    view : the ledger before the command; it stays as it is
    clock : stamps the entries
    """

    def __init__(self, view: LedgerView, clock: Clock) -> None:
        self._view = view
        self._clock = clock
        self._lanes: dict[tuple[UUID, int], Lane] = {}
        self._entries: list[Entry] = []

    def begin(self, lane: Lane) -> None:
        """Add a lane that is not in the ledger yet."""
        self._lanes[lane.segment_id, lane.index] = lane

    def lane(self, segment_id: UUID, index: int) -> Lane | None:
        """A lane as this command has left it so far."""
        drafted = self._lanes.get((segment_id, index))
        return self._view.lane(segment_id, index) if drafted is None else drafted

    def move(
        self,
        extent: Extent,
        source: Account,
        target: Account,
        reason: str,
        allocation_id: UUID | None = None,
    ) -> None:
        """Move one extent; raises KeyConflictError if the bits are not there."""
        lane = self.lane(extent.segment_id, extent.lane)
        if lane is None:
            raise KeyConflictError(
                f"moving {extent.length} bits from {source} to {target}: no lane {extent.lane}",
                where=f"segment {extent.segment_id}",
            )
        changed = moved(lane, Span(extent.start, extent.stop), source, target)
        self._lanes[extent.segment_id, extent.lane] = changed
        stamp = self._clock.latest
        self._entries.append(Entry(extent, source, target, allocation_id, reason, stamp))

    def move_all(
        self, lane: Lane, held: Iterable[Span], source: Account, target: Account, reason: str
    ) -> None:
        """Move spans of one lane that belong to no allocation."""
        for span in held:
            extent = Extent(lane.segment_id, lane.index, span.start, span.stop - span.start)
            self.move(extent, source, target, reason)

    def decision(
        self,
        *,
        segments: Iterable[Segment] = (),
        allocations: Iterable[Allocation] = (),
        marks: Iterable[Mark] = (),
        caught_up_at: float | None = None,
        alarms: Iterable[str] = (),
    ) -> Decision:
        """All that the command changes."""
        return Decision(
            self._clock.latest,
            tuple(self._entries),
            tuple(segments),
            tuple(self._lanes.values()),
            tuple(allocations),
            tuple(marks),
            caught_up_at,
            tuple(alarms),
        )
