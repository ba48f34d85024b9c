"""Parts of the solver against what they stand for: cliques, dynamic programme, prices, regrets."""

import collections
import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from groundstation.plan.solver.blocks_dp import make_blocks
from groundstation.plan.solver.cells import State, improve
from groundstation.plan.solver.cliques import find_cliques
from groundstation.plan.solver.delivery import deliver, whole_flow
from groundstation.plan.solver.errors import InstanceError, ModelError
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.highs import solve_linear
from groundstation.plan.solver.instance import offered_windows
from groundstation.plan.solver.lagrangian import Prices, best_nights, evaluate, structure_of
from groundstation.plan.solver.master import Plan, relax
from groundstation.plan.solver.model import value_of
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.price_iterations import find_prices
from groundstation.plan.solver.programme import build, prices_from
from groundstation.plan.solver.regrets import explain, regrets
from groundstation.plan.solver.solve import solve, undecided
from groundstation.plan.solver.standing import Standing, silent

INTERVALS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(1, 12), st.integers(-5, 30)),
    min_size=1,
    max_size=12,
)


def arrays(intervals):
    resource, start, length, profit = (np.array(column) for column in zip(*intervals, strict=True))
    return resource, start.astype(float), (start + length).astype(float), profit.astype(float)


def clash(intervals, i, j):
    (r, a, n, _), (s, b, m, _) = intervals[i], intervals[j]
    return r == s and a < b + m and b < a + n


@settings(max_examples=50, deadline=None)
@given(INTERVALS)
def test_two_intervals_share_a_clique_exactly_if_they_overlap(intervals):
    matrix = find_cliques(*arrays(intervals)[:3]).matrix().toarray()
    shared = matrix.T @ matrix
    for i, j in itertools.combinations(range(len(intervals)), 2):
        assert (shared[i, j] > 0) == clash(intervals, i, j)


@settings(max_examples=50, deadline=None)
@given(INTERVALS)
def test_no_clique_is_a_part_of_another(intervals):
    matrix = find_cliques(*arrays(intervals)[:3]).matrix().toarray() > 0
    for one, other in itertools.permutations(matrix, 2):
        assert not (one <= other).all()


@settings(max_examples=50, deadline=None)
@given(INTERVALS)
def test_the_dynamic_programme_equals_the_integer_programme(intervals):
    resource, start, until, profit = arrays(intervals)
    blocks = make_blocks(resource, start, until)
    table = blocks.best(profit)
    pairs = [
        [float(k in (i, j)) for k in range(len(intervals))]
        for i, j in itertools.combinations(range(len(intervals)), 2)
        if clash(intervals, i, j)
    ]
    rows = [LinearConstraint(np.array(pairs), -np.inf, 1.0)] if pairs else []
    exact = milp(-profit, integrality=np.ones(len(profit)), bounds=Bounds(0, 1), constraints=rows)
    assert table[-1].sum() == pytest.approx(-exact.fun, abs=1e-6)
    chosen = blocks.chosen(table)
    assert profit[chosen].sum() == pytest.approx(-exact.fun, abs=1e-6)
    assert not any(clash(intervals, i, j) for i, j in itertools.combinations(chosen, 2))


@pytest.fixture
def joint(random_instance):
    def make(seed, goal=Goal.RELAY):
        model, _ = model_of(instance_from(random_instance(seed)), goal)
        return model

    return make


def test_a_regret_is_what_forcing_the_window_costs_at_the_prices(joint):
    for seed in range(12):
        structure = structure_of(joint(seed))
        if not structure.model.windows.count:
            continue
        prices = find_prices(structure, steps=20).prices
        loss = regrets(structure, evaluate(structure, prices))
        bound = evaluate(structure, prices).bound
        for i, expected in enumerate(loss):
            forced = np.arange(len(loss)) == i
            held = structure_of(replace(structure.model, forced=forced))
            assert bound - evaluate(held, prices).bound == pytest.approx(expected, abs=1e-6)


