"""What may be missing by its type and must not be in a test."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value; a test in which it is missing fails here."""
    assert value is not None
    return value
