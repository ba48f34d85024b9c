"""Satellites solved in turn leave each other what the limits allow, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from groundstation.plan.solver.cells import State, improve, path_satellites
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.highs import Found
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.modelling import Goal, model_of

# 400,000 counts bring 0.45 x 400,000 - 60 sqrt(400,000) = 142,052.6 bits.
BROUGHT_KBIT = 142.052


@pytest.fixture
def in_turn(tiny):
    """Contacts and deliveries [kbit] after both satellites were solved, from nothing or a state."""

    def run(passes, *, rounds=1, state=None, telescopes=1, **changes):
        document = {
            **tiny, "satellites": 2, "clear_prob": None, "windows": [[0, 1]], "demand": [],
            "stations": [[*row[:3], telescopes] for row in tiny["stations"]],
            "terminal_weight_per_kbit": 0.0,
            "passes": [[s, g, start, 100, 400_000] for s, g, start in passes], **changes,
        }  # fmt: skip
        document["limits"] = {**tiny["limits"], **changes.get("limits", {})}
        structure = structure_of(model_of(instance_from(document), Goal.RELAY)[0])
        count, shape = structure.model.windows.count, structure.useful.shape
        now = State(np.zeros(count), np.zeros(shape)) if state is None else State(*state(structure))
        everything = np.ones(count, dtype=bool), np.ones(shape, dtype=bool)
        for _ in range(rounds):
            now = improve(structure, now, *everything, is_late=lambda: False)
        return structure.model, now

    return run


BOTH = [(0, 1, 1_000), (1, 1, 2_000), (0, 2, 5_000), (1, 2, 6_000)]


@pytest.mark.parametrize("rounds", [1, 3])
def test_they_share_a_fibre(in_turn, rounds):
    changes = {"fibre": [[0, 1, 5_000]], "demand": [[0, 2, 100_000, 10]]}
    _, state = in_turn(BOTH, rounds=rounds, **changes)
    assert state.flow_kbit.sum() == pytest.approx(5.0)


@pytest.mark.parametrize("rounds", [1, 3])
def test_they_share_a_demand(in_turn, rounds):
    # More than one of them can bring, less than both.
    _, state = in_turn(BOTH, rounds=rounds, demand=[[1, 2, 200_000, 10]])
    assert state.flow_kbit.sum() == pytest.approx(200.0)
    _, state = in_turn(BOTH, rounds=rounds, demand=[[1, 2, 300_000, 10]])
    assert state.flow_kbit.sum() == pytest.approx(2 * BROUGHT_KBIT)


def test_they_share_the_contacts_of_a_night(in_turn):
    changes = {"limits": {"max_contacts_night": 1}, "demand": [[1, 2, 300_000, 10]]}
    model, state = in_turn(BOTH, **changes)
    chosen = np.flatnonzero(state.share)
    assert sorted(model.windows.station[chosen].tolist()) == [1, 2]
    assert state.flow_kbit.sum() == pytest.approx(BROUGHT_KBIT)


@pytest.mark.parametrize("telescopes", [1, 2])
def test_they_share_the_telescopes_of_a_station(in_turn, telescopes):
    at_once = [(0, 1, 1_000), (1, 1, 1_050), (0, 2, 5_000), (1, 2, 6_000)]
    _, state = in_turn(at_once, telescopes=telescopes, demand=[[1, 2, 300_000, 10]])
    assert state.share[:2].sum() == telescopes
    assert state.flow_kbit.sum() == pytest.approx(telescopes * BROUGHT_KBIT)


def test_one_of_them_does_not_take_the_telescope_of_the_other_for_its_set_up(in_turn):
    # Two contacts 30 s apart: enough for the satellite, but a telescope needs 60 s.
    passes = [(0, 1, 1_000), (1, 1, 1_000), (1, 1, 1_130), (0, 2, 5_000), (1, 2, 6_000)]
    model, state = in_turn(passes, telescopes=2, demand=[[1, 2, 900_000, 10]])
    chosen = np.flatnonzero(state.share)
    structure = structure_of(model)
    assert structure.stations.load(chosen).max() <= 2.0
    assert state.share[:3].sum() == 2.0


def test_only_contacts_that_are_nearly_whole_stand_in_the_way_of_others(in_turn):
    at_once = [(1, 1, 1_000), (0, 1, 1_050), (0, 2, 5_000), (1, 2, 6_000)]

    def started(share):
        def state(structure):
            shares = np.zeros(structure.model.windows.count)
            # The other satellite, which comes second, has a part of its contact.
            shares[structure.model.windows.satellite == 1] = share
            return shares, np.zeros(structure.useful.shape)

        return state

    for share, is_free in ((0.9, True), (0.9995, False)):
        model, state = in_turn(at_once, state=started(share), demand=[[1, 2, 300_000, 10]])
        first = (model.windows.satellite == 0) & (model.windows.station == 1)
        assert bool(state.share[first][0]) is is_free


def test_a_whole_plan_is_only_left_for_a_better_one(in_turn):
    def best(structure):
        # Everything is taken and delivered already; nothing can be better.
        shares = np.ones(structure.model.windows.count)
        return shares, np.full(structure.useful.shape, 20.0)

    _, state = in_turn(BOTH, state=best, demand=[[1, 2, 40_000, 10]])
    assert state.flow_kbit.tolist() == [[20.0], [20.0]]
    assert state.share.tolist() == [1.0] * 4
    # With less delivered than there is, the rest is delivered beside what the other has.
    _, state = in_turn(BOTH, state=best, demand=[[1, 2, 50_000, 10]])
    assert sorted(state.flow_kbit.ravel().tolist()) == pytest.approx([20.0, 30.0])


def test_what_a_satellite_delivered_before_is_forgotten(in_turn):
    def crowded(structure):
        # Together 60 kbit where 40 are wanted; the first one's contacts are not whole yet.
        shares = np.where(structure.model.windows.satellite == 0, 0.5, 1.0)
        return shares, np.array([[20.0], [40.0]])

    _, state = in_turn(BOTH, state=crowded, demand=[[1, 2, 40_000, 10]])
    assert state.flow_kbit.sum() == pytest.approx(40.0)


def test_a_worse_answer_of_the_solver_is_not_taken(in_turn, monkeypatch):
    def best(structure):
        shares = np.ones(structure.model.windows.count)
        return shares, np.full(structure.useful.shape, 20.0)

    def lazy(programme, **options):
        # What a search may end with whose nodes are counted: a plan, not a good one.
        del options
        return Found(np.zeros(len(programme.gain)), programme.constant, np.inf)

    monkeypatch.setattr("groundstation.plan.solver.cells.solve_whole", lazy)
    _, state = in_turn(BOTH, state=best, demand=[[1, 2, 40_000, 10]])
    assert state.flow_kbit.tolist() == [[20.0], [20.0]]
    assert state.share.tolist() == [1.0] * 4


def test_parts_of_contacts_that_are_not_offered_are_dropped(tiny):
    structure = structure_of(model_of(instance_from(tiny), Goal.RELAY)[0])
    count = structure.model.windows.count
    offered = np.arange(count) % 2 == 1
    state = State(np.full(count, 0.25), np.zeros(structure.useful.shape))
    state = improve(structure, state, offered, structure.useful, is_late=lambda: False)
    assert not state.share[~offered].any()
    assert set(state.share[offered].tolist()) == {0.0, 1.0}


def test_paths_over_two_satellites_or_none_belong_to_nobody(in_turn):
    model, _ = in_turn(BOTH, rounds=0, demand=[[1, 2, 40_000, 10]])
    relay = model.relay
    assert path_satellites(relay).tolist() == [0, 1]
    # One path over the first pool of each satellite, one over fibre alone.
    mixed = csr_array(np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    assert relay.pool_satellite.tolist() == [0, 0, 1, 1]
    assert path_satellites(replace(relay, pool_use=mixed)).tolist() == [-1, -1]