def test_no_plan_with_a_window_is_worth_more_than_the_bound_less_its_regret(joint):
    for seed in range(3):
        model = joint(seed)
        structure = structure_of(model)
        prices = find_prices(structure, steps=60).prices
        bound = evaluate(structure, prices).bound
        best = solve(model, gap=0.0)
        for reason in explain(structure, prices, best.chosen):
            forced = np.arange(model.windows.count) == reason.window
            with_it = solve(replace(model, forced=forced), gap=0.0)
            assert with_it.value <= bound - reason.regret + 1e-3
            w = model.windows
            for other in reason.displaced:
                assert w.satellite[other] == w.satellite[reason.window] or (
                    w.station[other] == w.station[reason.window]
                )


@pytest.mark.parametrize("seed", [0, 21, 45])
def test_no_better_plan_needs_a_window_that_is_not_among_the_undecided(joint, seed):
    model = joint(seed)
    structure = structure_of(model)
    everything = np.arange(model.windows.count)
    nothing = np.zeros(structure.useful.shape)
    best = Standing(structure, structure.useful, silent, None, everything[:0], nothing)
    optimum = solve(model, gap=0.0).value
    # As if a plan of nine tenths of the optimum were known: its rivals must all stay.
    best.value = 0.9 * optimum
    kept = undecided(best, everything)
    for window in np.setdiff1d(everything, kept):
        forced = everything == window
        assert solve(replace(model, forced=forced), gap=0.0).value <= best.value + 1e-3
    # A plan that is the optimum leaves fewer, with which it can still be made.
    best.value = optimum
    fewer = undecided(best, everything)
    assert len(fewer) <= len(kept)
    left_out = ~np.isin(everything, fewer)
    again = solve(replace(model, forbidden=left_out), gap=0.0)
    assert again.value == pytest.approx(optimum, abs=1e-3)


def test_every_bound_lies_above_the_optimum_and_the_relaxation_meets_its_prices(joint):
    # In the last three a crew's nights have a price.
    for seed in (0, 3, 21, 35, 57):
        model = joint(seed)
        structure = structure_of(model)
        useful = structure.useful
        optimum = solve(model, gap=0.0).value
        for steps in (1, 5, 60):
            assert find_prices(structure, steps=steps).bound >= optimum - 1e-6
        everything = np.arange(model.windows.count)
        programme = build(structure, everything, useful, with_cuts=False)
        relaxed, duals = solve_linear(programme, time_limit_s=None, interior=True)
        assert duals is not None
        assert relaxed.value >= optimum - 1e-6
        at_duals = evaluate(structure, prices_from(structure, programme, duals)).bound
        # Strong duality: the bound at optimal duals is the relaxation itself.
        assert at_duals == pytest.approx(relaxed.value, abs=1e-4 * max(1.0, relaxed.value))
        tight = build(structure, everything, useful, with_cuts=True)
        cut, _ = solve_linear(tight, time_limit_s=None, interior=False)
        assert optimum - 1e-6 <= cut.value <= relaxed.value + 1e-6


def test_no_prices_whatever_give_a_bound_below_the_optimum(joint):
    random = np.random.default_rng(5)
    crewed = [model for model in map(joint, range(30)) if (model.limits.crew_nights >= 0).any()]
    for model in crewed[:3]:
        structure = structure_of(model)
        optimum = solve(model, gap=0.0).value
        relay = model.relay
        for _ in range(40):
            # Prices of pools may not rise in time; all others are free.
            steps = random.exponential(1.0, (len(relay.stock_kbit), relay.periods + 1))
            steps[:, -1] = 0.0
            pool = relay.terminal_per_kbit[:, None] + np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
            sizes = (
                len(structure.stations.resource),
                len(structure.crew.cliques.resource),
                len(model.limits.capacity),
            )
            scale = 10.0 ** random.uniform(-2.0, 2.5, 3)
            station, crew, capacity = (
                random.exponential(s, n) for s, n in zip(scale, sizes, strict=True)
            )
            fibre = random.exponential(1.0, relay.fibre_kbit.shape)
            prices = Prices(station, crew, capacity, pool, fibre)
            assert evaluate(structure, prices).bound >= optimum - 1e-6


