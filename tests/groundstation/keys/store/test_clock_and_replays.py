"""Clocks that run backwards or jump, and everything that comes a second time (F10, F12)."""

import pytest

from groundstation.keys.errors import (
    KeyClockError,
    KeyConflictError,
    KeyExpiredError,
    KeyShortageError,
    KeyStateError,
)
from groundstation.keys.ledger.records import AllocationState, Extent
from groundstation.keys.ledger.views import Proposal, Totals

DAY = 86400.0


def test_a_clock_put_back_revives_nothing_even_after_opening_again(world):
    with world.open() as store:
        world.stock(store, expires_at=world.now + 60)
        reserved = store.reserve(world.request())
        world.now += 61
        store.expire_due()
        world.now -= DAY
        with pytest.raises(KeyExpiredError):
            store.consume(reserved.allocation_id)
    with world.open() as store:
        with pytest.raises(KeyExpiredError):
            store.consume(reserved.allocation_id)
        assert store.reader.totals().available == 0
        assert store.transact(lambda unit: unit.clock().now) == world.now + DAY


def test_ten_years_ahead_expire_nothing_before_a_person_says_so(world, store):
    world.stock(store, expires_at=world.now + DAY)
    world.now += 3653 * DAY
    with pytest.raises(KeyClockError, match="ahead of the last time seen"):
        store.expire_due()
    assert store.reader.totals() == Totals(available=4096)
    # Nothing that might have expired is handed out meanwhile.
    with pytest.raises(KeyShortageError, match="0 bits may be used"):
        store.reserve(world.request())
    world.now -= 3653 * DAY
    assert world.take(store)[0].n_bits == 256
    world.now += 3653 * DAY
    assert store.confirm_clock("Ada") == world.now
    store.expire_due()
    assert store.reader.totals() == Totals(expired=3840, delivered=256)
    assert "Ada" in store.reader.audit_rows(event="clock")[0].payload


def test_a_small_step_back_goes_unnoticed_by_the_books(world):
    with world.open() as store:
        world.stock(store)
        for step in (0.5, -0.4, 0.1, -2.0, 3.0):
            world.now += step
            world.take(store)
    assert world.verify().is_sound


def test_a_replayed_reservation_is_answered_alike_and_moves_nothing(world, store):
    segment, key = world.stock(store)
    offer = world.proposal(Extent(segment.segment_id, 1, 0, 256))
    first = store.reserve_theirs(offer)
    seen = store.reader.totals()
    assert store.reserve_theirs(offer) == first
    assert store.reader.totals() == seen
    assert store.consume(offer.allocation_id) == key[256:288]
    assert store.reserve_theirs(offer).state is AllocationState.CONSUMED
    with pytest.raises(KeyStateError):
        store.consume(offer.allocation_id)


def test_a_replay_with_other_bits_is_refused_for_ever(world):
    with world.open() as store:
        segment, _ = world.stock(store)
        offer = world.proposal(Extent(segment.segment_id, 1, 0, 256))
        store.reserve_theirs(offer)
        store.consume(offer.allocation_id)
    other = Proposal(
        offer.allocation_id,
        offer.pool,
        offer.purpose,
        offer.reference,
        (Extent(segment.segment_id, 1, 256, 256),),
    )
    with world.open() as store:
        with pytest.raises(KeyConflictError):
            store.reserve_theirs(other)
        overlapping = world.proposal(Extent(segment.segment_id, 1, 248, 64))
        with pytest.raises(KeyConflictError):
            store.reserve_theirs(overlapping)


def test_a_cancel_that_overtakes_its_reservation_stays_valid(world):
    with world.open() as store:
        segment, _ = world.stock(store)
        offer = world.proposal(Extent(segment.segment_id, 1, 0, 256))
        assert store.cancel(offer, "caller gone").state is AllocationState.BURNED
    with world.open() as store, pytest.raises(KeyStateError, match="was burned"):
        store.reserve_theirs(offer)
    assert world.verify().is_sound


def test_an_identity_is_reserved_once(world, store):
    world.stock(store)
    request = world.request()
    store.reserve(request)
    with pytest.raises(KeyConflictError, match="in use already"):
        store.reserve(request)
    assert store.reader.totals() == Totals(available=3840, reserved=256)


def test_an_expired_import_is_refused_and_leaves_nothing(world, store):
    segment, key = world.segment(expires_at=world.now - 1)
    with pytest.raises(KeyExpiredError):
        store.import_segment(segment, key, ("matera", "tenerife"))
    assert world.sql("SELECT count(*) FROM chunk") == [(0,)]
    assert store.reader.segments() == ()
