"""The optimiser: no better neighbour, no false zero, and what is fixed stays fixed."""

import dataclasses

import numpy as np
import pytest

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.optimum.objective import PlanningBlock, planned_length
from passes.key.optimum.optimiser import best_preset, optimise_each, optimise_together
from passes.key.optimum.task import PARAMETERS, Optimisation
from passes.key.records import CountBound, ErrorCorrection, Proof, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)


def a_pass(loss_db, noise=3e-7, seconds=200, noise_test=None):
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, seconds) ** 2) / 10.0)
    return moments_from_slots(eta, 1e8, noise, noise if noise_test is None else noise_test)


def task(proof=Proof.TIGHT, **changes):
    return Optimisation(SECURITY, proof, afterpulse_probability=1e-3, **changes)


def settings_of(source):
    return np.array([source.key_basis_probability, *source.probabilities[:2],
                     *source.intensities[:2]])  # fmt: skip


def length(block, source, proof, receiver=None, security=SECURITY, bound=CountBound.CHERNOFF):
    receiver = source.key_basis_probability if receiver is None else receiver
    counts = decoy_counts_from_moments(block, source, receiver, 1e-3)
    return secret_key(counts, source, security, proof=proof, count_bound=bound).unclipped_bits


@pytest.mark.parametrize(
    ("proof", "bound"),
    [*(("satquma", bound) for bound in CountBound), ("lim2014", CountBound.CHERNOFF)],
)
@pytest.mark.parametrize("model", ["block", "logm", "none"])
@pytest.mark.parametrize("vacuum", [0.0, 0.003])
def test_the_objective_is_the_key_length_of_the_printed_modes(proof, model, bound, vacuum):
    security = dataclasses.replace(SECURITY, error_correction=ErrorCorrection(model))
    source = dataclasses.replace(SOURCE, intensities=(0.65, 0.15, vacuum))
    # Noise that changes along the pass and differs between the bases.
    block = a_pass(22.0, np.linspace(1e-7, 4e-7, 200), noise_test=np.linspace(3e-7, 1e-7, 200))
    planning = PlanningBlock(
        moments=np.array([[block.efficiency], [block.noise_key], [block.noise_test]]),
        intrinsic_qber=0.005, afterpulse_probability=1e-3, receiver_key_basis=0.7,
        vacuum_intensity=vacuum, security=security, proof=Proof(proof), count_bound=bound,
    )  # fmt: skip
    planned = float(planned_length(planning, settings_of(source)[:, None, None])[0, 0])
    exact = length(block, source, proof, 0.7, security, bound)
    # The binomial quantile of `logm` is taken as smooth: a few errors, each worth some ten bits.
    tolerance = {"logm": 1e-4}.get(model, 1e-10)
    assert planned == pytest.approx(exact, rel=tolerance)


@pytest.mark.parametrize("loss_db", [18.0, 26.0, 30.0])
def test_the_objective_of_tight_is_close_and_cautious(loss_db):
    block = a_pass(loss_db)
    planning = PlanningBlock(
        np.array([[block.efficiency], [block.noise_key], [block.noise_test]]),
        0.005, 1e-3, None, 0.0, SECURITY, Proof.TIGHT,
    )  # fmt: skip
    planned = float(planned_length(planning, settings_of(SOURCE)[:, None, None])[0, 0])
    # Wilson and Hilferty's quantiles are within 1 % of a deviation; deviations cost 20 to 60 %.
    assert planned == pytest.approx(length(block, SOURCE, "tight"), rel=0.006)


