"""Key-encryption keys: one shape for every place that can keep them.

A key-encryption key (KEK) has an identity that the store draws and remembers, and 32 secret bytes
that only its provider can give. Rotation creates a new one and destroys the old one; what the old
one wrapped is then dead wherever a copy of it survived. Wrapping: AES key wrap, RFC 3394.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from groundstation.keys.sealing.errors import SealError

KEK_BYTES = 32
_KEK_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Kek:
    """A key-encryption key; its secret shows in no representation."""

    kek_id: str
    secret: bytes = field(repr=False)


class KekProvider(Protocol):
    """Where key-encryption keys live; every method is durable before it returns."""

    def create(self, kek_id: str) -> Kek:
        """Make a new key under an identity that was never used."""
        ...

    def load(self, kek_id: str) -> Kek:
        """The key with an identity; SealError if it is gone or its place is not safe."""
        ...

    def destroy(self, kek_id: str) -> None:
        """Make the key unrecoverable; nothing happens if it is gone already."""
        ...


def new_kek_id() -> str:
    """An identity for a new key: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def check_kek_id(kek_id: str) -> str:
    """The identity itself, which becomes a file's name.

    Raises
    ------
    SealError
        it is not 32 lower-case hexadecimal digits
    """
    if _KEK_ID.fullmatch(kek_id) is None:
        raise SealError(f"{kek_id!r} names no key-encryption key, 32 hexadecimal digits expected")
    return kek_id


def wrap(kek: Kek, secret: bytes) -> bytes:
    """A 32-byte secret under a key-encryption key: 40 bytes."""
    return aes_key_wrap(kek.secret, secret)


def unwrap(kek: Kek, wrapped: bytes) -> bytes:
    """The secret that `wrap` was given.

    Raises
    ------
    SealError
        it was wrapped under another key, or changed since
    """
    try:
        return aes_key_unwrap(kek.secret, wrapped)
    except (InvalidUnwrap, ValueError):
        raise SealError(
            f"cannot unwrap a key with the key-encryption key {kek.kek_id}: it does not fit",
            hint="the database and the key-encryption key belong to different times or stores",
        ) from None
