"""Key-encryption keys under a key that never leaves a PKCS#11 module.

For each key-encryption key the module makes an AES-256 key that is sensitive and cannot be
extracted, and encrypts the key-encryption key with it (AES-GCM); only that ciphertext is kept in a
file. Rotation destroys the module's key, and with it every copy of the file. PKCS #11 v2.40, OASIS
2015. Needs the extra `hsm` (python-pkcs11).
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import KEK_BYTES, Kek, check_kek_id
from groundstation.keys.sealing.secret_files import destroy_secret, read_secret, write_secret

_NONCE_BYTES = 12
_KEY_BITS = 256


@dataclass(frozen=True, slots=True)
class Pkcs11KekProvider:
    """A token of a PKCS#11 module and a folder for what it encrypted.

    Parameters
    ----------
    module : shared library of the module
    token : label of the token
    pin : user PIN; shows in no representation
    folder : where `pkcs11-<identity>` is kept, mode 0600
    """

    module: Path
    token: str
    pin: str = field(repr=False)
    folder: Path

    def create(self, kek_id: str) -> Kek:
        """Make a key in the module, and a key-encryption key that only it can open."""
        path = self._path(kek_id)
        if path.exists():
            # Before the module makes a second key of the same label.
            raise SealError(f"cannot write the secret file {path.name}: it exists already")
        secret, nonce = secrets.token_bytes(KEK_BYTES), secrets.token_bytes(_NONCE_BYTES)
        with self._session() as (pkcs11, session):
            attribute = pkcs11.Attribute
            key = session.generate_key(
                pkcs11.KeyType.AES,
                _KEY_BITS,
                label=_label(kek_id),
                store=True,
                capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
                template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
            )
            sealed = key.encrypt(
                secret,
                mechanism=pkcs11.Mechanism.AES_GCM,
                mechanism_param=pkcs11.GCMParams(nonce, kek_id.encode(), 128),
            )
        document = {"nonce": nonce.hex(), "sealed": bytes(sealed).hex()}
        write_secret(path, json.dumps(document).encode())
        return Kek(kek_id, secret)

    def load(self, kek_id: str) -> Kek:
        """Have the module open a key-encryption key."""
        path = self._path(kek_id)
        try:
            document = json.loads(read_secret(path))
            nonce, sealed = bytes.fromhex(document["nonce"]), bytes.fromhex(document["sealed"])
        except (ValueError, KeyError, TypeError) as error:
            raise SealError("the PKCS#11 file cannot be read", where=str(path)) from error
        with self._session() as (pkcs11, session):
            key = session.get_key(label=_label(kek_id))
            secret = key.decrypt(
                sealed,
                mechanism=pkcs11.Mechanism.AES_GCM,
                mechanism_param=pkcs11.GCMParams(nonce, kek_id.encode(), 128),
            )
        return Kek(kek_id, bytes(secret))

    def destroy(self, kek_id: str) -> None:
        """Destroy the module's key, then what it encrypted."""
        path = self._path(kek_id)
        with self._session() as (pkcs11, session):
            for key in list(session.get_objects({pkcs11.Attribute.LABEL: _label(kek_id)})):
                key.destroy()
        destroy_secret(path)

    def _path(self, kek_id: str) -> Path:
        return self.folder / f"pkcs11-{check_kek_id(kek_id)}"

    @contextmanager
    def _session(self) -> Iterator[tuple[Any, Any]]:
        """The library and a session that may write; errors in our own words."""
        try:
            import pkcs11  # noqa: PLC0415  an extra that few install
        except ImportError as error:
            raise SealError(
                "cannot use a PKCS#11 module: python-pkcs11 is not installed",
                hint="pip install 'qkd-groundstation[hsm]'",
            ) from error
        try:
            token = pkcs11.lib(str(self.module)).get_token(token_label=self.token)
            with token.open(user_pin=self.pin, rw=True) as session:
                yield pkcs11, session
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            reason = str(error) or type(error).__name__
            raise SealError(
                f"the PKCS#11 token {self.token!r} refuses: {reason}",
                where=str(self.module),
                hint="check the module, the token's label and the PIN",
            ) from error


def _label(kek_id: str) -> str:
    return f"qkd-kek-{kek_id}"
