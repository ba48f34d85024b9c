"""Key as a distribution, the waterfall, and fading in the moments."""

import dataclasses

import numpy as np
import pytest

from passes.counts.moments import (
    ORDER,
    moments_from_slots,
    pointing_fading,
    scintillation_fading,
)
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.block.distribution import drawn_moments, key_distribution
from passes.key.decoy.counts import decoy_counts_from_moments, decoy_counts_from_slots
from passes.key.decoy.proof import secret_key
from passes.key.decoy.waterfall import key_waterfall
from passes.key.records import ErrorCorrection, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 0.0, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
ETA = 10.0 ** (-(28.0 + 8.0 * np.linspace(-1.0, 1.0, 200) ** 2) / 10.0)


def a_pass(scale=1.0, noise=3e-7):
    return moments_from_slots(scale * ETA, 1e8, noise, 2.0 * noise)


def key_of(moments, proof="tight", source=SOURCE):
    return secret_key(
        decoy_counts_from_moments(moments, source, 0.85, 1e-3), source, SECURITY, proof=proof
    )


def test_a_drawn_pass_is_the_pass_with_scaled_efficiency_and_noise():
    drawn = drawn_moments(a_pass(), [0.5, 1.3], [2.0, 0.7])
    for k, (scale, noise) in enumerate(((0.5, 2.0), (1.3, 0.7))):
        exact = a_pass(scale, 3e-7 * noise)
        for row, name in enumerate(("efficiency", "noise_key", "noise_test")):
            assert drawn[row, k] == pytest.approx(getattr(exact, name), rel=1e-12)


@pytest.mark.parametrize("proof", ["satquma", "tight"])
def test_every_draw_has_the_key_of_its_pass(proof):
    scales = np.array([0.3, 0.8, 1.0, 1.5])
    found = key_distribution(
        drawn_moments(a_pass(), scales, 1.0), SOURCE, 0.85, 1e-3, SECURITY, proof=proof
    )
    exact = [key_of(a_pass(scale), proof).secret_key_bits for scale in scales]
    # `tight` plans with smooth quantiles: below the exact length, by up to 1 %.
    tolerance = 1e-9 if proof == "satquma" else 0.01
    assert found.draws == pytest.approx(exact, rel=tolerance)


def test_quantiles_and_the_chance_of_no_key_are_those_of_the_draws():
    rng = np.random.default_rng(5)
    scales = 10.0 ** (rng.normal(-0.7, 0.25, 2_000))
    found = key_distribution(
        drawn_moments(a_pass(), scales, 1.0), SOURCE, 0.85, 1e-3, SECURITY, proof="satquma"
    )
    assert found.p10 <= found.p50 <= found.p90
    assert 0.02 < found.no_key_probability < 0.9
    assert np.mean(found.draws == 0.0) == found.no_key_probability
    # Key rises with efficiency: the median of the key is the key of the median.
    median = key_of(a_pass(float(np.median(scales))), "satquma").secret_key_bits
    assert found.p50 == pytest.approx(median, rel=0.01, abs=200.0)
    # Near the cliff the mean says more than most passes give.
    assert found.mean > found.p50


def test_more_error_in_a_draw_is_less_key():
    draws = drawn_moments(a_pass(), [1.0, 1.0, 1.0], 1.0)
    found = key_distribution(
        draws, SOURCE, 0.85, 1e-3, SECURITY, intrinsic_qber=[0.002, 0.005, 0.02]
    )
    assert found.draws[0] > found.draws[1] > found.draws[2]
    exact = key_of(a_pass(), source=dataclasses.replace(SOURCE, intrinsic_qber=0.02))
    assert found.draws[2] == pytest.approx(exact.secret_key_bits, rel=0.01)


def test_draws_that_cannot_be_are_refused():
    with pytest.raises(KeyLengthError, match="efficiency_scale holds a value that is negative"):
        drawn_moments(a_pass(), [-1.0], 1.0)
    with pytest.raises(KeyLengthError, match="draws have shape"):
        key_distribution(np.ones((2, 5)), SOURCE, 0.85, 1e-3, SECURITY)
    good = drawn_moments(a_pass(), [1.0], 1.0)
    with pytest.raises(KeyLengthError, match="negative or not finite"):
        key_distribution(good * np.nan, SOURCE, 0.85, 1e-3, SECURITY)
    with pytest.raises(KeyLengthError, match="receiver_key_basis_probability = 5"):
        key_distribution(good, SOURCE, 5.0, 1e-3, SECURITY)
    swapped = dataclasses.replace(SOURCE, intensities=(0.1, 0.5, 0.0))
    with pytest.raises(KeyLengthError, match="must be larger"):
        key_distribution(good, swapped, 0.85, 1e-3, SECURITY)
    with pytest.raises(KeyLengthError, match="epsilon_secrecy = 0"):
        key_distribution(
            good, SOURCE, 0.85, 1e-3, dataclasses.replace(SECURITY, epsilon_secrecy=0.0)
        )


