"""Ages, uncertainties and manoeuvres of a network's elements, from the command to the pass."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from groundstation.catalogue import (
    Selection,
    previous_set,
    read_element_files,
    select_elements,
)
from groundstation.cli.night_option import restricted
from groundstation.cli.settings import Settings
from groundstation.cli.tle_age import command
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.element_ages import AgeState, element_ages, latest_manoeuvre
from groundstation.export.pass_rows import pass_rows
from groundstation.night.forecasts import survey
from groundstation.night.outcome import input_hash
from tle.ageing import LEO_450_600, LearntAgeing, TableAgeing, mean_altitude_m
from tle.comparison import manoeuvre_between
from tle.nodes import _satrec

DAY = 86_400.0
NIGHT = datetime(2016, 12, 19, 18, tzinfo=UTC)
TABLE = TableAgeing(LEO_450_600)


@pytest.fixture(scope="module")
def network():
    return restricted(load_network(example_path("micius-2016")), ["micius"], ["xinglong"])


@pytest.fixture(scope="module")
def known(network):
    """The two sets of the example, 18 December 21:38 and 19 December 13:39 UTC."""
    return sorted(read_element_files(network), key=lambda e: e.epoch)


def moved(elements, **changes):
    return replace(elements, text="", **changes)


def after_a_burn(elements, change_rev_per_day):
    """The set as it would be half a day after a burn that changed the mean motion."""
    return moved(
        elements,
        mean_motion_rev_per_day=elements.mean_motion_rev_per_day + change_rev_per_day,
        mean_anomaly_deg=elements.mean_anomaly_deg + 360.0 * change_rev_per_day * 0.5,
    )


def later_on_the_orbit(elements, days):
    """The set of the same orbit at a later epoch, by the secular rates of SGP4 without drag."""
    rates, minutes = _satrec(elements), days * 1_440.0
    return moved(
        elements,
        epoch_day=elements.epoch_day + days,
        mean_anomaly_deg=elements.mean_anomaly_deg + float(np.degrees(rates.mdot * minutes)),
        argument_of_perigee_deg=elements.argument_of_perigee_deg
        + float(np.degrees(rates.argpdot * minutes)),
        raan_deg=elements.raan_deg + float(np.degrees(rates.nodedot * minutes)),
    )


def ages_of(network, sets, night=NIGHT):
    return element_ages(network, sets, now=night + timedelta(days=1), night=night)


def test_two_sets_are_no_history_so_the_table_is_used(network, known):
    (age,) = ages_of(network, known)
    assert (age.state, age.sets, age.ageing) == (AgeState.OK, 2, TABLE)
    assert age.elements == known[1]
    # From 13:39:33 to 18:00, and a day more.
    assert age.age_night_s == pytest.approx(4 * 3_600 + 20 * 60 + 27, abs=1.0)
    assert age.age_now_s == age.age_night_s + DAY
    # 384 m over 7.616 km/s: below half a day the table says hypot(300, 160 / 0.6745).
    assert age.along_track_sigma_m == pytest.approx(382.4, abs=0.1)
    assert age.sigma_time_s == pytest.approx(0.0502, abs=0.0001)
    assert age.manoeuvre is None


def test_a_set_known_twice_counts_once(network, known):
    copies = [replace(e, source="elsewhere") for e in known]
    assert ages_of(network, [*known, *copies])[0].sets == 2


@pytest.mark.parametrize(
    ("days", "state"),
    [(2.7, AgeState.OK), (2.9, AgeState.OLD), (9.7, AgeState.OLD), (9.9, AgeState.TOO_OLD)],
)
def test_the_limits_of_the_network_file_decide_the_state(network, known, days, state):
    """The example warns from 3 days and refuses from 10; the set is 0.18 days old at first."""
    (age,) = ages_of(network, known, NIGHT + timedelta(days=days))
    assert age.state == state


def test_an_object_without_a_set_is_named(network, known):
    (age,) = ages_of(network, [moved(e, norad_cat_id=5) for e in known])
    assert (age.state, age.sets, age.sigma_time_s) == (AgeState.MISSING, 0, None)


def test_a_burn_before_the_set_in_use_is_named_with_its_dates(network, known):
    """0.01 rev/day is a burn of 1.7 m/s, 16 km higher up after half a day's drift of 220 km."""
    sets = [known[0], after_a_burn(known[1], -0.01)]
    (age,) = ages_of(network, sets)
    assert age.state == AgeState.MANOEUVRE
    assert (age.manoeuvre.older_epoch, age.manoeuvre.newer_epoch) == tuple(e.epoch for e in sets)
    selection = select_elements(network, sets, NIGHT)
    assert len(selection.warnings) == 1
    assert selection.warnings[0].startswith("elements of micius disagree with the previous set by")
    assert "a manoeuvre between 2016-12-18 21:38 and 2016-12-19 13:39 UTC?" in selection.warnings[0]


