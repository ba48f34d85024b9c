"""Why there are no random bits."""

from groundstation.keys.errors import KeyLedgerError


class RandomnessError(KeyLedgerError):
    """Random bits that are refused or not to be had."""
