"""A permission file that is refused."""

from groundstation.errors import GroundStationError


class PermissionFileError(GroundStationError):
    """A permission file that does not say clearly what it allows; it then allows nothing."""
