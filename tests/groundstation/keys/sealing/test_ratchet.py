"""The key ratchet: forward only, by the published expansion."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from groundstation.keys.sealing.ratchet import advance, fresh_chain_key, step

ROOT = bytes(range(32))


def test_a_step_is_the_expansion_of_hkdf_by_another_library():
    blocks = HKDFExpand(SHA256(), 64, b"qkd-groundstation key ratchet 1").derive(ROOT)
    sealing_key, next_key = step(ROOT)
    assert (next_key, sealing_key) == (blocks[:32], blocks[32:])


def test_advancing_is_stepping_and_leaving_the_sealing_keys_out():
    chain_key = ROOT
    for count in range(5):
        assert advance(ROOT, count) == chain_key
        chain_key = step(chain_key)[1]


def test_all_keys_of_a_chain_differ():
    keys, chain_key = {ROOT}, ROOT
    for _ in range(100):
        sealing_key, chain_key = step(chain_key)
        keys |= {sealing_key, chain_key}
    assert len(keys) == 201


def test_the_ratchet_does_not_turn_back():
    with pytest.raises(ValueError, match="only goes forward"):
        advance(ROOT, -1)


def test_two_roots_are_never_the_same():
    assert fresh_chain_key() != fresh_chain_key()
