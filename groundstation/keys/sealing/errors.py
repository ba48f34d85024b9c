"""Errors of sealing: one branch of KeyLedgerError."""

from groundstation.keys.errors import KeyLedgerError


class SealError(KeyLedgerError):
    """A sealed chunk, a wrapped key or a key-encryption key that cannot be used."""