def test_the_nights_of_a_crew_are_worth_their_prices_however_small(joint):
    random = np.random.default_rng(6)
    crewed = [model for model in map(joint, range(30)) if (model.limits.crew_nights >= 0).any()]
    for model in crewed[:3]:
        structure = structure_of(model)
        crew, relay = structure.crew, model.relay
        rest = [np.zeros(len(structure.stations.resource)), np.zeros(len(model.limits.capacity))]
        pool = np.zeros((len(relay.stock_kbit), relay.periods + 1))
        for scale in (1e-9, 1.0):
            price = random.exponential(scale, len(crew.cliques.resource))
            prices = Prices(rest[0], price, rest[1], pool, np.zeros(relay.fibre_kbit.shape))
            worth = collections.defaultdict(list)
            for shift, station in enumerate(crew.shift_station.tolist()):
                telescopes = float(model.limits.telescopes[station])
                worth[station].append(telescopes * price[crew.cliques.resource == shift].sum())
            nights = model.limits.crew_nights
            expected = sum(sum(sorted(w, reverse=True)[: nights[s]]) for s, w in worth.items())
            assert best_nights(structure, prices)[1] == pytest.approx(expected, rel=1e-12)
            assert expected > 0.0


def test_satellite_by_satellite_never_gets_worse_and_stays_feasible(joint):
    for seed in range(4):
        model = joint(seed)
        structure = structure_of(model)
        useful = structure.useful
        priced = find_prices(structure, steps=40)
        plan = Plan(
            windows=model.windows.count, share=0.0, paths=50, tolerance=100.0, rounds=2, gap=0.0
        )
        relaxed = relax(structure, priced, useful, plan, remaining_s=lambda: None)
        optimum = solve(model, gap=0.0).value
        state = State(np.zeros(model.windows.count), np.zeros(useful.shape))
        value = value_of(model, np.flatnonzero(state.share), state.flow_kbit)
        for _ in range(2):
            state = improve(structure, state, relaxed.offered, useful, is_late=lambda: False)
            chosen = np.flatnonzero(state.share > 0.5)
            now = value_of(model, chosen, state.flow_kbit)
            assert value - 1e-6 <= now <= optimum + 1e-3
            # Taking back what would be overdrawn changes nothing but rounding.
            whole = whole_flow(structure, chosen, state.flow_kbit)
            assert np.abs(whole - state.flow_kbit).max(initial=0.0) < 1e-4
            value = now
        exact = deliver(structure, chosen, useful)
        assert value_of(model, chosen, exact.flow_kbit) >= value - 1e-3


def test_satellites_that_are_solved_in_turn_do_not_meet_at_a_station(tiny):
    twins = copy.deepcopy(tiny)
    twins["satellites"] = 2
    twins["passes"] += [[1, *row[1:]] for row in tiny["passes"]]
    for row in twins["demand"]:
        row[2] *= 10
    model, _ = model_of(instance_from(twins), Goal.RELAY)
    structure = structure_of(model)
    everything = np.ones(model.windows.count, dtype=bool)
    state = State(np.zeros(model.windows.count), np.zeros(structure.useful.shape))
    for _ in range(2):
        state = improve(structure, state, everything, structure.useful, is_late=lambda: False)
    chosen = np.flatnonzero(state.share > 0.5)
    assert {0, 1} == set(model.windows.satellite[chosen].tolist())
    assert structure.stations.load(chosen).max() == 1.0
    assert structure.satellites.load(chosen).max() == 1.0


def test_forced_windows_are_taken_and_forbidden_ones_are_not(joint):
    model = joint(3)
    for i in range(model.windows.count):
        flag = np.arange(model.windows.count) == i
        assert i in solve(replace(model, forced=flag)).chosen
        assert i not in solve(replace(model, forbidden=flag)).chosen


