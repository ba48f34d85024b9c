"""A message survives the wire, and what is no message is refused."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.ledger.records import Extent, Pool, Purpose
from groundstation.keys.ledger.views import Mark, Proposal
from groundstation.keys.protocol.messages import (
    Ack,
    Cancel,
    DigestAnswer,
    DigestQuery,
    MarksAnswer,
    MarksQuery,
    Nak,
    Sync,
    pool_of,
)
from groundstation.keys.protocol.wire import document_of, message_of

POOL = Pool("matera", "tenerife")
ONE, TWO = UUID(int=1), UUID(int=2)

IDS = st.uuids()
TEXTS = st.text(st.characters(categories=["L", "N", "P"]), max_size=20)
BITS = st.integers(0, 2**62 - 1)
POOLS = st.lists(TEXTS, min_size=2, max_size=2, unique=True).map(lambda ends: Pool(*sorted(ends)))
EXTENTS = st.builds(Extent, IDS, BITS, BITS, BITS)
PROPOSALS = st.builds(
    Proposal, IDS, POOLS, st.sampled_from(Purpose), TEXTS, st.lists(EXTENTS, max_size=3).map(tuple)
)
MESSAGES = st.one_of(
    st.builds(Sync, PROPOSALS),
    st.builds(Ack, PROPOSALS),
    st.builds(Nak, IDS, POOLS, TEXTS),
    st.builds(Cancel, PROPOSALS),
    st.builds(DigestQuery, IDS, POOLS, IDS, TEXTS),
    st.builds(DigestAnswer, IDS, POOLS, IDS, TEXTS, st.lists(BITS, max_size=2).map(tuple)),
    st.builds(MarksQuery, IDS, POOLS),
    st.builds(
        MarksAnswer, IDS, POOLS, st.lists(st.builds(Mark, IDS, BITS, BITS), max_size=3).map(tuple)
    ),
)


@settings(max_examples=50)
@given(MESSAGES)
def test_every_message_survives_the_wire(message):
    assert message_of(json.loads(json.dumps(document_of(message)))) == message


def sync() -> dict[str, Any]:
    extents = (Extent(ONE, 0, 8, 16),)
    return document_of(Sync(Proposal(TWO, POOL, Purpose.RELAY, "relay 7", extents)))


def test_a_message_looks_like_this():
    assert sync() == {
        "version": 1,
        "kind": "sync",
        "allocation": "00000000-0000-0000-0000-000000000002",
        "pool": ["matera", "tenerife"],
        "purpose": "relay",
        "reference": "relay 7",
        "extents": [["00000000-0000-0000-0000-000000000001", 0, 8, 16]],
    }


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "version 2, not 1"),
        ("version", True, "version True"),
        ("version", None, "version None"),
        ("kind", "shout", "kind 'shout'"),
        ("kind", ["sync"], "kind"),
        ("allocation", "00000000000000000000000000000002", "spelt otherwise"),
        ("allocation", "two", "holds no identity"),
        ("allocation", 2, "allocation is no text"),
        ("pool", ["tenerife", "matera"], "not sorted"),
        ("pool", ["matera", "matera"], "not sorted"),
        ("pool", ["matera"], "no list of the right length"),
        ("pool", "ab", "no list of the right length"),
        ("pool", ["matera", 7], "pool is no text"),
        ("purpose", "fun", "purpose 'fun'"),
        ("reference", "x" * 1001, "no text of up to 1000"),
        ("reference", "line\nbreak", "printable"),
        ("reference", "\ud800", "printable"),
        ("extents", None, "no list"),
        ("extents", [[str(ONE), 0, 8]], "no list of the right length"),
        ("extents", [[str(ONE), 0, 8, -8]], "not a number of bits"),
        ("extents", [[str(ONE), 0, 8, 2**62]], "not a number of bits"),
        ("extents", [[str(ONE), 0, 8, 8.0]], "not a number of bits"),
        ("extents", [[str(ONE), True, 8, 8]], "not a number of bits"),
        ("extra", 1, "unknown keys 'extra'"),
    ],
)
def test_what_is_not_exactly_a_message_is_refused(key, value, message):
    with pytest.raises(KeyMessageError, match=message):
        message_of({**sync(), key: value})


def test_the_longest_text_passes():
    text = "x" * 1000
    message = message_of({**sync(), "reference": text})
    assert isinstance(message, Sync)
    assert message.proposal.reference == text


@pytest.mark.parametrize("key", ["allocation", "pool", "purpose", "reference", "extents"])
def test_a_message_that_lacks_something_is_refused(key):
    document = sync()
    del document[key]
    with pytest.raises(KeyMessageError, match=f"reading a sync message: no {key}"):
        message_of(document)


@pytest.mark.parametrize("document", [None, [], "sync", 7])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(KeyMessageError, match="no object"):
        message_of(document)


def test_a_long_refusal_is_cut_to_what_the_other_end_accepts():
    nak = Nak(ONE, POOL, "x" * 2000)
    assert message_of(document_of(nak)) == Nak(ONE, POOL, "x" * 1000)


@settings(max_examples=50)
@given(MESSAGES)
def test_every_message_is_about_one_pool(message):
    ends = document_of(message)["pool"]
    assert pool_of(message) == Pool(*ends)
