"""What the rules read, out of a few indexed rows inside the writer's transaction.

Segments and lanes that were read stay in memory: one process writes, so they are never older than
the database. After a rollback everything is read anew.
"""

import hmac
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Extent,
    Pool,
    Role,
    Segment,
)
from groundstation.keys.ledger.views import Lane
from groundstation.keys.sealing.chunks import provenance_of
from groundstation.keys.store import rows
from groundstation.keys.store.errors import StoreBrokenError, StoreError
from groundstation.keys.store.pending import Pending
from groundstation.keys.store.row_mac import allocation_mac, lane_mac

_FIND_ALLOCATION = (
    f"SELECT {rows.ALLOCATION_COLUMNS} FROM allocation a JOIN pool p USING (pool_no)"  # noqa: S608
    " WHERE a.allocation_id = ?"
)
_ALL_RESERVED = (
    f"SELECT {rows.ALLOCATION_COLUMNS} FROM allocation a JOIN pool p USING (pool_no)"  # noqa: S608
    " WHERE a.state = 'reserved' ORDER BY a.allocation_no"
)
_FIND_SEGMENT = (
    f"SELECT {rows.SEGMENT_COLUMNS} FROM segment s JOIN pool p USING (pool_no)"  # noqa: S608
    " WHERE s.segment_id = ?"
)
_FIND_LANES = f"SELECT {rows.LANE_COLUMNS} FROM lane l WHERE l.segment_id = ? ORDER BY l.idx"  # noqa: S608
_EXTENTS = (
    "SELECT l.segment_id, l.idx, e.start, e.stop - e.start FROM extent e JOIN lane l USING"
    " (lane_no) WHERE e.allocation_no = ? ORDER BY e.ordinal"
)


# Lanes of a pool that are kept at hand, oldest first; a request seldom looks beyond the first.
_AT_HAND = 16
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """A segment as the store knows it.

    Parameters
    ----------
    segment_no : its row
    provenance : hash that binds its chunks to its description
    lane_nos : rows of its lanes, by index
    """

    segment_no: int
    segment: Segment
    provenance: bytes
    lane_nos: tuple[int, ...]


