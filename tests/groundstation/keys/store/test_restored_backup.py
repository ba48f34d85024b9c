"""An old copy of the ledger, however it came back, hands nothing out again (invariant I11)."""

import shutil

import pytest

from groundstation.errors import BusyError
from groundstation.keys.errors import KeyShortageError, KeyStaleError
from groundstation.keys.ledger.records import Extent, Pool
from groundstation.keys.store.backup import restore
from groundstation.keys.store.errors import StoreError

LINK = Pool("matera", "micius")


def put_back_over(world, backup):
    restore(backup, world.ledger, world.provider, clock=lambda: world.now, monotonic=lambda: 0.0)


def put_back(world, backup):
    for path in world.ledger.glob("ledger.db*"):
        path.unlink()
    put_back_over(world, backup)


@pytest.fixture
def history(world):
    """The world, a backup from the middle, what left after it, the anchor, a new segment."""
    backup = world.folder / "backup.db"
    with world.open() as store:
        segment, _ = world.stock(store, n_bits=32768)
        world.stock(store, LINK, 8192)
        world.take(store)
        reserved = store.reserve(world.request())
        store.backup(backup)
        late = [world.take(store)[1], store.consume(reserved.allocation_id)]
        late.append(world.take(store, 1024, pool=LINK)[1])
        theirs = world.proposal(Extent(segment.segment_id, 1, 0, 2048))
        store.reserve_theirs(theirs)
        late.append(store.consume(theirs.allocation_id))
        new, new_key = world.stock(store, LINK, 4096)
        late.append(world.take(store, 7168 + 1024, pool=LINK)[1])
        anchor = store.anchor()
    return world, backup, late, anchor, (new, new_key)


def drain(world, store):
    """All key that can still be had, in pieces of 512 bits."""
    taken = []
    for pool in (Pool("matera", "tenerife"), LINK):
        while True:
            try:
                taken.append(world.take(store, 512, pool=pool)[1])
            except KeyShortageError:
                break
    return taken


def test_a_restored_backup_refuses_to_serve(history):
    world, backup, *_ = history
    put_back(world, backup)
    with world.open() as store:
        assert store.reader.is_behind()
        with pytest.raises(KeyStaleError, match="restored backup"):
            store.reserve(world.request())
        with pytest.raises(KeyStaleError):
            store.consume(store.reader.reserved()[0].allocation_id)
    with world.open() as store, pytest.raises(KeyStaleError):
        store.reserve(world.request())


def test_after_the_anchor_nothing_that_left_leaves_again(history):
    world, backup, late, anchor, _ = history
    put_back(world, backup)
    with world.open() as store:
        store.fast_forward(anchor.marks)
        assert not store.reader.is_behind()
        again = b"".join(drain(world, store))
        assert len(again) > 0
        for left in late:
            assert not [i for i in range(0, len(left), 8) if left[i : i + 8] in again]
    assert world.verify().is_sound


def test_without_a_mark_a_lane_burns_as_a_whole(history):
    world, backup, *_ = history
    put_back(world, backup)
    with world.open() as store:
        store.fast_forward(())
        assert drain(world, store) == []
        assert store.reader.totals().available == 0


def test_a_segment_that_came_after_the_backup_is_not_new_when_it_comes_again(history):
    world, backup, late, anchor, (new, new_key) = history
    put_back(world, backup)
    with world.open() as store:
        store.fast_forward(anchor.marks)
        store.import_segment(new, new_key, ("matera",))
        store.agree(new.segment_id, new.digest, "micius")
        again = b"".join(drain(world, store))
        # 128 bytes of the new segment had left.
        assert new_key[:128] in late[-1]
        assert not [i for i in range(0, 128, 8) if new_key[i : i + 8] in again]
        assert new_key[128:136] in again


def test_a_copy_put_back_by_hand_is_noticed(history):
    world, backup, late, anchor, _ = history
    for path in world.ledger.glob("ledger.db*"):
        path.unlink()
    shutil.copyfile(backup, world.database)
    with world.open() as store:
        assert store.reader.is_behind()
        with pytest.raises(KeyStaleError):
            store.reserve(world.request())
        assert "older than it was" in store.reader.audit_rows(event="alarm")[0].payload
        store.fast_forward(anchor.marks)
        again = b"".join(drain(world, store))
        assert not [left for left in late if left[:8] in again]
    with world.open() as store:
        assert not store.reader.is_behind()


def test_purged_and_disputed_key_stays_dead_in_a_restored_backup(world):
    with world.open() as store:
        purged, _ = world.stock(store, LINK)
        disputed, _ = world.stock(store, LINK, 8192)
        store.backup(world.folder / "backup.db")
        store.purge(purged.segment_id, ["Ada", "Grace"], "stolen disk")
        store.agree(disputed.segment_id, "00" * 32, "micius")
        anchor = store.anchor()
    put_back(world, world.folder / "backup.db")
    with world.open() as store:
        store.fast_forward(anchor.marks)
        assert drain(world, store) == []


def test_a_restored_backup_continues_its_own_audit_log(history):
    world, backup, *_ = history
    put_back(world, backup)
    report = world.verify()
    assert report.is_sound
    with world.open() as store:
        assert store.reader.end_of_audit().event == "restore"


def test_the_log_of_a_restored_backup_does_not_fit_the_anchor(history):
    world, backup, _, anchor, *_ = history
    put_back(world, backup)
    assert not world.verify(anchor=anchor).is_sound


def test_restoring_never_overwrites_and_never_disturbs(world, tmp_path):
    with world.open() as store:
        store.backup(tmp_path / "backup.db")
        with pytest.raises(BusyError):
            put_back_over(world, tmp_path / "backup.db")
        with pytest.raises(StoreError, match="over an existing file"):
            store.backup(tmp_path / "backup.db")
    with pytest.raises(StoreError, match="cannot restore over a key ledger"):
        put_back_over(world, tmp_path / "backup.db")


def test_a_backup_holds_no_key_and_no_key_encryption_key(world, tmp_path):
    with world.open() as store:
        _, key = world.stock(store, n_bits=16384)
        world.take(store)
        store.backup(tmp_path / "backup.db")
    content = (tmp_path / "backup.db").read_bytes()
    (kek,) = [path.read_bytes() for path in (world.folder / "kek").iterdir()]
    assert kek not in content
    assert not [i for i in range(len(key) - 8) if key[i : i + 8] in content]
    assert (tmp_path / "backup.db").stat().st_mode & 0o777 == 0o600


def test_a_crash_in_the_middle_of_restoring_leaves_no_ledger_that_serves(history, monkeypatch):
    world, backup, *_ = history
    for path in world.ledger.glob("ledger.db*"):
        path.unlink()

    def power_cut(*_):
        raise OSError(5, "power cut")

    monkeypatch.setattr("groundstation.keys.store.backup._mark_as_behind", power_cut)
    with pytest.raises(StoreError, match="power cut"):
        put_back_over(world, backup)
    assert not world.database.exists()
