"""Take key files into the ledger.

Rules:
- The identity of a segment and the SHA-256 of its manifest tell a repeated import, which changes
  nothing, from another file of the same name, which is refused and alarmed.
- A file that is refused is kept beside the ledger with its reason, and stands in the audit log; it
  is still sealed there.
- Key of a satellite's pool may be used once the producer's digest is that of the key. Key that
  another ground node has, too, waits until both have compared digests.
- Reconciled key is hashed once. Its public record, with the seed, is written beside the ledger
  first: whoever holds the other copy needs it. The second node of a pair reads the first one's.
- The producer of a file knows the key in it, and so does the satellite, but for an entangled
  source: the label says so.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from groundstation.atomic import write_atomically
from groundstation.keys.errors import KeyConflictError, KeyExpiredError, KeyLedgerError
from groundstation.keys.imports.distillation import distil, plan_distillation
from groundstation.keys.imports.final_key import result_document
from groundstation.keys.imports.promise import broken_promise
from groundstation.keys.imports.reading import read_import
from groundstation.keys.imports.records import ImportedKey, Protocol, Refusal, RefusalKind
from groundstation.keys.imports.records import Segment as FileSegment
from groundstation.keys.imports.seed import Seed, draw_seed, seed_of
from groundstation.keys.imports.transport import TransportKey, comparison_digest
from groundstation.keys.ledger.records import Origin, OriginKind, Pool, Segment, TrustLabel
from groundstation.keys.operations.opening import Desk, document_text, promise_of
from groundstation.keys.operations.quarantine import quarantine_file
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

IMPORTED = "key-file"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one file.

    Parameters
    ----------
    outcome : "imported", "unchanged", "waiting" for the other node's record, or "refused"
    n_bits : taken into the ledger
    detail : a sentence; without key
    """

    file: str
    outcome: str
    segment_id: str | None
    pool: str
    n_bits: int
    stage: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Final:
    """Key that is ready for the ledger."""

    key: bytes = field(repr=False)
    n_bits: int
    digest: str
    record: dict[str, Any] | None


def import_files(
    desk: Desk, files: Iterable[Path], *, record: Path | None = None
) -> list[ImportResult]:
    """Import key files, each by itself; a refused one does not stop the others.

    Parameters
    ----------
    record : of the node that hashed the same reconciled key, for its seed
    """
    return [_import(desk, path, record) for path in files]


def _import(desk: Desk, path: Path, record: Path | None) -> ImportResult:
    found = _read(path, desk.transport_keys)
    if isinstance(found, Refusal):
        return _refused(desk, path, found)
    imported, transport_key = found
    known = desk.store.reader.document(IMPORTED, str(imported.segment.segment_id))
    if known is not None:
        return _again(desk, path, imported, known)
    final = _final(desk, imported, transport_key, record)
    if isinstance(final, Refusal):
        return _refused(desk, path, final)
    if final is None:
        peer = imported.segment.peer_station
        detail = f"{peer} hashes this key; import again with its record"
        return _result(path, "waiting", imported.segment, 0, "", detail)
    return _taken(desk, path, imported, final)


def _taken(desk: Desk, path: Path, imported: ImportedKey, final: _Final) -> ImportResult:
    if final.record is not None:
        _write_record(desk, imported.segment.segment_id, final.record)
    try:
        segment = desk.store.transact(lambda unit: _take(unit, desk, imported, final))
    except (KeyConflictError, KeyExpiredError) as error:
        return _refused(desk, path, _refusal(imported, RefusalKind.POLICY, str(error)))
    bits = segment.n_bits
    return _result(path, "imported", imported.segment, bits, segment.stage.value, "")


def _read(path: Path, keys: Iterable[TransportKey]) -> tuple[ImportedKey, TransportKey] | Refusal:
    """Open a file with the transport key that it names."""
    refusal = Refusal(RefusalKind.FOREIGN, "this node has no transport key at all")
    for key in keys:
        found = read_import(path, key)
        if isinstance(found, ImportedKey):
            return found, key
        refusal = found
        if found.kind is not RefusalKind.FOREIGN:
            break
    return refusal


def _final(
    desk: Desk, imported: ImportedKey, transport_key: TransportKey, record: Path | None
) -> _Final | Refusal | None:
    """Key of tier 1 as it is, of tier 2 hashed; None while the seed of another node is missing."""
    segment = imported.segment
    refusal = broken_promise(segment, promise_of(desk.network))
    if refusal is not None:
        return refusal
    if imported.reconciliation is not None:
        return _hashed(desk, imported, transport_key, record)
    if segment.n_bits < 8:
        return _refusal(imported, RefusalKind.NO_KEY, "it has no whole byte of key")
    return _Final(imported.key, segment.n_bits, imported.comparison_digest.hex(), None)