def test_forced_windows_that_overlap_are_refused(joint):
    model = joint(3)
    same = model.windows.pass_index == model.windows.pass_index[0]
    assert same.sum() > 1
    with pytest.raises(ModelError, match="not compatible with the forced"):
        solve(replace(model, forced=same))


def test_a_window_is_worth_what_the_format_says(tiny):
    offer = offered_windows(instance_from(tiny))
    # First pass: 0.45 x 920,646 - 60 sqrt(920,646) = 356,720.2 bits, clear with 0.26.
    assert offer.value_bits[0] == 92_747
    # Its second half: 460,323 counts, 166,436.7 bits.
    assert offer.value_bits[2] == 43_273
    assert (offer.start_s[2], offer.stop_s[2]) == (3_410.0, 3_530.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "its format is not"),
        ({"alpha": "a"}, "reading alpha"),
        ({"alpha": float("nan")}, "reading alpha"),
        ({"windows": [[0.5, 0.5]]}, r"windows\[0\]"),
        ({"passes": [[0, 9, 0, 10, 5]]}, r"passes\[0\]: 9 is not an index"),
        ({"passes": [[0, 1, 0, 10]]}, r"passes\[0\].*row of 5"),
        ({"demand": [[0, 1, -5, 1]]}, r"demand\[0\]: -5 is below 0"),
        ({"clear_prob": [[2, 0, 0, 0, 0]]}, r"clear_prob\[0\]"),
        ({"stations": [[0, 0, 1, 0]]}, r"stations\[0\]"),
        ({"stations": [[0, 0, 1, 1_001]]}, r"stations\[0\]: 1001 telescopes, .* 1 to 1000"),
        ({"limits": 3}, "reading limits"),
        ({"limits": {"operator_nights": float("nan")}}, "reading operator_nights: nan"),
        ({"limits": {"memory_kbit": -1}}, "reading memory_kbit: -1 is below 0"),
        ({"alpha": 10**400}, r"reading alpha: 10+\.\.\. is not a number"),
        ({"demand": [[0, 1, 1.1e12, 1]]}, r"demand\[0\]: 1.1e\+12 is above 1e\+12"),
        ({"demand": [[0, 1, 5, 1.1e6]]}, r"demand\[0\]: 1.1e\+06 is above 1e\+06"),
        ({"demand": [[2, 2, 5, 1]]}, r"demand\[0\]: from station 2 to itself"),
        ({"passes": [[0, 1, 0, 10, 2e12]]}, r"passes\[0\]: 2e\+12 is above"),
        ({"passes": [[0, 1, 2e9, 10, 5]]}, r"passes\[0\]: 2e\+09 is above"),
        ({"passes": [[0, 1, 0, 0.5, 5]]}, r"passes\[0\]: 0.5 is below 1"),
        ({"period_s": 86}, "period_s: 86 s are below a 1000th of the horizon, 86400 s"),
        ({"satellites": 2_000_001}, "satellites: 2000001 for 5 stations are more than 10,000,000"),
    ],
)
def test_an_instance_that_is_not_valid_is_refused_by_place(tiny, change, message):
    with pytest.raises(InstanceError, match=message):
        instance_from({**copy.deepcopy(tiny), **change})


def test_a_pass_of_a_night_without_a_forecast_is_refused(tiny):
    late = instance_from({**tiny, "passes": [[0, 1, 9 * 86_400, 10, 5]]})
    with pytest.raises(InstanceError, match=r"passes\[0\]: its night 9 has no row in clear_prob"):
        offered_windows(late)


@pytest.mark.parametrize("key", ["stations", "windows", "passes"])
def test_an_instance_that_lacks_what_it_is_about_is_refused(tiny, key):
    with pytest.raises(InstanceError, match=f"it has no {key}"):
        instance_from({name: value for name, value in tiny.items() if name != key})


def test_an_empty_night_is_a_plan_of_nothing(tiny):
    for goal in Goal:
        model, _ = model_of(instance_from({**tiny, "passes": []}), goal)
        solution = solve(model)
        assert (solution.value, solution.bound, len(solution.chosen)) == (0.0, 0.0, 0)
