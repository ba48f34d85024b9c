"""Ways of planning, each from what an evening may know to the contacts of the night."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from planner_comparison.drawn_sky import HOURS
from planner_comparison.evening import Evening, with_truth
from planner_comparison.nights import forecast_instant

from groundstation.network import Network
from groundstation.plan.choosing import problem_of, solution_of
from groundstation.plan.horizon import Horizon
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.paths import Pool
from groundstation.plan.planner import contacts_of
from groundstation.plan.records import Candidate, Contact, Plan
from groundstation.plan.sky import Sky
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan_policy import PlanRisk

Stocks = Mapping[Pool, float]


@dataclass(frozen=True, slots=True)
class Way:
    """How nights are planned.

    Parameters
    ----------
    name : for people
    nights : whose passes a plan looks at; only the first night is carried out
    is_greedy : the pass with the most expected key first, whole, as long as it fits
    is_perfect : the weather of all these nights is known
    is_replanned : planned again at each of tonight's forecasts, for what has not begun
    changes : of the network's `PlanPolicy`, by name
    """

    name: str
    nights: int = 1
    is_greedy: bool = False
    is_perfect: bool = False
    is_replanned: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)

    def network(self, given: Network) -> Network:
        """The network with the policy of this way."""
        return replace(given, plan=replace(given.plan, **self.changes))

    def horizon(self, network: Network, evening: Evening) -> Horizon:
        """The nights of a plan that is made in an evening."""
        return Horizon(evening.tonight.start, self.nights, network.nights_ahead)

    def forecast(self, evening: Evening, step: int) -> Sky:
        """The sky that this way counts on."""
        if self.is_perfect:
            return evening.truth(self.nights)
        return evening.forecast(step, self.nights)


REFERENCE = "expected key"
_SKIES: Mapping[str, Any] = {"risk": PlanRisk.SCENARIOS}
_HALF: Mapping[str, Any] = {"nights_ahead": 1, "ahead_worth": 0.5}
_AHEAD: Mapping[str, Any] = {"nights_ahead": 2, "ahead_worth": 1.0}
_LONG: Mapping[str, Any] = {"nights_ahead": 6, "ahead_worth": 1.0}
_HORIZONS = (2, 3, 5, 7)
WAYS = (
    Way("greedy", is_greedy=True),
    Way(REFERENCE),
    Way("expected key, planned again", is_replanned=True),
    Way("mean over 12 skies", changes={**_SKIES, "risk_weight": 0.0}),
    Way("12 skies, half CVaR", changes=_SKIES),
    Way("perfect knowledge", is_perfect=True),
    Way("expected key, half of 1 night ahead", changes=_HALF),
    Way("expected key, 2 nights ahead", changes=_AHEAD),
    Way("expected key, 6 nights ahead", changes=_LONG),
    Way("expected key, planned again, 2 nights ahead", is_replanned=True, changes=_AHEAD),
    Way("12 skies, half CVaR, 2 nights ahead", changes={**_SKIES, **_AHEAD}),
    Way("perfect knowledge, 2 nights ahead", is_perfect=True, changes=_AHEAD),
    *(Way(f"expected key, {n} nights", n) for n in _HORIZONS),
    *(Way(f"expected key, {n} nights, planned again", n, is_replanned=True) for n in _HORIZONS),
    *(Way(f"perfect knowledge, {n} nights", n, is_perfect=True) for n in _HORIZONS),
)


def contacts(network: Network, way: Way, evening: Evening, stocks: Stocks) -> tuple[Contact, ...]:
    """Contacts of the way's nights, in the end those of tonight as they are carried out."""
    network = way.network(network)
    if way.is_greedy:
        return _greedy(network, way, evening, stocks)
    held: Plan | None = None
    for step, hour in enumerate(HOURS if way.is_replanned else HOURS[:1]):
        now = forecast_instant(evening.number, hour)
        held = _planned(network, way, evening, way.forecast(evening, step), stocks, held, now)
    return () if held is None else held.contacts


def _greedy(network: Network, way: Way, evening: Evening, stocks: Stocks) -> tuple[Contact, ...]:
    sky = evening.forecast(0, 1)
    given = PlanInputs(sky=sky, stocks=stocks)
    problem, _ = problem_of(network, evening.candidates(1), way.horizon(network, evening), given)
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
    problem, _ = problem_of(network, candidates, way.horizon(network, evening), given)
    solution, _ = solution_of(network.plan, problem, given.sky)
    found = contacts_of(problem, solution.chosen, given.sky)
    return Plan("", evening.tonight.name, found, (), (), (), 0.0, 0.0, "", ())


def _names(plan: Plan | None) -> frozenset[str]:
    return frozenset() if plan is None else frozenset(c.pass_id for c in plan.contacts)


def _start(item: Candidate) -> datetime:
    return item.windows[0][0] if item.windows else item.aos
