"""Key that gets too old: levels, prices, programmes and referee against brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from groundstation.plan.pool_check import Batch, play_pool
from groundstation.plan.solver import decomposition
from groundstation.plan.solver import solve as solving
from groundstation.plan.solver.ageing import (
    best_period,
    best_period_of_stock,
    levels,
    outliving,
)
from groundstation.plan.solver.cells import State, improve
from groundstation.plan.solver.delivery import deliver, whole_flow
from groundstation.plan.solver.errors import ModelError
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import Prices, evaluate, structure_of
from groundstation.plan.solver.model import left_kbit, value_of
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.results import result_of
from groundstation.plan.solver.solve import solve
from groundstation.plan.solver_check import Ages, check_result

# Deliveries are whole micro-kilobits; a few dozen of weight 10 lose less than a thousandth kbit.
KBIT = 1e-3


@pytest.fixture
def ageing(random_instance):
    """Instance, lives of its key (days, last day of every stock), offer and model."""

    def make(seed, lifetime=None):
        document = random_instance(seed)
        random = np.random.default_rng(seed + 5_000)
        days = document["horizon_s"] // 86_400
        life = int(random.integers(1, days + 1)) if lifetime is None else lifetime
        # One stock for every satellite and station, or two of different ages.
        document["pool0"] += [row for row in document["pool0"] if random.random() < 0.3]
        last = [int(random.integers(0, life)) for _ in document["pool0"]]
        model, offer = model_of(instance_from(document), Goal.RELAY)
        pool = {
            (int(s), int(g)): int(e)
            for s, g, e in zip(
                model.windows.satellite, model.windows.station, model.windows.pool, strict=True
            )
        }
        order = sorted({(s, g) for s, g, _ in document["pool0"]} | set(pool))
        ageing = np.zeros((len(model.relay.stock_kbit), life - 1))
        for (s, g, bits), end in zip(document["pool0"], last, strict=True):
            if end < life - 1:
                ageing[order.index((s, g)), end] += bits / 1e3
        relay = replace(model.relay, lifetime_periods=life, ageing_kbit=ageing)
        return document, (life, last), offer, replace(model, relay=relay)

    return make


def against_brute_force(made, brute_force):
    document, lives, offer, model = made
    solution = solve(model, gap=0.0)
    best = brute_force(document, "relay", lives=lives)
    assert solution.value == pytest.approx(best, abs=KBIT)
    assert solution.bound >= best - 1e-6 * max(1.0, best)
    result = result_of(instance_from(document), model, offer, solution, Goal.RELAY)
    assert check_result(document, result, "relay", Ages(*lives)) == []
    return best


@pytest.mark.parametrize("seed", [6, 11, 14, 19, 23, 45])
def test_brute_force_finds_nothing_better(ageing, brute_force, seed):
    best = against_brute_force(ageing(seed), brute_force)
    # Age matters: without it more is delivered or left.
    assert best < brute_force(ageing(seed)[0], "relay") - 0.1


@pytest.mark.slow
@pytest.mark.parametrize("block", range(12))
def test_brute_force_finds_nothing_better_in_three_hundred_cases(ageing, brute_force, block):
    for seed in range(25 * block, 25 * block + 25):
        against_brute_force(ageing(seed), brute_force)


# 400,000 counts bring 0.45 x 400,000 - 60 sqrt(400,000) = 142,052.6 bits.
BROUGHT_KBIT = 142.052


@pytest.fixture
def three_days(tiny):
    """Two contacts on the first day, one after the last; 10 kbit wanted a day; a useless stock."""

    def make(*, contacts, stock, lifetime, ageing=None, weight=10):
        passes = [[0, 0, 1_000, 100, 400_000], [0, 1, 5_000, 100, 400_000]] if contacts else []
        document = {
            **tiny, "horizon_s": 259_200, "clear_prob": None, "windows": [[0, 1]],
            "demand": [[0, 1, 10_000, weight]], "passes": [*passes, [0, 3, 259_300, 100, 400_000]],
            "pool0": [[0, 0, stock], [0, 1, stock], [0, 2, 50_000]] if stock else [],
        }  # fmt: skip
        model, offer = model_of(instance_from(document), Goal.RELAY)
        relay = replace(model.relay, lifetime_periods=lifetime, ageing_kbit=ageing)
        return document, offer, replace(model, relay=relay)

    return make


def sound_value(made, ages):
    """The optimum, which relaxation, prices and referee confirm."""
    document, offer, model = made
    solution = solve(model, gap=0.0)
    result = result_of(instance_from(document), model, offer, solution, Goal.RELAY)
    assert check_result(document, result, "relay", ages) == []
    structure = structure_of(model)
    everything = np.arange(model.windows.count)
    programme = build(structure, everything, structure.useful, with_cuts=True)
    relaxed, _ = solve_linear(programme, time_limit_s=None, interior=True)
    # Nothing competes for time here: the relaxation is whole.
    assert relaxed.value == pytest.approx(solution.value, abs=KBIT)
    plain = build(structure, everything, structure.useful, with_cuts=False)
    _, duals = solve_linear(plain, time_limit_s=None, interior=True)
    assert duals is not None
    prices = prices_from(structure, plain, duals)
    assert evaluate(structure, prices).bound == pytest.approx(solution.value, abs=KBIT)
    assert find_prices(structure, steps=30).bound >= solution.value - KBIT
    return solution.value


@pytest.mark.parametrize(("lifetime", "days", "left"), [(1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 3, 1)])
def test_key_serves_as_many_days_as_it_lives_and_what_outlives_them_is_left(
    three_days, lifetime, days, left
):
    made = three_days(contacts=True, stock=0, lifetime=lifetime)
    # Weight 10, final stock 0.2; the contact after the last day is left whatever the lifetime.
    expected = 10.0 * 10.0 * days + 0.2 * BROUGHT_KBIT
    expected += left * 0.2 * (2 * BROUGHT_KBIT - 2 * 10.0 * days)
    assert sound_value(made, Ages(lifetime)) == pytest.approx(expected, abs=KBIT)


def test_key_that_would_be_lost_is_delivered_for_less_than_final_stock_is_worth(three_days):
    made = three_days(contacts=True, stock=0, lifetime=2, weight=0.3)
    # Two kbit of pools for each kbit delivered, 0.2 each: too dear if they were left.
    expected = 0.3 * 10.0 * 2 + 0.2 * BROUGHT_KBIT
    assert sound_value(made, Ages(2)) == pytest.approx(expected, abs=KBIT)


@pytest.mark.parametrize(("lifetime", "aged"), [(2, False), (5, True)])
def test_a_satellite_by_itself_uses_no_key_that_is_too_old(three_days, lifetime, aged):
    ageing = None
    if aged:
        ageing = np.zeros((4, lifetime - 1))
        ageing[:3, 1] = [25.0, 25.0, 50.0]
    made = three_days(contacts=not aged, stock=25_000 * aged, lifetime=lifetime, ageing=ageing)
    model = made[2]
    structure = structure_of(model)
    state = State(np.zeros(model.windows.count), np.zeros(structure.useful.shape))
    offered = np.ones(model.windows.count, dtype=bool)
    everything = np.ones(structure.useful.shape, dtype=bool)
    state = improve(structure, state, offered, everything, is_late=lambda: False)
    # Two days of 10 kbit, and not the third, when all key is lost.
    assert state.flow_kbit.sum(axis=0).tolist() == pytest.approx([10.0, 10.0, 0.0])


@pytest.mark.parametrize("last", [0, 1, 2, 3, 4])
def test_stock_serves_until_its_last_day_and_what_outlives_the_horizon_is_left(three_days, last):
    ageing = np.zeros((4, 4))
    if last < 4:
        # Pools of stations 0, 1, 2 have stock; that of station 3 has none.
        ageing[:3, last] = [25.0, 25.0, 50.0]
    made = three_days(contacts=False, stock=25_000, lifetime=5, ageing=ageing)
    delivered = min(25.0, 10.0 * min(last + 1, 3))
    expected = 10.0 * delivered + 0.2 * BROUGHT_KBIT
    if last >= 3:
        expected += 0.2 * (50.0 + 2 * (25.0 - delivered))
    assert sound_value(made, Ages(5, [last] * 3)) == pytest.approx(expected, abs=KBIT)


POOLS = st.tuples(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=5),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=3),
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
)


@settings(max_examples=50, deadline=None)
@given(POOLS)
def test_levels_are_there_exactly_if_a_store_that_hands_out_its_oldest_key_can_deliver(pool):
    lifetime, births, stocks, taken = pool
    entered, stock = np.zeros((1, 4)), np.zeros((1, lifetime))
    batches = []
    for period, amount in births:
        entered[0, period] += amount
        batches.append(Batch(period, period + lifetime - 1, float(amount)))
    for last, amount in stocks:
        stock[0, min(last, lifetime - 1)] += amount
        batches.append(Batch(0, min(last, lifetime - 1), float(amount)))
    supply = entered.copy()
    supply[0, 0] += stock.sum()
    level = levels(supply, np.array([taken], float), outliving(entered, stock))
    missing, left = play_pool(batches, [float(t) for t in taken])
    assert bool((level >= 0.0).all()) == (sum(missing) == 0.0)
    if sum(missing) == 0.0:
        assert level[0, -1] == pytest.approx(left, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(POOLS)
def test_no_order_of_handing_out_delivers_more_than_the_oldest_first(pool):
    lifetime, births, stocks, taken = pool
    batches = [Batch(t, t + lifetime - 1, float(n)) for t, n in births]
    batches += [Batch(0, min(last, lifetime - 1), float(n)) for last, n in stocks]
    missing, left = play_pool(batches, [float(t) for t in taken])
    # The most that any order can hand out, and the most that can be left by one that hands out all.
    pairs = [(i, t) for i, b in enumerate(batches) for t in range(5) if b.first <= t <= b.last]
    if not pairs:
        assert missing == taken
        return
    rows = [[float(p[0] == i) for p in pairs] for i in range(len(batches))]
    rows += [[float(p[1] == t) for p in pairs] for t in range(4)]
    upper = [b.amount for b in batches] + [float(t) for t in taken]
    gain = [0.001 if t == 4 else 1.0 for _, t in pairs]
    best = -linprog([-g for g in gain], A_ub=rows, b_ub=upper).fun
    handed = sum(taken) - sum(missing)
    assert best == pytest.approx(handed + 0.001 * left, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(POOLS, st.lists(st.integers(0, 9), min_size=5, max_size=5))
def test_a_kilobit_is_worth_the_highest_price_of_its_life(pool, price):
    lifetime = pool[0]
    row = np.array([price], float)
    for t, period in enumerate(best_period(row, lifetime)[0]):
        assert t <= period <= min(t + lifetime - 1, 4)
        assert price[period] == max(price[t : t + lifetime])
    for last, period in enumerate(best_period_of_stock(row, lifetime)[0]):
        assert period <= last
        assert price[period] == max(price[: last + 1])


def test_key_that_never_gets_old_in_time_changes_nothing(random_instance):
    for seed in (7,):
        model, _ = model_of(instance_from(random_instance(seed)), Goal.RELAY)
        first = solve(model)
        relay = replace(model.relay, lifetime_periods=model.relay.periods + 1)
        second = solve(replace(model, relay=relay))
        assert (first.value, first.bound) == (second.value, second.bound)
        assert (first.flow_kbit == second.flow_kbit).all()
        # Fresh stock that is said by its age, and the rows that go with it, change no value.
        aged = replace(relay, ageing_kbit=np.zeros((len(relay.stock_kbit), relay.periods)))
        third = solve(replace(model, relay=aged), gap=0.0)
        assert third.value == pytest.approx(solve(model, gap=0.0).value, abs=KBIT)


def test_a_longer_life_is_never_worth_less(ageing):
    for seed in (45,):
        values = []
        model = ageing(seed)[3]
        for life in (1, 2, 3, 4):
            relay = replace(model.relay, lifetime_periods=life, ageing_kbit=None)
            values.append(solve(replace(model, relay=relay), gap=0.0).value)
        values.append(solve(replace(model, relay=replace(relay, lifetime_periods=None))).value)
        for less, more in itertools.pairwise(values):
            assert more >= less - KBIT
        assert values[-1] > values[0] + 1.0


def test_no_prices_whatever_give_a_bound_below_the_optimum(ageing):
    random = np.random.default_rng(8)
    for seed in (7, 45):
        model = ageing(seed)[3]
        structure, relay = structure_of(model), model.relay
        optimum = solve(model, gap=0.0).value
        for _ in range(30):
            # Prices may rise and fall as they like, also below what is left is worth.
            pool = random.exponential(10.0 ** random.uniform(-2, 1), (len(relay.stock_kbit), 1))
            pool = pool * random.uniform(0.0, 2.0, (len(pool), relay.periods + 1))
            pool[:, -1] = relay.terminal_per_kbit
            rest = (len(structure.stations.resource), len(structure.crew.cliques.resource),
                    len(model.limits.capacity))  # fmt: skip
            station, crew, capacity = (random.exponential(1.0, n) for n in rest)
            fibre = random.exponential(1.0, relay.fibre_kbit.shape)
            prices = Prices(station, crew, capacity, pool, fibre)
            assert evaluate(structure, prices).bound >= optimum - 1e-6
        for steps in (1, 5, 60):
            assert find_prices(structure, steps=steps).bound >= optimum - 1e-6


def test_the_relaxation_meets_its_prices_and_cuts_keep_the_optimum(ageing):
    for seed in (11, 23, 45):
        model = ageing(seed)[3]
        structure = structure_of(model)
        optimum = solve(model, gap=0.0).value
        everything = np.arange(model.windows.count)
        programme = build(structure, everything, structure.useful, with_cuts=False)
        relaxed, duals = solve_linear(programme, time_limit_s=None, interior=True)
        assert duals is not None
        # Strong duality: the bound at optimal duals is the relaxation itself.
        at_duals = evaluate(structure, prices_from(structure, programme, duals)).bound
        assert at_duals == pytest.approx(relaxed.value, abs=1e-4 * max(1.0, relaxed.value))
        tight = build(structure, everything, structure.useful, with_cuts=True)
        cut, _ = solve_linear(tight, time_limit_s=None, interior=False)
        assert optimum - 1e-6 <= cut.value <= relaxed.value + 1e-6


def test_price_steps_come_near_the_relaxation(ageing):
    for seed in (7, 45):
        structure = structure_of(ageing(seed)[3])
        everything = np.arange(structure.model.windows.count)
        programme = build(structure, everything, structure.useful, with_cuts=False)
        relaxed, _ = solve_linear(programme, time_limit_s=None, interior=True)
        bound = find_prices(structure).bound
        assert relaxed.value - 1e-6 <= bound <= 1.02 * relaxed.value


@pytest.mark.parametrize("way", ["near-best windows", "satellite by satellite"])
def test_the_ways_of_large_models_let_no_key_get_too_old(ageing, brute_force, monkeypatch, way):
    monkeypatch.setattr(solving, "DIRECT_WINDOWS", 0)
    monkeypatch.setattr(decomposition, "STEPS", 60)
    if way == "satellite by satellite":
        monkeypatch.setattr(decomposition, "_RESTRICTED_WINDOWS", 0)
    for seed in (45,):
        document, lives, offer, model = ageing(seed)
        limits = model.limits
        model = replace(
            model,
            limits=replace(
                limits, crew_nights=np.full_like(limits.crew_nights, -1),
                capacity_use=limits.capacity_use[:0], capacity=limits.capacity[:0],
            ),
        )  # fmt: skip
        for key in ("operator_nights", "max_contacts_night", "duty_s_per_orbit", "memory_kbit"):
            document["limits"][key] = None
        best = brute_force(document, "relay", lives=lives)
        solution = solve(model)
        assert way in solution.method
        result = result_of(instance_from(document), model, offer, solution, Goal.RELAY)
        assert check_result(document, result, "relay", Ages(*lives)) == []
        assert solution.bound >= best - KBIT
        assert 0.95 * best - KBIT <= solution.value <= best + KBIT


def test_the_referee_finds_key_that_is_used_too_late(ageing):
    """What is planned without ages is refused with them, and what is left is worth less."""
    refused = 0
    for seed in (6, 11, 14, 23, 45):
        document, lives, offer, model = ageing(seed)
        young = replace(model, relay=replace(model.relay, lifetime_periods=None, ageing_kbit=None))
        result = result_of(instance_from(document), young, offer, solve(young), Goal.RELAY)
        assert check_result(document, result, "relay") == []
        faults = check_result(document, result, "relay", Ages(*lives))
        refused += any("short in" in text for text in faults)
        assert any("the result is worth" in text or "short in" in text for text in faults)
    assert refused >= 2


def test_flows_that_take_key_too_late_are_taken_back(ageing):
    for seed in (7, 11, 33, 45):
        _, _, _, model = ageing(seed)
        structure = structure_of(model)
        young = replace(model, relay=replace(model.relay, lifetime_periods=None, ageing_kbit=None))
        found = solve(young, gap=0.0)
        flow = whole_flow(structure, found.chosen, found.flow_kbit)
        assert (flow <= found.flow_kbit + 1e-9).all()
        exact = deliver(structure, found.chosen, structure.useful).flow_kbit
        assert value_of(model, found.chosen, flow) <= value_of(model, found.chosen, exact) + KBIT
        # What was deliverable stays untouched to the last quantum.
        assert np.abs(whole_flow(structure, found.chosen, exact) - exact).max() < 1e-9
        assert (left_kbit(model, found.chosen, exact) >= -1e-9).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lifetime_periods": 0}, "a lifetime of 0 periods"),
        ({"lifetime_periods": None}, "without a lifetime"),
        ({"lifetime_periods": 3}, "course of 1 periods, not 2"),
        ({"ageing_kbit": "too much"}, "kbit more get old than"),
        ({"ageing_kbit": "less than nothing"}, "less than nothing"),
    ],
)
def test_ages_that_cannot_be_are_refused(ageing, changes, message):
    model = ageing(33, lifetime=2)[3]
    stock = model.relay.stock_kbit[:, None]
    odd = {"too much": 1.001 * stock + 0.01, "less than nothing": 0.0 * stock - 1.0}
    if isinstance(changes.get("ageing_kbit"), str):
        changes = {"ageing_kbit": odd[changes["ageing_kbit"]]}
    with pytest.raises(ModelError, match=message):
        solve(replace(model, relay=replace(model.relay, **changes)))
