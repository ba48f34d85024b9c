"""The key ratchet: one chain key per chunk, from which the past cannot be reached.

A chain key gives the key that seals its own chunk and the chain key of the next chunk, by the
expansion of HKDF with SHA-256 (RFC 5869, section 2.3; the extraction is left out because a chain
key is already uniform, section 3.3). Whoever holds chain key i opens chunks i and later, none
before. Sealing key and next chain key come from separate output blocks of one expansion, so
neither tells anything about the other.
"""

import hmac
import secrets

CHAIN_KEY_BYTES = 32
_INFO = b"qkd-groundstation key ratchet 1"


def fresh_chain_key() -> bytes:
    """The root of a new chain, from the operating system: 32 bytes."""
    return secrets.token_bytes(CHAIN_KEY_BYTES)


def step(chain_key: bytes) -> tuple[bytes, bytes]:
    """The key that seals this chunk and the next chain key, 32 bytes each."""
    next_key = hmac.digest(chain_key, _INFO + b"\x01", "sha256")
    sealing_key = hmac.digest(chain_key, next_key + _INFO + b"\x02", "sha256")
    return sealing_key, next_key


def advance(chain_key: bytes, steps: int) -> bytes:
    """The chain key `steps` chunks further on; 0 gives the same one back.

    Raises
    ------
    ValueError
        the steps are negative: the ratchet does not turn back
    """
    if steps < 0:
        raise ValueError(f"cannot turn the key ratchet by {steps} steps, it only goes forward")
    for _ in range(steps):
        chain_key = hmac.digest(chain_key, _INFO + b"\x01", "sha256")
    return chain_key
