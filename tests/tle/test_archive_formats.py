"""The archive keeps sets of every format, and what an older archive holds."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlite_utils import Database

from tle.archive import add_elements, elements_at, migrations, stored_elements
from tle.elements import ElementFormat
from tle.formats import read_elements, write_elements
from tle.lines import parse_record

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
SPOQC = (
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
TLE = parse_record(*SPOQC, name="SPOQC", source="tonight.tle")


def as_omm(form, elements=TLE):
    (found,), _ = read_elements(write_elements([elements], form, NOW), "gp")
    return found


@pytest.fixture
def db():
    database = Database(memory=True)
    database.execute("PRAGMA foreign_keys = ON")
    migrations.apply(database)
    return database


@pytest.mark.parametrize("form", list(ElementFormat))
def test_a_set_of_any_format_comes_back_as_it_went_in(db, form):
    elements = TLE if form is ElementFormat.TLE else as_omm(form)
    nine_digits = replace(as_omm(ElementFormat.OMM_JSON), norad_cat_id=799_500_123)
    long_number = as_omm(ElementFormat.OMM_JSON, nine_digits)
    assert add_elements(db, [elements, long_number], NOW) == 2
    assert add_elements(db, [elements, long_number], NOW) == 0
    assert stored_elements(db, 68423) == [elements]
    assert stored_elements(db, 799_500_123) == [long_number]
    assert stored_elements(db) == [elements, long_number]
    assert stored_elements(db, 0) == []


def test_one_record_published_in_four_formats_is_stored_once(db):
    omm = [as_omm(form) for form in ElementFormat if form is not ElementFormat.TLE]
    assert add_elements(db, [*omm, TLE], NOW) == 2
    assert len({e.digest for e in omm}) == 1


def test_of_one_epoch_the_set_with_more_digits_is_used():
    omm = as_omm(ElementFormat.OMM_KVN)
    assert elements_at([TLE, omm], NOW) is elements_at([omm, TLE], NOW) is omm


@pytest.fixture
def old_db(tmp_path):
    """A database as the first migration left it, with two sets of one object."""
    database = Database(tmp_path / "old.db")
    database.execute("PRAGMA foreign_keys = ON")
    migrations.apply(database, stop_before="keep_text_of_any_format")
    for day, retrieved in (("26164", "2026-06-14T00:00:00Z"), ("26163", "2026-06-13T00:00:00Z")):
        line1 = SPOQC[0].replace("26164", day)
        line1 = line1[:-1] + str((int(line1[-1]) - (day == "26163")) % 10)
        elements = parse_record(line1, SPOQC[1], name="SPOQC", source="old.tle")
        database.table("element_set").insert(
            {
                "digest": elements.digest,
                "norad_cat_id": 68423,
                "name": "SPOQC",
                "epoch": elements.epoch.isoformat().replace("+00:00", "Z"),
                "line1": line1,
                "line2": SPOQC[1],
                "source": "old.tle",
                "retrieved_at": retrieved,
            }
        )
    return database


def test_an_older_archive_keeps_every_row_and_its_digest(old_db):
    columns = "digest, norad_cat_id, name, epoch, source, retrieved_at"
    rows = sorted(old_db.execute(f"SELECT {columns} FROM element_set").fetchall())  # noqa: S608
    before = stored_elements(old_db)
    migrations.apply(old_db)
    assert sorted(old_db.execute(f"SELECT {columns} FROM element_set").fetchall()) == rows  # noqa: S608
    assert stored_elements(old_db) == before
    assert [e.epoch_day for e in before] == [163.82262896, 164.82262896]
    assert add_elements(old_db, [replace(before[0], source="again")], NOW) == 0
    assert add_elements(old_db, [as_omm(ElementFormat.OMM_CSV)], NOW) == 1
    assert {"line1", "line2"}.isdisjoint(old_db.table("element_set").columns_dict)
    assert ["norad_cat_id", "epoch"] in [i.columns for i in old_db.table("element_set").indexes]
    migrations.apply(old_db)
    assert len(stored_elements(old_db)) == 3


def test_an_older_archive_can_be_read_without_being_changed(old_db):
    assert [e.name for e in stored_elements(old_db)] == ["SPOQC", "SPOQC"]
    assert "line1" in old_db.table("element_set").columns_dict
