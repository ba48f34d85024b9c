"""Ways of planning, each from what an evening may know to the contacts of the night."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from planner_comparison.drawn_sky import HOURS
from planner_comparison.evening import Evening, with_truth
from planner_comparison.horizon import nightly_problem
from planner_comparison.nights import forecast_instant

from groundstation.network import Network
from groundstation.plan.choosing import solution_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.paths import Pool
from groundstation.plan.planner import contacts_of
from groundstation.plan.records import Candidate, Contact, Plan
from groundstation.plan.sky import Sky
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan_policy import PlanPolicy, PlanRisk

Stocks = Mapping[Pool, float]


@dataclass(frozen=True, slots=True)
class Way:
    """How nights are planned.

    Parameters
    ----------
    name : for people
    nights : whose passes a plan looks at; only the first night is carried out
    more_demand : further nights whose demand it looks at
    is_greedy : the pass with the most expected key first, whole, as long as it fits
    is_perfect : the weather of all these nights is known
    is_replanned : planned again at each of tonight's forecasts, for what has not begun
    risk, risk_weight : see `PlanPolicy`
    pool_worth_per_kbit : see `PlanPolicy`; None for that of the network
    """

    name: str
    nights: int = 1
    more_demand: int = 0
    is_greedy: bool = False
    is_perfect: bool = False
    is_replanned: bool = False
    risk: PlanRisk = PlanRisk.EXPECTED
    risk_weight: float = 0.5
    pool_worth_per_kbit: float | None = None

    @property
    def periods(self) -> int:
        """Nights whose demand a plan looks at."""
        return self.nights + self.more_demand

    def policy(self, given: PlanPolicy) -> PlanPolicy:
        """The network's policy, planned in this way."""
        worth = self.pool_worth_per_kbit
        return replace(
            given,
            risk=self.risk,
            risk_weight=self.risk_weight,
            pool_worth_per_kbit=given.pool_worth_per_kbit if worth is None else worth,
        )

    def forecast(self, evening: Evening, step: int) -> Sky:
        """The sky that this way counts on."""
        if self.is_perfect:
            return evening.truth(self.nights)
        return evening.forecast(step, self.nights)


REFERENCE = "expected key"
WAYS = (
    Way("greedy", is_greedy=True),
    Way(REFERENCE),
    Way("expected key, planned again", is_replanned=True),
    Way("mean over 12 skies", risk=PlanRisk.SCENARIOS, risk_weight=0.0),
    Way("12 skies, half CVaR", risk=PlanRisk.SCENARIOS),
    Way("perfect knowledge", is_perfect=True),
)


def contacts(network: Network, way: Way, evening: Evening, stocks: Stocks) -> tuple[Contact, ...]:
    """Contacts of the way's nights, in the end those of tonight as they are carried out."""
    network = replace(network, plan=way.policy(network.plan))
    if way.is_greedy:
        return _greedy(network, evening, stocks)
    held: Plan | None = None
    for step, hour in enumerate(HOURS if way.is_replanned else HOURS[:1]):
        now = forecast_instant(evening.number, hour)
        held = _planned(network, way, evening, way.forecast(evening, step), stocks, held, now)
    return () if held is None else held.contacts


def _greedy(network: Network, evening: Evening, stocks: Stocks) -> tuple[Contact, ...]:
    sky = evening.forecast(0, 1)
    given = PlanInputs(sky=sky, stocks=stocks)
    problem = nightly_problem(network, evening.candidates(1), evening.ahead_of, 1, given)
    order = np.argsort(-np.array(problem.counted_bits), kind="stable")
    return contacts_of(problem, insert_in_order(structure_of(problem.model), order), sky)


def _planned(
    network: Network,
    way: Way,
    evening: Evening,
    sky: Sky,
    stocks: Stocks,
    held: Plan | None,
    now: datetime,
) -> Plan:
    """Contacts for a forecast; what has begun stays, with what it brought."""
    clear, taken = evening.is_clear(), _names(held)
    begun = [c.pass_id for c in evening.tonight.candidates if held is not None and _start(c) < now]
    given = PlanInputs(
        key_of=evening.key_of,
        sky=with_truth(sky, {name: clear[name] for name in begun}),
        stocks=stocks,
        previous=held,
        fixed={name: name in taken for name in begun},
    )
    candidates = evening.candidates(way.nights)
    problem = nightly_problem(network, candidates, evening.ahead_of, way.periods, given)
    solution, _ = solution_of(network.plan, problem, given.sky)
    found = contacts_of(problem, solution.chosen, given.sky)
    return Plan("", evening.tonight.name, found, (), (), (), 0.0, 0.0, "", ())


def _names(plan: Plan | None) -> frozenset[str]:
    return frozenset() if plan is None else frozenset(c.pass_id for c in plan.contacts)


def _start(item: Candidate) -> datetime:
    return item.windows[0][0] if item.windows else item.aos
