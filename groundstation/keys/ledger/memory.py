"""The ledger in memory: the same rules on mappings, with every entry kept.

It judges the store in tests and in `verify`: both apply the same decisions, and `replay` folds the
store's entries anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from groundstation.keys.ledger import spans
from groundstation.keys.ledger.balance import summed
from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Entry,
    Pool,
    Role,
    Segment,
    SegmentStage,
)
from groundstation.keys.ledger.views import Decision, Lane, Totals


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as it is now; a command gives a new one and leaves this one as it was.

    Parameters
    ----------
    node : whose ledger this is
    latest : the latest time seen, seconds since 1970
    entries : all, from the first
    """

    node: str
    latest: float
    segments: Mapping[UUID, Segment] = field(default_factory=dict)
    lanes_by_place: Mapping[tuple[UUID, int], Lane] = field(default_factory=dict)
    allocations: Mapping[UUID, Allocation] = field(default_factory=dict)
    marks: Mapping[tuple[UUID, int], int] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    is_behind: bool = False
    caught_up_at: float | None = None

    def segment(self, segment_id: UUID) -> Segment | None:
        """The segment, if it was ever imported."""
        return self.segments.get(segment_id)

    def lanes(self, segment_id: UUID) -> Sequence[Lane]:
        """All lanes of a segment, by index."""
        places = ((segment_id, index) for index in range(2))
        return [self.lanes_by_place[place] for place in places if place in self.lanes_by_place]

    def lane(self, segment_id: UUID, index: int) -> Lane | None:
        """One lane."""
        return self.lanes_by_place.get((segment_id, index))

    def waiting_segments(self) -> Iterator[Segment]:
        """Segments of two lanes that wait for the other end's digest."""
        for segment_id, segment in self.segments.items():
            if segment.stage is SegmentStage.WAITING and (segment_id, 1) in self.lanes_by_place:
                yield segment

    def pool_lanes(self, pool: Pool) -> Iterator[Lane]:
        """Every lane of a pool, spent or not."""
        for lane in self.lanes_by_place.values():
            if self.segments[lane.segment_id].pool == pool:
                yield lane

    def unspent_lanes(self) -> Iterator[Lane]:
        """Every lane that has free or quarantined bits."""
        return (lane for lane in self.lanes_by_place.values() if lane.free or lane.quarantined)

    def own_lanes(self, pool: Pool) -> Iterator[tuple[Segment, Lane]]:
        """Lanes of a pool that this node allocates and that have free bits; oldest import first."""
        ours = [lane for lane in self.lanes_by_place.values() if lane.owner == self.node]
        pairs = [(self.segments[lane.segment_id], lane) for lane in ours if lane.free]
        # Segments of one instant follow by identity, so that every ledger takes the same bits.
        pairs.sort(key=lambda pair: (pair[0].imported_at, pair[0].segment_id.bytes))
        return (pair for pair in pairs if pair[0].pool == pool)

    def available_bits(self, pool: Pool) -> int:
        """Free bits of all lanes of a pool that this node allocates."""
        return sum(spans.count(lane.free) for _, lane in self.own_lanes(pool))

    def spent_bits(self, pool: Pool, reference: str, since: float) -> int:
        """Bits of our allocations for a reference, created at or after `since`, not burned."""
        return sum(
            allocation.n_bits
            for allocation in self.allocations.values()
            if (allocation.pool, allocation.reference) == (pool, reference)
            and allocation.role is Role.OURS
            and allocation.created_at >= since
            and allocation.state is not AllocationState.BURNED
        )

    def allocation(self, allocation_id: UUID) -> Allocation | None:
        """The allocation, whatever became of it."""
        return self.allocations.get(allocation_id)

    def reserved(self, role: Role | None = None) -> Iterator[Allocation]:
        """Allocations that are still reserved; of one role or of both."""
        for allocation in self.allocations.values():
            if allocation.state is AllocationState.RESERVED and role in {None, allocation.role}:
                yield allocation

    def mark(self, segment_id: UUID, lane: int) -> int:
        """The remembered mark of a lane; 0 if there is none."""
        return self.marks.get((segment_id, lane), 0)

    def totals(self, pool: Pool | None = None) -> Totals:
        """The accounts of one pool, or of the node."""
        return summed(
            lane.totals
            for lane in (self.lanes_by_place.values() if pool is None else self.pool_lanes(pool))
        )


def applied(ledger: Ledger, decision: Decision) -> Ledger:
    """The ledger after a decision, which must have been made on this very ledger."""
    marks = dict(ledger.marks)
    for mark in decision.marks:
        place = (mark.segment_id, mark.lane)
        marks[place] = max(mark.stop, marks.get(place, 0))
    has_caught_up = decision.caught_up_at is not None
    return replace(
        ledger,
        latest=decision.latest,
        segments=_with(ledger.segments, ((s.segment_id, s) for s in decision.segments)),
        lanes_by_place=_with(
            ledger.lanes_by_place, (((n.segment_id, n.index), n) for n in decision.lanes)
        ),
        allocations=_with(ledger.allocations, ((a.allocation_id, a) for a in decision.allocations)),
        marks=marks,
        entries=ledger.entries + decision.entries,
        is_behind=ledger.is_behind and not has_caught_up,
        caught_up_at=decision.caught_up_at if has_caught_up else ledger.caught_up_at,
    )


def _with(known: Mapping[Any, Any], changed: Iterable[tuple[Any, Any]]) -> Mapping[Any, Any]:
    return {**known, **dict(changed)}
