"""Keys of contact limits -> the records of groundstation.contact_limits, in SI units and bits."""

from datetime import UTC

from groundstation.config.document.satellite import Satellite
from groundstation.config.document.station import Station
from groundstation.contact_limits import SatelliteLimits, StationLimits
from groundstation.network import Interval

BITS_PER_KBIT = 1_000.0


def station_limits_of(table: Station) -> StationLimits:
    """How much a station can do."""
    return StationLimits(
        telescopes=table.telescopes,
        crew_nights_per_week=table.crew_nights_per_week,
        max_contacts_per_night=table.max_contacts_per_night,
    )


def satellite_limits_of(table: Satellite) -> SatelliteLimits:
    """How much a satellite can do."""
    memory = table.key_memory_kbit
    return SatelliteLimits(
        max_contact_s_per_orbit=table.max_contact_s_per_orbit,
        key_memory_bits=None if memory is None else memory * BITS_PER_KBIT,
    )


def uses_of(table: Satellite) -> tuple[Interval, ...]:
    """When somebody else uses a satellite, with who it is and for what."""
    return tuple(
        Interval(
            span.start.astimezone(UTC), span.stop.astimezone(UTC), f"{span.user}, {span.reason}"
        )
        for span in table.unavailable
    )
