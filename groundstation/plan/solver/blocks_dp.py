"""Weighted interval scheduling of all satellites at once, forwards and backwards.

A satellite's windows fall into blocks that do not touch each other (an orbit, usually). Sorted
by the end, the best value of the first j + 1 windows of a block is
F[j + 1] = max(F[j], F[p(j)] + profit(j)), p(j) being the number of windows that end before j
begins (J. Kleinberg, E. Tardos, Algorithm Design, 2005, section 6.1). The recursion runs over j
for every block in one array operation. Run on mirrored times it gives the best of what begins
after a window, and both together the best plan that contains any given window.
"""

from dataclasses import dataclass

import numpy as np

from groundstation.plan.solver.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Blocks:
    """Windows of each block in the order of their ends, padded to one table.

    Parameters
    ----------
    block : block of each window; blocks are numbered from the longest to the shortest
    width : number of blocks that have more than j windows, shape (longest,)
    window : window at place j of block b, shape (longest, blocks)
    before : p(j), windows of the block that end before this one begins, shape (longest, blocks)
    place : place of each window in its block, shape (windows,)
    """

    block: Ints
    width: Ints
    window: Ints
    before: Ints
    place: Ints

    def best(self, profit: Floats) -> Floats:
        """F of every block and place at the windows' profits, shape (longest + 1, blocks)."""
        longest, blocks = self.window.shape
        table = np.zeros((longest + 1, blocks))
        flat = table.reshape(-1)
        gain = np.append(profit, 0.0)[self.window]
        source = self.before * blocks + np.arange(blocks)
        for j in range(longest):
            m = self.width[j]
            take = flat[source[j, :m]] + gain[j, :m]
            np.maximum(table[j, :m], take, out=table[j + 1, :m])
            table[j + 1, m:] = table[j, m:]
        return table

    def chosen(self, table: Floats) -> Ints:
        """Windows of a best plan, ascending; of equal plans the one without the later window."""
        longest, blocks = self.window.shape
        # The last window that a best plan of each prefix takes.
        index = np.where(table[1:] > table[:-1], np.arange(1, longest + 1)[:, None], 0)
        last = np.vstack([np.zeros((1, blocks), np.int64), np.maximum.accumulate(index, axis=0)])
        column = np.arange(blocks)
        at = last[longest]
        taken = []
        while len(column):
            is_open = at > 0
            column, at = column[is_open], at[is_open]
            taken.append(self.window[at - 1, column])
            at = last[self.before[at - 1, column], column]
        return np.sort(np.concatenate(taken)) if taken else np.zeros(0, np.int64)

    def before_each(self, table: Floats) -> Floats:
        """Best value of the windows that end before each window begins, shape (windows,)."""
        return table[self.before[self.place, self.block], self.block]


def make_blocks(satellite: Ints, start: Floats, until: Floats) -> Blocks:
    """Blocks of intervals [start, until) that exclude each other on the same satellite."""
    count = len(satellite)
    ranks = np.unique(np.concatenate([start, until]), return_inverse=True)[1].astype(np.int64)
    base = satellite.astype(np.int64) * (len(ranks) + 1)
    starts, untils = base + ranks[:count], base + ranks[count:]
    block = _block_numbers(starts, untils)
    # np.lexsort sorts by its last key first.
    order = np.lexsort((starts, untils, block))
    sizes = np.bincount(block, minlength=1) if count else np.zeros(0, np.int64)
    heads = np.cumsum(sizes) - sizes
    place = np.empty(count, np.int64)
    place[order] = np.arange(count) - np.repeat(heads, sizes)
    # Blocks of a satellite follow each other in time, so one search serves all of them.
    before = np.searchsorted(np.sort(untils), starts, "right")
    earlier = np.searchsorted(np.sort(untils), _least(untils, block, len(sizes)), "left")
    before -= earlier[block]
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    block = rank[block]
    longest = int(sizes.max()) if count else 0
    window = np.full((longest, len(sizes)), count, np.int64)
    window[place, block] = np.arange(count)
    table = np.zeros((longest, len(sizes)), np.int64)
    table[place, block] = before
    width = (np.sort(sizes)[::-1][None, :] > np.arange(longest)[:, None]).sum(axis=1)
    return Blocks(block, width, window, table, place)


def _least(untils: Ints, block: Ints, blocks: int) -> Ints:
    least = np.full(blocks, np.iinfo(np.int64).max)
    np.minimum.at(least, block, untils)
    return least


def _block_numbers(starts: Ints, untils: Ints) -> Ints:
    """Number of the run of overlapping intervals that each belongs to, by satellite and time."""
    order = np.argsort(starts, kind="stable")
    latest = np.maximum.accumulate(untils[order])
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = starts[order][1:] >= latest[:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(begins) - 1
    return number
