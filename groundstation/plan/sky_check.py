"""What skyfield says against a contact: orbit, Sun, horizon, range, mount, shifts, closures."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import skyfield_data
from numpy.typing import NDArray
from skyfield.api import EarthSatellite, Loader, load, wgs84
from skyfield.nutationlib import iau2000b_radians

from groundstation.network import Network, Shift, Station
from groundstation.plan.records import Contact, Plan

Floats = NDArray[np.float64]

# Skyfield's predicted UT1 may be 0.15 s off and it ignores polar motion: 0.02 degrees at 500 km.
ANGLE_TOLERANCE_DEG = 0.03
RANGE_TOLERANCE_M = 500.0
# A wall in the horizon mask is met a little earlier or later by another program's orbit.
EDGE_TOLERANCE_S = 0.3
RATE_TOLERANCE = 0.05
_SAMPLE_S = 5.0


def sky_faults(
    plan: Plan, network: Network, orbits: Mapping[str, tuple[str, str]]
) -> dict[str, list[str]]:
    """What the sky says against each contact, by pass id; contacts without fault are left out."""
    faults = {}
    with closing(_ephemeris()) as kernel:
        world = _World(kernel, load.timescale(builtin=True), {})
        for contact in plan.contacts:
            if _is_known(contact, network, orbits) and contact.windows:
                found = list(_sky_faults(contact, network, orbits, world))
                if found:
                    faults[contact.pass_id] = found
    return faults


@dataclass(frozen=True, slots=True)
class _World:
    """What skyfield looks with: Sun and Earth, its clock, satellites by their two lines.

    All of one check; making them anew for every window takes longer than looking.
    """

    kernel: Any
    scale: Any
    satellites: dict[tuple[str, str], Any]

    def satellite(self, lines: tuple[str, str]) -> Any:
        """The satellite of an element set."""
        if lines not in self.satellites:
            self.satellites[lines] = EarthSatellite(*lines, ts=self.scale)
        return self.satellites[lines]

    def at(self, start: datetime, offsets_s: Floats) -> Any:
        """Instants some seconds after another one.

        Half of the time of a check went into the 1,365 terms of the nutation. The 77 terms that
        skyfield offers for the purpose are a milliarcsecond off (D. D. McCarthy, B. J. Luzum,
        Celest. Mech. Dyn. Astron. 85, 37, 2003).
        """
        found = self.scale.from_datetimes([start + timedelta(seconds=float(s)) for s in offsets_s])
        found._nutation_angles_radians = iau2000b_radians(found)  # noqa: SLF001  as its manual says
        return found

    def sun_deg(self, place: Any, instants: Any) -> Floats:
        """Elevation of the Sun at a place."""
        seen = (self.kernel["earth"] + place).at(instants).observe(self.kernel["sun"])
        # Masses that bend the light of stars bend that of the Sun by nothing that matters.
        elevation: Floats = seen.apparent(deflectors=()).altaz()[0].degrees
        return elevation


def _ephemeris() -> Any:
    """JPL DE421 as skyfield opens it; skyfield has no types."""
    with warnings.catch_warnings():
        # The polar-motion file of skyfield-data has expired; it is not used here.
        warnings.simplefilter("ignore", RuntimeWarning)
        return Loader(skyfield_data.get_skyfield_data_path(), verbose=False)("de421.bsp")


def _is_known(contact: Contact, network: Network, orbits: Mapping[str, tuple[str, str]]) -> bool:
    return contact.satellite in orbits and any(
        station.name == contact.station for station in network.stations
    )


def _sky_faults(
    contact: Contact, network: Network, orbits: Mapping[str, tuple[str, str]], world: _World
) -> Iterator[str]:
    """Elevation, horizon, twilight, range, mount, shifts and maintenance of one contact."""
    station = next(s for s in network.stations if s.name == contact.station)
    gaps = [(first[1], second[0]) for first, second in pairwise(contact.windows)]
    for left, met in gaps:
        (view,) = _seen(station, orbits[contact.satellite], left, met, (0.0,), world)
        yield from (
            f"{contact.pass_id}: {text}" for text in _turn_faults(station, view, met - left)
        )
    for start, stop in contact.windows:
        shifts_s = (-EDGE_TOLERANCE_S, 0.0, EDGE_TOLERANCE_S)
        seen = _seen(station, orbits[contact.satellite], start, stop, shifts_s, world)
        yield from (f"{contact.pass_id}: {text}" for text in _limits_passed(station, seen))
        limit_m, far_m = network.policies.max_range_m, float(seen[1].range_m.max())
        if limit_m is not None and far_m > limit_m + RANGE_TOLERANCE_M:
            yield f"{contact.pass_id}: {far_m / 1e3:.1f} km away, beyond {limit_m / 1e3:g} km"
        if station.shifts and not _covers(station.shifts, start, stop):
            yield f"{contact.pass_id}: outside the shifts of {station.name}"
        for closed in station.maintenance:
            if start < closed.stop and closed.start < stop:
                yield f"{contact.pass_id}: {station.name} is closed ({closed.reason})"


def _limits_passed(station: Station, seen: Sequence["_Seen"]) -> Iterator[str]:
    """What is violated at an instant and a third of a second before and after it as well."""
    clear = np.max([view.clearance_deg for view in seen], axis=0)
    if clear.min() < -ANGLE_TOLERANCE_DEG:
        yield f"{-clear.min():.2f} degrees below the elevation limit or horizon"
    high = float(seen[1].sun_deg.max() - np.degrees(station.max_sun_elevation_rad))
    if high > ANGLE_TOLERANCE_DEG:
        yield f"the Sun is {high:.2f} degrees above the station's limit"
    mount = station.mount
    turn = np.radians((seen[2].azimuth_deg - seen[0].azimuth_deg + 180.0) % 360.0 - 180.0)
    rate = np.abs(turn) / (2.0 * EDGE_TOLERANCE_S)
    if mount.max_azimuth_rate_rad_s is not None:
        excess = float(rate.max() / mount.max_azimuth_rate_rad_s)
        if excess > 1.0 + RATE_TOLERANCE:
            yield f"the mount would have to turn {excess:.2f} times as fast as it can"
    top = float(np.max(seen[1].elevation_deg))
    if mount.max_elevation_rad is not None:
        over = top - np.degrees(mount.max_elevation_rad)
        if over > ANGLE_TOLERANCE_DEG:
            yield f"{over:.2f} degrees above the mount's highest elevation"


def _turn_faults(station: Station, view: "_Seen", gap: timedelta) -> Iterator[str]:
    """Whether the mount can turn from where it left the satellite to where it meets it again."""
    limit = station.mount.max_azimuth_rate_rad_s
    if limit is None:
        return
    turn_deg = abs((view.azimuth_deg[-1] - view.azimuth_deg[0] + 180.0) % 360.0 - 180.0)
    reach_deg = np.degrees(limit) * gap.total_seconds()
    if turn_deg > reach_deg * (1.0 + RATE_TOLERANCE) + ANGLE_TOLERANCE_DEG:
        yield f"the mount cannot turn {turn_deg:.0f} degrees in {gap.total_seconds():.0f} s"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What skyfield sees along a span [degrees, m]; arrays of equal shape."""

    elevation_deg: Floats
    clearance_deg: Floats
    azimuth_deg: Floats
    range_m: Floats
    sun_deg: Floats


