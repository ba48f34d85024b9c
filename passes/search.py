"""Passes of many satellites over many sites from their node tables.

The rules that keep it exact:

1. No pass hides between nodes: what is scanned, the cosine of the angle between satellite and
   site, is nearly a sinusoid with 24 samples per turn; its parabola bounds the true peak.
2. A pass exists if the elevation at its culmination exceeds the mask, however short it is.
3. A pass that is longer than its polynomial, or one of several peaks of one interval, is found
   again on the whole table piece by piece (`passes.longarc`), never cut or doubled.
4. A pass that runs at the edge of the window is kept and flagged; one whose nodes SGP4 could not
   compute is not invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from passes.arc import HALF_WIDTH_STEPS, INVERSE_VANDERMONDE, STENCIL, Arc, horner
from passes.errors import GeometryError
from passes.longarc import long_arcs
from passes.masked import cut_at_horizon
from passes.site import Site
from tle.nodes import NodeTable

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# The polynomial is used this far from its centre, in steps (accuracy: 0.1 m at 24 nodes a turn).
REACH_STEPS = 2.5
# Slower or more eccentric orbits go straight to the piecewise search.
_LARGEST_STEP_S = 340.0
_GRID = np.linspace(-REACH_STEPS, REACH_STEPS, 41) / HALF_WIDTH_STEPS
# Geodetic against geocentric vertical: at most 0.19 degrees, taken twice.
_VERTICAL_RAD = np.radians(0.4)
_PEAK_MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class FoundPass:
    """One pass with the positions of its satellite and site in the lists that were searched."""

    satellite: int
    site: int
    arc: Arc


def find_passes(
    tables: Sequence[NodeTable], sites: Sequence[Site], min_elevation_rad: Sequence[float]
) -> list[FoundPass]:
    """Every pass above each site's limit and horizon, in order of rise.

    Parameters
    ----------
    tables : node tables of the satellites, all with the same epoch and window
    sites : where the telescopes stand
    min_elevation_rad : lowest elevation per site, in [0, pi/2); the horizon mask may be higher

    Returns
    -------
    passes sorted by rise, satellite, site. Rise and set agree with dense SGP4 states within
    1 ms at LEO, culmination elevation within 1e-4 degrees (see tests/passes/test_search.py).
    """
    if len(min_elevation_rad) != len(sites):
        raise GeometryError(f"{len(sites)} sites but {len(min_elevation_rad)} elevation limits")
    found: list[FoundPass] = []
    for index, table in enumerate(tables):
        for place, site in enumerate(sites):
            limit = max(min_elevation_rad[place], min(site.horizon.elevation_rad))
            for arc in _arcs(table, site, limit):
                cut = cut_at_horizon(arc, site, min_elevation_rad[place])
                found.extend(FoundPass(index, place, piece) for piece in cut)
    return sorted(found, key=lambda item: (item.arc.aos_s, item.satellite, item.site))


def _arcs(table: NodeTable, site: Site, limit_rad: float) -> list[Arc]:
    """Arcs above one limit of elevation."""
    topocentric_m = (table.positions_m - site.position_m()) @ site.axes().T
    if table.step_s > _LARGEST_STEP_S or _is_eccentric(table):
        return long_arcs(table, topocentric_m, limit_rad)
    peaks = _candidates(table, site, limit_rad)
    if not len(peaks):
        return []
    stencil = np.arange(STENCIL) - (STENCIL // 2 - 1)
    first = np.clip(np.floor(peaks).astype(np.intp), STENCIL // 2 - 1, None)
    first = np.minimum(first, len(topocentric_m) - STENCIL // 2 - 1)
    nodes = topocentric_m[first[:, None] + stencil]
    coefficients = np.einsum("pn,cnk->ckp", INVERSE_VANDERMONDE, nodes)
    centres_s = table.start_s + table.step_s * (first.astype(np.float64) + 0.5)
    x = (peaks - first - 0.5) / HALF_WIDTH_STEPS
    return _events(table, topocentric_m, coefficients, centres_s, x, limit_rad)


def _candidates(table: NodeTable, site: Site, limit_rad: float) -> Floats:
    """Places of possible culminations on the table, in steps from its first node."""
    radius_m = np.linalg.norm(table.positions_m, axis=1)
    site_m = site.position_m()
    site_radius_m = np.linalg.norm(site_m)
    cosine = table.positions_m @ site_m / (radius_m * site_radius_m)
    lowered = max(limit_rad - _VERTICAL_RAD, -np.pi / 2)
    reach = np.arccos(np.minimum(1.0, site_radius_m / radius_m.max() * np.cos(lowered))) - lowered
    inner = cosine[1:-1]
    is_peak = (inner >= cosine[:-2]) & (inner > cosine[2:])
    index = np.flatnonzero(is_peak) + 1
    before, at, after = cosine[index - 1], cosine[index], cosine[index + 1]
    curvature = before - 2.0 * at + after
    offset = 0.5 * (before - after) / curvature
    height = at - 0.25 * (before - after) * offset
    return np.asarray((index + offset)[height > np.cos(reach) - _PEAK_MARGIN])


def _events(
    table: NodeTable,
    topocentric_m: Floats,
    coefficients: Floats,
    centres_s: Floats,
    x: Floats,
    limit_rad: float,
) -> list[Arc]:
    """Culmination, rise and set of candidate polynomials; long ones go to the whole table."""
    x = culmination(coefficients, x)
    position, _ = horner(coefficients, x)
    is_up = position[:, 2] > np.sin(limit_rad) * np.linalg.norm(position, axis=1)
    coefficients, centres_s, x = coefficients[is_up], centres_s[is_up], x[is_up]
    if not len(x):
        return []
    rise, rises = crossing(coefficients, x, limit_rad, direction=-1)
    fall, falls = crossing(coefficients, x, limit_rad, direction=+1)
    half_width_s = table.step_s * HALF_WIDTH_STEPS
    aos, los = centres_s + rise * half_width_s, centres_s + fall * half_width_s
    order = np.argsort(aos)
    overlaps = np.any(aos[order][1:] < los[order][:-1])
    if not (np.all(rises) and np.all(falls)) or overlaps:
        return long_arcs(table, topocentric_m, limit_rad)
    arcs = []
    for i in order:
        arc = clip_to_window(
            table,
            Arc(
                table.epoch,
                aos[i],
                centres_s[i] + x[i] * half_width_s,
                los[i],
                aos_truncated=False,
                los_truncated=False,
                centres_s=centres_s[i : i + 1],
                half_width_s=half_width_s,
                coefficients_m=coefficients[i : i + 1],
            ),
        )
        arcs.extend([arc] if arc is not None else [])
    return arcs


def culmination(coefficients: Floats, x: Floats) -> Floats:
    """Scaled times of highest elevation by Newton's method on d/dt(Up / range) = 0.

    Parameters
    ----------
    coefficients : shape (c, 3, 10)
    x : first guesses, shape (c,), within a step of the peak
    """
    second = coefficients[:, :, 2:] * (np.arange(2, STENCIL) * np.arange(1, STENCIL - 1))
    limit = 1.0 / HALF_WIDTH_STEPS
    start = x
    for _ in range(6):
        r, v = horner(coefficients, x)
        a, _ = horner(second, x)
        radial = np.sum(r * v, axis=1)
        slope = v[:, 2] * np.sum(r * r, axis=1) - r[:, 2] * radial
        change = (
            a[:, 2] * np.sum(r * r, axis=1)
            + v[:, 2] * radial
            - r[:, 2] * (np.sum(v * v, axis=1) + np.sum(r * a, axis=1))
        )
        x = np.clip(x - slope / change, start - limit, start + limit)
    return x


def crossing(
    coefficients: Floats, peak: Floats, limit_rad: float, direction: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Scaled times at which elevation passes the limit before (-1) or after (+1) the peak.

    Returns
    -------
    x, exists : shapes (c,); where the pass outlasts the polynomial `exists` is False
    """
    end = direction * REACH_STEPS / HALF_WIDTH_STEPS
    fraction = np.linspace(0.0, 1.0, _GRID.size)
    grid = peak[:, None] + (end - peak)[:, None] * fraction
    flat = np.repeat(coefficients, grid.shape[1], axis=0)
    above = _height(flat, grid.ravel(), limit_rad)[0].reshape(grid.shape) > 0.0
    exists = ~np.all(above[:, 1:], axis=1)
    first = np.argmin(above[:, 1:], axis=1) + 1
    rows = np.arange(len(peak))
    inner, outer = grid[rows, first - 1], grid[rows, first]
    x = 0.5 * (inner + outer)
    # Newton, held inside the bracket: ten steps halve it to 1e-3 of a grid step at the very worst
    # and converge to a microsecond whenever the crossing is not tangent.
    for _ in range(10):
        height, slope = _height(coefficients, x, limit_rad)
        is_above = height > 0.0
        inner, outer = np.where(is_above, x, inner), np.where(is_above, outer, x)
        step = x - height / np.where(slope == 0.0, 1.0, slope)
        low, high = np.minimum(inner, outer), np.maximum(inner, outer)
        x = np.where((step >= low) & (step <= high), step, 0.5 * (inner + outer))
    return x, exists


