"""Records as bytes: the same record the same bytes, and nothing but our own records back."""

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.errors import StateError
from groundstation.night.record_codec import MAGIC, decode, encode
from groundstation.night.store import Store
from groundstation.permission.records import PermissionKind

INSTANT = datetime(2026, 6, 14, 21, 3, 5, 123_456, tzinfo=UTC)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(PLAIN)
def test_whatever_is_written_is_read_back(value):
    data = encode(value)
    assert decode(data) == value
    assert type(decode(data)) is type(value)
    assert encode(decode(data)) == data


def test_a_whole_night_comes_back_and_makes_the_same_bytes(europe):
    passes = europe.passes[:6]
    data = encode(passes)
    again = decode(data)
    assert encode(again) == data
    first, copy = passes[0], again[0]
    assert type(copy) is type(first)
    assert copy.aos == first.aos
    assert copy.refusal == first.refusal
    np.testing.assert_array_equal(copy.track.range_m, first.track.range_m)
    assert copy.track.is_usable.dtype == bool


def test_numbers_are_exact_and_arrays_keep_shape_and_kind():
    value = (0.1 + 0.2, float("inf"), np.float64(1 / 3), np.arange(6, dtype=np.int32).reshape(2, 3))
    again = decode(encode(value))
    assert again[:3] == value[:3]
    assert again[3].shape == (2, 3)
    assert again[3].dtype == np.int32
    assert np.isnan(decode(encode(float("nan"))))
    with pytest.raises(ValueError, match="read-only"):
        again[3][0, 0] = 1


def test_enumerations_instants_and_sets_come_back():
    value = (PermissionKind.WINDOWS, INSTANT, time(18, 30), frozenset({"b", "a"}))
    assert decode(encode(value)) == value
    assert encode(frozenset({"b", "a"})) == encode(frozenset({"a", "b"}))
    assert isinstance(decode(encode(PermissionKind.WINDOWS)), PermissionKind)
    assert decode(encode(timedelta(seconds=-1))) == timedelta(seconds=-1)


@pytest.mark.parametrize(
    "tree",
    [
        '["r","os:system",["true"]]',
        '["r","subprocess:Popen",[["l",["true"]]]]',
        '["r","groundstation.night.lock:held_lock",["x"]]',
        '["r","groundstation.night.store:Store",["x"]]',
        '["e","builtins:eval","1"]',
        # A real enumeration, but not one of ours.
        '["e","http:HTTPMethod","GET"]',
        '["r","groundstation.plan.records:Hop",["only one"]]',
        '["?",1]',
        '["a",7]',
    ],
)
def test_a_file_makes_nothing_but_our_records(tree):
    head = f'{{"value":{tree},"arrays":[]}}'.encode()
    with pytest.raises(StateError, match="a kept record cannot be read"):
        decode(MAGIC + len(head).to_bytes(8, "big") + head)


@pytest.mark.parametrize("data", [b"", b"{}", MAGIC, MAGIC + b"\0" * 8, encode((1,))[:-3]])
def test_a_torn_file_is_refused(data):
    with pytest.raises(StateError, match="a kept record cannot be read"):
        decode(data)


def test_what_is_no_record_cannot_be_kept():
    with pytest.raises(TypeError, match="function cannot be kept"):
        encode(lambda: 0)


def test_the_store_checks_what_it_reads_against_its_name(tmp_path):
    store = Store(tmp_path)
    digest = store.keep(b"abc")
    # FIPS 180-2, appendix B.1: the digest of "abc".
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert store.read(digest) == b"abc"
    path = tmp_path / "ba" / digest
    before = path.stat().st_mtime_ns
    assert store.keep(b"abc") == digest
    assert path.stat().st_mtime_ns == before
    path.write_bytes(b"abd")
    assert not store.holds(digest)
    with pytest.raises(StateError, match="damaged"):
        store.read(digest)
    store.keep(b"abc")
    assert store.read(digest) == b"abc"
    store.drop([digest, digest])
    assert not store.holds(digest)
    with pytest.raises(StateError, match="no digest"):
        store.read("../../etc/passwd")
