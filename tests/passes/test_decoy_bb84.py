"""Decoy-state key has the lengths of its published proofs."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.asymptotic import asymptotic_key_bits
from passes.key.decoy.bounds import (
    fung_2010_deviation,
    scaled_limits,
    vacuum_detections,
    yin_2020_deviations,
)
from passes.key.decoy.counts import decoy_counts_from_moments, decoy_counts_from_slots
from passes.key.decoy.proof import secret_key
from passes.key.entropy import binary_entropy
from passes.key.epsilon import lim_2014_budget
from passes.key.error_correction import binomial_quantile
from passes.key.records import (
    CountBound,
    DecoyCounts,
    ErrorCorrection,
    KeyResult,
    SecurityParameters,
)
from passes.key.repeaterless import plob_2017_bits

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 2e-10, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16)
COUNTS = DecoyCounts(
    key=np.array([5e6, 2e5, 400.0]),
    test=np.array([150_000.0, 6000.0, 12.0]),
    key_errors=9000.0,
    test_errors=np.array([280.0, 12.0, 6.0]),
)


def satquma(
    counts: DecoyCounts, source: DecoySource, security: SecurityParameters, **options: Any
) -> KeyResult:
    """The key in the mode whose printed properties this file tests."""
    return secret_key(counts, source, security, proof="satquma", **options)


def pass_key(loss_db: float, noise: float, intrinsic: float, *, seconds: int = 200) -> KeyResult:
    """Key of a downlink that loses `loss_db` at culmination and 8 dB more at its ends."""
    source = dataclasses.replace(SOURCE, intrinsic_qber=intrinsic)
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, seconds) ** 2) / 10.0)
    moments = moments_from_slots(eta, 1e8, noise, noise)
    return satquma(decoy_counts_from_moments(moments, source, 0.85, 1e-3), source, SECURITY)


losses = st.floats(15.0, 45.0)
noises = st.floats(1e-8, 3e-6)
errors = st.floats(1e-4, 0.06)


@given(losses, noises, errors, st.floats(0.01, 5.0))
@settings(max_examples=60, deadline=None)
def test_more_loss_never_gives_more_key(
    loss_db: float, noise: float, error: float, more_db: float
) -> None:
    less, more = pass_key(loss_db, noise, error), pass_key(loss_db + more_db, noise, error)
    assert more.secret_key_bits <= less.secret_key_bits


@given(losses, noises, errors, st.floats(1.01, 5.0))
@settings(max_examples=60, deadline=None)
def test_more_noise_never_gives_more_key(
    loss_db: float, noise: float, error: float, factor: float
) -> None:
    less, more = pass_key(loss_db, noise, error), pass_key(loss_db, noise * factor, error)
    assert more.secret_key_bits <= less.secret_key_bits


@given(losses, noises, errors, st.floats(1e-4, 0.05))
@settings(max_examples=60, deadline=None)
def test_more_error_never_gives_more_key(
    loss_db: float, noise: float, error: float, more: float
) -> None:
    assert (
        pass_key(loss_db, noise, error + more).secret_key_bits
        <= pass_key(loss_db, noise, error).secret_key_bits
    )


@given(losses, noises, errors)
@settings(max_examples=60, deadline=None)
def test_key_stays_below_infinite_block_and_repeaterless_ceiling(
    loss_db: float, noise: float, error: float
) -> None:
    result = pass_key(loss_db, noise, error, seconds=1)
    ceiling = plob_2017_bits([10.0 ** (-(loss_db + 8.0) / 10.0)], 1e8)
    assert result.secret_key_bits <= result.asymptotic_bits
    assert result.asymptotic_bits < ceiling


@given(st.floats(15.0, 30.0), st.floats(0.0, 3.0), st.floats(1e-8, 1e-6), st.floats(1e-4, 0.02))
@settings(max_examples=40, deadline=None)
def test_pooling_two_like_blocks_never_gives_less_than_the_better_alone(
    loss_db: float, more_db: float, noise: float, error: float
) -> None:
    # Only like blocks: one of noise added to a good one does cost key.
    source = dataclasses.replace(SOURCE, intrinsic_qber=error)
    better, worse = (
        moments_from_slots([10.0 ** (-db / 10.0)] * 200, 1e8, noise, noise)
        for db in (loss_db, loss_db + more_db)
    )
    alone, pooled = (
        satquma(decoy_counts_from_moments(block, source, 0.85, 1e-3), source, SECURITY)
        for block in (better, better + worse)
    )
    assert alone.secret_key_bits > 0.0
    assert pooled.secret_key_bits >= alone.secret_key_bits


def test_moments_and_slots_count_alike_with_noise_that_changes() -> None:
    eta = np.geomspace(1e-6, 0.02, 300)
    pulses = np.linspace(1e8, 5e7, 300)
    noise_key, noise_test = np.linspace(1e-8, 1e-5, 300), np.linspace(1e-5, 2e-8, 300)
    arrays = (eta, pulses, noise_key, noise_test)
    moments = decoy_counts_from_moments(moments_from_slots(*arrays), SOURCE, 0.6, 0.01)
    slots = decoy_counts_from_slots(*arrays, SOURCE, 0.6, 0.01)
    shared = decoy_counts_from_slots(*arrays, SOURCE, 0.6, 0.01, errors_by_detections=True)
    # 1e-12 is the promised truncation of the moments.
    assert moments.key == pytest.approx(slots.key, rel=1e-12)
    assert moments.test == pytest.approx(slots.test, rel=1e-12)
    assert moments.key_errors == pytest.approx(slots.key_errors, rel=1e-12)
    assert moments.test_errors == pytest.approx(slots.test_errors, rel=1e-12)
    assert moments.test_errors.sum() == pytest.approx(shared.test_errors.sum(), rel=1e-12)
    # Without light half of the clicks are wrong, and afterpulses as many again times p_ap; the
    # other split gives every intensity the slot's common error rate.
    assert moments.test_errors[2] == pytest.approx(
        (0.5 / 1.01 + 0.5 * 0.01) * moments.test[2], rel=1e-12
    )
    assert shared.test_errors[2] < 0.6 * moments.test_errors[2]


def test_one_slot_counts_what_can_be_worked_out_by_hand() -> None:
    # No loss of digits to hide behind: eta = 1, mu_1 = ln 2, p = 0.1, p_ap = 0.5, q = 0.25.
    source = DecoySource(1.0, (math.log(2.0), 0.25, 0.0), (0.5, 0.25, 0.25), 0.75, 0.0, 0.25)
    counts = decoy_counts_from_slots([1.0], 1024.0, 0.1, 0.0, source, 0.5, 0.5)
    # D_1 = 1.5 (1 - 0.8/2) = 0.9 and D_3 = 1.5 x 0.2 = 0.3 in the key basis.
    assert counts.key[0] == pytest.approx(1024 * 0.75 * 0.5 * 0.5 * 0.9)
    assert counts.key[2] == pytest.approx(1024 * 0.75 * 0.5 * 0.25 * 0.3)
    # In the test basis without noise D_1 = 1.5 / 2, and nothing clicks without light.
    assert counts.test[0] == pytest.approx(1024 * 0.25 * 0.5 * 0.5 * 0.75)
    assert counts.test[2] == 0.0
    d_2 = 1.5 * (1.0 - 0.8 * math.exp(-0.25))
    wrong = [
        0.1 + 0.25 * 0.9 + 0.25 * 0.5,
        0.1 + 0.25 * d_2 + 0.25 * (1.0 - math.exp(-0.25)),
        0.1 + 0.25 * 0.3,
    ]
    expected = 1024 * 0.75 * 0.5 * (0.5 * wrong[0] + 0.25 * wrong[1] + 0.25 * wrong[2])
    assert counts.key_errors == pytest.approx(expected)


def test_a_slot_without_any_click_has_no_errors() -> None:
    counts = decoy_counts_from_slots([0.0, 1e-3], 1e8, 0.0, 0.0, SOURCE, 0.85, 0.0)
    assert np.isfinite(counts.test_errors).all()


def test_the_terms_of_the_budget_sum_to_the_promise() -> None:
    # Lim et al. 2014, eq. (B4): 2 (2 alpha_1 + alpha_2 + alpha_3) + nu + 10 eps_1 + 2 eps_2.
    budget = lim_2014_budget(1e-9, 1e-15)
    share = {term.symbol: term.probability for term in budget.terms}
    promise = (
        2 * (2 * share["alpha_1"] + share["alpha_2"] + share["alpha_3"])
        + share["nu"]
        + 10 * share["eps_1"]
        + 2 * share["eps_2"]
    )
    assert promise == pytest.approx(1e-9, rel=1e-14)
    assert budget.spent == pytest.approx(budget.secrecy, rel=1e-14)
    assert budget.shares == 21


def test_chernoff_widths_agree_with_an_independent_evaluation() -> None:
    # n = 50, eps = 4.8e-11: expectation between 50 - 62 = -12 and 50 + 78 = 128 events.
    below, above = yin_2020_deviations(50.0, math.log(1.0 / 4.8e-11))
    assert (50.0 - below, 50.0 + above) == pytest.approx((-12.0, 128.0), abs=0.5)


def test_sampling_deviation_agrees_with_an_evaluation_in_logarithms_to_base_ten() -> None:
    # Eq. (5) of Lim et al. 2014 for b = 0.02, c = 1e4, d = 1e6, a = 1e-9, by hand:
    # (c+d)/(cd) = 1.01e-4, b(1-b) = 0.0196; log2(1.01e-4/0.0196 x 4.41e20) = 60.978;
    # sqrt(1.01e-4 x 0.0196 / ln 2 x 60.978) = 0.013197.
    assert fung_2010_deviation(0.02, 1e4, 1e6, 1e-9) == pytest.approx(0.013197, abs=2e-6)


@pytest.mark.parametrize("trials", [1, 2, 50, 115_141, 61_167_104, 10**10])
@pytest.mark.parametrize("error_rate", [1e-4, 0.0056, 0.11, 0.5])
@pytest.mark.parametrize("probability", [1e-15, 1e-9, 0.3])
def test_binomial_quantile_is_that_of_scipy_stats(
    trials: int, error_rate: float, probability: float
) -> None:
    # scipy.stats uses another library (Boost) than scipy.special.
    expected = binom.ppf(probability, trials, 1.0 - error_rate)
    assert binomial_quantile(probability, trials, 1.0 - error_rate) == expected
    assert binomial_quantile(1.0, trials, 1.0 - error_rate) == trials


def test_binary_entropy_is_symmetric_and_known() -> None:
    # 11.00 % is where 1 - 2 h(p) vanishes, the limit of Shor and Preskill 2000.
    assert binary_entropy(0.11) == pytest.approx(0.5, abs=1e-4)
    assert binary_entropy(0.3) == pytest.approx(binary_entropy(0.7), rel=1e-15)
    assert binary_entropy(1.0) == 0.0
    with pytest.raises(ValueError, match=r"probability 1\.2 is outside 0\.\.1"):
        binary_entropy(1.2)


@pytest.mark.parametrize(
    ("eta", "tolerance"),
    # Promised: low by eta^2 mu_1 mu_2 / 6 of the single photons, 0.016 eta^2 here.
    [(1e-4, 1e-9), (1e-2, 2e-6), (0.7, 0.009)],
)
def test_the_infinite_limit_is_that_of_the_true_yields(eta: float, tolerance: float) -> None:
    noise, intrinsic, pulses = 1e-6, 0.005, 1e12
    counts = decoy_counts_from_moments(
        moments_from_slots([eta], pulses, noise, noise), SOURCE, 0.85, 0.0
    )
    got = asymptotic_key_bits(counts, SOURCE, 0.0)
    sent = pulses * 0.85 * 0.85
    tau_0 = 0.8 * math.exp(-0.65) + 0.12 * math.exp(-0.15) + 0.08
    tau_1 = 0.8 * 0.65 * math.exp(-0.65) + 0.12 * 0.15 * math.exp(-0.15)
    single = 1.0 - (1.0 - 2.0 * noise) * (1.0 - eta)
    phase_error = (noise + intrinsic * eta) / single
    true = sent * (tau_0 * 2.0 * noise + tau_1 * single * (1.0 - binary_entropy(phase_error)))
    assert got == pytest.approx(true, rel=tolerance)
    assert got <= true * (1.0 + 1e-12)


def test_hoeffding_gives_less_key_than_chernoff() -> None:
    chernoff = satquma(COUNTS, SOURCE, SECURITY)
    hoeffding = satquma(COUNTS, SOURCE, SECURITY, count_bound=CountBound.HOEFFDING)
    asymptotic = satquma(COUNTS, SOURCE, SECURITY, count_bound=CountBound.ASYMPTOTIC)
    assert 0.0 < hoeffding.secret_key_bits < chernoff.secret_key_bits < asymptotic.secret_key_bits


def test_disclosed_bits_count_one_by_one() -> None:
    def key(bits: float) -> float:
        security = SecurityParameters(1e-9, 1e-15, ErrorCorrection.DISCLOSED, 1.0, bits)
        return satquma(COUNTS, SOURCE, security).secret_key_bits

    free = SecurityParameters(1e-9, 1e-15, ErrorCorrection.NONE, 1.0)
    assert key(0.0) == satquma(COUNTS, SOURCE, free).secret_key_bits
    assert key(1000.0) == pytest.approx(key(0.0) - 1000.0, rel=1e-12)


def no_counts(**changes: Any) -> DecoyCounts:
    zero = np.zeros(3)
    empty = DecoyCounts(key=zero, test=zero, key_errors=0.0, test_errors=zero)
    return dataclasses.replace(empty, **changes)


@pytest.mark.parametrize("bound", list(CountBound))
@pytest.mark.parametrize("model", [ErrorCorrection.BLOCK, ErrorCorrection.LOGM])
def test_an_empty_block_gives_zero_key_and_finite_bounds(
    bound: CountBound, model: ErrorCorrection
) -> None:
    security = dataclasses.replace(SECURITY, error_correction=model)
    result = satquma(no_counts(), SOURCE, security, count_bound=bound)
    assert result.secret_key_bits == 0.0
    assert result.asymptotic_bits == 0.0
    assert (result.qber, result.phase_error) == (0.5, 0.5)
    assert math.isfinite(result.unclipped_bits)


def test_zero_test_errors_promise_no_single_photon_key() -> None:
    counts = dataclasses.replace(COUNTS, test_errors=np.zeros(3))
    result = satquma(counts, SOURCE, SECURITY)
    assert result.phase_error == 0.5
    assert result.secret_key_bits == 0.0


def test_without_a_test_basis_there_is_no_key() -> None:
    counts = dataclasses.replace(COUNTS, test=np.zeros(3), test_errors=np.zeros(3))
    assert satquma(counts, SOURCE, SECURITY).secret_key_bits == 0.0


def test_counts_that_no_source_produces_never_give_more_key_than_bits() -> None:
    # All clicks in the vacuum intensity: eq. (2) alone would claim twelve times as many.
    counts = no_counts(key=np.array([0.0, 0.0, 1e6]))
    result = satquma(counts, SOURCE, SECURITY)
    limits = scaled_limits(counts.key.tolist(), SOURCE, 0.0, CountBound.ASYMPTOTIC)
    assert vacuum_detections(limits, SOURCE, math.inf) > 5e6
    assert result.secret_key_bits <= 1e6


def test_a_block_of_wrong_bits_is_not_a_key_upside_down() -> None:
    counts = dataclasses.replace(COUNTS, key_errors=float(COUNTS.key.sum()))
    assert satquma(counts, SOURCE, SECURITY).secret_key_bits == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": (0.8, 0.12, 0.09)}, r"probabilities sum to 1\.01, not to 1"),
        ({"probabilities": (0.9, 0.1, 0.0)}, r"probabilities\[2\] = 0 is not between 0 and 1"),
        ({"probabilities": (0.8, math.nan, 0.2)}, r"probabilities\[1\] = nan"),
        ({"intensities": (0.65, 0.7, 0.0)}, r"intensities\[0\] = 0\.65 must be larger"),
        ({"intensities": (0.5, 0.3, 0.2)}, r"= 0\.5 must be larger than .* = 0\.5"),
        ({"intensities": (0.65, 0.1, 0.1)}, r"intensities\[1\] = 0\.1 must be larger"),
        ({"intensities": (0.65, 0.1, -0.1)}, r"intensities\[2\] = -0\.1 is not a mean photon"),
        ({"intensities": (math.inf, 0.1, 0.0)}, r"intensities\[0\] = inf"),
        ({"intensities": (0.65, 0.1)}, "intensities has 2 values"),
        ({"key_basis_probability": 1.1}, r"key_basis_probability = 1\.1 is outside 0\.\.1"),
        ({"intrinsic_qber": 0.6}, r"intrinsic_qber = 0\.6 is outside 0\.\.0\.5"),
    ],
)
def test_a_source_that_proves_nothing_is_refused_by_name(
    change: dict[str, Any], message: str
) -> None:
    source = dataclasses.replace(SOURCE, **change)
    with pytest.raises(KeyLengthError, match=message):
        satquma(COUNTS, source, SECURITY)
    with pytest.raises(KeyLengthError, match=message):
        decoy_counts_from_slots([1e-3], 1e8, 0.0, 0.0, source, 0.85, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon_secrecy": 0.0}, "epsilon_secrecy = 0 is not between 0 and 1"),
        ({"epsilon_secrecy": 1.0}, "epsilon_secrecy = 1 is not"),
        ({"epsilon_secrecy": 1e-200}, "at least 1e-100"),
        ({"epsilon_correctness": math.nan}, "epsilon_correctness = nan"),
        ({"error_correction_efficiency": 0.9}, r"error_correction_efficiency = 0\.9 is below 1"),
        ({"error_correction": ErrorCorrection.DISCLOSED}, "disclosed_bits is missing"),
        (
            {"error_correction": ErrorCorrection.DISCLOSED, "disclosed_bits": -1.0},
            "disclosed_bits = -1 is not a number",
        ),
    ],
)
def test_promises_that_are_none_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyLengthError, match=message):
        satquma(COUNTS, SOURCE, dataclasses.replace(SECURITY, **change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": np.array([1.0, -2.0, 3.0])}, r"key\[1\] = -2 is not a count"),
        ({"test": np.array([1.0, math.nan, 3.0])}, r"test\[1\] = nan is not a count"),
        ({"key": np.array([1e16, 0.0, 0.0])}, r"key\[0\] = 1e\+16 is not a count in 0\.\.1e\+15"),
        ({"key_errors": 6e6}, r"key_errors = 6e\+06 exceeds its 5\.2004e\+06 detections"),
        ({"test_errors": np.array([0.0, 0.0, 13.0])}, r"test_errors\[2\] = 13 exceeds its 12"),
        ({"test_errors": np.zeros(2)}, "test_errors has 2 values"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyLengthError, match=message):
        satquma(dataclasses.replace(COUNTS, **change), SOURCE, SECURITY)


def test_an_unknown_proof_is_refused_with_what_there_is() -> None:
    with pytest.raises(
        KeyLengthError, match=r"proof 'best' does not exist; there is 'tight', 'lim2014', 'satquma'"
    ):
        secret_key(COUNTS, SOURCE, SECURITY, proof="best")


@pytest.mark.parametrize(
    ("receiver", "afterpulse", "message"),
    [
        (1.5, 0.0, r"receiver_key_basis_probability = 1\.5"),
        (0.5, -0.1, r"afterpulse_probability = -0\.1"),
    ],
)
def test_a_receiver_that_cannot_be_is_refused_by_name(
    receiver: float, afterpulse: float, message: str
) -> None:
    with pytest.raises(KeyLengthError, match=message):
        decoy_counts_from_slots([1e-3], 1e8, 0.0, 0.0, SOURCE, receiver, afterpulse)


@pytest.mark.parametrize(
    ("eta", "pulses", "message"),
    [([1.1], 1.0, r"outside 0\.\.1"), ([0.1], -1.0, "pulses is negative")],
)
def test_the_repeaterless_ceiling_refuses_nonsense(
    eta: list[float], pulses: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plob_2017_bits(eta, pulses)


def test_the_repeaterless_ceiling_is_that_of_the_paper() -> None:
    # -log2(1 - 1/2) = 1 bit per use at 3 dB; 1.44 eta bits for small eta (Pirandola et al. 2017).
    assert plob_2017_bits([0.5], 10.0) == pytest.approx(10.0, rel=1e-15)
    assert plob_2017_bits([1e-9], 1e9) == pytest.approx(1.4427, abs=1e-4)
    assert plob_2017_bits([1.0, 0.5], [1.0, 1.0]) == math.inf
    assert plob_2017_bits([1.0, 0.5], [0.0, 1.0]) == pytest.approx(1.0)
