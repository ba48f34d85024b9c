# ruff: noqa: T201  the counts of what was tried are printed
"""After a rotation, consumed key cannot be had from anything that was ever on the disk.

The attacker here is stronger than a thief: he has kept every version of every file and of every
row, and gets the key-encryption key that is current afterwards.
"""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from groundstation.keys.ledger.records import Extent, Pool
from groundstation.keys.sealing.chunks import ChunkPlace, _associated, provenance_of
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.ratchet import step
from groundstation.keys.store.backup import restore

CHUNKS = 8
LINK = Pool("matera", "micius")


class Attacker:
    """Keeps everything and tries everything."""

    def __init__(self, world):
        self.world = world
        self.wrapped, self.chunks, self.files = set(), set(), []

    def look(self):
        """Copy every row that holds something sealed, and every file byte for byte."""
        with closing(sqlite3.connect(self.world.database)) as connection:
            self.wrapped |= {row[0] for row in connection.execute("SELECT wrapped FROM ratchet")}
            self.wrapped |= {row[0] for row in connection.execute("SELECT wrapped FROM secret")}
            self.chunks |= set(connection.execute("SELECT chunk_no, sealed FROM chunk"))
        self.files.append(self.world.files())

    def steal(self, kek, held_aad):
        """Every plaintext that the key-encryption key leads to."""
        plain = set()
        for wrapped in self.wrapped:
            try:
                chain_key = aes_key_unwrap(kek, wrapped)
            except InvalidUnwrap:
                continue
            for _ in range(CHUNKS):
                sealing_key, chain_key = step(chain_key)
                for number, sealed in self.chunks:
                    for associated in held_aad(number, len(sealed) - 28):
                        try:
                            plain.add(
                                AESGCM(sealing_key).decrypt(sealed[:12], sealed[12:], associated)
                            )
                        except InvalidTag:
                            continue
        return plain


def associated_of(store, segment):
    """What each chunk is bound to; nothing of it is secret."""
    stored = store.reader.segment(segment.segment_id).segment

    def associated(number, length):
        lane = (number >> 20) - 1
        place = ChunkPlace(stored, provenance_of(stored), lane, number & 0xFFFFF)
        return [_associated(place, length)]

    return associated


def kek_of(world):
    (path,) = (world.folder / "kek").iterdir()
    return path.read_bytes()


def found_bits(plains, key, piece=16):
    """Which pieces of 16 bytes of the key stand in what was stolen."""
    text = b"|".join(plains)
    return {i for i in range(0, len(key), piece) if key[i : i + piece] in text}


def test_what_was_consumed_is_gone_and_what_is_left_is_not(world):
    attacker = Attacker(world)
    with world.open() as store:
        segment, key = world.stock(store, n_bits=CHUNKS * 8192)
        associated = associated_of(store, segment)
        attacker.look()
        # Our lane: chunk 0 whole, 256 bytes of chunk 1. Their lane: the middle of its chunk 2,
        # and after that its chunk 1, so that a chunk in between is gone before its neighbours.
        world.take(store, 8192)
        world.take(store, 2048)
        for start, length in ((2 * 8192 + 512, 1024), (8192, 8192)):
            proposal = world.proposal(Extent(segment.segment_id, 1, start, length))
            store.reserve_theirs(proposal)
            store.consume(proposal.allocation_id)
            attacker.look()
        burned = store.reserve(world.request(128))
        store.burn(burned.allocation_id, "caller gone")
        attacker.look()
        half = CHUNKS * 512
        spent = {*range(1024 + 256 + 16), *range(half + 2112, half + 2240)}
        spent |= set(range(half + 1024, half + 2048))
        spent_pieces = {i for i in range(0, len(key), 16) if i in spent}
        old = kek_of(world)
        # The attack works: with the old key-encryption key everything that was there is found.
        assert found_bits(attacker.steal(old, associated), key) == set(range(0, len(key), 16))

        rotation = store.rotate()
        attacker.look()
        new = kek_of(world)
        stolen = attacker.steal(new, associated)
        live_pieces = set(range(0, len(key), 16)) - spent_pieces
        assert new != old
        # Chunk 1 of our lane, chunks 0 and 2 of theirs: what is before a gap is sealed anew too.
        assert rotation.chunks == 3
        assert found_bits(stolen, key) == live_pieces
        # To the byte: 272 consumed ones are zeros, what comes behind them is as it was.
        assert bytes(272) + key[1296:2048] in stolen
        # Not even eight consumed bytes in a row, wherever they begin.
        text = b"|".join(stolen)
        assert not [i for i in spent if {*range(i, i + 8)} <= spent and key[i : i + 8] in text]

        # The rest still comes out right, at both ends.
        assert world.take(store, 8192)[1] == key[1296:2320]
        rest = world.proposal(Extent(segment.segment_id, 1, 0, 8192))
        store.reserve_theirs(rest)
        assert store.consume(rest.allocation_id) == key[half : half + 1024]
        attacker.look()
        store.rotate()
        attacker.look()
        gone = spent_pieces | set(range(1296, 2320, 16)) | set(range(half, half + 1024, 16))
        found = found_bits(attacker.steal(kek_of(world), associated), key)
        assert found == set(range(0, len(key), 16)) - gone
    assert world.verify().is_sound


