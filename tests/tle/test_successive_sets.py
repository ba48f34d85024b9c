"""Successive sets of one object: ageing learnt from real and made histories, burns found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sgp4.api import WGS72, Satrec

from tle.ageing import LEO_450_600, LearntAgeing, TableAgeing, default_ageing
from tle.comparison import manoeuvre_between
from tle.errors import ElementsError, PropagationError
from tle.learning import learn_ageing, prior_growth_m
from tle.lines import parse_record

DAY = 86_400.0
TABLE = TableAgeing(LEO_450_600)
# A cubesat at 505 km, June 2026.
CUBESAT = parse_record(
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
# Public element sets of Micius from December 2016 and January 2017.
MICIUS_LINES = (
    ("1 41731U 16051A   16353.90152003  .00000364  00000-0  17957-4 0  9993",
     "2 41731  97.3699 267.4500 0013200 178.5836 246.0824 15.23915303 19063"),
    ("1 41731U 16051A   16354.56913372  .00000384  00000-0  18801-4 0  9991",
     "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164"),
    ("1 41731U 16051A   17003.53936433  .00000594  00000-0  27433-4 0  9997",
     "2 41731  97.3702 282.8213 0014659 125.1336 355.9373 15.23938230 21440"),
    ("1 41731U 16051A   17006.68497257 +.00000740 +00000-0 +33450-4 0  9991",
     "2 41731 097.3698 285.9130 0014981 115.0762 332.3276 15.23943888021924"),
)  # fmt: skip
MICIUS = [parse_record(*lines) for lines in MICIUS_LINES]


def state(elements, after_s):
    """TEME position [m] and velocity [m/s] from the sgp4 package itself, shape (6,)."""
    satellite = Satrec()
    satellite.sgp4init(
        WGS72, "i", 0, 27_000.0, elements.bstar, 0.0, 0.0, elements.eccentricity,
        np.radians(elements.argument_of_perigee_deg), np.radians(elements.inclination_deg),
        np.radians(elements.mean_anomaly_deg),
        elements.mean_motion_rev_per_day * 2.0 * np.pi / 1_440.0, np.radians(elements.raan_deg),
    )  # fmt: skip
    code, position_km, velocity_km_s = satellite.sgp4_tsince(after_s / 60.0)
    assert code == 0
    return np.array([*position_km, *velocity_km_s]) * 1e3


def set_through(target, like, after_s, bstar):
    """The element set whose state at its own epoch, `after_s` after that of `like`, is `target`.

    Newton's method on six mean elements, from the osculating ones. A new set on the orbit of an
    old one agrees with it within 14 m per day (measured), which is how far SGP4 is from itself.
    """
    day = like.epoch_day + after_s / DAY

    def made(x):
        return replace(
            like, text="", epoch_day=day, bstar=bstar, eccentricity=float(np.hypot(x[0], x[1])),
            argument_of_perigee_deg=float(np.degrees(np.arctan2(x[1], x[0])) % 360.0),
            inclination_deg=float(np.degrees(x[2])), raan_deg=float(np.degrees(x[3]) % 360.0),
            mean_anomaly_deg=float(np.degrees(x[4] - np.arctan2(x[1], x[0])) % 360.0),
            mean_motion_rev_per_day=float(x[5]),
        )  # fmt: skip

    r, v = target[:3], target[3:]
    pole = np.cross(r, v) / np.linalg.norm(np.cross(r, v))
    node = np.arctan2(pole[0], -pole[1])
    line = np.array([np.cos(node), np.sin(node), 0.0])
    argument = np.arctan2(r @ np.cross(pole, line), r @ line)
    axis = 1.0 / (2.0 / np.linalg.norm(r) - v @ v / 3.986008e14)
    motion = np.sqrt(3.986008e14 / axis**3) * DAY / (2.0 * np.pi)
    x, step = np.array([5e-4, 5e-4, np.arccos(pole[2]), node, argument, motion]), 1e-5
    for _ in range(12):
        miss = state(made(x), 0.0) - target
        if np.linalg.norm(miss[:3]) < 1e-3:
            return made(x)
        columns = [
            (state(made(x + move), 0.0) - state(made(x - move), 0.0)) / (2.0 * step)
            for move in np.eye(6) * step
        ]
        x = x - np.linalg.solve(np.array(columns).T, miss)
    raise AssertionError(miss)


def burnt(elements, after_s, delta_v_m_s, axis):
    """The set of the orbit after a burn forwards (axis 0) or along the angular momentum (1)."""
    target = state(elements, after_s)
    forwards = target[3:] / np.linalg.norm(target[3:])
    aside = np.cross(target[:3], target[3:])
    target[3:] += delta_v_m_s * (forwards if axis == 0 else aside / np.linalg.norm(aside))
    return set_through(target, elements, after_s, elements.bstar)


def history(drag_errors, step_d=0.8, burn_before=None):
    """Sets on one orbit, right at their epochs, each with its own relative error of the drag."""
    orbit, origin_s, sets = CUBESAT, 0.0, []
    for i, error in enumerate(drag_errors):
        at_s = i * step_d * DAY
        if i == burn_before:
            burn_s = at_s - 0.3 * DAY
            orbit, origin_s = burnt(orbit, burn_s - origin_s, 1.0, 0), burn_s
        target = state(orbit, at_s - origin_s)
        sets.append(set_through(target, orbit, at_s - origin_s, CUBESAT.bstar * (1.0 + error)))
    return sets


def growth_of(drag_error):
    """Drift after t days divided by t^2 [m/d^2] of a set with a relative error of the drag.

    Taken from SGP4 at four days; it is the same at half a day and at five within 0.3 %.
    """
    wrong = replace(CUBESAT, bstar=CUBESAT.bstar * (1.0 + drag_error))
    return np.linalg.norm((state(wrong, 4 * DAY) - state(CUBESAT, 4 * DAY))[:3]) / 16.0


# Ten equally likely values of a normal law: a sample without the luck of a draw.
NORMAL_TEN = norm.ppf((np.arange(10) + 0.5) / 10)[[3, 8, 0, 6, 9, 1, 5, 2, 7, 4]]


def learnt_from(sets):
    """What enough sets teach."""
    learnt = learn_ageing(sets)
    assert learnt is not None
    return learnt


@pytest.mark.parametrize("drag_sigma", [0.1, 0.3, 1.0])
def test_ten_sets_tell_the_growth_of_the_error_within_thirty_percent(drag_sigma):
    """From half to five times the growth in the table (0.44 km/d^2)."""
    learnt = learnt_from(history(drag_sigma * NORMAL_TEN))
    # 30 % is what ten samples can give: 22 % is the spread of the estimate over random draws.
    assert learnt.after_one_day_m == pytest.approx(growth_of(drag_sigma), rel=0.3)
    assert (learnt.sets, learnt.pairs, learnt.exponent) == (10, 45, 2.0)


def test_random_histories_are_right_on_the_average():
    rng = np.random.default_rng(20_261_123)
    ratios = [
        learnt_from(history(0.3 * rng.normal(size=10))).after_one_day_m / growth_of(0.3)
        for _ in range(24)
    ]
    # 24 estimates that scatter by 22 % have a mean good to 5 %; the prior pulls by a few more.
    assert np.exp(np.mean(np.log(ratios))) == pytest.approx(1.0, abs=0.15)
    assert np.std(np.log(ratios)) < 0.35


def test_few_sets_stay_near_the_table_and_many_leave_it():
    """The table expects 0.44 km/d^2; this object really grows 24 times as fast."""
    few, many = (
        learnt_from(history(4.6 * spread, step_d=1.0)).after_one_day_m
        for spread in (norm.ppf((np.arange(n) + 0.5) / n)[::-1] for n in (4, 25))
    )
    truth = growth_of(4.6)
    # Three samples know the logarithm to 0.5, the prior to 0.9: a quarter of log(24) is held back.
    assert prior_growth_m(TABLE) < few < 0.6 * truth
    assert many == pytest.approx(truth, rel=0.25)


def test_three_sets_teach_nothing():
    sets = history([0.3, -0.3, 0.3, -0.3])
    assert learn_ageing(sets[:3]) is None
    assert learn_ageing([]) is None
    assert learnt_from(sets).sets == 4


def test_order_and_copies_of_the_sets_do_not_matter():
    sets = history(0.3 * NORMAL_TEN)
    copies = [replace(e, source="elsewhere") for e in sets[::2]]
    assert learnt_from([*reversed(sets), *copies]) == learnt_from(sets)


def test_a_burn_between_the_sets_is_not_taken_for_ageing():
    calm, jumped = (learnt_from(history(0.3 * NORMAL_TEN, burn_before=b)) for b in (None, 5))
    # The 25 pairs across the burn are left out; an unnoticed 160 km would raise growth many times.
    assert (calm.pairs, jumped.pairs) == (45, 20)
    assert jumped.after_one_day_m == pytest.approx(growth_of(0.3), rel=0.3)


def test_an_object_that_ages_ten_times_faster_does_not_manoeuvre_at_every_set():
    learnt = learnt_from(history(4.0 * NORMAL_TEN, step_d=2.0))
    assert learnt.pairs >= 36
    assert learnt.after_one_day_m > 5.0 * prior_growth_m(TABLE)


def test_learnt_ageing_grows_as_it_says():
    learnt = LearntAgeing(400.0, 500.0, 2.0, 10, 45)
    # hypot(400, 500 * 3^2) and the floor of 300 m under a scatter that looks too good.
    assert learnt.along_track_sigma_m(-3 * DAY) == pytest.approx(4_517.742799, rel=1e-9)
    assert replace(learnt, scatter_m=20.0).along_track_sigma_m(0.0) == 300.0


def test_the_prior_is_the_measured_growth():
    """The study gives the median as 0.34 km (age / d)^2, which is sigma 0.50 km/d^2.

    The geometric mean of its columns is a little lower, 0.44, because the column of 4 days is.
    """
    assert prior_growth_m(TABLE) == pytest.approx(340.0 / 0.6745, rel=0.15)


def test_micius_disagrees_with_itself_as_the_sgp4_package_says():
    """Real sets, 0.67 and 3.15 days apart: 284 m and 1,547 m behind, differenced in TEME.

    The package's own two-line reader and propagator serve as the second opinion; 1 m is left for
    the curvature of the track and the rounding of epochs.
    """
    for older, newer, behind_m in ((0, 1, -284.0), (2, 3, -1_547.0)):
        known = [Satrec.twoline2rv(*MICIUS_LINES[i]) for i in (older, newer)]
        at = known[1].jdsatepoch, known[1].jdsatepochF
        (_, old_km, _), (_, new_km, velocity) = (satellite.sgp4(*at) for satellite in known)
        radial = np.array(new_km) / np.linalg.norm(new_km)
        cross = np.cross(new_km, velocity)
        cross /= np.linalg.norm(cross)
        off_m = (np.array(old_km) - new_km) * 1e3
        found = manoeuvre_between(MICIUS[older], MICIUS[newer], default_ageing(MICIUS[newer]))
        assert found.along_m == pytest.approx(off_m @ np.cross(cross, radial), abs=1.0)
        assert found.cross_m == pytest.approx(off_m @ cross, abs=1.0)
        # A straight 1.5 km lies 0.2 m outside the curved track.
        assert found.radial_m == pytest.approx(off_m @ radial, abs=1.0)
        assert found.along_m == pytest.approx(behind_m, abs=2.0)
        assert not found.is_manoeuvre


def test_micius_drifts_less_than_the_table_expects():
    """From its four sets: 0.25 km/d^2 where the table has 0.44.

    Over 15 days the sets of December really end up 36 km from that of 3 January, 0.16 km/d^2; four
    sets pull the estimate half of the way there, so that 36 km are within one sigma.
    """
    learnt = learnt_from(MICIUS)
    assert (learnt.sets, learnt.pairs) == (4, 6)
    assert learnt.after_one_day_m == pytest.approx(250.0, abs=5.0)
    drift = manoeuvre_between(MICIUS[0], MICIUS[2], learnt)
    assert drift.along_m == pytest.approx(-36.2e3, abs=0.1e3)
    assert 0.5 < -drift.along_sigmas < 1.0
    assert not drift.is_manoeuvre


def test_a_burn_of_a_metre_per_second_is_flagged():
    """Forwards, 0.3 days before the newer set: the satellite climbs and falls 3 dv t = 78 km back.

    Hill's equations: along 3 dv t - 4 (dv / n) sin(n t), radial 2 (dv / n) (1 - cos(n t)). With
    dv / n = 905 m the periodic part is up to 3.6 km along, and 0 to 3.6 km up.
    """
    older = CUBESAT
    orbit = burnt(older, 0.5 * DAY, 1.0, 0)
    newer = set_through(state(orbit, 0.3 * DAY), orbit, 0.3 * DAY, orbit.bstar)
    found = manoeuvre_between(older, newer, TABLE)
    assert found.is_manoeuvre
    assert found.along_m == pytest.approx(3.0 * 0.3 * DAY, abs=3.8e3)
    assert -3.8e3 < found.radial_m < 0.1e3
    assert abs(found.cross_m) < 100.0


def test_a_burn_across_the_orbit_is_flagged_by_the_cross_track_alone():
    """1 m/s aside, a quarter of a revolution before the newer set: dv / n = 905 m aside."""
    orbit = burnt(CUBESAT, 0.5 * DAY, 1.0, 1)
    quarter_s = 4.25 * CUBESAT.period_s
    newer = set_through(state(orbit, quarter_s), orbit, quarter_s, orbit.bstar)
    found = manoeuvre_between(CUBESAT, newer, TABLE)
    # The nodal turn over four revolutions and the Earth's flattening change it by a few metres.
    assert found.cross_m == pytest.approx(-905.0, abs=30.0)
    assert found.is_manoeuvre
    assert abs(found.along_sigmas) < 5.0


def test_natural_ageing_is_not_flagged():
    """Drag errors that grow as the table says (sigma 0.44 km/d^2 is 19 % of this drag)."""
    drag_sigma = prior_growth_m(TABLE) / growth_of(1.0)
    sets = history(drag_sigma * NORMAL_TEN)
    found = [manoeuvre_between(a, b, TABLE) for i, b in enumerate(sets) for a in sets[:i]]
    assert len(found) == 45
    assert not any(d.is_manoeuvre for d in found)
    # And they are of the size that sigma promises: the largest of 45 lies between 1 and 4.
    assert 1.0 < max(d.sigmas for d in found) < 4.0


def test_a_long_drift_is_not_mistaken_for_a_loss_of_height():
    """50 % less drag over 10 days is 115 km along the curved track, and hardly lower."""
    wrong = replace(CUBESAT, bstar=CUBESAT.bstar * 0.5)
    newer = set_through(state(CUBESAT, 10 * DAY), CUBESAT, 10 * DAY, CUBESAT.bstar)
    found = manoeuvre_between(wrong, newer, TABLE)
    # On a straight line 115 km would seem 962 m too low; the decay itself is 4 / 3 s / (n t) =
    # 161 m, and an eccentricity of 0.0013 moves it by 22 m.
    assert found.along_m == pytest.approx(-100.0 * growth_of(0.5), rel=0.02)
    assert found.radial_m == pytest.approx(161.0, abs=60.0)


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ElementsError, match="objects 68423 and 41731 cannot be compared"):
        manoeuvre_between(CUBESAT, MICIUS[0], TABLE)
    with pytest.raises(ElementsError, match="16-12-19T13:39Z is not older than that of 2016-12-18"):
        manoeuvre_between(MICIUS[1], MICIUS[0], TABLE)
    falling = replace(MICIUS[0], mean_motion_rev_per_day=16.4, bstar=0.3)
    with pytest.raises(PropagationError, match="no position at 2017-01-06"):
        manoeuvre_between(falling, MICIUS[3], TABLE)
