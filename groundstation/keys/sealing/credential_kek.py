"""Key-encryption keys derived from a credential that systemd hands to the service.

systemd puts credentials into a folder in memory named by $CREDENTIALS_DIRECTORY (systemd.exec(5),
LoadCredentialEncrypted=) and this program cannot change them. So that rotation erases all the
same, each key is HKDF-SHA256 (RFC 5869) of the credential with a random salt of its own, kept in a
file that rotation destroys: without its salt a key cannot be made again from the credential.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import KEK_BYTES, Kek, check_kek_id
from groundstation.keys.sealing.secret_files import destroy_secret, read_secret, write_secret

DIRECTORY_VARIABLE = "CREDENTIALS_DIRECTORY"
_SALT_BYTES = 32
_SHORTEST = 32


@dataclass(frozen=True, slots=True)
class CredentialKekProvider:
    """A credential's file and a folder for the salts.

    Parameters
    ----------
    credential : file with at least 32 bytes from a good generator
    folder : where the salts `salt-<identity>` are kept, mode 0600
    """

    credential: Path
    folder: Path

    def create(self, kek_id: str) -> Kek:
        """Draw a salt, keep it durably, and derive the key."""
        salt = secrets.token_bytes(_SALT_BYTES)
        kek = self._derive(kek_id, salt)
        write_secret(self._path(kek_id), salt)
        return kek

    def load(self, kek_id: str) -> Kek:
        """Derive a key again from the credential and its salt."""
        salt = read_secret(self._path(kek_id))
        if len(salt) != _SALT_BYTES:
            raise SealError(
                f"the salt of {kek_id} has {len(salt)} bytes, {_SALT_BYTES} expected",
                where=str(self._path(kek_id)),
            )
        return self._derive(kek_id, salt)

    def destroy(self, kek_id: str) -> None:
        """Overwrite and remove the salt."""
        destroy_secret(self._path(kek_id))

    def _path(self, kek_id: str) -> Path:
        return self.folder / f"salt-{check_kek_id(kek_id)}"

    def _derive(self, kek_id: str, salt: bytes) -> Kek:
        material = read_secret(self.credential)
        if len(material) < _SHORTEST:
            raise SealError(
                f"the credential {self.credential.name} has {len(material)} bytes, "
                f"at least {_SHORTEST} are needed",
                where=str(self.credential.parent),
                hint="make one with `head -c 32 /dev/urandom | systemd-creds encrypt - FILE`",
            )
        info = b"qkd-groundstation credential 1" + kek_id.encode()
        return Kek(kek_id, HKDF(SHA256(), KEK_BYTES, salt, info).derive(material))


def systemd_credential(
    environment: Mapping[str, str], name: str, folder: Path
) -> CredentialKekProvider:
    """The provider for a credential of the running service.

    Raises
    ------
    SealError
        the service has no credentials
    """
    directory = environment.get(DIRECTORY_VARIABLE)
    if not directory:
        raise SealError(
            f"cannot find the credential {name!r}: ${DIRECTORY_VARIABLE} is not set",
            hint="run as a systemd service with LoadCredentialEncrypted=, or use another provider",
        )
    return CredentialKekProvider(Path(directory) / name, folder)
