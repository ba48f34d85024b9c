"""Rules and files together: fresh permission allows, everything else forbids and says why."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.permission.check import unpermitted
from groundstation.permission.evaluate import permissions_at, permissions_digest
from groundstation.permission.files import read_permission_files
from groundstation.permission.records import (
    NOTHING_REQUIRED,
    PermissionDocument,
    PermissionKind,
    PermissionRule,
)

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
FLAG = PermissionRule("lch", PermissionKind.GO_FLAG, "go.txt", (), (), timedelta(minutes=15))
TABLE = PermissionRule(
    "pam", PermissionKind.WINDOWS, "w.csv", ("sat",), ("north",), timedelta(hours=72)
)
SEGMENTS = PermissionRule(
    "air", PermissionKind.SEGMENTS, "{satellite}-{station}.txt", (), (), timedelta(hours=24)
)
LINKS = (("sat", 12345, "north"), ("sat", 12345, "south"), ("other", None, "north"))


def document(rule, text, age=timedelta(0), link=("sat", "north")):
    return PermissionDocument(rule.path_for(*link), text.encode(), NOW - age)


def row(target="sat", start="21:00", stop="21:05", issued="2026-06-14T00:00Z"):
    return f"{target},2026-06-14T{start}Z,2026-06-14T{stop}Z,LCH,{issued}\n"


HEAD = "target,start,stop,source,issued\n"


def said(rule, *documents, link=("sat", "north"), now=NOW):
    (found,) = permissions_at([rule], documents, LINKS, now).of(*link)
    return found


def test_a_fresh_flag_allows_always_and_a_stale_one_never():
    assert said(FLAG, document(FLAG, "go", timedelta(minutes=15))).spans is None
    stale = said(FLAG, document(FLAG, "go", timedelta(minutes=15, seconds=1)))
    assert stale.spans == ()
    assert stale.is_doubtful
    assert stale.reason == (
        "no permission to shine: go.txt of 2026-06-14T11:44:59.000Z is older than 15 min"
    )


def test_a_flag_that_says_nogo_forbids_without_doubt():
    found = said(FLAG, document(FLAG, "nogo"))
    assert (found.spans, found.is_doubtful) == ((), False)
    assert found.reason == "no permission to shine: go.txt says nogo"


def test_a_flag_of_the_future_is_no_permission_beyond_a_minute():
    assert said(FLAG, document(FLAG, "go", timedelta(minutes=-1))).spans is None
    ahead = said(FLAG, document(FLAG, "go", timedelta(minutes=-1, seconds=-1)))
    assert ahead.spans == ()
    assert "dated in the future" in ahead.reason


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ((), "go.txt was not looked for"),
        ((PermissionDocument("go.txt", None, None, "is not there"),), "go.txt is not there"),
        ((document(FLAG, "<html>"),), "go.txt is refused: it is a web page"),
    ],
)
def test_what_cannot_be_read_allows_nothing_and_is_doubtful(found, reason):
    permissions = permissions_at([FLAG], found, LINKS, NOW)
    (one,) = permissions.of("sat", "north")
    assert one.spans == ()
    assert one.is_doubtful
    assert one.reason == f"no permission to shine: {reason}"
    assert permissions.warnings == (f"permission lch: no permission to shine: {reason}",)


def test_windows_that_touch_are_joined_and_others_targets_do_not_count():
    text = HEAD + row() + row("12345", "21:05", "21:09") + row("other", "23:00", "23:05")
    spans = said(TABLE, document(TABLE, text)).spans
    day = datetime(2026, 6, 14, tzinfo=UTC)
    assert spans == ((day + timedelta(hours=21), day + timedelta(hours=21, minutes=9)),)


def test_a_window_within_another_ends_neither():
    text = HEAD + row(stop="21:10") + row(start="21:02", stop="21:04")
    spans = said(TABLE, document(TABLE, text)).spans
    assert spans is not None
    ((start, stop),) = spans
    assert (f"{start:%H:%M}", f"{stop:%H:%M}") == ("21:00", "21:10")


def test_each_window_ages_by_its_own_date():
    text = HEAD + row(issued="2026-06-11T11:59Z") + row(start="22:00", stop="22:05")
    spans = said(TABLE, document(TABLE, text)).spans
    assert [span[0].hour for span in spans] == [22]
    old = said(TABLE, document(TABLE, HEAD + row(issued="2026-06-11T11:59Z")))
    assert old.spans == ()
    assert old.is_doubtful
    assert "older than 72 h" in old.reason


def test_no_window_for_a_target_forbids_without_doubt():
    found = said(TABLE, document(TABLE, HEAD + row("other")))
    assert (found.spans, found.is_doubtful) == ((), False)
    assert found.reason == "no permission to shine: no window of w.csv covers it"


def test_only_the_links_of_a_rule_need_it():
    permissions = permissions_at([TABLE], [], LINKS, NOW)
    assert permissions.of("sat", "north")
    assert permissions.of("sat", "south") == ()
    assert permissions.of("other", "north") == ()
    assert permissions_at([], [], LINKS, NOW).by_link == NOTHING_REQUIRED.by_link


def test_a_file_for_each_link_is_asked_by_its_own_name():
    text = "2026-06-14T21:00Z 2026-06-14T21:05Z\n"
    found = document(SEGMENTS, text)
    assert said(SEGMENTS, found).spans
    assert said(SEGMENTS, found, link=("sat", "south")).spans == ()


def test_every_rule_about_a_link_has_to_allow_it():
    permissions = permissions_at([FLAG, TABLE], [document(FLAG, "go")], LINKS, NOW)
    assert [found.spans for found in permissions.of("sat", "north")] == [None, ()]


def test_the_digest_follows_what_is_allowed_and_not_the_hour():
    files = [document(FLAG, "go")]
    first = permissions_digest(permissions_at([FLAG], files, LINKS, NOW))
    later = NOW + timedelta(minutes=5)
    assert permissions_digest(permissions_at([FLAG], files, LINKS, later)) == first
    stale = NOW + timedelta(minutes=16)
    assert permissions_digest(permissions_at([FLAG], files, LINKS, stale)) != first
    assert permissions_digest(NOTHING_REQUIRED) == ""


def test_the_origin_of_every_permission_is_kept():
    (origin,) = permissions_at([FLAG], [document(FLAG, "go")], LINKS, NOW).origins
    assert (origin.rule, origin.path, origin.says, origin.dated) == ("lch", "go.txt", "go", NOW)
    # `printf go | sha256sum`
    assert origin.sha256.startswith("4cd0e21a9a0795a1")


def test_files_are_read_with_their_dates_and_missing_ones_are_named(tmp_path):
    path = tmp_path / "go.txt"
    path.write_bytes(b"go")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    (tmp_path / "w.csv").mkdir()
    documents = read_permission_files(tmp_path, [FLAG, TABLE, SEGMENTS], LINKS)
    found = {document.path: document for document in documents}
    assert (found["go.txt"].content, found["go.txt"].dated) == (b"go", NOW)
    assert found["w.csv"].fault == "cannot be read: is a directory"
    assert found["sat-south.txt"].fault == "is not there"
    assert len(documents) == 5


def test_the_independent_look_finds_a_second_outside():
    text = HEAD + row()
    permissions = permissions_at([TABLE], [document(TABLE, text)], LINKS, NOW)
    start = datetime(2026, 6, 14, 21, tzinfo=UTC)
    inside = (start, start + timedelta(minutes=5))
    assert unpermitted(permissions, "sat", "north", [inside]) == []
    late = (start + timedelta(minutes=1), start + timedelta(minutes=5, seconds=1))
    early = (start - timedelta(seconds=1), start + timedelta(minutes=4))
    assert len(unpermitted(permissions, "sat", "north", [inside, late, early])) == 2
    assert unpermitted(permissions, "sat", "south", [late]) == []
    nogo = permissions_at([FLAG], [document(FLAG, "nogo")], LINKS, NOW)
    assert unpermitted(nogo, "sat", "north", [inside]) == [
        "lch does not allow 21:00:00 to 21:05:00"
    ]