def _seen(
    station: Station,
    lines: tuple[str, str],
    start: datetime,
    stop: datetime,
    shifts_s: Sequence[float],
    world: _World,
) -> list[_Seen]:
    """Satellite over a station every five seconds of a span, for each of some shifts, and the Sun.

    The Sun is that of the span without shifts, in which it moves by less than 0.002 degrees.
    """
    length_s = (stop - start).total_seconds()
    steps = np.linspace(0.0, length_s, max(2, int(length_s / _SAMPLE_S) + 1))
    offsets = (steps + np.array(shifts_s)[:, None]).reshape(-1)
    instants = world.at(start, offsets)
    place = wgs84.latlon(
        np.degrees(station.site.latitude_rad),
        np.degrees(station.site.longitude_rad),
        station.site.height_m,
    )
    altitude, azimuth, distance = (world.satellite(lines) - place).at(instants).altaz()
    sun_deg = np.tile(world.sun_deg(place, world.at(start, steps)), len(shifts_s))
    horizon = np.degrees(station.site.horizon.elevation_at(azimuth.radians))
    lowest = np.maximum(horizon, np.degrees(station.min_elevation_rad))
    columns = (altitude.degrees, altitude.degrees - lowest, azimuth.degrees, distance.m, sun_deg)
    return [
        _Seen(*parts)
        for parts in zip(*(np.split(column, len(shifts_s)) for column in columns), strict=True)
    ]


def _covers(shifts: Sequence[Shift], start: datetime, stop: datetime) -> bool:
    """Whether the daily working times hold the whole span; shifts that touch follow each other."""
    spans = []
    for days in range(-1, (stop - start).days + 2):
        day = (start + timedelta(days=days)).date()
        for shift in shifts:
            begin = datetime.combine(day, shift.start, tzinfo=start.tzinfo)
            end = datetime.combine(day, shift.stop, tzinfo=start.tzinfo)
            spans.append((begin, end if end > begin else end + timedelta(days=1)))
    reached = start
    for begin, end in sorted(spans):
        if begin <= reached < end:
            reached = end
    return reached >= stop
