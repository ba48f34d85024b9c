"""Key at rest: sealed chunks, a key ratchet, key-encryption keys; no SQL."""
