"""How low the Sun stands over a site, and when it is dark."""

import numpy as np
from numpy.typing import NDArray

from passes.site import Site
from passes.sky.ephemeris import SunMoonTable
from passes.windows import Windows

Floats = NDArray[np.float64]

_STEP_S = 600.0


def sun_elevation_rad(site: Site, table: SunMoonTable, times_s: Floats) -> Floats:
    """Geometric elevation of the Sun's centre at a site [rad], shape (n,)."""
    return _elevation(site, table.sun_earth_fixed_m(np.atleast_1d(times_s)))


def dark_windows(
    site: Site, table: SunMoonTable, start_s: float, stop_s: float, limit_rad: float
) -> Windows:
    """Spans in which the Sun's centre is geometrically below a limit; edges to a millisecond."""
    times = np.linspace(start_s, stop_s, max(2, int(np.ceil((stop_s - start_s) / _STEP_S)) + 1))
    # The lowest point is added, so that a night shorter than a step is not missed.
    times = np.unique(np.concatenate([times, lowest_sun(site, table, start_s, stop_s)[:1]]))
    is_dark = sun_elevation_rad(site, table, times) < limit_rad
    change = np.flatnonzero(is_dark[1:] != is_dark[:-1])
    edges = _bisect(site, table, times[change], times[change + 1], limit_rad)
    ends = np.concatenate([[start_s] if is_dark[0] else [], edges, [stop_s] if is_dark[-1] else []])
    return Windows.of(map(tuple, ends.reshape(-1, 2)))


def lowest_sun(site: Site, table: SunMoonTable, start_s: float, stop_s: float) -> Floats:
    """Time [s] and elevation [rad] of the lowest Sun in a span, shape (2,)."""
    times = np.linspace(start_s, stop_s, max(3, int(np.ceil((stop_s - start_s) / _STEP_S)) + 1))
    elevation = sun_elevation_rad(site, table, times)
    lowest = int(np.argmin(elevation))
    low, high = times[max(lowest - 1, 0)], times[min(lowest + 1, len(times) - 1)]
    fine = np.linspace(low, high, 1201)
    elevation = sun_elevation_rad(site, table, fine)
    best = int(np.argmin(elevation))
    return np.array([fine[best], elevation[best]])


def _bisect(site: Site, table: SunMoonTable, low: Floats, high: Floats, limit: float) -> Floats:
    if not len(low):
        return low
    starts_dark = sun_elevation_rad(site, table, low) < limit
    for _ in range(24):
        middle = 0.5 * (low + high)
        same = (sun_elevation_rad(site, table, middle) < limit) == starts_dark
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)


def _elevation(site: Site, position_m: Floats) -> Floats:
    """Elevation of an Earth-fixed position seen from a site, shape (n,)."""
    topocentric = (position_m - site.position_m()) @ site.axes().T
    return np.arctan2(topocentric[:, 2], np.hypot(topocentric[:, 0], topocentric[:, 1]))
