"""The anchor: one JSON line that, kept elsewhere, shows a ledger that was cut or put back.

The line names the end of the audit log (number and MAC) and, for every lane ever imported, the
first bit from which on all is unused. Nothing in it is secret.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from groundstation.keys.ledger.views import Mark
from groundstation.keys.store.audit import AuditRow
from groundstation.keys.store.errors import StoreError
from groundstation.keys.store.queries import Reader

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a store's audit log at a moment, with the marks of all its lanes."""

    store_id: str
    node: str
    seq: int
    mac: bytes
    wall_us: int
    marks: tuple[Mark, ...]


def anchor_of(reader: Reader) -> Anchor:
    """The anchor of a ledger as it is now.

    The marks are read first: what is allocated between the two readings is then in the log's end
    or in neither, and a mark never claims more than the log.
    """
    marks = reader.marks()
    end: AuditRow = reader.end_of_audit()
    return Anchor(reader.store_id(), reader.node(), end.seq, end.mac, end.wall_us, marks)


def anchor_line(anchor: Anchor) -> str:
    """One line of JSON without its line feed."""
    document: dict[str, Any] = {
        "anchor": _VERSION,
        "store": anchor.store_id,
        "node": anchor.node,
        "seq": anchor.seq,
        "mac": anchor.mac.hex(),
        "wall_us": anchor.wall_us,
        "marks": [[str(mark.segment_id), mark.lane, mark.stop] for mark in anchor.marks],
    }
    return json.dumps(document, separators=(",", ":"))


def read_anchor(line: str) -> Anchor:
    """An anchor from its line.

    Raises
    ------
    StoreError
        the line is no anchor
    """
    try:
        document = json.loads(line)
        if document["anchor"] != _VERSION:
            raise StoreError(f"cannot read an anchor of version {document['anchor']!r}")
        marks = tuple(
            Mark(UUID(name), int(lane), int(stop)) for name, lane, stop in document["marks"]
        )
        return Anchor(
            str(document["store"]),
            str(document["node"]),
            int(document["seq"]),
            bytes.fromhex(document["mac"]),
            int(document["wall_us"]),
            marks,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"cannot read an anchor from {line[:40]!r}") from error
