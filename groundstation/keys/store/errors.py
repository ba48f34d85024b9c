"""Errors of the store, branches of KeyLedgerError.

KeyLedgerError
└── StoreError              1   the database cannot be used as it is
    ├── StoreFullError     75   no space left; nothing was consumed
    ├── StoreRefusedError   1   a trigger stops a commit; all of it was taken back
    ├── KeyDamagedError     1   sealed key does not open; its segment goes into quarantine
    └── StoreBrokenError    1   reading or writing failed; nothing is served until it is reopened
"""

from uuid import UUID

from groundstation.keys.errors import KeyLedgerError
from groundstation.keys.ledger.records import Extent


class StoreError(KeyLedgerError):
    """The database or its folder cannot be used as it is."""


class StoreFullError(StoreError):
    """No space left on the disk; the command changed nothing and may be repeated."""

    exit_code = 75


class StoreRefusedError(StoreError):
    """A trigger or a constraint stops a commit: none of its commands changed anything."""


class KeyDamagedError(StoreError):
    """Sealed key does not open: nothing of it left, and its segment goes into quarantine."""

    is_alarm = True

    def __init__(self, message: str, allocation_id: UUID, extent: Extent) -> None:
        super().__init__(message, where=f"allocation {allocation_id}")
        self.allocation_id = allocation_id
        self.extent = extent


class StoreBrokenError(StoreError):
    """Reading or writing failed; the outcome is unknown and the store serves nobody any more."""

    is_alarm = True
