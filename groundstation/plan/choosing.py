"""What a plan decides about, and the decision: a problem from passes, and its solution."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.network import Network
from groundstation.plan.blocks import passes_with_mates
from groundstation.plan.commitments import committed
from groundstation.plan.fairness import solve_max_min
from groundstation.plan.horizon import Horizon
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import BITS_PER_KBIT, Problem, make_problem
from groundstation.plan.once import each_pass_once
from groundstation.plan.paths import Pool
from groundstation.plan.records import Candidate, Contact
from groundstation.plan.scenarios import KeyUnderSkies, solve_hedged, worlds_of
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Solution, value_of
from groundstation.plan.solver.solve import Progress, solve
from groundstation.plan.wants import lacking_bits, wants_of
from groundstation.plan.windows import Offer, offers_of
from groundstation.plan_policy import PlanGoal, PlanPolicy, PlanRisk

# Up to this many windows the last millionth takes seconds; beyond, minutes.
_EXACT_WINDOWS = 500
_EXACT_GAP = 1e-6


def problem_of(
    network: Network,
    candidates: Sequence[Candidate],
    horizon: Horizon,
    given: PlanInputs,
    *,
    time_limit_s: float | None = None,
) -> tuple[Problem, list[str]]:
    """The model with everything that must be kept, and sentences on what cannot be.

    Parameters
    ----------
    candidates : every pass of the span
    horizon : the nights, each with demands and fibre capacities of its own
    given : what is known beside the passes
    time_limit_s : for finding the parts of wished passes [s]
    """
    joins = passes_with_mates(candidates, given.blocks)
    able = [
        c
        for c in candidates
        if c.refusal is None and c.windows and (c.key_bits > 0 or c.pass_id in joins)
    ]
    before = {} if given.previous is None else {c.pass_id: c for c in given.previous.contacts}
    kept = {name: before[name] for name, is_taken in given.fixed.items() if is_taken
            and name in before}  # fmt: skip
    chance = {} if given.sky is None else given.sky.chance()
    offers = [
        offer
        for offer in _offers(network, able, given, kept)
        # Without a chance of a bit there is nothing to go for, but what is frozen stays.
        if given.fixed.get(able[offer.candidate].pass_id)
        or offer.key_bits * chance.get(able[offer.candidate].pass_id, 1.0) >= 1.0
        or (
            able[offer.candidate].pass_id in joins
            and chance.get(able[offer.candidate].pass_id, 1.0) > 0.0
        )
    ]
    sentences = _reserves(network, given.pair_bits)
    if horizon.ahead:
        further = "a night" if horizon.ahead == 1 else f"{horizon.ahead} nights"
        sentences.append(f"the value counts what key in the pools may serve in {further} ahead")
    problem = make_problem(
        network,
        able,
        offers,
        horizon=horizon,
        stocks=whole_stocks(given.stocks, network),
        wants=wants_of(network, horizon, given.pair_bits),
        chance=chance,
        previous=None if given.previous is None else frozenset(before),
        usage=given.usage,
    )
    problem, unmet = committed(
        problem, candidates, given.fixed, given.wishes, time_limit_s=time_limit_s
    )
    if given.sky is not None:
        unknown = sum(c.pass_id not in chance for c in able)
        if unknown:
            sentences.append(f"the weather of {unknown} passes is not known: they count as clear")
    return problem, [*sentences, *problem.remarks, *unmet]


def _offers(
    network: Network, able: Sequence[Candidate], given: PlanInputs, kept: Mapping[str, Contact]
) -> list[Offer]:
    """Parts of the passes that bring key; what brings it to a block only is offered whole.

    So the others are cut as they are without blocks, and no offer of theirs is lost.
    """
    strong = [i for i, item in enumerate(able) if item.key_bits > 0]
    found = offers_of(network, [able[i] for i in strong], given.key_of, kept, given.foresee)
    weak = [
        Offer(i, item.windows, 0, is_whole=True)
        for i, item in enumerate(able)
        if item.key_bits <= 0
    ]
    parts = [replace(offer, candidate=strong[offer.candidate]) for offer in found]
    return sorted([*parts, *weak], key=lambda offer: offer.candidate)


def whole_stocks(stocks: Mapping[Pool, float], network: Network) -> dict[Pool, float]:
    """Whole bits of the pools whose satellite and station the network has."""
    satellites = {s.name for s in network.satellites}
    stations = {s.name for s in network.stations}
    return {
        pool: float(int(bits))
        for pool, bits in stocks.items()
        if pool.satellite in satellites and pool.station in stations and bits >= 1.0
    }


def _reserves(network: Network, pair_bits: Mapping[str, float]) -> list[str]:
    """A sentence for every reserve that lacks something."""
    lacking = {
        d.name: lacking_bits(d.minimum_reserve_bits, pair_bits.get(d.name)) for d in network.demands
    }
    return [
        f"{name}: {bits / 1e3:,.1f} kbit more are wanted to fill its reserve"
        for name, bits in lacking.items()
        if bits
    ]


def solution_of(
    policy: PlanPolicy,
    problem: Problem,
    sky: Sky | None,
    *,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    brings: KeyUnderSkies | None = None,
) -> tuple[Solution, list[str]]:
    """The contacts and relays that the policy asks for, and sentences on what it asks in vain.

    Value and bound are those of expected key, also where contacts are chosen for many skies.

    Parameters
    ----------
    brings : key of every window of the model in some skies, shapes (skies, offers) of what is clear
        and (skies, windows) [kbit]; without, a window brings its offer's key where that is clear
    """
    model = problem.model
    has_demand = bool((model.relay.demand_kbit > 0.0).any()) and bool(model.relay.paths)
    if policy.goal is PlanGoal.MAX_MIN and has_demand:
        said = []
        if policy.risk is PlanRisk.SCENARIOS:
            said.append("the goal max-min plans for expected key: risk = scenarios is not used")
        if policy.starved_hour_kbit:
            said.append("the goal max-min shares key: starved_hour_kbit is not used")
        return each_pass_once(model, lambda m: solve_max_min(m, time_limit_s=time_limit_s)), said
    gap = _EXACT_GAP if len(problem.offers) <= _EXACT_WINDOWS else None
    found = each_pass_once(
        model, lambda m: solve(m, gap=gap, time_limit_s=time_limit_s, progress=progress)
    )
    if policy.risk is PlanRisk.EXPECTED:
        return found, []
    if sky is None:
        return found, ["the weather is not known: risk = scenarios is not used"]
    if model.windows.count > policy.most_hedged_windows:
        return found, [_too_many(model.windows.count, policy.most_hedged_windows)]
    return _hedged(policy, problem, sky, found, time_limit_s, brings)


def _hedged(
    policy: PlanPolicy,
    problem: Problem,
    sky: Sky,
    expected: Solution,
    time_limit_s: float | None,
    brings: KeyUnderSkies | None,
) -> tuple[Solution, list[str]]:
    """Contacts for many skies; their expected value against the bound of expected key."""
    model = problem.model
    names = tuple(problem.able[o.candidate].pass_id for o in problem.offers)
    clear = sky.drawn(names, policy.drawn_nights, policy.seed)
    key = np.array([o.key_bits for o in problem.offers], dtype=np.float64) / BITS_PER_KBIT
    worlds = worlds_of(key, clear, policy.risk_scenarios, brings)
    found = each_pass_once(
        model,
        lambda m: solve_hedged(
            m, worlds, weight=policy.risk_weight, tail=policy.risk_tail, time_limit_s=time_limit_s
        ),
    )
    if found is None:
        return expected, ["no contacts for many skies were found in the time: expected key instead"]
    structure = structure_of(model)
    flow = deliver(structure, found.chosen, structure.useful).flow_kbit
    value = value_of(model, found.chosen, flow)
    method = f"contacts for {len(worlds.probability)} skies, then expected relays"
    solution = Solution(found.chosen, flow, value, max(expected.bound, value), method)
    sentence = (
        f"contacts are chosen for {len(worlds.probability)} skies: mean {found.mean:,.1f}, mean of "
        f"the worst {policy.risk_tail:.0%} {found.worst:,.1f} weighted kbit; contacts for expected "
        f"key alone would be worth {expected.value - value:,.1f} more"
    )
    return solution, [sentence]


def _too_many(windows: int, limit: int) -> str:
    return (
        f"{windows} windows are too many to plan for many skies at once (limit {limit}): "
        "risk = scenarios is not used"
    )
