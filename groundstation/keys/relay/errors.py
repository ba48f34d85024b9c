"""Errors of the relay room."""

from groundstation.keys.errors import KeyLedgerError


class RelayError(KeyLedgerError):
    """An order, a message or an announcement of a relay that is refused; nothing was consumed."""


class RelayNotYetError(RelayError):
    """What an order asks cannot be done yet; asked again later, it can."""
