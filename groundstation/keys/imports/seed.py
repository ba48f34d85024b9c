"""The public seed of a hashing: drawn at one station, repeated at the other."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from groundstation.keys.amplification.bit_order import bytes_needed, check_packed
from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.randomness.mixing import Drawn


@dataclass(frozen=True, slots=True)
class Seed:
    """Public random bits for one hashing.

    Parameters
    ----------
    material : `n_bits` bits, most significant first
    n_bits : length
    origin : where they were drawn, for the record
    """

    material: bytes = field(repr=False)
    n_bits: int
    origin: str


class Randomness(Protocol):
    """Where a seed is drawn from: `SystemRandomness` or `MixedRandomness`."""

    def draw(self, n_bytes: int) -> Drawn:
        """So many random bytes and their origin."""


def draw_seed(randomness: Randomness, n_bits: int) -> Seed:
    """A fresh seed; drawn only after the block that it will hash is fixed."""
    drawn = randomness.draw(bytes_needed(n_bits))
    unused = -n_bits % 8
    last = bytes([drawn.material[-1] >> unused << unused]) if drawn.material else b""
    return Seed(drawn.material[:-1] + last, n_bits, drawn.origin)


def seed_document(seed: Seed) -> dict[str, Any]:
    """The seed as JSON values, for the record of a result."""
    return {
        "bits": seed.n_bits,
        "origin": seed.origin,
        "sha256": sha256(seed.material).hexdigest(),
        "base64": base64.b64encode(seed.material).decode("ascii"),
    }


def seed_of(document: Mapping[str, Any]) -> Seed:
    """The seed that `seed_document` wrote.

    Raises
    ------
    KeyImportError : not such a document, or a damaged one
    """
    try:
        material = base64.b64decode(document["base64"], validate=True)
        seed = Seed(material, int(document["bits"]), str(document["origin"]))
        check_packed(seed.material, seed.n_bits)
        is_intact = sha256(material).hexdigest() == document["sha256"]
    except (KeyError, TypeError, ValueError, binascii.Error, AmplificationError) as error:
        raise KeyImportError(f"the record holds no seed: {error}") from error
    if not is_intact:
        raise KeyImportError("the seed of the record is not the one that its SHA-256 names")
    return seed