class StoreView:
    """The `LedgerView` of a store; used by its writer thread only.

    A row that is not as it was written raises StoreBrokenError: nothing is served after that.

    Parameters
    ----------
    pending : what the transaction has not written yet; None if nobody writes
    """

    def __init__(
        self, connection: sqlite3.Connection, row_key: bytes, pending: Pending | None = None
    ) -> None:
        self._connection = connection
        self._row_key = row_key
        self._pending = Pending(connection, row_key) if pending is None else pending
        self._pool_nos: dict[Pool, int] = {}
        self._held: dict[UUID, Held] = {}
        self._lanes: dict[int, Lane] = {}
        self._at_hand: dict[Pool, tuple[tuple[UUID, int], ...]] = {}
        self._available: dict[Pool, int] = {}
        self._read_ledger()

    def _read_ledger(self) -> None:
        row = self._connection.execute(
            "SELECT node, latest_us, is_behind, caught_up_us FROM ledger"
        ).fetchone()
        if row is None:
            raise StoreError("the key ledger has no owner: it was never finished")
        self.node: str = row[0]
        self.latest = rows.from_us(row[1])
        self.is_behind = bool(row[2])
        self.caught_up_at = rows.optional_s(row[3])

    def forget(self) -> None:
        """Read everything anew, after a rollback; nothing may be pending."""
        for cache in (self._pool_nos, self._held, self._lanes, self._at_hand, self._available):
            cache.clear()
        self._read_ledger()

    def pool_no(self, pool: Pool) -> int | None:
        """The row of a pool, None if it never had key."""
        if pool not in self._pool_nos:
            row = self._connection.execute(
                "SELECT pool_no FROM pool WHERE a = ? AND b = ?", (pool.a, pool.b)
            ).fetchone()
            if row is None:
                return None
            self._pool_nos[pool] = row[0]
        return self._pool_nos[pool]

    def held(self, segment_id: UUID) -> Held | None:
        """A segment with its rows, None if it was never imported."""
        held = self._held.get(segment_id)
        if held is None:
            row = self._connection.execute(_FIND_SEGMENT, (segment_id.bytes,)).fetchone()
            if row is None:
                return None
            lanes = self._connection.execute(_FIND_LANES, (segment_id.bytes,)).fetchall()
            segment = _parsed(rows.segment_from, row)
            numbers = tuple(lane[0] for lane in lanes)
            self._lanes.update((lane[0], self._checked_lane(lane)) for lane in lanes)
            held = Held(row[0], segment, provenance_of(segment), numbers)
            self._held[segment_id] = held
        return held

    def hold(self, held: Held) -> None:
        """Remember a segment as it was just written."""
        self._held[held.segment.segment_id] = held

    def hold_lane(self, lane_no: int, lane: Lane) -> None:
        """Remember a lane as it was just written."""
        before = self._lanes.get(lane_no)
        self._lanes[lane_no] = lane
        if lane.owner != self.node:
            return
        pool = self._held[lane.segment_id].segment.pool
        had = 0 if before is None else before.totals.available
        if pool in self._available:
            self._available[pool] += lane.totals.available - had
        if not had:
            # It may have become the oldest that has key.
            self._at_hand.pop(pool, None)

    def lane_at(self, lane_no: int) -> Lane:
        """A lane that was read before, by its row."""
        return self._lanes[lane_no]

    def lane_no(self, segment_id: UUID, index: int) -> int | None:
        """The row of a lane."""
        held = self.held(segment_id)
        if held is None or not 0 <= index < len(held.lane_nos):
            return None
        return held.lane_nos[index]

    def segment(self, segment_id: UUID) -> Segment | None:
        """The segment, if it was ever imported."""
        held = self.held(segment_id)
        return None if held is None else held.segment

    def lanes(self, segment_id: UUID) -> Sequence[Lane]:
        """All lanes of a segment, by index; empty if it is unknown."""
        held = self.held(segment_id)
        return [] if held is None else [self._lanes[lane_no] for lane_no in held.lane_nos]

    def lane(self, segment_id: UUID, index: int) -> Lane | None:
        """One lane."""
        lane_no = self.lane_no(segment_id, index)
        return None if lane_no is None else self._lanes[lane_no]

    def waiting_segments(self) -> Iterator[Segment]:
        """Segments of two lanes that wait for the other end's digest."""
        found = self._connection.execute(
            "SELECT segment_id FROM segment s WHERE stage = 'waiting' AND EXISTS"
            " (SELECT 1 FROM lane WHERE segment_no = s.segment_no AND idx = 1)"
            " ORDER BY segment_no"
        ).fetchall()
        for (segment_id,) in found:
            segment = self.segment(UUID(bytes=segment_id))
            if segment is not None:
                yield segment

    def pool_lanes(self, pool: Pool) -> Iterator[Lane]:
        """Every lane of a pool, spent or not."""
        found = self._connection.execute(
            "SELECT segment_id, idx FROM lane WHERE pool_no = ? ORDER BY lane_no",
            (self.pool_no(pool),),
        ).fetchall()
        return self._each_lane(found)

    def unspent_lanes(self) -> Iterator[Lane]:
        """Every lane that has free or quarantined bits."""
        self._pending.write()
        found = self._connection.execute(
            "SELECT segment_id, idx FROM lane WHERE available > 0 OR quarantined > 0"
            " ORDER BY lane_no"
        ).fetchall()
        return self._each_lane(found)

    def own_lanes(self, pool: Pool) -> Iterator[tuple[Segment, Lane]]:
        """Lanes of a pool that this node allocates and that have free bits; oldest import first."""
        near = self._at_hand.get(pool, ())
        while near and not self._lanes[near[0][1]].totals.available:
            near = near[1:]
        if not near:
            near = tuple(islice(self._own_places(pool), _AT_HAND))
        self._at_hand[pool] = near
        for segment_id, lane_no in near:
            lane = self._lanes[lane_no]
            if lane.totals.available:
                yield self._held[segment_id].segment, lane
        seen = {lane_no for _, lane_no in near}
        for segment_id, lane_no in self._own_places(pool):
            if lane_no not in seen:
                yield self._held[segment_id].segment, self._lanes[lane_no]

    def _own_places(self, pool: Pool) -> Iterator[tuple[UUID, int]]:
        """Segments and rows of the lanes of `own_lanes`, out of the tables."""
        self._pending.write()
        found = self._connection.execute(
            "SELECT segment_id, lane_no FROM lane INDEXED BY lane_with_key WHERE pool_no = ?"
            " AND owner = ? AND available > 0 ORDER BY imported_us, segment_id, idx",
            (self.pool_no(pool), self.node),
        )
        while portion := found.fetchmany(4):
            for segment_bytes, lane_no in portion:
                segment_id = UUID(bytes=segment_bytes)
                if self.held(segment_id) is not None:
                    yield segment_id, lane_no

    def _each_lane(self, found: Sequence[tuple[bytes, int]]) -> Iterator[Lane]:
        for segment_id, index in found:
            lane = self.lane(UUID(bytes=segment_id), index)
            if lane is not None:
                yield lane

    def available_bits(self, pool: Pool) -> int:
        """Free bits of all lanes of a pool that this node allocates."""
        if pool not in self._available:
            self._pending.write()
            row = self._connection.execute(
                "SELECT coalesce(sum(available), 0) FROM lane WHERE pool_no = ? AND owner = ?"
                " AND available > 0",
                (self.pool_no(pool), self.node),
            ).fetchone()
            self._available[pool] = row[0]
        return self._available[pool]

    def spent_bits(self, pool: Pool, reference: str, since: float) -> int:
        """Bits of our allocations for a reference, created at or after `since`, not burned."""
        row = self._connection.execute(
            "SELECT coalesce(sum(n_bits), 0) FROM allocation WHERE reference = ? AND pool_no = ?"
            " AND created_us >= ? AND role = 'ours' AND state <> 'burned'",
            (reference, self.pool_no(pool), rows.to_us(since)),
        ).fetchone()
        new = (pending.allocation for pending in self._pending.allocations.values())
        return int(row[0]) + sum(
            allocation.n_bits
            for allocation in new
            if (allocation.reference, allocation.pool) == (reference, pool)
            and rows.to_us(allocation.created_at) >= rows.to_us(since)
            and allocation.role is Role.OURS
            and allocation.state is not AllocationState.BURNED
        )

    def allocation(self, allocation_id: UUID) -> Allocation | None:
        """The allocation, whatever became of it."""
        new = self._pending.allocations.get(allocation_id)
        if new is not None:
            return new.allocation
        row = self._connection.execute(_FIND_ALLOCATION, (allocation_id.bytes,)).fetchone()
        return None if row is None else self._checked_allocation(row)

    def reserved(self, role: Role | None = None) -> Iterator[Allocation]:
        """Allocations that are still reserved; of one role or of both."""
        self._pending.write()
        for row in self._connection.execute(_ALL_RESERVED).fetchall():
            if role is None or role == row[5]:
                yield self._checked_allocation(row)

    def mark(self, segment_id: UUID, lane: int) -> int:
        """The remembered mark of a lane; 0 if there is none."""
        row = self._connection.execute(
            "SELECT stop FROM mark WHERE segment_id = ? AND idx = ?", (segment_id.bytes, lane)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def _extents(self, allocation_no: int) -> tuple[Extent, ...]:
        found = self._connection.execute(_EXTENTS, (allocation_no,)).fetchall()
        return tuple(Extent(UUID(bytes=row[0]), *row[1:]) for row in found)

    def _checked_lane(self, row: tuple[Any, ...]) -> Lane:
        lane = _parsed(rows.lane_from, row)
        if not hmac.compare_digest(lane_mac(self._row_key, row[0], lane), row[-1]):
            raise StoreBrokenError(
                f"lane {lane.index} of segment {lane.segment_id} is not as it was written"
            )
        return lane

    def _checked_allocation(self, row: tuple[Any, ...]) -> Allocation:
        extents = self._extents(row[0])
        allocation = _parsed(lambda row: rows.allocation_from(row, extents), row)
        if not hmac.compare_digest(allocation_mac(self._row_key, allocation), row[-1]):
            raise StoreBrokenError(
                f"the allocation {allocation.allocation_id} is not as it was written"
            )
        return allocation


def _parsed(parse: Callable[[tuple[Any, ...]], T], row: tuple[Any, ...]) -> T:
    try:
        return parse(row)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreBrokenError(f"a row of the key ledger cannot be read: {error}") from error
