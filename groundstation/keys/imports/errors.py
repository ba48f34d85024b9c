"""Why a key file cannot be handled at all, which says nothing about its content."""

from groundstation.keys.errors import KeyLedgerError


class KeyImportError(KeyLedgerError):
    """A key file that cannot be opened or written; try again when the cause is removed."""
