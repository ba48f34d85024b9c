"""From candidates and demands to a plan with a reason for everything it leaves out."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy

from groundstation.network import Network
from groundstation.plan.commitments import committed
from groundstation.plan.delivering import deliveries_of, relays_of
from groundstation.plan.fairness import solve_max_min
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import (
    BITS_PER_KBIT,
    Problem,
    make_problem,
    whole_bits_of,
)
from groundstation.plan.paths import Pool
from groundstation.plan.reasons import rejections
from groundstation.plan.records import CLEAR_SKY, Candidate, Contact, Plan, PoolStock
from groundstation.plan.sky import Sky, drawn_deliveries, quantiles
from groundstation.plan.solver.model import Ints, Model, Solution, value_of
from groundstation.plan.solver.solve import Progress, solve
from groundstation.plan.windows import Offer, offers_of
from groundstation.plan_policy import PlanGoal

# Up to this many windows the last millionth is worth waiting for.
_EXACT_WINDOWS = 3_000
_EXACT_GAP = 1e-6


def make_plan(
    network: Network,
    candidates: Sequence[Candidate],
    *,
    night: str,
    nights: int,
    plan_id: str,
    inputs: PlanInputs | None = None,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    remarks: Sequence[str] = (),
) -> Plan:
    """Choose contacts and relays for the largest priority-weighted delivery.

    Parameters
    ----------
    candidates : every pass of the span; those with a refusal or without key are not chosen
    nights : length of the horizon, over which demands and fibre capacities are counted
    plan_id : identity of the inputs
    inputs : what is known beside the passes
    time_limit_s : stop after about this time with what there is; the same inputs may then give
        another plan [s]
    progress : told stage, value and bound while the solver runs
    remarks : sentences of the caller that belong to the plan
    """
    given = inputs or PlanInputs()
    problem, sentences = _problem(network, candidates, nights, given)
    solution = _solved(problem.model, network.plan.goal, time_limit_s, progress)
    flow_bits = whole_bits_of(solution.flow_kbit)
    changed, charge = _changes(network, problem, solution.chosen, given.previous, candidates)
    exact = np.array(flow_bits, dtype=np.float64).reshape(-1, 1) / BITS_PER_KBIT
    value = value_of(problem.model, solution.chosen, exact) - charge
    relays = relays_of(network, problem, flow_bits)
    contacts = _contacts(problem, solution.chosen, given.sky)
    return Plan(
        plan_id=plan_id,
        night=night,
        contacts=contacts,
        relays=relays,
        deliveries=deliveries_of(
            network,
            problem,
            solution.chosen,
            relays,
            _drawn(network, problem, solution, given.sky),
            given.pair_bits,
        ),
        rejections=rejections(network, candidates, problem, solution, given),
        value=value,
        bound=max(solution.bound - charge, value),
        solver=f"HiGHS in scipy {scipy.__version__}: {solution.method}",
        remarks=(*remarks, *sentences, *_failings(candidates, problem, contacts)),
        goal=network.plan.goal.value,
        assumes=_assumed(given.sky),
        stocks=tuple(
            PoolStock(pool.satellite, pool.station, int(bits))
            for pool, bits in sorted(
                _whole(given.stocks, network).items(), key=lambda i: (i[0].satellite, i[0].station)
            )
        ),
        changed=changed,
        seed=network.plan.seed,
    )


def _problem(
    network: Network, candidates: Sequence[Candidate], nights: int, given: PlanInputs
) -> tuple[Problem, list[str]]:
    """The model with everything that must be kept, and sentences on what cannot be."""
    able = [c for c in candidates if c.refusal is None and c.key_bits > 0 and c.windows]
    before = {} if given.previous is None else {c.pass_id: c for c in given.previous.contacts}
    kept = {name: before[name] for name, is_taken in given.fixed.items() if is_taken
            and name in before}  # fmt: skip
    chance = {} if given.sky is None else given.sky.chance()
    offers = [
        offer
        for offer in offers_of(network, able, given.key_of, kept)
        # Without a chance of a bit there is nothing to go for, but what is frozen stays.
        if given.fixed.get(able[offer.candidate].pass_id)
        or offer.key_bits * chance.get(able[offer.candidate].pass_id, 1.0) >= 1.0
    ]
    wanted, sentences = _wanted(network, nights, given.pair_bits)
    problem = make_problem(
        network,
        able,
        offers,
        nights=nights,
        stocks=_whole(given.stocks, network),
        wanted_bits=wanted,
        chance=chance,
        previous=None if given.previous is None else frozenset(before),
    )
    problem, unmet = committed(problem, candidates, given.fixed, given.wishes)
    if given.sky is not None:
        unknown = sum(c.pass_id not in chance for c in able)
        if unknown:
            sentences.append(f"the weather of {unknown} passes is not known: they count as clear")
    return problem, [*sentences, *problem.remarks, *unmet]


def _whole(stocks: Mapping[Pool, float], network: Network) -> dict[Pool, float]:
    """Whole bits of the pools whose satellite and station the network has."""
    satellites = {s.name for s in network.satellites}
    stations = {s.name for s in network.stations}
    return {
        pool: float(int(bits))
        for pool, bits in stocks.items()
        if pool.satellite in satellites and pool.station in stations and bits >= 1.0
    }


def _wanted(
    network: Network, nights: int, pair_bits: Mapping[str, float]
) -> tuple[list[int], list[str]]:
    """Whole bits that each demand wants over the horizon, with what its reserve lacks."""
    wanted, sentences = [], []
    for demand in network.demands:
        lacking = 0.0
        if demand.name in pair_bits:
            lacking = max(0.0, demand.minimum_reserve_bits - pair_bits[demand.name])
        if lacking:
            sentences.append(
                f"{demand.name}: {lacking / 1e3:,.1f} kbit more are wanted to fill its reserve"
            )
        wanted.append(int(np.floor(demand.bits_per_day * nights + lacking)))
    return wanted, sentences


def _solved(
    model: Model, goal: PlanGoal, time_limit_s: float | None, progress: Progress | None
) -> Solution:
    has_demand = bool((model.relay.demand_kbit > 0.0).any()) and bool(model.relay.paths)
    if goal is PlanGoal.MAX_MIN and has_demand:
        return solve_max_min(model, time_limit_s=time_limit_s)
    gap = _EXACT_GAP if model.windows.count <= _EXACT_WINDOWS else None
    return solve(model, gap=gap, time_limit_s=time_limit_s, progress=progress)


def _contacts(problem: Problem, chosen: Ints, sky: Sky | None) -> tuple[Contact, ...]:
    found = []
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
            )
        )
    # In the order of the passes, as rows and reports list them.
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
    network: Network, problem: Problem, solution: Solution, sky: Sky | None
) -> list[tuple[int, int, int]] | None:
    if sky is None:
        return None
    policy = network.plan
    drawn = drawn_deliveries(
        problem, solution.chosen, sky, nights=policy.drawn_nights, seed=policy.seed
    )
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
