"""Key-encryption keys derived from a passphrase by scrypt, for laboratories.

scrypt: RFC 7914. Salt and cost of each key are kept in a file that rotation destroys: without its
salt a key cannot be made again, even by somebody who learns the passphrase later.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.kek import KEK_BYTES, Kek, check_kek_id
from groundstation.keys.sealing.secret_files import destroy_secret, read_secret, write_secret

_SALT_BYTES = 32
_SHORTEST = 12
_R, _P = 8, 1
# 2^17 needs 128 MiB; beyond 2^22 (4 GiB) a file that was tampered with could exhaust the machine.
_LOG2_N = range(10, 23)


@dataclass(frozen=True, slots=True)
class PassphraseKekProvider:
    """A passphrase and a folder for the salts.

    Parameters
    ----------
    passphrase : 12 characters or more; shows in no representation
    folder : where `scrypt-<identity>` is kept, mode 0600
    log2_n : cost of keys made from now on; memory is 1 KiB times 2^log2_n
    """

    passphrase: str = field(repr=False)
    folder: Path
    log2_n: int = 17

    def create(self, kek_id: str) -> Kek:
        """Draw a salt, keep it durably with the cost, and derive the key."""
        if len(self.passphrase) < _SHORTEST:
            raise SealError(
                f"the passphrase has {len(self.passphrase)} characters, "
                f"{_SHORTEST} are the least that is taken"
            )
        salt = secrets.token_bytes(_SALT_BYTES)
        kek = self._derive(kek_id, salt, self.log2_n)
        document = {"kdf": "scrypt", "salt": salt.hex(), "log2_n": self.log2_n, "r": _R, "p": _P}
        write_secret(self._path(kek_id), json.dumps(document).encode())
        return kek

    def load(self, kek_id: str) -> Kek:
        """Derive a key again from the passphrase, its salt and its cost.

        A wrong passphrase gives a wrong key; the first unwrapping with it says so.
        """
        path = self._path(kek_id)
        try:
            document = json.loads(read_secret(path))
            salt, log2_n = bytes.fromhex(document["salt"]), int(document["log2_n"])
            known = (document["kdf"], document["r"], document["p"]) == ("scrypt", _R, _P)
        except (ValueError, KeyError, TypeError) as error:
            raise SealError("the scrypt file cannot be read", where=str(path)) from error
        if not known:
            raise SealError("the scrypt file has parameters that are not ours", where=str(path))
        return self._derive(kek_id, salt, log2_n)

    def destroy(self, kek_id: str) -> None:
        """Overwrite and remove salt and cost."""
        destroy_secret(self._path(kek_id))

    def _path(self, kek_id: str) -> Path:
        return self.folder / f"scrypt-{check_kek_id(kek_id)}"

    def _derive(self, kek_id: str, salt: bytes, log2_n: int) -> Kek:
        if log2_n not in _LOG2_N:
            raise SealError(
                f"scrypt cost 2^{log2_n} is outside 2^{_LOG2_N.start} to 2^{_LOG2_N.stop - 1}"
            )
        scrypt = Scrypt(salt=salt, length=KEK_BYTES, n=1 << log2_n, r=_R, p=_P)
        return Kek(kek_id, scrypt.derive(self.passphrase.encode()))
