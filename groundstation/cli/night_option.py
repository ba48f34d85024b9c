"""Which night, which satellites and which stations a command is about."""

import dataclasses
import math
from collections.abc import Sequence

from groundstation.cli.settings import Settings
from groundstation.errors import UsageError
from groundstation.network import Network
from groundstation.night.span import night_of, night_span, reference_longitude_rad
from groundstation.suggest import did_you_mean
from passes.sky.refraction import geometric_elevation_rad


def night_for(settings: Settings, network: Network, night: str | None) -> str:
    """`--night` if given; else the night of `--now`; else an example's own night; else tonight."""
    longitude_rad = reference_longitude_rad(network)
    if night is not None:
        night_span(night, longitude_rad)  # raises for what is not a date
        return night
    if settings.now is None and network.default_night is not None:
        return network.default_night
    return night_of(settings.instant(), longitude_rad)


def restricted(network: Network, satellites: Sequence[str], stations: Sequence[str]) -> Network:
    """The network with only the named satellites and stations; all of them if none is named.

    Raises
    ------
    UsageError
        a name does not exist; the nearest one is suggested
    """
    known_satellites = [s.name for s in network.satellites]
    known_stations = [s.name for s in network.stations]
    _require("satellite", satellites, known_satellites, network)
    _require("station", stations, known_stations, network)
    return dataclasses.replace(
        network,
        satellites=tuple(s for s in network.satellites if not satellites or s.name in satellites),
        stations=tuple(s for s in network.stations if not stations or s.name in stations),
    )


def with_elevation(
    network: Network, min_elevation_deg: float | None, *, is_apparent: bool
) -> Network:
    """The network with another lowest elevation, or with its own as seen through the air.

    An apparent limit is turned into the geometric one; horizon masks are left as they are.
    """
    if min_elevation_deg is None and not is_apparent:
        return network
    stations = []
    for station in network.stations:
        limit_rad = (
            station.min_elevation_rad
            if min_elevation_deg is None
            else math.radians(min_elevation_deg)
        )
        if is_apparent:
            limit_rad = max(geometric_elevation_rad(limit_rad), 0.0)
        stations.append(dataclasses.replace(station, min_elevation_rad=limit_rad))
    return dataclasses.replace(network, stations=tuple(stations))


def _require(what: str, names: Sequence[str], known: Sequence[str], network: Network) -> None:
    for name in names:
        if name not in known:
            raise UsageError(
                f"unknown {what} {name!r}{did_you_mean(name, known)}",
                where=network.file,
                hint=f"one of {', '.join(known)}",
            )
