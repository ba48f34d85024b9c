"""What a network file says of how much a station and a satellite may be used; records only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StationLimits:
    """How much a station can do.

    Parameters
    ----------
    telescopes : that follow a satellite each at the same time
    crew_nights_per_week : nights from Monday to Sunday, by the date of their evening, in which the
        station may be used; None without limit
    max_contacts_per_night : None without limit
    """

    telescopes: int = 1
    crew_nights_per_week: int | None = None
    max_contacts_per_night: int | None = None


@dataclass(frozen=True, slots=True)
class SatelliteLimits:
    """How much a satellite can do.

    Parameters
    ----------
    max_contact_s_per_orbit : length of all contacts that begin within one orbital period of each
        other, wherever that period begins; None without limit
    key_memory_bits : key under a clear sky of all contacts that begin within one orbital period of
        each other; None without limit
    """

    max_contact_s_per_orbit: float | None = None
    key_memory_bits: float | None = None


UNLIMITED_STATION, UNLIMITED_SATELLITE = StationLimits(), SatelliteLimits()
