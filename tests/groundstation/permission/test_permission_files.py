"""Permission files: what they say, and that what is not clear allows nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.permission.errors import PermissionFileError
from groundstation.permission.formats import read_permission
from groundstation.permission.records import PermissionKind

FLAG, SEGMENTS, WINDOWS, _ = PermissionKind
HEAD = b"target,start,stop,source,issued\n"


def at(hour, minute=0):
    return datetime(2026, 6, 14, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "go",
        "GO\n",
        "status: go\n",
        "# nogo was yesterday\ngo\n",
        "mission x\nissued 2026-06-14T12:00Z\ngo",
    ],
)
def test_a_flag_that_says_go_is_a_grant(text):
    (grant,) = read_permission(text.encode(), "flag", FLAG)
    assert (grant.target, grant.start, grant.stop) == (None, None, None)


@pytest.mark.parametrize(
    "text", ["nogo", "NoGo", "no-go", "no go", "NO_GO", "go\nnogo", "nogo\ngo"]
)
def test_one_nogo_outweighs_every_go(text):
    assert read_permission(text.encode(), "flag", FLAG) == ()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("<html><h1>404</h1><p>Go to the start page</p></html>", "it is a web page"),
        ("\n <!DOCTYPE html>go", "it is a web page"),
        ("do not go", "it says go and not"),
        ("DON'T GO", "it says go and don"),
        ("go? no", "it says go and no"),
    ],
)
def test_a_go_that_may_mean_the_opposite_permits_nothing(text, match):
    with pytest.raises(PermissionFileError, match=match):
        read_permission(text.encode(), "flag", FLAG)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"gopher", b"going", b"<html>404</html>", b"\xff\xfe", b"# go", b"ergo"]
)
def test_a_flag_that_says_neither_is_refused(data):
    with pytest.raises(PermissionFileError):
        read_permission(data, "flag", FLAG)


def test_the_date_in_a_flag_is_read_and_one_without_an_offset_is_refused():
    (grant,) = read_permission(b"issued: 2026-06-14T14:00+02:00\ngo", "flag", FLAG)
    assert grant.issued == at(12)
    with pytest.raises(PermissionFileError, match="line 1: '2026-06-14T14:00' has no offset"):
        read_permission(b"issued 2026-06-14T14:00\ngo", "flag", FLAG)
    with pytest.raises(PermissionFileError, match="line 2 says a second time when issued"):
        read_permission(b"issued 2026-06-14T14:00Z\nissued 2026-06-14T14:00Z\ngo", "f", FLAG)


def test_segments_are_pairs_of_instants():
    text = b"issued 2026-06-14T10:00Z\n2026-06-14T21:00Z 2026-06-14T21:05Z # a\n\n"
    (grant,) = read_permission(text, "s", SEGMENTS)
    assert (grant.start, grant.stop, grant.issued) == (at(21), at(21, 5), at(10))


def test_windows_are_a_table_in_any_order_of_columns():
    text = (
        b"issued,target,source,start,stop\n"
        b"2026-06-13T00:00Z,68423,LCH 17,2026-06-14T21:00Z,2026-06-14T21:05:30Z\n"
    )
    (grant,) = read_permission(text, "w", WINDOWS)
    assert (grant.target, grant.source) == ("68423", "LCH 17")
    assert grant.start is not None
    assert grant.stop == grant.start + timedelta(seconds=330)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"2026-06-14T21:00Z\n", "line 1 has 1 values, not start and stop"),
        (b"2026-06-14T21:05Z 2026-06-14T21:00Z\n", "line 1 stops before it starts"),
        (b"2026-06-14T21:00Z 2026-06-14T21:00Z\n", "line 1 stops before it starts"),
        (b"21:00 21:05\n", "line 1: '21:00' is not an instant"),
    ],
)
def test_a_bad_segment_refuses_its_file(text, message):
    good = b"2026-06-14T20:00Z 2026-06-14T20:05Z\n"
    with pytest.raises(PermissionFileError, match=message.replace("line 1", "line 2")):
        read_permission(good + text, "s", SEGMENTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "its columns are none, not target"),
        (b"target,start,stop\n", "its columns are target, start, stop, not"),
        (HEAD + b"q,2026-06-14T21:00Z,2026-06-14T21:05Z,x\n", "line 2 has 4 values, not 5"),
        (HEAD + b",2026-06-14T21:00Z,2026-06-14T21:05Z,x,2026-06-14T01:00Z\n", "line 2 names no"),
        (HEAD + b"q,2026-06-14T21:00Z,2026-06-14T21:05Z,x,\n", "line 2: '' is not an instant"),
        (HEAD + b'q,"2026-06-14T21:00Z\n', "line "),
    ],
)
def test_a_bad_row_refuses_the_table(text, message):
    with pytest.raises(PermissionFileError, match=message):
        read_permission(text, "w", WINDOWS)


def test_a_file_too_large_to_be_one_is_refused():
    with pytest.raises(PermissionFileError, match="1000001 bytes"):
        read_permission(b"#" * 1_000_001, "flag", FLAG)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(list(PermissionKind)))
def test_any_bytes_are_grants_or_a_refusal(data, kind):
    try:
        grants = read_permission(data, "any", kind)
    except PermissionFileError:
        return
    for grant in grants:
        if grant.start is not None and grant.stop is not None:
            assert grant.stop > grant.start
        else:
            assert kind is FLAG
