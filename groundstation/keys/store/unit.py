"""One unit of work: commands that are committed together or not at all.

A unit runs on the writer's thread, inside a transaction. What it returns reaches the caller after
the commit is durable and not before; a command that is refused takes the whole unit back.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from groundstation.keys.errors import KeyUnknownError
from groundstation.keys.ledger import rules
from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Extent,
    Segment,
)
from groundstation.keys.ledger.views import (
    Decision,
    Lane,
    Mark,
    Proposal,
    Request,
    Restriction,
)
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.store import documents
from groundstation.keys.store.apply import Applier
from groundstation.keys.store.documents import Document
from groundstation.keys.store.errors import KeyDamagedError
from groundstation.keys.store.rows import from_us, to_us
from groundstation.keys.store.vault import LARGEST_LANE_BITS, Vault
from groundstation.keys.store.view import StoreView

_UNRESTRICTED = Restriction()


class Unit:
    """The commands of the ledger; each raises what its rule raises."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        applier: Applier,
        clock: Callable[[], float],
        largest_step_s: float,
    ) -> None:
        self._connection = connection
        self._applier = applier
        self._wall = clock
        self._largest_step_s = largest_step_s

    @property
    def view(self) -> StoreView:
        """What the rules read; for reading only."""
        return self._applier.view

    @property
    def _vault(self) -> Vault:
        return self._applier.vault

    def clock(self) -> rules.Clock:
        """The clock as the ledger believes it, in whole microseconds."""
        return rules.read_clock(
            self._wall_us(), self.view.latest, largest_step_s=self._largest_step_s
        )

    def import_segment(
        self,
        segment: Segment,
        key: bytes,
        owners: Sequence[str],
        *,
        tail_bits: int = 0,
        made_at: float | None = None,
    ) -> Segment:
        """Take in a segment with its key; the same again changes nothing.

        Parameters
        ----------
        key : n_bits / 8 bytes, and one more if there is a tail
        owners : see `decide_import`
        """
        n_bytes = segment.n_bits // 8 + (tail_bits > 0)
        if len(key) != n_bytes or segment.n_bits > LARGEST_LANE_BITS:
            raise ValueError(
                f"cannot import {len(key)} bytes as {segment.n_bits} bits with a tail of "
                f"{tail_bits} bits, at most {LARGEST_LANE_BITS} bits"
            )
        # The database keeps whole microseconds; what is bound to the chunks must be what it gives.
        if segment.expires_at is not None:
            segment = replace(segment, expires_at=from_us(to_us(segment.expires_at)))
        decision = rules.decide_import(
            self.view, segment, owners, self.clock(), tail_bits=tail_bits, made_at=made_at
        )
        self._applier.write(decision)
        if decision.lanes:
            self._seal(segment.segment_id, decision.lanes, key)
            self.audit("import", _import_payload(segment))
        return self._segment(segment.segment_id)

    def agree(
        self, segment_id: UUID, digest: str, told_by: str, *, high_water: Sequence[int] = ()
    ) -> Segment:
        """Compare digests; equal ones make the segment usable."""
        decision = rules.decide_agree(
            self.view, segment_id, digest, told_by, self.clock(), high_water=high_water
        )
        self._applier.write(decision)
        segment = self._segment(segment_id)
        if decision.segments:
            payload = {"segment": str(segment_id), "with": told_by, "stage": segment.stage.value}
            self.audit("agree", payload)
        return segment

    def reserve(self, request: Request, restriction: Restriction = _UNRESTRICTED) -> Allocation:
        """Reserve key from our own lanes, all of it or nothing."""
        decision = rules.decide_reserve(self.view, request, restriction, self.clock())
        self._applier.write(decision)
        return decision.allocations[0]

    def reserve_theirs(self, proposal: Proposal) -> Allocation:
        """Reserve what the other end reserved; the same again changes nothing."""
        decision = rules.decide_reserve_theirs(self.view, proposal, self.clock())
        self._applier.write(decision)
        return self.allocation(proposal.allocation_id)

    def consume(self, allocation_id: UUID) -> bytes:
        """Spend a reserved allocation and give its bytes, extents one after the other.

        Raises
        ------
        KeyDamagedError
            the sealed key does not open; the writer quarantines the segment and burns the rest
        """
        return self.carry_out(rules.decide_consume(self.view, allocation_id, self.clock()))[
            allocation_id
        ]

    def carry_out(self, decision: Decision) -> dict[UUID, bytes]:
        """Write a decision that the rules made on this unit's view and clock.

        Returns
        -------
        the bytes of every allocation that it spends, extents one after the other
        """
        spent = [a for a in decision.allocations if a.state is AllocationState.CONSUMED]
        keys = {
            allocation.allocation_id: b"".join(
                self._read(allocation.allocation_id, extent) for extent in allocation.extents
            )
            for allocation in spent
        }
        self._applier.write(decision)
        return keys

    def burn(self, allocation_id: UUID, reason: str) -> Allocation:
        """Give up a reserved allocation for ever."""
        decision = rules.decide_burn(self.view, allocation_id, reason, self.clock())
        self._applier.write(decision)
        return self.allocation(allocation_id)

    def cancel(self, proposal: Proposal, reason: str) -> Allocation:
        """Follow the other end, which burned what it had reserved."""
        decision = rules.decide_cancel(self.view, proposal, reason, self.clock())
        self._applier.write(decision)
        return self.allocation(proposal.allocation_id)

    def expire_due(self) -> tuple[UUID, ...]:
        """Take all expired key off the balance and remember the time; who lost bits."""
        clock = self.clock()
        self._applier.write(Decision(clock.latest))
        self._applier.pending.write()
        due = self._connection.execute(
            "SELECT segment_id FROM segment s WHERE expires_us <= ? AND EXISTS (SELECT 1 FROM lane"
            " WHERE segment_no = s.segment_no AND (available > 0 OR quarantined > 0))"
            " ORDER BY segment_no",
            (to_us(clock.now),),
        ).fetchall()
        expired = []
        for (segment_id,) in due:
            decision = rules.decide_expire(self.view, UUID(bytes=segment_id), clock)
            self._applier.write(decision)
            if decision.entries:
                expired.append(UUID(bytes=segment_id))
        if expired:
            self.audit("expire", {"segments": [str(segment_id) for segment_id in expired]})
        return tuple(expired)

    def quarantine(self, extent: Extent, reason: str) -> Decision:
        """Take damaged key out of use."""
        decision = rules.decide_quarantine(self.view, extent, reason, self.clock())
        self._applier.write(decision)
        return decision

    def purge(self, segment_id: UUID, persons: Sequence[str], reason: str) -> Decision:
        """Burn all of a segment that is not spent, on the word of two persons."""
        decision = rules.decide_purge(self.view, segment_id, persons, reason, self.clock())
        self._applier.write(decision)
        payload = {"segment": str(segment_id), "persons": list(persons), "reason": reason}
        self.audit("purge", payload)
        return decision

    def fast_forward(self, marks: Iterable[Mark]) -> Decision:
        """Let a restored backup catch up with the other ends and the anchor."""
        listed = list(marks)
        decision = rules.decide_fast_forward(self.view, listed, self.clock())
        self._applier.write(decision)
        burned = sum(entry.extent.length for entry in decision.entries)
        self.audit("fast-forward", {"marks": len(listed), "burned_bits": burned})
        return decision

    def confirm_clock(self, person: str) -> float:
        """Believe a step of the clock on a person's word; the time that counts from now on."""
        clock = rules.read_clock(
            self._wall_us(), self.view.latest, is_confirmed=True, largest_step_s=0.0
        )
        self._applier.write(Decision(clock.latest))
        self.audit("clock", {"confirmed_by": person, "latest_us": to_us(clock.latest)})
        return clock.latest

    def condemn(self, error: KeyDamagedError) -> None:
        """Quarantine the segment of damaged key and burn the allocation that ran into it.

        An allocation that the refused unit itself had made is gone with it.
        """
        for lane in self.view.lanes(error.extent.segment_id):
            whole = Extent(lane.segment_id, lane.index, 0, lane.n_bits)
            self.quarantine(whole, "its sealed key does not open")
        if self.view.allocation(error.allocation_id) is not None:
            self.burn(error.allocation_id, "its sealed key does not open")

    def allocation(self, allocation_id: UUID) -> Allocation:
        """An allocation as it is now; KeyUnknownError if there is none."""
        found = self.view.allocation(allocation_id)
        if found is None:
            raise KeyUnknownError("no such allocation", where=f"allocation {allocation_id}")
        return found

    def attach(self, document: Document) -> None:
        """Write a document together with the commands of this unit."""
        self._applier.has_written = True
        documents.attach(self._connection, document, to_us(self.clock().latest))

    def document(self, kind: str, reference: str) -> Document | None:
        """A document that was attached here or earlier."""
        return documents.find(self._connection, kind, reference)

    def send(self, peer: str, message_id: str, payload: str) -> None:
        """Put a message into the outbox."""
        self._applier.has_written = True
        documents.send(self._connection, peer, message_id, payload, to_us(self.clock().latest))

    def settle(self, peer: str, message_id: str) -> bool:
        """Take an acknowledged message out of the outbox."""
        self._applier.has_written = True
        return documents.settle(self._connection, peer, message_id)

    def answered(self, peer: str, message_id: str) -> str | None:
        """What was answered to a message; None if it never came."""
        return documents.answered(self._connection, peer, message_id)

    def answer(self, peer: str, message_id: str, text: str) -> None:
        """Remember what is answered to a message."""
        self._applier.has_written = True
        documents.answer(self._connection, peer, message_id, text, to_us(self.clock().latest))

    def audit(self, event: str, payload: Mapping[str, object]) -> None:
        """Add a row to the audit log; the payload must hold no key."""
        self._applier.has_written = True
        self._applier.audit.append(event, payload)

    def _wall_us(self) -> float:
        return from_us(to_us(self._wall()))

    def _segment(self, segment_id: UUID) -> Segment:
        found = self.view.segment(segment_id)
        if found is None:
            raise KeyUnknownError("no such segment", where=f"segment {segment_id}")
        return found

    def _seal(self, segment_id: UUID, lanes: Sequence[Lane], key: bytes) -> None:
        held = self.view.held(segment_id)
        if held is None:
            raise KeyUnknownError("no such segment", where=f"segment {segment_id}")
        rest = memoryview(key)
        for lane in sorted(lanes, key=lambda lane: lane.index):
            n_bytes = lane.n_bits // 8
            self._vault.put(held, held.lane_nos[lane.index], lane.index, rest[:n_bytes])
            rest = rest[n_bytes:]

    def _read(self, allocation_id: UUID, extent: Extent) -> bytes:
        held = self.view.held(extent.segment_id)
        if held is None:
            raise KeyUnknownError("no such segment", where=f"segment {extent.segment_id}")
        try:
            return self._vault.read(held, held.lane_nos[extent.lane], extent)
        except SealError as error:
            raise KeyDamagedError(str(error), allocation_id, extent) from error


def _import_payload(segment: Segment) -> dict[str, object]:
    return {
        "segment": str(segment.segment_id),
        "pool": [segment.pool.a, segment.pool.b],
        "origin": [segment.origin.kind.value, segment.origin.reference],
        "n_bits": segment.n_bits,
        "digest": segment.digest,
    }
