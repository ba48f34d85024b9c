"""The two files of a key file, out of a directory or a zip archive, within limits.

Nothing is unpacked to disk and no name inside an archive is used as a path, so that an archive can
neither write elsewhere nor fill the disk; what is read is limited before it is read.
"""

import io
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from groundstation.keys.imports.errors import KeyImportError

MANIFEST_NAME = "manifest.json"
KEY_NAME = "key.bin"
NAMES = (MANIFEST_NAME, KEY_NAME)
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED_FLAG = 0x1
# Two members take some 300 bytes beside their content.
_ARCHIVE_OVERHEAD = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest files that are read [bytes]; 64 MiB of key are five hundred passes of 1 Mbit."""

    manifest_bytes: int = 65_536
    key_bytes: int = 2**26

    def of(self, name: str) -> int:
        """Of one of the two files."""
        return self.manifest_bytes if name == MANIFEST_NAME else self.key_bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """Both files as they are, unchecked."""

    manifest: bytes
    ciphertext: bytes


class TornFileError(ValueError):
    """Not a key file, or a part of one only; the message says what is missing or too much."""


def read_contents(path: Path, limits: Limits) -> Contents:
    """Both files of a key file.

    Raises
    ------
    TornFileError : incomplete, or with something that a key file does not hold
    KeyImportError : cannot be opened at all, which says nothing about it
    """
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return _from_directory(path, limits)
        if stat.S_ISREG(mode):
            return _from_archive(path, limits)
    except OSError as error:
        raise KeyImportError(
            f"cannot read key file {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
        ) from error
    raise TornFileError("it is neither a directory nor a regular file")


def _from_directory(path: Path, limits: Limits) -> Contents:
    found = sorted(entry.name for entry in path.iterdir())
    _check_names(found)
    return Contents(*(_read_file(path / name, limits.of(name)) for name in NAMES))


def _check_names(found: list[str]) -> None:
    for name in NAMES:
        if found.count(name) > 1:
            raise TornFileError(f"it holds {name} {found.count(name)} times")
        if name not in found:
            raise TornFileError(f"{name} is missing")
    extra = [name for name in found if name not in NAMES]
    if extra:
        raise TornFileError(f"it holds {extra[0][:80]!r}, which is no part of a key file")


def _read_file(path: Path, limit: int) -> bytes:
    # A link could point anywhere, and opening a pipe would wait for ever.
    if not stat.S_ISREG(path.lstat().st_mode):
        raise TornFileError(f"{path.name} is not a regular file")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise TornFileError(f"{path.name} is longer than {limit} bytes")
    return content


def _from_archive(path: Path, limits: Limits) -> Contents:
    content = _read_file(path, limits.manifest_bytes + limits.key_bytes + _ARCHIVE_OVERHEAD)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_names([member.filename for member in archive.infolist()])
            return Contents(*(_read_member(archive, name, limits.of(name)) for name in NAMES))
    except TornFileError:
        raise
    # A damaged archive shows in many ways, depending on which byte is wrong; as it is in memory,
    # an OSError is its own, too.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise TornFileError(f"it is not a whole zip archive ({error})") from error


def _read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    member = archive.getinfo(name)
    if member.flag_bits & _ENCRYPTED_FLAG or member.compress_type not in _PLAIN:
        raise TornFileError(f"{name} is encrypted or packed in a way that is not read")
    if member.file_size > limit:
        raise TornFileError(f"{name} is longer than {limit} bytes")
    with archive.open(member) as file:
        content = file.read(limit + 1)
    if len(content) != member.file_size:
        raise TornFileError(f"{name} has {len(content)} bytes, not {member.file_size}")
    return content
