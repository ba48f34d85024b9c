"""What a ledger answers to who reads it: levels of pools, segments, the story of an allocation."""

from dataclasses import dataclass

from groundstation.keys.ledger.records import Allocation, Entry, Pool, Segment
from groundstation.keys.ledger.views import Lane, Totals
from groundstation.keys.store.documents import Document


@dataclass(frozen=True, slots=True)
class PoolLevel:
    """How much key a pool has.

    Parameters
    ----------
    totals : all lanes together, bits
    own_available_bits : that this node may allocate
    oldest_available : when the oldest key that is still free was imported, seconds since 1970
    next_expiry : when the next free key expires, None if none does
    """

    pool: Pool
    totals: Totals
    own_available_bits: int
    oldest_available: float | None
    next_expiry: float | None


@dataclass(frozen=True, slots=True)
class SegmentState:
    """A segment, its lanes, and its movements."""

    segment: Segment
    lanes: tuple[Lane, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the key of an allocation came from and what became of it; no bits.

    Parameters
    ----------
    segments : that it took bits of: pass, satellite, label
    entries : its movements with their times
    documents : of which it is the reference
    """

    allocation: Allocation
    segments: tuple[Segment, ...]
    entries: tuple[Entry, ...]
    documents: tuple[Document, ...]
