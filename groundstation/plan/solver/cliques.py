"""Maximal cliques of intervals on many resources, all found at once with array operations.

Intervals of one resource that share an instant form a clique; ordered in time, each interval
belongs to a run of consecutive cliques, so that membership is two integers per interval and the
sum of clique prices that an interval pays is a difference of two prefix sums. The clique matrix
of one resource has the consecutive-ones property and is totally unimodular (D. R. Fulkerson,
O. A. Gross, Pacific Journal of Mathematics 15, 1965).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from groundstation.plan.solver.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Cliques:
    """Cliques in the order of resource and time.

    Parameters
    ----------
    resource : of each clique, shape (cliques,)
    size : members of each clique, shape (cliques,)
    first, last : interval i is in the cliques first[i] ... last[i] - 1, shape (intervals,)
    """

    resource: Ints
    size: Ints
    first: Ints
    last: Ints

    def prices_paid(self, price: Floats) -> Floats:
        """Sum of the prices of the cliques of each interval, shape (intervals,)."""
        total = np.concatenate([[0.0], np.cumsum(price)])
        paid: Floats = total[self.last] - total[self.first]
        return paid

    def load(self, chosen: Ints) -> Floats:
        """How many of the chosen intervals are in each clique, shape (cliques,)."""
        count = len(self.resource) + 1
        change = np.bincount(self.first[chosen], minlength=count) - np.bincount(
            self.last[chosen], minlength=count
        )
        return np.cumsum(change)[:-1].astype(np.float64)

    def matrix(self) -> csr_array:
        """Membership, shape (cliques, intervals)."""
        length = self.last - self.first
        column = np.repeat(np.arange(len(length)), length)
        ends = np.cumsum(length)
        row = np.arange(len(column)) - np.repeat(ends - length, length)
        row += np.repeat(self.first, length)
        shape = (len(self.resource), len(length))
        return csr_array((np.ones(len(row)), (row, column)), shape=shape)


def find_cliques(resource: Ints, start: Floats, until: Floats) -> Cliques:
    """Every maximal clique of half-open intervals [start, until), one or more members each.

    Parameters
    ----------
    resource : non-negative index of the resource of each interval, shape (intervals,)
    start, until : in any unit, start < until, shape (intervals,)

    >>> import numpy as np
    >>> found = find_cliques(np.array([0, 0, 0]), np.array([0., 5, 12]), np.array([10., 15, 20]))
    >>> found.matrix().toarray().astype(int).tolist()
    [[1, 1, 0], [0, 1, 1]]
    """
    # Ranks instead of times: keys of resource and time stay exact integers.
    ranks = np.unique(np.concatenate([start, until]), return_inverse=True)[1].astype(np.int64)
    base = resource.astype(np.int64) * (len(ranks) + 1)
    starts, untils = base + ranks[: len(start)], base + ranks[len(start) :]
    moments, ends = np.unique(starts), np.sort(untils)
    # A start shows a maximal clique if some interval ends before or when the next one starts.
    following = np.append(moments[1:], np.iinfo(np.int64).max)
    is_maximal = np.searchsorted(ends, following, "right") > np.searchsorted(ends, moments, "right")
    moments = moments[is_maximal]
    first, last = np.searchsorted(moments, starts), np.searchsorted(moments, untils)
    cliques = Cliques(moments // (len(ranks) + 1), np.zeros(0, np.int64), first, last)
    size = cliques.load(np.arange(len(start))).astype(np.int64)
    return Cliques(cliques.resource, size, first, last)
