"""The way of large models, taken with small ones whose optimum is known by brute force."""

import numpy as np
import pytest

from groundstation.plan.solver import decomposition
from groundstation.plan.solver import solve as solving
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import value_of
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.results import result_of
from groundstation.plan.solver.solve import solve
from groundstation.plan.solver_check import check_result

KBIT = 1e-3


@pytest.fixture(params=["near-best windows", "satellite by satellite"])
def large_way(request, monkeypatch):
    """Every model counts as large; with the second word as too large for one programme."""
    monkeypatch.setattr(solving, "DIRECT_WINDOWS", 0)
    monkeypatch.setattr(decomposition, "STEPS", 40)
    if request.param == "satellite by satellite":
        monkeypatch.setattr(decomposition, "_RESTRICTED_WINDOWS", 0)
    return request.param


def without_crews(document):
    """Crew nights and capacities keep a model on the direct way."""
    for key in ("operator_nights", "max_contacts_night", "duty_s_per_orbit", "memory_kbit"):
        document["limits"][key] = None
    return document


def solved(document, **options):
    instance = instance_from(document)
    model, offer = model_of(instance, Goal.RELAY)
    solution = solve(model, **options)
    return solution, result_of(instance, model, offer, solution, Goal.RELAY)


@pytest.mark.parametrize("seed", [7, 33, 43, 45])
def test_it_finds_nearly_the_optimum_and_a_true_bound(
    random_instance, brute_force, large_way, seed
):
    document = without_crews(random_instance(seed))
    best = brute_force(document, "relay")
    solution, result = solved(document)
    assert large_way in solution.method
    assert check_result(document, result, "relay") == []
    assert solution.bound >= best - KBIT
    # Satellites in turn may end where only two at once would gain.
    assert 0.95 * best - KBIT <= solution.value <= best + KBIT


def test_time_that_runs_out_at_any_stage_leaves_a_plan_that_holds(
    random_instance, brute_force, large_way, monkeypatch
):
    del large_way
    document = without_crews(random_instance(33))
    best = brute_force(document, "relay")
    for asked in (0, 1, 40, 41, 42):
        count = [0]

        def late(standing, count=count, asked=asked):
            del standing
            count[0] += 1
            return count[0] > asked

        monkeypatch.setattr("groundstation.plan.solver.standing.Standing.is_late", late)
        solution, result = solved(document)
        assert check_result(document, result, "relay") == []
        assert best - KBIT <= solution.bound < np.inf


def test_the_same_model_gives_the_same_bytes(random_instance, large_way):
    del large_way
    document = without_crews(random_instance(44))
    assert repr(solved(document)[1]) == repr(solved(document)[1])


@pytest.mark.parametrize("large_way", ["satellite by satellite"], indirect=True)
def test_a_gap_that_is_reached_ends_the_turns(random_instance, large_way):
    del large_way
    document = without_crews(random_instance(33))
    for gap, most in ((1.0, 1), (0.0, 4)):
        stages: list[str] = []
        solved(document, gap=gap, progress=lambda stage, *_, stages=stages: stages.append(stage))
        turns = [stage for stage in stages if stage.startswith("satellite by satellite")]
        assert 1 <= len(turns) <= most


def test_the_relay_that_starts_with_few_deliveries_ends_with_the_exact_value(
    random_instance, monkeypatch
):
    monkeypatch.setattr("groundstation.plan.solver.delivery._ALL_AT_ONCE", 0)
    for seed in (7, 33, 45):
        model, _ = model_of(instance_from(random_instance(seed)), Goal.RELAY)
        structure = structure_of(model)
        chosen = solve(model).chosen
        useful = structure.useful
        few = np.zeros_like(useful)
        few[::2] = useful[::2]
        exact = value_of(model, chosen, deliver(structure, chosen, useful).flow_kbit)
        grown = deliver(structure, chosen, useful, start=few).flow_kbit
        assert value_of(model, chosen, grown) == pytest.approx(exact, abs=KBIT)
        # A tolerance only stops the growing: no value is lost below the first programme's.
        first = deliver(structure, chosen, few).flow_kbit
        coarse = deliver(structure, chosen, useful, start=few, tolerance=1.0).flow_kbit
        assert value_of(model, chosen, coarse) >= value_of(model, chosen, first) - KBIT
