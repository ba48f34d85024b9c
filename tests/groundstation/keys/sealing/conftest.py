"""Providers of key-encryption keys, each in a folder of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from groundstation.keys.sealing.credential_kek import CredentialKekProvider
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.sealing.passphrase_kek import PassphraseKekProvider
from groundstation.keys.sealing.pkcs11_kek import Pkcs11KekProvider

SOFTHSM = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
]


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    """A SoftHSM token; a session's tests share it because the module is loaded once."""
    module = next((path for path in SOFTHSM if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    pytest.importorskip("pkcs11")
    folder = tmp_path_factory.mktemp("token")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "ledger"]
    subprocess.run([*command, "--pin", "4711", "--so-pin", "0815"], check=True, capture_output=True)
    yield module
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(params=["file", "credential", "passphrase", "pkcs11"])
def provider(request, tmp_path):
    folder = tmp_path / "kek"
    match request.param:
        case "file":
            return FileKekProvider(folder)
        case "credential":
            credential = tmp_path / "credential"
            credential.write_bytes(bytes(range(32)))
            credential.chmod(0o600)
            return CredentialKekProvider(credential, folder)
        case "passphrase":
            # 2^10 instead of 2^17: the cost is not what is tested.
            return PassphraseKekProvider("correct horse battery", folder, log2_n=10)
        case _:
            module = request.getfixturevalue("token")
            return Pkcs11KekProvider(module, "ledger", "4711", folder)
