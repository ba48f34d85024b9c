"""Units that share a commit: each is decided on what those before it left, refused ones vanish."""

import threading
from random import Random

import pytest

from groundstation.errors import GroundStationError
from groundstation.keys.errors import KeyConflictError, KeyQuotaError, KeyShortageError
from groundstation.keys.ledger import rules
from groundstation.keys.ledger.history import check_invariants
from groundstation.keys.ledger.memory import Ledger, applied
from groundstation.keys.ledger.records import (
    Allocation,
    AllocationState,
    Extent,
    Pool,
    Purpose,
    Role,
)
from groundstation.keys.ledger.views import Decision, Request, Restriction
from groundstation.keys.store.errors import StoreRefusedError

PAIR = Pool("matera", "tenerife")
ALL = Restriction()


class GiveUpError(Exception):
    """What a caller raises in its own unit."""


def together(store, works):
    """Have units share one commit: they gather while the writer is held; their futures, done."""
    begun, gate = threading.Event(), threading.Event()

    def hold(_):
        begun.set()
        assert gate.wait(60)

    held = store.submit(hold)
    assert begun.wait(60)
    futures = [store.submit(work) for work in works]
    gate.set()
    held.result()
    for future in futures:
        future.exception()
    return futures


def rows_bound(store):
    """Rows of the audit log that bind what a commit added: one for each commit."""
    return len(store.reader.audit_rows(event="ledger"))


def test_units_that_share_a_commit_get_bits_one_after_the_other(world, store):
    segment, key = world.stock(store, n_bits=16384)
    requests = [world.request(256) for _ in range(32)]
    before = rows_bound(store)
    futures = together(store, [lambda unit, r=r: unit.reserve(r) for r in requests])
    assert rows_bound(store) == before + 1
    starts = [future.result().extents[0].start for future in futures]
    assert starts == [256 * number for number in range(32)]
    lane = store.reader.segment(segment.segment_id).lanes[0]
    assert (lane.totals.available, lane.totals.reserved) == (0, 8192)
    assert lane.high_water == 8192
    assert store.consume(requests[31].allocation_id) == key[31 * 32 : 32 * 32]
    assert world.verify().faults == ()


@pytest.mark.parametrize("has_written", [False, True])
@pytest.mark.parametrize("question", ["reserved", "unspent_lanes"])
def test_a_refused_unit_takes_nothing_of_its_neighbours_back(world, store, has_written, question):
    world.stock(store, n_bits=8192)
    first, lost, last = (world.request(256) for _ in range(3))

    def refused(unit):
        if has_written:
            unit.reserve(lost)
        # The tables are asked, hence what was pending is written into this unit's savepoint.
        list(getattr(unit.view, question)())
        if has_written:
            unit.burn(lost.allocation_id, "given up")
        raise GiveUpError

    works = [lambda unit: unit.reserve(first), refused, lambda unit: unit.reserve(last)]
    one, two, three = together(store, works)
    assert isinstance(two.exception(), GiveUpError)
    assert [future.result().extents[0].start for future in (one, three)] == [0, 256]
    assert store.reader.allocation(first.allocation_id) == one.result()
    assert store.reader.allocation(lost.allocation_id) is None
    assert store.reader.totals().reserved == 512
    assert store.reader.totals().burned == 0
    assert world.verify().faults == ()


def test_a_quota_counts_what_the_same_commit_has_reserved(world, store):
    world.stock(store, n_bits=8192)
    limit = Restriction(quota_bits=512)
    works = [lambda unit: unit.reserve(world.request(256), limit) for _ in range(3)]
    *good, refused = together(store, works)
    assert [future.result().n_bits for future in good] == [256, 256]
    assert isinstance(refused.exception(), KeyQuotaError)
    earlier = Restriction(quota_bits=512, quota_since=world.now + 1.0)
    # The quota of a time that has not come counts nothing; what burned does not count either.
    renewed, burned, again = together(
        store,
        [
            lambda unit: unit.reserve(world.request(512), earlier),
            lambda unit: unit.burn(good[0].result().allocation_id, "unknown"),
            lambda unit: unit.reserve(world.request(256, reference="shop"), limit),
        ],
    )
    assert renewed.result().n_bits == 512
    assert burned.result().state is AllocationState.BURNED
    assert again.result().n_bits == 256


