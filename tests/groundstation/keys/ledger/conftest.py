"""A ledger in memory with segments, and the moves that its rules allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from groundstation.keys.ledger import rules
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.memory import Ledger, applied
from groundstation.keys.ledger.records import (
    Extent,
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.trust import NOBODY_ELSE
from groundstation.keys.ledger.views import Decision, Mark, Proposal, Request, Restriction

POOL = Pool("matera", "tenerife")
FREE = Restriction()


@dataclass
class Desk:
    """A ledger that is worked with; every invariant is checked after every command.

    Identities are small integers here; `now` is the clock on the wall.
    """

    node: str = "matera"
    now: float = 1000.0
    ledger: Ledger = field(init=False)
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.node, self.now)

    @property
    def clock(self) -> rules.Clock:
        return rules.read_clock(self.now, self.ledger.latest)

    def commit(self, decision: Decision) -> Decision:
        self.ledger = applied(self.ledger, decision)
        self.alarms.extend(decision.alarms)
        check_invariants(self.ledger)
        return decision

    def bring(
        self,
        number: int = 1,
        n_bits: int = 64,
        *,
        owners: Sequence[str] = ("matera", "tenerife"),
        expires_at: float | None = None,
        trust: TrustLabel = NOBODY_ELSE,
        kind: OriginKind = OriginKind.FIBRE,
        tail_bits: int = 0,
        digest: str = "d1",
        made_at: float | None = None,
        pool: Pool = POOL,
    ) -> Decision:
        origin = Origin(kind, "link-1")
        segment = Segment(
            UUID(int=number), pool, origin, trust, n_bits, digest, self.now, expires_at
        )
        return self.commit(
            rules.decide_import(
                self.ledger, segment, owners, self.clock, tail_bits=tail_bits, made_at=made_at
            )
        )

    def agree(
        self, number: int = 1, digest: str = "d1", high_water: Sequence[int] = ()
    ) -> Decision:
        segment_id = UUID(int=number)
        return self.commit(
            rules.decide_agree(
                self.ledger, segment_id, digest, "peer", self.clock, high_water=high_water
            )
        )

    def stock(self, number: int = 1, n_bits: int = 64, **settings) -> None:
        self.bring(number, n_bits, **settings)
        self.agree(number)

    def reserve(
        self,
        number: int,
        n_bits: int,
        restriction: Restriction = FREE,
        *,
        purpose: Purpose = Purpose.DELIVERY,
        reference: str = "alice-bob",
        pool: Pool = POOL,
    ) -> Decision:
        request = Request(UUID(int=number), pool, purpose, reference, n_bits)
        return self.commit(rules.decide_reserve(self.ledger, request, restriction, self.clock))

    def proposal(
        self,
        number: int,
        *places: tuple[int, int, int, int],
        pool: Pool = POOL,
        purpose: Purpose = Purpose.DELIVERY,
        reference: str = "carol-dan",
    ) -> Proposal:
        extents = tuple(Extent(UUID(int=place[0]), *place[1:]) for place in places)
        return Proposal(UUID(int=number), pool, purpose, reference, extents)

    def follow(self, number: int, *places: tuple[int, int, int, int], **changes) -> Decision:
        proposal = self.proposal(number, *places, **changes)
        return self.commit(rules.decide_reserve_theirs(self.ledger, proposal, self.clock))

    def cancel(self, number: int, *places: tuple[int, int, int, int], **changes) -> Decision:
        proposal = self.proposal(number, *places, **changes)
        return self.commit(rules.decide_cancel(self.ledger, proposal, "cancelled", self.clock))

    def consume(self, number: int) -> Decision:
        return self.commit(rules.decide_consume(self.ledger, UUID(int=number), self.clock))

    def burn(self, number: int) -> Decision:
        return self.commit(rules.decide_burn(self.ledger, UUID(int=number), "lost", self.clock))

    def expire(self, number: int = 1) -> Decision:
        return self.commit(rules.decide_expire(self.ledger, UUID(int=number), self.clock))

    def damage(self, number: int, lane: int, start: int, length: int) -> Decision:
        extent = Extent(UUID(int=number), lane, start, length)
        return self.commit(rules.decide_quarantine(self.ledger, extent, "seal broken", self.clock))

    def purge(self, number: int = 1, persons: Sequence[str] = ("ada", "ben")) -> Decision:
        return self.commit(
            rules.decide_purge(self.ledger, UUID(int=number), persons, "leak", self.clock)
        )

    def catch_up(self, *marks: tuple[int, int, int]) -> Decision:
        listed = [Mark(UUID(int=number), lane, stop) for number, lane, stop in marks]
        return self.commit(rules.decide_fast_forward(self.ledger, listed, self.clock))

    def places(self, number: int) -> list[tuple[int, int, int, int]]:
        """Extents of an allocation as (segment, lane, start, length)."""
        extents = self.ledger.allocations[UUID(int=number)].extents
        return [(e.segment_id.int, e.lane, e.start, e.length) for e in extents]

    def state(self, number: int) -> str:
        return self.ledger.allocations[UUID(int=number)].state.value

    def accounts(self, pool: Pool | None = None) -> dict[str, int]:
        """Accounts that are not empty."""
        totals = self.ledger.totals(pool)
        values = {name: getattr(totals, name) for name in totals.__slots__}
        return {name: bits for name, bits in values.items() if bits}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def open_desk() -> Callable[..., Desk]:
    """For tests that need more than one, or one of their own."""
    return Desk
