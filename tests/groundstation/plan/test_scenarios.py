"""Contacts for many skies at once, against every choice of contacts tried out."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.plan.choosing import problem_of
from groundstation.plan.horizon import Horizon
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import BITS_PER_KBIT
from groundstation.plan.scenarios import Worlds, solve_hedged, worlds_of, worst_mean
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import value_of
from groundstation.plan_policy import PlanRisk

NIGHT = Horizon(datetime(2026, 6, 14, 12, tzinfo=UTC), 1)


def problem(tiny, passes, demands, **changes):
    return problem_of(tiny.network(demands, **changes), passes, NIGHT, PlanInputs())[0]


def values_of(model, chosen, worlds):
    """Value of some contacts in every world, each with relays of its own."""
    from dataclasses import replace

    found = []
    for key in worlds.key_kbit:
        there = replace(model, windows=replace(model.windows, key_kbit=key))
        structure = structure_of(there)
        flow = deliver(structure, chosen, structure.useful).flow_kbit
        found.append(value_of(there, chosen, flow))
    return np.array(found)


def best_by_trial(model, worlds, weight, tail):
    """Every set of windows that fits."""
    structure, best = structure_of(model), -np.inf
    for size in range(model.windows.count + 1):
        for picked in itertools.combinations(range(model.windows.count), size):
            chosen = np.array(picked, dtype=np.int64)
            if len(insert_in_order(structure, chosen)) < size:
                continue
            values = values_of(model, chosen, worlds)
            mean = float(worlds.probability @ values)
            worst = worst_mean(values, worlds.probability, tail)
            best = max(best, (1.0 - weight) * mean + weight * worst)
    return best


PASSES = st.lists(
    st.tuples(
        st.sampled_from(["sat-1", "sat-2"]),
        st.sampled_from(["graz", "matera", "helmos"]),
        st.integers(0, 600),
        st.integers(80, 300),
        st.integers(5_000, 200_000),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=5, deadline=None)
@given(PASSES, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.2, 0.5, 1.0]), st.data())
def test_no_choice_of_contacts_is_better_than_the_one_found(tiny, rows, weight, tail, data):
    passes = [tiny.candidate(f"p{i}", *row) for i, row in enumerate(rows)]
    demands = [
        tiny.demand("d", "grid", "carrier", 60_000, 2.0),
        tiny.demand("e", "grid", "mine", 90_000),
    ]
    model = problem(tiny, passes, demands).model
    clear = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)),
                min_size=1,
                max_size=5,
            )
        )
    )
    worlds = worlds_of(model.windows.key_kbit, clear, most=5)
    found = solve_hedged(model, worlds, weight=weight, tail=tail)
    assert found is not None
    reached = values_of(model, found.chosen, worlds)
    assert found.mean == pytest.approx(worlds.probability @ reached, abs=1e-3)
    assert found.worst == pytest.approx(worst_mean(reached, worlds.probability, tail), abs=1e-3)
    aim = (1.0 - weight) * found.mean + weight * found.worst
    best = best_by_trial(model, worlds, weight, tail)
    # The search stops at two thousandths.
    assert best * (1.0 - 2e-3) - 1e-3 <= aim <= best + 1e-3


def test_the_mean_of_the_worst_is_that_of_the_tail():
    """Of 10, 20 and 60 with 1/2, 1/4 and 1/4: the worst tenth is 10, the worst 3/4 are 40/3."""
    values, probability = np.array([60.0, 10.0, 20.0]), np.array([0.25, 0.5, 0.25])
    assert worst_mean(values, probability, 0.1) == pytest.approx(10.0)
    assert worst_mean(values, probability, 0.75) == pytest.approx((0.5 * 10 + 0.25 * 20) / 0.75)
    assert worst_mean(values, probability, 1.0) == pytest.approx(25.0)


def test_equal_worlds_are_one_and_the_rest_goes_to_the_nearest():
    """Three drawn worlds of six are alike; the one of 1 kbit more goes with them."""
    key = np.array([100.0, 1.0])
    clear = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [0, 0], [0, 0]], dtype=bool)
    worlds = worlds_of(key, clear, most=2)
    assert worlds.key_kbit.tolist() == [[0.0, 0.0], [100.0, 0.0]]
    assert worlds.probability.tolist() == pytest.approx([1 / 3, 2 / 3])
    whole = worlds_of(key, clear, most=9)
    assert whole.probability.tolist() == pytest.approx([1 / 3, 1 / 2, 1 / 6])


@pytest.fixture
def gamble(tiny):
    """A rich pass that is clear in half of all worlds, or a poor one that always is."""
    passes = [
        tiny.candidate("sure", "sat-1", "matera", 0, 200, 40_000),
        tiny.candidate("rich", "sat-1", "graz", 50, 200, 90_000),
    ]
    sky = Sky(("m1", "m2"), ("sure", "rich"), np.array([[1.0, 0.0], [1.0, 1.0]]))
    return passes, sky


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        ({}, "rich"),
        ({"risk": PlanRisk.SCENARIOS, "risk_weight": 0.0}, "rich"),
        ({"risk": PlanRisk.SCENARIOS, "risk_weight": 0.9, "risk_tail": 0.3}, "sure"),
    ],
)
def test_who_fears_the_worst_takes_the_sure_pass(tiny, gamble, policy, taken):
    """45 kbit expected against 40 for certain, and nothing against 40 in the worst worlds."""
    passes, sky = gamble
    plan = tiny.plan(tiny.network([], **policy), passes, sky=sky)
    assert [c.pass_id for c in plan.contacts] == [taken]
    # Value and bound are those of expected key whatever is feared.
    assert plan.value == pytest.approx(0.05 * (45.0 if taken == "rich" else 40.0))
    assert plan.bound == pytest.approx(0.05 * 45.0, abs=1e-6)


def test_who_fears_nothing_but_the_worst_does_not_look_at_the_mean(tiny, gamble):
    """200 kbit expected and nothing in the worst half of worlds, against 40 in all of them."""
    (sure, _), sky = gamble
    passes = [sure, tiny.candidate("rich", "sat-1", "graz", 50, 200, 400_000)]
    fearful = tiny.network([], risk=PlanRisk.SCENARIOS, risk_weight=1.0, risk_tail=0.3)
    plan = tiny.plan(fearful, passes, sky=sky)
    assert [c.pass_id for c in plan.contacts] == ["sure"]


def test_scenarios_without_weather_or_with_max_min_are_a_sentence(tiny, gamble):
    passes, sky = gamble
    plan = tiny.plan(tiny.network([], risk=PlanRisk.SCENARIOS), passes)
    assert plan.remarks == ("the weather is not known: risk = scenarios is not used",)
    few = tiny.network([], risk=PlanRisk.SCENARIOS, most_hedged_windows=1)
    (remark,) = tiny.plan(few, passes, sky=sky).remarks
    assert remark.startswith("2 windows are too many to plan for many skies at once (limit 1)")


def test_a_forced_contact_is_kept_in_every_world(tiny, gamble):
    passes, sky = gamble
    fearful = tiny.network([], risk=PlanRisk.SCENARIOS, risk_weight=1.0)
    plan = tiny.plan(fearful, passes, sky=sky, wishes={"rich": True})
    assert [c.pass_id for c in plan.contacts] == ["rich"]


def test_stock_is_delivered_in_every_world(tiny):
    from groundstation.plan.paths import Pool

    stocks = {Pool("sat-1", "matera"): 50_000.0, Pool("sat-1", "helmos"): 50_000.0}
    demands = [tiny.demand("d", "grid", "carrier", 30_000, 2.0)]
    passes = [tiny.candidate("p", "sat-1", "graz", 0, 200, 10_000)]
    given = PlanInputs(stocks=stocks)
    model = problem_of(tiny.network(demands), passes, NIGHT, given)[0].model
    worlds = Worlds(np.array([[10.0], [0.0]]), np.array([0.5, 0.5]))
    assert model.windows.key_kbit[0] == 10_000 / BITS_PER_KBIT
    found = solve_hedged(model, worlds, weight=0.5, tail=0.5)
    assert found is not None
    # 30 kbit at priority 2 and a hop of 0.001, 40 + 10 or 40 + 0 kbit left at 0.05.
    assert found.worst == pytest.approx(60.0 - 0.03 + 2.0, abs=1e-6)
    assert found.mean == pytest.approx(60.0 - 0.03 + 2.25, abs=1e-6)
