"""Why a pass is not taken, in one sentence that a person accepts.

The rules it keeps:

1. The contacts that stand in the way are named, and the limits, with what pairs lose if the pass
   is taken in their place.
2. The regret of a pass is exact at the prices of the relaxation, by forward and backward dynamic
   programming over its satellite: no plan with the pass is worth more than the bound at these
   prices less the regret.
3. What was settled before anything was decided says so instead of a price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from groundstation.network import Network
from groundstation.plan.block_planning import PooledPlan
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.limits_fit import Obstacle, obstacle
from groundstation.plan.network_model import Problem
from groundstation.plan.records import Candidate, Rejection
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import Prices, Structure, evaluate, structure_of
from groundstation.plan.solver.model import Floats, Solution
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.regrets import regrets
from groundstation.plan.swaps import Swap, cheapest_swap

# Each swap is one linear programme; beyond this many the sentence has the regret only.
_MOST_SWAPS = 300
# Up to this many windows the exact prices of the relaxation cost less than a second.
_EXACT_PRICES = 8_000
_NOTHING_KBIT = 0.05


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything that reasons are drawn from."""

    network: Network
    problem: Problem
    structure: Structure
    solution: Solution
    inputs: PlanInputs
    loss: Floats
    pooled: PooledPlan | None
    uses: csc_array


def rejections(
    network: Network,
    candidates: Sequence[Candidate],
    problem: Problem,
    solution: Solution,
    inputs: PlanInputs,
    pooled: PooledPlan | None = None,
) -> tuple[Rejection, ...]:
    """One reason for every candidate that is not a contact, in the order of the candidates.

    Parameters
    ----------
    pooled : the blocks of the plan, where contacts may share one
    """
    parts: dict[str, list[int]] = {}
    for i, offer in enumerate(problem.offers):
        parts.setdefault(problem.able[offer.candidate].pass_id, []).append(i)
    taken = {problem.able[problem.offers[i].candidate].pass_id for i in solution.chosen}
    left = [c for c in candidates if c.pass_id not in taken]
    open_ones = sum(c.pass_id in parts for c in left)
    case = _case(network, problem, solution, inputs, pooled) if open_ones else None
    able = {c.pass_id for c in problem.able}
    found = []
    for item in left:
        if item.refusal is not None:
            found.append(Rejection(item.pass_id, item.refusal))
        elif item.pass_id not in able:
            text = "no secret key even under a clear sky: too few counts for the finite-key bound"
            found.append(Rejection(item.pass_id, text))
        elif item.pass_id not in parts or case is None:
            text = f"clouded out over {item.station} in every member of the forecast"
            found.append(Rejection(item.pass_id, text))
        else:
            found.append(_left_out(case, item, parts[item.pass_id], open_ones <= _MOST_SWAPS))
    return tuple(found)


def _case(
    network: Network,
    problem: Problem,
    solution: Solution,
    inputs: PlanInputs,
    pooled: PooledPlan | None,
) -> _Case:
    structure = structure_of(problem.model)
    # Prices and regrets are those of the model that was decided about, blocks and all.
    decided = structure
    if pooled is not None and pooled.choice is not None:
        decided = structure_of(pooled.choice.model)
    answer = evaluate(decided, _prices(decided))
    loss = regrets(decided, answer)[: problem.model.windows.count]
    uses = problem.model.limits.capacity_use.tocsc()
    return _Case(network, problem, structure, solution, inputs, loss, pooled, uses)


def _prices(structure: Structure) -> Prices:
    """Prices of the relaxation, or those of the iterations where it is large."""
    count = structure.model.windows.count
    if count <= _EXACT_PRICES:
        programme = build(structure, np.arange(count), structure.useful, with_cuts=False)
        _, duals = solve_linear(programme, time_limit_s=None, interior=True)
        if duals is not None:
            return prices_from(structure, programme, duals)
    return find_prices(structure).prices


