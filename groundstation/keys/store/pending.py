"""What the units of one transaction have changed and the tables do not show yet.

- New allocations with their extents, entries and lanes are written together: before the commit,
  and before anything reads the tables that they belong to. All of it is one transaction.
- A lane that many units changed is written and authenticated once, as the last of them left it.
- Triggers and constraints see every row. What they refuse cannot be laid at one unit's door any
  more, hence it takes back the whole transaction: nobody gets key out of it.
- A unit that is refused leaves no trace here: see `moment` and `return_to`.
"""

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from groundstation.keys.ledger.records import Allocation
from groundstation.keys.ledger.views import Lane
from groundstation.keys.store.errors import StoreRefusedError
from groundstation.keys.store.row_mac import allocation_mac, lane_mac
from groundstation.keys.store.rows import lane_values, optional_us, to_us

_LANE_UPDATE = (
    "UPDATE lane SET n_bits = ?, high_water = ?, free = ?, held = ?, available = ?, reserved = ?,"
    " delivered = ?, relayed = ?, authentication = ?, expired = ?, burned = ?, quarantined = ?,"
    " mac = ? WHERE lane_no = ?"
)
_ALLOCATION_INSERT = (
    "INSERT INTO allocation (allocation_no, allocation_id, pool_no, purpose, role, reference,"
    " n_bits, created_us, expires_us, state, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ENTRY_INSERT = (
    "INSERT INTO entry (lane_no, start, length, source, target, allocation_no, reason_no, at_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class NewAllocation:
    """An allocation that has a number, but no row yet."""

    number: int
    pool_no: int
    allocation: Allocation


@dataclass(frozen=True, slots=True, eq=False)
class PendingMoment:
    """What was pending at some moment; the lists may have grown since."""

    lanes: dict[int, Lane]
    allocations: dict[UUID, NewAllocation]
    extents: list[tuple[int, ...]]
    n_extents: int
    entries: list[tuple[int, ...]]
    n_entries: int
    last_number: int | None


class Pending:
    """Rows in the making, used by the writer's thread inside its transaction.

    `lanes` are those that changed, by row, `allocations` the new ones as they are now; `extents`
    and `entries` are rows.
    """

    def __init__(self, connection: sqlite3.Connection, row_key: bytes) -> None:
        self._connection = connection
        self._row_key = row_key
        self.clear()

    def clear(self) -> None:
        """Forget everything, after a rollback of the transaction."""
        self.lanes: dict[int, Lane] = {}
        self.allocations: dict[UUID, NewAllocation] = {}
        self.extents: list[tuple[int, ...]] = []
        self.entries: list[tuple[int, ...]] = []
        self._last_number: int | None = None

    def next_number(self) -> int:
        """The row that the next new allocation will have."""
        if self._last_number is None:
            row = self._connection.execute(
                "SELECT coalesce(max(allocation_no), 0) FROM allocation"
            ).fetchone()
            self._last_number = int(row[0])
        self._last_number += 1
        return self._last_number

    def moment(self) -> PendingMoment:
        """What is pending now, to return to if a unit is refused."""
        return PendingMoment(
            self.lanes.copy(),
            self.allocations.copy(),
            self.extents,
            len(self.extents),
            self.entries,
            len(self.entries),
            self._last_number,
        )

    def return_to(self, moment: PendingMoment) -> None:
        """What was pending then is pending again; what was written since must be rolled back."""
        self.lanes, self.allocations = moment.lanes, moment.allocations
        self.extents, self.entries = moment.extents, moment.entries
        del self.extents[moment.n_extents :]
        del self.entries[moment.n_entries :]
        self._last_number = moment.last_number

    def write(self) -> None:
        """Write everything into the tables.

        Raises
        ------
        StoreRefusedError
            a trigger or a constraint stops a row; the transaction has to be rolled back
        """
        if not (self.lanes or self.entries or self.allocations):
            return
        many = self._connection.executemany
        try:
            if self.allocations:
                new = self.allocations.values()
                many(_ALLOCATION_INSERT, [self._allocation_row(one) for one in new])
                many("INSERT INTO extent VALUES (?, ?, ?, ?, ?)", self.extents)
            many(_ENTRY_INSERT, self.entries)
            many(_LANE_UPDATE, [self._lane_row(*item) for item in self.lanes.items()])
        except sqlite3.IntegrityError as error:
            raise StoreRefusedError(f"the database refuses: {error}") from error
        # New ones: a moment may still hold the old.
        self.lanes, self.allocations, self.extents, self.entries = {}, {}, [], []

    def _lane_row(self, lane_no: int, lane: Lane) -> tuple[object, ...]:
        return (*lane_values(lane), lane_mac(self._row_key, lane_no, lane), lane_no)

    def _allocation_row(self, new: NewAllocation) -> tuple[object, ...]:
        allocation = new.allocation
        return (
            new.number,
            allocation.allocation_id.bytes,
            new.pool_no,
            allocation.purpose.value,
            allocation.role.value,
            allocation.reference,
            allocation.n_bits,
            to_us(allocation.created_at),
            optional_us(allocation.expires_at),
            allocation.state.value,
            allocation_mac(self._row_key, allocation),
        )
