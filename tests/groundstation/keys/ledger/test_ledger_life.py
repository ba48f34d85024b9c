"""Random lives of a ledger: two ends, every command, every invariant after each."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.ledger.balance import imported_bits
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.records import AllocationState, Purpose
from groundstation.keys.ledger.views import Restriction

FINAL = ("delivered", "relayed", "authentication", "expired", "burned")
SEGMENTS = st.integers(1, 4)
BYTES = st.integers(1, 6)


@pytest.fixture
def life(open_desk):
    """The machine, for one ledger that follows another one at random."""

    class Life(RuleBasedStateMachine):
        ours = Bundle("ours")
        theirs = Bundle("theirs")

        def __init__(self) -> None:
            super().__init__()
            self.desk = open_desk("matera")
            self.peer = open_desk("tenerife")
            self.number = 10
            self.imported = 0
            self.final = dict.fromkeys(FINAL, 0)
            self.bits: set[tuple[int, int, int]] = set()

        def attempt(self, command, *arguments, **settings):
            """A command; a refusal must leave the ledger as it was."""
            before = self.desk.ledger
            try:
                return command(*arguments, **settings)
            except KeyLedgerError:
                assert self.desk.ledger is before
                return None

        @rule(
            number=SEGMENTS, size=BYTES, tail=st.integers(0, 7), lasts=st.sampled_from([None, 50.0])
        )
        def bring(self, number, size, tail, lasts):
            expires_at = None if lasts is None else self.desk.now + lasts
            settings = {"tail_bits": tail, "expires_at": expires_at}
            decision = self.attempt(self.desk.bring, number, 16 * size, **settings)
            if decision is not None and decision.entries:
                self.imported += 16 * size + tail
                self.peer.bring(number, 16 * size, **settings)

        @rule(number=SEGMENTS)
        def agree(self, number):
            if self.attempt(self.desk.agree, number) is not None:
                self.peer.agree(number)

        @rule(number=SEGMENTS)
        def quarrel(self, number):
            self.attempt(self.desk.agree, number, "another digest")

        @rule(target=ours, size=BYTES, purpose=st.sampled_from(Purpose), floor=st.integers(0, 4))
        def reserve(self, size, purpose, floor):
            self.number += 1
            limit = Restriction(min_reserve_bits=8 * floor, quota_bits=160)
            settings = {"purpose": purpose, "reference": purpose.value}
            if self.attempt(self.desk.reserve, self.number, 8 * size, limit, **settings) is None:
                return multiple()
            for place in self.desk.places(self.number):
                fresh = {(*place[:2], bit) for bit in range(place[2], place[2] + place[3])}
                # I1 by a set of single bits that knows nothing of spans.
                assert not fresh & self.bits
                self.bits |= fresh
            return self.number

        @rule(target=theirs, size=BYTES, purpose=st.sampled_from(Purpose))
        def follow(self, size, purpose):
            self.number += 1
            try:
                (made,) = self.peer.reserve(self.number, 8 * size, purpose=purpose).allocations
            except KeyLedgerError:
                return multiple()
            self.attempt(
                self.desk.follow, self.number, *self.peer.places(self.number), purpose=purpose
            )
            assert isinstance(made.allocation_id, UUID)
            return self.number

        @rule(number=theirs)
        def follow_again(self, number):
            allocation = self.peer.ledger.allocations[UUID(int=number)]
            self.attempt(
                self.desk.follow, number, *self.peer.places(number), purpose=allocation.purpose
            )

        @rule(number=theirs)
        def cancel(self, number):
            self.attempt(self.desk.cancel, number, *self.peer.places(number))

        @rule(number=ours | theirs)
        def consume(self, number):
            held = self.desk.ledger.allocations.get(UUID(int=number))
            decision = self.attempt(self.desk.consume, number)
            if decision is not None:
                assert held.state is AllocationState.RESERVED
                assert self.attempt(self.desk.consume, number) is None

        @rule(number=ours | theirs)
        def burn(self, number):
            self.attempt(self.desk.burn, number)

        @rule(number=SEGMENTS)
        def expire(self, number):
            self.attempt(self.desk.expire, number)

        @rule(number=SEGMENTS, lane=st.integers(0, 1), start=st.integers(0, 8), size=BYTES)
        def damage(self, number, lane, start, size):
            self.attempt(self.desk.damage, number, lane, 8 * start, 8 * size)

        @rule(number=SEGMENTS)
        def purge(self, number):
            self.attempt(self.desk.purge, number)

        @rule(step_s=st.sampled_from([-1000.0, 0.0, 20.0, 60.0, 1e6]))
        def pass_time(self, step_s):
            self.desk.now += step_s

        @rule()
        def restore(self):
            """The backup of this very moment: what the peer saw burns, nothing else."""
            marks = [
                (lane.segment_id.int, lane.index, lane.high_water)
                for lane in self.desk.ledger.lanes_by_place.values()
            ]
            self.desk.ledger = replace(self.desk.ledger, is_behind=True)
            assert self.attempt(self.desk.reserve, 9, 8) is None
            self.desk.catch_up(*marks)
            assert not list(self.desk.ledger.reserved())

        @invariant()
        def every_bit_is_accounted_for(self):
            totals = self.desk.ledger.totals()
            assert imported_bits(totals) == self.imported
            check_invariants(self.desk.ledger)

        @invariant()
        def what_is_final_stays(self):
            totals = self.desk.ledger.totals()
            for account in FINAL:
                assert getattr(totals, account) >= self.final[account]
                self.final[account] = getattr(totals, account)

    return Life


def run(machine, examples: int, steps: int) -> None:
    test = machine.TestCase()
    test.settings = settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    test.runTest()


def test_no_random_life_breaks_an_invariant(life):
    run(life, 20, 30)


@pytest.mark.slow
def test_no_long_random_life_breaks_an_invariant(life):
    run(life, 50, 200)
