"""Keep a key file that was refused, with its reason, beside the ledger; it is still sealed."""

import shutil
import stat
from hashlib import sha256
from pathlib import Path

from groundstation.keys.imports.container import NAMES, Limits
from groundstation.keys.imports.records import Refusal, RefusalKind
from groundstation.keys.operations.opening import Desk, document_text
from groundstation.keys.store.documents import Document
from groundstation.keys.store.unit import Unit

QUARANTINED = "key-file-refused"


def quarantine_file(desk: Desk, path: Path, refusal: Refusal) -> None:
    """Copy the file, note the reason; the same file again is kept once."""
    name, kept = _keep(path, Path(desk.policy.folder) / "quarantine")
    payload = {
        "file": path.name[:200],
        "kind": refusal.kind.value,
        "reason": refusal.reason,
        "kept_as": kept,
    }

    def note(unit: Unit) -> None:
        if unit.document(QUARANTINED, name) is None:
            unit.attach(Document(QUARANTINED, name, document_text(payload)))
            unit.audit("import-refused", payload)
            if refusal.kind in {RefusalKind.FORGED, RefusalKind.UNCORRECTED}:
                unit.audit("alarm", {"message": f"key file {path.name[:200]}: {refusal.reason}"})

    desk.store.transact(note)


def _keep(path: Path, folder: Path) -> tuple[str, str | None]:
    """Copy a file into the quarantine under its digest; its name there, None if too long."""
    limits = Limits()
    parts = [path / name for name in NAMES] if path.is_dir() else [path]
    contents: list[tuple[str, bytes]] = []
    for part in parts:
        if not part.is_symlink() and part.is_file() and stat.S_ISREG(part.stat().st_mode):
            with part.open("rb") as file:
                contents.append((part.name, file.read(limits.key_bytes + 1)))
    name = sha256(b"".join(text.encode() + b"\0" + body for text, body in contents)).hexdigest()
    if any(len(body) > limits.key_bytes for _, body in contents):
        return name, None
    target = folder / name[:32]
    if not target.exists():
        staging = folder / f".{name[:32]}.tmp"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, mode=0o700)
        for text, body in contents:
            (staging / text).write_bytes(body)
        staging.rename(target)
    return name, target.name
