"""The sky that a plan counts on, and what pairs get in nights drawn from it.

The rules it keeps:

1. Contacts are chosen before the weather, relays after it: every drawn night has relays of its own.
2. In a member of the forecast a pass is clear or lost; which is drawn with the chance that this
   member gives it. Members are drawn in turn and as often as each other, with a seed, so that the
   same plan has the same quantiles.
3. A pass whose weather is not known counts as clear, and the plan says how many there are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from groundstation.plan.network_model import BITS_PER_KBIT, Problem, whole_bits_of
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Floats, Ints

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """Chance that each pass is clear in each member of a forecast.

    Parameters
    ----------
    members : equally likely worlds
    pass_ids : of the columns
    clear : in [0, 1], NaN where the weather is not known, shape (members, passes)
    """

    members: tuple[str, ...]
    pass_ids: tuple[str, ...]
    clear: Floats

    def chance(self) -> dict[str, float]:
        """Mean over the members, by pass id, of the passes whose weather is known."""
        # A mean with one member unknown is not known either.
        means = [float(column.mean()) for column in self.clear.T]
        return {
            name: mean
            for name, mean in zip(self.pass_ids, means, strict=True)
            if not np.isnan(mean)
        }

    def drawn(self, pass_ids: tuple[str, ...], nights: int, seed: int) -> NDArray[np.bool_]:
        """Whether each pass is clear in drawn nights, shape (nights, passes)."""
        column = {name: i for i, name in enumerate(self.pass_ids)}
        rng = np.random.default_rng(seed)
        rows = np.arange(nights) % max(len(self.members), 1)
        # One number for each pass of the table, so that a contact more changes no other's luck.
        luck = rng.random((nights, len(self.pass_ids)))
        clear = np.ones((nights, len(pass_ids)), dtype=bool)
        for j, name in enumerate(pass_ids):
            if name in column and not np.isnan(self.clear[:, column[name]]).any():
                clear[:, j] = luck[:, column[name]] < self.clear[rows, column[name]]
        return clear


def drawn_deliveries(
    problem: Problem,
    chosen: Ints,
    sky: Sky,
    *,
    nights: int,
    seed: int,
    key_in: Callable[[Ints, NDArray[np.bool_]], Floats] | None = None,
) -> NDArray[np.int64]:
    """Whole bits that each demand gets in drawn nights, shape (nights, demands).

    Parameters
    ----------
    key_in : bits of each chosen contact in a sky, where that is not simply its key or nothing
    """
    names = tuple(problem.able[problem.offers[i].candidate].pass_id for i in chosen)
    clear_bits = np.array([problem.offers[i].key_bits for i in chosen], dtype=np.float64)
    worlds = sky.drawn(names, nights, seed)
    rows: dict[bytes, list[int]] = {}
    found = []
    for world in worlds:
        # Few contacts: the same sky comes up often.
        name = world.tobytes()
        if name not in rows:
            bits = np.where(world, clear_bits, 0.0) if key_in is None else key_in(chosen, world)
            rows[name] = _delivered(problem, chosen, bits)
        found.append(rows[name])
    return np.array(found, dtype=np.int64).reshape(nights, len(problem.wanted_bits))


def _delivered(problem: Problem, chosen: Ints, bits: Floats) -> list[int]:
    """What each demand gets from contacts with this key, with the best relay for it."""
    model = problem.model
    key = np.zeros(model.windows.count)
    key[chosen] = bits / BITS_PER_KBIT
    structure = structure_of(replace(model, windows=replace(model.windows, key_kbit=key)))
    flow = deliver(structure, chosen, structure.useful).flow_kbit
    return problem.delivered_bits(whole_bits_of(flow))


def quantiles(delivered: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """P10, P50 and P90 of each demand, each a value that was drawn; shape (nights, demands)."""
    found = np.quantile(delivered, QUANTILES, axis=0, method="lower")
    return [(int(a), int(b), int(c)) for a, b, c in found.T]
