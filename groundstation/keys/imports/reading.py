"""From a file of somebody else to key that may be believed, or to the reason why not.

Rules:
- Nothing of the manifest is believed before the producer's MAC is checked; until then it only says
  which key to check with.
- Every check has its own sentence. None of them holds key, and none depends on key but by whether
  it is authentic.
- A refusal is a result, not an error: the caller puts file and reason into quarantine.
"""

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from groundstation.keys.amplification.bit_order import bytes_needed, check_packed
from groundstation.keys.amplification.errors import AmplificationError
from groundstation.keys.imports.canonical import canonical_json
from groundstation.keys.imports.container import Contents, Limits, TornFileError, read_contents
from groundstation.keys.imports.errors import KeyImportError
from groundstation.keys.imports.manifest import (
    ManifestFaultsError,
    key_bits_counted,
    parse_manifest,
    reconciliation_of,
    segment_of,
)
from groundstation.keys.imports.manifest_model import Manifest
from groundstation.keys.imports.plausibility import implausibility
from groundstation.keys.imports.records import ImportedKey, Refusal, RefusalKind
from groundstation.keys.imports.transport import (
    GCM_TAG_BYTES,
    TransportKey,
    comparison_digest,
    producer_mac,
    unseal,
)


def read_import(
    path: Path, transport_key: TransportKey, *, limits: Limits | None = None
) -> ImportedKey | Refusal:
    """Open and check a key file.

    Parameters
    ----------
    path : directory or zip archive with manifest.json and key.bin
    transport_key : of the station that reads
    limits : on what is read; default 64 KiB of manifest and 64 MiB of key

    Raises
    ------
    KeyImportError : the file cannot be opened, which says nothing about its content
    """
    try:
        contents = read_contents(path, limits or Limits())
    except TornFileError as error:
        return Refusal(RefusalKind.TORN, f"key file is torn: {error}")
    try:
        document, manifest = parse_manifest(contents.manifest)
        canonical = canonical_json(document)
    except (ManifestFaultsError, KeyImportError) as error:
        return Refusal(RefusalKind.MALFORMED, f"manifest.json is refused: {error}")
    refusal = _foreign(manifest, transport_key) or _forged(
        contents, document, manifest, transport_key
    )
    if refusal is not None:
        return refusal
    key = unseal(contents.ciphertext, document, transport_key)
    if key is None:
        return _refused(manifest, RefusalKind.FORGED, "key.bin does not open with this manifest")
    return _believed(key, manifest, transport_key) or ImportedKey(
        segment=segment_of(manifest),
        key=key,
        reconciliation=reconciliation_of(manifest),
        comparison_digest=bytes.fromhex(manifest.comparison_digest),
        ciphertext_sha256=sha256(contents.ciphertext).digest(),
        manifest_sha256=sha256(canonical).digest(),
    )


def _foreign(manifest: Manifest, transport_key: TransportKey) -> Refusal | None:
    named = manifest.transport.key_id
    if named != transport_key.key_id:
        return _refused(
            manifest,
            RefusalKind.FOREIGN,
            f"it is sealed under transport key '{named}', not '{transport_key.key_id}'",
        )
    if manifest.station != transport_key.station:
        return _refused(
            manifest,
            RefusalKind.FOREIGN,
            f"it is for station '{manifest.station}', not '{transport_key.station}'",
        )
    return None


def _forged(
    contents: Contents, document: dict[str, Any], manifest: Manifest, transport_key: TransportKey
) -> Refusal | None:
    mac = bytes.fromhex(manifest.producer_mac)
    if not hmac.compare_digest(mac, producer_mac(document, transport_key)):
        return _refused(
            manifest, RefusalKind.FORGED, "the producer's MAC does not fit manifest.json"
        )
    length, expected = len(contents.ciphertext), bytes_needed(manifest.n_bits) + GCM_TAG_BYTES
    if length != expected:
        return _refused(manifest, RefusalKind.TORN, f"key.bin has {length} bytes, not {expected}")
    if sha256(contents.ciphertext).hexdigest() != manifest.ciphertext_sha256:
        return _refused(
            manifest, RefusalKind.FORGED, "key.bin is not the one that manifest.json describes"
        )
    return None


def _believed(key: bytes, manifest: Manifest, transport_key: TransportKey) -> Refusal | None:
    """What an authentic file may still have wrong, because its producer had."""
    try:
        check_packed(key, manifest.n_bits)
    except AmplificationError as error:
        return _refused(manifest, RefusalKind.UNBELIEVABLE, f"key.bin is no bit string: {error}")
    digest = comparison_digest(
        UUID(manifest.segment_id), manifest.n_bits, key, transport_key.comparison_secret
    )
    if not hmac.compare_digest(digest, bytes.fromhex(manifest.comparison_digest)):
        return _refused(
            manifest, RefusalKind.UNBELIEVABLE, "comparison_digest is not that of the key"
        )
    counted = key_bits_counted(manifest)
    if counted is not None and counted != manifest.n_bits:
        return _refused(
            manifest,
            RefusalKind.UNBELIEVABLE,
            f"the key has {manifest.n_bits} bits, its tallies count {counted}",
        )
    block = reconciliation_of(manifest)
    doubt = None if block is None else implausibility(block)
    return None if doubt is None else _refused(manifest, RefusalKind.UNBELIEVABLE, doubt)


def _refused(manifest: Manifest, kind: RefusalKind, reason: str) -> Refusal:
    return Refusal(kind, f"segment {manifest.segment_id}: {reason}", UUID(manifest.segment_id))
