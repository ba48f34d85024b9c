"""What must hold of a whole ledger, and its lanes folded anew from nothing but entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from uuid import UUID

from groundstation.keys.errors import KeyConflictError
from groundstation.keys.ledger import spans
from groundstation.keys.ledger.allocation_rules import SPENT_AS
from groundstation.keys.ledger.balance import imported_bits, moved
from groundstation.keys.ledger.memory import Ledger
from groundstation.keys.ledger.records import (
    Account,
    Allocation,
    AllocationState,
    Entry,
    Extent,
    SegmentStage,
)
from groundstation.keys.ledger.views import Lane, Span, Totals


def replay(empty_lanes: Iterable[Lane], entries: Iterable[Entry]) -> dict[tuple[UUID, int], Lane]:
    """The lanes as the entries leave them, each movement judged by the rules of double entry.

    Parameters
    ----------
    empty_lanes : every lane with its owner and nothing in it, see `emptied`
    entries : all of them, in their order

    Raises
    ------
    KeyConflictError
        At the first entry that moves bits which are not where it takes them from, that names a
        lane that does not exist, or that is dated before the one in front of it.
    """
    lanes = {(lane.segment_id, lane.index): lane for lane in empty_lanes}
    # Bits that an allocation holds, so that what is spent or burned is what was reserved.
    held: dict[tuple[UUID, int], dict[Span, UUID | None]] = {}
    latest = float("-inf")
    for number, entry in enumerate(entries, 1):
        extent = entry.extent
        where = f"entry {number}, segment {extent.segment_id}"
        place, span = (extent.segment_id, extent.lane), Span(extent.start, extent.stop)
        if place not in lanes:
            raise KeyConflictError(f"replaying: there is no lane {extent.lane}", where=where)
        if entry.at < latest:
            raise KeyConflictError("replaying: dated before the entry in front of it", where=where)
        latest = entry.at
        lanes[place] = moved(lanes[place], span, entry.source, entry.target)
        taken = held.setdefault(place, {})
        if entry.target is Account.RESERVED:
            taken[span] = entry.allocation_id
        elif entry.source is Account.RESERVED:
            owner = taken.pop(span, None)
            if owner is None or owner != entry.allocation_id:
                raise KeyConflictError("replaying: these bits were not reserved so", where=where)
    return lanes


def emptied(lane: Lane) -> Lane:
    """The lane as it was before its import."""
    return Lane(lane.segment_id, lane.index, lane.owner, 0, (), (), Totals())


def check_invariants(ledger: Ledger) -> None:
    """Raise KeyConflictError with every fault of a ledger that the rules cannot have made."""
    faults = [*_balance_faults(ledger), *_stage_faults(ledger), *_allocation_faults(ledger)]
    faults.extend(_history_faults(ledger))
    if faults:
        raise KeyConflictError("; ".join(faults), where=f"ledger of {ledger.node}")


def _balance_faults(ledger: Ledger) -> Iterator[str]:
    """I5 lane by lane, and free and quarantined bits counted twice in two ways."""
    for (segment_id, index), lane in ledger.lanes_by_place.items():
        name = f"lane {index} of segment {segment_id}"
        if imported_bits(lane.totals) != lane.n_bits:
            yield f"{name}: {lane.n_bits} bits came in, the accounts hold {lane.totals}"
        for held, account in ((lane.free, "available"), (lane.quarantined, "quarantined")):
            if spans.count(held) != getattr(lane.totals, account):
                yield f"{name}: {spans.count(held)} bits are {account}, not {lane.totals}"
            if any(one.stop >= two.start for one, two in pairwise(held)):
                yield f"{name}: {account} spans touch or are out of order"
    for segment_id, segment in ledger.segments.items():
        imported = sum(lane.n_bits for lane in ledger.lanes(segment_id))
        if not 0 <= imported - segment.n_bits < 8:
            yield f"segment {segment_id}: {imported} bits came in, it has {segment.n_bits}"


def _stage_faults(ledger: Ledger) -> Iterator[str]:
    """I9: nothing is free, or was ever reserved, before both ends agreed."""
    for segment_id, segment in ledger.segments.items():
        lanes = ledger.lanes(segment_id)
        if segment.stage is SegmentStage.USABLE:
            continue
        if any(lane.free for lane in lanes):
            yield f"segment {segment_id} is {segment.stage} and has free bits"
        if segment.stage is SegmentStage.WAITING and any(lane.high_water for lane in lanes):
            yield f"segment {segment_id} is {segment.stage} and was allocated"


def _allocation_faults(ledger: Ledger) -> Iterator[str]:
    """I1 and I2: no two extents of any allocations overlap, and none lies in free bits."""
    extents: dict[tuple[UUID, int], list[Extent]] = {}
    for allocation in ledger.allocations.values():
        for extent in allocation.extents:
            extents.setdefault((extent.segment_id, extent.lane), []).append(extent)
    for place, lane_extents in extents.items():
        lane_extents.sort()
        for one, two in pairwise(lane_extents):
            if one.stop > two.start:
                yield f"bits {two.start} to {one.stop} of lane {place} are allocated twice"
        unused = (*ledger.lanes_by_place[place].free, *ledger.lanes_by_place[place].quarantined)
        for extent in lane_extents:
            if any(spans.common(unused, Span(extent.start, extent.stop))):
                yield f"bits {extent.start} to {extent.stop} of lane {place} are free and allocated"


def _history_faults(ledger: Ledger) -> Iterator[str]:
    """I10: the lanes and the states of the allocations follow from the entries alone."""
    lanes = replay(map(emptied, ledger.lanes_by_place.values()), ledger.entries)
    if lanes != ledger.lanes_by_place:
        yield "the lanes differ from what the entries give"
    if ledger.entries and ledger.entries[-1].at > ledger.latest:
        yield "the last entry is dated after the latest time seen"
    by_allocation: dict[UUID | None, list[Entry]] = {}
    for entry in ledger.entries:
        by_allocation.setdefault(entry.allocation_id, []).append(entry)
    for allocation_id in {*ledger.allocations, *by_allocation} - {None}:
        allocation = ledger.allocations.get(allocation_id) if allocation_id else None
        moves = by_allocation.get(allocation_id, [])
        if allocation is None or not is_told_by(allocation, moves):
            yield f"allocation {allocation_id}: its entries tell another story"


def is_told_by(allocation: Allocation, moves: Sequence[Entry]) -> bool:
    """Whether the entries of an allocation give its extents and its state."""
    last: Mapping[AllocationState, Account] = {
        AllocationState.RESERVED: Account.RESERVED,
        AllocationState.CONSUMED: SPENT_AS[allocation.purpose],
        AllocationState.BURNED: Account.BURNED,
    }
    goal = last[allocation.state]
    direct = [(extent, Account.AVAILABLE, goal) for extent in allocation.extents]
    reserved = [(extent, Account.AVAILABLE, Account.RESERVED) for extent in allocation.extents]
    spent = [(extent, Account.RESERVED, goal) for extent in allocation.extents]
    told = [(move.extent, move.source, move.target) for move in moves]
    if allocation.state is AllocationState.RESERVED:
        return told == direct
    was_cancelled_unseen = allocation.state is AllocationState.BURNED and told == direct
    return was_cancelled_unseen or told == reserved + spent
