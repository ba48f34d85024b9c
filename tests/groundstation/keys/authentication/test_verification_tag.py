"""Different keys pass the verification no more often than its bound says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.authentication.errors import AuthenticationError
from groundstation.keys.authentication.verification_tag import (
    collision_probability,
    tags_agree,
    tags_needed,
    verification_tag,
)

MODULUS = 1 << 64 | 0b11011


def product(a, b):
    """Schoolbook product of two polynomials over GF(2), reduced by long division."""
    result = 0
    for shift in range(b.bit_length()):
        if b >> shift & 1:
            result ^= a << shift
    while result.bit_length() > 64:
        result ^= MODULUS << result.bit_length() - 65
    return result


def power(a, exponent):
    result = 1
    for _ in range(exponent):
        result = product(result, a)
    return result


def tag_term_by_term(key, n_bits, point):
    text = "".join(f"{byte:08b}" for byte in key)[:n_bits]
    blocks = [int(text[i : i + 64].ljust(64, "0"), 2) for i in range(0, n_bits, 64)]
    tag = product(n_bits, point)
    for index, block in enumerate(blocks):
        tag ^= product(block, power(point, len(blocks) + 1 - index))
    return tag


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 7), st.integers(0, 2**64 - 1))
def test_tag_is_the_polynomial_term_by_term(raw, cut, point):
    n_bits = max(8 * len(raw) - cut, 0)
    key = (int.from_bytes(raw) >> cut << cut).to_bytes(len(raw)) if raw else b""
    assert verification_tag(key, n_bits, point) == tag_term_by_term(key, n_bits, point)


def test_tag_at_point_one_is_the_sum_of_the_blocks_and_the_length():
    key = bytes(range(20))
    blocks = (key[:8], key[8:16], key[16:] + bytes(4))
    expected = 160
    for block in blocks:
        expected ^= int.from_bytes(block)
    assert verification_tag(key, 160, 1) == expected


def test_the_modulus_is_irreducible():
    # Rabin's test: x^(2^64) = x, and x^(2^32) - x has no common factor with it (64 = 2^6).
    def squared(times):
        value = 2
        for _ in range(times):
            value = product(value, value)
        return value

    def common_divisor(a, b):
        while b:
            while a.bit_length() >= b.bit_length():
                a ^= b << a.bit_length() - b.bit_length()
            a, b = b, a
        return a

    assert squared(64) == 2
    assert common_divisor(MODULUS, squared(32) ^ 2) == 1


def test_keys_that_differ_in_length_only_have_different_tags():
    tags = {verification_tag(bytes(-(-n // 8)), n, 3) for n in range(64)}
    assert len(tags) == 64


def test_every_single_bit_moves_the_tag():
    rng = np.random.default_rng(2)
    key, point = rng.bytes(50), int.from_bytes(rng.bytes(8))
    whole = int.from_bytes(key)
    tags = {verification_tag(key, 400, point)} | {
        verification_tag((whole ^ 1 << bit).to_bytes(50), 400, point) for bit in range(400)
    }
    assert len(tags) == 401


def test_two_keys_collide_at_no_more_points_than_the_bound_counts():
    # The difference of these keys of three blocks is r^2 (r + p)(r + q), of degree l + 1 = 4: zero
    # at 0, p and q.
    p, q = 0x123456789ABCDEF1, 0xFEDCBA9876543211
    blocks = (1, p ^ q, product(p, q))
    key = b"".join(block.to_bytes(8) for block in blocks)
    zero = bytes(24)
    collisions = [r for r in (0, 1, 2, p, q, p ^ q) if _same(key, zero, r)]
    assert collisions == [0, p, q]
    assert collision_probability(192) == 4 / 2**64


def _same(one, other, point):
    return verification_tag(one, 192, point) == verification_tag(other, 192, point)


def test_collision_bound_counts_blocks_and_tags():
    assert collision_probability(64) == 2 / 2**64
    assert collision_probability(65) == 3 / 2**64
    # 10^6 bits are 15,625 blocks: 8.5e-16. 10^7 bits need a second point for 1e-15.
    assert collision_probability(1_000_000) == pytest.approx(15_626 / 2**64)
    assert collision_probability(10_000_000) == pytest.approx(8.47e-15, rel=1e-3)
    assert collision_probability(10_000_000, 2) == pytest.approx(8.47e-15**2, rel=2e-3)


def test_tags_needed_is_the_least_number_that_meets_the_promise():
    assert tags_needed(1_180_000, 1e-15) == 1
    assert tags_needed(1_181_000, 1e-15) == 2
    assert tags_needed(1_000_000, 1e-30) == 2
    assert tags_needed(1_000_000, 1e-31) == 3
    with pytest.raises(AuthenticationError, match="epsilon_correctness = 0 is not"):
        tags_needed(10, 0.0)


def test_lists_of_tags_agree_only_as_a_whole():
    assert tags_agree([1, 2], [1, 2])
    assert not tags_agree([1, 2], [1, 3])
    assert not tags_agree([1, 2], [1])


def test_points_outside_the_field_and_unfilled_bytes_are_refused():
    with pytest.raises(AuthenticationError, match="65 bits is not in GF"):
        verification_tag(b"\0", 8, 2**64)
    with pytest.raises(AuthenticationError, match="is not in GF"):
        verification_tag(b"\0", 8, -1)
    with pytest.raises(AmplificationError, match="not filled with zeros"):
        verification_tag(b"\xff", 7, 5)
