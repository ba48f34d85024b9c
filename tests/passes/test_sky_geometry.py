"""Sun, Moon, twilight and shadow against skyfield and astropy."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import skyfield_data
from astropy import units as u
from astropy.coordinates import ITRS, get_body
from astropy.time import Time
from astropy.utils import iers
from skyfield import almanac
from skyfield.api import EarthSatellite, Loader, load, wgs84

from passes.sampling import track_along
from passes.search import find_passes
from passes.site import Site
from passes.sky.ephemeris import sun_moon_table
from passes.sky.shadow import sunlit_fraction
from passes.sky.twilight import dark_windows, lowest_sun, sun_elevation_rad
from passes.windows import Windows
from tle.clock import split_mjd
from tle.frames import teme_to_earth_fixed
from tle.lines import parse_record
from tle.nodes import sgp4_nodes, teme_positions_m

iers.conf.auto_download = False
EPOCH = datetime(2026, 6, 14, 12, tzinfo=UTC)
DAY = 86_400.0
SPOQC = (
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
MATERA = Site("matera", np.radians(40.6486), np.radians(16.7046), 536.9)


@pytest.fixture(scope="module")
def table():
    return sun_moon_table(EPOCH, -DAY, 20 * DAY)


@pytest.fixture(scope="module")
def kernel():
    with pytest.warns(RuntimeWarning, match="expired"):
        folder = skyfield_data.get_skyfield_data_path()
    file = Loader(folder, verbose=False)("de421.bsp")
    yield file
    file.close()


def separation_arcsec(a, b):
    cross = np.linalg.norm(np.cross(a, b), axis=1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=1))) * 3600.0


@pytest.mark.parametrize(("body", "tolerance_arcsec"), [("sun", 0.1), ("moon", 9.0)])
def test_directions_agree_with_astropy(table, body, tolerance_arcsec):
    """Its own series (ERFA epv00 0.01", moon98 9"), its own rotation, the same IERS data."""
    times = np.linspace(0.0, 19 * DAY, 60)
    day, fraction = split_mjd(EPOCH, times)
    instants = Time(day + 2_400_000.5, fraction, format="jd", scale="utc")
    theirs = get_body(body, instants, ephemeris="builtin").transform_to(ITRS(obstime=instants))
    theirs = theirs.cartesian.xyz.to_value(u.m).T
    ours = getattr(table, f"{body}_earth_fixed_m")(times)
    assert separation_arcsec(ours, theirs).max() < tolerance_arcsec


@pytest.mark.parametrize(("body", "tolerance_arcsec"), [("sun", 0.001), ("moon", 0.01)])
def test_the_table_is_the_ephemeris(table, kernel, body, tolerance_arcsec):
    """Against skyfield's apparent places in the frame of date, where no Earth rotation enters."""
    scale = load.timescale(builtin=True)
    times = np.linspace(-0.9 * DAY, 19.9 * DAY, 301)
    day, fraction = split_mjd(EPOCH, times)
    instants = scale.utc(1858, 11, 17 + day, 0, 0, fraction * DAY)
    apparent = kernel["earth"].at(instants).observe(kernel[body]).apparent()
    true_of_date = np.einsum("ijn,jn->ni", instants.M, apparent.position.m)
    series = table._series(getattr(table, f"{body}_m"), times)
    # TEME differs from the true equator and equinox by a turn about the pole: compare what a
    # turn about the pole leaves alone, declination and distance, then the angle Sun to Moon.
    ours_z = series[:, 2] / np.linalg.norm(series, axis=1)
    theirs_z = true_of_date[:, 2] / np.linalg.norm(true_of_date, axis=1)
    assert np.degrees(np.arcsin(ours_z) - np.arcsin(theirs_z)) * 3600.0 == pytest.approx(
        0.0, abs=tolerance_arcsec
    )
    assert np.linalg.norm(series, axis=1) == pytest.approx(
        np.linalg.norm(true_of_date, axis=1), rel=1e-9
    )


