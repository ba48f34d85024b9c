"""Why the key ledger refuses: KeyLedgerError and its branches.

GroundStationError
└── KeyLedgerError          a command that the ledger refuses; nothing was consumed
    ├── KeyShortageError    not enough key that the request is allowed to use
    ├── KeyQuotaError       the reference has used up its share
    ├── KeyUnknownError     no such segment or allocation here
    ├── KeyConflictError    contradicts what the ledger holds for ever; raises an alarm
    ├── KeyStateError       the segment or allocation is past the point where this was possible
    ├── KeyExpiredError     the key has outlived its limit
    ├── KeyClockError       the clock cannot be believed
    ├── KeyCustodyError     two different persons have to agree and do not
    ├── KeyMessageError     a message of another station that cannot be read
    └── KeyStaleError       a restored backup that has not caught up with what was used since
"""

from typing import ClassVar

from groundstation.errors import GroundStationError


class KeyLedgerError(GroundStationError):
    """A command that the key ledger refuses; nothing was consumed.

    `is_alarm` says whether people have to be told at once, not only the caller.
    """

    is_alarm: ClassVar[bool] = False


class KeyShortageError(KeyLedgerError):
    """Not enough key that the request is allowed to use; the pool is unchanged."""


class KeyQuotaError(KeyLedgerError):
    """The reference has used up the bits that it may use in this period."""


class KeyUnknownError(KeyLedgerError):
    """No segment or allocation of that identity here."""


class KeyConflictError(KeyLedgerError):
    """Contradicts what the ledger holds for ever: an identity bound otherwise, a bit used twice."""

    is_alarm: ClassVar[bool] = True


class KeyStateError(KeyLedgerError):
    """The segment or allocation is not in the state that the command needs."""


class KeyExpiredError(KeyLedgerError):
    """The key has outlived its limit and is not handed out any more."""


class KeyClockError(KeyLedgerError):
    """The clock jumped further than is believed without a person's word."""

    is_alarm: ClassVar[bool] = True


class KeyCustodyError(KeyLedgerError):
    """Two different persons have to agree and do not."""


class KeyMessageError(KeyLedgerError):
    """A message of another station that cannot be read; nothing of it was believed."""


class KeyStaleError(KeyLedgerError):
    """A restored backup serves nobody before it has caught up with what was used since."""

    is_alarm: ClassVar[bool] = True
