"""Bit strings as bytes and as arrays, most significant bit first.

Bit 0 of a string is the most significant bit of its first byte. A string whose length is no
multiple of eight ends in zero bits, and other endings are refused: two files of the same key are
the same bytes.
"""

import numpy as np
from numpy.typing import NDArray

from groundstation.keys.amplification.errors import AmplificationError

Bits = NDArray[np.uint8]


def bytes_needed(n_bits: int) -> int:
    """Bytes that hold so many bits.

    >>> bytes_needed(0), bytes_needed(8), bytes_needed(9)
    (0, 1, 2)
    """
    return -(-n_bits // 8)


def unpack(raw: bytes, n_bits: int) -> Bits:
    """The bits of a string as zeros and ones, shape (n_bits,).

    >>> unpack(bytes([0b10110000]), 4).tolist()
    [1, 0, 1, 1]
    """
    check_packed(raw, n_bits)
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8), count=n_bits)


def pack(bits: Bits) -> bytes:
    """The string of zeros and ones of shape (n,); the last byte is filled with zeros.

    >>> pack(np.array([1, 0, 1, 1], dtype=np.uint8)).hex()
    'b0'
    """
    return np.packbits(bits).tobytes()


def check_packed(raw: bytes, n_bits: int) -> None:
    """Refuse bytes that are not exactly `n_bits` bits filled up with zeros."""
    if n_bits < 0 or len(raw) != bytes_needed(n_bits):
        raise AmplificationError(
            f"{n_bits} bits take {bytes_needed(max(n_bits, 0))} bytes, not {len(raw)}"
        )
    if n_bits % 8 and raw[-1] & (0xFF >> n_bits % 8):
        raise AmplificationError(f"the last byte of {n_bits} bits is not filled with zeros")