def test_earth_fixed_directions_agree_with_skyfield(table, kernel):
    """Skyfield predicts UT1 0.03 s off and leaves polar motion out: 0.4 and 0.4 arcseconds."""
    from skyfield.framelib import itrs

    scale = load.timescale(builtin=True)
    times = np.linspace(0.0, 19 * DAY, 100)
    day, fraction = split_mjd(EPOCH, times)
    instants = scale.utc(1858, 11, 17 + day, 0, 0, fraction * DAY)
    for body in ("sun", "moon"):
        apparent = kernel["earth"].at(instants).observe(kernel[body]).apparent()
        ours = getattr(table, f"{body}_earth_fixed_m")(times)
        assert separation_arcsec(ours, apparent.frame_xyz(itrs).m.T).max() < 1.0


@pytest.mark.parametrize("limit_deg", [-0.8333, -6.0, -12.0, -18.0])
def test_twilight_agrees_with_skyfield(table, kernel, limit_deg):
    ours = dark_windows(MATERA, table, 0.0, 3 * DAY, np.radians(limit_deg))
    scale = load.timescale(builtin=True)
    observer = kernel["earth"] + wgs84.latlon(40.6486, 16.7046, 536.9)
    start, stop = (scale.from_datetime(EPOCH + timedelta(days=d)) for d in (0, 3))
    find = {
        "set": almanac.find_settings,
        "rise": almanac.find_risings,
    }
    edges = {}
    for name, search in find.items():
        instants, real = search(observer, kernel["sun"], start, stop, horizon_degrees=limit_deg)
        assert real.all()
        edges[name] = [(t.utc_datetime() - EPOCH).total_seconds() for t in instants]
    # Skyfield's UT1 is 0.03 s off; at 41 degrees the Sun sinks 10 arcseconds a second.
    assert [s[0] for s in ours] == pytest.approx(edges["set"], abs=0.1)
    assert [s[1] for s in ours] == pytest.approx(edges["rise"], abs=0.1)


def test_a_night_shorter_than_the_search_step_is_found(table):
    """Near 58.5 degrees north the Sun dips below -8.1 degrees for minutes only."""
    site = Site("north", np.radians(58.57), np.radians(16.0), 0.0)
    low_s, low_rad = lowest_sun(site, table, 0.0, DAY)
    limit = low_rad + np.radians(0.0005)
    (window,) = dark_windows(site, table, 0.0, DAY, limit)
    assert 0.0 < window[1] - window[0] < 500.0
    assert window[0] < low_s < window[1]


def test_a_white_night_has_no_window(table):
    site = Site("north", np.radians(70.0), np.radians(16.0), 0.0)
    assert len(dark_windows(site, table, 0.0, DAY, np.radians(-1.0))) == 0
    assert sun_elevation_rad(site, table, np.array([0.0]))[0] > 0.0


@pytest.mark.parametrize(("flattening", "tolerance_s"), [(0.0, 1), (1 / 298.257, 9)])
def test_shadow_agrees_with_skyfield(table, kernel, monkeypatch, flattening, tolerance_s):
    """Skyfield tests the line of sight to the Sun's centre against a sphere.

    Half of the disc is the same event. On a sphere ours agrees to a second, its step; the
    ellipsoid is 21 km lower at the pole, where this orbit enters the shadow: 8 s.
    """
    monkeypatch.setattr("passes.sky.shadow.FLATTENING", flattening)
    elements = parse_record(*SPOQC)
    times = np.arange(0.0, 3 * 5_700.0, 1.0)
    _, teme = teme_positions_m(elements, EPOCH, times)
    fraction = sunlit_fraction(
        teme_to_earth_fixed(EPOCH, times, teme), table.sun_earth_fixed_m(times)
    )
    scale = load.timescale(builtin=True)
    satellite = EarthSatellite(*SPOQC, ts=scale)
    instants = scale.from_datetimes([EPOCH + timedelta(seconds=float(t)) for t in times])
    theirs = satellite.at(instants).is_sunlit(kernel)
    ours = fraction > 0.5
    assert theirs.any()
    assert not theirs.all()
    changes = np.flatnonzero(ours[1:] != ours[:-1])
    assert len(changes) == len(np.flatnonzero(theirs[1:] != theirs[:-1]))
    expected = np.flatnonzero(theirs[1:] != theirs[:-1])
    assert changes == pytest.approx(expected, abs=tolerance_s)


