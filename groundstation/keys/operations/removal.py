"""Take key out of use: expire what is due, purge on two persons' word."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from groundstation.keys.errors import KeyCustodyError
from groundstation.keys.operations.opening import Desk
from groundstation.keys.sealing.secret_files import read_secret
from groundstation.keys.store.queries import Reader
from groundstation.keys_policy import PersonPolicy


@dataclass(frozen=True, slots=True)
class Removal:
    """Key of a segment that is, or would be, taken out of use."""

    segment_id: str
    pool: str
    n_bits: int
    reason: str


def due(reader: Reader, now: float) -> list[Removal]:
    """Segments whose unspent key has expired."""
    found = []
    for segment in reader.segments():
        if segment.expires_at is None or segment.expires_at > now:
            continue
        if bits := unspent_bits(reader, segment.segment_id):
            pool = f"{segment.pool.a}-{segment.pool.b}"
            found.append(Removal(str(segment.segment_id), pool, bits, "expired"))
    return found


def unspent_bits(reader: Reader, segment_id: UUID) -> int:
    """Bits of a segment that are available or in quarantine."""
    lanes = reader.segment(segment_id).lanes
    return sum(lane.totals.available + lane.totals.quarantined for lane in lanes)


def purgeable(reader: Reader, segment_id: UUID, reason: str) -> Removal:
    """What a purge of a segment would burn; KeyUnknownError if there is none."""
    state = reader.segment(segment_id)
    bits = sum(
        lane.totals.available + lane.totals.quarantined + lane.totals.reserved
        for lane in state.lanes
    )
    pool = f"{state.segment.pool.a}-{state.segment.pool.b}"
    return Removal(str(segment_id), pool, bits, reason)


def purge(desk: Desk, segment_id: UUID, persons: tuple[str, ...], reason: str) -> Removal:
    """Burn all of a segment that is not spent, on the word of two persons."""
    planned = purgeable(desk.store.reader, segment_id, reason)
    desk.store.purge(segment_id, persons, reason)
    return planned


def persons_of(persons: Iterable[PersonPolicy], token_files: Iterable[Path]) -> tuple[str, ...]:
    """Whose token files these are.

    Raises
    ------
    KeyCustodyError
        A file is nobody's token, or they are not of two different persons.
    """
    known = tuple(persons)
    found: dict[str, None] = {}
    for path in token_files:
        digest = sha256(read_secret(path)).hexdigest()
        owner = [p.name for p in known if hmac.compare_digest(p.token_sha256, digest)]
        if not owner:
            raise KeyCustodyError(f"{path.name} is the token of nobody who may agree to a purge")
        found[owner[0]] = None
    if len(found) < 2:
        raise KeyCustodyError(
            f"purging key: the tokens are of {len(found)} of 2 different persons",
            hint="give --token FILE twice; [[keys.persons]] says who may",
        )
    return tuple(found)
