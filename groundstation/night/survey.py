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
from groundstation.night.looking import FAILURES, found_over, orbits_of, places_of, sky_of
from groundstation.night.orbit_error import ageing_by_name
from groundstation.night.pass_geometry import night_pass
from groundstation.night.pass_names import KnownPass, PassNames
from groundstation.night_records import ElementsUsed, GroundTrack, NightPass, StationNight
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from passes.arc import Arc
from tle.elements import ElementSet
from tle.errors import ElementsError
from tle.lines import lines_of
from tle.nodes import NodeTable

Floats = NDArray[np.float64]

_GROUND_TRACK_STEP_S = 30.0


@dataclass(frozen=True, slots=True)
class Survey:
    """All passes of a span with the sky of every station and the origin of every orbit."""

    passes: tuple[NightPass, ...]
    skies: tuple[StationNight, ...]
    elements: tuple[ElementsUsed, ...]
    ground_tracks: tuple[GroundTrack, ...]
    warnings: tuple[str, ...]

    def between(self, start: datetime, stop: datetime) -> "Survey":
        """Of the passes those that rise between two instants."""
        return replace(self, passes=tuple(p for p in self.passes if start <= p.aos < stop))


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
    tables, warnings = orbits_of(selection, start, length_s)
    sky = sky_of(start, length_s)
    places, failures = places_of(network.stations, sky, start, length_s)
    found, lost = found_over(tables, places)
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
        except FAILURES as error:
            broken.append(left_out(satellite, place.station, item.arc, error))
    return Survey(
        passes=tuple(passes),
        skies=tuple(place.night for place in places),
        elements=tuple(elements_used(s, e, start, stop) for s, e, _ in tables),
        ground_tracks=tuple(ground_track(s, table) for s, _, table in tables),
        warnings=(
            *selection.warnings,
            *warnings,
            *failures,
            *lost,
            *broken,
            *permissions.warnings,
            *refused_budgets(network),
        ),
    )


def left_out(satellite: Satellite, station: Station, arc: Arc, error: Exception) -> str:
    """A sentence on a pass that cannot be computed."""
    at = after(arc.epoch, arc.tca_s)
    return f"pass of {satellite.name} over {station.name} at {at:%H:%M}Z left out: {error}"


def refused_budgets(network: Network) -> list[str]:
    """One sentence per satellite and station whose links lack a physical parameter."""
    lacking = [(s.name, s.missing) for s in network.satellites]
    lacking += [(s.name, s.missing) for s in network.stations]
    return [
        f"no budget for {name}: {', '.join(missing)} not given"
        for name, missing in lacking
        if missing
    ]


def elements_used(
    satellite: Satellite, elements: ElementSet, start: datetime, stop: datetime
) -> ElementsUsed:
    """The elements of a satellite in a span, with the two lines that the referee reads."""
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


def ground_track(satellite: Satellite, table: NodeTable) -> GroundTrack:
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
