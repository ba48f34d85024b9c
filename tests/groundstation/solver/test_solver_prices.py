"""Prices from a fixed number of steps: bounds, averages and numbers far from everyday ones."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest

from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import Model
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build
from groundstation.plan.solver.solve import solve

# 581.4446 is the optimum of the tiny instance, published as 581.44.
OPTIMUM = 581.4446


@pytest.fixture
def model(tiny):
    def make(**changes):
        return model_of(instance_from({**copy.deepcopy(tiny), **changes}), Goal.RELAY)[0]

    return make


def weighted(model: Model, factor: float) -> Model:
    relay = model.relay
    return replace(
        model,
        relay=replace(
            relay,
            weight_per_kbit=factor * relay.weight_per_kbit,
            terminal_per_kbit=factor * relay.terminal_per_kbit,
        ),
    )


def larger(model: Model, factor: float) -> Model:
    """The same model with everything that is counted in kbit multiplied."""
    relay, w = model.relay, model.windows
    return replace(
        model,
        windows=replace(w, key_kbit=factor * w.key_kbit),
        relay=replace(
            relay, stock_kbit=factor * relay.stock_kbit, fibre_kbit=factor * relay.fibre_kbit,
            demand_kbit=factor * relay.demand_kbit,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("factor", [1e-9, 1e9, 1e120])
def test_the_unit_of_the_weights_scales_the_bound_and_nothing_else(model, factor):
    usual = find_prices(structure_of(model()), steps=60)
    found = find_prices(structure_of(weighted(model(), factor)), steps=60)
    # First prices below 1e-12 and logarithms beyond 40 are cut off: then the bound is looser.
    assert found.bound / factor == pytest.approx(usual.bound, rel=1e-6 if factor < 1e60 else 9.0)
    assert found.bound >= factor * OPTIMUM


@pytest.mark.parametrize("factor", [1e-9, 1e9, 1e160])
def test_amounts_far_from_everyday_ones_do_not_leave_the_doubles(model, factor):
    # Warnings are errors here: squares of such gradients would overflow.
    found = find_prices(structure_of(larger(model(), factor)), steps=60)
    assert factor * OPTIMUM * (1.0 - 1e-9) <= found.bound < np.inf
    assert np.isfinite(found.prices.pool).all()


def test_demands_that_are_worth_nothing_leave_the_stock_where_it_is(tiny, model):
    worthless = [[*row[:3], 0] for row in tiny["demand"]]
    # All the key that can be collected, 302.86 kbit, at the terminal weight of 0.2 per kbit.
    solution = solve(model(demand=worthless), gap=0.0)
    assert solution.value == pytest.approx(0.2 * 302.86, abs=1e-9)
    assert solution.bound == pytest.approx(solution.value, rel=1e-9)
    assert not solution.flow_kbit.any()


def test_the_mean_answers_of_the_last_steps_use_what_the_optimum_uses(model):
    structure = structure_of(model())
    priced = find_prices(structure)
    best = solve(structure.model, gap=0.0)
    share = priced.delivery_share
    assert ((share >= 0.0) & (share <= 1.0)).all()
    assert not share[~structure.useful].any()
    per_demand = np.zeros(structure.model.relay.demand_kbit.shape)
    np.add.at(per_demand, structure.model.relay.path_demand, share)
    assert per_demand.max() <= 1.0 + 1e-9
    # What the optimum delivers is among what the last steps delivered more than a hundredth of.
    assert (share[best.flow_kbit > 0.0] > 0.01).all()
    assert 2 * priced.windows[best.chosen].sum() >= len(best.chosen)


def test_more_steps_bring_the_bound_down_to_the_optimum(model):
    structure = structure_of(model())
    bounds = [find_prices(structure, steps=n).bound for n in (1, 10, 60, 250)]
    assert bounds == sorted(bounds, reverse=True)
    assert OPTIMUM - 1e-6 <= bounds[-1] <= 1.01 * OPTIMUM


@pytest.mark.parametrize("seed", [7, 21, 45])
def test_prices_of_crews_limits_and_fibres_come_down_to_the_relaxation(random_instance, seed):
    # 21: crews, limits and a fibre; 45: crews and nine fibres; 7: limits and six fibres.
    structure = structure_of(model_of(instance_from(random_instance(seed)), Goal.RELAY)[0])
    everything = np.arange(structure.model.windows.count)
    programme = build(structure, everything, structure.useful, with_cuts=False)
    relaxed, _ = solve_linear(programme, time_limit_s=None, interior=False)
    assert relaxed.value * (1.0 - 1e-9) <= find_prices(structure).bound <= 1.005 * relaxed.value


def test_a_step_that_comes_too_late_still_gives_a_bound(model):
    structure = structure_of(model())
    asked = itertools.count(1)
    found = find_prices(structure, is_late=lambda: next(asked) > 2)
    assert found.steps == 3
    assert OPTIMUM <= found.bound < np.inf
    # The steps that would have been averaged were never made.
    assert not found.delivery_share.any()
    assert not found.windows.any()
