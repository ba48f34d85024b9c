"""Random commands: the ledger on disk and the one in memory agree after every step (I1 to I5, I13).

Both apply the same rules; what is judged here is that the store reads, writes, rolls back, opens
again, rotates and keeps key in a way that makes no difference.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from groundstation.errors import GroundStationError
from groundstation.keys.ledger import rules
from groundstation.keys.ledger.clock import read_clock
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.memory import Ledger, applied
from groundstation.keys.ledger.records import Extent, Pool, Purpose
from groundstation.keys.ledger.views import Decision, Proposal, Request, Restriction

PAIR, LINK = Pool("matera", "tenerife"), Pool("matera", "micius")
POOLS = st.sampled_from([PAIR, LINK])
# Crossing a chunk of 8192 bits, beginning and ending in the middle of one, and too much.
LENGTHS = st.sampled_from([8, 256, 1024, 4096, 8192, 9000, 20000])
PICK = st.integers(0, 10**6)
SETTINGS: Any = {"deadline": None, "suppress_health_check": list(HealthCheck)}


class TwoLedgers(RuleBasedStateMachine):
    """The store and its oracle, given the same commands."""

    world_class: Any = None

    def __init__(self):
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
        self.place = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.world = self.world_class(Path(self.place.name))
        self.store = self.world.open()
        self.ledger = Ledger("matera", self.store.transact(lambda unit: unit.view.latest))
        self.keys, self.imported = {}, []

    def teardown(self):
        self.store.close()
        check_invariants(self.ledger)
        report = self.world.verify()
        assert report.faults == ()
        assert report.entries == len(self.ledger.entries)
        self.place.cleanup()

    def both(self, on_disk, decide):
        """One command on both; the same answer or the same refusal."""
        clock = read_clock(self.world.now, self.ledger.latest)
        try:
            decision = decide(self.ledger, clock)
        except (GroundStationError, ValueError) as error:
            with pytest.raises(type(error)):
                on_disk()
            return None
        result = on_disk()
        self.ledger = applied(self.ledger, decision)
        return result

    @rule(pool=POOLS, n_bits=st.sampled_from([8, 2048, 16384, 40000]), lifetime=st.none() | PICK)
    def bring_in(self, pool, n_bits, lifetime):
        expires_at = None if lifetime is None else self.world.now + lifetime % 2000 - 50
        segment, key = self.world.segment(pool, n_bits, expires_at)
        owners = self.world.owners(pool)
        done = self.both(
            lambda: self.store.import_segment(segment, key, owners),
            lambda ledger, clock: rules.decide_import(ledger, segment, owners, clock),
        )
        if done is not None:
            self.imported.append((segment, key))
            self.keys[segment.segment_id] = key

    @precondition(lambda self: self.imported)
    @rule(pick=PICK, is_same=st.integers(0, 5))
    def agree(self, pick, is_same):
        segment, _ = self.imported[pick % len(self.imported)]
        digest = segment.digest if is_same else "00" * 32
        self.both(
            lambda: self.store.agree(segment.segment_id, digest, "tenerife"),
            lambda ledger, clock: rules.decide_agree(
                ledger, segment.segment_id, digest, "tenerife", clock
            ),
        )

    @rule(
        pool=POOLS,
        n_bits=LENGTHS | PICK,
        purpose=st.sampled_from(list(Purpose)),
        quota=st.none() | LENGTHS,
    )
    def reserve(self, pool, n_bits, purpose, quota):
        request = Request(self.world.uuid(), pool, purpose, "bank", n_bits)
        limit = Restriction(quota_bits=quota)
        self.both(
            lambda: self.store.reserve(request, limit),
            lambda ledger, clock: rules.decide_reserve(ledger, request, limit, clock),
        )

    @precondition(lambda self: self.imported)
    @rule(pick=PICK, start=st.integers(0, 3000), n_bits=LENGTHS, is_cancel=st.booleans())
    def follow(self, pick, start, n_bits, is_cancel):
        segment, _ = self.imported[pick % len(self.imported)]
        extent = Extent(segment.segment_id, 1, 8 * start, n_bits)
        offer = Proposal(self.world.uuid(), segment.pool, Purpose.DELIVERY, "shop", (extent,))
        if is_cancel:
            self.both(
                lambda: self.store.cancel(offer, "caller gone"),
                lambda ledger, clock: rules.decide_cancel(ledger, offer, "caller gone", clock),
            )
        else:
            self.both(
                lambda: self.store.reserve_theirs(offer),
                lambda ledger, clock: rules.decide_reserve_theirs(ledger, offer, clock),
            )

    @precondition(lambda self: self.ledger.allocations)
    @rule(pick=PICK)
    def consume(self, pick):
        allocation = self._picked(pick)
        taken = self.both(
            lambda: self.store.consume(allocation.allocation_id),
            lambda ledger, clock: rules.decide_consume(ledger, allocation.allocation_id, clock),
        )
        if taken is not None:
            assert taken == b"".join(self._bytes(extent) for extent in allocation.extents)

    @precondition(lambda self: self.ledger.allocations)
    @rule(pick=PICK)
    def burn(self, pick):
        allocation = self._picked(pick)
        self.both(
            lambda: self.store.burn(allocation.allocation_id, "unknown"),
            lambda ledger, clock: rules.decide_burn(
                ledger, allocation.allocation_id, "unknown", clock
            ),
        )

    @precondition(lambda self: self.imported)
    @rule(pick=PICK, is_whole=st.integers(0, 3))
    def take_out(self, pick, is_whole):
        segment, _ = self.imported[pick % len(self.imported)]
        if is_whole:
            extent = Extent(segment.segment_id, 0, 8 * (pick % 500), 512)
            self.both(
                lambda: self.store.quarantine(extent, "damaged"),
                lambda ledger, clock: rules.decide_quarantine(ledger, extent, "damaged", clock),
            )
        else:
            self.both(
                lambda: self.store.purge(segment.segment_id, ["Ada", "Grace"], "told"),
                lambda ledger, clock: rules.decide_purge(
                    ledger, segment.segment_id, ["Ada", "Grace"], "told", clock
                ),
            )

    @rule(seconds=st.integers(-500, 1000))
    def let_time_pass(self, seconds):
        self.world.now += seconds

        def expire(ledger, clock):
            for segment_id in list(ledger.segments):
                ledger = applied(ledger, rules.decide_expire(ledger, segment_id, clock))
            self.ledger = ledger
            return Decision(clock.latest)

        self.both(self.store.expire_due, expire)

    @rule()
    def rotate(self):
        self.store.rotate()

    @rule()
    def open_again(self):
        self.store.close()
        self.store = self.world.open()

    @invariant()
    def they_agree(self):
        assert self.store.reader.totals() == self.ledger.totals()
        for segment_id, segment in self.ledger.segments.items():
            state = self.store.reader.segment(segment_id)
            assert state.segment == segment
            assert list(state.lanes) == list(self.ledger.lanes(segment_id))
        for allocation_id, allocation in self.ledger.allocations.items():
            assert self.store.reader.allocation(allocation_id) == allocation

    def _picked(self, pick):
        allocations = list(self.ledger.allocations.values())
        return allocations[-1 - pick % len(allocations)]

    def _bytes(self, extent):
        before = sum(lane.n_bits for lane in self.ledger.lanes(extent.segment_id)[: extent.lane])
        begin = (before + extent.start) // 8
        return self.keys[extent.segment_id][begin : begin + extent.length // 8]


def run(world_class, examples, steps):
    machine = type("Machine", (TwoLedgers,), {"world_class": world_class})
    chosen = settings(max_examples=examples, stateful_step_count=steps, **SETTINGS)
    run_state_machine_as_test(machine, settings=chosen)


def test_many_random_steps_make_no_difference(world):
    # The class of the world, because every example needs a folder of its own.
    run(type(world), 4, 40)


@pytest.mark.slow
def test_ten_thousand_random_steps_make_no_difference(world):
    run(type(world), 100, 100)
