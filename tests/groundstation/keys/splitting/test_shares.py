"""Enough shares give the key, fewer give nothing at all."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations, islice, product

import numpy as np
import pytest

from groundstation.keys.splitting.field import GF256, make_field
from groundstation.keys.splitting.shares import (
    Share,
    combine_shamir,
    combine_xor,
    split_shamir,
    split_xor,
)

# x^2 + x + 1 and x: the field of four elements, small enough to try everything.
GF4 = make_field(0b111, 0b10)


def seeded(seed):
    return np.random.default_rng(seed).bytes


def test_products_are_those_of_the_standard():
    """FIPS 197 (2001) section 4.2: {57} {83} = {c1}, {57} {13} = {fe}, {53} {ca} = {01}."""
    for one, other, expected in ((0x57, 0x83, 0xC1), (0x57, 0x13, 0xFE), (0x53, 0xCA, 0x01)):
        assert GF256.product(np.array([one], np.uint8), other).tolist() == [expected]
        assert GF256.quotient(expected, other) == one


def test_division_undoes_multiplication_for_every_pair():
    everything = np.arange(256, dtype=np.uint8)
    for other in range(1, 256):
        products = GF256.product(everything, other).tolist()
        assert [GF256.quotient(value, other) for value in products] == list(range(256))
    assert not GF256.product(everything, 0).any()
    with pytest.raises(ZeroDivisionError):
        GF256.quotient(1, 0)


@pytest.mark.parametrize(
    ("polynomial", "generator"), [(0x11B, 0x02), (0b101, 0b10), (0b1, 1), (0b1000000001, 2)]
)
def test_what_is_no_field_is_refused(polynomial, generator):
    with pytest.raises(ValueError, match="field"):
        make_field(polynomial, generator)


def test_the_smallest_field_has_two_elements():
    bits = make_field(0b11, 1)
    assert bits.size == 2
    assert bits.product(np.array([0, 1], np.uint8), 1).tolist() == [0, 1]
    assert bits.quotient(1, 1) == 1


@pytest.mark.parametrize(("n_shares", "threshold"), [(1, 1), (2, 2), (3, 2), (5, 3), (255, 4)])
def test_enough_shares_give_the_key_whichever_they_are(n_shares, threshold):
    key = bytes(range(256))
    shares = split_shamir(key, n_shares, threshold, seeded(1))
    assert [share.point for share in shares] == list(range(1, n_shares + 1))
    for chosen in islice(combinations(shares, threshold), 40):
        assert combine_shamir(chosen[::-1], threshold) == key


def given_in_turn(elements: tuple[int, ...]) -> Callable[[int], bytes]:
    left = iter(elements)
    return lambda _: bytes([next(left)])


@pytest.mark.parametrize(("n_shares", "threshold"), [(2, 2), (3, 2), (3, 3)])
def test_too_few_shares_leave_every_key_equally_likely(n_shares, threshold):
    """Exhaustively over four elements: every key, every draw, every choice of fewer shares."""
    for chosen in combinations(range(n_shares), threshold - 1):
        seen: dict[int, Counter[object]] = {key: Counter() for key in range(4)}
        for key in range(4):
            for draws in product(range(4), repeat=threshold - 1):
                source = given_in_turn(draws)
                shares = split_shamir(bytes([key]), n_shares, threshold, source, GF4)
                seen[key][tuple(shares[index].values for index in chosen)] += 1
                enough = combinations(shares, threshold)
                assert all(combine_shamir(s, threshold, GF4) == bytes([key]) for s in enough)
        assert all(views == seen[0] for views in seen.values())
        # Uniform, too: the shares tell nothing even to who knows the key's distribution.
        assert set(seen[0].values()) == {1}
        assert len(seen[0]) == 4 ** (threshold - 1)


@pytest.mark.parametrize("n_shares", [2, 3])
def test_all_xor_shares_but_one_leave_every_key_equally_likely(n_shares):
    for missing in range(n_shares):
        seen: dict[int, Counter[object]] = {key: Counter() for key in range(4)}
        for key in range(4):
            for draws in product(range(4), repeat=n_shares - 1):
                source = given_in_turn(draws)
                shares = split_xor(bytes([key]), n_shares, source)
                assert combine_xor(shares) == bytes([key])
                seen[key][shares[:missing] + shares[missing + 1 :]] += 1
        assert all(views == seen[0] for views in seen.values())
        assert set(seen[0].values()) == {1}


def test_xor_needs_every_share():
    key = bytes(range(64))
    shares = split_xor(key, 3, seeded(2))
    assert combine_xor(shares) == key
    assert combine_xor(shares[:2]) != key
    assert split_xor(key, 1, seeded(2)) == (key,)


@pytest.mark.parametrize(("n_shares", "threshold"), [(2, 0), (2, 3), (256, 2), (0, 0)])
def test_impossible_splits_are_refused(n_shares, threshold):
    with pytest.raises(ValueError, match="cannot split a key"):
        split_shamir(b"key", n_shares, threshold, seeded(3))


def test_a_source_that_gives_too_little_is_refused():
    with pytest.raises(ValueError, match="gave 2 bytes instead of 3"):
        split_shamir(b"key", 2, 2, lambda _: b"xx")
    with pytest.raises(ValueError, match="gave 2 bytes instead of 3"):
        split_xor(b"key", 2, lambda _: b"xx")
    with pytest.raises(ValueError, match="into 0 shares"):
        split_xor(b"key", 0, seeded(3))


def test_bytes_outside_a_small_field_are_refused():
    with pytest.raises(ValueError, match="no element of a field of 4"):
        split_shamir(b"\x04", 2, 2, seeded(3), GF4)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([Share(1, b"ab")], "2 are needed"),
        ([Share(1, b"ab"), Share(1, b"cd")], "points"),
        ([Share(0, b"ab"), Share(1, b"cd")], "points"),
        ([Share(256, b"ab"), Share(1, b"cd")], "points"),
        ([Share(1, b"ab"), Share(2, b"c")], r"shares of \[1, 2\] bytes"),
    ],
)
def test_shares_that_do_not_fit_are_refused(shares, message):
    with pytest.raises(ValueError, match=message):
        combine_shamir(shares, 2)


def test_xor_shares_that_do_not_fit_are_refused():
    for shares in ([], [b"ab", b"c"]):
        with pytest.raises(ValueError, match="cannot combine shares"):
            combine_xor(shares)
    with pytest.raises(ValueError, match="0 are needed"):
        combine_shamir([], 0)


def test_a_share_does_not_print_its_secret():
    assert repr(Share(1, b"secret")) == "Share(point=1)"
