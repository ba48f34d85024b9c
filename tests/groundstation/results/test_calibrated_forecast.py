"""What a calibration does to a forecast, and that nothing changes without one."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from present import present

from groundstation.night.issue import link_of, spread_of
from groundstation.night.link_detail import link_detail
from groundstation.night.links import forecast_link, security_of
from groundstation.results.calibration_store import calibration_for, latest_calibration
from groundstation.results.constants import (
    LinkConstants,
    depth_of_budget,
    depth_prior,
    intrinsic_qber,
    pass_spread_db,
    uncalibrated_parts,
)
from groundstation.results.quantile_scores import quantile_score
from groundstation.results.store import results_of
from groundstation.results.verification import verify
from passes.counts.calibration.unknowns import Constant
from passes.counts.spread.distributions import Lognormal, Normal
from passes.counts.spread.priors import default_priors
from passes.forecast import forecast_pass, slot_s


@pytest.fixture
def link(nights):
    """A link with its track and its declared forecast."""
    sender, place = nights.satellite("speqtre"), nights.station("helmos")
    track = nights.night_pass("speqtre", "helmos", 0).track
    _, forecast = forecast_link(nights.network.key, sender, place, track)
    return nights, sender, place, track, forecast


def constants_like_declared(link, **changes):
    """Constants that say just what is declared, and nothing uncertain."""
    _, sender, place, _, _ = link
    parts = present(link_of(sender, place))
    depth = depth_of_budget(parts.transmitter.wavelength_m, parts.atmosphere)
    same = LinkConstants(
        calibration_id="c" * 12,
        loss_db=Normal(0.0, 0.0),
        optical_depth=Lognormal(depth, 1.0),
        model_error_db=1e-6,
        block_s=10.0,
        background_scale=Lognormal(1.0, 1.0),
        signal_qber=None,
    )
    return replace(same, **changes)


def calibrated(link, constants):
    nights, sender, place, track, _ = link
    _, forecast = forecast_link(nights.network.key, sender, place, track, constants)
    spread = spread_of(nights.network.key, sender, place, track, present(forecast), constants)
    return present(forecast), present(spread)


def test_without_constants_a_forecast_is_that_of_the_declared_link(link):
    nights, sender, place, track, forecast = link
    parts = present(link_of(sender, place))
    plain = forecast_pass(
        track,
        transmitter=parts.transmitter,
        source=parts.source,
        receiver=parts.receiver,
        atmosphere=parts.atmosphere,
        site_height_m=place.site.height_m,
        security=security_of(nights.network.key),
        proof=nights.network.key.proof,
    )
    assert forecast.key.secret_key_bits == plain.key.secret_key_bits
    assert [t.name for t in forecast.budget.terms] == [t.name for t in plain.budget.terms]
    assert np.array_equal(forecast.rates.sifted_hz, plain.rates.sifted_hz)
    security = security_of(nights.network.key)
    detail = present(link_detail(None, sender, place, track, forecast, security))
    spread = present(spread_of(nights.network.key, sender, place, track, forecast, None))
    assert spread.sifted == present(detail.spread).sifted
    assert present(spread.key_bits).p50 == present(detail.key_spread).p50
    assert spread.calibration_id is None


def test_constants_that_say_what_is_declared_change_nothing_but_the_width(link):
    forecast, spread = calibrated(link, constants_like_declared(link))
    plain = link[-1]
    # An airmass of the aerosol's own formula against the table's: parts in a thousand.
    assert forecast.rates.sifted_hz == pytest.approx(plain.rates.sifted_hz, rel=1e-9)
    assert forecast.key.secret_key_bits == pytest.approx(plain.key.secret_key_bits, rel=1e-6)
    expected = slot_s(link[3]) * plain.rates.sifted_hz.sum()
    # Water is what is left, and Poisson noise.
    assert spread.sifted.p50 == pytest.approx(expected, rel=0.005)
    assert spread.sifted.p90 / spread.sifted.p10 < 1.03


@pytest.mark.parametrize("loss_db", [-1.5, 3.0103])
def test_a_fitted_loss_darkens_budget_counts_and_spread_alike(link, loss_db):
    constants = constants_like_declared(link, loss_db=Normal(loss_db, 0.0))
    forecast, spread = calibrated(link, constants)
    plain = link[-1]
    assert forecast.budget.total_db - plain.budget.total_db == pytest.approx(loss_db, abs=1e-9)
    expected = 10 ** (-loss_db / 10) * slot_s(link[3]) * plain.rates.sifted_hz.sum()
    # Noise, a thousandth of the counts, does not follow.
    assert spread.sifted.p50 == pytest.approx(expected, rel=0.01)
    sign = np.sign(plain.key.secret_key_bits - forecast.key.secret_key_bits)
    assert sign == np.sign(loss_db)
    assert spread.key_bits.p50 == pytest.approx(forecast.key.secret_key_bits, rel=0.03)


def test_the_budget_without_its_calibration_is_the_declared_one(link):
    constants = constants_like_declared(
        link, loss_db=Normal(2.0, 0.1), background_scale=Lognormal(1.7, 1.1)
    )
    forecast, _ = calibrated(link, constants)
    budget, noise = uncalibrated_parts(forecast, constants)
    plain = link[-1]
    # The dead time knows the brighter noise, to a millionth of a decibel.
    assert budget.total_db == pytest.approx(plain.budget.total_db, abs=1e-5)
    assert noise.light_hz == pytest.approx(plain.noise.light_hz, rel=1e-12)
    assert forecast.noise.light_hz == pytest.approx(1.7 * plain.noise.light_hz, rel=1e-12)
    assert np.array_equal(forecast.noise.dark_hz, plain.noise.dark_hz)


def test_air_that_is_deeper_than_declared_costs_its_airmass(link):
    plain = constants_like_declared(link)
    depth = plain.optical_depth.median
    forecast, spread = calibrated(link, replace(plain, optical_depth=Lognormal(2.0 * depth, 1.0)))
    extra_db = forecast.budget.total_db - link[-1].budget.total_db
    airmass = 1.0 / np.sin(link[3].elevation_rad)
    # 4.343 dB an optical depth and an airmass; plane air is right to 2 % above 20 degrees.
    assert extra_db == pytest.approx(4.343 * depth * airmass, rel=0.02)
    expected = slot_s(link[3]) * forecast.rates.sifted_hz.sum()
    assert spread.sifted.p50 == pytest.approx(expected, rel=0.005)


def test_the_width_is_that_of_constant_blocks_and_air(link):
    sure = constants_like_declared(link)
    cases = {
        "loss": (replace(sure, loss_db=Normal(0.0, 0.3)), 0.3),
        # 37 blocks, the brightest in the middle: 0.9 dB over the root of 29 or so.
        "blocks": (replace(sure, model_error_db=0.9), 0.9 / 29**0.5),
    }
    for constants, sigma_db in cases.values():
        _, spread = calibrated(link, constants)
        half_db = 5.0 * np.log10(spread.sifted.p90 / spread.sifted.p10)
        # P10 to P90 is 1.2816 sigma on either side; water adds 0.02 dB.
        assert half_db == pytest.approx(1.2816 * sigma_db, rel=0.08)
    _, air = calibrated(link, replace(sure, optical_depth=replace(sure.optical_depth, factor=1.8)))
    low, high = air.sifted.p10, air.sifted.p90
    declared = sure.optical_depth.median
    # Between air of P90 and of P10, at the mean airmass of the counts; water adds its own.
    steps = declared * (1.8**1.2816 - 1.8**-1.2816)
    counts = link[-1].rates.sifted_hz
    airmass = counts @ (1.0 / np.sin(link[3].elevation_rad)) / counts.sum()
    assert 10 * np.log10(high / low) == pytest.approx(4.343 * airmass * steps, rel=0.1)


def test_blocks_that_err_by_a_factor_are_brighter_on_average(link):
    # 0.9 dB is 0.207 nepers: a mean 2.15 % above the median, of which the sum of 29 keeps 2.07 %.
    _, sharp = calibrated(link, constants_like_declared(link))
    _, found = calibrated(link, constants_like_declared(link, model_error_db=0.9))
    assert found.sifted.p50 / sharp.sifted.p50 == pytest.approx(1.021, abs=0.004)


def test_blocks_of_a_pass_add_up_like_lognormals():
    constants = LinkConstants("c", Normal(0, 0), Lognormal(0.1, 1), 0.9, 10.0, None, None)
    times_s = np.arange(200.0)
    rng = np.random.default_rng(1)
    expected = 1e5 * np.exp(-(((times_s - 100) / 60) ** 2))
    draws = rng.normal(0.0, 0.9, (40_000, 20)) / 4.342945
    sums = np.exp(draws) @ np.add.reduceat(expected, np.arange(0, 200, 10))
    # 40,000 draws know a standard deviation to 0.4 %; the shape is not quite lognormal.
    assert pass_spread_db(times_s, expected, constants) == pytest.approx(
        float(np.std(10 * np.log10(sums))), rel=0.02
    )
    few = replace(constants, model_error_db=1e-6)
    # 400 counts: 5 %, 0.217 dB.
    assert pass_spread_db(times_s, np.full(200, 2.0), few) == pytest.approx(0.217, rel=0.01)


def test_afterpulses_are_taken_off_the_measured_errors(link):
    receiver = present(link_of(link[1], link[2])).receiver
    a = receiver.detector.afterpulse_probability
    assert a > 0.0
    true = 0.013
    measured = Lognormal(true / (1 + a) + a / 2, 1.02)
    found = present(intrinsic_qber(constants_like_declared(link, signal_qber=measured), receiver))
    assert found.median == pytest.approx(true, rel=1e-9)
    # The same width of the error itself.
    width = measured.median * log(1.02) * (1 + a)
    assert found.median * log(found.factor) == pytest.approx(width, rel=1e-9)
    # Fewer errors than afterpulses make: as few as can be told, never none or below.
    few = constants_like_declared(link, signal_qber=Lognormal(a / 4, 1.05))
    none = present(intrinsic_qber(few, receiver))
    assert 0.0 < none.median < a / 4


def test_the_expected_error_rate_is_the_measured_one(link):
    measured = Lognormal(0.02, 1.01)
    forecast, spread = calibrated(link, constants_like_declared(link, signal_qber=measured))
    rates = forecast.rates
    mean = float((rates.qber * rates.sifted_hz).sum() / rates.sifted_hz.sum())
    # Noise, one count in five hundred, adds half its share.
    assert mean == pytest.approx(0.02, abs=1e-3)
    assert mean > 0.02
    assert spread.qber.p50 == pytest.approx(mean, rel=0.01)


def test_a_depth_prior_holds_haze_and_the_cirrus_of_some_nights(link):
    parts = present(link_of(link[1], link[2]))
    believed = default_priors(parts.transmitter, parts.source, parts.receiver, parts.atmosphere)
    wavelength_m = parts.transmitter.wavelength_m
    found = depth_prior(believed, wavelength_m)
    declared = depth_of_budget(wavelength_m, parts.atmosphere)
    assert found.mean == pytest.approx(declared, rel=1e-9)
    rng = np.random.default_rng(0)
    cirrus = np.where(rng.random(400_000) < 0.3, rng.exponential(0.10, 400_000), 0.0)
    haze = declared * np.hypot(log(1.8), 0.3 * log(wavelength_m / 550e-9))
    assert found.sigma == pytest.approx(np.hypot(np.std(cirrus), haze), rel=0.005)


def test_after_a_week_the_forecast_is_narrower_and_right(nights, simulated_world):
    world = simulated_world(4)
    passes = [("speqtre", "helmos", 60.0, 21), ("spoqc", "helmos", 45.0, 22)]
    for number in range(7):
        promised = nights.run(world, number, passes, fit=number == 6)
        assert all(issued.spread.calibration_id is None for issued, _ in promised)
    after = nights.run(world, 7, passes, fit=False)
    for (blind, _), (issued, delivered) in zip(promised, after, strict=True):
        assert issued.spread.calibration_id == present(latest_calibration(nights.db)).calibration_id
        wide = blind.spread.sifted.p90 / blind.spread.sifted.p10
        assert issued.spread.sifted.p90 / issued.spread.sifted.p10 < 0.7 * wide
        # 0.6 dB: twice what an unknown night's air does to it.
        ratio = delivered.sifted / issued.spread.sifted.p50
        assert 10 * abs(np.log10(ratio)) < 0.6


PAIRS = (
    ("speqtre", "matera"),
    ("eagle-1-class", "matera"),
    ("speqtre", "helmos"),
    ("spoqc", "helmos"),
    ("spoqc", "calern"),
    ("eagle-1-class", "calern"),
)


@pytest.mark.slow
@pytest.mark.parametrize("block_db", [0.0, 0.9])
def test_thirty_nights_hold_their_promise(new_nights, simulated_world, tmp_path, block_db):
    nights = new_nights(tmp_path / "state" / "db.sqlite")
    world = simulated_world(20, block_db=block_db)
    rng = np.random.default_rng(20)
    for number in range(30):
        chosen = [pair for pair in PAIRS if rng.random() < 0.7]
        passes = [(*pair, float(rng.uniform(30, 85)), 18 + i) for i, pair in enumerate(chosen)]
        nights.run(world, number, passes)
    made = present(latest_calibration(nights.db))
    for satellite, station in PAIRS:
        band = next(b for b in made.bands if b.station == station)
        found = present(band.constant(Constant.LOSS, satellite)).value
        assert isinstance(found, Normal)
        assert found.mean == pytest.approx(world.loss_db(satellite, station), abs=0.3)
    # The first week is not "after calibration": a station has hardly been seen.
    calibrated = results_of(nights.db, start=nights.night(7))
    assert all(present(r.forecast).spread.calibration_id is not None for r in calibrated)
    (everything, *_) = verify(calibrated)
    sifted, key = present(everything.sifted), present(everything.key)
    # 95 passes of 66 station-nights: one sigma of a share of 0.8 is 0.045.
    assert sifted.coverage.count > 80
    assert sifted.coverage.share == pytest.approx(0.8, abs=0.1)
    assert key.coverage.share == pytest.approx(0.8, abs=0.1)
    assert sifted.median_ratio == pytest.approx(1.0, abs=0.05)
    blind = results_of(nights.db, stop=nights.night(0))
    promised = [present(r.forecast).spread.sifted for r in blind]
    before = quantile_score(promised, [present(r.result.sifted) for r in blind])
    assert present(sifted.relative) < 0.5 * present(present(before).relative)
    assert calibration_for(nights.db, nights.night(0)) is None