def test_no_key_encryption_key_stays_behind(world):
    with world.open() as store:
        world.stock(store)
        olds = []
        for _ in range(3):
            olds.append(kek_of(world))
            world.take(store)
            store.rotate()
        assert kek_of(world) not in olds
    content = b"".join(world.files().values())
    assert not [old for old in olds if old in content]


def test_key_in_the_clear_is_in_no_file_at_any_time(world):
    attacker = Attacker(world)
    with world.open() as store:
        _, key = world.stock(store, n_bits=32768)
        for _ in range(5):
            world.take(store, 3200)
            attacker.look()
        store.backup(world.ledger / "backup.db")
        store.rotate()
        attacker.look()
    attacker.look()
    content = b"|".join(dict.fromkeys(text for files in attacker.files for text in files.values()))
    assert windows_in_common(content, key) == 0
    # The search finds what is there, wherever it begins.
    assert windows_in_common(content + b"x" + key[5:13], key) == 1
    print(f"{len(content)} bytes of files searched for {len(key) - 7} pieces of key")


def windows_in_common(content, key):
    """How many pieces of 8 bytes of the content are pieces of the key."""
    pieces = [
        np.frombuffer(text[offset : offset + (len(text) - offset) // 8 * 8], dtype="<u8")
        for text in (key, content)
        for offset in range(8)
    ]
    return int(np.isin(np.concatenate(pieces[8:]), np.concatenate(pieces[:8])).sum())


def test_reserved_key_lives_through_rotations(world):
    with world.open() as store:
        _, key = world.stock(store, n_bits=32768)
        first = store.reserve(world.request(256))
        for _ in range(4):
            world.take(store, 4000)
            store.rotate()
        assert store.consume(first.allocation_id) == key[:32]
        # Everything before the cursor is final now: the first of our two chunks is gone.
        assert world.sql("SELECT min(chunk_no) FROM chunk") == [((1 << 20) + 1,)]
    assert world.verify().is_sound


def test_an_old_backup_is_dead_after_a_rotation(world):
    with world.open() as store:
        world.stock(store)
        store.backup(world.folder / "old.db")
        store.rotate()
    target = world.folder / "elsewhere"
    with pytest.raises(SealError):
        restore(
            world.folder / "old.db",
            target,
            world.provider,
            clock=lambda: world.now,
            monotonic=lambda: 0.0,
        )
    assert not (target / "ledger.db").exists()


def test_a_rotation_that_meets_damaged_key_goes_on_without_it(world):
    with world.open() as store:
        segment, _ = world.stock(store, n_bits=32768)
        _, key = world.stock(store, LINK, 8192)
        world.take(store)
        reserved = store.reserve(world.request())
    world.sql("UPDATE chunk SET sealed = zeroblob(1052) WHERE chunk_no = 1 << 20")
    with world.open() as store:
        done = store.rotate()
        assert (done.lanes, done.damaged) == (3, 1)
        assert store.reader.allocation(reserved.allocation_id).state == "burned"
        assert store.reader.segment(segment.segment_id).lanes[0].totals.available == 0
        assert world.take(store, 8192, pool=LINK)[1] == key
        assert store.reader.audit_rows(event="alarm")


@pytest.mark.parametrize("step_name", ["create", "destroy"])
def test_a_rotation_cut_short_at_the_provider_is_finished_on_opening(world, step_name):
    with world.open() as store:
        _, key = world.stock(store)
        world.take(store)
        store._provider = Failing(world.provider, step_name)
        with pytest.raises(SealError, match="no power"):
            store.rotate()
        assert world.take(store)[1] == key[32:64]
    with world.open() as store:
        assert len(list((world.folder / "kek").iterdir())) == 1
        assert world.sql("SELECT count(*) FROM kek") == [(1,)]
        assert world.take(store)[1] == key[64:96]
    assert world.verify().is_sound


class Failing:
    """A provider that fails after one of its steps was done."""

    def __init__(self, provider, name):
        self.provider, self.name = provider, name

    def __getattr__(self, name):
        def call(kek_id):
            result = getattr(self.provider, name)(kek_id)
            if name == self.name:
                raise SealError("no power")
            return result

        return call
