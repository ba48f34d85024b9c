"""Key-encryption keys in files, one per key, in a folder of their own.

The folder may be on another disk than the database, and should be: a copy of one is then worth
nothing without the other.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import KEK_BYTES, Kek, check_kek_id
from groundstation.keys.sealing.secret_files import destroy_secret, read_secret, write_secret


@dataclass(frozen=True, slots=True)
class FileKekProvider:
    """Files `kek-<identity>` of 32 raw bytes and mode 0600 in a folder."""

    folder: Path

    def create(self, kek_id: str) -> Kek:
        """Draw a key from the operating system and write it durably."""
        kek = Kek(kek_id, secrets.token_bytes(KEK_BYTES))
        write_secret(self._path(kek_id), kek.secret)
        return kek

    def load(self, kek_id: str) -> Kek:
        """Read a key back; refuses a file that others may reach."""
        path = self._path(kek_id)
        secret = read_secret(path)
        if len(secret) != KEK_BYTES:
            raise SealError(
                f"the key-encryption key {kek_id} has {len(secret)} bytes, {KEK_BYTES} expected",
                where=str(path),
            )
        return Kek(kek_id, secret)

    def destroy(self, kek_id: str) -> None:
        """Overwrite and remove the file."""
        destroy_secret(self._path(kek_id))

    def _path(self, kek_id: str) -> Path:
        return self.folder / f"kek-{check_kek_id(kek_id)}"
