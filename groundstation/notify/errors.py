"""The error of this room."""

from groundstation.errors import GroundStationError


class NotifyError(GroundStationError):
    """Somebody could not be told."""
