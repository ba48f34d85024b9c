"""One pass of one satellite over one station: when, where, in what light; no link yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from groundstation.instants import after
from groundstation.network import Network, Satellite, Station
from groundstation.night.availability import Availability, usable_windows
from groundstation.night.orbit_error import orbit_error
from groundstation.night.pass_names import PassNames
from groundstation.night_records import NightPass
from groundstation.permission.records import LinkPermission
from passes.arc import Arc
from passes.sampling import track_along
from passes.sky.ephemeris import SunMoonTable
from passes.track import Track
from passes.windows import Windows
from tle.ageing import Ageing
from tle.elements import ElementSet

SECONDS_PER_DAY = 86_400.0


def night_pass(
    network: Network,
    station: Station,
    availability: Availability,
    satellite: Satellite,
    elements: ElementSet,
    arc: Arc,
    sky: SunMoonTable,
    names: PassNames,
    ageing: Mapping[str, Ageing],
    permitted: Sequence[LinkPermission],
) -> NightPass:
    """One pass with everything that is known of it but its link."""
    plain = track_along(arc, station.site, sky, Windows.of([]))
    usable = usable_windows(
        arc,
        station,
        availability,
        satellite=satellite,
        max_range_m=network.policies.max_range_m,
        min_contact_s=network.policies.min_contact_s,
        lowest_sun_deg=float(np.degrees(plain.sun_elevation_rad.min())),
        permitted=permitted,
    )
    # Where everything stands does not depend on what is usable of it.
    track = replace(
        plain,
        is_usable=usable.windows.contains(plain.times_s),
        mount_follows=usable.follows.contains(plain.times_s),
    )
    age_s = elements.age_s(after(arc.epoch, arc.tca_s))
    refusal = usable.refusal or age_refusal(network, satellite, elements, arc)
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
        windows=instants_of(arc.epoch, usable.windows),
        keyhole_s=usable.keyhole_s,
        refusal=refusal,
        track=track,
        forecast=None,
        clear=None,
        spread=None,
        **_light(track, middle),
    )


def age_refusal(
    network: Network, satellite: Satellite, elements: ElementSet, arc: Arc
) -> str | None:
    """A sentence if the element set is too old at this pass, however young it is at mid-night."""
    age_s = elements.age_s(after(arc.epoch, arc.tca_s))
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
    position_m, _ = arc.topocentric_m(times)
    east, north, up = position_m.T
    range_m = np.sqrt(east * east + north * north + up * up)
    i = int(np.clip(np.argmin(range_m), 1, len(range_m) - 2))
    before, at, later = range_m[i - 1 : i + 2]
    curvature = before - 2.0 * at + later
    if curvature <= 0.0:
        return float(range_m.min())
    return float(min(range_m.min(), at - (before - later) ** 2 / (8.0 * curvature)))


def instants_of(epoch: datetime, windows: Windows) -> tuple[tuple[datetime, datetime], ...]:
    """Spans of seconds after an epoch as instants."""
    return tuple((after(epoch, start), after(epoch, stop)) for start, stop in windows)
