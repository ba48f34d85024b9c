"""What every place for key-encryption keys keeps, and what each refuses."""

import os
import secrets
import stat

import pytest

from groundstation.keys.sealing.credential_kek import CredentialKekProvider, systemd_credential
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.sealing.kek import Kek, new_kek_id, unwrap, wrap
from groundstation.keys.sealing.passphrase_kek import PassphraseKekProvider
from groundstation.keys.sealing.pkcs11_kek import Pkcs11KekProvider


def files_of(folder):
    return sorted(folder.iterdir())


def test_a_key_comes_back_as_it_was_made(provider):
    kek = provider.create(new_kek_id())
    assert len(kek.secret) == 32
    assert provider.load(kek.kek_id) == kek


def test_two_keys_are_never_the_same(provider):
    assert provider.create(new_kek_id()).secret != provider.create(new_kek_id()).secret


def test_a_destroyed_key_is_gone_and_may_be_destroyed_again(provider):
    kek, other = provider.create(new_kek_id()), provider.create(new_kek_id())
    provider.destroy(kek.kek_id)
    provider.destroy(kek.kek_id)
    with pytest.raises(SealError):
        provider.load(kek.kek_id)
    assert provider.load(other.kek_id) == other


def test_an_identity_is_used_once(provider):
    kek = provider.create(new_kek_id())
    with pytest.raises(SealError, match="cannot write the secret file"):
        provider.create(kek.kek_id)
    assert provider.load(kek.kek_id) == kek


def test_an_identity_is_no_path(provider):
    for name in ("../../etc/passwd", "", "0" * 31, "G" * 32):
        with pytest.raises(SealError, match="names no key-encryption key"):
            provider.load(name)


