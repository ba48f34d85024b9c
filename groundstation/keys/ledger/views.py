"""What the rules read, what they are asked, what they answer.

A `LedgerView` is read inside one transaction: by the in-memory ledger from its mappings, by the
store from a few indexed rows. A `Decision` is written in the same transaction or not at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from groundstation.keys.ledger.records import (
    Allocation,
    Entry,
    Extent,
    OriginKind,
    Pool,
    Purpose,
    Role,
    Segment,
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Bits in each account of a lane, segment or pool; together all that was ever imported."""

    available: int = 0
    reserved: int = 0
    delivered: int = 0
    relayed: int = 0
    authentication: int = 0
    expired: int = 0
    burned: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Bits [start, stop) of a lane."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Lane:
    """The part of a segment that one end allocates, as it is now.

    Parameters
    ----------
    owner : the end that allocates; the other end only follows
    n_bits : all that was imported into this lane, a burned tail below 8 bits included
    free, quarantined : disjoint spans in ascending order, never touching; usually one or none.
        `free` begins at the cursor; more than one span remains where damaged key was taken out or
        where the other end's messages came out of order
    high_water : first bit after the highest that was ever allocated
    """

    segment_id: UUID
    index: int
    owner: str
    n_bits: int
    free: tuple[Span, ...]
    quarantined: tuple[Span, ...]
    totals: Totals
    high_water: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a lane was allocated according to the other end or the anchor."""

    segment_id: UUID
    lane: int
    stop: int


@dataclass(frozen=True, slots=True)
class Request:
    """Key wanted of a pool from our own lanes.

    Parameters
    ----------
    allocation_id : fresh and unpredictable
    n_bits : positive multiple of 8
    """

    allocation_id: UUID
    pool: Pool
    purpose: Purpose
    reference: str
    n_bits: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Bits that the other end reserved in its own lanes and asks us to reserve too."""

    allocation_id: UUID
    pool: Pool
    purpose: Purpose
    reference: str
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a request may use.

    Parameters
    ----------
    untrusted : names that together must not know the key
    min_coalition : how many nodes beside the ends have to collude, at least, to know the key
    origins : kinds of key that are accepted; None for all
    max_age_s : since import
    min_reserve_bits : that must remain available in our lanes of the pool
    quota_bits : that the reference may have, reserved or consumed, since `quota_since`
    """

    untrusted: frozenset[str] = frozenset()
    min_coalition: int = 0
    origins: frozenset[OriginKind] | None = None
    max_age_s: float | None = None
    min_reserve_bits: int = 0
    quota_bits: int | None = None
    quota_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What one command changes; all of it is committed together.

    Parameters
    ----------
    entries : to append, in this order
    segments, lanes, allocations : new or replaced, by identity
    marks : to remember; the higher one where there is one already
    latest : the latest time that the ledger has seen, after this command
    caught_up_at : when a restored backup caught up, hence may serve again; None: nothing changes
    alarms : sentences that people have to be told
    """

    latest: float
    entries: tuple[Entry, ...] = ()
    segments: tuple[Segment, ...] = ()
    lanes: tuple[Lane, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    marks: tuple[Mark, ...] = ()
    caught_up_at: float | None = None
    alarms: tuple[str, ...] = ()


class LedgerView(Protocol):
    """What the rules may read."""

    @property
    def node(self) -> str:
        """The node whose ledger this is."""

    @property
    def latest(self) -> float:
        """The latest time that the ledger has seen."""

    @property
    def is_behind(self) -> bool:
        """Whether this is a restored backup that has not been fast-forwarded."""

    @property
    def caught_up_at(self) -> float | None:
        """When a restored backup was last fast-forwarded; None if that never happened."""

    def segment(self, segment_id: UUID) -> Segment | None:
        """The segment, if it was ever imported."""

    def lanes(self, segment_id: UUID) -> Sequence[Lane]:
        """All lanes of a segment, by index; empty if it is unknown."""

    def lane(self, segment_id: UUID, index: int) -> Lane | None:
        """One lane."""

    def waiting_segments(self) -> Iterable[Segment]:
        """Segments of two lanes that wait for the other end's digest."""

    def pool_lanes(self, pool: Pool) -> Iterable[Lane]:
        """Every lane of a pool, spent or not."""

    def unspent_lanes(self) -> Iterable[Lane]:
        """Every lane that has free or quarantined bits."""

    def own_lanes(self, pool: Pool) -> Iterable[tuple[Segment, Lane]]:
        """Lanes of a pool that this node allocates and that have free bits; oldest import first."""

    def available_bits(self, pool: Pool) -> int:
        """Free bits of all lanes of a pool that this node allocates."""

    def spent_bits(self, pool: Pool, reference: str, since: float) -> int:
        """Bits of our allocations for a reference, created at or after `since`, not burned."""

    def allocation(self, allocation_id: UUID) -> Allocation | None:
        """The allocation, whatever became of it."""

    def reserved(self, role: Role | None = None) -> Iterable[Allocation]:
        """Allocations that are still reserved; of one role or of both."""

    def mark(self, segment_id: UUID, lane: int) -> int:
        """The remembered mark of a lane; 0 if there is none."""