@pytest.mark.parametrize("proof", list(Proof))
@pytest.mark.parametrize("loss_db", [18.0, 25.0, 30.0])
def test_no_neighbour_of_the_optimum_gives_more(proof, loss_db):
    block = a_pass(loss_db)
    optimum = optimise_each([block], SOURCE, task(proof))[0]
    best = length(block, optimum.source, proof)
    assert best > 0.0
    rng = np.random.default_rng(1)
    for _ in range(60):
        basis, p1, p2, mu1, mu2 = settings_of(optimum.source) * rng.uniform(0.97, 1.03, 5)
        if basis >= 1.0 or p1 + p2 >= 1.0:
            continue
        other = dataclasses.replace(
            SOURCE, key_basis_probability=basis, probabilities=(p1, p2, 1.0 - p1 - p2),
            intensities=(mu1, mu2, 0.0),
        )  # fmt: skip
        # For `tight` the optimum is that of a smooth stand-in.
        assert length(block, other, proof) <= best * (
            1.0 + (5e-4 if proof is Proof.TIGHT else 1e-9)
        )


@pytest.mark.parametrize("proof", [Proof.SATQUMA, Proof.TIGHT])
def test_blocks_together_find_what_each_finds_alone(proof):
    blocks = [a_pass(loss_db, noise) for loss_db in (15.0, 22.0, 31.0) for noise in (1e-8, 6e-7)]
    batch = optimise_each(blocks, SOURCE, task(proof))
    for block, found in zip(blocks, batch, strict=True):
        alone = optimise_each([block], SOURCE, task(proof))[0]
        assert found.planned_bits == pytest.approx(alone.planned_bits, rel=1e-7)


def test_a_warm_start_finds_the_same():
    block, near = a_pass(24.0), a_pass(24.5)
    cold = optimise_each([near], SOURCE, task())[0]
    warm = optimise_each([near], SOURCE, task(), optimise_each([block], SOURCE, task()))[0]
    assert warm.planned_bits == pytest.approx(cold.planned_bits, rel=1e-7)


@pytest.mark.parametrize("proof", [Proof.SATQUMA, Proof.TIGHT])
def test_there_is_never_a_zero_where_a_grid_finds_key(proof):
    """Random blocks near the cliff: the grid is coarse, so whatever it finds must be beaten."""
    rng = np.random.default_rng(7)
    blocks = [a_pass(rng.uniform(34.0, 46.0), 10.0 ** rng.uniform(-8.5, -6.2)) for _ in range(60)]
    grid = np.array(np.meshgrid(
        [0.6, 0.75, 0.85, 0.92], [0.2, 0.5, 0.8, 0.9], [0.05, 0.15, 0.4], [0.3, 0.5, 0.7, 0.9],
        [0.03, 0.08, 0.15, 0.25], indexing="ij",
    )).reshape(5, -1)  # fmt: skip
    grid = grid[:, grid[1] + grid[2] < 0.99]
    moments = np.array([[b.efficiency, b.noise_key, b.noise_test] for b in blocks])
    planning = PlanningBlock(np.moveaxis(moments, 1, 0), 0.005, 1e-3, None, 0.0, SECURITY, proof)
    coarse = planned_length(
        planning, np.broadcast_to(grid[:, None, :], (5, len(blocks), grid.shape[1])).copy()
    ).max(axis=1)
    found = np.array([o.planned_bits for o in optimise_each(blocks, SOURCE, task(proof))])
    assert 5 < (found > 0.0).sum() < 60
    assert np.all(found[coarse > 0.0] >= coarse[coarse > 0.0])


def test_only_what_is_free_changes():
    block = a_pass(24.0)
    free = optimise_each([block], SOURCE, task(free=("mu1", "mu2")))[0].source
    assert free.probabilities == SOURCE.probabilities
    assert free.key_basis_probability == SOURCE.key_basis_probability
    assert free.intensities != SOURCE.intensities
    fixed = optimise_each([block], SOURCE, task(free=()))[0]
    assert fixed.source == SOURCE


def test_bounds_hold_to_the_last_digit():
    bounds = {"mu2": (0.2, 0.3), "p1": (0.5, 0.7), "key_basis_probability": (0.6, 0.8)}
    source = optimise_each([a_pass(20.0)], SOURCE, task(bounds=bounds))[0].source
    for value, (low, high) in (
        (source.intensities[1], bounds["mu2"]),
        (source.probabilities[0], bounds["p1"]),
        (source.key_basis_probability, bounds["key_basis_probability"]),
    ):
        assert low - 1e-12 <= value <= high + 1e-12


