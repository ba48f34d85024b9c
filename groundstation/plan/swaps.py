"""What it would really cost to take a pass that a plan leaves out.

The rules it keeps:

1. The contacts in the way are taken out, the pass is put in, parts of what was taken out are put
   back where they fit, and the relay is made anew: what is told is the difference of two plans.
2. A pass is tried with the parts that displace different contacts; the cheapest is told.
3. It is a price that can be had: the best plan with the pass costs as much or less.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from groundstation.plan.limits_fit import Obstacle
from groundstation.plan.network_model import BITS_PER_KBIT, Problem, whole_bits_of
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import Structure, structure_of
from groundstation.plan.solver.model import Floats, Ints, Solution, left_kbit, value_of

# The problem in which some contacts bring what they do if exactly these are taken.
Revalued = Callable[[Ints], Problem]

# Parts of one pass that are tried, each with a linear programme.
MOST_TRIED = 3


@dataclass(frozen=True, slots=True)
class Swap:
    """A pass in place of others.

    Parameters
    ----------
    part : window of the pass
    out : windows of the plan that go
    back : windows that take the place of some of these
    loss : weighted kilobits less than the plan
    change_kbit : of each demand, more is positive
    pools_kbit : change of what stays in the pools
    """

    part: int
    out: tuple[int, ...]
    back: tuple[int, ...]
    loss: float
    change_kbit: tuple[float, ...]
    pools_kbit: float


def cheapest_swap(
    problem: Problem,
    structure: Structure,
    solution: Solution,
    parts: Sequence[int],
    loss: Floats,
    met: Mapping[int, Obstacle],
    revalued: Revalued | None = None,
) -> Swap:
    """The swap that costs least, of those tried.

    Parameters
    ----------
    parts : windows of the pass
    loss : regret of every window at the prices of the relaxation
    met : what stands in the way of each part
    revalued : what other contacts bring, where that depends on which ones are taken together
    """
    tried: dict[tuple[int, ...], int] = {}
    for part in sorted(parts, key=lambda i: (loss[i], -problem.offers[i].key_bits, i)):
        tried.setdefault(met[part].out, part)
    # Where little goes, little is lost.
    brings = problem.counted_bits
    order = sorted(tried, key=lambda out: (sum(brings[i] for i in out) - brings[tried[out]], out))
    swaps = [
        _swap(problem, structure, solution, tried[out], out, revalued) for out in order[:MOST_TRIED]
    ]
    return min(swaps, key=lambda swap: (swap.loss, swap.part))


def _swap(
    problem: Problem,
    structure: Structure,
    solution: Solution,
    part: int,
    out: tuple[int, ...],
    revalued: Revalued | None,
) -> Swap:
    chosen = _with_part(problem, structure, solution, part, out)
    there = problem
    if revalued is not None:
        there = revalued(chosen)
        structure = structure_of(there.model)
    flow = deliver(structure, chosen, structure.useful).flow_kbit
    before = problem.delivered_bits(whole_bits_of(solution.flow_kbit))
    after = problem.delivered_bits(whole_bits_of(flow))
    return Swap(
        part,
        out,
        tuple(int(i) for i in np.setdiff1d(chosen, [*solution.chosen, part])),
        max(0.0, solution.value - value_of(there.model, chosen, flow)),
        tuple((b - a) / BITS_PER_KBIT for a, b in zip(before, after, strict=True)),
        _left(there, chosen, flow) - _left(problem, solution.chosen, solution.flow_kbit),
    )


def _with_part(
    problem: Problem, structure: Structure, solution: Solution, part: int, out: tuple[int, ...]
) -> Ints:
    """The plan's contacts with the part, and at most one other part of each pass that goes."""
    chosen = np.union1d(np.setdiff1d(solution.chosen, out), [part]).astype(np.int64)
    passes = problem.model.windows.pass_index
    for gone in sorted(out, key=lambda i: (-problem.counted_bits[i], i)):
        rest = np.flatnonzero(passes == passes[gone])
        rest = rest[np.argsort([-problem.counted_bits[i] for i in rest], kind="stable")]
        for other in rest:
            found = insert_in_order(structure, np.array([other]), chosen)
            if len(found) > len(chosen):
                chosen = found
                break
    return chosen


def _left(problem: Problem, chosen: Ints, flow_kbit: Floats) -> float:
    """Kilobits in all pools together at the end."""
    return float(left_kbit(problem.model, chosen, flow_kbit).sum())
