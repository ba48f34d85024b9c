"""Orbits and stations with their nights, and the passes of the ones over the others.

The rules it keeps:

1. One satellite or station that fails does not stop the others; a sentence names it.
2. What a station's night is does not depend on which others are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from groundstation.catalogue import Selection
from groundstation.instants import after
from groundstation.network import Satellite, Station
from groundstation.night.availability import Availability, station_availability
from groundstation.night.pass_geometry import instants_of
from groundstation.night_records import StationNight
from passes.errors import PassError
from passes.search import FoundPass, find_passes
from passes.sky.ephemeris import SunMoonTable, sun_moon_table
from passes.sky.twilight import dark_windows, lowest_sun
from passes.windows import Windows
from tle.elements import ElementSet
from tle.nodes import NodeTable, sgp4_node_tables

# What a site, a mask or a limit outside the domain of a formula raises.
FAILURES = (PassError, ValueError, ArithmeticError, LookupError)
_MARGIN_S = 3_600.0

# A satellite with its elements and where it is.
Orbit = tuple[Satellite, ElementSet, NodeTable]


@dataclass(frozen=True, slots=True)
class Place:
    """A station with its darkness, for people and for the search."""

    station: Station
    night: StationNight
    availability: Availability


def found_over(
    tables: Sequence[Orbit], places: Sequence[Place]
) -> tuple[list[tuple[Place, FoundPass]], list[str]]:
    """All passes in order of rise; where the search fails, it is made station by station."""
    nodes = [table for _, _, table in tables]
    try:
        return _search(nodes, places), []
    except FAILURES:
        found: list[tuple[Place, FoundPass]] = []
        failures = []
        for place in places:
            try:
                found += _search(nodes, [place])
            except FAILURES as error:
                failures.append(f"{place.station.name} left out: {error}")
        return sorted(found, key=lambda pair: after(pair[1].arc.epoch, pair[1].arc.aos_s)), failures


def _search(nodes: Sequence[NodeTable], places: Sequence[Place]) -> list[tuple[Place, FoundPass]]:
    found = find_passes(
        list(nodes),
        [place.station.site for place in places],
        [place.station.min_elevation_rad for place in places],
    )
    return [(places[item.site], item) for item in found]


def sky_of(start: datetime, length_s: float) -> SunMoonTable:
    """Sun and Moon of a span, and a little beyond for passes at its edges."""
    return sun_moon_table(start, -_MARGIN_S, length_s + _MARGIN_S)


def orbits_of(
    selection: Selection, start: datetime, length_s: float
) -> tuple[list[Orbit], list[str]]:
    """Node tables; a satellite whose orbit ends is kept until then, or left out, and named."""
    tables, warnings = [], []
    made = sgp4_node_tables([e for _, e in selection.chosen], start, 0.0, length_s)
    for (satellite, elements), table in zip(selection.chosen, made, strict=True):
        if table.times_s.size:
            tables.append((satellite, elements, table))
        warnings.extend([f"{satellite.name}: {table.failure}"] if table.failure else [])
    return tables, warnings


def places_of(
    stations: Sequence[Station], sky: SunMoonTable, start: datetime, length_s: float
) -> tuple[list[Place], list[str]]:
    """The stations whose night can be computed, and a sentence for each of the others."""
    places, failures = [], []
    for station in stations:
        try:
            places.append(_place(station, sky, start, length_s))
        except FAILURES as error:
            failures.append(f"{station.name} left out: {error}")
    return places, failures


def _place(station: Station, sky: SunMoonTable, start: datetime, length_s: float) -> Place:
    spans = [
        dark_windows(station.site, sky, 0.0, length_s, limit)
        for limit in (station.max_sun_elevation_rad, np.radians(-12.0), np.radians(-18.0))
    ]
    low_s, low_rad = lowest_sun(station.site, sky, 0.0, length_s)
    night = StationNight(
        station=station.name,
        dark=instants_of(start, spans[0]),
        nautical=instants_of(start, spans[1]),
        astronomical=instants_of(start, spans[2]),
        lowest_sun_elevation_rad=float(low_rad),
        lowest_sun_at=after(start, low_s),
        remark=_darkness_remark(station, spans, float(low_rad), after(start, low_s)),
    )
    return Place(station, night, station_availability(station, spans[0], start, 0.0, length_s))


def _darkness_remark(
    station: Station, spans: Sequence[Windows], low_rad: float, when: datetime
) -> str:
    """A sentence where a night is missing or never fully dark."""
    low, limit = np.degrees(low_rad), np.degrees(station.max_sun_elevation_rad)
    lowest = f"lowest {low:.1f} degrees at {when:%H:%M}Z"
    if not len(spans[0]):
        return f"no night: the Sun does not sink below {limit:g} degrees ({lowest})"
    if not len(spans[2]):
        usable = spans[0].duration_s / 3600.0
        return (
            f"never astronomically dark ({lowest}); {usable:.1f} h below the station's "
            f"limit of {limit:g} degrees, with twilight in the background"
        )
    return ""
