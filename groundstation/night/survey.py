"""Every pass of a night with its geometry, light, counts and key; nothing is read or written.

The rules it keeps:

1. A pass keeps the id it was first seen with: it is matched by satellite, station and overlap,
   never by its rise second.
2. What cannot be computed is refused with a sentence that names the cause; it is never guessed.
3. One satellite, station or link that fails does not stop the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from groundstation.catalogue import Selection
from groundstation.instants import after
from groundstation.network import Network, Satellite, Station
from groundstation.night.availability import (
    Availability,
    station_availability,
    usable_windows,
)
from groundstation.night.links import forecast_link
from groundstation.night.orbit_error import ageing_by_name, orbit_error
from groundstation.night.pass_names import KnownPass, PassNames
from groundstation.night_records import ElementsUsed, GroundTrack, NightPass, StationNight
from passes.arc import Arc
from passes.sampling import track_along
from passes.search import FoundPass, find_passes
from passes.sky.ephemeris import SunMoonTable, sun_moon_table
from passes.sky.twilight import dark_windows, lowest_sun
from passes.track import Track
from passes.windows import Windows
from tle.ageing import Ageing
from tle.elements import ElementSet
from tle.errors import ElementsError
from tle.lines import lines_of
from tle.nodes import NodeTable, sgp4_node_tables

Floats = NDArray[np.float64]

_GROUND_TRACK_STEP_S = 30.0
_MARGIN_S = 3_600.0
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Survey:
    """All passes of a span with the sky of every station and the origin of every orbit."""

    passes: tuple[NightPass, ...]
    skies: tuple[StationNight, ...]
    elements: tuple[ElementsUsed, ...]
    ground_tracks: tuple[GroundTrack, ...]
    warnings: tuple[str, ...]


def survey(
    network: Network,
    selection: Selection,
    start: datetime,
    stop: datetime,
    known: Sequence[KnownPass] = (),
    progress: Callable[[str], None] | None = None,
) -> Survey:
    """Find every pass of the span [start, stop) and forecast each that can be a contact.

    Parameters
    ----------
    selection : element sets of the satellites and how they age, with sentences on those left out
    known : passes of earlier runs, whose ids are kept
    progress : called with the name of each stage
    """
    report = progress or _silent
    length_s = (stop - start).total_seconds()
    report("orbits")
    tables, warnings = _tables(selection, start, length_s)
    report("Sun and Moon")
    sky = sun_moon_table(start, -_MARGIN_S, length_s + _MARGIN_S)
    skies, availabilities = _skies(network, sky, start, length_s)
    report("passes")
    sites = [station.site for station in network.stations]
    found = find_passes(
        [table for _, _, table in tables],
        sites,
        [station.min_elevation_rad for station in network.stations],
    )
    report("links and keys")
    names = PassNames(known)
    ageing = ageing_by_name(selection)
    passes = [
        _night_pass(network, tables, item, availabilities, sky, names, ageing) for item in found
    ]
    return Survey(
        passes=tuple(passes),
        skies=tuple(skies),
        elements=tuple(_elements_used(s, e, start, stop) for s, e, _ in tables),
        ground_tracks=tuple(_ground_track(s, table) for s, _, table in tables),
        warnings=(*selection.warnings, *warnings, *_refused_budgets(network)),
    )


def _refused_budgets(network: Network) -> list[str]:
    """One sentence per satellite and station whose links lack a physical parameter."""
    lacking = [(s.name, s.missing) for s in network.satellites]
    lacking += [(s.name, s.missing) for s in network.stations]
    return [
        f"no budget for {name}: {', '.join(missing)} not given"
        for name, missing in lacking
        if missing
    ]


def _silent(stage: str) -> None:
    """Say nothing about a stage."""


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


def _skies(
    network: Network, sky: SunMoonTable, start: datetime, length_s: float
) -> tuple[list[StationNight], list[Availability]]:
    """Darkness of every station, for people and for the search."""
    nights, availabilities = [], []
    for station in network.stations:
        spans = [
            dark_windows(station.site, sky, 0.0, length_s, limit)
            for limit in (station.max_sun_elevation_rad, np.radians(-12.0), np.radians(-18.0))
        ]
        low_s, low_rad = lowest_sun(station.site, sky, 0.0, length_s)
        nights.append(
            StationNight(
                station=station.name,
                dark=_instants(start, spans[0]),
                nautical=_instants(start, spans[1]),
                astronomical=_instants(start, spans[2]),
                lowest_sun_elevation_rad=float(low_rad),
                lowest_sun_at=after(start, low_s),
                remark=_darkness_remark(station, spans, float(low_rad), after(start, low_s)),
            )
        )
        availabilities.append(station_availability(station, spans[0], start, 0.0, length_s))
    return nights, availabilities


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


def _night_pass(
    network: Network,
    tables: Sequence[tuple[Satellite, ElementSet, NodeTable]],
    found: FoundPass,
    availabilities: Sequence[Availability],
    sky: SunMoonTable,
    names: PassNames,
    ageing: Mapping[str, Ageing],
) -> NightPass:
    """One pass with everything that is known of it."""
    satellite, elements, _ = tables[found.satellite]
    station, arc = network.stations[found.site], found.arc
    plain = track_along(arc, station.site, sky, Windows.of([]))
    usable = usable_windows(
        arc,
        station,
        availabilities[found.site],
        max_range_m=network.policies.max_range_m,
        min_contact_s=network.policies.min_contact_s,
        lowest_sun_deg=float(np.degrees(plain.sun_elevation_rad.min())),
    )
    track = track_along(arc, station.site, sky, usable.windows, usable.follows)
    age_s = elements.age_s(after(arc.epoch, arc.tca_s))
    refusal, forecast = usable.refusal or _age_refusal(network, satellite, age_s), None
    if refusal is None:
        refusal, forecast = forecast_link(network.key, satellite, station, track)
    middle = int(np.argmin(np.abs(track.times_s - arc.tca_s)))
    error = orbit_error(arc, station, elements, ageing.get(satellite.name))
    edges = arc.look(np.array([arc.aos_s, arc.tca_s, arc.los_s]))
    return NightPass(
        pass_id=names.name_of(satellite.name, station.name, arc),
        satellite=satellite.name,
        station=station.name,
        aos=after(arc.epoch, arc.aos_s),
        tca=after(arc.epoch, arc.tca_s),
        los=after(arc.epoch, arc.los_s),
        aos_truncated=arc.aos_truncated,
        los_truncated=arc.los_truncated,
        max_elevation_rad=float(edges.elevation_rad[1]),
        min_range_m=_closest_m(arc),
        aos_azimuth_rad=float(edges.azimuth_rad[0]),
        tca_azimuth_rad=float(edges.azimuth_rad[1]),
        los_azimuth_rad=float(edges.azimuth_rad[2]),
        elements_epoch=elements.epoch,
        elements_age_s=age_s,
        sigma_time_s=error.sigma_time_s,
        sigma_pointing_rad=error.sigma_pointing_rad,
        windows=_instants(arc.epoch, usable.windows),
        keyhole_s=usable.keyhole_s,
        refusal=refusal,
        track=track,
        forecast=forecast,
        **_light(track, middle),
    )


def _age_refusal(network: Network, satellite: Satellite, age_s: float) -> str | None:
    """A sentence if the element set is too old at this pass, however young it is at mid-night."""
    limit_s = network.policies.max_elements_age_s
    if satellite.planned_orbit is not None or abs(age_s) <= limit_s:
        return None
    days, limit = abs(age_s) / SECONDS_PER_DAY, limit_s / SECONDS_PER_DAY
    return f"elements {days:.1f} days old at this pass (limit {limit:g})"


def _light(track: Track, middle: int) -> dict[str, float]:
    """Sun and Moon of a pass: at its culmination, over its length, at the nearest."""
    return {
        "sun_elevation_rad": float(track.sun_elevation_rad[middle]),
        "sunlit_fraction": float(track.sunlit_fraction.mean()),
        "moon_separation_rad": float(track.moon_separation_rad.min()),
        "moon_elevation_rad": float(track.moon_elevation_rad[middle]),
        "moon_illumination": float((1.0 + np.cos(track.moon_phase_angle_rad[middle])) / 2.0),
    }


def _closest_m(arc: Arc) -> float:
    """Smallest slant range [m], to a metre: the closest second, refined by a parabola."""
    times = np.linspace(arc.aos_s, arc.los_s, max(3, int(arc.duration_s) + 1))
    range_m = arc.look(times).range_m
    i = int(np.clip(np.argmin(range_m), 1, len(range_m) - 2))
    before, at, later = range_m[i - 1 : i + 2]
    curvature = before - 2.0 * at + later
    if curvature <= 0.0:
        return float(range_m.min())
    return float(min(range_m.min(), at - (before - later) ** 2 / (8.0 * curvature)))


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


def _instants(epoch: datetime, windows: Windows) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((after(epoch, start), after(epoch, stop)) for start, stop in windows)
