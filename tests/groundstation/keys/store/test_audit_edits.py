# ruff: noqa: S608, T201  tables by name; the counts of what was tried are printed
"""Whatever is edited, deleted, cut off or put in another order is noticed (invariant I10)."""

import json
import sqlite3
from contextlib import closing

import pytest

from groundstation.keys.errors import KeyShortageError
from groundstation.keys.ledger.records import Extent
from groundstation.keys.store.anchor import anchor_line, read_anchor
from groundstation.keys.store.documents import Document
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.verify import _verify


@pytest.fixture
def eventful(world):
    """A closed ledger in which a bit of everything has happened; the world and its anchor."""
    with world.open() as store:
        segment, _ = world.stock(store, n_bits=32768)
        for _ in range(3):
            world.take(store)
        store.burn(store.reserve(world.request()).allocation_id, "caller gone")
        store.reserve_theirs(world.proposal(Extent(segment.segment_id, 1, 0, 512)))
        store.transact(lambda unit: unit.attach(Document("order", "1", "{}")))
        store.rotate()
        store.reserve(world.request())
        anchor = store.anchor()
    return world, anchor


def edited(world, edit, anchor=None):
    """What a verification finds after an edit, which is taken back."""
    with closing(sqlite3.connect(world.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("BEGIN")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        edit(connection)
        return _verify(connection, world.provider, anchor)


def run(sql, *values):
    return lambda connection: connection.execute(sql, values)


def test_an_honest_ledger_is_sound(eventful):
    world, anchor = eventful
    report = world.verify(anchor=anchor)
    assert report.faults == ()
    assert (report.segments, report.allocations) == (1, 6)


def test_every_edit_and_every_deletion_of_an_audit_row_is_found(eventful):
    world, _ = eventful
    last = world.sql("SELECT max(seq) FROM audit")[0][0]
    changes = {
        "wall_us": "wall_us + 1",
        "mono_us": "mono_us + 1",
        "event": "event || 'x'",
        "payload": "replace(payload, ':', ': ')",
        "mac": "zeroblob(32)",
    }
    tried = 0
    for seq in range(1, last + 1):
        for column, value in changes.items():
            sql = f"UPDATE audit SET {column} = {value} WHERE seq = ?"
            # Replacing text that is not there changes nothing; every payload has a colon.
            assert not edited(world, run(sql, seq)).is_sound, (seq, column)
            tried += 1
        if seq < last:
            assert not edited(world, run("DELETE FROM audit WHERE seq = ?", seq)).is_sound, seq
            tried += 1
    print(f"{tried} edits of {last} audit rows, all found")
    assert tried == 6 * last - 1


def test_rows_in_another_order_are_found(eventful):
    world, _ = eventful
    last = world.sql("SELECT max(seq) FROM audit")[0][0]

    def swap(seq):
        def edit(connection):
            connection.execute("UPDATE audit SET seq = -1 WHERE seq = ?", (seq,))
            connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (seq, seq + 1))
            connection.execute("UPDATE audit SET seq = ? WHERE seq = -1", (seq + 1,))

        return edit

    for seq in range(1, last):
        assert not edited(world, swap(seq)).is_sound, seq


def test_a_log_cut_at_any_length_is_found_with_the_anchor(eventful):
    world, anchor = eventful
    for length in range(anchor.seq):
        report = edited(world, run("DELETE FROM audit WHERE seq > ?", length), anchor)
        assert any("anchor saw" in fault for fault in report.faults), length


def test_a_ledger_that_went_on_still_fits_its_anchor(eventful):
    world, anchor = eventful
    with world.open() as store:
        world.take(store)
    assert world.verify(anchor=anchor).is_sound


def test_the_anchor_of_another_history_does_not_fit(eventful, make_world):
    _, anchor = eventful
    other = make_world("other")
    other.open().close()
    report = other.verify(anchor=anchor)
    assert report.faults == ("the anchor is of another ledger",)


def test_an_anchor_is_one_line_that_reads_back(eventful):
    _, anchor = eventful
    line = anchor_line(anchor)
    assert "\n" not in line
    assert read_anchor(line) == anchor
    # Our lane has 1280 bits allocated, theirs 512; nothing was lost beyond.
    assert [mark[2] for mark in json.loads(line)["marks"]] == [1280, 512]


@pytest.mark.parametrize("line", ["", "{}", "null", '{"anchor": 2}', "[1]", '{"anchor": 1}'])
def test_what_is_no_anchor_is_refused(line):
    with pytest.raises(StoreError, match="cannot read an anchor"):
        read_anchor(line)


TABLES = {
    "entry": ("lane_no", "start", "length", "source", "target", "allocation_no", "at_us"),
    "allocation": ("purpose", "role", "reference", "n_bits", "created_us", "state"),
    "segment": ("origin_reference", "trust", "n_bits", "digest", "imported_us", "stage"),
    "document": ("kind", "reference", "payload", "at_us"),
    "reason": ("text",),
    "extent": ("lane_no", "start", "stop", "allocation_no"),
    "lane": ("high_water", "free", "available", "reserved", "delivered", "quarantined"),
}
OTHER = {
    "purpose": "CASE purpose WHEN 'relay' THEN 'delivery' ELSE 'relay' END",
    "role": "CASE role WHEN 'ours' THEN 'theirs' ELSE 'ours' END",
    "state": "CASE state WHEN 'burned' THEN 'consumed' ELSE 'burned' END",
    "stage": "'waiting'",
    "free": "replace(free, '-', '0-')",
}


@pytest.mark.parametrize("table", TABLES)
def test_every_edit_of_the_books_is_found(eventful, table):
    world, _ = eventful
    numbers = (
        [row[0] for row in world.sql(f"SELECT rowid FROM {table}")]
        if table != "extent"
        else [row[0] for row in world.sql("SELECT start FROM extent WHERE lane_no = 1")]
    )
    key = "lane_no = 1 AND start" if table == "extent" else "rowid"
    for number in numbers:
        for column in TABLES[table]:
            texts = ("reference", "origin_reference", "trust", "digest", "kind", "payload", "text")
            other = OTHER.get(column, f"{column} || 'x'" if column in texts else f"{column} + 8")
            if (table, number) == ("reason", 0):
                continue
            report = edited(
                world, run(f"UPDATE {table} SET {column} = {other} WHERE {key} = ?", number)
            )
            assert not report.is_sound, (table, number, column)


@pytest.mark.parametrize("table", ["entry", "allocation", "segment", "document", "reason"])
def test_every_deletion_from_the_books_is_found(eventful, table):
    world, _ = eventful
    for (number,) in world.sql(f"SELECT {table}_no FROM {table} WHERE {table}_no > 0"):
        assert not edited(world, run(f"DELETE FROM {table} WHERE {table}_no = ?", number)).is_sound


def test_a_row_that_was_slipped_in_is_found(eventful):
    world, _ = eventful
    slipped = [
        "INSERT INTO entry SELECT max(entry_no) + 1, 1, 4096, 8, 1, 7, 0, 0, max(at_us) FROM entry",
        "INSERT INTO document VALUES (99, 'order', '2', '{}', 0)",
        "INSERT INTO chunk VALUES (1 << 40, zeroblob(100))",
    ]
    for sql in slipped:
        assert not edited(world, run(sql)).is_sound, sql


def test_the_chain_survives_rotation(eventful):
    world, anchor = eventful
    with world.open() as store:
        for _ in range(3):
            store.rotate()
            world.take(store)
    assert world.verify(anchor=anchor).is_sound


def test_no_row_is_written_for_what_did_not_happen(world, store):
    before = store.reader.end_of_audit()
    with pytest.raises(KeyShortageError):
        store.reserve(world.request())
    assert store.reader.end_of_audit() == before
