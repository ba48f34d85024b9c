"""What the ledger on disk does with commands, one after the other."""

import stat
from dataclasses import replace

import pytest

from groundstation.errors import BusyError
from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyShortageError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.records import AllocationState, Extent, Pool, Role, SegmentStage
from groundstation.keys.ledger.views import Restriction, Totals
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.store.documents import Document
from groundstation.keys.store.errors import StoreBrokenError, StoreError
from groundstation.keys.store.queries import open_reader

PAIR = Pool("matera", "tenerife")
LINK = Pool("matera", "micius")


def test_key_comes_out_as_it_went_in_and_in_order(world, store):
    _, key = world.stock(store, n_bits=32768)
    # Our lane is the first half of 16384 bits, two chunks; the third request crosses the seam.
    taken = b"".join(world.take(store, n_bits)[1] for n_bits in (4096, 3200, 8192, 896))
    assert taken == key[:2048]
    with pytest.raises(KeyShortageError):
        store.reserve(world.request(8))


def test_the_other_end_takes_from_its_own_lane(world, store):
    segment, key = world.stock(store, n_bits=32768)
    proposal = world.proposal(
        Extent(segment.segment_id, 1, 8000, 512), Extent(segment.segment_id, 1, 0, 64)
    )
    assert store.reserve_theirs(proposal).role is Role.THEIRS
    # The other lane begins after 2048 bytes; the order of the extents is kept.
    assert store.consume(proposal.allocation_id) == key[3048:3112] + key[2048:2056]


def test_a_key_is_consumed_once(world, store):
    world.stock(store)
    allocation, _ = world.take(store)
    with pytest.raises(KeyStateError, match="consumed already"):
        store.consume(allocation.allocation_id)


def test_key_before_agreement_is_not_available(world, store):
    segment, key = world.segment()
    store.import_segment(segment, key, ("matera", "tenerife"))
    with pytest.raises(KeyShortageError):
        store.reserve(world.request())
    assert store.reader.totals() == Totals(quarantined=4096)


def test_the_same_import_again_changes_nothing(world, store):
    segment, key = world.stock(store)
    world.take(store)
    before = (store.reader.totals(), store.reader.end_of_audit())
    again = store.import_segment(segment, key, ("matera", "tenerife"))
    assert again.stage is SegmentStage.USABLE
    assert (store.reader.totals(), store.reader.end_of_audit()) == before


def test_another_content_under_the_same_identity_is_refused_and_told(world, store):
    segment, key = world.stock(store)
    with pytest.raises(KeyConflictError, match="another digest"):
        store.import_segment(replace(segment, digest="ff" * 32), key, ("matera", "tenerife"))
    (alarm,) = store.reader.audit_rows(event="alarm")
    assert str(segment.segment_id) in alarm.payload


def test_a_key_of_the_wrong_length_is_refused(world, store):
    segment, key = world.segment()
    for wrong in (key[:-1], key + b"x", b""):
        with pytest.raises(ValueError, match=f"cannot import {len(wrong)} bytes as 4096 bits"):
            store.import_segment(segment, wrong, ("matera", "tenerife"))
    assert store.reader.totals() == Totals()


def test_a_tail_below_eight_bits_is_accounted_for_and_burned(world, store):
    segment, key = world.segment(LINK, 8192)
    store.import_segment(segment, key + b"\xe0", ("matera",), tail_bits=3)
    store.agree(segment.segment_id, segment.digest, "micius")
    assert store.reader.totals() == Totals(available=8192, burned=3)
    assert world.take(store, 8192, pool=LINK)[1] == key
    assert world.verify().is_sound


def test_different_digests_leave_the_segment_disputed(world, store):
    segment, key = world.segment()
    store.import_segment(segment, key, ("matera", "tenerife"))
    assert store.agree(segment.segment_id, "00" * 32, "tenerife").stage is SegmentStage.DISPUTED
    with pytest.raises(KeyShortageError):
        store.reserve(world.request())
    assert store.reader.audit_rows(event="alarm")


def test_burned_key_never_comes_out(world, store):
    _, key = world.stock(store)
    allocation = store.reserve(world.request())
    assert store.burn(allocation.allocation_id, "caller gone").state is AllocationState.BURNED
    with pytest.raises(KeyStateError):
        store.consume(allocation.allocation_id)
    assert world.take(store)[1] == key[32:64]
    assert store.reader.totals() == Totals(available=3584, burned=256, delivered=256)


