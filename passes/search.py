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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.arc import HALF_WIDTH_STEPS, STENCIL, Arc, stencil_coefficients
from passes.candidates import Candidates, Stations, find_candidates
from passes.errors import GeometryError
from passes.events import crossing_before_and_after, culminate
from passes.longarc import long_arcs
from passes.masked import cut_at_horizon
from passes.site import Site
from tle.nodes import NodeTable

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Slower or more eccentric orbits go straight to the piecewise search.
_LARGEST_STEP_S = 340.0
_LARGEST_RADIUS_RATIO = 1.06
# Nodes times sites that are scanned at once: what follows from them stays in the cache.
_BLOCK = 250_000


@dataclass(frozen=True, slots=True)
class FoundPass:
    """One pass with the positions of its satellite and site in the lists that were searched."""

    satellite: int
    site: int
    arc: Arc


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """All passes of a search as columns of equal length n, in order of rise.

    Parameters
    ----------
    tables, sites : what was searched
    satellite, site : positions in `tables` and `sites`, shape (n,)
    aos_s, tca_s, los_s : rise, highest elevation, set above the mask, seconds from the epoch
    max_elevation_rad : at `tca_s`
    aos_truncated, los_truncated : True where the pass goes on beyond the window
    stencil : first node of the pass's polynomial, -1 where the pass has several pieces
    pieces : the arcs of passes with several pieces, by position
    """

    tables: Sequence[NodeTable]
    sites: Sequence[Site]
    satellite: NDArray[np.int32]
    site: NDArray[np.int32]
    aos_s: Floats
    tca_s: Floats
    los_s: Floats
    max_elevation_rad: Floats
    aos_truncated: NDArray[np.bool_]
    los_truncated: NDArray[np.bool_]
    stencil: NDArray[np.int32]
    pieces: dict[int, Arc]

    def __len__(self) -> int:
        return len(self.aos_s)

    def __getitem__(self, index: int) -> FoundPass:
        index = range(len(self))[index]
        return FoundPass(int(self.satellite[index]), int(self.site[index]), self.arc(index))

    def __iter__(self) -> Iterator[FoundPass]:
        return (self[index] for index in range(len(self)))

    def arc(self, index: int) -> Arc:
        """The pass at a position as an arc, from which every angle and rate follows."""
        if self.stencil[index] < 0:
            return self.pieces[index]
        table, site = self.tables[self.satellite[index]], self.sites[self.site[index]]
        first = int(self.stencil[index])
        local = (table.positions_m[first : first + STENCIL] - site.position_m()) @ site.axes().T
        middle = first + (STENCIL - 1) / 2.0
        return Arc(
            epoch=table.epoch,
            aos_s=float(self.aos_s[index]),
            tca_s=float(self.tca_s[index]),
            los_s=float(self.los_s[index]),
            aos_truncated=bool(self.aos_truncated[index]),
            los_truncated=bool(self.los_truncated[index]),
            centres_s=np.array([table.start_s + table.step_s * middle]),
            half_width_s=table.step_s * HALF_WIDTH_STEPS,
            coefficients_m=stencil_coefficients(local)[None],
        )


def find_passes(
    tables: Sequence[NodeTable], sites: Sequence[Site], min_elevation_rad: Sequence[float]
) -> Passes:
    """Every pass above each site's limit and horizon, in order of rise.

    Parameters
    ----------
    tables : node tables of the satellites, all with the same epoch; each is searched over its own
        window
    sites : where the telescopes stand
    min_elevation_rad : lowest elevation per site, in [0, pi/2); the horizon mask may be higher

    Returns
    -------
    passes sorted by rise, satellite, site. Rise and set agree with dense SGP4 states within
    1 ms at LEO, culmination elevation within 1e-4 degrees (see tests/passes/test_search.py).
    """
    if len(min_elevation_rad) != len(sites):
        raise GeometryError(f"{len(sites)} sites but {len(min_elevation_rad)} elevation limits")
    if len({table.epoch for table in tables}) > 1:
        raise GeometryError("node tables count from different epochs")
    lowest = [
        max(limit, min(site.horizon.elevation_rad))
        for limit, site in zip(min_elevation_rad, sites, strict=True)
    ]
    search = _Search(tables, sites, np.array(lowest), np.array(min_elevation_rad))
    return search.run()


