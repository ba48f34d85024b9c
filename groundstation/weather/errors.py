"""Why a weather document or device cannot be believed."""

from groundstation.errors import GroundStationError


class WeatherError(GroundStationError):
    """A weather document, answer or device that is refused as a whole.

    `where` is the file or address with the line, column or key inside it.
    """