def test_a_receiver_that_cannot_follow_keeps_its_basis():
    fixed = optimise_each([a_pass(24.0)], SOURCE, task(receiver_key_basis_probability=0.5))[0]
    follows = optimise_each([a_pass(24.0)], SOURCE, task())[0]
    assert fixed.receiver_key_basis_probability == 0.5
    assert follows.receiver_key_basis_probability == follows.source.key_basis_probability
    assert fixed.planned_bits < follows.planned_bits


def test_one_setting_for_a_night_costs_a_little_and_beats_any_single_passs_setting():
    blocks = [a_pass(loss_db) for loss_db in (20.0, 24.0, 28.0)]
    each = optimise_each(blocks, SOURCE, task())
    night = optimise_together(blocks, SOURCE, task())
    apart = sum(o.planned_bits for o in each)
    assert 0.9 * apart < night.planned_bits < apart
    for optimum in each:
        total = sum(max(length(b, optimum.source, "tight"), 0.0) for b in blocks)
        assert night.planned_bits >= 0.995 * total


def test_the_best_preset_is_the_one_with_most_key():
    presets = [dataclasses.replace(SOURCE, intensities=(mu, 0.1, 0.0)) for mu in (0.2, 0.6, 0.98)]
    block = a_pass(24.0)
    index, bits = best_preset([block], presets, task(Proof.SATQUMA))
    lengths = [length(block, preset, "satquma") for preset in presets]
    assert index == int(np.argmax(lengths))
    assert bits == pytest.approx(max(lengths), rel=1e-9)
    with pytest.raises(KeyLengthError, match="the list of presets is empty"):
        best_preset([block], [], task())


def test_uncertain_intensities_cost_key_and_the_worst_corner_is_the_worst_of_the_box():
    block = a_pass(24.0)
    sure = optimise_each([block], SOURCE, task(Proof.SATQUMA))[0]
    unsure = optimise_each([block], SOURCE, task(Proof.SATQUMA, intensity_uncertainty=0.03))[0]
    assert unsure.planned_bits < sure.planned_bits
    counts = decoy_counts_from_moments(
        block, unsure.source, unsure.receiver_key_basis_probability, 1e-3
    )
    inside = []
    for one in np.linspace(0.97, 1.03, 7):
        for two in np.linspace(0.97, 1.03, 7):
            mu1, mu2, mu3 = unsure.source.intensities
            assumed = dataclasses.replace(unsure.source, intensities=(one * mu1, two * mu2, mu3))
            inside.append(secret_key(counts, assumed, SECURITY, proof="satquma").unclipped_bits)
    assert min(inside) == pytest.approx(unsure.planned_bits, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"free": ("mu4",)}, "parameter 'mu4' does not exist"),
        ({"bounds": {"mu": (0.1, 0.2)}}, "parameter 'mu' does not exist"),
        ({"bounds": {"mu2": (0.3, 0.2)}}, r"bounds of mu2 = 0\.3\.\.0\.2"),
        ({"bounds": {"p1": (0.0, 0.5)}}, r"bounds of p1 = 0\.\.0\.5"),
        ({"intensity_uncertainty": 0.6}, r"intensity_uncertainty = 0\.6 is outside 0\.\.0\.5"),
    ],
)
def test_a_task_that_cannot_be_is_refused_by_name(change, message):
    with pytest.raises(KeyLengthError, match=message):
        task(**change)


def test_a_channel_too_bright_for_moments_is_refused():
    block = moments_from_slots([0.95], 1e6, 1e-7, 1e-7)
    with pytest.raises(KeyLengthError, match="too bright for moments"):
        optimise_each([block], SOURCE, task())


def test_no_blocks_no_optima():
    assert optimise_each([], SOURCE, task()) == []
    with pytest.raises(KeyLengthError, match="no block"):
        optimise_together([], SOURCE, task())
    assert PARAMETERS[0] == "key_basis_probability"
