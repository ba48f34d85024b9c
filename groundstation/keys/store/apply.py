"""Write a decision of the rules into the tables, inside the writer's transaction."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from groundstation.keys.ledger.records import (
    Account,
    Allocation,
    AllocationState,
    Entry,
    Extent,
    Pool,
    Segment,
)
from groundstation.keys.ledger.views import Decision, Lane, Mark
from groundstation.keys.sealing.chunks import provenance_of
from groundstation.keys.store import rows
from groundstation.keys.store.audit import AuditLog
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.pending import NewAllocation, Pending
from groundstation.keys.store.vault import Vault
from groundstation.keys.store.view import Held, StoreView

_FINAL = frozenset(
    {
        Account.DELIVERED,
        Account.RELAYED,
        Account.AUTHENTICATION,
        Account.EXPIRED,
        Account.BURNED,
    }
)
_REASONS_KEPT = 4096
_LANE_INSERT = (
    "INSERT INTO lane (segment_no, segment_id, pool_no, idx, owner, imported_us, n_bits,"
    " high_water, free, held, available, reserved, delivered, relayed, authentication, expired,"
    " burned, quarantined, mac)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x'')"
    " RETURNING lane_no"
)


@dataclass
class Applier:
    """Turns decisions into rows; `has_written` tells whether a rollback has something to undo.

    What every reservation changes waits in `pending`, all else is written at once.
    """

    connection: sqlite3.Connection
    view: StoreView
    vault: Vault
    audit: AuditLog
    pending: Pending = field(repr=False)
    has_written: bool = False
    _reason_nos: dict[str, int] = field(default_factory=dict)

    def forget(self) -> None:
        """Read everything anew, after a rollback."""
        self._reason_nos.clear()
        self.view.forget()
        self.vault.forget()

    def write(self, decision: Decision) -> None:
        """Everything a decision changes, but for the key of a new segment (`Vault.put`)."""
        self.has_written = True
        for segment in decision.segments:
            self._segment(
                segment, [n for n in decision.lanes if n.segment_id == segment.segment_id]
            )
        for lane in decision.lanes:
            self.lane(lane)
        bound = {a.allocation_id: (self._allocation(a), a.reference) for a in decision.allocations}
        for entry in decision.entries:
            known = entry.allocation_id
            number, reference = (rows.NO_ALLOCATION, None) if known is None else bound[known]
            is_reference = entry.reason == reference
            self._entry(entry, number, 0 if is_reference else self._reason_no(entry.reason))
        self._retire(decision.entries)
        for mark in decision.marks:
            self._mark(mark)
        self.view.latest = max(self.view.latest, decision.latest)
        if decision.caught_up_at is not None:
            self._caught_up(decision.caught_up_at)
        for alarm in decision.alarms:
            self.audit.append("alarm", {"message": alarm})

    def _segment(self, segment: Segment, new_lanes: list[Lane]) -> None:
        held = self.view.held(segment.segment_id)
        if held is not None:
            self.connection.execute(
                "UPDATE segment SET stage = ? WHERE segment_no = ?",
                (segment.stage.value, held.segment_no),
            )
            self.view.hold(replace(held, segment=segment))
            return
        pool_no = self._pool_no(segment.pool)
        imported_us = rows.to_us(segment.imported_at)
        values = (
            segment.segment_id.bytes,
            pool_no,
            segment.origin.kind.value,
            segment.origin.reference,
            rows.trust_text(segment.trust),
            segment.n_bits,
            segment.digest,
            imported_us,
            rows.optional_us(segment.expires_at),
            segment.stage.value,
        )
        segment_no = self.connection.execute(
            "INSERT INTO segment (segment_id, pool_no, origin, origin_reference, trust, n_bits,"
            " digest, imported_us, expires_us, stage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING segment_no",
            values,
        ).fetchall()[0][0]
        lane_nos = []
        for lane in sorted(new_lanes, key=lambda lane: lane.index):
            place = (
                segment_no,
                lane.segment_id.bytes,
                pool_no,
                lane.index,
                lane.owner,
                imported_us,
            )
            found = self.connection.execute(_LANE_INSERT, (*place, *rows.lane_values(lane)))
            lane_nos.append(found.fetchall()[0][0])
        self.view.hold(Held(segment_no, segment, provenance_of(segment), tuple(lane_nos)))

    def lane(self, lane: Lane) -> None:
        """A lane as it has become."""
        lane_no = self.view.lane_no(lane.segment_id, lane.index)
        if lane_no is None:
            raise StoreError(f"the lane {lane.index} of segment {lane.segment_id} has no row")
        self.pending.lanes[lane_no] = lane
        self.view.hold_lane(lane_no, lane)

    def _allocation(self, allocation: Allocation) -> int:
        """Insert an allocation with its extents, or move its state on; its row's number."""
        new = self.pending.allocations.get(allocation.allocation_id)
        if new is not None:
            self.pending.allocations[allocation.allocation_id] = replace(new, allocation=allocation)
            return new.number
        if allocation.state is not AllocationState.RESERVED:
            known = self.connection.execute(
                "UPDATE allocation SET state = ? WHERE allocation_id = ? RETURNING allocation_no",
                (allocation.state.value, allocation.allocation_id.bytes),
            ).fetchall()
            if known:
                return int(known[0][0])
        number, pool_no = self.pending.next_number(), self._pool_no(allocation.pool)
        self.pending.allocations[allocation.allocation_id] = NewAllocation(
            number, pool_no, allocation
        )
        for ordinal, extent in enumerate(allocation.extents):
            self.pending.extents.append(
                (self._lane_no(extent), extent.start, extent.stop, number, ordinal)
            )
        return number

    def _entry(self, entry: Entry, allocation_no: int, reason_no: int) -> None:
        self.pending.entries.append(
            (
                self._lane_no(entry.extent),
                entry.extent.start,
                entry.extent.length,
                rows.ACCOUNT_CODES[entry.source],
                rows.ACCOUNT_CODES[entry.target],
                allocation_no,
                reason_no,
                rows.to_us(entry.at),
            ),
        )

    def _retire(self, entries: Iterable[Entry]) -> None:
        """Forget the chunks of which nothing is live after these movements."""
        moved: dict[int, list[Extent]] = {}
        for entry in entries:
            if entry.target in _FINAL and entry.source is not Account.OUTSIDE:
                moved.setdefault(self._lane_no(entry.extent), []).append(entry.extent)
        for lane_no, extents in moved.items():
            self.vault.retire(lane_no, self.view.lane_at(lane_no), extents)

    def _mark(self, mark: Mark) -> None:
        self.connection.execute(
            "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (segment_id, idx)"
            " DO UPDATE SET stop = max(stop, excluded.stop)",
            (mark.segment_id.bytes, mark.lane, mark.stop),
        )

    def _caught_up(self, at: float) -> None:
        self.connection.execute(
            "UPDATE ledger SET is_behind = 0, caught_up_us = ?", (rows.to_us(at),)
        )
        self.view.is_behind, self.view.caught_up_at = False, at

    def _lane_no(self, extent: Extent) -> int:
        lane_no = self.view.lane_no(extent.segment_id, extent.lane)
        if lane_no is None:
            raise StoreError(f"the lane {extent.lane} of segment {extent.segment_id} has no row")
        return lane_no

    def _pool_no(self, pool: Pool) -> int:
        number = self.view.pool_no(pool)
        if number is not None:
            return number
        self.connection.execute("INSERT INTO pool (a, b) VALUES (?, ?)", (pool.a, pool.b))
        number = self.view.pool_no(pool)
        if number is None:
            raise StoreError(f"the pool {pool.a}-{pool.b} has no row")
        return number

    def _reason_no(self, text: str) -> int:
        if text not in self._reason_nos:
            if len(self._reason_nos) >= _REASONS_KEPT:
                self._reason_nos.clear()
            self.connection.execute("INSERT OR IGNORE INTO reason (text) VALUES (?)", (text,))
            row = self.connection.execute(
                "SELECT reason_no FROM reason WHERE text = ?", (text,)
            ).fetchone()
            self._reason_nos[text] = row[0]
        return self._reason_nos[text]
