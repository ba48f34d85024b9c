"""Which column of the programme is what: windows, shifts, deliveries, levels of pools."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack

from groundstation.plan.solver.lagrangian import Structure
from groundstation.plan.solver.model import Flags, Ints, Model


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a programme over some windows and deliveries of a model.

    Parameters
    ----------
    windows : windows with a column, ascending
    path, period : of each delivery column
    pool : pools whose levels have columns, one for each period
    tracked : number of a pool among these, else -1
    offsets : first column of windows, shifts, deliveries, levels; then the number of columns
    """

    structure: Structure
    windows: Ints
    path: Ints
    period: Ints
    pool: Ints
    tracked: Ints
    offsets: tuple[int, ...]

    @property
    def model(self) -> Model:
        """The model behind the structure."""
        return self.structure.model

    @property
    def periods(self) -> int:
        """Delivery periods."""
        return self.model.relay.periods

    @property
    def shifts(self) -> int:
        """Nights of crewed stations."""
        return len(self.structure.crew.shift_station)

    def wide(self, block: csr_array, part: int) -> csr_array:
        """A block of columns of one part, widened by zeros to all columns."""
        before = csr_array((block.shape[0], self.offsets[part]))
        after = csr_array((block.shape[0], self.offsets[-1] - self.offsets[part + 1]))
        return hstack([before, block, after], format="csr")


def lay_out(structure: Structure, windows: Ints, deliveries: Flags) -> Layout:
    """Columns for these windows and deliveries, shape (paths, periods)."""
    relay = structure.model.relay
    path, period = np.nonzero(deliveries)
    pool = np.unique(relay.pool_use[path].indices)
    tracked = np.full(len(relay.stock_kbit), -1, np.int64)
    tracked[pool] = np.arange(len(pool))
    shifts = len(structure.crew.shift_station)
    sizes = [len(windows), shifts, len(path), len(pool) * relay.periods]
    offsets = tuple(int(n) for n in np.concatenate([[0], np.cumsum(sizes)]))
    return Layout(structure, windows, path, period, pool, tracked, offsets)
