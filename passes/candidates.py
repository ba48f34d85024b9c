"""Where a satellite may culminate over a site: the scan of node tables for peaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.arc import HALF_WIDTH_STEPS, INVERSE_VANDERMONDE, STENCIL
from passes.site import Site
from tle.nodes import NodeTable

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Geodetic against geocentric vertical: at most 0.19 degrees, taken twice.
_VERTICAL_RAD = np.radians(0.4)
# How much lower than its peak the cosine can be at the nearest node (half a step, 7.5 degrees,
# and the turn of the Earth), and how far a parabola through three nodes can miss a sinusoid.
_NEAREST_NODE = np.cos(0.62 * 2.0 * np.pi / 24.0)
_PEAK_MARGIN = 0.004
# Half of the longest pass that one polynomial holds, in steps.
_LONGEST_HALF_STEPS = 3.0
_LEFT = STENCIL // 2 - 1


@dataclass(frozen=True, slots=True)
class Stations:
    """Sites as arrays; m sites.

    Parameters
    ----------
    positions_m : Earth-fixed, shape (m, 3)
    axes : rows East, North, Up, shape (m, 3, 3)
    radius_m : distance from the Earth's centre, shape (m,)
    sine_limit : sine of the lowest elevation, shape (m,)
    limit_rad : lowest elevation, shape (m,)
    """

    positions_m: Floats
    axes: Floats
    radius_m: Floats
    sine_limit: Floats
    limit_rad: Floats

    @classmethod
    def of(cls, sites: Sequence[Site], limit_rad: Floats) -> "Stations":
        """Arrays of a list of sites with their lowest elevations."""
        positions = np.stack([site.position_m() for site in sites])
        axes = np.stack([site.axes() for site in sites])
        radius = np.linalg.norm(positions, axis=1)
        return cls(positions, axes, radius, np.sin(limit_rad), limit_rad)

    def reach_cosine(self, satellite_radius_m: Floats) -> Floats:
        """Cosine of the central angle at which a satellite of that radius crosses the limit.

        The limit is lowered by the largest angle between geodetic and geocentric vertical, so
        that the scan never loses a pass. Shape of the radii with the sites appended.
        """
        lowered = np.maximum(self.limit_rad - _VERTICAL_RAD, -np.pi / 2.0)
        ratio = self.radius_m / satellite_radius_m[..., None]
        return np.asarray(np.cos(np.arccos(np.minimum(1.0, ratio * np.cos(lowered))) - lowered))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Possible passes as polynomials; c candidates.

    Parameters
    ----------
    table, site : positions in the lists that were scanned, shape (c,)
    first : first node of the stencil in its table, shape (c,)
    coefficients_m : East, North, Up, lowest power first, shape (10, 3, c)
    centre_s, half_width_s : time of the middle of the stencil and of scaled time 1, shape (c,)
    peak : first guess of the culmination in scaled time, shape (c,)
    half_length : first guess of half the length of the pass in scaled time, shape (c,)
    sine_limit : sine of the lowest elevation, shape (c,)
    window_s : the span that is searched
    """

    table: Indices
    site: Indices
    first: Indices
    coefficients_m: Floats
    centre_s: Floats
    half_width_s: Floats
    peak: Floats
    half_length: Floats
    sine_limit: Floats
    window_s: tuple[float, float]

    def only(self, chosen: NDArray[np.bool_]) -> "Candidates":
        """The candidates that are chosen."""
        return Candidates(
            self.table[chosen],
            self.site[chosen],
            self.first[chosen],
            self.coefficients_m[:, :, chosen],
            self.centre_s[chosen],
            self.half_width_s[chosen],
            self.peak[chosen],
            self.half_length[chosen],
            self.sine_limit[chosen],
            self.window_s,
        )

    def time_s(self, x: Floats) -> Floats:
        """Seconds from the epoch at scaled times, shape (c,)."""
        return self.centre_s + x * self.half_width_s

    def scaled(self, time_s: Floats) -> Floats:
        """Scaled times at seconds from the epoch, shape (c,)."""
        return (time_s - self.centre_s) / self.half_width_s

    def position_m(self, x: Floats) -> Floats:
        """East, North, Up at scaled times, shape (3, c)."""
        position = self.coefficients_m[-1]
        for power in range(STENCIL - 2, -1, -1):
            position = position * x
            position += self.coefficients_m[power]
        return np.asarray(position)


def find_candidates(tables: Sequence[NodeTable], stations: Stations) -> Candidates:
    """Every peak of the cosine between satellite and site that might reach the site's limit.

    One matrix product scans all nodes of all tables against all sites; a node survives if it is
    near enough, higher than its neighbours, and if the parabola through the three reaches the
    limit.
    """
    positions = np.concatenate([table.positions_m for table in tables])
    lengths = np.array([len(table.positions_m) for table in tables])
    begins = np.concatenate([[0], np.cumsum(lengths)])
    radius_m = np.sqrt(np.einsum("nk,nk->n", positions, positions))
    reach = stations.reach_cosine(np.maximum.reduceat(radius_m, begins[:-1]))
    cosine = _cosines(positions / radius_m[:, None], stations)
    # The first and last nodes of every table lie outside the window and have no stencil.
    lowest = (reach * _NEAREST_NODE - _PEAK_MARGIN).astype(np.float32)
    threshold = np.repeat(lowest, lengths, axis=0)
    edges = np.concatenate([begins[:-1], begins[1:] - 1])
    threshold[edges] = np.inf
    node, site = np.nonzero(cosine > threshold)
    before, at, after = (cosine[node + k, site].astype(np.float64) for k in (-1, 0, 1))
    is_peak = (at >= before) & (at > after)
    node, site = node[is_peak], site[is_peak]
    before, at, after = before[is_peak], at[is_peak], after[is_peak]
    curvature = before - 2.0 * at + after
    offset = 0.5 * (before - after) / curvature
    height = at - 0.25 * (before - after) * offset
    table = np.searchsorted(begins, node, side="right") - 1
    keep = height > reach[table, site] - _PEAK_MARGIN
    keep &= _touches_window(tables, table, node - begins[:-1][table] + offset)
    shape = np.stack([offset, height, curvature])[:, keep]
    return _polynomials(
        tables, stations, positions, begins, (table[keep], site[keep], node[keep]), shape
    )


