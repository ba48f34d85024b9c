"""How records stand in rows: instants in microseconds, spans as text, accounts as numbers."""

import json
from typing import Any
from uuid import UUID

from groundstation.keys.ledger.records import (
    Account,
    Allocation,
    AllocationState,
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Role,
    Segment,
    SegmentStage,
    TrustLabel,
)
from groundstation.keys.ledger.views import Lane, Span, Totals

# The numbers are written in databases: append, never reorder.
ACCOUNTS = (
    Account.OUTSIDE,
    Account.AVAILABLE,
    Account.RESERVED,
    Account.DELIVERED,
    Account.RELAYED,
    Account.AUTHENTICATION,
    Account.EXPIRED,
    Account.BURNED,
    Account.QUARANTINED,
)
ACCOUNT_CODES = {account: code for code, account in enumerate(ACCOUNTS)}
NO_ALLOCATION = 0

LANE_COLUMNS = (
    "l.lane_no, l.segment_id, l.idx, l.owner, l.n_bits, l.high_water, l.free, l.held, l.available,"
    " l.reserved, l.delivered, l.relayed, l.authentication, l.expired, l.burned, l.quarantined,"
    " l.mac"
)
SEGMENT_COLUMNS = (
    "s.segment_no, s.segment_id, p.a, p.b, s.origin, s.origin_reference, s.trust, s.n_bits,"
    " s.digest, s.imported_us, s.expires_us, s.stage"
)
ALLOCATION_COLUMNS = (
    "a.allocation_no, a.allocation_id, p.a, p.b, a.purpose, a.role, a.reference, a.state,"
    " a.created_us, a.expires_us, a.mac"
)


def to_us(instant_s: float) -> int:
    """Seconds since 1970 in whole microseconds."""
    return round(instant_s * 1e6)


def from_us(instant_us: int) -> float:
    """Seconds since 1970; `to_us` gives the same microseconds back."""
    return instant_us / 1e6


def optional_us(instant_s: float | None) -> int | None:
    """None stays None."""
    return None if instant_s is None else to_us(instant_s)


def optional_s(instant_us: int | None) -> float | None:
    """None stays None."""
    return None if instant_us is None else from_us(instant_us)


def spans_text(spans: tuple[Span, ...]) -> str:
    """`0-64,128-256`."""
    return ",".join(f"{span.start}-{span.stop}" for span in spans)


def spans_from(text: str) -> tuple[Span, ...]:
    """The inverse of `spans_text`."""
    if not text:
        return ()
    pairs = (part.split("-") for part in text.split(","))
    return tuple(Span(int(start), int(stop)) for start, stop in pairs)


def trust_text(trust: TrustLabel) -> str:
    """A label as JSON, names sorted."""
    shares = [sorted(share) for share in trust.shares]
    return json.dumps({"shares": shares, "threshold": trust.threshold}, separators=(",", ":"))


def trust_from(text: str) -> TrustLabel:
    """The inverse of `trust_text`."""
    document = json.loads(text)
    shares = tuple(frozenset(share) for share in document["shares"])
    return TrustLabel(shares, document["threshold"])


def segment_from(row: tuple[Any, ...]) -> Segment:
    """A segment from SEGMENT_COLUMNS."""
    return Segment(
        UUID(bytes=row[1]),
        Pool(row[2], row[3]),
        Origin(OriginKind(row[4]), row[5]),
        trust_from(row[6]),
        row[7],
        row[8],
        from_us(row[9]),
        optional_s(row[10]),
        SegmentStage(row[11]),
    )


def lane_from(row: tuple[Any, ...]) -> Lane:
    """A lane from LANE_COLUMNS."""
    return Lane(
        UUID(bytes=row[1]),
        row[2],
        row[3],
        row[4],
        spans_from(row[6]),
        spans_from(row[7]),
        Totals(*row[8:16]),
        row[5],
    )


def lane_values(lane: Lane) -> tuple[int | str, ...]:
    """The columns of a lane that change: n_bits, high_water, free, held and the accounts."""
    totals = lane.totals
    return (
        lane.n_bits,
        lane.high_water,
        spans_text(lane.free),
        spans_text(lane.quarantined),
        totals.available,
        totals.reserved,
        totals.delivered,
        totals.relayed,
        totals.authentication,
        totals.expired,
        totals.burned,
        totals.quarantined,
    )


def allocation_from(row: tuple[Any, ...], extents: tuple[Extent, ...]) -> Allocation:
    """An allocation from ALLOCATION_COLUMNS and its extents."""
    return Allocation(
        UUID(bytes=row[1]),
        Pool(row[2], row[3]),
        Purpose(row[4]),
        Role(row[5]),
        row[6],
        extents,
        AllocationState(row[7]),
        from_us(row[8]),
        optional_s(row[9]),
    )
