"""Errors of tle: TleError and its branches.

TleError
├── ElementsError      a record is malformed: line, column, reason
├── EphemerisError     a trajectory file is malformed or cannot be used: line, reason
├── PropagationError   SGP4 gives no position where one is needed
├── EarthDataError     no Earth orientation for an instant
└── SourceError        a source of element sets is described wrongly, or gives no answer
    ├── UnreachableError   no connection; nothing was sent
    └── TransferError      a request was sent and no whole answer came back
"""


class TleError(Exception):
    """Base of every error that tle raises; `hint` says what the reader can do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ElementsError(TleError):
    """An element set that cannot be accepted."""


class EphemerisError(TleError):
    """A trajectory file that cannot be accepted or written."""


class PropagationError(TleError):
    """A satellite whose elements give no position."""


class EarthDataError(TleError):
    """An instant outside the Earth-orientation tables."""


class SourceError(TleError):
    """A source of element sets that cannot be asked."""


class UnreachableError(SourceError):
    """No connection could be made; the provider has seen no request."""


class TransferError(SourceError):
    """A request was sent, but no whole answer came back."""
