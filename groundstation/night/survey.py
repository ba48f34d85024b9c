"""Every pass of a night with its geometry and light; nothing is read or written.

The rules it keeps:

1. A pass keeps the id it was first seen with: it is matched by satellite, station and overlap,
   never by its rise second.
2. What cannot be computed is refused with a sentence that names the cause; it is never guessed.
3. One satellite, station or pass that fails does not stop the others; a sentence names it.
4. A pass is cut to the permission that its link needs; without permission it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from groundstation.catalogue import Selection
from groundstation.instants import after
from groundstation.network import Network, Satellite, Station
from groundstation.night.availability import Availability, station_availability
from groundstation.night.orbit_error import ageing_by_name
from groundstation.night.pass_geometry import instants_of, night_pass
from groundstation.night.pass_names import KnownPass, PassNames
from groundstation.night_records import ElementsUsed, GroundTrack, NightPass, StationNight
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from passes.errors import PassError
from passes.search import FoundPass, find_passes
from passes.sky.ephemeris import SunMoonTable, sun_moon_table
from passes.sky.twilight import dark_windows, lowest_sun
from passes.windows import Windows
from tle.elements import ElementSet
from tle.errors import ElementsError
from tle.lines import lines_of
from tle.nodes import NodeTable, sgp4_node_tables

Floats = NDArray[np.float64]

_GROUND_TRACK_STEP_S = 30.0
_MARGIN_S = 3_600.0
# What a site, a mask or a limit outside the domain of a formula raises.
_FAILURES = (PassError, ValueError, ArithmeticError, LookupError)


@dataclass(frozen=True, slots=True)
class Survey:
    """All passes of a span with the sky of every station and the origin of every orbit."""

    passes: tuple[NightPass, ...]
    skies: tuple[StationNight, ...]
    elements: tuple[ElementsUsed, ...]
    ground_tracks: tuple[GroundTrack, ...]
    warnings: tuple[str, ...]


def find_night_passes(
    network: Network,
    selection: Selection,
    start: datetime,
    stop: datetime,
    known: Sequence[KnownPass] = (),
    permissions: Permissions = NOTHING_REQUIRED,
) -> Survey:
    """Find every pass of the span [start, stop); none has a forecast yet.

    Parameters
    ----------
    selection : element sets of the satellites and how they age, with sentences on those left out
    known : passes of earlier runs, whose ids are kept
    permissions : what links need before they shine
    """
    length_s = (stop - start).total_seconds()
    tables, warnings = _tables(selection, start, length_s)
    sky = sun_moon_table(start, -_MARGIN_S, length_s + _MARGIN_S)
    places, failures = _places(network, sky, start, length_s)
    found, lost = _found(tables, places)
    names, ageing = PassNames(known), ageing_by_name(selection)
    passes, broken = [], []
    for place, item in found:
        satellite, elements, _ = tables[item.satellite]
        permitted = permissions.of(satellite.name, place.station.name)
        try:
            passes.append(
                night_pass(
                    network,
                    place.station,
                    place.availability,
                    satellite,
                    elements,
                    item.arc,
                    sky,
                    names,
                    ageing,
                    permitted,
                )
            )
        except _FAILURES as error:
            at = after(item.arc.epoch, item.arc.tca_s)
            broken.append(
                f"pass of {satellite.name} over {place.station.name} at {at:%H:%M}Z left out: "
                f"{error}"
            )
    return Survey(
        passes=tuple(passes),
        skies=tuple(place.night for place in places),
        elements=tuple(_elements_used(s, e, start, stop) for s, e, _ in tables),
        ground_tracks=tuple(_ground_track(s, table) for s, _, table in tables),
        warnings=(
            *selection.warnings,
            *warnings,
            *failures,
            *lost,
            *broken,
            *permissions.warnings,
            *_refused_budgets(network),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A station with its darkness, for people and for the search."""

    station: Station
    night: StationNight
    availability: Availability