@pytest.mark.parametrize("proof", ["tight", "lim2014", "satquma"])
def test_the_waterfall_runs_from_sifted_bits_to_the_key(proof):
    counts = decoy_counts_from_moments(a_pass(2.0), SOURCE, 0.85, 1e-3)
    result = secret_key(counts, SOURCE, SECURITY, proof=proof)
    steps = key_waterfall(counts, SOURCE, SECURITY, proof=proof)
    assert steps[0].left_bits == result.sifted_bits
    assert steps[-1].left_bits == result.unclipped_bits
    assert sum(step.cost_bits for step in steps) == pytest.approx(
        result.sifted_bits - result.unclipped_bits, rel=1e-12
    )
    # Every cause costs something, none gives key back.
    assert all(step.cost_bits > 0.0 for step in steps[1:])
    assert steps[-1].cost_bits == pytest.approx(256.6, abs=0.05)


def test_fading_in_moments_is_the_average_over_the_fading():
    """Against counts averaged over a million draws of pointing and scintillation, slot by slot."""
    half_angle, jitter, variance = 7.4e-6, 1.2e-6, 0.05
    fading = pointing_fading(half_angle, jitter) * scintillation_fading(variance)
    rng = np.random.default_rng(8)
    n = 1_000_000
    offset2 = jitter**2 * rng.chisquare(2, n)
    h = np.exp(-2.0 * offset2 / half_angle**2)
    h *= np.exp(rng.normal(-variance / 2.0, np.sqrt(variance), n))
    h *= (half_angle**2 + 4.0 * jitter**2) / half_angle**2
    eta = 0.2
    block = moments_from_slots([eta], float(n), 1e-6, 1e-6, fading=fading)
    averaged = decoy_counts_from_moments(block, SOURCE, 0.85, 1e-3)
    drawn = decoy_counts_from_slots(eta * h, 1.0, 1e-6, 1e-6, SOURCE, 0.85, 1e-3)
    # A million draws of a factor that spreads by 27 %: 3e-4 of the mean.
    assert averaged.key == pytest.approx(drawn.key, rel=1e-3)
    still = decoy_counts_from_moments(
        moments_from_slots([eta], float(n), 1e-6, 1e-6), SOURCE, 0.85, 1e-3
    )
    # Fading lowers the clicks of bright pulses, 1 - exp(-mu eta h) being concave.
    assert averaged.key[0] < still.key[0] * (1.0 - 1e-3)


def test_the_second_moments_are_those_of_the_literature():
    """theta 7.4 urad, sigma 1.2 urad, scintillation 0.0513: E[T^2]/E[T]^2 = 1.0609."""
    second = pointing_fading(7.4, 1.2)[2] * scintillation_fading(np.log1p(0.0513))[2]
    assert second == pytest.approx(1.0609, abs=1e-4)


def test_no_fading_is_no_change_and_slots_may_differ():
    still = np.ones(ORDER)
    plain, same = a_pass(), moments_from_slots(ETA, 1e8, 3e-7, 6e-7, fading=still)
    assert same.efficiency == pytest.approx(plain.efficiency, rel=1e-15)
    each = scintillation_fading(np.linspace(0.0, 0.1, len(ETA)))
    assert each.shape == (ORDER, len(ETA))
    assert moments_from_slots(ETA, 1e8, 0.0, 0.0, fading=each).efficiency[2] > plain.efficiency[2]


@pytest.mark.parametrize(
    ("fading", "message"),
    [
        (np.ones(3), r"fading has shape \(3,\)"),
        (np.full(ORDER, 1.1), "does not start with"),
        (np.concatenate([[1.0, 1.0, 0.9], np.ones(ORDER - 3)]), "no sequence of moments"),
    ],
)
def test_fading_that_is_none_is_refused(fading, message):
    with pytest.raises(ValueError, match=message):
        moments_from_slots(ETA, 1e8, 0.0, 0.0, fading=fading)
