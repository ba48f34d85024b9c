"""Errors of the station room."""

from groundstation.keys.errors import KeyLedgerError, KeyShortageError


class LinkError(KeyLedgerError):
    """The connection to another station cannot be made or used; try again."""

    exit_code = 75


class TagShortageError(KeyShortageError):
    """No key is left to authenticate a message; it is sent when there is some."""

    exit_code = 75
