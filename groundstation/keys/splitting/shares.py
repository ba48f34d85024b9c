"""Split a key into shares and put it together again.

Both ways are perfectly secret: too few shares leave every key equally likely, because the shares
are uniform and independent of it. They authenticate nothing: a wrong share gives a wrong key.

References
----------
A. Shamir, How to share a secret, Communications of the ACM 22, 612 (1979).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from groundstation.keys.splitting.field import GF256, Elements, Field

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Share:
    """The value of the polynomials at one point; `values` is secret and never printed.

    Parameters
    ----------
    point : 1 to 255, different for every share of a key
    values : one byte per byte of the key
    """

    point: int
    values: bytes = field(repr=False)


def split_xor(key: bytes, n_shares: int, random_bytes: RandomBytes) -> tuple[bytes, ...]:
    """Shares whose XOR is the key; all of them are needed.

    Parameters
    ----------
    random_bytes : gives that many bytes, uniform and secret

    Raises
    ------
    ValueError
        If there is to be no share, or the source gives another number of bytes.
    """
    if n_shares < 1:
        raise ValueError(f"cannot split a key into {n_shares} shares")
    masks = [_drawn(random_bytes, len(key)) for _ in range(n_shares - 1)]
    return (*masks, combine_xor([key, *masks]))


def combine_xor(shares: Sequence[bytes]) -> bytes:
    """XOR of all shares; ValueError if there is none or their lengths differ."""
    _check_alike([len(share) for share in shares])
    total = reduce(np.bitwise_xor, (np.frombuffer(share, np.uint8) for share in shares))
    return total.tobytes()


def split_shamir(
    key: bytes,
    n_shares: int,
    threshold: int,
    random_bytes: RandomBytes,
    in_field: Field = GF256,
) -> tuple[Share, ...]:
    """Shares of which any `threshold` give the key and fewer give nothing.

    Byte by byte, the shares are the values at 1, 2, ... of a polynomial of degree threshold - 1
    whose value at 0 is the key and whose other coefficients are random.

    Parameters
    ----------
    random_bytes : gives that many bytes, uniform and secret
    in_field : smaller ones, for tests, take keys whose bytes are elements

    Raises
    ------
    ValueError
        If not 1 <= threshold <= n_shares < size of the field, a byte of the key is no element, or
        the source gives another number of bytes.
    """
    if not 1 <= threshold <= n_shares < in_field.size:
        raise ValueError(
            f"cannot split a key into {n_shares} shares with a threshold of {threshold}:"
            f" at most {in_field.size - 1} shares"
        )
    secret = np.frombuffer(key, np.uint8)
    if np.any(secret >= in_field.size):
        raise ValueError(f"a byte of the key is no element of a field of {in_field.size}")
    # The field's size divides 256, so the remainder of a uniform byte is uniform.
    drawn = (_drawn(random_bytes, len(key)) for _ in range(threshold - 1))
    random = [np.frombuffer(each, np.uint8) % np.uint16(in_field.size) for each in drawn]
    coefficients = [secret, *(each.astype(np.uint8) for each in random)]
    return tuple(
        Share(point, _value(coefficients, point, in_field).tobytes())
        for point in range(1, n_shares + 1)
    )


def _value(coefficients: Sequence[Elements], point: int, in_field: Field) -> Elements:
    """Value of a polynomial at a point, by Horner's rule."""
    *lower, value = coefficients
    for coefficient in reversed(lower):
        value = in_field.product(value, point) ^ coefficient
    return value


def combine_shamir(shares: Sequence[Share], threshold: int, in_field: Field = GF256) -> bytes:
    """The key, from any `threshold` shares; further ones are not looked at.

    Raises
    ------
    ValueError
        If there are fewer shares, two of the same point, a point outside the field, or their
        lengths differ.
    """
    if not 1 <= threshold <= len(shares):
        raise ValueError(f"cannot combine {len(shares)} shares: {threshold} are needed")
    used = shares[:threshold]
    points = [share.point for share in used]
    if len(set(points)) < threshold or not all(0 < point < in_field.size for point in points):
        raise ValueError(f"cannot combine shares of the points {points}")
    _check_alike([len(share.values) for share in used])
    total = np.zeros(len(used[0].values), np.uint8)
    for share in used:
        weight = _weight_at_zero(share.point, points, in_field)
        total ^= in_field.product(np.frombuffer(share.values, np.uint8), weight)
    return total.tobytes()


def _weight_at_zero(point: int, points: Sequence[int], in_field: Field) -> int:
    """Lagrange's polynomial of one point at 0: the product of x / (x - point) over the others."""
    weight = np.array([1], np.uint8)
    for other in points:
        if other != point:
            weight = in_field.product(weight, in_field.quotient(other, other ^ point))
    return int(weight[0])


def _drawn(random_bytes: RandomBytes, length: int) -> bytes:
    drawn = random_bytes(length)
    if len(drawn) != length:
        raise ValueError(f"the random source gave {len(drawn)} bytes instead of {length}")
    return drawn


def _check_alike(lengths: Sequence[int]) -> None:
    if len(set(lengths)) != 1:
        raise ValueError(f"cannot combine shares of {sorted(set(lengths))} bytes")
