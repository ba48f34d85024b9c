"""What `[export]` names is published with the night, and its calendar goes on from plan to plan."""

import json
import shutil
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from icalendar import Calendar

from groundstation.cli.main import groundstation
from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.errors import ConfigError
from groundstation.night.further_exports import MISSING
from groundstation.night.nightly import FILES, run_nightly

NIGHT = "2016-12-19"
NOW = datetime(2016, 12, 19, 8, tzinfo=UTC)
LATER = datetime(2016, 12, 19, 9, tzinfo=UTC)
WANTED = """
[export]
formats = ["ics", "pointing", "cpf", "tle", "requests"]
pattern = "files/{station}/{name}"
pointing_rate_hz = 2.0
"""


def nightly(folder, now):
    return run_nightly(load_network(folder), NIGHT, now=now)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    copy_example("micius-2016", folder)
    with (folder / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write(WANTED)
    nightly(folder, NOW)
    return folder


@pytest.fixture
def night(published, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(published, folder, symlinks=True)
    return folder


def events(folder):
    text = (folder / "nights" / "latest" / "files" / "all" / "contacts.ics").read_bytes()
    return {str(e["UID"]): e for e in Calendar.from_ical(text).walk("VEVENT")}


def change(folder, old, new):
    path = folder / "groundstation.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def close_nanshan(folder, start, stop):
    closed = f'maintenance = [{{ start = {start}, stop = {stop}, reason = "test" }}]'
    change(folder, 'name = "nanshan"\n', f'name = "nanshan"\n{closed}\n')


def test_the_formats_lie_in_the_folder_of_the_night_under_their_pattern(published):
    folder = published / "nights" / NIGHT
    here = {
        str(p.relative_to(folder.resolve())) for p in folder.resolve().rglob("*") if p.is_file()
    }
    assert set(FILES) <= here
    further = here - set(FILES)
    assert all(path.startswith("files/") for path in further)
    assert {"files/all/contacts.ics", "files/all/elements.tle"} <= further
    tables = [path for path in further if path.endswith(".pointing.csv")]
    assert len(tables) == len(events(published))
    rows = (folder / min(tables)).read_text().splitlines()
    first, second = (datetime.fromisoformat(row.partition(",")[0]) for row in rows[1:3])
    assert (second - first).total_seconds() == pytest.approx(0.5, abs=1.1e-3)
    assert MISSING not in here


def test_the_same_night_again_is_unchanged(night):
    assert nightly(night, LATER).is_unchanged


def test_a_contact_that_the_next_plan_drops_is_cancelled_under_its_uid(night):
    first = events(night)
    uid = next(u for u in first if "nanshan" in u)
    close_nanshan(night, "2016-12-19T12:00:00Z", "2016-12-20T12:00:00Z")
    nightly(night, LATER)
    second = events(night)
    assert (int(second[uid]["SEQUENCE"]), str(second[uid]["STATUS"])) == (1, "CANCELLED")
    assert second.keys() >= first.keys()
    for new in second.keys() - first.keys():
        assert (int(second[new]["SEQUENCE"]), str(second[new]["STATUS"])) == (0, "CONFIRMED")


@pytest.mark.slow
def test_a_contact_that_moves_and_then_goes_counts_both(night):
    first = events(night)
    uid = next(u for u in first if "nanshan" in u)
    begin, end = first[uid].decoded("DTSTART"), first[uid].decoded("DTEND")
    opens = begin.replace(second=0) + (end - begin) / 4
    close_nanshan(night, f"{begin:%Y-%m-%dT%H:00:00Z}", f"{opens:%Y-%m-%dT%H:%M:%SZ}")
    nightly(night, LATER)
    second = events(night)
    assert second[uid].decoded("DTSTART") > begin
    assert (int(second[uid]["SEQUENCE"]), str(second[uid]["STATUS"])) == (1, "CONFIRMED")
    for other in first.keys() - {uid}:
        # What this closure does not touch keeps its number, whatever the plan is called.
        assert int(second[other]["SEQUENCE"]) == 0
        assert second[other]["DTSTAMP"].dt == first[other]["DTSTAMP"].dt
    change(night, f"stop = {opens:%Y-%m-%dT%H:%M:%SZ}", "stop = 2016-12-20T12:00:00Z")
    nightly(night, LATER)
    third = events(night)
    assert (int(third[uid]["SEQUENCE"]), str(third[uid]["STATUS"])) == (2, "CANCELLED")


@pytest.mark.slow
def test_a_damaged_calendar_is_said_and_begun_anew(night):
    path = night / "nights" / "latest" / "files" / "all" / "contacts.ics"
    path.write_text("BEGIN:VCALENDAR\n", encoding="utf-8")
    # A plan of other inputs writes the files again; the same plan would just restore them.
    change(night, "pointing_rate_hz = 2.0", "pointing_rate_hz = 1.0")
    result = nightly(night, LATER)
    assert any("calendar begins anew" in sentence for sentence in result.warnings)
    assert {int(e["SEQUENCE"]) for e in events(night).values()} == {0}
    # Said until it is over: the published folder names it.
    assert "begins anew" in (night / "nights" / "latest" / MISSING).read_text()
    assert nightly(night, LATER).warnings == result.warnings


def test_the_export_command_shows_the_plan_that_is_published(night, monkeypatch):
    """Also hours later: the plan is that of the run which made it."""
    monkeypatch.chdir(night)
    called = CliRunner().invoke(
        groundstation,
        ["--now", "2016-12-19T13:00Z", "export", NIGHT, "--format", "json"],
        standalone_mode=False,
    )
    assert called.exception is None
    exported = json.loads((night / "export" / "latest" / "plan.json").read_text())
    published = json.loads((night / "nights" / NIGHT / "plan.json").read_text())
    assert exported["plan_id"] == published["plan_id"]
    assert exported["contacts"] == published["contacts"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('formats = ["ics", "pdf"]', "pdf"),
        ('pattern = "{station}"', "it needs {name}"),
        ('pattern = "../{name}"', "leads out of the folder"),
        ('pattern = "{nmae}"', "no placeholder {nmae}"),
        ("pointing_rate_hz = 20.0", "20.0"),
    ],
)
def test_a_faulty_export_table_is_named_with_its_key(tmp_path, line, text):
    copy_example("micius-2016", tmp_path)
    with (tmp_path / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[export]\n{line}\n")
    with pytest.raises(ConfigError) as refused:
        load_network(tmp_path)
    (fault,) = refused.value.faults
    assert f"export.{line.partition(' ')[0]}" in str(fault)
    assert text in str(fault)
