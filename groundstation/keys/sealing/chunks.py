"""Chunks of key sealed with AES-256-GCM and bound to their place.

The associated data names the segment, the pool, the lane, the index and length of the chunk, and
a hash of where the key came from (origin, trust label, length, digest): a chunk that is moved, or
whose description is edited, does not open. The nonce is random because a chunk can be sealed a
second time; every sealing of a chunk that holds other bytes uses another key as well. AES-GCM: NIST
SP 800-38D.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from groundstation.keys.ledger.records import Segment
from groundstation.keys.sealing.errors import SealError

CHUNK_BYTES = 1024
CHUNK_BITS = 8 * CHUNK_BYTES
_NONCE_BYTES = 12
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk belongs: which segment (with its description's hash), lane and index."""

    segment: Segment
    provenance: bytes
    lane: int
    index: int


def provenance_of(segment: Segment) -> bytes:
    """SHA-256 of everything about a segment that never changes; 32 bytes."""
    shares = [sorted(share) for share in segment.trust.shares]
    description = {
        "segment": str(segment.segment_id),
        "pool": [segment.pool.a, segment.pool.b],
        "origin": [segment.origin.kind.value, segment.origin.reference],
        "trust": [shares, segment.trust.threshold],
        "n_bits": segment.n_bits,
        "digest": segment.digest,
        "expires_at": segment.expires_at,
    }
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def seal_chunk(key: bytes, place: ChunkPlace, plain: bytes | bytearray) -> bytes:
    """Nonce, ciphertext and tag of one chunk: 28 bytes longer than the chunk.

    Raises
    ------
    ValueError
        the chunk is empty or longer than 1024 bytes
    """
    if not 0 < len(plain) <= CHUNK_BYTES:
        raise ValueError(f"cannot seal a chunk of {len(plain)} bytes, 1 to {CHUNK_BYTES} allowed")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _associated(place, len(plain)))


def open_chunk(key: bytes, place: ChunkPlace, sealed: bytes) -> bytes:
    """The bytes of a sealed chunk.

    Raises
    ------
    SealError
        the chunk was changed, belongs elsewhere, or was sealed under another key
    """
    length = len(sealed) - _NONCE_BYTES - _TAG_BYTES
    where = f"segment {place.segment.segment_id}"
    hint = "the segment must be quarantined; its key cannot be trusted"
    if length <= 0:
        raise SealError(
            f"cannot open chunk {place.index} of lane {place.lane}: it is cut off",
            where=where,
            hint=hint,
        )
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, text, _associated(place, length))
    except InvalidTag:
        raise SealError(
            f"cannot open chunk {place.index} of lane {place.lane}: its tag does not match",
            where=where,
            hint=hint,
        ) from None


def _associated(place: ChunkPlace, length: int) -> bytes:
    pool = place.segment.pool
    names = b"".join(
        len(name).to_bytes(2, "big") + name for name in (pool.a.encode(), pool.b.encode())
    )
    numbers = b"".join(value.to_bytes(4, "big") for value in (place.lane, place.index, length))
    return b"chunk 1" + place.segment.segment_id.bytes + names + numbers + place.provenance
