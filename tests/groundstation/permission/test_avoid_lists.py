"""Lists in which other users of a satellite say when they have it."""

from datetime import UTC, datetime

import pytest

from groundstation.permission.avoid import avoided, read_avoid_list
from groundstation.permission.check import unpermitted
from groundstation.permission.errors import PermissionFileError
from groundstation.permission.files import read_avoid_files
from groundstation.permission.records import PermissionDocument, Permissions

HEAD = "satellite,start,stop,user,reason\n"
ROW = "spoqc,2026-06-14T21:00:00Z,2026-06-14T23:30:00+02:00,ESA,pointing test\n"
SATELLITES = (("spoqc", 68423), ("qube-2", 70000))


def document(text, path="avoid/esa.csv"):
    return PermissionDocument(path, text.encode(), datetime(2026, 6, 14, tzinfo=UTC))


def at(minute):
    return datetime(2026, 6, 14, 21, minute, tzinfo=UTC)


def test_a_row_keeps_its_span_for_its_user():
    (use,) = read_avoid_list((HEAD + ROW).encode(), "a.csv")
    assert (use.satellite, use.span, use.said) == (
        "spoqc", (at(0), at(30)), "ESA, pointing test",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["spoqc", "68423"])
def test_a_span_forbids_its_satellite_and_no_other(name):
    said = avoided([document(HEAD + ROW.replace("spoqc", name))], SATELLITES)
    (own,) = said.by_satellite["spoqc"]
    assert said.by_satellite["qube-2"] == ()
    assert said.warnings == ()
    assert own.reason == "spoqc is used by ESA, pointing test"
    permissions = Permissions({("spoqc", "graz"): (own,)}, (), ())
    checked = [
        unpermitted(permissions, "spoqc", "graz", [(at(a), at(b))])
        for a, b in ((31, 40), (30, 31), (29, 31), (5, 6))
    ]
    assert [bool(faults) for faults in checked] == [False, False, True, True]
    assert [(o.path, o.says) for o in said.origins] == [("avoid/esa.csv", "1 spans")]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (ROW.replace("T21:00:00Z", "T22:00:00Z"), "line 3 stops before it starts"),
        (ROW.replace("T21:00:00Z", "T21:00:00"),
         "line 3: '2026-06-14T21:00:00' has no offset from UTC"),
        (ROW.replace("2026-06-14T21:00:00Z", "tonight"),
         "line 3: 'tonight' is not an instant like 2026-06-14T21:03:05Z"),
        (ROW.replace("ESA", " "), "line 3 gives no user"),
    ],
)  # fmt: skip
def test_a_bad_row_forbids_its_satellite_and_names_the_line(row, fault):
    said = avoided([document(HEAD + ROW.replace("spoqc", "others") + row)], SATELLITES)
    (own,) = said.by_satellite["spoqc"]
    assert own.spans == ()
    assert own.is_doubtful
    assert own.reason.startswith("nobody knows when spoqc is free: avoid/esa.csv: ")
    assert fault in own.reason
    assert said.by_satellite["qube-2"] == ()
    (warning,) = said.warnings
    assert fault in warning
    assert warning.endswith(": spoqc cannot be used")
    # A bad row about a satellite of somebody else is nobody's business here.
    assert avoided([document(HEAD + row.replace("spoqc", "others"))], SATELLITES).warnings == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "spoqc,2026-06-14T21:00:00Z\n", "line 2 has 2 values, not 5"),
        ("satellite,start,stop\n", "its columns are satellite, start, stop, not "),
        ("", "its columns are none, not satellite"),
        (HEAD + 'spoqc,"2026\n', "line 2: unexpected end of data"),
        (HEAD + "," + ROW.split(",", 1)[1], "line 2 gives no satellite"),
    ],
)
def test_what_cannot_be_read_at_all_forbids_every_satellite(text, fault):
    said = avoided([document(text)], SATELLITES)
    for name in ("spoqc", "qube-2"):
        (own,) = said.by_satellite[name]
        assert own.spans == ()
        assert fault in own.reason
    assert said.warnings[0].endswith(": spoqc, qube-2 cannot be used")


def test_a_list_that_is_not_there_yet_forbids_nothing_and_says_so(tmp_path):
    (found,) = read_avoid_files(tmp_path, ["esa.csv"])
    said = avoided([found], SATELLITES)
    assert said.by_satellite == {"spoqc": (), "qube-2": ()}
    assert said.warnings == ("esa.csv is not there: no satellite is avoided for it",)


def test_a_list_that_is_a_folder_forbids_every_satellite(tmp_path):
    (tmp_path / "esa.csv").mkdir()
    said = avoided(read_avoid_files(tmp_path, ["esa.csv"]), SATELLITES)
    assert all(said.by_satellite.values())


def test_patterns_find_every_list_once_and_in_order(tmp_path):
    (tmp_path / "avoid").mkdir()
    for name in ("b.csv", "a.csv", "note.txt"):
        (tmp_path / "avoid" / name).write_text(HEAD)
    found = read_avoid_files(tmp_path, ["avoid/*.csv", "avoid/a.csv"])
    assert [item.path for item in found] == ["avoid/a.csv", "avoid/b.csv"]
    assert read_avoid_files(tmp_path, ["none/*.csv"]) == ()


def test_a_list_that_is_too_large_is_refused():
    with pytest.raises(PermissionFileError, match="1000001 bytes are no avoid list"):
        read_avoid_list(b" " * 1_000_001, "a.csv")