def _hashed(
    desk: Desk, imported: ImportedKey, transport_key: TransportKey, record: Path | None
) -> _Final | Refusal | None:
    segment, policy = imported.segment, promise_of(desk.network)
    plan = plan_distillation(imported, policy)
    if isinstance(plan, Refusal):
        return plan
    if plan.secret_bits < 8:
        return _refusal(imported, RefusalKind.NO_KEY, "it gives no whole byte of key")
    seed = _seed(desk, imported, plan.seed_bits, record)
    if not isinstance(seed, Seed):
        return seed
    made = distil(imported, policy, seed)
    if isinstance(made, Refusal):
        return made
    digest = comparison_digest(
        segment.segment_id, made.n_bits, made.key, transport_key.comparison_secret
    )
    told = {**result_document(made), "reconciled_digest": imported.comparison_digest.hex()}
    return _Final(made.key, made.n_bits, digest.hex(), told)


def _seed(
    desk: Desk, imported: ImportedKey, n_bits: int, record: Path | None
) -> Seed | Refusal | None:
    """The seed of a record, ours of a run that was cut off or another node's; else a fresh one.

    A record may have been read by others as soon as it is there: it is never replaced.
    """
    segment = imported.segment
    own = _record_path(desk, segment.segment_id)
    path = own if own.exists() else record
    if path is None:
        if segment.peer_station is not None and segment.peer_station < segment.station:
            return None
        return draw_seed(desk.randomness, n_bits)
    document = _record(path, segment.segment_id)
    seed = seed_of(document["amplification"]["seed"])
    is_same = document.get("reconciled_digest") == imported.comparison_digest.hex()
    if seed.n_bits != n_bits or not is_same:
        reason = f"the record {path.name} is of another block of this segment"
        return _refusal(imported, RefusalKind.UNBELIEVABLE, reason)
    return seed


def _record_path(desk: Desk, segment_id: UUID) -> Path:
    return Path(desk.policy.folder) / "records" / f"{segment_id}.json"


def _record(path: Path, segment_id: UUID) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KeyLedgerError(f"cannot read the record {path.name}", where=str(path)) from error
    if document.get("segment_id") != str(segment_id) or "amplification" not in document:
        raise KeyLedgerError(f"the record {path.name} is not of segment {segment_id}")
    return document


def _write_record(desk: Desk, segment_id: UUID, record: dict[str, Any]) -> None:
    path = _record_path(desk, segment_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_atomically(path, json.dumps(record, indent=2) + "\n")


def _take(unit: Unit, desk: Desk, imported: ImportedKey, final: _Final) -> Segment:
    """Into the ledger, with the note that says which file it was."""
    file = imported.segment
    pool = pool_of_file(file)
    whole = final.n_bits // 8 * 8
    now, lifetime = unit.clock().latest, desk.policy.lifetime_s
    segment = Segment(
        file.segment_id,
        pool,
        Origin(
            OriginKind.FIBRE if file.satellite is None else OriginKind.PASS,
            file.pass_id or f"{file.producer} {file.segment_id}",
        ),
        label_of_file(file),
        whole,
        final.digest,
        0.0,
        None if lifetime is None else now + lifetime,
    )
    shared = file.peer_station is not None
    owners = (pool.a, pool.b) if shared else (file.station,)
    taken = unit.import_segment(
        segment,
        final.key,
        owners,
        tail_bits=final.n_bits - whole,
        made_at=file.end.timestamp(),
    )
    if not shared:
        taken = unit.agree(file.segment_id, final.digest, file.producer)
    note = {"manifest": imported.manifest_sha256.hex(), "digest": final.digest, "tier": file.tier}
    unit.attach(Document(IMPORTED, str(file.segment_id), document_text(note)))
    return taken


def pool_of_file(file: FileSegment) -> Pool:
    """Whose key a file holds: of two ground nodes where it names a second one."""
    other = file.peer_station or file.satellite or file.producer
    return Pool(*sorted((file.station, other)))


def label_of_file(file: FileSegment) -> TrustLabel:
    """Who beside the two ends knows the key of a file."""
    names = {file.producer}
    if file.satellite is not None and file.protocol is not Protocol.BBM92:
        names.add(file.satellite)
    pool = pool_of_file(file)
    return TrustLabel((frozenset(names - {pool.a, pool.b}),), 1)


def _again(desk: Desk, path: Path, imported: ImportedKey, known: Document) -> ImportResult:
    if json.loads(known.payload)["manifest"] != imported.manifest_sha256.hex():
        return _refused(
            desk,
            path,
            _refusal(imported, RefusalKind.FORGED, "another file of this segment came before"),
        )
    state = desk.store.reader.segment(imported.segment.segment_id)
    stage = state.segment.stage.value
    return _result(path, "unchanged", imported.segment, state.segment.n_bits, stage, "")


def _refusal(imported: ImportedKey, kind: RefusalKind, reason: str) -> Refusal:
    identity = imported.segment.segment_id
    return Refusal(kind, f"segment {identity}: {reason}", identity)


def _refused(desk: Desk, path: Path, refusal: Refusal) -> ImportResult:
    quarantine_file(desk, path, refusal)
    identity = None if refusal.segment_id is None else str(refusal.segment_id)
    return ImportResult(str(path), "refused", identity, "", 0, "", refusal.reason)


def _result(
    path: Path, outcome: str, segment: FileSegment, n_bits: int, stage: str, detail: str
) -> ImportResult:
    pool = pool_of_file(segment)
    told = f"{pool.a}-{pool.b}"
    return ImportResult(str(path), outcome, str(segment.segment_id), told, n_bits, stage, detail)
