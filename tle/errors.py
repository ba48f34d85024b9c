"""Errors of tle: TleError and its branches.

TleError
├── ElementsError      a record is malformed: line, column, reason
├── PropagationError   SGP4 gives no position where one is needed
└── EarthDataError     no Earth orientation for an instant
"""


class TleError(Exception):
    """Base of every error that tle raises; `hint` says what the reader can do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ElementsError(TleError):
    """An element set that cannot be accepted."""


class PropagationError(TleError):
    """A satellite whose elements give no position."""


class EarthDataError(TleError):
    """An instant outside the Earth-orientation tables."""