def test_a_third_set_that_agrees_ends_the_warning(network, known):
    jumped = after_a_burn(known[1], -0.01)
    agreeing = later_on_the_orbit(jumped, 0.8)
    sets = [known[0], jumped, agreeing]
    assert not manoeuvre_between(jumped, agreeing, TABLE).is_manoeuvre
    (age,) = ages_of(network, sets, NIGHT + timedelta(days=1))
    assert age.elements == agreeing
    # The burn stays on record, the night does not warn of it any more.
    assert age.state == AgeState.OK
    assert age.manoeuvre.newer_epoch == jumped.epoch
    assert select_elements(network, sets, NIGHT + timedelta(days=1)).warnings == ()


def test_sets_three_weeks_apart_are_not_compared(known):
    late = moved(known[1], epoch_day=known[1].epoch_day + 20.5)
    assert previous_set(late, [known[1], late]) is None
    assert previous_set(known[1], known) == known[0]
    assert latest_manoeuvre([known[1], late], TABLE) is None


def test_a_set_that_falls_before_the_next_is_said_to_be_incomparable(network, known):
    falling = moved(known[0], epoch_day=336.0, mean_motion_rev_per_day=16.4, bstar=0.3)
    selection = select_elements(network, [falling, known[1]], NIGHT)
    assert [satellite.name for satellite, _ in selection.chosen] == ["micius"]
    assert len(selection.warnings) == 1
    assert "SGP4 gives no position at 2016-12-19T13:39Z" in selection.warnings[0]
    assert latest_manoeuvre([falling, known[1]], TABLE) is None


def test_natural_ageing_brings_no_warning(network, known):
    assert select_elements(network, known, NIGHT).warnings == ()


def test_an_early_set_comes_as_early_and_stands_as_far_off_as_the_pass_says(network, known):
    """The satellite moved ahead by one sigma along its track, in a second computation.

    The ground moves 0.46 km/s against 7.6 km/s of the satellite, so the culmination may shift by
    up to 6 % more or less than the satellite's own time. The direction is the larger semi-axis of
    the ellipse: with 382 m along and 132 m across it is 1 % above what the first alone gives.
    """
    (satellite,) = network.satellites
    start, stop = NIGHT - timedelta(hours=2), NIGHT + timedelta(hours=1)
    ageing = {"micius": TABLE}

    def passes_of(elements):
        return survey(network, Selection(((satellite, elements),), (), ageing), start, stop).passes

    (predicted,) = passes_of(known[1])
    sigma_m = TABLE.along_track_sigma_m(predicted.elements_age_s)
    turn_deg = np.degrees(sigma_m / (6_378_135.0 + mean_altitude_m(known[1])))
    (early,) = passes_of(
        moved(known[1], mean_anomaly_deg=known[1].mean_anomaly_deg + float(turn_deg))
    )
    shift_s = (predicted.tca - early.tca).total_seconds()
    assert shift_s == pytest.approx(predicted.sigma_time_s, rel=0.08)
    sights = []
    for item in (predicted, early):
        at = (predicted.tca - item.track.epoch).total_seconds()
        azimuth = np.interp(at, item.track.times_s, np.unwrap(item.track.azimuth_rad))
        elevation = np.interp(at, item.track.times_s, item.track.elevation_rad)
        flat = np.cos(elevation)
        sights.append([flat * np.sin(azimuth), flat * np.cos(azimuth), np.sin(elevation)])
    before, after = np.array(sights)
    angle = np.arcsin(np.linalg.norm(np.cross(before, after)))
    assert predicted.sigma_pointing_rad == pytest.approx(angle, rel=0.03)