def test_a_quota_in_a_commit_leaves_out_what_burned_and_what_is_older(world, store):
    world.stock(store, n_bits=8192)
    gone = world.request(256)

    def limited(since):
        limit = Restriction(quota_bits=256, quota_since=since)
        return lambda unit: unit.reserve(world.request(256), limit)

    works = [
        lambda unit: unit.reserve(gone),
        lambda unit: unit.burn(gone.allocation_id, "unknown"),
        limited(world.now),
        limited(world.now),
        limited(world.now + 1e-6),
    ]
    raised = [type(future.exception()) for future in together(store, works)]
    nothing = type(None)
    assert raised == [nothing, nothing, nothing, KeyQuotaError, nothing]


def test_key_that_was_imported_first_goes_first_once_it_is_agreed_on(world, store):
    old, _ = world.segment(n_bits=4096)
    store.import_segment(old, bytes(512), world.owners(PAIR))
    world.now += 1.0
    new, _ = world.stock(store, n_bits=4096)
    assert store.reserve(world.request(256)).extents[0].segment_id == new.segment_id
    store.agree(old.segment_id, old.digest, "tenerife")
    assert store.reserve(world.request(256)).extents[0].segment_id == old.segment_id


def test_what_must_remain_counts_what_the_same_commit_has_reserved(world, store):
    world.stock(store, n_bits=2048)
    limit = Restriction(min_reserve_bits=512)
    works = [lambda unit: unit.reserve(world.request(256), limit) for _ in range(3)]
    outcomes = [future.exception() for future in together(store, works)]
    assert outcomes[:2] == [None, None]
    assert isinstance(outcomes[2], KeyShortageError)


def test_an_identity_is_bound_once_within_a_commit(world, store):
    world.stock(store, n_bits=8192)
    request = world.request(256)
    one, two = together(store, 2 * [lambda unit: unit.reserve(request)])
    assert one.exception() is None
    assert isinstance(two.exception(), KeyConflictError)


def test_key_that_is_agreed_on_while_a_commit_gathers_is_used(world, store):
    world.stock(store, n_bits=512)
    segment, _ = world.segment(n_bits=4096)
    store.import_segment(segment, bytes(512), world.owners(PAIR))
    request = world.request(1024)
    short, _, enough = together(
        store,
        [
            lambda unit: unit.reserve(world.request(1024)),
            lambda unit: unit.agree(segment.segment_id, segment.digest, "tenerife"),
            lambda unit: unit.reserve(request),
        ],
    )
    assert isinstance(short.exception(), KeyShortageError)
    assert [extent.length for extent in enough.result().extents] == [256, 768]
    # Lanes of many segments, more than are kept at hand.
    for _ in range(40):
        world.stock(store, n_bits=16)
    world.now += 1.0
    world.stock(store, n_bits=2048)
    allocation = store.reserve(world.request(1280 + 40 * 8 + 1024))
    assert len(allocation.extents) == 42
    assert store.reader.totals(PAIR).available == 256 + 2048 + 40 * 8 + 1024


def false_decision(unit, world, taken):
    """Rules that went wrong: bits of another allocation once more."""
    wanted = Allocation(
        world.uuid(),
        PAIR,
        Purpose.DELIVERY,
        Role.OURS,
        "bank",
        taken.extents,
        AllocationState.RESERVED,
        unit.clock().latest,
    )
    return unit.carry_out(Decision(unit.clock().latest, allocations=(wanted,)))


def test_a_trigger_stops_a_whole_commit_and_then_its_culprit_alone(world, store):
    world.stock(store, n_bits=8192)
    taken = store.reserve(world.request(256))
    before = store.reader.totals()

    def good(unit):
        return unit.reserve(world.request(256))

    def bad(unit):
        return false_decision(unit, world, taken)

    for future in together(store, [good, bad, good]):
        error = future.exception()
        assert isinstance(error, StoreRefusedError)
        assert "these bits were allocated before" in str(error)
    assert store.reader.totals() == before
    one, two, three = together(store, [good, bad, good])
    assert isinstance(two.exception(), StoreRefusedError)
    assert [one.result().extents[0].start, three.result().extents[0].start] == [256, 512]
    assert world.verify().faults == ()


