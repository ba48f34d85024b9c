"""Node tables of trajectories that come as positions, ready for the pass search.

1. One segment, one table. A pass that runs over a manoeuvre, a gap or the end of the file is cut
   there, never interpolated across.
2. A table speaks for its `window_s` only, which ends with the file. Its padding comes from points
   beyond the window where the file has them; otherwise the satellite coasts on
   (`tle.trajectory.coast`).
3. A file whose points do not carry an interpolation to 10 m is refused.
"""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tle.errors import EphemerisError, PropagationError
from tle.frames import EARTH_RATE_RAD_S
from tle.nodes import LARGEST_STEP_S, NODES_PER_REVOLUTION, PADDING, NodeTable
from tle.trajectory.coast import coast
from tle.trajectory.ephemeris import Ephemeris, Segment
from tle.trajectory.interpolation import Interpolant, interpolant_of

Floats = NDArray[np.float64]

LARGEST_ERROR_M = 10.0


def ephemeris_nodes(
    ephemeris: Ephemeris, epoch: datetime, start_s: float, stop_s: float
) -> NodeTable:
    """The table of the first segment that meets a window; `failure` says what it leaves out.

    For a file with several segments `ephemeris_tables` gives them all.

    Raises
    ------
    PropagationError
        the file has nothing in the window
    EphemerisError
        its points are too few or too coarse to interpolate
    """
    return ephemeris_tables(ephemeris, epoch, start_s, stop_s)[0]


def ephemeris_tables(
    ephemeris: Ephemeris, epoch: datetime, start_s: float, stop_s: float
) -> tuple[NodeTable, ...]:
    """One node table for every segment that meets a window, in order of time.

    Parameters
    ----------
    ephemeris : the trajectory
    epoch : aware UTC instant from which the window and the tables count
    start_s, stop_s : the window

    Raises
    ------
    PropagationError, EphemerisError
        as `ephemeris_nodes`
    """
    shift = (epoch - ephemeris.epoch).total_seconds()
    window = start_s + shift, stop_s + shift
    meets = [
        segment
        for segment in ephemeris.segments
        if segment.usable_s[0] < window[1] and segment.usable_s[1] > window[0]
    ]
    if not meets:
        raise PropagationError(
            f"{ephemeris.label}: the ephemeris reaches from {ephemeris.start:%Y-%m-%dT%H:%MZ} to "
            f"{ephemeris.stop:%Y-%m-%dT%H:%MZ} and has nothing in the window from "
            f"{epoch + timedelta(seconds=start_s):%Y-%m-%dT%H:%MZ} to "
            f"{epoch + timedelta(seconds=stop_s):%Y-%m-%dT%H:%MZ}"
        )
    return tuple(_table(ephemeris, segment, epoch, window, shift) for segment in meets)


def _table(
    ephemeris: Ephemeris,
    segment: Segment,
    epoch: datetime,
    window: tuple[float, float],
    shift: float,
) -> NodeTable:
    """The table of one segment; window in the ephemeris' own count, `shift` leads to the epoch's.

    Where the segment has points beyond the window they are the padding, and the spacing is a 24th
    of a revolution. Where it ends, a node lies on its last point.
    """
    interpolant = _trusted(ephemeris, segment)
    low = max(window[0], segment.usable_s[0])
    high = min(window[1], segment.usable_s[1])
    widest = min(_perigee_period_s(segment) / NODES_PER_REVOLUTION, LARGEST_STEP_S)
    first = max(low - PADDING * widest, float(segment.times_s[0]))
    last = min(high + PADDING * widest, float(segment.times_s[-1]))
    count = max(1, int(np.ceil((last - first) / widest - 1e-9)))
    step_s = (last - first) / count
    nodes = np.clip(first + step_s * np.arange(count + 1, dtype=np.float64), first, last)
    inside = interpolant.positions_m(nodes)
    ends = np.array([first, last])
    velocities = interpolant.velocities_m_s(ends)
    before = coast(inside[0], velocities[0], -step_s, PADDING)[::-1]
    after = coast(inside[-1], velocities[1], step_s, PADDING)
    return NodeTable(
        name=ephemeris.label,
        epoch=epoch,
        start_s=first - PADDING * step_s - shift,
        step_s=step_s,
        positions_m=np.concatenate([before, inside, after]),
        window_s=(low - shift, high - shift),
        failure=_shortfall(ephemeris, window, low, high),
    )


def _trusted(ephemeris: Ephemeris, segment: Segment) -> Interpolant:
    """The interpolation of a segment, refused if it would be off by more than 10 m."""
    interpolant = interpolant_of(segment)
    count, step_s = len(segment.times_s), float(np.median(np.diff(segment.times_s)))
    if np.isinf(interpolant.error_m):
        raise EphemerisError(
            f"{ephemeris.label}: a segment of {count} points cannot be interpolated; eleven are "
            "needed, or seven with velocities"
        )
    if interpolant.error_m > LARGEST_ERROR_M:
        worst = ephemeris.epoch + timedelta(seconds=interpolant.worst_s)
        raise EphemerisError(
            f"{ephemeris.label}: between points {step_s:g} s apart the orbit is uncertain by up to "
            f"{interpolant.error_m:.0f} m, most of all at {worst:%Y-%m-%dT%H:%M:%SZ}; the limit is "
            f"{LARGEST_ERROR_M:g} m",
            hint="if the file is sound there, ask for points every 60 s and for a new segment at "
            "each manoeuvre",
        )
    return interpolant


def _shortfall(ephemeris: Ephemeris, window: tuple[float, float], low: float, high: float) -> str:
    """What part of the window a table leaves out, or ""."""
    parts = []
    if low > window[0]:
        parts.append(f"begins at {ephemeris.epoch + timedelta(seconds=low):%Y-%m-%dT%H:%M:%SZ}")
    if high < window[1]:
        parts.append(f"ends at {ephemeris.epoch + timedelta(seconds=high):%Y-%m-%dT%H:%M:%SZ}")
    if not parts:
        return ""
    what = "this segment of the ephemeris" if len(ephemeris.segments) > 1 else "the ephemeris"
    return f"{what} {' and '.join(parts)}"


def _perigee_period_s(segment: Segment) -> float:
    """Time of a whole turn at the largest angular rate against the stars."""
    times, positions = segment.times_s, segment.positions_m
    angle = EARTH_RATE_RAD_S * (times - times[0])
    cos, sin = np.cos(angle), np.sin(angle)
    x = cos * positions[:, 0] - sin * positions[:, 1]
    y = sin * positions[:, 0] + cos * positions[:, 1]
    inertial = np.stack([x, y, positions[:, 2]], axis=1)
    inertial /= np.linalg.norm(inertial, axis=1)[:, None]
    chord = np.linalg.norm(np.diff(inertial, axis=0), axis=1)
    rate = 2.0 * np.arcsin(np.minimum(1.0, chord / 2.0)) / np.diff(times)
    return float(2.0 * np.pi / rate.max())
