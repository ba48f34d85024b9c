"""Why nothing is authenticated."""

from groundstation.keys.errors import KeyLedgerError


class AuthenticationError(KeyLedgerError):
    """A one-time key that is no fresh key, or a bound that cannot be met."""