def test_files_are_for_their_owner_alone_whatever_the_umask(provider):
    before = os.umask(0)
    try:
        provider.create(new_kek_id())
    finally:
        os.umask(before)
    (path,) = files_of(provider.folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_file_that_others_can_reach_is_refused(provider, mode):
    kek = provider.create(new_kek_id())
    (path,) = files_of(provider.folder)
    path.chmod(mode)
    with pytest.raises(SealError, match=f"has mode {mode:04o}"):
        provider.load(kek.kek_id)


def test_a_link_is_no_key_file(provider, tmp_path):
    kek = provider.create(new_kek_id())
    (path,) = files_of(provider.folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SealError, match="cannot read the secret file"):
        provider.load(kek.kek_id)


def test_the_secret_shows_in_no_representation(provider):
    kek = provider.create(new_kek_id())
    shown = repr(kek) + str(kek) + repr(provider)
    assert kek.secret.hex() not in shown
    assert repr(kek.secret) not in shown
    assert "battery" not in shown
    assert "4711" not in shown


def test_destroying_overwrites_before_it_removes(tmp_path):
    provider = FileKekProvider(tmp_path)
    kek = provider.create(new_kek_id())
    (path,) = files_of(tmp_path)
    # A second name for the same blocks shows what was done to them.
    os.link(path, tmp_path / "second name")
    provider.destroy(kek.kek_id)
    assert (tmp_path / "second name").read_bytes() == bytes(32)


def test_a_key_file_of_another_length_is_refused(tmp_path):
    provider = FileKekProvider(tmp_path)
    kek = provider.create(new_kek_id())
    (path,) = files_of(tmp_path)
    path.write_bytes(kek.secret + b"\n")
    with pytest.raises(SealError, match="has 33 bytes, 32 expected"):
        provider.load(kek.kek_id)


def test_a_credential_needs_its_salt_and_the_salt_needs_its_credential(tmp_path):
    credential = tmp_path / "credential"
    credential.write_bytes(secrets.token_bytes(32))
    credential.chmod(0o400)
    provider = systemd_credential(
        {"CREDENTIALS_DIRECTORY": str(tmp_path)}, "credential", tmp_path / "salts"
    )
    kek = provider.create(new_kek_id())
    (salt,) = files_of(tmp_path / "salts")
    assert kek.secret not in (salt.read_bytes(), credential.read_bytes())
    credential.chmod(0o600)
    credential.write_bytes(secrets.token_bytes(32))
    assert provider.load(kek.kek_id).secret != kek.secret


def test_a_service_without_credentials_is_told_so(tmp_path):
    with pytest.raises(SealError, match=r"\$CREDENTIALS_DIRECTORY is not set"):
        systemd_credential({}, "ledger", tmp_path)


def test_a_short_credential_is_refused_before_anything_is_written(tmp_path):
    credential = tmp_path / "credential"
    credential.write_bytes(bytes(31))
    credential.chmod(0o600)
    provider = CredentialKekProvider(credential, tmp_path / "salts")
    with pytest.raises(SealError, match="has 31 bytes, at least 32"):
        provider.create(new_kek_id())
    assert not (tmp_path / "salts").exists()


def test_scrypt_gives_the_key_of_the_standard(tmp_path, monkeypatch):
    # RFC 7914 section 12, second vector has p = 16; the fourth N = 2^20. Ours is checked against
    # the other implementation of this machine, OpenSSL through hashlib, with our parameters.
    import hashlib

    provider = PassphraseKekProvider("correct horse battery", tmp_path, log2_n=11)
    monkeypatch.setattr(secrets, "token_bytes", lambda n: bytes(range(n)))
    kek = provider.create(new_kek_id())
    assert kek.secret == hashlib.scrypt(
        b"correct horse battery", salt=bytes(range(32)), n=2**11, r=8, p=1, dklen=32
    )


def test_the_cost_of_a_key_stays_when_the_default_changes(tmp_path):
    kek = PassphraseKekProvider("correct horse battery", tmp_path, log2_n=10).create(new_kek_id())
    later = PassphraseKekProvider("correct horse battery", tmp_path, log2_n=12)
    assert later.load(kek.kek_id) == kek


def test_another_passphrase_gives_another_key_and_unwraps_nothing(tmp_path):
    kek = PassphraseKekProvider("correct horse battery", tmp_path, log2_n=10).create(new_kek_id())
    wrong = PassphraseKekProvider("correct horse staple", tmp_path, log2_n=10).load(kek.kek_id)
    with pytest.raises(SealError, match="it does not fit"):
        unwrap(wrong, wrap(kek, bytes(32)))


def test_a_short_passphrase_and_an_absurd_cost_are_refused(tmp_path):
    with pytest.raises(SealError, match="11 characters, 12 are the least"):
        PassphraseKekProvider("x" * 11, tmp_path, log2_n=10).create(new_kek_id())
    provider = PassphraseKekProvider("x" * 12, tmp_path, log2_n=10)
    kek = provider.create(new_kek_id())
    (path,) = files_of(tmp_path)
    path.write_text(path.read_text().replace('"log2_n": 10', '"log2_n": 40'))
    with pytest.raises(SealError, match="2\\^40 is outside"):
        provider.load(kek.kek_id)


def test_a_key_in_the_module_cannot_leave_it(token, tmp_path):
    import pkcs11

    provider = Pkcs11KekProvider(token, "ledger", "4711", tmp_path)
    kek = provider.create(new_kek_id())
    with pkcs11.lib(str(token)).get_token(token_label="ledger").open(user_pin="4711") as session:
        key = session.get_key(label=f"qkd-kek-{kek.kek_id}")
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]
    (path,) = files_of(tmp_path)
    assert kek.secret.hex() not in path.read_text()


def test_the_file_of_a_module_is_worth_nothing_after_destruction(token, tmp_path):
    provider = Pkcs11KekProvider(token, "ledger", "4711", tmp_path)
    kek = provider.create(new_kek_id())
    (path,) = files_of(tmp_path)
    kept = path.read_bytes()
    provider.destroy(kek.kek_id)
    path.write_bytes(kept)
    path.chmod(0o600)
    with pytest.raises(SealError, match="refuses"):
        provider.load(kek.kek_id)


def test_a_wrong_pin_is_our_own_error(token, tmp_path):
    with pytest.raises(SealError, match="token 'ledger' refuses"):
        Pkcs11KekProvider(token, "ledger", "4712", tmp_path).create(new_kek_id())


def test_wrapping_is_the_vector_of_the_standard():
    # RFC 3394 section 4.6: 256 bits of key data with a 256-bit key-encryption key.
    kek = Kek(
        "0" * 32, bytes.fromhex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
    )
    data = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
    wrapped = wrap(kek, data)
    assert wrapped.hex().upper() == (
        "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
    )
    assert unwrap(kek, wrapped) == data
    with pytest.raises(SealError):
        unwrap(kek, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
