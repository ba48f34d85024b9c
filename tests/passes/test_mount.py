"""What a mount can follow, the air's refraction, point-ahead and Doppler."""

from datetime import UTC, datetime

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers
from skyfield.earthlib import refract

from passes import find_passes
from passes.errors import GeometryError
from passes.mount import MountLimits, followable
from passes.site import Site
from passes.sky.refraction import geometric_elevation_rad, saemundsson_1986
from passes.windows import Windows
from tle.lines import parse_record
from tle.nodes import sgp4_nodes

iers.conf.auto_download = False
EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
SPOQC = parse_record(
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
GRAZ = Site("graz", np.radians(47.0671), np.radians(15.4933), 539.4)


@pytest.fixture(scope="module")
def arcs():
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 7 * 86_400.0)
    return [item.arc for item in find_passes([table], [GRAZ], [np.radians(10.0)])]


@pytest.fixture(scope="module")
def high(arcs):
    """The pass that comes nearest to the zenith."""
    return max(arcs, key=lambda arc: arc.look(np.array([arc.tca_s])).elevation_rad[0])


def lost_s(arc, limits):
    return arc.duration_s - followable(arc, limits).duration_s


def test_a_mount_without_limits_follows_everything(high):
    assert lost_s(high, MountLimits()) == 0.0


def test_seconds_lost_are_those_that_turning_takes(high):
    limit = np.radians(2.0)
    times = np.arange(high.aos_s, high.los_s, 0.01)
    too_fast = np.abs(high.look(times).azimuth_rate_rad_s) > limit
    lost = lost_s(high, MountLimits(max_azimuth_rate_rad_s=limit))
    # Turning costs more than the seconds that are too fast, and at least the swept angle over
    # the limit.
    assert lost > too_fast.sum() * 0.01 > 5.0
    keyhole = Windows.of([(high.aos_s, high.los_s)]) - followable(
        high, MountLimits(max_azimuth_rate_rad_s=limit)
    )
    ((leave, meet),) = keyhole
    swept = abs(np.diff(np.unwrap(high.look(np.array([leave, meet])).azimuth_rad))[0])
    assert swept <= limit * (meet - leave) * 1.001
    assert swept == pytest.approx(limit * (meet - leave), rel=0.03)


def brute_force_keyhole_s(arc, limit):
    """The shortest absence over all pairs of departure and return, every 0.2 s."""
    times = np.arange(arc.aos_s, arc.los_s, 0.2)
    fine = np.arange(arc.aos_s, arc.los_s, 0.005)
    azimuth = np.interp(times, fine, np.unwrap(arc.look(fine).azimuth_rad))
    fast = fine[np.abs(arc.look(fine).azimuth_rate_rad_s) > limit]
    before, after = times[times <= fast[0]], times[times >= fast[-1]]
    turn = np.abs(azimuth[: len(before), None] - azimuth[None, -len(after) :])
    length = after[None, :] - before[:, None]
    return np.where(turn <= limit * length, length, np.inf).min()


@pytest.mark.parametrize("limit_deg_s", [1.0, 2.0, 5.0])
def test_the_keyhole_is_the_shortest_absence_that_the_mount_can_manage(arcs, limit_deg_s):
    limit = np.radians(limit_deg_s)
    for arc in arcs:
        lost = lost_s(arc, MountLimits(max_azimuth_rate_rad_s=limit))
        if lost == 0.0:
            continue
        expected = brute_force_keyhole_s(arc, limit)
        # Where the mount never catches up within the pass one side is given up.
        if np.isfinite(expected):
            assert lost == pytest.approx(expected, abs=0.6)


