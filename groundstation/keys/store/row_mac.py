"""MACs of single rows: a lane or an allocation that rotted or was edited decides nothing.

The audit log shows every edit to who verifies; this shows it to who is about to hand key out. Key:
derived from the audit log's, hence kept and wrapped with it. 128 bits are kept.
"""

import hmac

from groundstation.keys.ledger.records import Allocation
from groundstation.keys.ledger.views import Lane
from groundstation.keys.store.rows import lane_values, optional_us, to_us

_KEPT_BYTES = 16


def row_key(audit_key: bytes) -> bytes:
    """The key of all row MACs of a store."""
    return hmac.digest(audit_key, b"rows", "sha256")


def lane_mac(key: bytes, lane_no: int, lane: Lane) -> bytes:
    """Over the lane's place, owner, spans and accounts."""
    row = (lane_no, str(lane.segment_id), lane.index, lane.owner, lane_values(lane))
    return _mac(key, f"lane {row!a}")


def allocation_mac(key: bytes, allocation: Allocation) -> bytes:
    """Over everything that an allocation is bound to for ever, its state left out."""
    extents = [(str(e.segment_id), e.lane, e.start, e.length) for e in allocation.extents]
    row = (
        str(allocation.allocation_id),
        (allocation.pool.a, allocation.pool.b),
        allocation.purpose.value,
        allocation.role.value,
        allocation.reference,
        extents,
        to_us(allocation.created_at),
        optional_us(allocation.expires_at),
    )
    return _mac(key, f"allocation {row!a}")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")[:_KEPT_BYTES]
