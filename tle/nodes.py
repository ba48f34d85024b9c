"""Earth-fixed positions of one satellite on a coarse table that all sites share."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from tle.clock import (
    SECONDS_PER_DAY,
    earth_orientation,
    modified_julian_date,
    split_mjd,
    tai_minus_utc_s,
)
from tle.elements import ElementSet
from tle.errors import PropagationError
from tle.frames import turn_to_earth
from tle.near_earth import is_near_earth, near_earth_positions_m

Floats = NDArray[np.float64]

NODES_PER_REVOLUTION = 24
NODES_PER_SLOW_REVOLUTION = 36
LONGEST_LOW_PERIOD_S = 8_000.0
LARGEST_LOW_ECCENTRICITY = 0.03
LARGEST_STEP_S = 1_800.0
POLAR_RADIUS_M = 6_356_752.0
GM_M3_S2 = 3.986008e14  # WGS 72
PADDING = 8
# Nodes that are computed together: enough to share the cost, few enough for the cache.
_BLOCK_NODES = 12_000
_STEPS = ("first_s", "step_s")
_MJD_ORDINAL = date(1858, 11, 17).toordinal()
_SGP4_EPOCH_MJD = 33_281.0  # 1949-12-31 0 h, from which sgp4init counts its epoch


@dataclass(frozen=True, slots=True)
class NodeTable:
    """Positions of one satellite at equal steps, from which every pass is interpolated.

    Parameters
    ----------
    name : for messages
    epoch : aware UTC instant from which times are counted
    start_s : time of the first node
    step_s : spacing
    positions_m : Earth-fixed (ITRF), shape (n, 3); only nodes before the first failure of SGP4
    window_s : the span that was asked for; the table reaches PADDING steps beyond it
    failure : why the table ends early, or ""
    """

    name: str
    epoch: datetime
    start_s: float
    step_s: float
    positions_m: Floats
    window_s: tuple[float, float]
    failure: str = ""

    @property
    def times_s(self) -> Floats:
        """Times of the nodes, shape (n,)."""
        return self.start_s + self.step_s * np.arange(len(self.positions_m), dtype=np.float64)


def sgp4_nodes(
    elements: ElementSet,
    epoch: datetime,
    start_s: float,
    stop_s: float,
    nodes_per_revolution: int | None = None,
) -> NodeTable:
    """Tabulate SGP4 over a window, padded on both sides.

    The step is a share of a revolution at the angular rate of perigee: a 24th for low orbits,
    which keeps a degree-9 interpolation within 5 cm and 1e-6 degrees (12 nodes: 0.03 s in rise
    times); a 36th for slow or eccentric ones, whose passes cross many nodes.

    Raises
    ------
    PropagationError
        SGP4 fails before the window begins, so that there is nothing to tabulate
    """
    tables = sgp4_node_tables([elements], epoch, start_s, stop_s, nodes_per_revolution)
    if not tables[0].times_s.size:
        raise PropagationError(f"{tables[0].name}: {tables[0].failure}")
    return tables[0]


def sgp4_node_tables(
    sets: Sequence[ElementSet],
    epoch: datetime,
    start_s: float,
    stop_s: float,
    nodes_per_revolution: int | None = None,
) -> list[NodeTable]:
    """Node tables of many satellites over one window; the rotation to the Earth is done for all.

    A satellite for which SGP4 gives nothing before the window begins gets a table without nodes
    whose `failure` says why.
    """
    grids = [_Grid.of(elements, epoch, start_s, stop_s, nodes_per_revolution) for elements in sets]
    tables: list[NodeTable] = []
    begin = 0
    while begin < len(grids):
        end = begin + max(1, _BLOCK_NODES // grids[begin].count)
        tables.extend(_tabulated(grids[begin:end], epoch, (start_s, stop_s)))
        begin = end
    return tables


@dataclass(frozen=True, slots=True)
class _Grid:
    """The instants at which one satellite is tabulated."""

    elements: ElementSet
    first_s: float
    step_s: float
    count: int

    @classmethod
    def of(
        cls,
        elements: ElementSet,
        epoch: datetime,
        start_s: float,
        stop_s: float,
        nodes_per_revolution: int | None,
    ) -> "_Grid":
        """Equal steps over the window and PADDING steps beyond it; `epoch` must be aware."""
        modified_julian_date(epoch)
        density = nodes_per_revolution or _density(elements)
        step_s = min(_perigee_period_s(elements) / density, LARGEST_STEP_S)
        count = math.ceil((stop_s - start_s) / step_s) + 2 * PADDING + 1
        return cls(elements, start_s - PADDING * step_s, step_s, count)


def _tabulated(
    grids: Sequence[_Grid], epoch: datetime, window_s: tuple[float, float]
) -> list[NodeTable]:
    """Node tables of a block of satellites, row by row; shorter rows repeat their last instant."""
    counts = np.array([grid.count for grid in grids])
    index = np.minimum(np.arange(counts.max()), counts[:, None] - 1)
    first, step = (np.array([[getattr(grid, name)] for grid in grids]) for name in _STEPS)
    times_s = first + step * index
    codes, teme_m = _propagated(grids, epoch, times_s)
    # SGP4 may follow an orbit through the Earth, or, in its last minutes before it gives up, far
    # beyond its apogee: neither is a satellite.
    squared = np.einsum("ckn,ckn->kn", teme_m, teme_m)
    farthest = np.array([[(1.5 * _apogee_m(grid.elements)) ** 2] for grid in grids])
    is_lost = (codes != 0) | (squared < POLAR_RADIUS_M**2) | (squared > farthest)
    fixed_m = turn_to_earth(epoch, times_s, teme_m)
    return [
        _table(
            grid,
            epoch,
            window_s,
            fixed_m[row, : grid.count],
            codes[row],
            is_lost[row, : grid.count],
        )
        for row, grid in enumerate(grids)
    ]


def _propagated(
    grids: Sequence[_Grid], epoch: datetime, times_s: Floats
) -> tuple[NDArray[np.uint8], Floats]:
    """SGP4 error codes, shape (k, n), and TEME positions [m], shape (3, k, n), of a block."""
    codes = np.zeros(times_s.shape, dtype=np.uint8)
    teme_m = np.empty((3, *times_s.shape))
    fast = [row for row, grid in enumerate(grids) if is_near_earth(grid.elements)]
    good = np.zeros(len(grids), dtype=bool)
    elapsed = _seconds_without_leap([grids[row].elements for row in fast], epoch, times_s)
    if fast and elapsed is not None:
        minutes = (times_s[fast] + elapsed[:, None]) / 60.0
        teme_m[:, fast], good[fast] = near_earth_positions_m(
            [grids[row].elements for row in fast], minutes
        )
    for row in np.flatnonzero(~good).tolist():
        codes[row], position_m = teme_positions_m(grids[row].elements, epoch, times_s[row])
        teme_m[:, row] = position_m.T
    return codes, teme_m


def _seconds_without_leap(
    sets: Sequence[ElementSet], epoch: datetime, times_s: Floats
) -> Floats | None:
    """Seconds from the epochs of element sets to an epoch; None if leap seconds may lie between."""
    days, fractions = split_mjd(epoch, np.array([float(times_s.min()), 0.0]))
    epochs = np.array([_epoch_mjd(elements) for elements in sets]).reshape(-1, 2)
    if min(days[0], epochs[:, 0].min(initial=np.inf)) < earth_orientation().leap_mjd[-1]:
        return None
    elapsed = ((days[1] - epochs[:, 0]) + (fractions[1] - epochs[:, 1])) * SECONDS_PER_DAY
    return np.asarray(elapsed)


def _table(
    grid: _Grid,
    epoch: datetime,
    window_s: tuple[float, float],
    fixed_m: Floats,
    codes: NDArray[np.uint8],
    is_lost: NDArray[np.bool_],
) -> NodeTable:
    """The nodes of one satellite up to its first failure."""
    failure = ""
    if is_lost.any():
        good = int(np.argmax(is_lost))
        when = epoch + timedelta(seconds=grid.first_s + grid.step_s * good)
        reason = SGP4_ERRORS[int(codes[good])] if codes[good] else "the orbit ends"
        failure = f"SGP4 stops at {when:%Y-%m-%dT%H:%MZ}: {reason}"
        fixed_m = fixed_m[: good if good >= 2 * PADDING else 0]
    return NodeTable(
        name=grid.elements.name or str(grid.elements.norad_cat_id),
        epoch=epoch,
        start_s=grid.first_s,
        step_s=grid.step_s,
        positions_m=np.ascontiguousarray(fixed_m),
        window_s=window_s,
        failure=failure,
    )


def _apogee_m(elements: ElementSet) -> float:
    """Distance of the apogee from the Earth's centre, from the mean elements."""
    rate_rad_s = 2.0 * np.pi / elements.period_s
    return float((GM_M3_S2 / rate_rad_s**2) ** (1.0 / 3.0) * (1.0 + elements.eccentricity))


