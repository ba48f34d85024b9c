"""Sealed key in the database: put in, read, retired chunk by chunk, sealed anew.

A lane's key is cut into chunks of 1 KiB. A ratchet row holds the wrapped chain key of its first
chunk; it serves the chunks up to the next ratchet row of the lane. A chunk whose bits are all final
is deleted, and the oldest ratchet row moves on to the oldest chunk that is left.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from groundstation.keys.ledger.records import Extent
from groundstation.keys.ledger.views import Lane
from groundstation.keys.sealing import ratchet
from groundstation.keys.sealing.chunks import (
    CHUNK_BITS,
    CHUNK_BYTES,
    ChunkPlace,
    open_chunk,
    seal_chunk,
)
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import Kek, unwrap, wrap
from groundstation.keys.store.pending import Pending
from groundstation.keys.store.view import Held

# A chunk's row number is its lane's number and its index; 2^20 chunks of a lane are a gigabyte.
_INDEX_BITS = 20
LARGEST_LANE_BITS = CHUNK_BITS << _INDEX_BITS


def chunk_no(lane_no: int, index: int) -> int:
    """The row of a chunk."""
    return lane_no << _INDEX_BITS | index


@dataclass
class Vault:
    """Chunks and ratchets of one store; used inside the writer's transaction.

    Parameters
    ----------
    kek : wraps the chain keys that are stored
    pending : what the transaction has not written yet
    """

    connection: sqlite3.Connection
    kek: Kek
    pending: Pending = field(repr=False)
    _near: dict[int, tuple[int, bytes]] = field(default_factory=dict, repr=False)

    def forget(self) -> None:
        """Drop the chain keys that are kept in memory, after a rollback or a rotation."""
        self._near.clear()

    def put(self, held: Held, lane_no: int, index: int, key: bytes | memoryview) -> None:
        """Seal the whole key of a new lane under a fresh chain."""
        if not key:
            return
        chain_key = ratchet.fresh_chain_key()
        self._store_chain(lane_no, 0, chain_key)
        sealed = []
        for number, start in enumerate(range(0, len(key), CHUNK_BYTES)):
            sealing_key, chain_key = ratchet.step(chain_key)
            place = ChunkPlace(held.segment, held.provenance, index, number)
            text = seal_chunk(sealing_key, place, bytes(key[start : start + CHUNK_BYTES]))
            sealed.append((chunk_no(lane_no, number), text))
        self.connection.executemany("INSERT INTO chunk VALUES (?, ?)", sealed)

    def read(self, held: Held, lane_no: int, extent: Extent) -> bytes:
        """The bytes of an extent, which must not be final.

        Raises
        ------
        SealError
            a chunk is missing, was changed, or its chain key does not fit
        """
        parts = []
        for index in range(extent.start // CHUNK_BITS, (extent.stop - 1) // CHUNK_BITS + 1):
            plain = self.open(held, lane_no, extent.lane, index)
            first = index * CHUNK_BITS
            begin = (max(extent.start, first) - first) // 8
            end = (min(extent.stop, first + CHUNK_BITS) - first) // 8
            parts.append(plain[begin:end])
        key = b"".join(parts)
        if len(key) * 8 != extent.length:
            raise SealError(
                f"segment {extent.segment_id} has only {len(key) * 8} of the {extent.length} bits"
                f" from {extent.start} of lane {extent.lane}"
            )
        return key

    def open(self, held: Held, lane_no: int, lane: int, index: int) -> bytes:
        """The bytes of one chunk."""
        row = self.connection.execute(
            "SELECT sealed FROM chunk WHERE chunk_no = ?", (chunk_no(lane_no, index),)
        ).fetchone()
        if row is None:
            raise SealError(
                f"chunk {index} of lane {lane} of segment {held.segment.segment_id} is not there"
            )
        sealing_key, _ = ratchet.step(self.chain_key(lane_no, index))
        place = ChunkPlace(held.segment, held.provenance, lane, index)
        return open_chunk(sealing_key, place, row[0])

    def chain_key(self, lane_no: int, index: int) -> bytes:
        """The chain key of a chunk, derived forward from the nearest that is stored or known."""
        near = self._near.get(lane_no)
        if near is not None and near[0] == index:
            return near[1]
        row = self.connection.execute(
            "SELECT first_chunk, wrapped FROM ratchet WHERE lane_no = ? AND first_chunk <= ?"
            " ORDER BY first_chunk DESC LIMIT 1",
            (lane_no, index),
        ).fetchone()
        if row is None:
            raise SealError(f"the chain key of chunk {index} of lane {lane_no} is gone")
        first, wrapped = row
        if near is not None and first <= near[0] < index:
            first, chain_key = near
        else:
            chain_key = unwrap(self.kek, wrapped)
        chain_key = ratchet.advance(chain_key, index - first)
        self._near[lane_no] = (index, chain_key)
        return chain_key

    def retire(self, lane_no: int, lane: Lane, moved: Iterable[Extent]) -> None:
        """Delete the chunks that the moved bits touched and of which no bit is live any more."""
        touched = {
            index
            for extent in moved
            for index in range(extent.start // CHUNK_BITS, (extent.stop - 1) // CHUNK_BITS + 1)
        }
        gone = [index for index in sorted(touched) if not self._is_live(lane_no, lane, index)]
        if not gone:
            return
        self.connection.executemany(
            "DELETE FROM chunk WHERE chunk_no = ?", [(chunk_no(lane_no, index),) for index in gone]
        )
        self._move_on(lane_no)

    def _is_live(self, lane_no: int, lane: Lane, index: int) -> bool:
        start, stop = index * CHUNK_BITS, (index + 1) * CHUNK_BITS
        if any(s.start < stop and s.stop > start for s in (*lane.free, *lane.quarantined)):
            return True
        if not lane.totals.reserved:
            return False
        return any(True for _ in self.reserved_spans(lane_no, start, stop))

    def reserved_spans(self, lane_no: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Reserved bits of a lane that reach into a range, ascending."""
        self.pending.write()
        # The extent that begins before the range may reach into it; extents never overlap.
        yield from self.connection.execute(
            "SELECT e.start, e.stop FROM extent e JOIN allocation a USING (allocation_no)"
            " WHERE e.lane_no = ?1 AND e.start < ?3 AND e.stop > ?2 AND a.state = 'reserved'"
            " AND e.start >= coalesce((SELECT max(start) FROM extent WHERE lane_no = ?1"
            " AND start <= ?2), 0) ORDER BY e.start",
            (lane_no, start, stop),
        ).fetchall()

    def _move_on(self, lane_no: int) -> None:
        """Let the oldest chain key be that of the oldest chunk that is left."""
        row = self.connection.execute(
            "SELECT min(chunk_no) FROM chunk WHERE chunk_no BETWEEN ? AND ?",
            (chunk_no(lane_no, 0), chunk_no(lane_no + 1, 0) - 1),
        ).fetchone()
        if row[0] is None:
            self.drop(lane_no)
            return
        oldest = row[0] - chunk_no(lane_no, 0)
        passed = self.connection.execute(
            "SELECT first_chunk FROM ratchet WHERE lane_no = ? AND first_chunk < ?",
            (lane_no, oldest),
        ).fetchall()
        if not passed:
            return
        kept = self.connection.execute(
            "SELECT 1 FROM ratchet WHERE lane_no = ? AND first_chunk = ?", (lane_no, oldest)
        ).fetchone()
        if kept is None:
            self._store_chain(lane_no, oldest, self.chain_key(lane_no, oldest))
        self.connection.execute(
            "DELETE FROM ratchet WHERE lane_no = ? AND first_chunk < ?", (lane_no, oldest)
        )

    def _store_chain(self, lane_no: int, first_chunk: int, chain_key: bytes) -> None:
        self.connection.execute(
            "INSERT INTO ratchet VALUES (?, ?, ?)",
            (lane_no, first_chunk, wrap(self.kek, chain_key)),
        )

    def drop(self, lane_no: int) -> None:
        """Forget all sealed key of a lane."""
        self._near.pop(lane_no, None)
        self.connection.execute(
            "DELETE FROM chunk WHERE chunk_no BETWEEN ? AND ?",
            (chunk_no(lane_no, 0), chunk_no(lane_no + 1, 0) - 1),
        )
        self.connection.execute("DELETE FROM ratchet WHERE lane_no = ?", (lane_no,))

    def seal_anew(self, held: Held, lane_no: int, lane: Lane, new_kek: Kek) -> int:
        """Make what is final in a lane unreachable for the new key-encryption key.

        All chunks up to the last one that lost a bit are sealed under a fresh chain with the final
        bytes zeroed: the old chain key would still open their old ciphertext in free pages. The
        untouched chunks behind keep their chain from there on, from which nothing before can be
        reached.

        Returns
        -------
        number of chunks that were sealed anew
        """
        indices = self.stored_chunks(lane_no)
        rows = self._ratchet_rows(lane_no)
        if not indices:
            self.connection.execute("DELETE FROM ratchet WHERE lane_no = ?", (lane_no,))
            return 0
        live = self._live_spans(lane_no, lane)
        tail = _first_untouched(indices, live, lane.n_bits)
        keys = {first: unwrap(self.kek, wrapped) for first, wrapped in rows}
        kept = {first: key for first, key in keys.items() if first >= tail}
        if tail not in kept and indices[-1] >= tail:
            kept[tail] = self.chain_key(lane_no, tail)
        worn = [index for index in indices if index < tail]
        self._reseal(held, lane_no, lane, worn, live, kept)
        self.connection.execute("DELETE FROM ratchet WHERE lane_no = ?", (lane_no,))
        self.connection.executemany(
            "INSERT INTO ratchet VALUES (?, ?, ?)",
            [(lane_no, first, wrap(new_kek, key)) for first, key in kept.items()],
        )
        return len(worn)

    def _reseal(
        self,
        held: Held,
        lane_no: int,
        lane: Lane,
        worn: list[int],
        live: list[tuple[int, int]],
        kept: dict[int, bytes],
    ) -> None:
        """Seal the worn chunks under a fresh chain, whose root joins the kept chain keys."""
        if not worn:
            return
        plains = [self.open(held, lane_no, lane.index, index) for index in worn]
        chain_key = kept[worn[0]] = ratchet.fresh_chain_key()
        position = worn[0]
        for index, plain in zip(worn, plains, strict=True):
            chain_key = ratchet.advance(chain_key, index - position)
            sealing_key, chain_key = ratchet.step(chain_key)
            position = index + 1
            place = ChunkPlace(held.segment, held.provenance, lane.index, index)
            sealed = seal_chunk(sealing_key, place, _only_live(plain, index, live))
            self.connection.execute(
                "UPDATE chunk SET sealed = ? WHERE chunk_no = ?", (sealed, chunk_no(lane_no, index))
            )

    def stored_chunks(self, lane_no: int) -> list[int]:
        """Indices of the chunks of a lane that are there, ascending."""
        base = chunk_no(lane_no, 0)
        found = self.connection.execute(
            "SELECT chunk_no FROM chunk WHERE chunk_no BETWEEN ? AND ? ORDER BY chunk_no",
            (base, chunk_no(lane_no + 1, 0) - 1),
        ).fetchall()
        return [row[0] - base for row in found]

    def live_chunks(self, lane_no: int, lane: Lane) -> list[int]:
        """Indices of the chunks of a lane that hold a live bit, ascending."""
        wanted: set[int] = set()
        for start, stop in self._live_spans(lane_no, lane):
            wanted.update(range(start // CHUNK_BITS, (stop - 1) // CHUNK_BITS + 1))
        return sorted(wanted)

    def _ratchet_rows(self, lane_no: int) -> list[tuple[int, bytes]]:
        return self.connection.execute(
            "SELECT first_chunk, wrapped FROM ratchet WHERE lane_no = ? ORDER BY first_chunk",
            (lane_no,),
        ).fetchall()

    def _live_spans(self, lane_no: int, lane: Lane) -> list[tuple[int, int]]:
        held = [(span.start, span.stop) for span in (*lane.free, *lane.quarantined)]
        return sorted([*held, *self.reserved_spans(lane_no, 0, lane.n_bits)])


def _first_untouched(indices: list[int], live: list[tuple[int, int]], n_bits: int) -> int:
    """Index of the chunk from which on every bit is live."""
    # Walk the live spans from the end while they join up.
    end = start = n_bits - n_bits % 8
    for span in reversed(live):
        if span[1] < start:
            break
        start = span[0]
    return -(-start // CHUNK_BITS) if start < end else indices[-1] + 1


def _only_live(plain: bytes, index: int, live: Iterable[tuple[int, int]]) -> bytes:
    """The chunk with every byte set to zero that is not live."""
    cleaned, first = bytearray(len(plain)), index * CHUNK_BITS
    for start, stop in live:
        begin, end = max(0, (start - first) // 8), min(len(plain), (stop - first) // 8)
        if begin < end:
            cleaned[begin:end] = plain[begin:end]
    return bytes(cleaned)
