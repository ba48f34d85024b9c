"""How a ledger comes into being, is brought up to date, and is shared with its readers."""

import sqlite3
import stat
from contextlib import closing

import pytest

from groundstation.keys.sealing.credential_kek import CredentialKekProvider
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.passphrase_kek import PassphraseKekProvider
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.schema import migrations
from groundstation.keys.store.witness import Sight, Witness


@pytest.fixture
def later_release():
    """A release with one more migration."""

    @migrations(name="add_colour")
    def add_colour(db):
        db.execute("CREATE TABLE colour (name TEXT)")

    yield
    migrations._migrations.pop()


def test_a_migration_writes_a_backup_first(world, request):
    with world.open() as store:
        _, key = world.stock(store)
        world.take(store)
    request.getfixturevalue("later_release")
    with world.open() as store:
        assert world.take(store)[1] == key[32:64]
    backup = world.ledger / "before-add_colour.db"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT sum(delivered) FROM lane").fetchone() == (256,)
        assert "colour" not in str(connection.execute("SELECT sql FROM sqlite_master").fetchall())
    assert world.verify().is_sound


def test_opening_again_migrates_nothing_and_writes_no_backup(world):
    world.open().close()
    world.open().close()
    assert not list(world.ledger.glob("before-*"))


def test_a_new_ledger_is_no_reason_for_a_backup(world, request):
    request.getfixturevalue("later_release")
    world.open().close()
    assert not list(world.ledger.glob("before-*"))


def test_what_is_no_database_is_refused_and_kept(world):
    world.ledger.mkdir(parents=True)
    world.database.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="cannot bring the key ledger up to date"):
        world.open()
    assert world.database.read_bytes() == b"something else" * 100


def test_a_failed_opening_lets_go_of_the_lock(world):
    world.open().close()
    node, world.node = world.node, "graz"
    with pytest.raises(StoreError):
        world.open()
    world.node = node
    world.open().close()


@pytest.mark.parametrize("kind", ["credential", "passphrase"])
def test_every_provider_carries_a_ledger_through_a_rotation(make_world, tmp_path, kind):
    credential = tmp_path / "credential"
    credential.write_bytes(bytes(range(32)))
    credential.chmod(0o600)
    provider = {
        "credential": CredentialKekProvider(credential, tmp_path / "salts"),
        "passphrase": PassphraseKekProvider("correct horse battery", tmp_path / "salts", log2_n=10),
    }[kind]
    world = make_world("node", provider=provider)
    with world.open() as store:
        _, key = world.stock(store)
        world.take(store)
        store.rotate()
    assert len(list((tmp_path / "salts").iterdir())) == 1
    with world.open() as store:
        assert world.take(store)[1] == key[32:64]
    assert world.verify().is_sound


def test_a_wrong_passphrase_opens_nothing_and_breaks_nothing(make_world, tmp_path):
    right = PassphraseKekProvider("correct horse battery", tmp_path / "salts", log2_n=10)
    world = make_world("node", provider=right)
    world.open().close()
    world.provider = PassphraseKekProvider("incorrect horse", tmp_path / "salts", log2_n=10)
    with pytest.raises(SealError, match="it does not fit"):
        world.open()
    world.provider = right
    world.open().close()


def test_a_ledger_that_was_not_closed_is_checked_before_it_serves(world):
    store = world.open()
    world.stock(store, n_bits=65536)
    store._core.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    # The process dies here as far as the files can tell.
    files = {path: path.read_bytes() for path in world.ledger.iterdir() if path.is_file()}
    store.close()
    for path in world.ledger.iterdir():
        path.unlink()
    for path, content in files.items():
        if path.suffix in {".db", ".witness"}:
            path.write_bytes(content)
    damaged = bytearray(world.database.read_bytes())
    # The head of the third page: another kind of page than it is.
    damaged[2 * 4096] ^= 0xFF
    world.database.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"damaged|malformed|cannot"):
        world.open()


def test_the_witness_believes_no_line_that_is_not_whole(tmp_path):
    witness = Witness(tmp_path / "ledger.witness")
    assert witness.read("ab") is None
    witness.write("ab", Sight(17, is_closed=True))
    assert witness.read("ab") == Sight(17, is_closed=True)
    assert witness.read("cd") is None
    witness.write("ab", Sight(18, is_closed=False))
    assert witness.read("ab") == Sight(18, is_closed=False)
    content = (tmp_path / "ledger.witness").read_bytes()
    for at in range(len(content) - 1):
        changed = bytearray(content)
        changed[at] ^= 1
        (tmp_path / "ledger.witness").write_bytes(changed)
        assert witness.read("ab") is None, at
    witness.close()
