"""A manifest has one text, so that two stations agree on its digest."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.imports.errors import KeyImportError

# RFC 8785, appendix B: the bits of a double and its text.
RFC_8785 = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), RFC_8785)
def test_numbers_are_written_as_rfc_8785_lists_them(bits, text):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value) == text.encode()


def test_a_document_is_written_as_rfc_8785_shows_it():
    # Section 3.2.2 and 3.2.3: numbers, escapes, order of the names.
    raw = (
        '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        '"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
        '"literals": [null, true, false]}'
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_json(json.loads(raw)).decode() == expected


def test_names_are_sorted_by_utf_16():
    # RFC 8785 section 3.2.3: U+1F600 is written as D83D DE00, before U+FB33.
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2, "1": 3}).decode() == (
        '{"1":3,"\U0001f600":2,"\ufb33":1}'
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_as_the_same_double(value):
    assert float(canonical_json(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, -(2**53) - 1])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(KeyImportError, match=r"is no number|is beyond"):
        canonical_json([value])