def _height(coefficients: Floats, x: Floats, limit_rad: float) -> tuple[Floats, Floats]:
    """Up minus sin(limit) times range [m], positive above the limit, with its derivative."""
    r, v = horner(coefficients, x)
    distance = np.linalg.norm(r, axis=1)
    sine = np.sin(limit_rad)
    return r[:, 2] - sine * distance, v[:, 2] - sine * np.sum(r * v, axis=1) / distance


def clip_to_window(table: NodeTable, arc: Arc) -> Arc | None:
    """The arc inside the table's window, flagged where it is cut; None if it lies outside."""
    start, stop = table.window_s
    stop = min(stop, float(table.times_s[-1]))
    if arc.los_s <= start or arc.aos_s >= stop:
        return None
    return Arc(
        arc.epoch,
        float(max(arc.aos_s, start)),
        float(min(max(arc.tca_s, start), stop)),
        float(min(arc.los_s, stop)),
        aos_truncated=arc.aos_truncated or bool(arc.aos_s < start),
        los_truncated=arc.los_truncated or bool(arc.los_s > stop),
        centres_s=arc.centres_s,
        half_width_s=arc.half_width_s,
        coefficients_m=arc.coefficients_m,
    )


def _is_eccentric(table: NodeTable) -> bool:
    """True if the radius varies so much that the scan's bound on the peak would not hold."""
    radius = np.linalg.norm(table.positions_m, axis=1)
    return bool(radius.max() > 1.06 * radius.min())


def window_epoch(tables: Sequence[NodeTable]) -> datetime:
    """The epoch that all tables share; a GeometryError if they do not."""
    epochs = {table.epoch for table in tables}
    if len(epochs) != 1:
        raise GeometryError(f"node tables count from {len(epochs)} different epochs")
    return epochs.pop()
