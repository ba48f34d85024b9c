"""Contacts chosen together with the blocks that they are distilled in.

The rules it keeps:

1. Blocks are offered as windows are. The first ones are all there are, or the most promising where
   counting them all takes too long. Where one of those near the plan found would make it better
   and displace nobody, they are offered, too, and it is planned again, up to ROUNDS times. The
   bound is that of the last and widest offer.
2. Up to MOST_TOGETHER windows and blocks, one programme decides about both. Beyond, each window is
   given the most that it can bring to any block offered. The plan at these values is no worse than
   any plan with blocks, which is the bound; its contacts, and those of the plan without blocks, are
   then put into the best blocks, and the better one of the two is taken.
3. Without a block that is worth its while, the plan is that without blocks.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from groundstation.plan.block_model import BlockModel, block_model, settled
from groundstation.plan.block_offers import first_blocks, nearby_blocks
from groundstation.plan.block_packing import best_blocks, exchanges
from groundstation.plan.block_records import planned_blocks
from groundstation.plan.blocks import (
    MOST_JOINED,
    Block,
    BlockValues,
    KeyOfBlocks,
    Members,
)
from groundstation.plan.choosing import solution_of
from groundstation.plan.network_model import BITS_PER_KBIT, Problem
from groundstation.plan.records import PlannedBlock
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Flags, Floats, Ints, Solution, value_of
from groundstation.plan.solver.solve import Progress
from groundstation.plan_policy import PlanGoal, PlanPolicy

ROUNDS = 4
# Exchanges of contacts for another block that are tried, each with a linear programme.
MOST_TRIED = 20
_DUST = 1e-9
MOST_TOGETHER = 8_000


@dataclass(frozen=True, slots=True, eq=False)
class PooledPlan:
    """Contacts and relays with the blocks that were taken.

    Parameters
    ----------
    problem : in which every contact brings its share of its block
    solution : of contacts and relays
    remarks : sentences on what the policy asks in vain
    blocks : that were taken
    values : of other blocks
    choice : the model that was decided about; None if it was not one with blocks
    offered : blocks that could have been taken
    """

    problem: Problem
    solution: Solution
    remarks: tuple[str, ...]
    blocks: tuple[Block, ...]
    values: BlockValues
    choice: BlockModel | None
    offered: Mapping[Members, Block]

    def key_in(self, chosen: Ints, clear: Flags) -> Floats:
        """Bits that each chosen contact brings where only some are clear, shapes (contacts,).

        Key of a block stands with the first of its contacts that comes through.
        """
        there = {int(i) for i in chosen[clear]}
        bits = {i: float(self.problem.offers[i].key_bits) for i in there}
        for block in self.blocks:
            left = tuple(i for i in block.members if i in there)
            bits |= dict.fromkeys(left, 0.0)
            if left:
                bits[left[0]] = float(self.values.key_bits(left))
        return np.array([bits.get(int(i), 0.0) for i in chosen])

    def records(self) -> tuple[PlannedBlock, ...]:
        """The blocks taken, as a plan tells them."""
        return planned_blocks(self.values, self.blocks, has_weather=self.values.has_weather)

    def added_bits(self, offer: int, chosen: Ints) -> int | None:
        """What an offer would add under a clear sky to a block with the contacts of its group.

        None where there is none, or no room in one.
        """
        values = self.values
        mates = values.mates_of(offer, {int(i) for i in chosen})
        if not mates or len(mates) >= MOST_JOINED:
            return None
        return values.key_bits(values.in_order((*mates, offer))) - values.key_bits(mates)

    def with_contacts(self, chosen: Ints) -> Problem:
        """The problem in which other contacts bring what they do in the best blocks for them."""
        blocks = best_blocks(self.values, chosen, self.offered)
        return settled(self.values.problem, self.values, blocks)


def plan_with_blocks(
    policy: PlanPolicy,
    problem: Problem,
    keys: KeyOfBlocks,
    sky: Sky | None,
    *,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
) -> PooledPlan:
    """The contacts, blocks and relays that the policy asks for.

    Parameters
    ----------
    problem : with what is forced, every offer by itself
    keys : of blocks
    """
    values = BlockValues(problem, keys, sky)
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    offered = first_blocks(values)
    best = last = _round(policy, values, offered, sky, time_limit_s, progress)
    for _ in range(ROUNDS - 1):
        more = nearby_blocks(values, best.solution.chosen, offered)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if left == 0.0 or not _is_bettered(best, more):
            break
        offered = offered | more
        last = _round(policy, values, offered, sky, left, progress)
        # Max-min orders plans by shares and not by value; more blocks never make them smaller.
        if last.solution.value > best.solution.value or policy.goal is PlanGoal.MAX_MIN:
            best = last
    solution = replace(best.solution, bound=max(last.solution.bound, best.solution.value))
    return replace(best, solution=solution, choice=last.choice, offered=offered)


def _round(
    policy: PlanPolicy,
    values: BlockValues,
    offered: Mapping[Members, Block],
    sky: Sky | None,
    time_limit_s: float | None,
    progress: Progress | None,
) -> PooledPlan:
    """The best plan with the blocks offered."""
    problem = values.problem
    if len(problem.offers) + len(offered) > MOST_TOGETHER:
        return _by_most(policy, values, offered, sky, time_limit_s, progress)
    choice = block_model(problem, list(offered.values()))
    found, said = solution_of(
        policy,
        replace(problem, model=choice.model),
        sky,
        time_limit_s=time_limit_s,
        progress=progress,
        brings=lambda clear: choice.brings(values, clear),
    )
    blocks = choice.blocks_of(found.chosen)
    contacts = _with_key(problem, choice.contacts_of(found.chosen), blocks)
    solution = replace(found, chosen=contacts)
    if blocks:
        solution = replace(solution, method=f"{found.method}, {len(blocks)} blocks over passes")
    return PooledPlan(
        settled(problem, values, blocks), solution, tuple(said), blocks, values, choice, offered
    )


def _with_key(problem: Problem, chosen: Ints, blocks: Sequence[Block]) -> Ints:
    """Contacts without those that bring nothing by themselves and joined no block."""
    joined = {i for block in blocks for i in block.members}
    return np.array(
        [i for i in chosen if int(i) in joined or problem.offers[i].key_bits > 0], dtype=np.int64
    )


def _by_most(
    policy: PlanPolicy,
    values: BlockValues,
    offered: Mapping[Members, Block],
    sky: Sky | None,
    time_limit_s: float | None,
    progress: Progress | None,
) -> PooledPlan:
    """Contacts at the most that blocks can make of them, or by themselves, in the best blocks."""
    problem = values.problem
    half = None if time_limit_s is None else 0.5 * time_limit_s
    found = []
    for given in (_at_most(values, offered), problem):
        solution, said = solution_of(policy, given, sky, time_limit_s=half, progress=progress)
        found.append((solution, said))
    bound = found[0][0].bound
    plans = [_valued(values, offered, solution, tuple(said), bound) for solution, said in found]
    return max(plans, key=lambda plan: plan.solution.value)


def _at_most(values: BlockValues, offered: Mapping[Members, Block]) -> Problem:
    """Each offer with the largest share that any block gives it.

    The shares of a block add up to its key, so that no choice of blocks brings more than these.
    """
    problem = values.problem
    key = problem.model.windows.key_kbit.copy()
    for block in offered.values():
        sifted = np.array([values.sifted(i) for i in block.members])
        share = block.counted_bits / BITS_PER_KBIT * sifted / sifted.sum()
        members = list(block.members)
        key[members] = np.maximum(key[members], share)
    windows = replace(problem.model.windows, key_kbit=key)
    return replace(problem, model=replace(problem.model, windows=windows))


def _is_bettered(plan: PooledPlan, more: Mapping[Members, Block]) -> bool:
    """Whether one of further blocks makes the plan better without displacing another pass."""
    found, every = plan.solution, {**plan.offered, **more}
    for chosen in exchanges(plan.values, found.chosen, plan.offered, more)[:MOST_TRIED]:
        tried = _valued(plan.values, every, replace(found, chosen=chosen), (), found.bound)
        if tried.solution.value > found.value + _DUST * abs(found.value):
            return True
    return False


def _valued(
    values: BlockValues,
    offered: Mapping[Members, Block],
    found: Solution,
    said: tuple[str, ...],
    bound: float,
) -> PooledPlan:
    """The chosen contacts in the best blocks for them, with the exact relay."""
    blocks = best_blocks(values, found.chosen, offered)
    contacts = _with_key(values.problem, found.chosen, blocks)
    problem = settled(values.problem, values, blocks)
    structure = structure_of(problem.model)
    flow = deliver(structure, contacts, structure.useful).flow_kbit
    value = value_of(problem.model, contacts, flow)
    method = f"{found.method}, then {len(blocks)} blocks over passes"
    solution = Solution(contacts, flow, value, max(bound, value), method)
    return PooledPlan(problem, solution, said, blocks, values, None, offered)
