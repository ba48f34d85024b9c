"""What the optimiser is asked and cannot do is refused by name, and a dark pass is no error."""

import dataclasses
import math

import numpy as np
import pytest

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.robust import worst_case_key
from passes.key.optimum.cuts import PublicPass, scan_cuts
from passes.key.optimum.optimiser import best_preset, optimise_each
from passes.key.optimum.task import Optimisation
from passes.key.records import ErrorCorrection, Proof, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
BLOCK = moments_from_slots(np.full(100, 1e-3), 1e8, 3e-7, 3e-7)


def task(**changes):
    return Optimisation(changes.pop("security", SECURITY), **changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bounds": {"p1": (0.95, 0.99), "p2": (0.3, 0.4)}}, r"p1 >= 0\.95 and p2 >= 0\.3 leave"),
        ({"bounds": {"mu1": (0.3, 0.3), "mu2": (0.5, 0.6)}}, r"mu1 <= 0\.3 leaves no room above"),
        ({"bounds": {"mu1": (0.5, 0.4)}}, r"bounds of mu1 = 0\.5\.\.0\.4 hold nothing"),
        ({"free": ("mu2",), "bounds": {"mu2": (0.7, 0.9)}}, r"mu1 <= 0\.65 leaves no room"),
        ({"afterpulse_probability": -1.0}, "afterpulse_probability = -1 is outside"),
        ({"receiver_key_basis_probability": 2.0}, "receiver_key_basis_probability = 2 is outside"),
        (
            {"security": dataclasses.replace(SECURITY, epsilon_secrecy=math.nan)},
            "epsilon_secrecy = nan",
        ),
        (
            {"security": dataclasses.replace(SECURITY, epsilon_secrecy=0.0)},
            "epsilon_secrecy = 0 is not between",
        ),
        (
            {"security": dataclasses.replace(SECURITY, error_correction_efficiency=0.5)},
            r"error_correction_efficiency = 0\.5 is below 1",
        ),
    ],
)
def test_a_task_that_no_source_can_keep_is_refused(change, message):
    with pytest.raises(KeyLengthError, match=message):
        optimise_each([BLOCK], SOURCE, task(**change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": (0.9, 0.9, -0.8)}, r"probabilities\[2\] = -0\.8"),
        ({"intensities": (0.1, 0.5, 0.0)}, r"intensities\[0\] = 0\.1 must be larger"),
        ({"intrinsic_qber": math.nan}, "intrinsic_qber = nan is outside"),
    ],
)
def test_a_source_that_is_none_is_refused_also_as_a_preset(change, message):
    source = dataclasses.replace(SOURCE, **change)
    with pytest.raises(KeyLengthError, match=message):
        optimise_each([BLOCK], source, task())
    with pytest.raises(KeyLengthError, match=message):
        best_preset([BLOCK], [SOURCE, source], task())


@pytest.mark.parametrize("free", [("mu1",), ("p1",), ("p2", "mu2"), ("key_basis_probability",)])
def test_the_optimum_is_never_worse_than_what_was_given(free):
    rng = np.random.default_rng(5)
    for loss in 10.0 ** rng.uniform(-5.0, -2.5, 12):
        block = moments_from_slots([loss], 3e10, 3e-7, 3e-7)
        given = optimise_each([block], SOURCE, task(free=()))[0]
        assert optimise_each([block], SOURCE, task(free=free))[0].planned_bits >= given.planned_bits


def test_bounds_that_meet_only_at_one_side_hold():
    bounds = {"mu1": (0.3, 1.0), "mu2": (0.5, 0.6), "p1": (0.5, 0.95), "p2": (0.3, 0.4)}
    found = optimise_each([BLOCK], SOURCE, task(bounds=bounds))[0].source
    assert found.intensities[1] >= 0.5 - 1e-9
    assert found.probabilities[1] >= 0.3 - 1e-9


@pytest.mark.parametrize("proof", list(Proof))
def test_a_pass_without_a_click_has_no_key_and_is_no_error(proof):
    dark = moments_from_slots([0.0, 0.0], 1e8, 0.0, 0.0)
    nothing = moments_from_slots([], 1e8, 0.0, 0.0)
    for found in optimise_each([dark, nothing, BLOCK], SOURCE, task(proof=proof))[:2]:
        assert found.planned_bits < 0.0
        assert math.isfinite(found.planned_bits)
        counts = decoy_counts_from_moments(dark, found.source, 0.5, 0.0)
        assert counts.key.sum() == 0.0


def test_cut_offs_above_the_pass_have_no_key():
    seen = PublicPass.of(np.radians([20.0, 30.0, 40.0]), [1e-3] * 3, 1e9, 3e-7, 3e-7)
    scan = scan_cuts(seen, SOURCE, task(free=("mu1",)), np.radians([10.0, 80.0]))
    assert scan.best == 0
    assert scan.planned_bits[1] < 0.0 < scan.planned_bits[0]


def test_the_plan_for_uncertain_intensities_is_the_worst_case_with_a_vacuum_state_too():
    source = dataclasses.replace(SOURCE, intensities=(0.65, 0.15, 0.002))
    asked = task(proof=Proof.LIM2014, free=(), intensity_uncertainty=0.1)
    block = moments_from_slots(np.full(100, 1e-3), 1e10, 3e-7, 3e-7)
    planned = optimise_each([block], source, asked)[0].planned_bits
    assert planned > 0.0
    counts = decoy_counts_from_moments(block, source, 0.85, 0.0)
    exact, _ = worst_case_key(
        counts, source, SECURITY, intensity_uncertainty=0.1, proof=Proof.LIM2014
    )
    assert planned == pytest.approx(exact.unclipped_bits, rel=1e-9)
