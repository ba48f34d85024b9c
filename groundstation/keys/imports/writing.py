"""Key files as a producer writes them: sealed, authenticated, whole or not at all."""

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from groundstation.atomic import write_atomically
from groundstation.instants import utc_text
from groundstation.keys.amplification.bit_order import check_packed
from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.imports.container import KEY_NAME, MANIFEST_NAME, Contents
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.manifest import ManifestFaultsError, parse_manifest
from groundstation.keys.imports.manifest_model import SCHEMA
from groundstation.keys.imports.records import Reconciliation, Segment
from groundstation.keys.imports.transport import (
    NONCE_BYTES,
    TransportKey,
    comparison_digest,
    producer_mac,
    seal,
)
from passes.key.bbm92.proof import Bbm92Counts
from passes.key.one_decoy.proof import OneDecoyCounts


def sealed_contents(
    segment: Segment,
    key: bytes,
    reconciliation: Reconciliation | None,
    transport_key: TransportKey,
    *,
    random_bytes: Callable[[int], bytes],
) -> Contents:
    """Manifest and sealed key.

    Parameters
    ----------
    segment, reconciliation : what the file says; a reconciliation for tier 2 and only there
    key : `segment.n_bits` bits, most significant first
    transport_key : of the station that shall read it
    random_bytes : for the nonce

    Raises
    ------
    KeyImportError : records that make no valid manifest
    """
    check_packed(key, segment.n_bits)
    if segment.station != transport_key.station:
        raise KeyImportError(
            f"segment {segment.segment_id} is for station '{segment.station}', "
            f"transport key '{transport_key.key_id}' for '{transport_key.station}'"
        )
    document = _document(segment, reconciliation)
    document["transport"] = {
        "key_id": transport_key.key_id,
        "nonce": random_bytes(NONCE_BYTES).hex(),
    }
    document["comparison_digest"] = comparison_digest(
        segment.segment_id, segment.n_bits, key, transport_key.comparison_secret
    ).hex()
    ciphertext = seal(key, document, transport_key)
    document["ciphertext_sha256"] = sha256(ciphertext).hexdigest()
    document["producer_mac"] = producer_mac(document, transport_key).hex()
    raw = canonical_json(document)
    try:
        parse_manifest(raw)
    except ManifestFaultsError as error:
        raise KeyImportError(f"segment {segment.segment_id} makes no manifest: {error}") from error
    return Contents(raw, ciphertext)


def write_archive(path: Path, contents: Contents) -> None:
    """A key file as a zip archive, in one step; the content does not depend on the clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ((MANIFEST_NAME, contents.manifest), (KEY_NAME, contents.ciphertext)):
            archive.writestr(zipfile.ZipInfo(name), content)
    write_atomically(path, buffer.getvalue())


def write_directory(path: Path, contents: Contents) -> None:
    """A key file as a directory that appears whole; an existing one is not replaced."""
    if path.exists():
        raise KeyImportError(f"key file {path.name} exists already", where=str(path.parent))
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            write_atomically(folder / MANIFEST_NAME, contents.manifest)
            write_atomically(folder / KEY_NAME, contents.ciphertext)
            folder.chmod(0o755)
            folder.rename(path)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _sync(path.parent)
    except OSError as error:
        raise KeyImportError(
            f"cannot write key file {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _document(segment: Segment, reconciliation: Reconciliation | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tier": segment.tier,
        "segment_id": str(segment.segment_id),
        "producer": segment.producer,
        "station": segment.station,
        "peer_station": segment.peer_station,
        "satellite": segment.satellite,
        "pass_id": segment.pass_id,
        "start": utc_text(segment.start),
        "end": utc_text(segment.end),
        "protocol": segment.protocol.value,
        "n_bits": segment.n_bits,
        "epsilon": {
            "secrecy": segment.epsilon_secrecy,
            "correctness": segment.epsilon_correctness,
        },
    }
    if reconciliation is not None:
        document["reconciliation"] = _reconciliation(reconciliation)
    return document


def _reconciliation(block: Reconciliation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "pulses": block.pulses,
        "selection": block.selection.value,
        "tallies": _tallies(block),
        "leak_ec_bits": list(block.leak_ec_bits),
        "verification": [
            {"point": f"{point:016x}", "tag": f"{tag:016x}"}
            for point, tag in zip(block.points, block.tags, strict=True)
        ],
    }
    if block.source is not None:
        document["source"] = _source(block.source)
    return document


def _source(source: Any) -> dict[str, Any]:
    names = ("pulse_rate_hz", "key_basis_probability")
    lists = ("intensities", "probabilities")
    return {name: float(getattr(source, name)) for name in names} | {
        name: [float(value) for value in getattr(source, name)] for name in lists
    }


def _tallies(block: Reconciliation) -> dict[str, Any]:
    counts = block.counts
    if isinstance(counts, Bbm92Counts):
        n_x, n_z = _whole(counts.sifted)
        return {
            "n_x": n_x,
            "n_z": n_z,
            "errors": _whole(counts.errors),
            "detector_mismatch": float(counts.detector_mismatch),
        }
    key, test = _whole(counts.key), _whole(counts.test)
    key_errors: Any = (
        _whole(counts.key_errors)
        if isinstance(counts, OneDecoyCounts)
        else _whole([counts.key_errors])[0]
    )
    return {
        "n_x": sum(key),
        "n_z": sum(test),
        "key": key,
        "test": test,
        "key_errors": key_errors,
        "test_errors": _whole(counts.test_errors),
    }


def _whole(values: Any) -> list[int]:
    """Counts as whole numbers; half an error was never observed."""
    counts = [int(value) for value in values]
    if any(count != value for count, value in zip(counts, values, strict=True)):
        raise KeyImportError("tallies hold a count that is not whole: expected, not observed")
    return counts
