"""Change the key-encryption key so that what was consumed is gone for good.

The order makes every crash harmless: the new key's identity is on record before the key exists;
everything is wrapped anew in one transaction; the old key is destroyed after that is durable. A key
that is on record and not current is destroyed when the ledger is next opened.
"""

from dataclasses import dataclass
from uuid import UUID

from groundstation.keys.ledger.records import Extent
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import Kek, unwrap, wrap
from groundstation.keys.store.apply import Applier
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: lanes wrapped anew, chunks sealed anew, lanes whose key did not open."""

    kek_id: str
    lanes: int
    chunks: int
    damaged: int


def rewrap(unit: Unit, applier: Applier, new_kek: Kek) -> Rotation:
    """Wrap every secret and every live chain key under a new key, as one unit."""
    connection, vault = applier.connection, applier.vault
    applier.has_written = True
    for name, wrapped in connection.execute("SELECT name, wrapped FROM secret").fetchall():
        connection.execute(
            "UPDATE secret SET wrapped = ? WHERE name = ?",
            (wrap(new_kek, unwrap(vault.kek, wrapped)), name),
        )
    chunks, damaged = 0, []
    lanes = connection.execute(
        "SELECT DISTINCT lane_no, segment_id, idx FROM ratchet JOIN lane USING (lane_no)"
        " ORDER BY lane_no"
    ).fetchall()
    for lane_no, segment_id, index in lanes:
        place = (UUID(bytes=segment_id), index)
        try:
            chunks += _rewrap_lane(applier, lane_no, place, new_kek)
        except SealError as error:
            damaged.append((lane_no, place, str(error)))
    connection.execute("UPDATE kek SET state = 'retired' WHERE state = 'current'")
    connection.execute("UPDATE kek SET state = 'current' WHERE kek_id = ?", (new_kek.kek_id,))
    vault.forget()
    vault.kek = new_kek
    for lane_no, place, reason in damaged:
        _give_up(unit, applier, lane_no, place, reason)
    done = Rotation(new_kek.kek_id, len(lanes), chunks, len(damaged))
    unit.audit(
        "rotate",
        {"kek": done.kek_id, "lanes": done.lanes, "chunks": chunks, "damaged": done.damaged},
    )
    return done


def _rewrap_lane(applier: Applier, lane_no: int, place: tuple[UUID, int], new_kek: Kek) -> int:
    held, lane = applier.view.held(place[0]), applier.view.lane(*place)
    if held is None or lane is None:
        raise StoreError(f"lane {place[1]} of segment {place[0]} has no row")
    return applier.vault.seal_anew(held, lane_no, lane, new_kek)


def _give_up(
    unit: Unit, applier: Applier, lane_no: int, place: tuple[UUID, int], reason: str
) -> None:
    """Quarantine a segment of which a lane does not open, and burn what was reserved of the lane.

    Its chunks go: after the rotation nobody could open them, whatever was wrong with them.
    """
    segment_id, index = place
    applier.vault.drop(lane_no)
    for lane in applier.view.lanes(segment_id):
        unit.quarantine(Extent(segment_id, lane.index, 0, lane.n_bits), reason)
    for allocation in list(applier.view.reserved()):
        if any((e.segment_id, e.lane) == (segment_id, index) for e in allocation.extents):
            unit.burn(allocation.allocation_id, reason)
