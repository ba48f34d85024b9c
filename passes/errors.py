"""Errors of passes: PassError and its branches.

PassError
├── GeometryError        a pass cannot be described
├── LinkError            a link budget is refused; the parameter is named
└── KeyLengthError       a key length cannot be computed from what was given
"""


class PassError(Exception):
    """Base of every error that passes raises; `hint` says what the reader can do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class GeometryError(PassError):
    """A pass or a time window that cannot be described."""


class LinkError(PassError):
    """A link budget that is refused; the message names the parameter."""


class KeyLengthError(PassError):
    """Counts or settings from which no key length can be computed."""
