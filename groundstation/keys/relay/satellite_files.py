"""Requests to a satellite's operator and its announcements, as files.

Rules:
- Both are canonical JSON with HMAC-SHA256 under a key that is derived from the station's transport
  secret and the order (HKDF-SHA256, RFC 5869), one for each direction.
- A request names the bits of both segments; the satellite XORs exactly these and nothing else.
- The satellite announces a bit once. The same request again gets the same answer; a request that
  wants a bit which was announced otherwise is refused.
- A forged announcement that got past the MAC would give both ends different keys, and their
  digests would differ: nothing of it would be used.
"""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundstation.atomic import write_atomically
from groundstation.keys.errors import KeyMessageError
from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.ledger.records import Extent
from groundstation.keys.relay.documents import extents_of
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcement
from groundstation.keys.splitting.shares import combine_xor

REQUEST_SCHEMA = "groundstation-relay-request/1"
ANNOUNCEMENT_SCHEMA = "groundstation-relay-announcement/1"
LARGEST_FILE_BYTES = 16_000_000

# Gives the bytes of extents of the satellite's copy of a station's key.
KeyReader = Callable[[str, tuple[Extent, ...]], bytes]


@dataclass(frozen=True, slots=True)
class SatelliteRequest:
    """What a satellite is asked to announce.

    Parameters
    ----------
    satellite, station : who is asked, who asks
    sides : the two stations with the bits of the key that each shares with the satellite
    """

    order_id: UUID
    satellite: str
    station: str
    n_bits: int
    sides: tuple[tuple[str, tuple[Extent, ...]], tuple[str, tuple[Extent, ...]]]


def request_text(request: SatelliteRequest, key: TransportKey) -> str:
    """A request, authenticated for the operator."""
    document = {
        "schema": REQUEST_SCHEMA,
        "order": str(request.order_id),
        "satellite": request.satellite,
        "station": request.station,
        "n_bits": request.n_bits,
        "sides": [
            {
                "station": station,
                "extents": [[str(e.segment_id), e.lane, e.start, e.length] for e in extents],
            }
            for station, extents in request.sides
        ],
        "transport": key.key_id,
    }
    return _signed(document, key, request.order_id, b"request")


def read_request(text: str, key: TransportKey) -> SatelliteRequest:
    """A request, if its MAC is right; KeyMessageError otherwise."""
    document = _opened(text, key, REQUEST_SCHEMA, b"request")
    try:
        one, two = (
            (str(side["station"]), extents_of(side["extents"])) for side in document["sides"]
        )
        return SatelliteRequest(
            UUID(document["order"]),
            str(document["satellite"]),
            str(document["station"]),
            int(document["n_bits"]),
            (one, two),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise KeyMessageError(f"reading a relay request: {error}") from error


@dataclass
class SatelliteMemory:
    """What a satellite has announced: bits by segment, and answers by order."""

    used: dict[tuple[UUID, int], list[tuple[int, int]]] = field(default_factory=dict)
    answers: dict[tuple[UUID, str], tuple[SatelliteRequest, bytes]] = field(
        default_factory=dict, repr=False
    )

    def announce(self, request: SatelliteRequest, read_key: KeyReader) -> Announcement:
        """XOR of both sides; the reference for operators and the simulator of the tests.

        Raises
        ------
        RelayError
            A bit was announced before, or the sides are not of the length asked for.
        """
        place = (request.order_id, request.satellite)
        known = self.answers.get(place)
        where = f"order {request.order_id}"
        if known is not None:
            if known[0] != request:
                raise RelayError("another request of the same order", where=where)
            return Announcement(request.satellite, known[1])
        extents = [extent for _, side in request.sides for extent in side]
        for extent in extents:
            taken = self.used.get((extent.segment_id, extent.lane), [])
            if any(start < extent.stop and extent.start < stop for start, stop in taken):
                raise RelayError("a bit would be announced twice", where=where)
        sides = [read_key(station, side) for station, side in request.sides]
        if {8 * len(side) for side in sides} != {request.n_bits}:
            raise RelayError(f"the sides have not {request.n_bits} bits", where=where)
        for extent in extents:
            place_used = self.used.setdefault((extent.segment_id, extent.lane), [])
            place_used.append((extent.start, extent.stop))
        xor = combine_xor(sides)
        self.answers[place] = (request, xor)
        return Announcement(request.satellite, xor)


def announcement_text(announcement: Announcement, order_id: UUID, key: TransportKey) -> str:
    """An announcement of a satellite, authenticated for the station that asked."""
    document = {
        "schema": ANNOUNCEMENT_SCHEMA,
        "order": str(order_id),
        "satellite": announcement.name,
        "n_bits": 8 * len(announcement.xor),
        "xor": base64.b64encode(announcement.xor).decode("ascii"),
        "transport": key.key_id,
    }
    return _signed(document, key, order_id, b"announcement")


def read_announcement(text: str, key: TransportKey) -> tuple[UUID, Announcement]:
    """An announcement and its order, if its MAC is right; KeyMessageError otherwise."""
    document = _opened(text, key, ANNOUNCEMENT_SCHEMA, b"announcement")
    try:
        xor = base64.b64decode(document["xor"], validate=True)
        n_bits, order_id = int(document["n_bits"]), UUID(document["order"])
        name = str(document["satellite"])
    except (KeyError, TypeError, ValueError) as error:
        raise KeyMessageError(f"reading an announcement: {error}") from error
    if 8 * len(xor) != n_bits:
        raise KeyMessageError(f"reading an announcement: {8 * len(xor)} bits, not {n_bits}")
    return order_id, Announcement(name, xor)


def transport_of(text: str) -> str:
    """The transport key that a file says it is authenticated with; not to be trusted."""
    return str(_document(text).get("transport"))


def write_text(path: Path, text: str) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)


def read_text(path: Path) -> str:
    """A file of at most 16 MB; RelayError if it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise RelayError(
            f"cannot read {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
        ) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise RelayError(f"{path.name} is longer than {LARGEST_FILE_BYTES} bytes")
    return content.decode("utf-8", errors="replace")


def _signed(document: dict[str, Any], key: TransportKey, order_id: UUID, use: bytes) -> str:
    mac = hmac.digest(_derived(key, order_id, use), canonical_json(document), sha256)
    return canonical_json({**document, "mac": mac.hex()}).decode("utf-8") + "\n"


def _opened(text: str, key: TransportKey, schema: str, use: bytes) -> dict[str, Any]:
    document = _document(text)
    told = document.pop("mac", None)
    if document.get("schema") != schema:
        raise KeyMessageError(f"schema {document.get('schema')!r} is not {schema!r}")
    try:
        order_id, mac = UUID(document["order"]), bytes.fromhex(told)
        signed = canonical_json(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KeyMessageError(f"{schema}: {error}") from error
    if not hmac.compare_digest(mac, hmac.digest(_derived(key, order_id, use), signed, sha256)):
        raise KeyMessageError(
            f"{schema} of order {order_id}: its MAC does not fit; it was changed, or is sealed"
            f" under another key than '{key.key_id}'"
        )
    return document


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyMessageError("it is not JSON") from error
    if not isinstance(document, dict):
        raise KeyMessageError("it is no JSON object")
    return document


def _derived(key: TransportKey, order_id: UUID, use: bytes) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=32, salt=order_id.bytes, info=b"groundstation-relay/1 " + use
    ).derive(key.secret)
