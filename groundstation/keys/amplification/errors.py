"""Why no key is hashed."""

from groundstation.keys.errors import KeyLedgerError


class AmplificationError(KeyLedgerError):
    """Bits, seed or lengths from which no key may be hashed, or sums that are not proved right."""
