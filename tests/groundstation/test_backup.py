"""A state of a former version is copied before it is changed."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from groundstation.database import BACKUPS_KEPT, backups, migrations, open_database
from groundstation.errors import StateError
from groundstation.night import steps

NOW = datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)


@pytest.fixture
def old(tmp_path):
    """A database of the version that kept one row per night in the table `step`."""
    path = tmp_path / "state" / "groundstation.db"
    db = open_database(path)
    db.execute(
        "INSERT INTO step VALUES ('2026-06-14', 'night', 'in', 'done', 'out', '2026-06-14T10:00Z', "
        "'2026-06-14T10:01Z')"
    )
    db.conn.commit()
    db.close()
    return path


def opened(path, *further, now=NOW):
    db = open_database(path, further, lambda: now)
    db.close()
    return sorted(backups(path))


def rows(path, statement):
    db = sqlite3.connect(path)
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def test_a_new_state_and_one_that_is_up_to_date_are_not_copied(tmp_path):
    path = tmp_path / "groundstation.db"
    assert opened(path, steps.migrations) == []
    assert opened(path, steps.migrations) == []


def test_an_old_state_is_copied_as_it_was(old):
    (copy,) = opened(old, steps.migrations)
    assert copy.name == "groundstation-20261123T120007000000Z.db"
    assert rows(copy, "SELECT night, input_hash FROM step") == [("2026-06-14", "in")]
    assert rows(copy, "SELECT count(*) FROM sqlite_master WHERE name = 'night_step'") == [(0,)]
    assert rows(old, "SELECT night, input_hash FROM night_step") == [("2026-06-14", "in")]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    assert not list(old.parent.glob("*.tmp")) + list(old.parent.glob(".*.tmp"))


def test_the_newest_copies_are_kept(old):
    made = []
    for number in range(BACKUPS_KEPT + 2):
        more = Migrations(f"more {number}")
        more()(lambda db, number=number: db.execute(f"CREATE TABLE more_{number} (a)"))
        made += opened(old, more, now=NOW + timedelta(hours=number))[-1:]
    assert sorted(backups(old)) == made[-BACKUPS_KEPT:]
    # What people name themselves is left alone.
    mine = old.with_name("groundstation-before-the-move.db")
    mine.touch()
    assert mine not in set(backups(old))


def test_without_a_copy_nothing_is_changed(old, unprivileged):
    for path in (old, *old.parent.glob("*-wal"), *old.parent.glob("*-shm")):
        path.chmod(0o666)
    old.parent.chmod(0o555)
    try:
        with unprivileged(), pytest.raises(StateError, match="cannot open the state database"):
            open_database(old, (steps.migrations,))
    finally:
        old.parent.chmod(0o755)
    assert rows(old, "SELECT count(*) FROM step") == [(1,)]
    assert list(backups(old)) == []


def test_what_a_killed_copy_has_left_is_cleared(old):
    left = old.with_name(".groundstation-20260101T000000000000Z.db.99.tmp")
    left.write_bytes(b"half")
    opened(old, steps.migrations)
    assert not left.exists()


def test_a_failed_migration_leaves_state_and_copy(old):
    broken = Migrations("broken")
    broken()(lambda db: db.execute("CREATE TABLE half (a); SELECT nonsense"))
    with pytest.raises(StateError, match="cannot open the state database"):
        open_database(old, (broken,), lambda: NOW)
    assert len(list(backups(old))) == 1
    assert "half" not in Database(old).table_names()
    assert {name.name for name in migrations.applied(Database(old))} >= {"create_step"}