def test_what_was_learnt_replaces_the_table_in_every_pass(network, known):
    (satellite,) = network.satellites
    start, stop = NIGHT - timedelta(hours=2), NIGHT + timedelta(hours=1)
    learnt = LearntAgeing(3_000.0, 500.0, 2.0, 10, 45)
    chosen = ((satellite, known[1]),)
    table, own = (
        survey(network, Selection(chosen, (), ageing), start, stop).passes[0]
        for ageing in ({}, {"micius": learnt})
    )
    age_s = table.elements_age_s
    ratio = learnt.along_track_sigma_m(age_s) / TABLE.along_track_sigma_m(age_s)
    assert table.sigma_time_s is not None
    assert own.sigma_pointing_rad is not None
    assert table.sigma_pointing_rad is not None
    assert own.sigma_time_s == pytest.approx(ratio * table.sigma_time_s, rel=1e-12)
    assert own.sigma_pointing_rad > 5.0 * table.sigma_pointing_rad
    (row,) = pass_rows((own,), network)
    assert row["sigma_time_s"] == own.sigma_time_s
    assert row["sigma_pointing_mrad"] == pytest.approx(1e3 * own.sigma_pointing_rad, rel=1e-12)


def test_a_planned_satellite_has_no_uncertainty(europe):
    planned = [p for p in europe.passes if p.satellite == "eagle-1-class"]
    assert planned
    assert all(p.sigma_time_s is None and p.sigma_pointing_rad is None for p in planned)
    flying = [p for p in europe.passes if p.satellite != "eagle-1-class"]
    # 0.6 to 1.8 days after their epochs: medians of 0.16 to 1.9 km, so sigmas of 0.4 to 2.8 km.
    assert all(0.05 < p.sigma_time_s < 0.37 for p in flying)
    row = pass_rows((planned[0],), europe.network)[0]
    assert (row["sigma_time_s"], row["sigma_pointing_mrad"]) == (None, None)


def test_new_knowledge_of_the_ageing_is_a_new_input_of_the_night(network, known):
    (satellite,) = network.satellites
    chosen = ((satellite, known[1]),)
    hashes = {
        input_hash(network, Selection(chosen, warnings, ageing), "2016-12-19")
        for warnings in ((), ("a manoeuvre?",))
        for ageing in ({"micius": TABLE}, {"micius": LearntAgeing(300.0, 500.0, 2.0, 10, 45)})
    }
    assert len(hashes) == 4


def run_age(*arguments, example="micius-2016", now=NIGHT):
    settings = Settings(example=example, now=now)
    result = CliRunner().invoke(command, arguments, obj=settings, standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.output


def test_the_command_tells_age_error_and_origin():
    code, text = run_age("--night", "2016-12-19", "--nl")
    row = json.loads(text)
    assert code == 0
    assert row["epoch_utc"] == "2016-12-19T13:39:33.153Z"
    assert row["age_now_d"] == pytest.approx(0.1809, abs=1e-4)
    assert (row["satellite"], row["sets"], row["ageing"]) == ("micius", 2, "table, 450-600 km")
    assert row["along_track_p90_km"] == pytest.approx(0.90, abs=1e-6)
    assert row["manoeuvre_before_utc"] is None
    assert list(row)[3:9] == [
        "epoch_utc",
        "age_now_d",
        "age_night_d",
        "along_track_sigma_km",
        "along_track_p90_km",
        "sigma_time_s",
    ]


def test_the_table_for_people_fits_a_pipe():
    """1.19 days: 0.34 (1.9 / 0.34)^(ln 1.19 / ln 2) = 0.524 km, so hypot(300, 776) = 832 m."""
    _, text = run_age("--night", "2016-12-20", now=NIGHT + timedelta(days=0.5))
    words = " ".join(text.split())
    assert "satellite number epoch now d night d ± km ± s sets from manoeuvre state" in words
    assert "micius 41731 2016-12-19 13:39 0.7 1.2 0.83 0.11 2 table, 450-600 km ok" in words


@pytest.mark.parametrize(
    ("example", "night", "code"),
    [
        ("micius-2016", "2016-12-19", 0),
        # Older than warn_elements_age_d, 3 days.
        ("micius-2016", "2016-12-24", 3),
        # Older than max_elements_age_d, 10 days: no satellite is left, as for `passes`.
        ("micius-2016", "2017-01-10", 78),
        # The planned satellite is left.
        ("europe-2026", "2026-08-13", 3),
    ],
)
def test_exit_codes_follow_what_a_night_could_use(example, night, code):
    assert run_age("--night", night, "--csv", example=example)[0] == code
