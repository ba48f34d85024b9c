"""Deliveries that are worth more in one period than in another, against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from groundstation.plan.solver import decomposition
from groundstation.plan.solver import solve as solving
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import value_of
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.solve import solve

# Deliveries are whole micro-kilobits; a few dozen of weight 10 lose less than a thousandth kbit.
KBIT = 1e-3


@pytest.fixture
def several_days(random_instance):
    """Random instances of two or three days, their weights by day, and the model with these."""

    def make(seed):
        document = random_instance(seed)
        random = np.random.default_rng(seed + 9_000)
        days = document["horizon_s"] // 86_400
        weight = np.array([row[3] for row in document["demand"]], dtype=np.float64)
        weights = weight[:, None] * random.uniform(0.2, 1.5, (len(weight), days)).round(2)
        model, _ = model_of(instance_from(document), Goal.RELAY)
        relay = replace(model.relay, weight_per_kbit=weights)
        return document, weights, replace(model, relay=relay)

    return make


def against_brute_force(made, brute_force):
    document, weights, model = made
    solution = solve(model, gap=0.0)
    best = brute_force(document, "relay", weights.tolist())
    assert solution.value == pytest.approx(best, abs=KBIT)
    assert solution.bound >= best - 1e-6 * max(1.0, best)
    return best


@pytest.mark.parametrize("seed", [0, 6, 7, 14, 23, 33])
def test_brute_force_finds_nothing_better(several_days, brute_force, seed):
    document, weights, model = several_days(seed)
    best = against_brute_force((document, weights, model), brute_force)
    # When it is delivered matters: with the mean of the days the best value is another one.
    flat = np.broadcast_to(weights.mean(axis=1, keepdims=True), weights.shape)
    assert abs(best - brute_force(document, "relay", flat.tolist())) > 1.0


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_brute_force_finds_nothing_better_in_two_hundred_cases(several_days, brute_force, block):
    for seed in range(25 * block, 25 * block + 25):
        against_brute_force(several_days(seed), brute_force)


@pytest.mark.parametrize("way", ["near-best windows", "satellite by satellite"])
def test_the_ways_of_large_models_see_the_weight_of_each_period(
    several_days, brute_force, monkeypatch, way
):
    monkeypatch.setattr(solving, "DIRECT_WINDOWS", 0)
    monkeypatch.setattr(decomposition, "STEPS", 60)
    if way == "satellite by satellite":
        monkeypatch.setattr(decomposition, "_RESTRICTED_WINDOWS", 0)
    for seed in (33, 45):
        document, weights, model = several_days(seed)
        limits = model.limits
        model = replace(
            model,
            limits=replace(
                limits,
                crew_nights=np.full_like(limits.crew_nights, -1),
                capacity_use=limits.capacity_use[:0],
                capacity=limits.capacity[:0],
            ),
        )
        for key in ("operator_nights", "max_contacts_night", "duty_s_per_orbit", "memory_kbit"):
            document["limits"][key] = None
        best = brute_force(document, "relay", weights.tolist())
        solution = solve(model)
        assert way in solution.method
        assert solution.bound >= best - KBIT
        assert find_prices(structure_of(model), steps=60).bound >= best - KBIT
        # Satellites in turn may end where only two at once would gain.
        assert 0.95 * best - KBIT <= solution.value <= best + KBIT


def test_a_kilobit_counts_with_the_weight_of_the_period_in_which_it_is_delivered(several_days):
    _, weights, model = several_days(33)
    relay = model.relay
    assert relay.periods > 1
    assert relay.paths > 1
    nothing = np.zeros((relay.paths, relay.periods))
    empty = value_of(model, np.zeros(0, np.int64), nothing)
    for path, period in np.ndindex(nothing.shape):
        flow = nothing.copy()
        flow[path, period] = 2.0
        pools = relay.pool_use[[path]].toarray()[0]
        worth = weights[relay.path_demand[path]][period] - relay.path_cost_per_kbit[path]
        gain = 2.0 * (worth - pools @ relay.terminal_per_kbit)
        assert value_of(model, np.zeros(0, np.int64), flow) - empty == pytest.approx(gain)
