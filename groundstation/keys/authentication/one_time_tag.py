"""One-time Poly1305: a 128-bit tag of a message under a 256-bit key that is used once.

Rules:
- One key, one message, one tag, at either end. A second use of r and s gives both away; so a key
  object answers once and forgets its bytes.
- A receiver looks at one message per key, too: whatever came first uses the key up. Otherwise a
  forger could try again, and the bound would be multiplied by the number of attempts.
- Keys come from the pool of the link, in the order that both ends agreed on; this module draws
  none.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

from groundstation.keys.authentication.errors import AuthenticationError

KEY_BYTES = 32
KEY_BITS = 8 * KEY_BYTES
TAG_BYTES = 16


class OneTimeKey:
    """256 bits of the pool that authenticate one message.

    Parameters
    ----------
    material : 32 bytes, r and s of RFC 8439 section 2.5, never used before
    """

    __slots__ = ("__material",)

    def __init__(self, material: bytes) -> None:
        if len(material) != KEY_BYTES:
            raise AuthenticationError(
                f"a one-time key has {KEY_BITS} bits, not {8 * len(material)}"
            )
        self.__material: bytes | None = bytes(material)

    def __repr__(self) -> str:
        """Nothing of what is inside."""
        return f"OneTimeKey({'used' if self.__material is None else 'fresh'})"

    def __reduce__(self) -> str:
        """Refuse to be copied or stored: a copy could be used again."""
        raise AuthenticationError("a one-time key cannot be copied or stored")

    def tag(self, message: bytes) -> bytes:
        """The tag of a message, 16 bytes (RFC 8439, section 2.5.1)."""
        return Poly1305.generate_tag(self._take(), message)

    def accepts(self, message: bytes, tag: bytes) -> bool:
        """Whether this is the tag of this message; compared in constant time."""
        material = self._take()
        if len(tag) != TAG_BYTES:
            return False
        try:
            Poly1305.verify_tag(material, message, tag)
        except InvalidSignature:
            return False
        return True

    def _take(self) -> bytes:
        material = self.__material
        if material is None:
            raise AuthenticationError(
                "this one-time key was used already", hint="take the next one from the pool"
            )
        self.__material = None
        return material


def forgery_probability(longest_bytes: int, attempts: int = 1) -> float:
    """Upper bound on the probability that one of the forged messages is accepted.

    Parameters
    ----------
    longest_bytes : L, of the longest message that the receiver takes
    attempts : messages, each with its own key, that a forger may try

    Notes
    -----
    8 ceil(L/16) / 2^106 per attempt, whatever the forger's computer: Bernstein, The Poly1305-AES
    message-authentication code, FSE 2005, LNCS 3557, 32, theorem 3.3, with a one-time s in place
    of AES. Of the 128 bits of r 22 are fixed, hence 2^106.

    >>> forgery_probability(125_000) < 2**-90
    True
    """
    if longest_bytes < 0 or attempts < 0:
        raise ValueError(f"{longest_bytes} bytes or {attempts} attempts are negative")
    # A forgery of an empty message has at least one block.
    blocks = max(-(-longest_bytes // 16), 1)
    return attempts * 8.0 * blocks / 2.0**106
