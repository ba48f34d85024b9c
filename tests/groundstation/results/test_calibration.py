"""Constants recovered from simulated nights, kept, dated, and forgotten where they do not apply."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any

import numpy as np
import pytest
from present import present

from groundstation.night.issue import constants_for
from groundstation.results.band_fit import (
    depth_to_come,
    fit_band,
    night_to_night,
    open_covariance,
)
from groundstation.results.calibrate import calibrate
from groundstation.results.calibration_document import (
    calibration_document,
    calibration_from_document,
)
from groundstation.results.calibration_store import (
    calibration_by_id,
    calibration_for,
    latest_calibration,
    update_calibration,
)
from groundstation.results.measured_pass import can_teach, measured_pass
from groundstation.results.records import Result, Sky
from groundstation.results.store import add_forecasts, add_result, results_of
from passes.counts.calibration.fit import fit_calibration
from passes.counts.calibration.unknowns import CalibrationPriors, Constant, Unknown
from passes.counts.spread.distributions import Normal

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
PAIRS = (("speqtre", "matera"), ("spoqc", "matera"))


@pytest.fixture(scope="module")
def week(new_nights, simulated_world, tmp_path_factory):
    """Eight nights of two satellites over one station, recorded and fitted at the end."""
    nights = new_nights(tmp_path_factory.mktemp("week") / "state" / "db.sqlite")
    world = simulated_world(11, block_db=0.5)
    rng = np.random.default_rng(11)
    for number in range(8):
        passes = [(*pair, float(rng.uniform(35, 80)), 20 + i) for i, pair in enumerate(PAIRS)]
        nights.run(world, number, passes, fit=False)
    made, is_new = update_calibration(nights.db, now=NOW)
    assert is_new
    return nights, world, made


def band_of(calibration, station="matera"):
    return next(band for band in calibration.bands if band.station == station)


def test_hidden_constants_are_recovered(week):
    nights, world, made = week
    band = band_of(made)
    for satellite, station in PAIRS:
        found = band.constant(Constant.LOSS, satellite)
        # Sixteen passes of 27 blocks at 0.5 dB, and eight depths: a tenth of a decibel. 0.3 dB is
        # what is promised; a wrong sign or a forgotten factor is off by decibels.
        assert found.value.mean == pytest.approx(world.loss_db(satellite, station), abs=0.3)
        assert 0.01 < found.value.sigma < 0.3
        declared = nights.satellite(satellite).source.intrinsic_qber
        afterpulse = nights.station(station).receivers[0].detector.afterpulse_probability
        true = world.intrinsic_qber(satellite, station, declared)
        error = band.constant(Constant.ERROR, satellite).value
        # A million sifted bits a pass: 1 % of the error rate.
        assert error.median == pytest.approx(true / (1 + afterpulse) + afterpulse / 2, rel=0.01)
    scale = band.constant(Constant.BACKGROUND, "").value
    assert scale.median == pytest.approx(world.background_scale("matera"), rel=0.1)


def test_the_air_of_every_night_is_found(week):
    nights, world, made = week
    band = band_of(made)
    declared = present(results_of(nights.db)[0].forecast).reference.counts.optical_depth
    off = [
        (depth.mean - world.optical_depth("matera", night, declared)) / depth.sigma
        for night, depth in band.nights
    ]
    assert len(off) == 8
    # Within their own uncertainty: chi-square with 8 degrees of freedom is below 20 in 99 %.
    assert np.sum(np.square(off)) < 20.0


def test_blocks_err_as_much_as_the_world_makes_them(week):
    _, _, made = week
    # 596 blocks at 0.5 dB and ten of belief at 0.9: 0.509, known to 3 %.
    assert band_of(made).blocks == 596
    assert band_of(made).model_error_db == pytest.approx(0.509, abs=0.05)


def test_a_calibration_is_used_from_the_night_after_its_last_result(week):
    nights, _, made = week
    assert made.from_night == "2026-06-22"
    assert calibration_for(nights.db, "2026-06-21") is None
    assert present(calibration_for(nights.db, "2026-06-22")).calibration_id == made.calibration_id
    assert present(calibration_by_id(nights.db, made.calibration_id)).from_night == made.from_night


def test_the_same_results_are_not_fitted_twice(week):
    nights, _, made = week
    again, is_new = update_calibration(nights.db, now=NOW)
    assert not is_new
    assert calibration_document(present(again)) == calibration_document(made)
    (count,) = nights.db.execute("SELECT count(*) FROM calibration").fetchone()
    assert count == 1


def test_a_calibration_is_the_same_whatever_was_fitted_before(week):
    nights, _, made = week
    results = results_of(nights.db)
    alone = present(calibrate(results, now=NOW))
    after_part = present(calibrate(results, now=NOW, before=calibrate(results[:10], now=NOW)))
    assert calibration_document(alone) == calibration_document(made)
    assert calibration_document(after_part) == calibration_document(made)


def test_it_comes_back_from_its_document(week):
    _, _, made = week
    document = calibration_document(made)
    assert calibration_document(calibration_from_document(document)) == document
    covariance = band_of(made).covariance
    kinds = [c.constant for c in band_of(made).constants]
    assert covariance.shape == (len(kinds), len(kinds))
    sigma = np.sqrt(np.diag(covariance))
    for index, item in enumerate(band_of(made).constants):
        value = item.value
        width = value.sigma if isinstance(value, Normal) else log(value.factor)
        assert sigma[index] == pytest.approx(width, rel=1e-9)


def test_constants_apply_to_the_link_they_were_fitted_with_only(week):
    nights, _, made = week
    sender, place = nights.satellite("speqtre"), nights.station("matera")
    found = present(constants_for(made, sender, place, "2026-06-22"))
    assert found.calibration_id == made.calibration_id
    brighter = replace(sender, source=replace(sender.source, pulse_rate_hz=2e8))
    assert constants_for(made, brighter, place, "2026-06-22") is None
    assert constants_for(made, sender, nights.station("helmos"), "2026-06-22") is None
    assert constants_for(made, nights.satellite("qube-2"), place, "2026-06-22") is None
    assert constants_for(None, sender, place, "2026-06-22") is None


def test_a_constant_is_known_less_well_the_longer_ago_it_was_measured(week):
    nights, _, made = week
    sender, place = nights.satellite("speqtre"), nights.station("matera")
    soon = present(constants_for(made, sender, place, "2026-06-22")).loss_db
    later = present(constants_for(made, sender, place, "2026-07-19")).loss_db
    # 0.1 dB per root week: a day is 0.01/7, four weeks 0.04 dB^2.
    assert later.sigma**2 - soon.sigma**2 == pytest.approx(0.04 - 0.01 / 7, rel=1e-6)
    assert later.mean == soon.mean


def test_a_correction_that_is_taken_back_brings_the_old_calibration_back(nights, simulated_world):
    world = simulated_world(3)
    ((issued, first),) = nights.run(world, 0, [("speqtre", "helmos", 60.0, 22)])
    before = present(latest_calibration(nights.db))
    brighter = replace(first, remark="double", sifted=None, counts=doubled(first.counts))
    options: dict[str, Any] = {
        "night": "2026-06-14",
        "file": "f",
        "now": NOW,
        "is_correction": True,
    }
    add_result(nights.db, brighter, **options)
    during, _ = update_calibration(nights.db, now=NOW)
    shift_db = loss_of(during) - loss_of(before)
    # Twice the counts are 3 dB less loss; a single pass shares some with the depth.
    assert shift_db == pytest.approx(-3.0, abs=0.3)
    add_result(nights.db, first, **options)
    after, is_new = update_calibration(nights.db, now=NOW)
    assert is_new
    assert present(after).calibration_id == before.calibration_id
    assert present(latest_calibration(nights.db)).calibration_id == before.calibration_id
    assert issued.pass_id == first.pass_id


def doubled(counts):
    return replace(counts, sifted=2 * counts.sifted, errors=2 * counts.errors)


def loss_of(calibration):
    return band_of(calibration, "helmos").constant(Constant.LOSS, "speqtre").value.mean


def test_a_drift_is_measured_and_flagged(nights, simulated_world, monkeypatch):
    world = simulated_world(5)
    steady = world.loss_db

    def drifting(number):
        return lambda *names: steady(*names) + (0.4 if number >= 7 else 0.0)

    for number in range(14):
        monkeypatch.setattr(world, "loss_db", drifting(number))
        top = 40.0 + 3 * number
        nights.run(world, number, [("speqtre", "helmos", top, 22)], fit=False)
    made, _ = update_calibration(nights.db, now=NOW)
    (drift,) = band_of(made, "helmos").drifts
    assert [(p.first_night, p.passes) for p in drift.periods] == [
        ("2026-06-14", 7),
        ("2026-06-21", 7),
    ]
    assert drift.change_db == pytest.approx(0.4, abs=3 * drift.sigma_db)
    assert drift.sigma_db < 0.1
    assert drift.is_flagged
    assert not replace(drift, change_db=0.2, sigma_db=0.1).is_flagged
    assert replace(drift, change_db=-0.4, sigma_db=0.1).is_flagged
    assert replace(drift, change_db=-1.1, sigma_db=5.0).is_flagged
    assert not replace(drift, change_db=None, sigma_db=None).is_flagged


def test_only_clear_counted_passes_with_a_forecast_teach(nights, simulated_world):
    world = simulated_world(2)
    nights.run(world, 0, [("speqtre", "helmos", 60.0, 22)], fit=False)
    (clear,) = results_of(nights.db)
    assert can_teach(clear)
    for sky in (Sky.PARTLY_CLOUDY, Sky.CLOUDED_OUT, Sky.FAILED):
        assert not can_teach(replace(clear, result=replace(clear.result, sky=sky)))
    assert not can_teach(replace(clear, forecast=None))
    # What was forecast too late is no forecast, but its budget is as good as any.
    assert can_teach(replace(clear, is_hindsight=True))
    key_only = Result(clear.result.pass_id, Sky.CLEAR, key_bits=5)
    assert not can_teach(replace(clear, result=key_only))


def test_without_results_there_is_no_calibration(nights):
    assert update_calibration(nights.db, now=NOW) == (None, False)
    assert latest_calibration(nights.db) is None
    assert calibration_for(None, "2026-06-14") is None


def _measured(item, counts):
    """A result as it would be with other counts."""
    result = replace(item.result, counts=counts)
    return present(measured_pass(replace(item, result=result), "s", "g"))


def test_seconds_are_compared_with_the_seconds_they_were_counted_in(nights, simulated_world):
    world = simulated_world(2)
    nights.run(world, 0, [("speqtre", "helmos", 60.0, 22)], fit=False)
    (item,) = results_of(nights.db)
    counts, whole = present(item.result.counts), _measured(item, item.result.counts)
    # A file that begins half a minute before the window and ends in its middle.
    shifted = replace(
        counts,
        times_s=np.arange(counts.times_s.size) + counts.times_s[0] - 30.0,
        sifted=np.concatenate([np.zeros(30), counts.sifted[:-30]]),
        errors=None,
        background=None,
    )
    cut = _measured(item, shifted)
    assert cut.sifted.size == counts.times_s.size - 30
    assert np.array_equal(cut.sifted, whole.sifted[:-30])
    assert cut.reference.signal == pytest.approx(whole.reference.signal[:-30], rel=1e-6)
    # The same instants, counted from another epoch.
    moved = replace(
        counts, epoch=counts.epoch + timedelta(seconds=40), times_s=counts.times_s - 40.0
    )
    same = _measured(item, moved)
    assert same.sifted.size == whole.sifted.size
    assert same.reference.signal == pytest.approx(whole.reference.signal, rel=1e-9)
    # Slots of half a second expect half.
    half = replace(counts, slot_s=0.5, errors=None, background=None)
    halved = _measured(item, half)
    assert halved.reference.signal == pytest.approx(whole.reference.signal / 2, rel=1e-12)
    elsewhere = replace(counts, times_s=counts.times_s + 4_000.0)
    nothing = replace(item, result=replace(item.result, counts=elsewhere))
    assert measured_pass(nothing, "s", "g") is None


def test_a_total_teaches_like_one_block(nights, simulated_world):
    world = simulated_world(2)
    ((issued, delivered),) = nights.run(world, 0, [("speqtre", "helmos", 60.0, 22)], fit=False)
    (item,) = results_of(nights.db)
    found = _measured(item, None)
    assert found.sifted.tolist() == [delivered.sifted]
    expected = issued.reference.counts
    assert found.reference.signal.sum() == pytest.approx(expected.signal.sum(), rel=1e-6)
    fit = fit_band([found], issued.depth_prior).fit
    loss = fit.loss_constant_db("s", "g")
    # One block at 0.9 dB and the depth of an unknown night.
    assert 0.6 < loss.sigma < 1.5
    assert loss.mean == pytest.approx(world.loss_db("speqtre", "helmos"), abs=3 * loss.sigma)


def test_the_spread_of_nights_is_that_of_depths_and_of_what_is_not_known_of_them(week):
    nights, _, made = week
    results = results_of(nights.db)
    fitted = fit_band(
        [present(measured_pass(r, r.satellite, "g")) for r in results], Normal(0.1, 0.05)
    )
    depths = [d for _, d in band_of(made).nights]
    found = night_to_night(fitted.fit, Normal(0.1, 0.05))
    mean = (sum(d.mean for d in depths) + 0.1) / 9
    # To the little that another belief moves the depths themselves.
    assert found.mean == pytest.approx(mean, abs=0.005)
    variance = sum((d.mean - mean) ** 2 + d.sigma**2 for d in depths)
    variance = (variance + (0.1 - mean) ** 2 + 0.05**2) / 9
    assert found.sigma == pytest.approx(variance**0.5, rel=0.05)
    # Ten times the uncertainty of every night is a hundred times its part of the variance.
    vague = replace(fitted.fit, covariance=100.0 * fitted.fit.covariance)
    widened = night_to_night(vague, Normal(0.1, 0.05)).sigma ** 2 - found.sigma**2
    assert widened == pytest.approx(99.0 * sum(d.sigma**2 for d in depths) / 9, rel=0.2)
    coming = depth_to_come(fitted.fit, Normal(0.1, 0.05))
    ordered = sorted(d.mean for d in depths)
    assert ordered[2] < coming.median < ordered[5]
    assert 1.05 < coming.factor < 5.0


def test_a_loss_is_no_surer_than_the_mean_depth_of_the_nights(week):
    nights, _, _ = week
    measured = [present(measured_pass(r, r.satellite, "g")) for r in results_of(nights.db)]
    priors = CalibrationPriors(optical_depth=Normal(0.1, 0.05))
    fit = fit_calibration(measured, priors)
    # Scores and mean depth as unknowns of one curvature; the mean in units of its own spread.
    own = np.linalg.inv(fit.covariance)
    is_depth = np.array([u.constant is Constant.DEPTH for u in fit.unknowns], dtype=float)
    counts = own - np.eye(len(own))
    joint = np.block(
        [
            [own, (counts @ is_depth)[:, None]],
            [(is_depth @ counts)[None, :], np.array([[is_depth @ counts @ is_depth + 1.0]])],
        ]
    )
    wide = open_covariance(fit)
    assert wide == pytest.approx(np.linalg.inv(joint)[:-1, :-1], abs=1e-9)
    # And the losses do follow the mean as that curvature says: 0.01 deeper air, so much less loss.
    deeper = fit_calibration(measured, CalibrationPriors(optical_depth=Normal(0.11, 0.05)))
    for satellite in ("speqtre", "spoqc"):
        index = fit.unknowns.index(Unknown(Constant.LOSS, satellite, "g", ""))
        sigma = priors.loss_constant_db.sigma
        found = deeper.loss_constant_db(satellite, "g").mean
        found -= fit.loss_constant_db(satellite, "g").mean
        expected = sigma * float((fit.covariance @ is_depth)[index]) * 0.01 / 0.05
        assert found < -0.02
        assert found == pytest.approx(expected, rel=0.1)
        assert wide[index, index] > 1.2 * fit.covariance[index, index]


def test_a_damaged_forecast_is_noticed(nights, simulated_world):
    world = simulated_world(2)
    nights.run(world, 0, [("speqtre", "helmos", 60.0, 22)], fit=False)
    add_forecasts(nights.db, [])
    nights.db.execute("DROP TRIGGER pass_reference_no_update")
    nights.db.execute("UPDATE pass_reference SET content = substr(content, 1, 900)")
    with pytest.raises(Exception, match="digest mismatch"):
        results_of(nights.db)
