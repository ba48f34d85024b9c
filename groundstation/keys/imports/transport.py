"""Sealing of a key file on its way from the producer to a station.

Rules:
- Everything is symmetric with 256-bit secrets, which Grover's search leaves at 128 bits; no public
  key that a quantum computer opens. The secrets are carried by hand or delivered as key.
- Each segment has its own sealing and authentication keys, derived from the station's secret and
  the segment's identity (HKDF-SHA256, RFC 5869), so that a repeated nonce harms one segment only.
- The key is sealed by AES-256-GCM (NIST SP 800-38D) with the manifest as associated data; the
  manifest and the SHA-256 of what is sealed carry the producer's HMAC-SHA256. What either covers is
  canonical JSON.
- Both stations compare a digest under a secret that only the producer and they hold: published, it
  would let nobody else test a guess.

This protection is computational. Who recorded the file and breaks AES has the key; where that
matters the file travels by hand.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.imports.errors import KeyImportError

SECRET_BYTES = 32
NONCE_BYTES = 12
GCM_TAG_BYTES = 16

_OUTSIDE_SEAL = ("ciphertext_sha256", "producer_mac")


@dataclass(frozen=True, slots=True)
class TransportKey:
    """What a producer and one station share.

    Parameters
    ----------
    key_id : its public name
    station : whose it is
    secret : 32 bytes, of producer and station
    comparison_secret : 32 bytes, of the producer and both stations of a pair
    """

    key_id: str
    station: str
    secret: bytes = field(repr=False)
    comparison_secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse secrets of another length, or one secret for both uses."""
        for name in ("secret", "comparison_secret"):
            length = len(getattr(self, name))
            if length != SECRET_BYTES:
                raise KeyImportError(
                    f"{name} of transport key '{self.key_id}' has {length} bytes, "
                    f"not {SECRET_BYTES}"
                )
        if hmac.compare_digest(self.secret, self.comparison_secret):
            raise KeyImportError(f"transport key '{self.key_id}' has one secret for two uses")


def seal(key: bytes, document: dict[str, Any], transport_key: TransportKey) -> bytes:
    """Encrypt a key; the document holds the manifest up to what depends on the result."""
    cipher, nonce = _cipher(document, transport_key)
    return cipher.encrypt(nonce, key, _associated(document))


def unseal(
    ciphertext: bytes, document: dict[str, Any], transport_key: TransportKey
) -> bytes | None:
    """The key, or None where ciphertext, manifest and secret do not belong together."""
    cipher, nonce = _cipher(document, transport_key)
    try:
        return cipher.decrypt(nonce, ciphertext, _associated(document))
    except InvalidTag:
        return None


def producer_mac(document: dict[str, Any], transport_key: TransportKey) -> bytes:
    """The producer's word for a manifest, and by its SHA-256 for the sealed key; 32 bytes."""
    signed = {name: value for name, value in document.items() if name != "producer_mac"}
    key = _derived(transport_key.secret, document["segment_id"], b"producer")
    return hmac.digest(key, canonical_json(signed), sha256)


def comparison_digest(segment_id: UUID, n_bits: int, key: bytes, comparison_secret: bytes) -> bytes:
    """What two stations compare to know that they hold the same bits, 32 bytes.

    HMAC-SHA256 over identity, length and bits, under a key of the pair. It says nothing to those
    without the secret; to those with it, equal digests mean equal bits.
    """
    secret = _derived(comparison_secret, str(segment_id), b"comparison")
    head = canonical_json({"n_bits": n_bits, "segment_id": str(segment_id)})
    return hmac.digest(secret, head + key, sha256)


def _cipher(document: dict[str, Any], transport_key: TransportKey) -> tuple[AESGCM, bytes]:
    key = _derived(transport_key.secret, document["segment_id"], b"seal")
    return AESGCM(key), bytes.fromhex(document["transport"]["nonce"])


def _associated(document: dict[str, Any]) -> bytes:
    return canonical_json(
        {name: value for name, value in document.items() if name not in _OUTSIDE_SEAL}
    )


def _derived(secret: bytes, segment_id: str, use: bytes) -> bytes:
    return HKDF(
        algorithm=SHA256(),
        length=SECRET_BYTES,
        salt=UUID(segment_id).bytes,
        info=b"groundstation-key-segment/1 " + use,
    ).derive(secret)
