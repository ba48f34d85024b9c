"""Durability is set on every connection and read back; the tables defend themselves."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from groundstation.keys.ledger.records import Extent
from groundstation.keys.ledger.views import Span
from groundstation.keys.store.connection import connect_to_write, harden
from groundstation.keys.store.documents import Document
from groundstation.keys.store.errors import StoreError

SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "temp_store": 2,
    "cell_size_check": 1,
    "trusted_schema": 0,
    "wal_autocheckpoint": 0,
}


class Stubborn(sqlite3.Connection):
    """A connection on which one setting does not take."""

    deaf_to = ""

    def execute(self, sql, *values):
        if sql.startswith(f"PRAGMA {self.deaf_to} ="):
            sql = "SELECT 1"
        return super().execute(sql, *values)


def test_the_serving_connection_has_every_setting(store):
    found = {
        name: store.transact(
            lambda unit, name=name: unit._connection.execute(f"PRAGMA {name}").fetchone()[0]
        )
        for name in SETTINGS
    }
    assert found == SETTINGS


# WAL stays in the file, cells are checked by this build of SQLite or not: the others must be set.
@pytest.mark.parametrize("name", ["synchronous", "secure_delete", "temp_store", "trusted_schema"])
def test_a_setting_that_does_not_take_stops_the_store(tmp_path, name):
    kind: Any = type("Deaf", (Stubborn,), {"deaf_to": name})
    connection: sqlite3.Connection = sqlite3.connect(
        tmp_path / "x.db", factory=kind, isolation_level=None
    )
    for weaker in ("synchronous = NORMAL", "secure_delete = OFF"):
        sqlite3.Connection.execute(connection, f"PRAGMA {weaker}").fetchall()
    with pytest.raises(StoreError, match=f"SQLite's {name} is"):
        harden(connection)
    connection.close()


def test_a_memory_database_cannot_be_hardened():
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreError, match="journal_mode is 'memory'"):
        harden(connection)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET length = length + 8",
        "DELETE FROM entry",
        "UPDATE audit SET event = 'x'",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        "UPDATE extent SET stop = stop + 8",
        "DELETE FROM extent",
        "DELETE FROM allocation",
        "UPDATE allocation SET reference = 'other'",
        "UPDATE allocation SET state = 'reserved'",
        "UPDATE allocation SET state = 'burned' WHERE state = 'consumed'",
        "DELETE FROM segment",
        "UPDATE segment SET trust = '{}'",
        "UPDATE segment SET expires_us = 1",
        "UPDATE segment SET stage = 'waiting'",
        "UPDATE document SET payload = '1'",
        "DELETE FROM document",
        "UPDATE reason SET text = text || '!'",
        "DELETE FROM lane",
        "DELETE FROM pool",
        "UPDATE pool SET a = 'graz'",
    ],
)
def test_what_only_grows_cannot_be_changed(world, statement):
    with world.open() as store:
        world.stock(store)
        allocation = store.reserve(world.request())
        store.transact(lambda unit: unit.attach(_document()))
        store.consume(allocation.allocation_id)
        world.take(store)
    with pytest.raises(sqlite3.IntegrityError, match=r"never|bound for ever|is what it is"):
        world.sql(statement)
    assert world.verify().is_sound


def _document():
    return Document("order", "1", "{}")


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 256), (248, 264), (256, 512), (300, 308), (504, 600), (0, 2048)]
)
def test_overlapping_extents_are_refused_by_the_database_itself(world, start, stop):
    with world.open() as store:
        world.stock(store)
        world.take(store)
        world.take(store)
    with pytest.raises(sqlite3.IntegrityError, match="these bits were allocated before"):
        world.sql("INSERT INTO extent VALUES (1, ?, ?, 2, 1)", (start, stop))


def test_neighbouring_extents_are_no_overlap(world):
    with world.open() as store:
        world.stock(store)
        world.take(store)
    world.sql("INSERT INTO extent VALUES (1, 512, 768, 1, 1)")
    world.sql("INSERT INTO extent VALUES (1, 256, 512, 1, 2)")
    world.sql("INSERT INTO extent VALUES (2, 0, 512, 1, 2)")


def test_a_rule_that_gave_bits_twice_would_be_stopped_and_told(world, store):
    segment, _ = world.stock(store)
    world.take(store)

    def twice(unit):
        lane = unit.view.lane(segment.segment_id, 0)
        totals = replace(lane.totals, available=2048, delivered=0)
        unit.view.hold_lane(1, replace(lane, free=(Span(0, 2048),), totals=totals))
        return unit.reserve(world.request())

    with pytest.raises(StoreError, match="these bits were allocated before"):
        store.transact(twice)
    # The lie in memory went with the rollback.
    assert store.reserve(world.request()).extents == (Extent(segment.segment_id, 0, 256, 256),)


def test_a_connection_is_in_autocommit_mode(tmp_path):
    connection = connect_to_write(tmp_path / "x.db")
    assert connection.isolation_level is None
    connection.close()
