"""A pass is one contact or none: two parts of it are never taken, even where both would fit.

Parts of a pass mostly exclude each other anyway, and a row for each pass makes the search twice as
long. So a plan is made without such rows, and made again with those of passes that it takes twice.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
from scipy.sparse import csr_array, vstack

from groundstation.plan.solver.model import Ints, Model


class _Choice(Protocol):
    """Something that takes windows."""

    @property
    def chosen(self) -> Ints:
        """Windows taken."""
        ...


_Any = TypeVar("_Any", bound=_Choice | None)


def each_pass_once(model: Model, choose: Callable[[Model], _Any]) -> _Any:
    """What `choose` answers for the model, with rows for the passes of which it takes two parts."""
    passes = np.zeros(0, np.int64)
    while True:
        found = choose(_with_rows(model, passes))
        if found is None:
            return found
        taken, count = np.unique(model.windows.pass_index[found.chosen], return_counts=True)
        twice = taken[count > 1]
        if not twice.size:
            return found
        passes = np.union1d(passes, twice)


def _with_rows(model: Model, passes: Ints) -> Model:
    """The model with at most one part of each of some passes."""
    if not passes.size:
        return model
    place = np.searchsorted(passes, model.windows.pass_index)
    member = np.flatnonzero(np.isin(model.windows.pass_index, passes))
    rows = csr_array(
        (np.ones(len(member)), (place[member], member)),
        shape=(len(passes), model.windows.count),
    )
    limits = model.limits
    return replace(
        model,
        limits=replace(
            limits,
            capacity_use=vstack([limits.capacity_use, rows], format="csr"),
            capacity=np.concatenate([limits.capacity, np.ones(len(passes))]),
        ),
    )
