"""Errors of the results room."""

from groundstation.errors import GroundStationError


class ResultError(GroundStationError):
    """A result that is refused: a file that cannot be one, or a record that must not change."""
