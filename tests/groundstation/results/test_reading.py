"""Results from files: what is read, and what is refused with its line and limit."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from groundstation.results.errors import ResultError
from groundstation.results.reading import read_result
from groundstation.results.records import Sky, result_document, result_from_document
from groundstation.results.store import PassOnRecord

AOS = datetime(2026, 6, 14, 20, 43, tzinfo=UTC)
PASS = PassOnRecord("a-b-20260614T2043", "a", "b", AOS, AOS + timedelta(seconds=300))


@pytest.fixture
def read(tmp_path):
    def of(text):
        path = tmp_path / "counts.csv"
        path.write_text(text, encoding="utf-8")
        return read_result(path, PASS)

    return of


def rows(*counts, header="utc,sifted,errors,background", start=AOS):
    lines = [
        f"{(start + timedelta(seconds=i)).isoformat()},{count}" for i, count in enumerate(counts)
    ]
    return "\n".join([header, *lines]) + "\n"


def test_counts_are_read_to_the_middle_of_their_seconds(read):
    result = read("# station b\n" + rows("100,1,20", "110,,21", "120,3,22"))
    counts = result.counts
    assert counts.times_s.tolist() == [0.5, 1.5, 2.5]
    assert counts.slot_s == 1.0
    assert counts.sifted.tolist() == [100, 110, 120]
    assert np.isnan(counts.errors[1])
    assert (result.sifted, result.errors, result.key_bits) == (330, 4, None)
    assert result.sky is Sky.CLEAR


def test_seconds_after_rise_and_gaps_are_read_too(read):
    result = read("time_s,sifted\n10,5\n11,6\n14,7\n15,8\n")
    assert result.counts.times_s.tolist() == [10.5, 11.5, 14.5, 15.5]
    assert result.counts.errors is None


def test_an_instant_with_an_offset_is_that_instant(read):
    text = rows("5,0,0", "6,0,0").replace("+00:00", "Z")
    shifted = text.replace("T20:43", "T22:43").replace("Z", "+02:00")
    assert read(shifted).counts.times_s.tolist() == read(text).counts.times_s.tolist()


def test_a_result_comes_back_from_its_document_with_its_digest(read):
    result = read(rows("100,1,20", "110,,21"))
    again = result_from_document(json.loads(json.dumps(result_document(result))))
    assert again.digest == result.digest
    assert read(rows("100,1,20", "110,0,21")).digest != result.digest


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (rows("100,1,20", "-3,0,1"), ":3", "sifted -3 is not a whole number from 0"),
        (rows("100,1,20", "3.5,0,1"), ":3", "sifted 3.5 is not a whole number"),
        (rows("100,1,20", "x,0,1"), ":3", "sifted 'x' is no number"),
        (rows("100,1,20", "nan,0,1"), ":3", "sifted 'nan' is not finite"),
        (rows("100,1,20", "10,11,1"), ":3", "errors 11 exceed sifted 10"),
        (rows("100,1,20", "2e9,0,1"), ":3", "sifted 2000000000 in 1 s exceeds 1e"),
        (rows("100,1", "10,1,1"), ":2", "3 values instead of 4"),
        ("# comment\n" + rows("1,0,0", "2,0,0", "-1,0,0"), ":5", "sifted -1 is not"),
        ("utc,sifted\n2026-06-14T20:43:00,1\n2026-06-14T20:43:01,1\n", ":2", "has no time zone"),
        ("utc,sifted\nyesterday,1\n2026-06-14T20:43:01Z,1\n", ":2", "is no instant like"),
        ("time_s,sifted\n0,1\n1,1\n1,1\n", ":4", "does not begin after the one before"),
        ("time_s,sifted\n0,1\n1,1\n2.4,1\n3.4,1\n", ":4", "begins 1.4 s after the one before"),
        ("sifted\n1\n2\n", "", "the first line is sifted"),
        ("utc,clicks\n", "", "the first line is utc,clicks"),
        ("utc,sifted\n2026-06-14T20:43:01Z,1\n", "", "1 slots are too few"),
        ("", "", "the first line is missing"),
    ],
)
def test_a_fault_is_named_by_line_value_and_limit(read, text, where, message):
    with pytest.raises(ResultError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value.where).endswith(f"counts.csv{where}")


def test_the_file_of_another_pass_is_noticed(read):
    with pytest.raises(ResultError, match="more than 60 s outside the pass") as caught:
        read(rows("1,0,0", "2,0,0", start=AOS + timedelta(hours=2)))
    assert "local time" in str(caught.value.hint)
    # Half a minute before rise is a station that starts to count early.
    assert read(rows("1,0,0", "2,0,0", start=AOS - timedelta(seconds=30))).sifted == 3
    late = AOS + timedelta(seconds=359)
    with pytest.raises(ResultError, match="outside the pass"):
        read(rows("1,0,0", "2,0,0", "2,0,0", start=late))


def json_of(**given):
    return json.dumps({"schema": "result/1", **given})


def test_json_holds_lists_or_totals(read):
    counts = {"start_utc": "2026-06-14T20:43:10Z", "sifted": [5, None, 7], "errors": [0, None, 1]}
    listed = read(json_of(counts=counts, key_bits=6))
    assert listed.counts.instant(0) == AOS + timedelta(seconds=10.5)
    assert listed.counts.instant(2) == AOS + timedelta(seconds=12.5)
    assert (listed.sifted, listed.errors, listed.key_bits) == (12, 1, 6)
    assert np.isnan(listed.counts.sifted[1])
    totals = read(json_of(sifted=1000, errors=11, key_bits=500, remark="haze"))
    assert (totals.sifted, totals.errors, totals.key_bits, totals.remark) == (1000, 11, 500, "haze")
    assert read(json_of(sky="clouded-out")).sky is Sky.CLOUDED_OUT


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sifted": -1}, "sifted: -1 is refused"),
        ({"sifted": 10, "errors": 11}, "errors 11 exceeds sifted 10"),
        ({"sifted": 10, "key_bits": 11}, "key_bits 11 exceeds sifted 10"),
        ({"sifted": 1.5}, "sifted: 1.5 is refused"),
        ({"keybits": 1}, "keybits: unknown key"),
        ({"sky": "dark"}, "sky: 'dark' is refused"),
        ({}, "neither counts nor key are given"),
        ({"sky": "clouded-out", "key_bits": 5}, "5 key bits from a pass that was clouded-out"),
        ({"pass_id": "c-d", "sifted": 1}, "pass_id 'c-d' is not 'a-b-20260614T2043'"),
        (
            {"counts": {"start_utc": "2026-06-14T20:43:10Z", "sifted": [1, 2], "errors": [0]}},
            "counts.errors has 1 values, counts.sifted 2",
        ),
        (
            {"counts": {"start_utc": "2026-06-14T20:43:10Z", "sifted": [1, -2]}},
            "counts.sifted[1]",
        ),
        (
            {"counts": {"start_utc": "2026-06-14T20:43:10Z", "sifted": [1, 2]}, "sifted": 4},
            "sifted 4 is not the sum of the slots, 3",
        ),
        ({"counts": {"start_utc": "2026-06-14T20:43:10", "sifted": [1, 2]}}, "counts.start_utc"),
    ],
)
def test_json_that_contradicts_itself_is_refused_by_path(read, given, message):
    with pytest.raises(ResultError) as caught:
        read(json_of(**given))
    assert message in str(caught.value)


def test_broken_json_is_refused_by_line(read):
    with pytest.raises(ResultError, match="no JSON") as caught:
        read('{\n "sifted": 1,\n oops }')
    assert str(caught.value.where).endswith(":3")
