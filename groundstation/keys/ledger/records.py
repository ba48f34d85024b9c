"""What the ledger speaks of: pools, segments, extents, allocations, entries.

Lengths and offsets are bits and multiples of 8; instants are seconds since 1970-01-01T00:00Z.
Offsets count from the first bit of a lane, not of the segment.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Account(StrEnum):
    """Where a bit is; together the accounts inside are all that was ever imported."""

    OUTSIDE = "outside"
    AVAILABLE = "available"
    RESERVED = "reserved"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    AUTHENTICATION = "authentication"
    EXPIRED = "expired"
    BURNED = "burned"
    QUARANTINED = "quarantined"


class SegmentStage(StrEnum):
    """Waiting for the other end's digest, usable once both agree, disputed if they differ."""

    WAITING = "waiting"
    USABLE = "usable"
    DISPUTED = "disputed"


class Purpose(StrEnum):
    """What an allocation is for."""

    DELIVERY = "delivery"
    RELAY = "relay"
    AUTHENTICATION = "authentication"


class AllocationState(StrEnum):
    """Reserved at first; then consumed or burned, for ever."""

    RESERVED = "reserved"
    CONSUMED = "consumed"
    BURNED = "burned"


class Role(StrEnum):
    """Which end chose the bits of an allocation."""

    OURS = "ours"
    THEIRS = "theirs"


class OriginKind(StrEnum):
    """How a segment came to be."""

    PASS = "pass"
    FIBRE = "fibre"
    RELAY = "relay"
    COMBINATION = "combination"


@dataclass(frozen=True, slots=True, order=True)
class Pool:
    """Key shared by two parties, ground nodes or a satellite and a ground node; names sorted."""

    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a segment was made from: kind and the identity of the pass, link, relay or shares."""

    kind: OriginKind
    reference: str


@dataclass(frozen=True, slots=True)
class TrustLabel:
    """Who beside the two ends knows a key.

    Parameters
    ----------
    shares : for each share of the key, the nodes and satellites that know that share
    threshold : number of shares that give the key; equal to the number of shares for XOR

    A key that nobody else knows has one share that nobody knows: `((frozenset(),), 1)`.
    """

    shares: tuple[frozenset[str], ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One imported block of key of one pool, without the key.

    Parameters
    ----------
    segment_id : for ever bound to these bits
    n_bits : multiple of 8
    digest : keyed digest that both ends compare, hexadecimal
    imported_at, expires_at : seconds since 1970; None if the key does not expire
    stage : the only field that ever changes
    """

    segment_id: UUID
    pool: Pool
    origin: Origin
    trust: TrustLabel
    n_bits: int
    digest: str
    imported_at: float
    expires_at: float | None
    stage: SegmentStage = SegmentStage.WAITING


@dataclass(frozen=True, slots=True, order=True)
class Extent:
    """A range of bits of one lane of a segment, [start, start + length) from the lane's start."""

    segment_id: UUID
    lane: int
    start: int
    length: int

    @property
    def stop(self) -> int:
        """First bit after the range."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Allocation:
    """Bits of one pool bound to one purpose, for ever.

    Parameters
    ----------
    allocation_id : unpredictable; the key_ID under which a delivery is known
    reference : the relay, the message, or the pair of applications that it serves
    extents : in the order in which their bits make up the key
    state : the only field that ever changes
    expires_at : when the first of its bits expires; None if none does
    """

    allocation_id: UUID
    pool: Pool
    purpose: Purpose
    role: Role
    reference: str
    extents: tuple[Extent, ...]
    state: AllocationState
    created_at: float
    expires_at: float | None = None

    @property
    def n_bits(self) -> int:
        """Bits of all extents."""
        return sum(extent.length for extent in self.extents)


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of one extent between two accounts; never changed, never deleted."""

    extent: Extent
    source: Account
    target: Account
    allocation_id: UUID | None
    reason: str
    at: float
