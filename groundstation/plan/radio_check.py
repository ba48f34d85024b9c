"""The referee's own radio contacts: skyfield's positions, sampled, and no code of the planner's.

Key of a contact is announced at the end of the first radio contact that begins after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from skyfield.api import EarthSatellite, load, wgs84

from groundstation.announcement_policy import RadioStation
from groundstation.network import Network, Satellite
from groundstation.plan.records import Plan

# Two programs agree to a fraction of a second; a grazing pass begins a little earlier or later.
EDGE_TOLERANCE = timedelta(seconds=30)
# Radio contacts last a minute at least: none falls between two samples.
_STEP_S = 30.0


def announced_keys(
    plan: Plan, network: Network, orbits: Mapping[str, tuple[str, str]], until: datetime
) -> dict[str, datetime | None]:
    """When the key of each contact is announced at the earliest, by pass id; None for not before.

    Contacts of satellites that announce at once are left out.

    Parameters
    ----------
    orbits : the two lines of each satellite's element set
    until : last instant of the plan; nights ahead and a day behind them are looked at, too
    """
    until += timedelta(days=network.nights_ahead + 1)
    found: dict[str, datetime | None] = {}
    for satellite in network.satellites:
        own = [c for c in plan.contacts if c.satellite == satellite.name]
        policy = satellite.announcement
        if not own or not (policy.radio_stations or policy.delay_s):
            continue
        begin = min(c.stop for c in own)
        spans = _radio_spans(satellite, network, orbits, begin, until)
        for contact in own:
            ready = contact.stop + timedelta(seconds=policy.delay_s) - EDGE_TOLERANCE
            if not policy.radio_stations:
                found[contact.pass_id] = ready
                continue
            ends = [stop - EDGE_TOLERANCE for start, stop in spans if start >= ready]
            found[contact.pass_id] = min(ends, default=None)
    return found


def _radio_spans(
    satellite: Satellite,
    network: Network,
    orbits: Mapping[str, tuple[str, str]],
    begin: datetime,
    until: datetime,
) -> list[tuple[datetime, datetime]]:
    if satellite.name not in orbits:
        return []
    stations = [
        s for s in network.radio_stations if s.name in satellite.announcement.radio_stations
    ]
    begin -= timedelta(hours=1)
    return [
        span
        for station in stations
        for span in _spans_above(station, orbits[satellite.name], begin, until)
    ]


def _spans_above(
    station: RadioStation, lines: Sequence[str], begin: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When the satellite stands above the lowest elevation, straight between the samples."""
    scale = load.timescale(builtin=True)
    steps = np.arange(0.0, (until - begin).total_seconds(), _STEP_S)
    instants = scale.tt_jd(scale.from_datetime(begin).tt + steps / 86_400.0)
    site = station.site
    place = wgs84.latlon(
        np.degrees(site.latitude_rad), np.degrees(site.longitude_rad), site.height_m
    )
    altitude, _, _ = (EarthSatellite(*lines, ts=scale) - place).at(instants).altaz()
    height = altitude.radians - station.min_elevation_rad
    edges = np.flatnonzero(np.diff((height >= 0.0).astype(np.int8)))
    crossed_s = steps[edges] + _STEP_S * height[edges] / (height[edges] - height[edges + 1])
    crossed = [begin + timedelta(seconds=float(seconds)) for seconds in crossed_s]
    if crossed and height[0] >= 0.0:
        # It stood there before anybody looked.
        crossed.insert(0, begin)
    yield from zip(crossed[::2], crossed[1::2], strict=False)