def _density(elements: ElementSet) -> int:
    """Nodes per revolution that keep the interpolation within 0.1 m."""
    is_low = elements.period_s < LONGEST_LOW_PERIOD_S
    is_round = elements.eccentricity < LARGEST_LOW_ECCENTRICITY
    return NODES_PER_REVOLUTION if is_low and is_round else NODES_PER_SLOW_REVOLUTION


def teme_positions_m(
    elements: ElementSet, epoch: datetime, times_s: Floats
) -> tuple[NDArray[np.uint8], Floats]:
    """SGP4 error codes (0 is good), shape (n,), and TEME positions [m], shape (n, 3).

    Seconds are counted in atomic time between the epoch of the elements and each instant, so
    that a leap second in between does not shift the satellite by 7.5 km.
    """
    satellite = _satrec(elements)
    day, fraction = split_mjd(epoch, times_s)
    epoch_mjd, _ = _epoch_mjd(elements)
    if day.min(initial=epoch_mjd) < earth_orientation().leap_mjd[-1]:
        # Not all after the last leap second: one may lie in between.
        leap_s = tai_minus_utc_s(day) - tai_minus_utc_s(epoch_mjd)
        fraction = fraction + leap_s / SECONDS_PER_DAY
    codes, position_km, _ = satellite.sgp4_array(day + 2_400_000.5, fraction)
    position_km *= 1_000.0
    return codes, position_km


