"""A trajectory as tabulated positions: what an OEM or CPF file holds.

1. Positions are Earth-fixed, in metres; times are UTC seconds from the epoch of the record.
2. A segment is smooth: no manoeuvre, gap or leap second inside. Nothing is interpolated across
   two segments.
3. A segment may keep points outside its usable span; they serve interpolation only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tle.errors import EphemerisError
from tle.trajectory.timestamps import day_start, leap_offsets, span_of_offset

Floats = NDArray[np.float64]

# Nearer than the surface or beyond the Moon's distance twice over, a unit has been mistaken.
RADIUS_M = (6.2e6, 1.0e9)
# One missing record doubles a step, which degree 9 still bridges; two make a gap.
_GAP_RATIO = 2.5


@dataclass(frozen=True, slots=True)
class Segment:
    """A smooth piece of a trajectory.

    Parameters
    ----------
    times_s : UTC seconds from the epoch of the ephemeris, increasing, shape (n,)
    positions_m : Earth-fixed (ITRF), shape (n, 3)
    velocities_m_s : against the rotating Earth, shape (n, 3), or None
    usable_s : first and last instant for which the segment speaks
    """

    times_s: Floats
    positions_m: Floats
    velocities_m_s: Floats | None
    usable_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """The trajectory of one satellite.

    Parameters
    ----------
    name : as published, may be empty
    norad_cat_id : catalogue number; 0 if the file has none
    object_id : international designator ("2026-001A"), may be empty
    frame : name of the Earth-fixed frame ("ITRF2020", "ITRF")
    source : file or provider
    epoch : aware UTC instant from which times are counted
    segments : in order of time, at least one
    """

    name: str
    norad_cat_id: int
    object_id: str
    frame: str
    source: str
    epoch: datetime
    segments: tuple[Segment, ...]

    @property
    def label(self) -> str:
        """What messages call the satellite."""
        return self.name or self.object_id or str(self.norad_cat_id)

    @property
    def start(self) -> datetime:
        """First usable instant."""
        return self.epoch + timedelta(seconds=self.segments[0].usable_s[0])

    @property
    def stop(self) -> datetime:
        """Last usable instant."""
        return self.epoch + timedelta(seconds=self.segments[-1].usable_s[1])


@dataclass(frozen=True, slots=True)
class AtomicTable:
    """Points of one file segment on the atomic time line, before leap seconds are looked at.

    Parameters
    ----------
    base : modified Julian day
    atomic_s : TAI seconds from 0 h TAI of the base day, shape (n,)
    positions_m, velocities_m_s : Earth-fixed, shapes (n, 3); velocities may be None
    usable_s : span in the same count
    """

    base: int
    atomic_s: Floats
    positions_m: Floats
    velocities_m_s: Floats | None
    usable_s: tuple[float, float]

    def utc_s(self) -> Floats:
        """UTC seconds from 0 h UTC of the base day, shape (n,)."""
        return np.asarray(self.atomic_s - leap_offsets(self.base, self.atomic_s))


def epoch_of(table: AtomicTable) -> datetime:
    """The whole second of the first point: an epoch that a datetime holds exactly."""
    return day_start(table.base) + timedelta(seconds=float(np.floor(table.utc_s()[0])))


def split_segments(table: AtomicTable, epoch: datetime) -> list[Segment]:
    """Smooth segments of a table: cut at gaps and at leap seconds.

    On both sides of a leap second the points of the other side are kept, counted on as if the
    second had not been inserted, so that interpolation stays centred up to midnight.
    """
    origin_s = (epoch - day_start(table.base)).total_seconds()
    segments: list[Segment] = []
    for piece in _between_gaps(table.atomic_s):
        atomic = table.atomic_s[piece]
        usable = (
            max(table.usable_s[0], float(atomic[0])),
            min(table.usable_s[1], float(atomic[-1])),
        )
        for offset in np.unique(leap_offsets(table.base, atomic)):
            shift = float(offset) + origin_s
            low, high = span_of_offset(table.base, float(offset))
            span = max(low, usable[0]), min(high, usable[1])
            if span[0] < span[1]:
                velocities = table.velocities_m_s
                segments.append(
                    Segment(
                        atomic - shift,
                        table.positions_m[piece],
                        None if velocities is None else velocities[piece],
                        (span[0] - shift, span[1] - shift),
                    )
                )
    return segments


def refuse_radius(positions_m: Floats) -> int | None:
    """Index of the first position that is no satellite of the Earth, or None."""
    with np.errstate(over="ignore"):  # a damaged exponent is out of range, not a warning
        radius = np.linalg.norm(positions_m, axis=1)
    bad = np.flatnonzero(~((radius > RADIUS_M[0]) & (radius < RADIUS_M[1])))
    return int(bad[0]) if bad.size else None


def in_order(segments: list[Segment], label: str) -> tuple[Segment, ...]:
    """The segments by time.

    Raises
    ------
    EphemerisError
        there is none, or two speak for the same instants
    """
    if not segments:
        raise EphemerisError(f"{label}: no two points that could be interpolated")
    ordered = sorted(segments, key=lambda item: item.usable_s)
    for one, two in pairwise(ordered):
        overlap = one.usable_s[1] - two.usable_s[0]
        if overlap > 1e-6:
            raise EphemerisError(f"{label}: two segments overlap by {overlap:g} s")
    return tuple(ordered)


def _between_gaps(times_s: Floats) -> list[slice]:
    """Runs of points without a gap: a step much longer than the steps beside it."""
    steps = np.diff(times_s)
    if len(steps) < 2:
        return [slice(0, len(times_s))]
    before = np.concatenate([steps[1:2], steps[:-1]])
    after = np.concatenate([steps[1:], steps[-2:-1]])
    cuts = np.flatnonzero(steps > _GAP_RATIO * np.maximum(before, after)) + 1
    edges = [0, *(int(cut) for cut in cuts), len(times_s)]
    return [slice(a, b) for a, b in pairwise(edges)]
