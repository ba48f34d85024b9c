"""A night by its evening's date: local mean solar noon to noon."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from groundstation.errors import UsageError
from groundstation.network import Network

SECONDS_PER_RADIAN = 86_400.0 / (2.0 * np.pi)


def reference_longitude_rad(network: Network) -> float:
    """Mean direction of the stations' longitudes [rad], which sets the network's noon."""
    east = np.array([station.site.longitude_rad for station in network.stations])
    return float(np.arctan2(np.sin(east).sum(), np.cos(east).sum()))


def night_of(instant: datetime, longitude_rad: float) -> str:
    """Date of the evening to which an instant belongs at a longitude, ISO.

    >>> night_of(datetime(2026, 11, 24, 2, 0, tzinfo=UTC), np.radians(-16.512))
    '2026-11-23'
    """
    local = instant + timedelta(seconds=longitude_rad * SECONDS_PER_RADIAN)
    return (local - timedelta(hours=12)).date().isoformat()


def night_span(night: str, longitude_rad: float, nights: int = 1) -> tuple[datetime, datetime]:
    """First and last instant of a night (or of several), aware UTC, whole seconds."""
    try:
        evening = date.fromisoformat(night)
    except ValueError:
        raise UsageError(f"{night!r} is not a night like 2026-06-14") from None
    noon = datetime(evening.year, evening.month, evening.day, 12, tzinfo=UTC)
    start = noon - timedelta(seconds=round(longitude_rad * SECONDS_PER_RADIAN))
    return start, start + timedelta(days=nights)