class _Search:
    """Collects columns block by block."""

    def __init__(
        self, tables: Sequence[NodeTable], sites: Sequence[Site], lowest: Floats, limits: Floats
    ) -> None:
        self.tables, self.sites, self.lowest, self.limits = tables, sites, lowest, limits
        self.columns: list[tuple[NDArray[np.generic], ...]] = []
        self.pieces: list[FoundPass] = []
        self.masked = np.array(
            [
                not site.horizon.is_level and max(site.horizon.elevation_rad) > limit
                for site, limit in zip(sites, limits, strict=True)
            ],
            dtype=bool,
        )

    def run(self) -> Passes:
        """Search every block and put the columns in order."""
        if self.sites:
            stations = Stations.of(self.sites, self.lowest)
            for block in self._blocks():
                self._block(block, stations)
        return self._assemble()

    def _blocks(self) -> Iterator[list[int]]:
        """Satellites by numbers, so many that their scan fits into the cache of a machine."""
        block: list[int] = []
        size = 0
        for index, table in enumerate(self.tables):
            if len(table.positions_m) < STENCIL:
                continue  # nothing to interpolate: SGP4 failed before the window
            if table.step_s > _LARGEST_STEP_S or _is_eccentric(table.positions_m):
                self._piecewise(index, range(len(self.sites)))
                continue
            if block and table.window_s != self.tables[block[0]].window_s:
                yield block
                block, size = [], 0
            block.append(index)
            size += len(table.positions_m) * len(self.sites)
            if size > _BLOCK:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _block(self, block: list[int], stations: Stations) -> None:
        """Candidates of a block, their culminations, rises and sets, all at once."""
        tables = [self.tables[index] for index in block]
        found = find_candidates(tables, stations)
        if not len(found.site):
            return
        peak, sine = culminate(found)
        is_up = sine > found.sine_limit
        found, peak, sine = found.only(is_up), peak[is_up], sine[is_up]
        rise, fall, is_whole = crossing_before_and_after(found, peak)
        satellite = np.array(block, dtype=np.intp)[found.table]
        aos, tca, los = (found.time_s(x) for x in (rise, peak, fall))
        again = ~is_whole | _overlapping(satellite, found.site, aos, los)
        again |= self.masked[found.site]
        pairs = {*zip(satellite[again].tolist(), found.site[again].tolist(), strict=True)}
        for number, place in sorted(pairs):
            again |= (satellite == number) & (found.site == place)
            self._piecewise(number, [place])
        self._keep(found, satellite, (aos, tca, los), sine, ~again)

    def _keep(
        self,
        found: Candidates,
        satellite: Indices,
        events: tuple[Floats, Floats, Floats],
        sine: Floats,
        chosen: NDArray[np.bool_],
    ) -> None:
        """Clip passes to the window and store their columns."""
        aos, tca, los = events
        start, stop = found.window_s
        chosen = chosen & (los > start) & (aos < stop)
        cut = chosen & ((tca < start) | (tca > stop))
        if np.any(cut):
            edge = found.only(cut)
            position = edge.position_m(edge.scaled(np.clip(tca[cut], start, stop)))
            sine[cut] = position[2] / np.linalg.norm(position, axis=0)
        self.columns.append(
            (
                satellite[chosen].astype(np.int32),
                found.site[chosen].astype(np.int32),
                np.maximum(aos, start)[chosen],
                np.clip(tca, start, stop)[chosen],
                np.minimum(los, stop)[chosen],
                np.arcsin(sine[chosen]),
                (aos < start)[chosen],
                (los > stop)[chosen],
                found.first[chosen].astype(np.int32),
            )
        )

    def _piecewise(self, satellite: int, places: Sequence[int] | range) -> None:
        """Passes of one satellite over some sites on the whole table."""
        table = self.tables[satellite]
        for place in places:
            site = self.sites[place]
            local = (table.positions_m - site.position_m()) @ site.axes().T
            for arc in long_arcs(table, local, float(self.lowest[place])):
                cut = cut_at_horizon(arc, site, float(self.limits[place]))
                self.pieces.extend(FoundPass(satellite, place, part) for part in cut)

    def _assemble(self) -> Passes:
        """All columns in order of rise."""
        arcs = [item.arc for item in self.pieces]
        tops = [float(arc.look(np.array([arc.tca_s])).elevation_rad[0]) for arc in arcs]
        extra = (
            np.array([item.satellite for item in self.pieces], dtype=np.int32),
            np.array([item.site for item in self.pieces], dtype=np.int32),
            np.array([arc.aos_s for arc in arcs], dtype=np.float64),
            np.array([arc.tca_s for arc in arcs], dtype=np.float64),
            np.array([arc.los_s for arc in arcs], dtype=np.float64),
            np.array(tops, dtype=np.float64),
            np.array([arc.aos_truncated for arc in arcs], dtype=bool),
            np.array([arc.los_truncated for arc in arcs], dtype=bool),
            np.full(len(arcs), -1, dtype=np.int32),
        )
        parts = [list(column) for column in zip(*[*self.columns, extra], strict=True)]
        self.columns.clear()
        # One column after the other, each part given back as soon as it is joined: the columns of
        # a large search are never held twice.
        columns = []
        while parts:
            columns.append(np.concatenate(parts.pop(0)))
        order = np.lexsort((columns[1], columns[0], columns[2]))
        offset = len(order) - len(arcs)
        for number, column in enumerate(columns):
            columns[number] = column[order]
        satellite, site, aos, tca, los, top, early, late, first = columns
        where = np.flatnonzero(order >= offset)
        return Passes(
            self.tables,
            self.sites,
            satellite,
            site,
            aos,
            tca,
            los,
            top,
            early,
            late,
            first,
            pieces={int(i): arcs[order[i] - offset] for i in where},
        )


def _overlapping(satellite: Indices, site: Indices, aos: Floats, los: Floats) -> NDArray[np.bool_]:
    """True for candidates that overlap over the same site: several peaks of one pass."""
    order = np.lexsort((aos, site, satellite))
    same = (satellite[order][1:] == satellite[order][:-1]) & (site[order][1:] == site[order][:-1])
    touch = same & (aos[order][1:] < los[order][:-1])
    flags = np.zeros(len(aos), dtype=bool)
    flags[order[1:][touch]] = True
    flags[order[:-1][touch]] = True
    return flags


def _is_eccentric(positions_m: Floats) -> bool:
    """True if the radius varies so much that the scan's bound on the peak would not hold."""
    squared = np.einsum("nk,nk->n", positions_m, positions_m)
    return bool(squared.max() > _LARGEST_RADIUS_RATIO**2 * squared.min())
