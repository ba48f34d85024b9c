"""Who knows a relayed key is told, and a demand's restrictions hold."""

from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.ledger.records import TrustLabel
from groundstation.keys.ledger.trust import (
    NOBODY_ELSE,
    combined,
    knowing_names,
    knows,
    relayed,
    smallest_coalition,
)

NAMES = "abcdef"
SETS = st.frozensets(st.sampled_from(NAMES), max_size=3)


@st.composite
def labels(draw) -> TrustLabel:
    shares = draw(st.lists(SETS, min_size=1, max_size=4))
    return TrustLabel(tuple(shares), draw(st.integers(1, len(shares))))


def coalitions():
    return chain.from_iterable(combinations(NAMES, size) for size in range(len(NAMES) + 1))


def test_nobody_but_the_ends_knows_a_direct_key():
    assert not knows(NOBODY_ELSE, NAMES)
    assert smallest_coalition(NOBODY_ELSE) is None
    assert knowing_names(NOBODY_ELSE) == frozenset()


def test_two_of_three_shares_give_the_key_and_one_does_not():
    label = TrustLabel((frozenset("a"), frozenset("bc"), frozenset("c")), 2)
    assert not knows(label, "a")
    assert not knows(label, "b")
    assert knows(label, "ab")
    # One node on two of the paths knows two shares alone.
    assert knows(label, "c")
    assert smallest_coalition(label) == 1
    assert not knows(label, ["x"])


@settings(max_examples=50)
@given(labels())
def test_the_smallest_coalition_is_the_smallest(label):
    sizes = [len(members) for members in coalitions() if knows(label, members)]
    assert smallest_coalition(label) == min(sizes, default=None)


def test_every_intermediate_knows_a_relayed_key():
    label = relayed([NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE], ["sat-1", "graz"])
    assert label == TrustLabel((frozenset({"sat-1", "graz"}),), 1)


def test_who_intercepts_a_split_hop_knows_what_is_relayed_over_it():
    split = TrustLabel((frozenset("a"), frozenset("b")), 2)
    label = relayed([split, NOBODY_ELSE], ["c"])
    assert knows(label, "c")
    assert knows(label, "ab")
    assert not knows(label, "a")
    assert label == relayed([NOBODY_ELSE, split], ["c"])


def true_knowledge(parts, coalition):
    return any(knows(part, coalition) for part in parts)


@settings(max_examples=50)
@given(st.lists(labels(), min_size=1, max_size=3), SETS)
def test_a_relayed_label_never_forgets_who_knows(hops, between):
    label = relayed(hops, between)
    parts = [*hops, TrustLabel((between,), 1)]
    for members in coalitions():
        assert knows(label, members) or not true_knowledge(parts, members)


@settings(max_examples=50)
@given(labels(), SETS)
def test_a_label_over_one_split_hop_is_exact(hop, between):
    label = relayed([NOBODY_ELSE, hop], between)
    for members in coalitions():
        expected = true_knowledge([hop, TrustLabel((between,), 1)], members)
        assert knows(label, members) == expected


@settings(max_examples=50)
@given(st.lists(SETS, min_size=1, max_size=4), st.data())
def test_a_combined_label_of_plain_shares_is_exact(names, data):
    threshold = data.draw(st.integers(1, len(names)))
    label = combined([TrustLabel((each,), 1) for each in names], threshold)
    for members in coalitions():
        known = sum(bool(set(members) & each) for each in names)
        assert knows(label, members) == (known >= threshold)


def test_a_share_that_is_split_itself_counts_as_known_to_all_who_know_a_part():
    split = TrustLabel((frozenset("a"), frozenset("b")), 2)
    label = combined([split, TrustLabel((frozenset("c"),), 1)], 2)
    for members in product("ab", "c"):
        assert knows(label, members)
    assert not knows(label, "ab")


@pytest.mark.parametrize("threshold", [0, 3])
def test_an_impossible_threshold_is_refused(threshold):
    with pytest.raises(ValueError, match=f"threshold of {threshold} of 2 shares"):
        combined([NOBODY_ELSE, NOBODY_ELSE], threshold)