def _left_out(case: _Case, item: Candidate, parts: Sequence[int], with_swap: bool) -> Rejection:
    """The part that costs least, what it displaces, and what swapping would lose."""
    model, chosen = case.problem.model, case.solution.chosen
    order = sorted(parts, key=lambda i: (case.loss[i], -case.problem.offers[i].key_bits, i))
    met: dict[int, Obstacle] = {}
    for part in order:
        met[part] = obstacle(case.problem, part, chosen, columns=case.uses)
        if not met[part].is_final:
            break
    else:
        part = order[0]
    rivals = met[part].out
    names = tuple(_name(case, i) for i in rivals)
    text = _conflict(case, item, met[part])
    if met[part].is_final:
        return Rejection(item.pass_id, " and ".join(met[part].limits))
    if item.pass_id in case.inputs.fixed or any(model.forced[i] for i in rivals):
        return Rejection(item.pass_id, f"{text}; {_settled(case, item, rivals)}", None, None, names)
    regret = float(case.loss[part])
    if model.forbidden[part]:
        return Rejection(item.pass_id, "it was to be left out", regret, None, names)
    if not with_swap:
        return Rejection(
            item.pass_id, f"{text}; at the plan's prices it is worth {regret:,.1f} "
            "weighted kbit less", regret, None, names,
        )  # fmt: skip
    met |= {i: obstacle(case.problem, i, chosen) for i in parts if i not in met}
    able = [i for i in parts if not met[i].is_final]
    revalued = None if case.pooled is None else case.pooled.with_contacts
    swap = cheapest_swap(
        case.problem, case.structure, case.solution, able, case.loss, met, revalued
    )
    names = tuple(_name(case, i) for i in swap.out)
    told = f"{_told(case, swap)}{_in_block(case, item, swap)}"
    return Rejection(
        item.pass_id,
        f"{_conflict(case, item, met[swap.part])}; {told}",
        regret,
        swap.loss,
        names,
    )


def _in_block(case: _Case, item: Candidate, swap: Swap) -> str:
    """What the pass would bring to the block of the contacts that stay, if there is one."""
    if case.pooled is None:
        return ""
    stays = np.setdiff1d(case.solution.chosen, swap.out)
    added = case.pooled.added_bits(swap.part, stays)
    if added is None:
        return ""
    alone = case.pooled.values.key_bits((swap.part,))
    return (
        f" (it would join the block of {item.satellite} and {item.station}: "
        f"{added / 1e3:+,.1f} kbit there, {alone / 1e3:,.1f} alone)"
    )


def _settled(case: _Case, item: Candidate, rivals: Sequence[int]) -> str:
    """Why nothing can be changed about a pass."""
    fixed = case.inputs.fixed
    if item.pass_id in fixed or any(_name(case, i) in fixed for i in rivals):
        return "it starts too soon to change that"
    return "that was to be taken"


def _conflict(case: _Case, item: Candidate, met: Obstacle) -> str:
    """Which chosen contacts stand in the way, and which limits."""
    parts = []
    for i in met.rivals:
        offer = case.problem.offers[i]
        other = case.problem.able[offer.candidate]
        start = f"{offer.windows[0][0]:%H:%M}Z"
        if other.satellite == item.satellite:
            parts.append(f"{other.satellite} serves {other.station} at {start}")
        else:
            parts.append(f"{other.station} receives {other.satellite} at {start}")
    parts += met.limits
    if not parts and item.pass_id in case.inputs.fixed:
        return "it was not to be taken"
    return " and ".join(parts) or "its key has no use tonight"


def _told(case: _Case, swap: Swap) -> str:
    """Who would lose and who would win what."""
    swapping = "swapping"
    if swap.back:
        swapping += f" with {' and '.join(_place(case, i) for i in swap.back)} cut short"
    if swap.loss < _NOTHING_KBIT:
        return f"{swapping} would be worth as much"
    change = swap.change_kbit
    order = sorted(range(len(change)), key=lambda k: (change[k], k))
    lost = [
        f"{-change[k]:,.1f} kbit for {_pair(case, k)}" for k in order if change[k] < -_NOTHING_KBIT
    ]
    won = [
        f"{change[k]:,.1f} kbit for {_pair(case, k)}"
        for k in reversed(order)
        if change[k] > _NOTHING_KBIT
    ]
    if not lost:
        return f"{swapping} would leave {-swap.pools_kbit:,.1f} kbit less in the pools"
    text = f"{swapping} would lose {' and '.join(lost[:2])}"
    if len(lost) > 2:
        others = len(lost) - 2
        text += f" and more for {others} other pair{'s' if others > 1 else ''}"
    return text + (f" and bring {won[0]}" if won else "")


def _place(case: _Case, offer: int) -> str:
    item = case.problem.able[case.problem.offers[offer].candidate]
    return f"{item.satellite} over {item.station}"


def _pair(case: _Case, demand: int) -> str:
    wanted = case.network.demands[demand]
    return f"{wanted.a}/{wanted.b}"


def _name(case: _Case, offer: int) -> str:
    return case.problem.able[case.problem.offers[offer].candidate].pass_id
