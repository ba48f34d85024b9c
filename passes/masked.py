"""Passes behind hills: cutting an arc where the horizon mask hides the satellite."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from passes.arc import Arc
from passes.site import Site
from passes.windows import Windows

Floats = NDArray[np.float64]

_STEP_S = 2.0


def cut_at_horizon(arc: Arc, site: Site, min_elevation_rad: float) -> list[Arc]:
    """The parts of an arc above both the limit and the horizon mask of its site.

    Each part is a pass of its own with its own culmination. A mask feature that hides the
    satellite for less than two seconds is not resolved; edges are exact to a microsecond.
    """
    if max(site.horizon.elevation_rad) <= min_elevation_rad or site.horizon.is_level:
        return [arc]
    count = max(3, int(np.ceil(arc.duration_s / _STEP_S)) + 1)
    times = np.linspace(arc.aos_s, arc.los_s, count)
    clear = _clearance(arc, site, min_elevation_rad, times) > 0.0
    change = np.flatnonzero(clear[1:] != clear[:-1])
    edges = _bisect(arc, site, min_elevation_rad, times[change], times[change + 1])
    ends = np.concatenate(
        [[arc.aos_s] if clear[0] else [], edges, [arc.los_s] if clear[-1] else []]
    )
    return [_part(arc, start, stop) for start, stop in Windows.of(map(tuple, ends.reshape(-1, 2)))]


def _clearance(arc: Arc, site: Site, min_elevation_rad: float, times: Floats) -> Floats:
    look = arc.look(times)
    horizon = site.horizon.elevation_at(look.azimuth_rad)
    return look.elevation_rad - np.maximum(horizon, min_elevation_rad)


def _bisect(arc: Arc, site: Site, min_elevation_rad: float, low: Floats, high: Floats) -> Floats:
    low, high = low.copy(), high.copy()
    starts_clear = _clearance(arc, site, min_elevation_rad, low) > 0.0 if len(low) else low
    for _ in range(30 if len(low) else 0):
        middle = 0.5 * (low + high)
        same = (_clearance(arc, site, min_elevation_rad, middle) > 0.0) == starts_clear
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)


def _part(arc: Arc, start: float, stop: float) -> Arc:
    """The arc between two instants; it culminates inside, or at the higher end."""
    tca = min(max(arc.tca_s, start), stop)
    return dataclasses.replace(
        arc,
        aos_s=start,
        tca_s=tca,
        los_s=stop,
        aos_truncated=arc.aos_truncated and start == arc.aos_s,
        los_truncated=arc.los_truncated and stop == arc.los_s,
    )
