"""One pass as far as a plan needs it: usable spans, why not, and its seconds where they count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groundstation.network import Network, Satellite
from groundstation.night.availability import daylight_refusal, usable_windows
from groundstation.night.looking import Place
from groundstation.night.pass_geometry import age_refusal, instants_of
from groundstation.permission.records import LinkPermission
from groundstation.plan.records import Span
from passes.arc import Arc
from passes.sampling import sample_times, track_along
from passes.sky.ephemeris import SunMoonTable
from passes.sky.twilight import sun_elevation_rad
from passes.track import Track
from passes.windows import Windows
from tle.elements import ElementSet


@dataclass(frozen=True, slots=True, eq=False)
class PassOutline:
    """A pass between refusal and forecast.

    Parameters
    ----------
    windows : usable spans in order
    refusal : why it cannot be a contact, one sentence; None if it can
    track : its seconds; None where no second is usable
    """

    windows: tuple[Span, ...]
    refusal: str | None
    track: Track | None


def pass_outline(
    network: Network,
    place: Place,
    satellite: Satellite,
    elements: ElementSet,
    arc: Arc,
    sky: SunMoonTable,
    permitted: Sequence[LinkPermission],
) -> PassOutline:
    """Windows, refusal and track as `night_pass` has them; a pass in daylight is not sampled."""
    station = place.station
    if not len(Windows.of([(arc.aos_s, arc.los_s)]) & place.availability.dark):
        lowest_rad = sun_elevation_rad(station.site, sky, sample_times(arc)).min()
        return PassOutline((), daylight_refusal(station, float(np.degrees(lowest_rad))), None)
    usable = usable_windows(
        arc,
        station,
        place.availability,
        max_range_m=network.policies.max_range_m,
        min_contact_s=network.policies.min_contact_s,
        # Told where it is never dark only.
        lowest_sun_deg=float("nan"),
        permitted=permitted,
    )
    refusal = usable.refusal or age_refusal(network, satellite, elements, arc)
    windows = instants_of(arc.epoch, usable.windows)
    if not windows:
        return PassOutline((), refusal, None)
    track = track_along(arc, station.site, sky, usable.windows, usable.follows)
    return PassOutline(windows, refusal, track)