def test_penumbra_lasts_seconds_and_is_smooth(table):
    elements = parse_record(*SPOQC)
    times = np.arange(0.0, 5_700.0, 0.1)
    _, teme = teme_positions_m(elements, EPOCH, times)
    fraction = sunlit_fraction(
        teme_to_earth_fixed(EPOCH, times, teme), table.sun_earth_fixed_m(times)
    )
    partial = (fraction > 0.0) & (fraction < 1.0)
    # The Sun's disc of 0.53 degrees crosses the limb at 0.063 degrees a second, obliquely.
    assert 16.0 < partial.sum() * 0.1 < 60.0
    assert np.abs(np.diff(fraction)).max() < 0.02


def test_a_satellite_behind_the_earth_is_dark_and_one_before_it_is_lit(table):
    sun = table.sun_earth_fixed_m(np.zeros(1))
    direction = sun / np.linalg.norm(sun)
    assert sunlit_fraction(-6.9e6 * direction, sun)[0] == pytest.approx(0.0, abs=1e-12)
    assert sunlit_fraction(6.9e6 * direction, sun)[0] == 1.0
    side = np.cross(direction, [[0.0, 0.0, 1.0]])
    side /= np.linalg.norm(side)
    assert sunlit_fraction(6.9e6 * side, sun)[0] == 1.0


def test_the_moon_of_the_june_night_is_new(table):
    """New Moon of 2026-06-15 02:54 UTC (astronomical almanac): the lit share is below 1 %."""
    nodes = sgp4_nodes(parse_record(*SPOQC), EPOCH, 0.0, DAY)
    arc = find_passes([nodes], [MATERA], [np.radians(20.0)])[0].arc
    track = track_along(arc, MATERA, table, Windows.of([]))
    assert (1.0 + np.cos(track.moon_phase_angle_rad)).max() / 2.0 < 0.01


def test_penumbra_times_agree_with_skyfield(table, kernel, monkeypatch):
    """Half of the disc on a sphere is skyfield's line of sight to the centre: 0.1 s.

    Skyfield's sphere is that of its almanac, 6378.1366 km; ours differs by 0.4 m.
    """
    monkeypatch.setattr("passes.sky.shadow.FLATTENING", 0.0)
    elements, satellite = parse_record(*SPOQC), EarthSatellite(*SPOQC)
    scale = load.timescale(builtin=True)

    def ours(times):
        _, teme = teme_positions_m(elements, EPOCH, times)
        fixed = teme_to_earth_fixed(EPOCH, times, teme)
        return sunlit_fraction(fixed, table.sun_earth_fixed_m(times)) > 0.5

    def theirs(times):
        instants = scale.from_datetimes([EPOCH + timedelta(seconds=float(t)) for t in times])
        return satellite.at(instants).is_sunlit(kernel)

    for start in (770.0, 2760.0):
        times = np.arange(start, start + 40.0, 0.05)
        (here,) = np.flatnonzero(np.diff(ours(times).astype(int)))
        (there,) = np.flatnonzero(np.diff(theirs(times).astype(int)))
        assert times[here] == pytest.approx(times[there], abs=0.1)


