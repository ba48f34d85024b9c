"""From candidates and demands to a plan with a reason for everything it leaves out."""

from collections.abc import Sequence
from datetime import datetime

import scipy

from groundstation.network import Network
from groundstation.plan.announcements import Announcements
from groundstation.plan.block_planning import PooledPlan, plan_with_blocks
from groundstation.plan.block_records import labelled
from groundstation.plan.choosing import problem_of, solution_of, whole_stocks
from groundstation.plan.delivering import deliveries_of, relays_of
from groundstation.plan.horizon import horizon_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.limits_fit import binding_limits
from groundstation.plan.network_model import (
    BITS_PER_KBIT,
    Problem,
    whole_bits_of,
)
from groundstation.plan.reasons import rejections
from groundstation.plan.records import CLEAR_SKY, Candidate, Contact, Plan, PoolStock
from groundstation.plan.sky import Sky, drawn_deliveries, quantiles
from groundstation.plan.solver.model import Ints, Solution, value_of
from groundstation.plan.solver.solve import Progress
from groundstation.plan.windows import Offer

# Every drawn night is a linear programme over all paths: where these are very many, fewer nights
# have to do, though never so few that a tenth of them is none.
_LEAST_DRAWN, _MOST_DRAWN_PATHS = 10, 500_000


def make_plan(
    network: Network,
    candidates: Sequence[Candidate],
    *,
    night: str,
    nights: int,
    plan_id: str,
    start: datetime | None = None,
    inputs: PlanInputs | None = None,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    remarks: Sequence[str] = (),
) -> Plan:
    """Choose contacts and relays for the largest priority-weighted delivery.

    Parameters
    ----------
    candidates : every pass of the span; those with a refusal or without key are not chosen
    nights : that are planned, each with demands and fibre capacities of its own
    plan_id : identity of the inputs
    start : first instant of the first night; noon UTC of its date without it
    inputs : what is known beside the passes
    time_limit_s : stop after about this time with what there is; the same inputs may then give
        another plan [s]
    progress : told stage, value and bound while the solver runs
    remarks : sentences of the caller that belong to the plan
    """
    given = inputs or PlanInputs()
    horizon = horizon_of(network, night, nights, start)
    problem, sentences = problem_of(network, candidates, horizon, given, time_limit_s=time_limit_s)
    pooled: PooledPlan | None = None
    if given.blocks is None:
        solution, said = solution_of(
            network.plan, problem, given.sky, time_limit_s=time_limit_s, progress=progress
        )
    else:
        pooled = plan_with_blocks(
            network.plan, problem, given.blocks, given.sky,
            time_limit_s=time_limit_s, progress=progress,
        )  # fmt: skip
        problem, solution, said = pooled.problem, pooled.solution, list(pooled.remarks)
    flow_bits = whole_bits_of(solution.flow_kbit)
    changed, charge = _changes(network, problem, solution.chosen, given.previous, candidates)
    value = value_of(problem.model, solution.chosen, flow_bits / BITS_PER_KBIT) - charge
    relays = relays_of(network, problem, flow_bits)
    contacts = contacts_of(problem, solution.chosen, given.sky, given.usage.announcements)
    blocks = () if pooled is None else pooled.records()
    return Plan(
        plan_id=plan_id,
        night=night,
        contacts=labelled(contacts, blocks),
        relays=tuple(relay for relay in relays if relay.night == 0),
        later=tuple(relay for relay in relays if relay.night > 0),
        nights=nights,
        deliveries=deliveries_of(
            network,
            problem,
            solution.chosen,
            relays,
            _drawn(network, problem, solution, given.sky, pooled),
            given.pair_bits,
        ),
        rejections=rejections(network, candidates, problem, solution, given, pooled),
        value=value,
        bound=max(solution.bound - charge, value),
        solver=f"HiGHS in scipy {scipy.__version__}: {solution.method}",
        remarks=(
            *remarks,
            *sentences,
            *said,
            *binding_limits(problem, [int(i) for i in solution.chosen]),
            *_failings(candidates, problem, contacts),
        ),
        goal=network.plan.goal.value,
        assumes=_assumed(given.sky),
        stocks=tuple(
            PoolStock(pool.satellite, pool.station, int(bits))
            for pool, bits in sorted(
                whole_stocks(given.stocks, network).items(),
                key=lambda i: (i[0].satellite, i[0].station),
            )
        ),
        changed=changed,
        seed=network.plan.seed,
        blocks=blocks,
    )


def contacts_of(
    problem: Problem,
    chosen: Ints,
    sky: Sky | None,
    announcements: Announcements | None = None,
) -> tuple[Contact, ...]:
    """Chosen windows as contacts, in the order of the passes; with weather what is expected."""
    found = []
    told = announcements or Announcements()
    for i in chosen:
        offer: Offer = problem.offers[i]
        item = problem.able[offer.candidate]
        found.append(
            Contact(
                item.pass_id,
                item.satellite,
                item.station,
                offer.windows,
                offer.key_bits,
                offer.is_whole,
                None if sky is None else problem.counted_bits[i],
                told.counts_from(item.satellite, offer.windows[-1][1]),
            )
        )
    place = {c.pass_id: n for n, c in enumerate(problem.able)}
    return tuple(sorted(found, key=lambda c: place[c.pass_id]))


def _changes(
    network: Network,
    problem: Problem,
    chosen: Ints,
    previous: Plan | None,
    candidates: Sequence[Candidate],
) -> tuple[tuple[str, ...], float]:
    """Passes whose assignment changes, and what the model's value owes for those given up."""
    per_change = network.plan.stability_per_change_kbit
    if previous is None or per_change == 0.0:
        return (), 0.0
    known = {c.pass_id for c in candidates}
    before = {c.pass_id for c in previous.contacts} & known
    after = {problem.able[problem.offers[i].candidate].pass_id for i in chosen}
    return tuple(sorted(before ^ after)), per_change * len(before)


def _drawn(
    network: Network,
    problem: Problem,
    solution: Solution,
    sky: Sky | None,
    pooled: PooledPlan | None,
) -> list[tuple[int, int, int]] | None:
    if sky is None:
        return None
    policy, relay = network.plan, problem.model.relay
    size = max(1, relay.paths * relay.periods)
    nights = min(policy.drawn_nights, max(_LEAST_DRAWN, _MOST_DRAWN_PATHS // size))
    drawn = drawn_deliveries(
        problem, solution.chosen, sky, nights=nights, seed=policy.seed,
        key_in=None if pooled is None else pooled.key_in,
    )  # fmt: skip
    return quantiles(drawn)


def _assumed(sky: Sky | None) -> str:
    if sky is None:
        return CLEAR_SKY
    return f"expected key over {len(sky.members)} members of the forecast"


def _failings(
    candidates: Sequence[Candidate], problem: Problem, contacts: Sequence[Contact]
) -> list[str]:
    """A sentence where there is no contact at all."""
    if contacts:
        return []
    if not candidates:
        return ["no satellite passes over a station in this span: nothing to plan"]
    if not problem.able:
        return [f"none of the {len(candidates)} passes can be a contact; each has its reason"]
    if not problem.offers:
        return ["every pass is clouded out in every member of the forecast: no contact is planned"]
    return [f"none of the {len(problem.able)} passes that bring key is taken"]
