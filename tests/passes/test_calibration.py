"""Constants fitted to synthetic counts of known truth, and what is predicted after the fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.counts.calibration.fit import fit_calibration, uncalibrated
from passes.counts.calibration.measured import MeasuredPass, ReferenceCounts
from passes.counts.calibration.prediction import predict_counts
from passes.counts.calibration.unknowns import CalibrationPriors, Constant, Unknown, unknowns_of
from passes.counts.spread.distributions import Lognormal, Normal
from passes.errors import LinkError
from passes.sky.airmass import gueymard_1995_water

BELIEF = CalibrationPriors(
    optical_depth=Normal(0.12, 0.04),
    loss_constant_db=Normal(1.0, 2.0),
    background_scale=Lognormal(1.0, 1.6),
    intrinsic_qber=Lognormal(0.01, 1.4),
)
DEPTH, BLOCK_S, MODEL_DB = 0.09, 10.0, 0.9


def posterior(fit, unknown) -> Any:
    """What is believed of a constant after a fit, normal or lognormal as the test knows."""
    return fit.posterior(unknown)


def normal(prior) -> Normal:
    assert isinstance(prior, Normal)
    return prior


def pass_over(top_deg, *, photons=8_000.0, light=20.0):
    """Expected counts of 270 s around a culmination at 500 km over a flat Earth."""
    times_s = np.arange(-135.0, 135.0)
    height_m, offset_m = 500e3, 500e3 / np.tan(np.radians(top_deg))
    range_m = np.sqrt(height_m**2 + offset_m**2 + (7.1e3 * times_s) ** 2)
    airmass = gueymard_1995_water(np.arcsin(height_m / range_m))
    signal = photons * (600e3 / range_m) ** 2 * np.exp(-DEPTH * airmass)
    same = np.ones_like(times_s)
    return ReferenceCounts(times_s, signal, light * same, 4.0 * same, airmass, DEPTH)


def drawn_truth(generator, links, belief=BELIEF):
    """One value of each constant, from what is believed."""
    unknowns = sorted({u for link in links for u in unknowns_of(*link).values()})
    return {u: float(belief.of(u).at(generator.standard_normal())) for u in unknowns}


def measured(generator, link: Any, reference, truth, model_db=MODEL_DB):
    """Counts of the model itself, written out here, with block errors and Poisson noise."""
    own = {constant: truth[unknown] for constant, unknown in unknowns_of(*link).items()}
    block = np.floor((reference.times_s - reference.times_s[0]) / BLOCK_S).astype(int)
    kept_db, bright_db = generator.normal(0.0, model_db, (2, block.max() + 1))[:, block]
    kept_db = kept_db - own[Constant.LOSS]
    depth = own[Constant.DEPTH] - reference.optical_depth
    signal = reference.signal * 10 ** (kept_db / 10) * np.exp(-depth * reference.low_airmass)
    noise = own[Constant.BACKGROUND] * reference.light + reference.dark
    clicks, wrong = generator.poisson(signal), generator.poisson(noise)
    errors = generator.binomial(clicks, own[Constant.ERROR]) + generator.binomial(wrong, 0.5)
    outside_light, outside_dark = 40.0 * reference.light, 40.0 * reference.dark
    outside = (own[Constant.BACKGROUND] * outside_light + outside_dark) * 10 ** (bright_db / 10)
    satellite, station, night = link
    return MeasuredPass(
        satellite,
        station,
        night,
        reference,
        sifted=(clicks + wrong).astype(float),
        errors=errors.astype(float),
        background=generator.poisson(outside).astype(float),
        background_light=outside_light,
        background_dark=outside_dark,
    )


LINKS = [
    ("micius", "xinglong", "mon"),
    ("micius", "xinglong", "tue"),
    ("micius", "nanshan", "mon"),
    ("jinan", "xinglong", "mon"),
    ("jinan", "nanshan", "wed"),
]
TOPS_DEG = (75.0, 40.0, 60.0, 30.0, 50.0)


def experiment(seed):
    """Five passes of two satellites and two stations, their truth, and the fit."""
    generator = np.random.default_rng(seed)
    truth = drawn_truth(generator, [*LINKS, ("micius", "xinglong", "thu")])
    passes = [
        measured(generator, link, pass_over(top), truth)
        for link, top in zip(LINKS, TOPS_DEG, strict=True)
    ]
    return generator, truth, fit_calibration(passes, BELIEF)


@pytest.fixture(scope="module")
def experiments():
    return [experiment(seed) for seed in range(32)]


def test_the_truth_lies_within_its_covariance(experiments):
    # For a covariance that is right, (x - truth) C^-1 (x - truth) is chi-square with p degrees of
    # freedom: p = 14 here, so that the mean of 32 is 14 +- 0.94; 3 sigma.
    distances, inside = [], []
    for _, truth, fit in experiments:
        believed = [fit.priors.of(u) for u in fit.unknowns]
        true_scores = np.array(
            [score_of(b, truth[u]) for b, u in zip(believed, fit.unknowns, strict=True)]
        )
        off = fit.scores - true_scores
        distances.append(off @ np.linalg.solve(fit.covariance, off))
        inside.extend(np.abs(off / np.sqrt(np.diag(fit.covariance))) < 1.2816)
    assert len(off) == 14
    assert np.mean(distances) == pytest.approx(14.0, abs=2.8)
    # 448 intervals from 10 to 90 %: 80 % of them, +- 1.9 % if they were independent.
    assert np.mean(inside) == pytest.approx(0.80, abs=0.06)


def score_of(prior, value):
    if isinstance(prior, Normal):
        return (value - prior.mean) / prior.sigma
    return np.log(value / prior.median) / np.log(prior.factor)


def test_every_kind_of_constant_is_learnt(experiments):
    # Mean posterior variance over that of the prior, by kind: the counts say something about each.
    left: dict[Constant, list[float]] = {constant: [] for constant in Constant}
    for _, _, fit in experiments:
        for unknown, variance in zip(fit.unknowns, np.diag(fit.covariance), strict=True):
            left[unknown.constant].append(variance)
    assert np.mean(left[Constant.LOSS]) < 0.05
    assert np.mean(left[Constant.DEPTH]) < 0.9
    assert np.mean(left[Constant.BACKGROUND]) < 0.25
    assert np.mean(left[Constant.ERROR]) < 0.05


def pinball(quantiles, value):
    """Mean loss of the three quantiles, in the unit of the value."""
    losses = [
        (p - (value < q)) * (value - q)
        for p, q in ((0.1, quantiles.p10), (0.5, quantiles.p50), (0.9, quantiles.p90))
    ]
    return float(np.mean(losses))


def test_predictions_hold_their_promise_and_beat_the_prior(experiments):
    link, reference = ("micius", "xinglong", "thu"), pass_over(55.0)
    names: Any = dict(zip(("satellite", "station", "night"), link, strict=True))
    inside, qber_inside, after, before = [], [], [], []
    for generator, truth, fit in experiments:
        delivered = measured(generator, link, reference, truth)
        total = delivered.sifted.sum()
        prediction = predict_counts(fit, reference, **names, generator=generator)
        blind = predict_counts(uncalibrated(BELIEF), reference, **names, generator=generator)
        inside.append(prediction.sifted.p10 <= total <= prediction.sifted.p90)
        qber = delivered.errors.sum() / total
        qber_inside.append(prediction.qber.p10 <= qber <= prediction.qber.p90)
        after.append(pinball(prediction.sifted, total) / total)
        before.append(pinball(blind.sifted, total) / total)
    # 32 passes with p = 0.8: one sigma is 0.07.
    assert np.mean(inside) == pytest.approx(0.80, abs=0.10)
    # The prediction of the error rate leaves the binomial noise of the errors out.
    assert np.mean(qber_inside) > 0.6
    assert np.mean(after) < 0.4 * np.mean(before)


def test_one_pass_leaves_loss_and_depth_exchangeable():
    generator = np.random.default_rng(5)
    link = ("micius", "xinglong", "mon")
    belief = replace(BELIEF, loss_constant_db=Normal(0.0, 5.0), optical_depth=Normal(0.09, 0.054))
    data = measured(generator, link, pass_over(48.0), drawn_truth(generator, [link]))
    fit = fit_calibration([data], belief)
    own = unknowns_of(*link)
    correlation = fit.correlation(own[Constant.LOSS], own[Constant.DEPTH])
    # Reported -0.91 for a pass of 48 deg with this prior; the more light the deeper the air, the
    # more loss elsewhere must be missing.
    assert -0.97 < correlation < -0.85
    assert fit.correlation(own[Constant.LOSS], own[Constant.LOSS]) == pytest.approx(1.0)


def test_covariance_is_that_of_the_linear_problem():
    # Without noise in the counts the model is linear in loss and depth: one row per block,
    # (1, 4.343 m) over 0.9 dB, and the priors.
    link = ("micius", "xinglong", "mon")
    reference = pass_over(60.0, photons=1e9, light=0.0)
    truth = dict.fromkeys(unknowns_of(*link).values(), 0.0)
    truth[unknowns_of(*link)[Constant.DEPTH]] = DEPTH
    data = MeasuredPass(*link, reference, reference.signal)
    fit = fit_calibration([data], BELIEF)
    airmass = [
        np.sum(part * reference.signal[cut]) / np.sum(reference.signal[cut])
        for cut in (slice(10 * k, 10 * k + 10) for k in range(27))
        for part in [reference.low_airmass[cut]]
    ]
    rows = np.stack([np.ones(27), 10 / np.log(10) * np.array(airmass)], axis=1) / 0.9
    expected = np.linalg.inv(rows.T @ rows + np.diag([1 / 2.0**2, 1 / 0.04**2]))
    own = unknowns_of(*link)
    loss, depth = posterior(fit, own[Constant.LOSS]), posterior(fit, own[Constant.DEPTH])
    assert loss.sigma == pytest.approx(np.sqrt(expected[0, 0]), rel=2e-3)
    assert depth.sigma == pytest.approx(np.sqrt(expected[1, 1]), rel=2e-3)
    assert fit.blocks == 27


@settings(max_examples=15, deadline=None)
@given(st.floats(-3.0, 6.0))
def test_darker_counts_come_back_as_loss(loss_db):
    # Nearly no noise, a nearly known depth: what is missing is the constant.
    link = ("micius", "xinglong", "mon")
    reference = pass_over(60.0, photons=1e6)
    belief = replace(BELIEF, loss_constant_db=Normal(0.0, 50.0), optical_depth=Normal(DEPTH, 1e-6))
    data = MeasuredPass(*link, reference, reference.signal * 10 ** (-loss_db / 10))
    fitted = fit_calibration([data], belief).loss_constant_db("micius", "xinglong")
    # 0.01 dB of dark counts and sky that the data lack.
    assert fitted.mean == pytest.approx(loss_db, abs=0.02)
    # 27 blocks of 0.9 dB.
    assert fitted.sigma == pytest.approx(0.9 / np.sqrt(27), rel=1e-3)


def test_a_langley_fit_of_one_pass_without_a_prior_is_unstable():
    # The same counts with and without a prior on the depth, 40 nights of one truth: the slope
    # against airmass scatters by half a depth, the posterior by a tenth of that.
    link = ("micius", "xinglong", "mon")
    reference = pass_over(48.0)
    truth = dict(zip(unknowns_of(*link).values(), (1.0, 0.12, 1.0, 0.01), strict=True))
    free = replace(BELIEF, optical_depth=Normal(0.12, 10.0))
    own = unknowns_of(*link)[Constant.DEPTH]
    langley, believed = [], []
    for seed in range(40):
        data = measured(np.random.default_rng(seed), link, reference, truth)
        high = replace_counts(data, reference.low_airmass < 2.2)
        langley.append(posterior(fit_calibration([high], free), own).mean)
        believed.append(posterior(fit_calibration([high], BELIEF), own).mean)
    assert np.std(langley) > 0.1
    assert np.mean(np.array(langley) < 0.0) > 0.1
    assert np.std(believed) < 0.02


def replace_counts(data, known):
    """The same pass, counts unknown elsewhere."""
    return replace(data, sifted=np.where(known, data.sifted, np.nan), errors=None, background=None)


def test_what_no_count_speaks_of_comes_back_as_believed():
    generator = np.random.default_rng(2)
    links = LINKS[:2]
    truth = drawn_truth(generator, links)
    first, second = (measured(generator, link, pass_over(60.0), truth) for link in links)
    unknown_counts = replace_counts(second, np.zeros(270, dtype=bool))
    fit = fit_calibration([replace(first, errors=None), unknown_counts], BELIEF)
    tuesday = posterior(fit, unknowns_of(*links[1])[Constant.DEPTH])
    assert (tuesday.mean, tuesday.sigma) == pytest.approx((0.12, 0.04), rel=1e-6)
    error = posterior(fit, unknowns_of(*links[0])[Constant.ERROR])
    assert (error.median, error.factor) == pytest.approx((0.01, 1.4), rel=1e-6)
    never_seen = Unknown(Constant.LOSS, "elsewhere", "xinglong", "")
    assert posterior(fit, never_seen) == BELIEF.loss_constant_db
    assert uncalibrated(BELIEF).loss_constant_db("micius", "xinglong") == BELIEF.loss_constant_db


def test_a_single_block_teaches_no_more_than_its_model_error():
    link = LINKS[0]
    generator = np.random.default_rng(3)
    data = measured(generator, link, pass_over(60.0), drawn_truth(generator, [link]))
    few = replace_counts(data, np.arange(270) < 4)
    loss = fit_calibration([few], BELIEF).loss_constant_db("micius", "xinglong")
    # One block: 0.9 dB and the depth of an airmass of 2.3, 0.04 x 4.343 x 2.3 = 0.4 dB, with a
    # prior of 2 dB: at best 1 / sqrt(1/4 + 1/0.97).
    assert 0.8 < loss.sigma < 1.0


def test_faint_counts_weigh_by_their_poisson_noise():
    # A known depth, so that each block stands for itself: 0.9 dB and 4.343 / sqrt(N) in quadrature.
    link = LINKS[0]
    reference = pass_over(60.0, photons=2.0, light=0.0)
    belief = replace(BELIEF, loss_constant_db=Normal(0.0, 50.0), optical_depth=Normal(DEPTH, 1e-9))
    counts = np.random.default_rng(4).poisson(reference.signal + reference.dark).astype(float)
    fitted = fit_calibration([MeasuredPass(*link, reference, counts)], belief)
    # Part of the counts are dark and say nothing of the loss.
    signal, dark = reference.signal.reshape(27, 10).sum(axis=1), 40.0
    signal = signal * 10 ** (-fitted.loss_constant_db("micius", "xinglong").mean / 10)
    weights = (signal / (signal + dark)) ** 2 / (0.9**2 + 18.86 / (signal + dark))
    sigma_db = fitted.loss_constant_db("micius", "xinglong").sigma
    assert sigma_db == pytest.approx(1.0 / np.sqrt(weights.sum()), rel=0.02)


def test_blocks_without_a_click_are_counts_too():
    link = LINKS[0]
    reference = replace(pass_over(60.0, photons=0.05, light=0.0), dark=np.zeros(270))
    silent = MeasuredPass(*link, reference, np.zeros(270))
    fitted = fit_calibration([silent], BELIEF).loss_constant_db("micius", "xinglong")
    expected = reference.signal.sum() * 10 ** (-BELIEF.loss_constant_db.mean / 10)
    assert expected == pytest.approx(6.3, abs=0.1)
    # That none of them is seen has a probability of 0.2 %: it must be darker than believed. The
    # Poisson likelihood itself, 6.3 exp(-0.23 d) + d^2 / 8 at its least, gives d = 2.9 dB; with a
    # quarter of a click in a block the transform knows it to its sigma.
    assert fitted.sigma < 2.0
    darker_db = fitted.mean - BELIEF.loss_constant_db.mean
    assert 1.0 < darker_db < 2.9 + fitted.sigma
    assert darker_db > 2.9 - fitted.sigma


def test_an_error_probability_is_known_to_the_root_of_its_errors():
    link = LINKS[0]
    reference = replace(pass_over(60.0, light=0.0), dark=np.zeros(270))
    counts = np.round(reference.signal)
    errors = np.round(0.02 * counts)
    vague = replace(BELIEF, intrinsic_qber=Lognormal(0.01, 9.0))
    fit = fit_calibration([MeasuredPass(*link, reference, counts, errors=errors)], vague)
    error = posterior(fit, unknowns_of(*link)[Constant.ERROR])
    assert error.median == pytest.approx(errors.sum() / counts.sum(), rel=1e-3)
    # Binomial: a relative sqrt((1 - e) / E), the logarithm of the factor.
    assert np.log(error.factor) == pytest.approx(np.sqrt(0.98 / errors.sum()), rel=0.01)


def test_a_forecast_depth_of_one_night_is_used_for_that_night_only():
    belief = replace(BELIEF, depth_of_night={("xinglong", "mon"): Normal(0.5, 0.01)})
    own, other = unknowns_of("a", "xinglong", "mon"), unknowns_of("a", "xinglong", "tue")
    assert normal(belief.of(own[Constant.DEPTH])).mean == 0.5
    assert normal(belief.of(other[Constant.DEPTH])).mean == 0.12


def test_half_the_signal_is_three_decibels_in_a_prediction():
    names: Any = {"satellite": "a", "station": "b", "night": "c"}
    reference = pass_over(60.0, light=0.0)
    sharp = CalibrationPriors(
        optical_depth=Normal(DEPTH, 0.0), loss_constant_db=Normal(3.0103, 0.0)
    )
    prediction = predict_counts(
        uncalibrated(sharp),
        reference,
        **names,
        generator=np.random.default_rng(0),
        model_error_db=1e-6,
    )
    expected = reference.signal.sum() / 2 + reference.dark.sum()
    # Poisson noise of 1e6 counts.
    assert prediction.sifted.p50 == pytest.approx(expected, rel=1e-3)
    blocks = predict_counts(
        uncalibrated(sharp), reference, **names, generator=np.random.default_rng(0)
    )
    # 27 blocks of 0.9 dB, i.e. 21 %, brightest in the middle: 4.2 % of the sum, and the mean of
    # such a lognormal 2.2 % above its median.
    half_width = (blocks.sifted.p90 - blocks.sifted.p10) / 2 / 1.2816 / blocks.sifted.p50
    assert half_width == pytest.approx(0.044, abs=0.006)
    assert blocks.sifted.p50 / expected == pytest.approx(1.021, abs=0.004)


def test_nothing_to_fit_is_refused_by_name():
    data = measured(
        np.random.default_rng(1),
        LINKS[0],
        pass_over(60.0),
        drawn_truth(np.random.default_rng(1), LINKS),
    )
    with pytest.raises(LinkError, match="no pass to calibrate from"):
        fit_calibration([], BELIEF)
    empty = replace_counts(data, np.zeros(270, dtype=bool))
    with pytest.raises(LinkError, match="sifted is not known in any slot of micius over xinglong"):
        fit_calibration([empty], BELIEF)
    with pytest.raises(LinkError, match="both must be above 0"):
        fit_calibration([data], BELIEF, model_error_db=0.0)


def test_records_that_cannot_be_are_refused_by_name():
    reference = pass_over(60.0)
    counts = np.ones(270)
    with pytest.raises(LinkError, match="over b, c: sifted is below 0"):
        MeasuredPass("a", "b", "c", reference, -counts)
    with pytest.raises(LinkError, match="errors exceed sifted"):
        MeasuredPass("a", "b", "c", reference, counts, errors=2 * counts)
    with pytest.raises(LinkError, match=r"sifted has shape \(3,\)"):
        MeasuredPass("a", "b", "c", reference, np.ones(3))
    with pytest.raises(LinkError, match="background without background_light"):
        MeasuredPass("a", "b", "c", reference, counts, background=counts)
    with pytest.raises(LinkError, match="signal of the reference counts is not above 0"):
        replace(reference, signal=0.0 * counts)
    with pytest.raises(LinkError, match=r"optical_depth -0\.1 is below 0"):
        replace(reference, optical_depth=-0.1)
    with pytest.raises(LinkError, match="prior of optical_depth: median 0 leaves nothing"):
        CalibrationPriors(optical_depth=Lognormal(0.0, 1.5))
    with pytest.raises(LinkError, match="prior of optical_depth of b, c: sigma -1"):
        CalibrationPriors(Normal(0.1, 0.1), depth_of_night={("b", "c"): Normal(0.1, -1.0)})
    with pytest.raises(LinkError, match="1 draws"):
        predict_counts(
            uncalibrated(BELIEF),
            reference,
            satellite="a",
            station="b",
            night="c",
            generator=np.random.default_rng(0),
            draws=1,
        )