def test_penumbra_begins_and_ends_with_the_limbs_of_the_sun(table, kernel, monkeypatch):
    """First and last contact: the Sun's centre is one semi-diameter above or below the limb.

    Angles from skyfield's positions; the semi-diameter of the almanacs is 959.63 arcseconds at
    one astronomical unit (Auwers 1891; the IAU's nominal radius gives 959.23). The limb moves
    about 200 arcseconds a second, so 0.1 s of step is 20 arcseconds.
    """
    monkeypatch.setattr("passes.sky.shadow.FLATTENING", 0.0)
    times = np.arange(0.0, 5_700.0, 0.1)
    _, teme = teme_positions_m(parse_record(*SPOQC), EPOCH, times)
    fixed = teme_to_earth_fixed(EPOCH, times, teme)
    fraction = sunlit_fraction(fixed, table.sun_earth_fixed_m(times))
    state = (fraction > 0.0).astype(int) + (fraction >= 1.0)
    changes = np.flatnonzero(np.diff(state))
    assert len(changes) == 4
    scale = load.timescale(builtin=True)
    instants = scale.from_datetimes([EPOCH + timedelta(seconds=float(times[k])) for k in changes])
    satellite_km = EarthSatellite(*SPOQC).at(instants).position.km
    sun_km = (kernel["sun"].at(instants) - kernel["earth"].at(instants)).position.km - satellite_km
    distance_km = np.linalg.norm(sun_km, axis=0)
    radius_km = np.linalg.norm(satellite_km, axis=0)
    nadir = np.arccos(-np.sum(satellite_km * sun_km, axis=0) / (radius_km * distance_km))
    above_limb_arcsec = np.degrees(nadir - np.arcsin(6378.137 / radius_km)) * 3_600.0
    semi_diameter_arcsec = 959.63 * 149_597_870.7 / distance_km
    lit = np.maximum(state[changes], state[changes + 1]) == 2
    expected = np.where(lit, semi_diameter_arcsec, -semi_diameter_arcsec)
    assert above_limb_arcsec == pytest.approx(expected, abs=40.0)


def test_when_a_pass_is_dark_shadowed_and_away_from_the_moon_is_one_expression(table):
    nodes = sgp4_nodes(parse_record(*SPOQC), EPOCH, 0.0, DAY)
    sky = Windows.of([])
    found = 0.0
    for item in find_passes([nodes], [MATERA], [np.radians(10.0)]):
        arc, track = item.arc, track_along(item.arc, MATERA, table, sky)
        above = Windows.of([(arc.aos_s, arc.los_s)])
        dark = dark_windows(MATERA, table, 0.0, DAY, np.radians(-12.0))
        lit = Windows.below(track.times_s, -track.sunlit_fraction, -1e-9)
        near = Windows.below(track.times_s, track.moon_separation_rad, np.radians(30.0))
        useful = (above & dark) - lit - near
        # Edges between seconds, and the last half second beyond the samples, are left out.
        inside = useful.contains(track.times_s)
        inside[[0, -1]] = False
        assert not np.any(inside & (track.sunlit_fraction > 0.01))
        assert not np.any(inside & (track.moon_separation_rad < np.radians(29.9)))
        assert not np.any(inside & (track.sun_elevation_rad > np.radians(-11.9)))
        found += useful.duration_s
    assert found >= 0.0


def test_sun_and_moon_separations_agree_with_skyfield(table, kernel):
    nodes = sgp4_nodes(parse_record(*SPOQC), EPOCH, 0.0, DAY)
    arc = find_passes([nodes], [MATERA], [np.radians(20.0)])[0].arc
    track = track_along(arc, MATERA, table, Windows.of([]))
    scale = load.timescale(builtin=True)
    place = wgs84.latlon(40.6486, 16.7046, 536.9)
    instants = scale.from_datetimes(
        [EPOCH + timedelta(seconds=float(t)) for t in track.times_s[::30]]
    )
    satellite = (EarthSatellite(*SPOQC, ts=scale) - place).at(instants)
    for name, ours in (("sun", track.sun_separation_rad), ("moon", track.moon_separation_rad)):
        assert ours is not None
        body = (kernel["earth"] + place).at(instants).observe(kernel[name]).apparent()
        theirs = satellite.separation_from(body).degrees
        # Skyfield's UT1 turns the site by 0.4 arcseconds: 4 m, 8 microradians at 500 km.
        assert np.degrees(ours[::30]) == pytest.approx(theirs, abs=0.01)
