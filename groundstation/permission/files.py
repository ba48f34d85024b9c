"""Permission files as they lie on this machine, read without ever failing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from glob import has_magic
from pathlib import Path

from groundstation.permission.evaluate import Links, wanted_paths
from groundstation.permission.records import ABSENT, PermissionDocument, PermissionRule


def read_permission_files(
    folder: Path, rules: Sequence[PermissionRule], links: Links
) -> tuple[PermissionDocument, ...]:
    """Every file that the rules name for some link; one that cannot be read says why."""
    return tuple(_document(folder, path) for path in sorted(wanted_paths(rules, links)))


def read_avoid_files(folder: Path, patterns: Sequence[str]) -> tuple[PermissionDocument, ...]:
    """Every avoid list that patterns like avoid/*.csv name; one named in full may be absent."""
    paths: set[str] = set()
    for pattern in patterns:
        if has_magic(pattern):
            paths |= {path.relative_to(folder).as_posix() for path in folder.glob(pattern)}
        else:
            paths.add(pattern)
    return tuple(_document(folder, path) for path in sorted(paths))


def _document(folder: Path, path: str) -> PermissionDocument:
    file = folder / path
    try:
        # The date before the bytes: a file that is replaced in between looks older, never fresher.
        dated = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
        return PermissionDocument(path, file.read_bytes(), dated)
    except FileNotFoundError:
        return PermissionDocument(path, None, None, ABSENT)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return PermissionDocument(path, None, None, f"cannot be read: {reason}")