def test_all_or_nothing_leaves_the_pool_as_it_was(world, store):
    world.stock(store)
    with pytest.raises(KeyShortageError):
        store.reserve(world.request(2056))
    assert store.reader.totals() == Totals(available=4096)


def test_restrictions_reach_the_rules(world, store):
    world.stock(store)
    with pytest.raises(KeyShortageError, match="only 0 bits may be used"):
        store.reserve(world.request(), Restriction(untrusted=frozenset({"micius"})))


def test_several_commands_are_one(world, store):
    world.stock(store)
    first, second = world.request(), world.request(4096)

    def both(unit):
        unit.reserve(first)
        unit.attach(Document("order", "17", "{}"))
        return unit.reserve(second)

    with pytest.raises(KeyShortageError):
        store.transact(both)
    assert store.reader.allocation(first.allocation_id) is None
    assert store.reader.document("order", "17") is None
    assert store.reader.totals() == Totals(available=4096)
    # What the unit had changed in memory is taken back as well.
    assert store.reserve(first).extents[0].start == 0


def test_a_refused_unit_leaves_no_gap_in_the_audit_log(world, store):
    segment, key = world.segment()

    def work(unit):
        unit.import_segment(segment, key, ("matera", "tenerife"))
        unit.audit("note", {"about": "what did not happen"})
        unit.reserve(world.request(10**6))

    before = store.reader.end_of_audit()
    with pytest.raises(KeyShortageError):
        store.transact(work)
    assert store.reader.end_of_audit() == before
    world.stock(store)
    world.take(store)
    assert world.verify().is_sound


def test_expired_key_goes_off_the_balance_and_out_of_the_file(world, store):
    world.stock(store, expires_at=world.now + 60)
    reserved = store.reserve(world.request())
    world.now += 60
    assert len(store.expire_due()) == 1
    assert store.expire_due() == ()
    with pytest.raises(KeyExpiredError):
        store.consume(reserved.allocation_id)
    store.burn(reserved.allocation_id, "expired")
    assert store.reader.totals() == Totals(expired=3840, burned=256)
    assert world.sql("SELECT count(*) FROM chunk") == [(0,)]


def test_purging_needs_two_persons_and_leaves_nothing(world, store):
    segment, _ = world.stock(store)
    store.reserve(world.request())
    store.purge(segment.segment_id, ["Ada", "Grace"], "stolen disk")
    assert store.reader.totals() == Totals(burned=4096)
    assert world.sql("SELECT (SELECT count(*) FROM chunk), (SELECT count(*) FROM ratchet)") == [
        (0, 0)
    ]
    (row,) = store.reader.audit_rows(event="purge")
    assert "Grace" in row.payload


def test_documents_stand_beside_their_key_and_never_change(world, store):
    world.stock(store)
    announcement = Document("announcement", "relay 3", '{"xor":"00"}')
    allocation = store.reserve(world.request(reference="relay 3"))
    store.consume(allocation.allocation_id, attach=[announcement])
    store.transact(lambda unit: unit.attach(announcement))
    with pytest.raises(KeyConflictError, match="the first one stays"):
        store.transact(lambda unit: unit.attach(replace(announcement, payload="{}")))
    assert store.reader.explain(allocation.allocation_id).documents == (announcement,)


def test_messages_wait_until_they_are_acknowledged(store):
    store.transact(lambda unit: unit.send("tenerife", "m1", "first"))
    store.transact(lambda unit: unit.send("graz", "m1", "other"))
    store.transact(lambda unit: unit.send("tenerife", "m2", "second"))
    assert [m.payload for m in store.reader.outbox("tenerife")] == ["first", "second"]
    assert store.transact(lambda unit: unit.settle("tenerife", "m1"))
    assert not store.transact(lambda unit: unit.settle("tenerife", "m1"))
    assert [m.payload for m in store.reader.outbox()] == ["other", "second"]


def test_a_message_is_answered_once(store):
    assert store.transact(lambda unit: unit.answered("graz", "m9")) is None
    store.transact(lambda unit: unit.answer("graz", "m9", "ack"))
    store.transact(lambda unit: unit.answer("graz", "m9", "nak"))
    assert store.reader.answered("graz", "m9") == "ack"


