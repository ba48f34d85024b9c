"""Do both ends hold the same reconciled key? A polynomial over GF(2^64), at random points.

The key of n bits is cut into l = ceil(n / 64) blocks b_1..b_l, the last one filled with zeros, and
followed by its length. At a point r the tag is

    b_1 r^(l+1) + b_2 r^l + ... + b_l r^2 + n r,

with sums and products in GF(2)[x] / (x^64 + x^4 + x^3 + x + 1). Two different keys give a
difference of degree at most l + 1, which is zero at no more than l + 1 points: with a point that is
random, and chosen after the keys are fixed, the tags agree with probability (l + 1) / 2^64 at most
(polynomial hashing, e.g. Bierbrauer, Johansson, Kabatianskii, Smeets, Crypto '93, LNCS 773, 331).
Independent points multiply their probabilities.

The points are public. A tag that is sent in the open tells 64 bits about the key, which privacy
amplification has to take off; under a one-time pad of 64 bits it tells nothing.

Bits and blocks are most significant first; bit 63 of a block is the coefficient of x^63.
"""

import hmac
from collections.abc import Sequence

from groundstation.keys.amplification.bit_order import check_packed
from groundstation.keys.authentication.errors import AuthenticationError

TAG_BITS = 64
# x^64 = x^4 + x^3 + x + 1, the lexicographically first irreducible pentanomial of this degree
# (Seroussi, Table of low-weight binary irreducible polynomials, HP Laboratories, 1998).
REDUCTION = 0b11011
_MASK = 2**TAG_BITS - 1


def verification_tag(key: bytes, n_bits: int, point: int) -> int:
    """The tag of a key at one point, in 0..2^64 - 1.

    Parameters
    ----------
    key : n_bits, most significant first, filled with zeros to whole bytes
    point : r, in 0..2^64 - 1
    """
    check_packed(key, n_bits)
    if not 0 <= point <= _MASK:
        raise AuthenticationError(f"a point of {point.bit_length()} bits is not in GF(2^64)")
    tables = _multiplication_tables(point)
    accumulated = 0
    for start in range(0, len(key), 8):
        block = int.from_bytes(key[start : start + 8].ljust(8, b"\0"))
        accumulated = _times(accumulated, tables) ^ block
    return _times(_times(accumulated, tables) ^ n_bits, tables)


def tags_agree(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two lists of tags are the same; compared in constant time."""
    return hmac.compare_digest(_joined(one), _joined(other))


def collision_probability(n_bits: int, tags: int = 1) -> float:
    """Upper bound on the probability that two different keys of n bits have the same tags.

    >>> collision_probability(1_000_000) < 1e-15
    True
    """
    if n_bits < 0 or tags < 0:
        raise ValueError(f"{n_bits} bits or {tags} tags are negative")
    degree = -(-n_bits // TAG_BITS) + 1
    return min((degree / 2.0**TAG_BITS) ** tags, 1.0)


def tags_needed(n_bits: int, epsilon_correctness: float) -> int:
    """Fewest tags that meet a promised correctness; about 1.2 Mbit take one for 1e-15.

    >>> tags_needed(1_000_000, 1e-15), tags_needed(10_000_000, 1e-15)
    (1, 2)
    """
    if not 0.0 < epsilon_correctness < 1.0:
        raise AuthenticationError(
            f"epsilon_correctness = {epsilon_correctness:g} is not between 0 and 1"
        )
    tags = 1
    while collision_probability(n_bits, tags) > epsilon_correctness:
        tags += 1
    return tags


def _joined(tags: Sequence[int]) -> bytes:
    return b"".join(tag.to_bytes(TAG_BITS // 8) for tag in tags)


def _multiplication_tables(point: int) -> tuple[tuple[int, ...], ...]:
    """Products of the point with every value of every byte of a factor, lowest byte first."""
    powers = [point]
    for _ in range(TAG_BITS - 1):
        doubled = powers[-1] << 1
        powers.append((doubled & _MASK) ^ (REDUCTION if doubled > _MASK else 0))
    tables = []
    for first in range(0, TAG_BITS, 8):
        table = [0]
        for power in powers[first : first + 8]:
            table += [value ^ power for value in table]
        tables.append(tuple(table))
    return tuple(tables)


def _times(factor: int, tables: tuple[tuple[int, ...], ...]) -> int:
    t0, t1, t2, t3, t4, t5, t6, t7 = tables
    return (
        t0[factor & 255]
        ^ t1[factor >> 8 & 255]
        ^ t2[factor >> 16 & 255]
        ^ t3[factor >> 24 & 255]
        ^ t4[factor >> 32 & 255]
        ^ t5[factor >> 40 & 255]
        ^ t6[factor >> 48 & 255]
        ^ t7[factor >> 56]
    )