def _found(
    tables: Sequence[tuple[Satellite, ElementSet, NodeTable]], places: Sequence[_Place]
) -> tuple[list[tuple[_Place, FoundPass]], list[str]]:
    """All passes in order of rise; where the search fails, it is made station by station."""
    nodes = [table for _, _, table in tables]
    try:
        return _search(nodes, places), []
    except _FAILURES:
        found: list[tuple[_Place, FoundPass]] = []
        failures = []
        for place in places:
            try:
                found += _search(nodes, [place])
            except _FAILURES as error:
                failures.append(f"{place.station.name} left out: {error}")
        return sorted(found, key=lambda pair: after(pair[1].arc.epoch, pair[1].arc.aos_s)), failures


def _search(nodes: Sequence[NodeTable], places: Sequence[_Place]) -> list[tuple[_Place, FoundPass]]:
    found = find_passes(
        list(nodes),
        [place.station.site for place in places],
        [place.station.min_elevation_rad for place in places],
    )
    return [(places[item.site], item) for item in found]


def _refused_budgets(network: Network) -> list[str]:
    """One sentence per satellite and station whose links lack a physical parameter."""
    lacking = [(s.name, s.missing) for s in network.satellites]
    lacking += [(s.name, s.missing) for s in network.stations]
    return [
        f"no budget for {name}: {', '.join(missing)} not given"
        for name, missing in lacking
        if missing
    ]


def _tables(
    selection: Selection, start: datetime, length_s: float
) -> tuple[list[tuple[Satellite, ElementSet, NodeTable]], list[str]]:
    """Node tables; a satellite whose orbit ends is kept until then, or left out, and named."""
    tables, warnings = [], []
    made = sgp4_node_tables([e for _, e in selection.chosen], start, 0.0, length_s)
    for (satellite, elements), table in zip(selection.chosen, made, strict=True):
        if table.times_s.size:
            tables.append((satellite, elements, table))
        warnings.extend([f"{satellite.name}: {table.failure}"] if table.failure else [])
    return tables, warnings


def _places(
    network: Network, sky: SunMoonTable, start: datetime, length_s: float
) -> tuple[list[_Place], list[str]]:
    """The stations whose night can be computed, and a sentence for each of the others."""
    places, failures = [], []
    for station in network.stations:
        try:
            places.append(_place(station, sky, start, length_s))
        except _FAILURES as error:
            failures.append(f"{station.name} left out: {error}")
    return places, failures


def _place(station: Station, sky: SunMoonTable, start: datetime, length_s: float) -> _Place:
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
    return _Place(station, night, station_availability(station, spans[0], start, 0.0, length_s))


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


def _elements_used(
    satellite: Satellite, elements: ElementSet, start: datetime, stop: datetime
) -> ElementsUsed:
    line1, line2 = _referee_lines(elements)
    return ElementsUsed(
        satellite=satellite.name,
        norad_cat_id=satellite.norad_cat_id,
        epoch=elements.epoch,
        age_s=elements.age_s(start + (stop - start) / 2),
        source=elements.source,
        digest=elements.digest,
        line1=line1,
        line2=line2,
        elements=elements,
    )


def _referee_lines(elements: ElementSet) -> tuple[str, str]:
    """Two lines of the same orbit; without its identity where that does not fit a TLE."""
    try:
        return lines_of(elements)
    except ElementsError:
        # SGP4 uses none of these, the independent checker neither.
        bare = replace(elements, norad_cat_id=0, object_id="", classification="U")
        bare = replace(bare, element_set_number=0, revolution_number=0)
        return lines_of(replace(bare, mean_motion_dot=0.0, mean_motion_ddot=0.0))


def _ground_track(satellite: Satellite, table: NodeTable) -> GroundTrack:
    """Sub-satellite points over the window, interpolated between nodes; geocentric latitude."""
    times = np.arange(table.window_s[0], table.window_s[1], _GROUND_TRACK_STEP_S)
    times = times[times <= table.times_s[-1]]
    from scipy.interpolate import CubicSpline  # noqa: PLC0415  0.3 s that `passes` can spare

    x, y, z = CubicSpline(table.times_s, table.positions_m)(times).T
    return GroundTrack(
        satellite=satellite.name,
        epoch=table.epoch,
        times_s=tuple(times.tolist()),
        latitude_deg=tuple(np.degrees(np.arctan2(z, np.hypot(x, y))).tolist()),
        longitude_deg=tuple(np.degrees(np.arctan2(y, x)).tolist()),
    )
