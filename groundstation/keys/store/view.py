"""What the rules read, out of a few indexed rows inside the writer's transaction.

Segments and lanes that were read stay in memory: one process writes, so they are never older than
the database. After a rollback everything is read anew.
"""

import hmac
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from groundstation.keys.ledger.records import Allocation, Extent, Pool, Role, Segment
from groundstation.keys.ledger.views import Lane
from groundstation.keys.sealing.chunks import provenance_of
from groundstation.keys.store import rows
from groundstation.keys.store.errors import StoreBrokenError, StoreError
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
    """

    def __init__(self, connection: sqlite3.Connection, row_key: bytes) -> None:
        self._connection = connection
        self._row_key = row_key
        self._pool_nos: dict[Pool, int] = {}
        self._held: dict[UUID, Held] = {}
        self._lanes: dict[int, Lane] = {}
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
        """Read everything anew, after a rollback."""
        for cache in (self._pool_nos, self._held, self._lanes, self._available):
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
        if segment_id not in self._held:
            row = self._connection.execute(_FIND_SEGMENT, (segment_id.bytes,)).fetchone()
            if row is None:
                return None
            lanes = self._connection.execute(_FIND_LANES, (segment_id.bytes,)).fetchall()
            segment = _parsed(rows.segment_from, row)
            numbers = tuple(lane[0] for lane in lanes)
            self._lanes.update((lane[0], self._checked_lane(lane)) for lane in lanes)
            self._held[segment_id] = Held(row[0], segment, provenance_of(segment), numbers)
        return self._held[segment_id]

    def hold(self, held: Held) -> None:
        """Remember a segment as it was just written."""
        self._held[held.segment.segment_id] = held

    def hold_lane(self, lane_no: int, lane: Lane) -> None:
        """Remember a lane as it was just written."""
        self._lanes[lane_no] = lane
        self._available.clear()

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
        found = self._connection.execute(
            "SELECT segment_id, idx FROM lane WHERE available > 0 OR quarantined > 0"
            " ORDER BY lane_no"
        ).fetchall()
        return self._each_lane(found)

    def own_lanes(self, pool: Pool) -> Iterator[tuple[Segment, Lane]]:
        """Lanes of a pool that this node allocates and that have free bits; oldest import first."""
        found = self._connection.execute(
            "SELECT segment_id, idx FROM lane INDEXED BY lane_with_key WHERE pool_no = ?"
            " AND owner = ? AND available > 0 ORDER BY imported_us, segment_id, idx",
            (self.pool_no(pool), self.node),
        )
        # Fetched in small portions: a request seldom looks beyond the first lane.
        while portion := found.fetchmany(4):
            for lane in self._each_lane(portion):
                segment = self.segment(lane.segment_id)
                if segment is not None:
                    yield segment, lane

    def _each_lane(self, found: Sequence[tuple[bytes, int]]) -> Iterator[Lane]:
        for segment_id, index in found:
            lane = self.lane(UUID(bytes=segment_id), index)
            if lane is not None:
                yield lane

    def available_bits(self, pool: Pool) -> int:
        """Free bits of all lanes of a pool that this node allocates."""
        if pool not in self._available:
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
        return int(row[0])

    def allocation(self, allocation_id: UUID) -> Allocation | None:
        """The allocation, whatever became of it."""
        row = self._connection.execute(_FIND_ALLOCATION, (allocation_id.bytes,)).fetchone()
        return None if row is None else self._checked_allocation(row)

    def reserved(self, role: Role | None = None) -> Iterator[Allocation]:
        """Allocations that are still reserved; of one role or of both."""
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