def test_everything_is_there_after_opening_again(world):
    with world.open() as store:
        _, key = world.stock(store)
        reserved = store.reserve(world.request())
        levels = store.reader.levels()
    with world.open() as store:
        assert store.reader.levels() == levels
        assert store.reader.reserved() == (reserved,)
        assert store.consume(reserved.allocation_id) == key[:32]


def test_explaining_tells_where_key_came_from_and_went(world, store):
    segment, _ = world.stock(store)
    allocation, _ = world.take(store, reference="bank")
    told = store.reader.explain(allocation.allocation_id)
    assert told.segments[0].segment_id == segment.segment_id
    assert [(e.source.value, e.target.value) for e in told.entries] == [
        ("available", "reserved"),
        ("reserved", "delivered"),
    ]
    assert {entry.reason for entry in told.entries} == {"bank"}
    assert store.reader.history("bank") == (told.allocation,)
    with pytest.raises(KeyUnknownError):
        store.reader.explain(world.uuid())


def test_levels_tell_what_this_node_may_allocate(world, store):
    world.stock(store, expires_at=world.now + 100)
    world.stock(store, LINK, 1024)
    world.take(store)
    link, pair = store.reader.levels()
    assert (link.pool, link.own_available_bits) == (LINK, 1024)
    assert (pair.totals.available, pair.own_available_bits) == (3840, 1792)
    assert (pair.oldest_available, pair.next_expiry) == (world.now, world.now + 100)


def test_key_that_is_used_up_is_not_the_oldest_that_is_there(world, store):
    begun = world.now
    world.stock(store, LINK, 256, expires_at=begun + 50.0)
    world.now += 10.0
    world.stock(store, LINK, 256, expires_at=begun + 500.0)
    world.take(store, pool=LINK)
    (link,) = store.reader.levels()
    assert link.totals.delivered == 256
    assert link.oldest_available >= begun + 10.0
    assert link.next_expiry == begun + 500.0


def test_reserved_allocations_are_told_by_role(world, store):
    segment, _ = world.stock(store)
    ours = store.reserve(world.request())
    theirs = store.transact(
        lambda unit: unit.reserve_theirs(
            world.proposal(Extent(segment.segment_id, 1, 0, 256)),
        )
    )

    def names(role):
        found = store.transact(lambda unit: list(unit.view.reserved(role)))
        return {each.allocation_id for each in found}

    assert names(Role.OURS) == {ours.allocation_id}
    assert names(Role.THEIRS) == {theirs.allocation_id}
    assert names(None) == {ours.allocation_id, theirs.allocation_id}


def test_a_lane_that_somebody_wrote_into_gives_no_key(world, store):
    world.stock(store, LINK, 1024)
    store.close()
    world.sql("UPDATE lane SET high_water = 512", unguarded=True)
    with pytest.raises(StoreBrokenError, match="is not as it was written"), world.open() as again:
        world.take(again, pool=LINK)


def test_a_second_process_is_told_that_the_ledger_is_open(world, store):
    assert store.reader.node() == world.node
    with pytest.raises(BusyError, match=r"open already \(pid") as refusal:
        world.open()
    assert refusal.value.exit_code == 75


def test_readers_need_no_lock_and_no_key(world, store):
    world.stock(store)
    with open_reader(world.ledger) as reader:
        assert reader.totals() == Totals(available=4096)
        world.take(store)
        assert reader.totals() == Totals(available=3840, delivered=256)


def test_a_ledger_belongs_to_one_node(world):
    world.open().close()
    world.node = "tenerife"
    with pytest.raises(StoreError, match="of 'matera', not of 'tenerife'"):
        world.open()
    world.node = "matera"
    world.open().close()


def test_without_its_key_encryption_key_nothing_opens(world):
    world.open().close()
    for path in (world.folder / "kek").iterdir():
        path.unlink()
    with pytest.raises(SealError):
        world.open()


def test_files_are_for_their_owner_alone(world, store):
    world.stock(store)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in world.ledger.iterdir()}
    assert {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.witness"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_closed_store_says_so(world):
    store = world.open()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.expire_due()


def test_reading_a_folder_without_a_ledger_says_so(tmp_path):
    with pytest.raises(StoreError, match="there is no key ledger"):
        open_reader(tmp_path)
