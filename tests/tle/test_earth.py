"""Time scales, Earth rotation and SGP4 states against independent programs."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import ITRS, TEME, CartesianRepresentation
from astropy.time import Time
from astropy.utils import iers
from sgp4.api import Satrec

from tle.clock import earth_orientation, split_mjd, tai_minus_utc_s, ut1_minus_utc_s
from tle.design import planned_elements, sun_synchronous_inclination_rad
from tle.elements import ElementSet
from tle.errors import EarthDataError, ElementsError, PropagationError
from tle.frames import teme_to_earth_fixed
from tle.lines import parse_record
from tle.nodes import sgp4_nodes, teme_positions_m

iers.conf.auto_download = False

SPOQC = (
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
EPOCH = datetime(2026, 6, 14, 10, tzinfo=UTC)


def test_states_are_those_of_the_reference_sgp4():
    times = np.linspace(0.0, 86_400.0, 301)
    codes, ours = teme_positions_m(parse_record(*SPOQC), EPOCH, times)
    day, fraction = split_mjd(EPOCH, times)
    _, theirs, _ = Satrec.twoline2rv(*SPOQC).sgp4_array(day + 2_400_000.5, fraction)
    assert not codes.any()
    # Rounding of degrees to radians and of Julian dates: below 0.1 mm over a day.
    assert np.abs(ours - theirs * 1e3).max() < 1e-4


@pytest.mark.parametrize("year", [1998, 2016, 2026])
def test_rotation_to_earth_fixed_axes_agrees_with_astropy(year):
    """One metre is asked for; astropy uses the same IERS table and a 2000A/2006 rotation."""
    epoch = datetime(year, 6, 14, 10, tzinfo=UTC)
    times = np.linspace(0.0, 5 * 86_400.0, 97)
    generator = np.random.default_rng(year)
    vectors = generator.normal(size=(97, 3))
    vectors *= 6.9e6 / np.linalg.norm(vectors, axis=1)[:, None]
    day, fraction = split_mjd(epoch, times)
    instants = Time(day + 2_400_000.5, fraction, format="jd", scale="utc")
    theirs = (
        TEME(CartesianRepresentation(vectors.T * u.m), obstime=instants)
        .transform_to(ITRS(obstime=instants))
        .cartesian.xyz.to_value(u.m)
        .T
    )
    ours = teme_to_earth_fixed(epoch, times, vectors)
    assert np.linalg.norm(ours - theirs, axis=1).max() < 0.1


def test_dut1_is_that_of_the_iers_table_in_astropy():
    days = np.array([51_544.0, 57_741.5, 61_205.25])
    theirs, _ = iers.IERS_A.open(iers.IERS_A_FILE).ut1_utc(
        Time(days, format="mjd", scale="utc"), return_status=True
    )
    # astropy-iers-data carries final values for past days where the other column has bulletin A.
    assert ut1_minus_utc_s(days) == pytest.approx(theirs.to_value(u.s), abs=1e-4)


def test_leap_seconds_step_at_new_year_2017():
    assert tai_minus_utc_s(np.array([57_753.999, 57_754.0])).tolist() == [36.0, 37.0]


def test_dut1_jumps_by_a_second_where_a_leap_second_is_inserted():
    before, after = ut1_minus_utc_s(np.array([57_753.99999, 57_754.00001]))
    assert after - before == pytest.approx(1.0, abs=1e-3)


def test_a_leap_second_moves_no_satellite():
    """Positions a second apart must be 7.6 km apart across the leap second too, not 15."""
    micius = parse_record(
        "1 41731U 16051A   16354.56913372  .00000384  00000-0  18801-4 0  9991",
        "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164",
    )
    midnight = datetime(2017, 1, 1, tzinfo=UTC)
    _, before = teme_positions_m(micius, midnight, np.array([-2.0, -1.0]))
    _, across = teme_positions_m(micius, midnight, np.array([-1.0, 0.0]))
    step = np.linalg.norm(np.diff(before, axis=0))
    # From 23:59:59 to 00:00:00 two seconds pass: 23:59:60 lies between.
    assert np.linalg.norm(np.diff(across, axis=0)) == pytest.approx(2.0 * step, rel=1e-4)


def test_instants_beyond_the_tables_are_refused():
    with pytest.raises(EarthDataError, match="no Earth orientation for MJD"):
        ut1_minus_utc_s(np.array([earth_orientation().mjd[-1] + 1.0]))


def test_an_instant_without_zone_is_refused():
    with pytest.raises(TypeError, match="offset-naive"):
        split_mjd(datetime(2026, 6, 14), np.zeros(1))  # noqa: DTZ001


# Sun-synchronous orbits that fly: the 97.4 degrees of SPOQC and SPEQTRE near 500 km (element sets
# of June 2026), Terra at 705 km (98.2), Envisat at 790 km (98.55).
@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg"), [(500.0, 97.40), (705.0, 98.2), (790.0, 98.55)]
)
def test_sun_synchronous_inclinations_are_those_that_fly(altitude_km, inclination_deg):
    ours = np.degrees(sun_synchronous_inclination_rad(altitude_km * 1e3))
    assert ours == pytest.approx(inclination_deg, abs=0.06)


def test_no_sun_synchronous_orbit_exists_above_six_thousand_kilometres():
    with pytest.raises(ElementsError, match="no sun-synchronous orbit at 6000 km"):
        sun_synchronous_inclination_rad(6e6)


def test_a_planned_sun_synchronous_satellite_keeps_its_local_time_for_a_month():
    elements = planned_elements(
        "plan",
        epoch=EPOCH,
        altitude_m=500e3,
        inclination_rad=None,
        local_time_ascending_node_h=22.5,
        raan_rad=None,
        argument_of_latitude_rad=0.0,
    )
    for days in (0.0, 15.0, 30.0):
        assert _local_time_of_node_h(elements, days) == pytest.approx(22.5, abs=0.08)


def _local_time_of_node_h(elements, days):
    """Mean solar time at the first northward crossing of the equator after some days."""
    start = EPOCH + timedelta(days=days)
    times = np.arange(0.0, 6_200.0, 1.0)
    _, position = teme_positions_m(elements, start, times)
    earth_fixed = teme_to_earth_fixed(start, times, position)
    z = earth_fixed[:, 2]
    index = int(np.flatnonzero((z[:-1] < 0.0) & (z[1:] >= 0.0))[0])
    longitude_h = np.degrees(np.arctan2(earth_fixed[index, 1], earth_fixed[index, 0])) / 15.0
    instant = start + timedelta(seconds=float(times[index]))
    return (instant.hour + instant.minute / 60 + instant.second / 3600 + longitude_h) % 24


# A low orbit with so much drag that SGP4 gives up after some hours, and is wrong before its epoch
# as well: what counts is that nothing is invented after the first failure.
DECAYING = ElementSet(
    norad_cat_id=0, name="falling", object_id="", epoch_year=2026, epoch_day=165.0,
    mean_motion_rev_per_day=16.3, eccentricity=0.001, inclination_deg=51.6, raan_deg=10.0,
    argument_of_perigee_deg=0.0, mean_anomaly_deg=0.0, bstar=0.004,
)  # fmt: skip


def test_a_decaying_satellite_ends_its_table_where_sgp4_fails():
    table = sgp4_nodes(DECAYING, DECAYING.epoch, 0.0, 5 * 86_400.0)
    assert "SGP4 stops at 2026-06-1" in table.failure
    assert 0.0 < table.times_s[-1] < 5 * 86_400.0
    assert np.all(np.linalg.norm(table.positions_m, axis=1) > 6.37e6)


def test_a_satellite_that_has_decayed_before_the_window_is_refused():
    with pytest.raises(PropagationError, match="falling: SGP4 stops"):
        sgp4_nodes(DECAYING, DECAYING.epoch + timedelta(days=20), 0.0, 86_400.0)
