"""Files appear whole, under the names asked for, and the link last."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.errors import StateError, UsageError
from groundstation.export.files import LONGEST_NAME, safe_name, text_file
from groundstation.export.manifest import created_before, manifest
from groundstation.export.publish import named, publish

MADE = datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_the_link_shows_the_new_set_and_the_old_set_stays(tmp_path):
    publish(tmp_path, "2026-06-14-aa", {"a.txt": b"1"})
    publish(tmp_path, "2026-06-14-bb", {"a.txt": b"2"})
    assert (tmp_path / "latest" / "a.txt").read_bytes() == b"2"
    assert (tmp_path / "2026-06-14-aa" / "a.txt").read_bytes() == b"1"


def test_the_same_files_again_change_nothing(tmp_path):
    first = publish(tmp_path, "set", {"a.txt": b"1", "b/c.txt": b"2"})
    names = sorted(tmp_path.iterdir())
    assert publish(tmp_path, "set", {"a.txt": b"1", "b/c.txt": b"2"}) == (first[0], False)
    assert sorted(tmp_path.iterdir()) == names


def test_other_contents_of_the_same_set_get_a_folder_of_their_own(tmp_path):
    publish(tmp_path, "set", {"a.txt": b"1"})
    target, changed = publish(tmp_path, "set", {"a.txt": b"2"})
    assert changed
    assert target.name == "set-2"
    assert (tmp_path / "set" / "a.txt").read_bytes() == b"1"


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot write the exported files"):
        publish(tmp_path / "file", "set", {"a.txt": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_pattern_sorts_files_into_folders():
    files = [
        text_file("a.csv", "", satellite="qube-2", station="graz", pass_id="p1"),
        text_file("b.csv", "", satellite="qube-2", station="Löwe", pass_id="p2"),
    ]
    paths = named(files, "{night}/{station}/{pass}.{suffix}", night="2026-06-14", plan_id="aa")
    assert list(paths) == ["2026-06-14/graz/p1.csv", f"2026-06-14/{safe_name('Löwe')}/p2.csv"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("{nmae}", "no placeholder {nmae}"),
        ("../{name}", "leads out of the folder"),
        ("/{name}", "leads out of the folder"),
        ("{night}", "two files the name"),
        ("{name", "a brace has no partner"),
        ("{name}}", "a brace has no partner"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(pattern, text):
    files = [text_file("a.csv", ""), text_file("b.csv", "")]
    with pytest.raises(UsageError, match=text):
        named(files, pattern, night="2026-06-14", plan_id="aa")


@given(st.lists(st.text(max_size=120), unique=True, max_size=8))
def test_safe_names_are_safe_and_stay_different(texts):
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(texts)
    for name in names:
        assert 0 < len(name) <= LONGEST_NAME
        assert name.isascii()
        assert not set(name) & set('/\\:*?"<>| \x00')
        assert name not in {".", ".."}


def test_the_instant_of_a_set_is_kept_for_the_same_plan_only(tmp_path):
    listed = manifest({"a": b"1"}, night="2026-06-14", plan_id="aa", created=MADE)
    assert json.loads(listed)["files"]["a"]["bytes"] == 1
    publish(tmp_path, "2026-06-14-aa", {"a": b"1", "manifest.json": listed})
    assert created_before(tmp_path, "2026-06-14-aa") == MADE
    assert created_before(tmp_path, "2026-06-14-bb") is None


def test_a_damaged_manifest_is_named(tmp_path):
    publish(tmp_path, "2026-06-14-aa", {"manifest.json": b"{"})
    with pytest.raises(StateError, match="manifest"):
        created_before(tmp_path, "2026-06-14-aa")