@functools.lru_cache(maxsize=4096)
def _satrec(elements: ElementSet) -> Satrec:
    """The SGP4 record; WGS 72 because GP element sets are fitted with it."""
    whole, fraction = _epoch_mjd(elements)
    satellite = Satrec()
    satellite.sgp4init(
        WGS72,
        "i",
        0,  # the catalogue number never enters SGP4; nine digits would not fit
        whole - _SGP4_EPOCH_MJD + fraction,
        elements.bstar,
        elements.mean_motion_dot / (SECONDS_PER_DAY / 60.0) ** 2 * 2.0 * np.pi,
        elements.mean_motion_ddot / (SECONDS_PER_DAY / 60.0) ** 3 * 2.0 * np.pi,
        elements.eccentricity,
        np.radians(elements.argument_of_perigee_deg),
        np.radians(elements.inclination_deg),
        np.radians(elements.mean_anomaly_deg),
        elements.mean_motion_rev_per_day * 2.0 * np.pi / (SECONDS_PER_DAY / 60.0),
        np.radians(elements.raan_deg),
    )
    # sgp4init keeps the epoch in one double (0.4 microseconds); the split is exact.
    satellite.jdsatepoch, satellite.jdsatepochF = whole + 2_400_000.5, fraction
    return satellite


def _epoch_mjd(elements: ElementSet) -> tuple[float, float]:
    """Whole MJD and fraction of the element epoch."""
    january = date(elements.epoch_year, 1, 1).toordinal() - _MJD_ORDINAL
    days = math.floor(elements.epoch_day)
    return float(january + days - 1), elements.epoch_day - days


def _perigee_period_s(elements: ElementSet) -> float:
    """Time of a whole turn at the angular rate of perigee."""
    e = elements.eccentricity
    return float(elements.period_s * (1.0 - e) ** 1.5 / np.sqrt(1.0 + e))
