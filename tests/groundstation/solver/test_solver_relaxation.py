"""Restricted programmes, their bounds, and flows made whole, where a slip would go unnoticed."""

from dataclasses import replace

import numpy as np
import pytest

from groundstation.plan.solver import decomposition
from groundstation.plan.solver import solve as solving
from groundstation.plan.solver.delivery import QUANTUM_KBIT, whole_flow
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.lagrangian import evaluate, structure_of
from groundstation.plan.solver.master import Plan, relax
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build
from groundstation.plan.solver.regrets import displaced
from groundstation.plan.solver.selection import near_best_windows
from groundstation.plan.solver.solve import solve

FEW = Plan(windows=3, share=0.5, paths=1, tolerance=1e9, rounds=8, gap=1e-6)
KBIT = 1e-3


@pytest.fixture
def structured(random_instance):
    def make(seed):
        return structure_of(model_of(instance_from(random_instance(seed)), Goal.RELAY)[0])

    return make


@pytest.mark.parametrize("seed", [11, 21, 33])
def test_few_columns_grow_until_their_value_meets_the_bound(structured, seed):
    structure = structured(seed)
    everything = np.arange(structure.model.windows.count)
    programme = build(structure, everything, structure.useful, with_cuts=False)
    whole, _ = solve_linear(programme, time_limit_s=None, interior=False)
    priced = find_prices(structure, steps=5)
    one = relax(
        structure, priced, structure.useful, replace(FEW, rounds=1), remaining_s=lambda: None
    )
    # The first programme lacks columns, and prices of five steps are far from the best ones.
    assert one.value < whole.value * (1.0 - 1e-3)
    assert priced.bound > 1.2 * whole.value
    assert one.bound <= priced.bound
    offered = near_best_windows(structure, evaluate(structure, priced.prices), 3) | priced.windows
    assert not one.share[~offered].any()
    assert one.share.any()
    all_rounds = relax(structure, priced, structure.useful, FEW, remaining_s=lambda: None)
    assert all_rounds.value == pytest.approx(whole.value, rel=1e-6)
    assert all_rounds.bound == pytest.approx(whole.value, rel=1e-6)


@pytest.mark.parametrize("seed", [11, 28, 41])
def test_the_bound_is_one_of_the_whole_model_however_few_columns_there_are(
    random_instance, brute_force, monkeypatch, seed
):
    monkeypatch.setattr(solving, "DIRECT_WINDOWS", 0)
    monkeypatch.setattr(decomposition, "STEPS", 5)
    monkeypatch.setattr(decomposition, "_MIDDLE", replace(FEW, rounds=1))
    document = random_instance(seed)
    for key in ("operator_nights", "max_contacts_night", "duty_s_per_orbit", "memory_kbit"):
        document["limits"][key] = None
    solution = solve(model_of(instance_from(document), Goal.RELAY)[0])
    assert solution.bound >= brute_force(document, "relay") - KBIT


@pytest.fixture
def two_ways(tiny):
    """A demand of 10 kbit over two satellites, each with 8 kbit in both of its pools."""
    document = {
        **tiny, "satellites": 2, "passes": [], "demand": [[0, 1, 10_000, 10]],
        "pool0": [[s, g, 8_000] for s in (0, 1) for g in (0, 1)],
    }  # fmt: skip
    return model_of(instance_from(document), Goal.RELAY)[0]


def made_whole(model, kbit):
    return whole_flow(structure_of(model), np.zeros(0, np.int64), np.array([[k] for k in kbit]))


def test_of_a_demand_no_more_is_taken_back_than_it_is_over(two_ways):
    assert made_whole(two_ways, [6.0, 3.0]).ravel().tolist() == [6.0, 3.0]
    over = made_whole(two_ways, [6.0, 4.0 + 3 * QUANTUM_KBIT])
    assert over.ravel().tolist() == pytest.approx([6.0, 4.0], abs=1e-12)


def test_of_a_pool_that_is_used_twice_half_is_taken_back_and_rounded_up(two_ways):
    twice = replace(two_ways, relay=replace(two_ways.relay, pool_use=2.0 * two_ways.relay.pool_use))
    # Eight kilobits serve four; three quanta too much are two of the flow.
    over = made_whole(twice, [4.0 + 1.0 * QUANTUM_KBIT, 1.0])
    assert over.ravel().tolist() == pytest.approx([4.0, 1.0], abs=1e-12)
    stock = np.full(4, 8.0 - QUANTUM_KBIT)
    less = replace(twice, relay=replace(twice.relay, stock_kbit=stock))
    found = made_whole(less, [4.0, 1.0])
    assert found.ravel().tolist() == pytest.approx([4.0 - QUANTUM_KBIT, 1.0], abs=1e-12)


def test_several_flows_from_a_pool_lose_together_what_it_lacks(two_ways):
    relay = two_ways.relay
    # Both ways over the first satellite, the second of them with twice the key of each pool.
    use = relay.pool_use.toarray()
    use[1] = 2.0 * use[0]
    both = replace(two_ways, relay=replace(relay, pool_use=type(relay.pool_use)(use)))
    found = made_whole(both, [5.0, 2.0]).ravel()
    # 5 + 2 x 2 = 9 of 8 kbit: the last one gives half a kilobit, the first one nothing.
    assert found.tolist() == pytest.approx([5.0, 1.5], abs=1e-12)


@pytest.mark.parametrize(
    ("other", "telescopes", "goes"),
    [
        # (satellite, station, start) of a contact of 100 s, beside one of satellite 0 at station 1
        # from 1,000 s to 1,100 s; satellites need 20 s of set-up, telescopes 60 s.
        ((0, 2, 1_119), 1, True),
        ((0, 2, 1_120), 1, False),
        ((0, 2, 881), 1, True),
        ((0, 2, 880), 1, False),
        ((1, 1, 1_159), 1, True),
        ((1, 1, 1_160), 1, False),
        ((1, 1, 841), 1, True),
        ((1, 1, 840), 1, False),
        ((1, 1, 1_000), 2, False),
        ((1, 2, 1_000), 1, False),
    ],
)
def test_a_contact_goes_that_has_no_satellite_or_telescope_left(tiny, other, telescopes, goes):
    passes = [(0, 1, 1_000), other]
    document = {
        **tiny, "satellites": 2, "windows": [[0, 1]], "clear_prob": None,
        "stations": [[*row[:3], telescopes] for row in tiny["stations"]],
        "passes": [[*each, 100, 400_000] for each in passes],
    }  # fmt: skip
    structure = structure_of(model_of(instance_from(document), Goal.RELAY)[0])
    assert displaced(structure, 0, np.array([1])) == ((1,) if goes else ())
    assert displaced(structure, 1, np.array([0])) == ((0,) if goes else ())


def test_all_go_that_compete_for_the_last_telescope(tiny):
    document = {
        **tiny, "satellites": 3, "windows": [[0, 1]], "clear_prob": None,
        "stations": [[*row[:3], 2] for row in tiny["stations"]],
        "passes": [[s, 1, 1_000, 100, 400_000] for s in range(3)],
    }  # fmt: skip
    structure = structure_of(model_of(instance_from(document), Goal.RELAY)[0])
    assert displaced(structure, 0, np.array([1, 2])) == (1, 2)
    assert displaced(structure, 0, np.array([2])) == ()
