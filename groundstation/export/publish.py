"""Exported files into a folder, so that a reader sees the old set or the new one.

1. A set of files goes to a folder of its own, named by night and plan, which is complete before
   it gets its name and is never changed after.
2. The link `latest` moves last.
3. The same set again changes nothing.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from groundstation.atomic import write_atomically
from groundstation.errors import StateError, UsageError
from groundstation.export.files import ExportFile, safe_name
from groundstation.export_policy import PLACEHOLDERS, pattern_fault

LATEST = "latest"


def named(
    files: Sequence[ExportFile], pattern: str, *, night: str, plan_id: str
) -> dict[str, bytes]:
    """Paths inside the set's folder, from a pattern such as `{station}/{name}`.

    Raises
    ------
    UsageError
        the pattern has an unknown placeholder, leaves the folder, or gives two files one path
    """
    fault = pattern_fault(pattern)
    if fault is not None:
        raise UsageError(
            f"pattern {pattern!r}: {fault}",
            hint="use " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
        )
    paths: dict[str, bytes] = {}
    for file in files:
        parts = {
            "name": file.name,
            "night": night,
            "plan": plan_id,
            "satellite": safe_name(file.satellite or "all"),
            "station": safe_name(file.station or "all"),
            "pass": safe_name(file.pass_id or "all"),
            "suffix": file.suffix,
        }
        path = pattern.format_map(parts)
        if path in paths:
            raise UsageError(
                f"pattern {pattern!r} gives two files the name {path!r}",
                hint="add {name}, or {pass} and {suffix}",
            )
        paths[path] = file.content
    return paths


def publish(folder: Path, set_name: str, paths: dict[str, bytes]) -> tuple[Path, bool]:
    """Write a set of files and point `latest` at it; its folder, and whether anything changed.

    Raises
    ------
    StateError
        the folder cannot be written; what was published before is untouched
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kept in sorted(folder.glob(f"{set_name}*")):
            if not kept.is_symlink() and _holds(kept, paths):
                changed = _point(folder, kept.name)
                return kept, changed
        target = _stage(folder, set_name, paths)
        _point(folder, target.name)
    except OSError as error:
        raise StateError(
            f"cannot write the exported files: {error.strerror}",
            where=str(error.filename or folder),
            hint="check that the folder is writable and that the disk is not full",
        ) from error
    return target, True


def _stage(folder: Path, set_name: str, paths: dict[str, bytes]) -> Path:
    """Write into a hidden folder, then give it the first free name of the set."""
    staging = folder / f".{set_name}.{os.getpid()}"
    try:
        staging.mkdir()
        for path, content in paths.items():
            place = staging / path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, content)
        number = 1
        target = folder / set_name
        while target.exists():
            number += 1
            target = folder / f"{set_name}-{number}"
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _holds(folder: Path, paths: dict[str, bytes]) -> bool:
    """Whether a folder has exactly these files with exactly these contents."""
    there = {
        str(PurePosixPath(path.relative_to(folder))): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    return there.keys() == paths.keys() and all(
        there[name].read_bytes() == content for name, content in paths.items()
    )


def _point(folder: Path, name: str) -> bool:
    """Move `latest` in one step; False if it already points there."""
    link = folder / LATEST
    if link.is_symlink() and str(link.readlink()) == name:
        return False
    temporary = folder / f".{LATEST}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    temporary.replace(link)
    return True