class Commands:
    """Random units, decided by the rules on a ledger in memory before the store has run them."""

    def __init__(self, world, store, ledger, draws):
        self.world, self.store, self.ledger, self.draws = world, store, ledger, draws

    def next(self):
        """A unit and the kind of error that it must end with, or None."""
        kind = self.draws.choice(
            ["reserve", "limited", "deliver", "regret", "spend", "burn", "ask"]
        )
        if kind in {"spend", "burn"}:
            return self._on_an_old_one(kind)
        limits = Restriction(quota_bits=60_000, min_reserve_bits=4096)
        n_bits = self.draws.choice([8, 256, 1024, 9000, 40_000])
        request = self.world.request(n_bits, purpose=self.draws.choice(list(Purpose)))
        restriction = limits if kind == "limited" else ALL
        try:
            after = self._after(rules.decide_reserve, request, restriction)
            if kind == "deliver":
                after = self._after(rules.decide_consume, request.allocation_id, ledger=after)
        except GroundStationError as error:
            return self._unit(kind, request, restriction), type(error)
        if kind in {"regret", "ask"}:
            return self._unit(kind, request, restriction), GiveUpError
        self.ledger = after
        return self._unit(kind, request, restriction), None

    def _after(self, decide, *words, ledger=None):
        ledger = self.ledger if ledger is None else ledger
        clock = rules.read_clock(self.world.now, ledger.latest)
        return applied(ledger, decide(ledger, *words, clock))

    def _on_an_old_one(self, kind):
        known = list(self.ledger.allocations) or [self.world.uuid()]
        name = self.draws.choice(known[-40:])
        try:
            if kind == "burn":
                self.ledger = self._after(rules.decide_burn, name, "unknown")
            else:
                self.ledger = self._after(rules.decide_consume, name)
            error = None
        except GroundStationError as refusal:
            error = type(refusal)
        if kind == "burn":
            return lambda unit: unit.burn(name, "unknown"), error
        return lambda unit: unit.consume(name), error

    def _unit(self, kind, request: Request, restriction):
        def work(unit):
            unit.reserve(request, restriction)
            if kind == "deliver":
                unit.consume(request.allocation_id)
            if kind == "ask":
                list(unit.view.unspent_lanes())
                unit.consume(request.allocation_id)
            if kind in {"regret", "ask"}:
                raise GiveUpError

        return work


def test_random_groups_make_no_difference_to_the_ledger_in_memory(world):
    draws = Random(31)  # noqa: S311  the same groups every time
    with world.open() as store:
        ledger = Ledger("matera", store.transact(lambda unit: unit.view.latest))
        commands = Commands(world, store, ledger, draws)
        refused = 0
        for number in range(40):
            world.now += 1.0
            if number % 8 == 0:
                commands.ledger = stocked(world, store, commands.ledger)
            units = [commands.next() for _ in range(draws.randrange(1, 20))]
            futures = together(store, [work for work, _ in units])
            raised = [type(future.exception()) for future in futures]
            assert raised == [type(None) if error is None else error for _, error in units]
            refused += sum(error is not None for _, error in units)
            assert store.reader.totals() == commands.ledger.totals()
        for name, allocation in commands.ledger.allocations.items():
            assert store.reader.allocation(name) == allocation
        for segment_id in commands.ledger.segments:
            lanes = store.reader.segment(segment_id).lanes
            assert list(lanes) == list(commands.ledger.lanes(segment_id))
    check_invariants(commands.ledger)
    report = world.verify()
    assert report.faults == ()
    assert report.entries == len(commands.ledger.entries)
    assert refused > 40


def stocked(world, store, ledger):
    """Two segments for both ledgers."""
    for n_bits in (40_000, 8192):
        segment, key = world.segment(PAIR, n_bits)
        owners = world.owners(PAIR)
        clock = rules.read_clock(world.now, ledger.latest)
        store.import_segment(segment, key, owners)
        ledger = applied(ledger, rules.decide_import(ledger, segment, owners, clock))
        words = (segment.segment_id, segment.digest, "tenerife")
        store.agree(*words)
        ledger = applied(ledger, rules.decide_agree(ledger, *words, clock))
    return ledger


def test_a_process_that_reads_a_group_of_entries_finds_every_extent_once(world, store):
    segment, _ = world.stock(store, n_bits=65536)
    extents: list[Extent] = []
    for _ in range(3):
        works = [lambda unit: unit.reserve(world.request(512)) for _ in range(20)]
        for future in together(store, works):
            extents.extend(future.result().extents)
    places = sorted((extent.start, extent.stop) for extent in extents)
    assert places == [(512 * number, 512 * (number + 1)) for number in range(60)]
    assert {extent.segment_id for extent in extents} == {segment.segment_id}
    assert world.verify().entries == 60 + 4
