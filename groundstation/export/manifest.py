"""What a set of exported files holds: plan, instant, and the SHA-256 of every file."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from groundstation.errors import StateError
from groundstation.instants import utc_instant, utc_text

SCHEMA = "export/1"
MANIFEST = "manifest.json"


def manifest(paths: Mapping[str, bytes], *, night: str, plan_id: str, created: datetime) -> bytes:
    """The manifest of a set of files."""
    document = {
        "schema": SCHEMA,
        "night": night,
        "plan_id": plan_id,
        "created_utc": utc_text(created),
        "files": {
            name: {"bytes": len(paths[name]), "sha256": hashlib.sha256(paths[name]).hexdigest()}
            for name in sorted(paths)
        },
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def created_before(folder: Path, set_name: str) -> datetime | None:
    """When the set that `latest` shows was made, if it is the one of this night and plan.

    The same plan exported again keeps that instant, so that its files are the same.

    Raises
    ------
    StateError
        the manifest cannot be read
    """
    latest = folder / "latest"
    path = latest / MANIFEST
    if not latest.is_symlink() or not path.is_file():
        return None
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if f"{document['night']}-{document['plan_id']}" != set_name:
            return None
        return utc_instant(document["created_utc"])
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"the manifest of the files exported before is damaged: {error}",
            where=str(path),
            hint="move that folder away and export again",
        ) from error