def _touches_window(
    tables: Sequence[NodeTable], table: Indices, steps: Floats
) -> NDArray[np.bool_]:
    """Whether a pass that culminates so many steps after its first node can reach the window."""
    start_s = np.array([t.start_s for t in tables])[table]
    step_s = np.array([t.step_s for t in tables])[table]
    peak_s = start_s + step_s * steps
    start, stop = tables[0].window_s
    reach_s = _LONGEST_HALF_STEPS * step_s
    return np.asarray((peak_s > start - reach_s) & (peak_s < stop + reach_s))


def _cosines(directions: Floats, stations: Stations) -> NDArray[np.float32]:
    """Cosine of the central angle between every node and every site, shape (n, m)."""
    sites = stations.positions_m / stations.radius_m[:, None]
    x, y, z = directions.astype(np.float32).T[:, :, None]
    east, north, up = sites.astype(np.float32).T
    # Three plain products: the threads of a BLAS would cost more than they save here.
    cosine = x * east
    cosine += y * north
    cosine += z * up
    return np.asarray(cosine)


def _polynomials(
    tables: Sequence[NodeTable],
    stations: Stations,
    positions_m: Floats,
    begins: Indices,
    where: tuple[Indices, Indices, Indices],
    shape: Floats,
) -> Candidates:
    """Degree-9 polynomials of East, North, Up through the ten nodes around each peak."""
    table, site, node = where
    offset, height, curvature = shape
    last = begins[1:][table] - STENCIL
    first = np.floor(node + offset).astype(np.intp) - _LEFT
    first = np.clip(first, begins[:-1][table], last)
    stencil = positions_m[first + np.arange(STENCIL)[:, None]] - stations.positions_m[site]
    earth_fixed = _interpolating(stencil)
    local = _rotated(earth_fixed, stations.axes[site])
    local_first = first - begins[:-1][table]
    step_s = np.array([t.step_s for t in tables])[table]
    start_s = np.array([t.start_s for t in tables])[table]
    middle = (STENCIL - 1) / 2.0
    radius_m = np.linalg.norm(positions_m[node], axis=1)
    return Candidates(
        table=table,
        site=site,
        first=local_first,
        coefficients_m=local,
        centre_s=start_s + step_s * (local_first + middle),
        half_width_s=step_s * HALF_WIDTH_STEPS,
        peak=(node + offset - first - middle) / HALF_WIDTH_STEPS,
        half_length=_half_length(stations, site, radius_m, height, curvature),
        sine_limit=stations.sine_limit[site],
        window_s=tables[0].window_s,
    )


def _interpolating(nodes: Floats) -> Floats:
    """Coefficients of the polynomials through ten nodes, shapes (10, c, 3), sum by sum.

    The nodes lie symmetrically: even powers follow from the sums of opposite nodes, odd ones from
    their differences, which halves the work.
    """
    half = STENCIL // 2
    opposite = nodes[::-1][:half]
    folded = (nodes[:half] + opposite, nodes[:half] - opposite)
    coefficients = np.empty_like(nodes)
    part = np.empty_like(nodes[0])
    for power, weights in enumerate(INVERSE_VANDERMONDE):
        pairs = folded[power % 2]
        np.multiply(pairs[0], weights[0], out=coefficients[power])
        for node in range(1, half):
            np.multiply(pairs[node], weights[node], out=part)
            coefficients[power] += part
    return coefficients


def _rotated(vectors: Floats, axes: Floats) -> Floats:
    """Vectors of shape (10, c, 3) in the axes (c, 3, 3) of each candidate, shape (10, 3, c)."""
    x, y, z = (np.ascontiguousarray(vectors[:, :, k]) for k in range(3))
    return np.stack(
        [axes[:, k, 0] * x + axes[:, k, 1] * y + axes[:, k, 2] * z for k in range(3)], axis=1
    )


def _half_length(
    stations: Stations, site: Indices, radius_m: Floats, height: Floats, curvature: Floats
) -> Floats:
    """Half the length of a pass on a spherical Earth, in scaled time; a first guess only."""
    limit = stations.limit_rad[site]
    ratio = stations.radius_m[site] / radius_m * np.cos(limit)
    reach = np.cos(np.arccos(np.minimum(1.0, ratio)) - limit)
    rate_per_step = np.sqrt(np.maximum(-curvature, 1e-9) / np.maximum(height, 0.1))
    angle = np.arccos(np.clip(reach / height, -1.0, 0.9999))
    return np.asarray(angle / rate_per_step / HALF_WIDTH_STEPS)