def test_a_pass_through_the_zenith_costs_half_a_turn():
    """At 89.9 degrees the azimuth swings by nearly 180 degrees: 35 s at 5 degrees a second."""
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 86_400.0)
    below = table.positions_m[len(table.positions_m) // 2]
    radius = np.linalg.norm(below)
    latitude, longitude = np.arcsin(below[2] / radius), np.arctan2(below[1], below[0])
    site = Site("under", float(latitude), float(longitude), 0.0)
    top = max(
        (i.arc for i in find_passes([table], [site], [np.radians(10.0)])),
        key=lambda a: a.look(np.array([a.tca_s])).elevation_rad[0],
    )
    assert np.degrees(top.look(np.array([top.tca_s])).elevation_rad[0]) > 89.0
    lost = lost_s(top, MountLimits(max_azimuth_rate_rad_s=np.radians(5.0)))
    assert 28.0 < lost < 37.0


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_azimuth_rate_rad_s": -1.0}, "not above 0"),
        ({"azimuth_range_rad": (4.0, -4.0)}, "does not ascend"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits, reason):
    with pytest.raises(GeometryError, match=reason):
        MountLimits(**limits)


def test_share_of_passes_beyond_five_degrees_a_second_is_that_measured(arcs):
    """3 to 5 % of the passes of a 500 km satellite (567 passes over ten stations, 7 days).

    One station and a week are 34 passes: between none and four.
    """
    limits = MountLimits(max_azimuth_rate_rad_s=np.radians(5.0))
    beyond = sum(lost_s(arc, limits) > 0.0 for arc in arcs)
    assert 0 <= beyond <= 4
    slow = MountLimits(max_azimuth_rate_rad_s=np.radians(1.0))
    # 24 to 29 % exceed one degree a second.
    assert 0.12 < sum(lost_s(arc, slow) > 0.0 for arc in arcs) / len(arcs) < 0.42


def test_the_acceleration_limit_is_the_derivative_of_the_rate(high):
    times = np.arange(high.aos_s + 1.0, high.los_s - 1.0, 0.5)
    before, after = (high.look(times + shift).azimuth_rate_rad_s for shift in (-0.5, 0.5))
    strongest = np.abs(after - before).max()
    assert lost_s(high, MountLimits(max_azimuth_acceleration_rad_s2=1.2 * strongest)) == 0.0
    assert lost_s(high, MountLimits(max_azimuth_acceleration_rad_s2=0.3 * strongest)) > 0.0


def test_elevation_limits_cut_the_top(high):
    limits = MountLimits(max_elevation_rad=np.radians(60.0))
    times = np.linspace(high.aos_s, high.los_s, 2000)
    follows = followable(high, limits).contains(times)
    elevation = np.degrees(high.look(times).elevation_rad)
    assert np.array_equal(follows[:-1], (elevation <= 60.0)[:-1])


def test_cables_choose_the_turn_that_keeps_most(arcs):
    """A pass through North is whole on -270..270 and cut on 0..360."""
    north = next(
        arc
        for arc in arcs
        if np.ptp(arc.look(np.linspace(arc.aos_s, arc.los_s, 200)).azimuth_rad) > 5.0
    )
    wide = MountLimits(azimuth_range_rad=(-1.5 * np.pi, 1.5 * np.pi))
    narrow = MountLimits(azimuth_range_rad=(0.0, 2.0 * np.pi))
    assert lost_s(north, wide) == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < lost_s(north, narrow) < north.duration_s / 2.0 + 1.0
    assert isinstance(followable(north, narrow), Windows)


@pytest.mark.parametrize("elevation_deg", [0.5, 5.0, 10.0, 20.0, 30.0, 60.0])
def test_refraction_agrees_with_skyfield(elevation_deg):
    """Skyfield inverts Bennett's formula (0.07 arcminutes); Saemundsson's is good to 0.1."""
    lifted = np.degrees(saemundsson_1986(np.radians(elevation_deg)))
    theirs = refract(elevation_deg, 10.0, 1010.0) - elevation_deg
    assert lifted * 60.0 == pytest.approx(theirs * 60.0, abs=0.17)


@pytest.mark.parametrize("elevation_deg", [20.0, 30.0, 60.0])
def test_refraction_agrees_with_astropy(elevation_deg):
    """ERFA's two-term model at 1010 hPa and 10 degrees, which is meant for 15 degrees and above."""
    where = EarthLocation(lon=15.0 * u.deg, lat=47.0 * u.deg, height=0.0 * u.m)
    when = Time("2026-06-14T22:00:00")
    vacuum = AltAz(obstime=when, location=where)
    air = AltAz(
        obstime=when, location=where, pressure=1010 * u.hPa, temperature=10 * u.deg_C,
        relative_humidity=0.0, obswl=0.55 * u.um,
    )  # fmt: skip
    # A body far away, so that only the air differs.
    star = SkyCoord(alt=elevation_deg * u.deg, az=120 * u.deg, frame=vacuum).transform_to("icrs")
    seen = star.transform_to(air).alt.to_value(u.deg)
    lifted = np.degrees(saemundsson_1986(np.radians(elevation_deg)))
    assert lifted * 60.0 == pytest.approx((seen - elevation_deg) * 60.0, abs=0.12)


def test_an_apparent_limit_is_lower_in_geometry():
    # 0.090 degrees at 10 degrees.
    assert np.degrees(geometric_elevation_rad(np.radians(10.0))) == pytest.approx(9.91, abs=0.002)


def test_point_ahead_and_doppler_are_those_of_a_500_km_orbit(arcs):
    """Measured over a week of passes: 19 to 52 microradians, 8.3 GHz at 850 nm."""
    ahead, dopplers = [], []
    for arc in arcs:
        times = np.arange(arc.aos_s, arc.los_s, 5.0)
        ahead.append(arc.point_ahead_rad(times, GRAZ.axes()))
        dopplers.append(arc.doppler_hz(times, 850e-9))
    angles, shifts = np.concatenate(ahead), np.concatenate(dopplers)
    assert 17e-6 < angles.min() < 25e-6
    assert 48e-6 < angles.max() < 53e-6
    assert 7.5e9 < shifts.max() < 8.5e9
    assert shifts.min() < -7.5e9
    first = arcs[0].doppler_hz(np.array([arcs[0].aos_s, arcs[0].los_s]), 850e-9)
    # Approaching at rise, receding at set.
    assert first[0] > 0.0 > first[1]


def test_point_ahead_at_the_zenith_of_500_km_is_51_microradians():
    """2 v / c with 7.61 km/s without the Earth's rotation."""
    from tle.design import planned_elements

    elements = planned_elements(
        "x", epoch=EPOCH, altitude_m=500e3, inclination_rad=np.pi / 2,
        local_time_ascending_node_h=None, raan_rad=0.0, argument_of_latitude_rad=0.0,
    )  # fmt: skip
    table = sgp4_nodes(elements, EPOCH, 0.0, 86_400.0)
    pole = Site("pole", np.pi / 2, 0.0, 0.0)
    arc = find_passes([table], [pole], [np.radians(10.0)])[0].arc
    angle = arc.point_ahead_rad(np.array([arc.tca_s]), pole.axes())[0]
    assert angle * 1e6 == pytest.approx(50.8, abs=0.3)
