"""Rows of the programme that bind contacts: cliques, crews, nights."""

import numpy as np
from scipy.sparse import csr_array

from groundstation.plan.solver.cliques import Cliques
from groundstation.plan.solver.layout import Layout
from groundstation.plan.solver.model import Flags, Floats, Ints


def clique_rows(
    layout: Layout, cliques: Cliques, limit_of_resource: Ints | None
) -> tuple[csr_array, Floats, Ints]:
    """Contacts of a clique are at most its limit (1 for None); only rows that can bind."""
    matrix = cliques.matrix()[:, layout.windows]
    size = np.diff(matrix.indptr)
    limit = (
        np.ones(len(size))
        if limit_of_resource is None
        else limit_of_resource[cliques.resource].astype(np.float64)
    )
    binds = np.flatnonzero(size > limit)
    # Restricting the windows makes some cliques parts of their neighbours.
    kept = binds[_is_new(matrix, binds)]
    return layout.wide(matrix[kept], 0), limit[kept], kept


def crew_rows(layout: Layout) -> tuple[csr_array, Floats, Ints]:
    """Contacts of a shift at an instant are at most telescopes x whether the crew works."""
    crew = layout.structure.crew
    shift = crew.cliques.resource
    members = crew.cliques.matrix()
    count = layout.model.windows.count
    spread = csr_array(
        (np.ones(len(crew.windows)), (np.arange(len(crew.windows)), crew.windows)),
        shape=(len(crew.windows), count),
    )
    matrix = (members @ spread).tocsr()[:, layout.windows]
    kept = np.flatnonzero(np.diff(matrix.indptr) > 0)
    telescopes = layout.model.limits.telescopes[crew.shift_station[shift[kept]]]
    works = csr_array(
        (-telescopes.astype(np.float64), (np.arange(len(kept)), shift[kept])),
        shape=(len(kept), layout.shifts),
    )
    rows = layout.wide(matrix[kept], 0) + layout.wide(works, 1)
    return rows.tocsr(), np.zeros(len(kept)), kept


def night_rows(layout: Layout) -> tuple[csr_array, Floats]:
    """Shifts of a station are at most its crew nights."""
    crew, nights = layout.structure.crew, layout.model.limits.crew_nights
    stations, row = np.unique(crew.shift_station, return_inverse=True)
    matrix = csr_array(
        (np.ones(layout.shifts), (row, np.arange(layout.shifts))),
        shape=(len(stations), layout.shifts),
    )
    return layout.wide(matrix, 1), nights[stations].astype(np.float64)


def _is_new(matrix: csr_array, rows: Ints) -> Flags:
    """Whether each row has a member that the row before it in the list does not have."""
    if len(rows) < 2:
        return np.ones(len(rows), dtype=bool)
    part = matrix[rows]
    shared = np.asarray(part[1:].multiply(part[:-1]).sum(axis=1)).reshape(-1)
    size = np.diff(part.indptr)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = shared < size[1:]
    # A row that is a part of the next one is left out as well.
    is_new[:-1] &= (shared < size[:-1]) | (shared == size[1:])
    return is_new
