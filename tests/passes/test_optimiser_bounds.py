"""The optimiser at bounds that hold settings back: it stops where no step inside gives more."""

import dataclasses

import numpy as np
import pytest

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.proof import secret_key
from passes.key.optimum.climb import climb
from passes.key.optimum.optimiser import optimise_each
from passes.key.optimum.task import Optimisation
from passes.key.records import ErrorCorrection, Proof, SecurityParameters

SOURCE = DecoySource(1e8, (0.79, 0.17, 0.0), (0.75, 0.175, 0.075), 0.76, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
# SatQuMA's box: weak passes end at its lowest share of signals, bright ones at its weakest decoy.
BOX = {
    "key_basis_probability": (0.3, 0.9999),
    "p1": (0.6, 0.9999),
    "p2": (1e-4, 0.4),
    "mu1": (0.3, 1.0),
    "mu2": (0.1, 0.5),
}
LOW, HIGH = (np.array(side) for side in zip(*BOX.values(), strict=True))


def a_pass(loss_db, noise=3e-7):
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, 200) ** 2) / 10.0)
    return moments_from_slots(eta, 1e8, noise, noise)


def length(block, x, proof):
    basis, p1, p2, mu1, mu2 = x
    source = dataclasses.replace(
        SOURCE, key_basis_probability=basis, probabilities=(p1, p2, 1.0 - p1 - p2),
        intensities=(mu1, mu2, 0.0),
    )  # fmt: skip
    counts = decoy_counts_from_moments(block, source, basis, 1e-3)
    return secret_key(counts, source, SECURITY, proof=proof).unclipped_bits


def settings_of(source):
    return np.array([source.key_basis_probability, *source.probabilities[:2],
                     *source.intensities[:2]])  # fmt: skip


@pytest.mark.parametrize("proof", list(Proof))
def test_no_neighbour_within_the_box_gives_more(proof):
    blocks = [a_pass(loss_db) for loss_db in np.arange(20.0, 39.0, 1.5)]
    task = Optimisation(SECURITY, proof, bounds=BOX, afterpulse_probability=1e-3)
    rng = np.random.default_rng(1)
    held = 0
    for block, optimum in zip(blocks, optimise_each(blocks, SOURCE, task), strict=True):
        x = settings_of(optimum.source)
        best = length(block, x, proof)
        if best <= 0.0:
            continue
        held += int(np.any((x <= LOW + 1e-9) | (x >= HIGH - 1e-9)))
        for _ in range(40):
            other = np.clip(x * rng.uniform(0.97, 1.03, 5), LOW, HIGH)
            if other[1] + other[2] < 1.0:
                # For `tight` the optimum is that of a smooth stand-in.
                tolerance = 5e-4 if proof is Proof.TIGHT else 1e-7
                assert length(block, other, proof) <= best * (1.0 + tolerance)
    assert held >= 3


@pytest.mark.parametrize("proof", list(Proof))
@pytest.mark.parametrize("fixed", ["p1", "p2"])
def test_a_fixed_share_does_not_hide_the_key(proof, fixed):
    """Starts of a table with other shares would have probabilities above one."""
    blocks = [a_pass(loss_db) for loss_db in (24.0, 28.0)]
    free = {"key_basis_probability", "p1", "p2", "mu1", "mu2"} - {fixed}
    task = Optimisation(SECURITY, proof, free=tuple(free), afterpulse_probability=1e-3)
    for block, optimum in zip(blocks, optimise_each(blocks, SOURCE, task), strict=True):
        given, found = settings_of(SOURCE), settings_of(optimum.source)
        which = {"p1": 1, "p2": 2}[fixed]
        assert found[which] == given[which]
        assert min(optimum.source.probabilities) > 0.0
        assert length(block, found, proof) > length(block, given, proof) > 0.0


def test_many_blocks_are_optimised_as_few_are():
    blocks = [a_pass(loss_db) for loss_db in np.linspace(18.0, 34.0, 301)]
    task = Optimisation(SECURITY, Proof.SATQUMA, afterpulse_probability=1e-3)
    together = optimise_each(blocks, SOURCE, task)
    for index in (0, 249, 250, 300):
        alone = optimise_each([blocks[index]], SOURCE, task)[0]
        assert together[index].planned_bits == pytest.approx(alone.planned_bits, rel=1e-7)


def test_a_climb_ends_on_the_bound_that_holds_it_back_and_at_the_top_of_the_rest():
    """A parabola whose top lies beyond one bound, with a strong mixed term."""

    def parabola(z, rows):
        a, b = z[..., 0] - 2.0, z[..., 1] - 1.0
        return 10.0 - (a * a + b * b + 1.8 * a * b) + 0.0 * rows[:, None]

    low, high = np.array([-3.0, -3.0]), np.array([0.5, 3.0])
    # At a = 0.5 the best b is 1 + 0.9 * 1.5.
    for start in ([-2.0, -2.0], [0.5 - 1e-12, 2.9], [0.4995, -3.0]):
        top, value = climb(parabola, np.array([start]), low, high, np.array([True, True]))
        assert top[0] == pytest.approx([0.5, 2.35], abs=1e-5)
        assert value[0] == pytest.approx(10.0 - 1.5**2 * (1.0 - 0.81), rel=1e-9)
