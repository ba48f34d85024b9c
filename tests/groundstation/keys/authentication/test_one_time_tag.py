"""One-time tags are those of RFC 8439, and each key serves once."""

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.authentication.cost import (
    AuthenticatedMessage,
    Direction,
    authentication_cost,
    is_reserve_low,
    passes_left,
)
from groundstation.keys.authentication.errors import AuthenticationError
from groundstation.keys.authentication.one_time_tag import OneTimeKey, forgery_probability

# RFC 8439, section 2.5.2 and appendix A.3, vectors 2 and 7 to 11: key, message, tag.
TEXT = (
    b"Any submission to the IETF intended by the Contributor for publication as all or part of an "
    b"IETF Internet-Draft or RFC and any statement made within the context of an IETF activity is "
    b'considered an "IETF Contribution". Such statements include oral statements in IETF sessions, '
    b"as well as written and electronic communications made at any time or place, which are "
    b"addressed to"
)
RFC_8439 = [
    (
        "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
        b"Cryptographic Forum Research Group",
        "a8061dc1305136c6c22b8baf0c0127a9",
    ),
    ("00" * 32, b"\0" * 64, "00" * 16),
    ("00" * 16 + "36e5f6b5c5e06070f0efca96227a863e", TEXT, "36e5f6b5c5e06070f0efca96227a863e"),
    ("36e5f6b5c5e06070f0efca96227a863e" + "00" * 16, TEXT, "f3477e7cd95417af89a6b8794c310cf0"),
    ("02" + "00" * 31, b"\xff" * 16, "03" + "00" * 15),
    ("02" + "00" * 15 + "ff" * 16, b"\x02" + b"\0" * 15, "03" + "00" * 15),
    (
        "01" + "00" * 31,
        b"\xff" * 16 + b"\xf0" + b"\xff" * 15 + b"\x11" + b"\0" * 15,
        "05" + "00" * 15,
    ),
]


@pytest.mark.parametrize(("key", "message", "tag"), RFC_8439)
def test_tags_are_those_of_rfc_8439(key, message, tag):
    material = bytes.fromhex(key)
    assert OneTimeKey(material).tag(message) == bytes.fromhex(tag)
    assert OneTimeKey(material).accepts(message, bytes.fromhex(tag))


def poly1305_by_definition(material, message):
    """Bernstein 2005: sum of (block + 2^(8 length)) r^(q+1-i) mod 2^130 - 5, plus s mod 2^128."""
    r = int.from_bytes(material[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(material[16:], "little")
    accumulated = 0
    for start in range(0, len(message), 16):
        block = int.from_bytes(message[start : start + 16] + b"\1", "little")
        accumulated = (accumulated + block) * r % (2**130 - 5)
    return ((accumulated + s) % 2**128).to_bytes(16, "little")


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_tags_are_the_polynomial_written_out(material, message):
    assert OneTimeKey(material).tag(message) == poly1305_by_definition(material, message)


@pytest.mark.parametrize("first", ["tag", "accepts"])
@pytest.mark.parametrize("second", ["tag", "accepts"])
def test_a_key_answers_once(first, second):
    key = OneTimeKey(bytes(range(32)))
    calls = {"tag": lambda: key.tag(b"a"), "accepts": lambda: key.accepts(b"a", bytes(16))}
    calls[first]()
    with pytest.raises(AuthenticationError, match="this one-time key was used already"):
        calls[second]()


@pytest.mark.parametrize("tag", [bytes(16), b"", bytes(15), bytes(17)])
def test_a_wrong_tag_is_refused_and_uses_the_key_up(tag):
    key = OneTimeKey(bytes(range(32)))
    assert not key.accepts(b"message", tag)
    assert repr(key) == "OneTimeKey(used)"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length):
    with pytest.raises(AuthenticationError, match=f"256 bits, not {8 * length}"):
        OneTimeKey(bytes(length))


def test_keys_neither_show_nor_copy_their_bytes():
    key = OneTimeKey(b"\x5a" * 32)
    assert repr(key) == "OneTimeKey(fresh)"
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(AuthenticationError, match="cannot be copied"):
            copying(key)


def test_forgery_bound_has_the_published_size():
    # 8 ceil(L/16) / 2^106: 1 kB is 63 blocks, 504 / 2^106 < 2^-97; 125 kB 7813 blocks, < 2^-90.
    assert forgery_probability(1000) == 504 / 2**106
    assert 2**-98 < forgery_probability(1000) < 2**-97
    assert 2**-91 < forgery_probability(125_000) < 2**-90
    assert forgery_probability(16) == forgery_probability(1) == forgery_probability(0) == 2**-103
    assert forgery_probability(17) == 2 * forgery_probability(16)
    assert forgery_probability(17, attempts=3) == 6 * forgery_probability(16)


def test_ten_messages_each_way_take_5120_bits():
    messages = [
        AuthenticatedMessage(f"sifting {index}", direction, 1000)
        for index in range(10)
        for direction in Direction
    ]
    cost = authentication_cost(messages)
    assert cost.key_bits == 5120
    assert cost.forgery_probability == pytest.approx(20 * 504 / 2**106)
    assert passes_left(15_359, cost) == 2
    assert is_reserve_low(15_359, cost)
    assert not is_reserve_low(15_360, cost)
    assert passes_left(5, authentication_cost([])) is None
    assert not is_reserve_low(0, authentication_cost([]))
    with pytest.raises(ValueError, match="reserve of -1 bits"):
        passes_left(-1, cost)
