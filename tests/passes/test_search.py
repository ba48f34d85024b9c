"""Passes against dense exact SGP4 states, skyfield, and the published Micius pass."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sgp4
from hypothesis import given, settings
from hypothesis import strategies as st
from skyfield.api import EarthSatellite, load, wgs84

from passes.errors import GeometryError
from passes.search import find_passes
from passes.site import HorizonMask, Site
from tle.columns import checksum
from tle.design import planned_elements
from tle.elements import ElementSet
from tle.errors import ElementsError, PropagationError
from tle.frames import teme_to_earth_fixed
from tle.lines import format_lines, parse_record
from tle.nodes import sgp4_nodes, teme_positions_m

EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
SPOQC = parse_record(
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
    name="SPOQC",
)
MICIUS = parse_record(
    "1 41731U 16051A   16354.56913372  .00000384  00000-0  18801-4 0  9991",
    "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164",
    name="MICIUS",
)


def place(latitude_deg, longitude_deg, height_m=500.0, horizon=None, name="site"):
    return Site(
        name,
        np.radians(latitude_deg),
        np.radians(longitude_deg),
        height_m,
        horizon or HorizonMask(),
    )


def circular(altitude_km, inclination_deg, raan_deg=40.0, phase_deg=0.0):
    return planned_elements(
        f"{altitude_km:g} km",
        epoch=EPOCH,
        altitude_m=altitude_km * 1e3,
        inclination_rad=np.radians(inclination_deg),
        local_time_ascending_node_h=None,
        raan_rad=np.radians(raan_deg),
        argument_of_latitude_rad=np.radians(phase_deg),
    )


@pytest.mark.parametrize("limit_deg", [0.0, 10.0, 20.0, 45.0, 60.0])
@pytest.mark.parametrize(
    "site", [place(47.07, 15.49, 539.0), place(28.3, -16.5, 2451.0), place(-33.9, 18.86)]
)
def test_low_orbits_agree_with_dense_states(equals_truth, site, limit_deg):
    passes = equals_truth(SPOQC, site, limit_deg, EPOCH, 3.0)
    assert passes or limit_deg > 30.0


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg"), [(90.0, 0.0), (-90.0, 0.0), (10.0, 180.0), (-18.0, -179.99)]
)
def test_poles_and_the_antimeridian_are_places_like_others(
    equals_truth, latitude_deg, longitude_deg
):
    assert equals_truth(SPOQC, place(latitude_deg, longitude_deg), 10.0, EPOCH)


@pytest.mark.parametrize("altitude_km", [300.0, 1200.0, 2000.0, 8000.0, 20200.0])
def test_higher_orbits_have_longer_passes_that_are_found_whole(equals_truth, altitude_km):
    passes = equals_truth(circular(altitude_km, 55.0), place(47.07, 15.49), 10.0, EPOCH)
    assert passes


def test_a_geostationary_satellite_never_rises_or_sets():
    elements = circular(35_793.2, 0.0, raan_deg=0.0, phase_deg=280.0)
    table = sgp4_nodes(elements, EPOCH, 0.0, 86_400.0)
    longitude = np.degrees(np.arctan2(table.positions_m[0, 1], table.positions_m[0, 0]))
    (item,) = find_passes([table], [place(40.0, longitude + 5.0)], [np.radians(10.0)])
    assert (item.arc.aos_s, item.arc.los_s) == (0.0, 86_400.0)
    assert item.arc.aos_truncated
    assert item.arc.los_truncated


def test_an_eccentric_orbit_agrees_with_dense_states(equals_truth):
    """A Molniya-like orbit: e 0.7, twelve hours, hours above the horizon."""
    elements = ElementSet(
        norad_cat_id=0, name="eccentric", object_id="", epoch_year=2026, epoch_day=165.0,
        mean_motion_rev_per_day=2.006, eccentricity=0.7, inclination_deg=63.4, raan_deg=120.0,
        argument_of_perigee_deg=270.0, mean_anomaly_deg=10.0, bstar=0.0,
    )  # fmt: skip
    assert equals_truth(elements, place(60.0, 25.0), 10.0, EPOCH, 2.0)


def test_a_pass_that_runs_at_the_edges_of_the_window_is_kept_and_flagged():
    site = place(47.07, 15.49, 539.0)
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 3 * 86_400.0)
    whole = find_passes([table], [site], [np.radians(10.0)])[3].arc
    middle = 0.5 * (whole.aos_s + whole.los_s)
    starts = sgp4_nodes(SPOQC, EPOCH, middle, middle + 86_400.0)
    ends = sgp4_nodes(SPOQC, EPOCH, middle - 86_400.0, middle)
    first = find_passes([starts], [site], [np.radians(10.0)])[0].arc
    last = find_passes([ends], [site], [np.radians(10.0)])[-1].arc
    assert (first.aos_s, first.aos_truncated, first.los_truncated) == (middle, True, False)
    assert first.los_s == pytest.approx(whole.los_s, abs=1e-3)
    assert (last.los_s, last.aos_truncated, last.los_truncated) == (middle, False, True)
    assert last.aos_s == pytest.approx(whole.aos_s, abs=1e-3)


@pytest.mark.parametrize("beyond_s", [-2.5, 2.5])
def test_a_cut_pass_culminates_inside_the_window_or_at_its_edge(exact_elevation, beyond_s):
    """A window that ends seconds after (before) the culmination of a pass near the zenith."""
    site = place(47.07, 15.49, 539.0)
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 5 * 86_400.0)
    found = find_passes([table], [site], [np.radians(10.0)])
    highest = int(np.argmax(found.max_elevation_rad))
    edge = float(found.tca_s[highest]) + beyond_s
    times = np.linspace(edge - 10.0, edge, 20_001)
    exact = exact_elevation(SPOQC, site, EPOCH, times)
    cut = find_passes([sgp4_nodes(SPOQC, EPOCH, edge - 3_600.0, edge)], [site], [np.radians(10.0)])
    assert cut.los_truncated[-1]
    # The asked accuracy; culmination itself is known to the flatness of the curve.
    assert np.degrees(cut.max_elevation_rad[-1]) == pytest.approx(np.degrees(exact.max()), abs=1e-3)
    assert cut.tca_s[-1] == pytest.approx(times[np.argmax(exact)], abs=0.02)


def test_profile_of_a_pass_is_exact_every_second(exact_elevation):
    site = place(55.91, -3.32, 120.0)
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 86_400.0)
    for item in find_passes([table], [site], [np.radians(5.0)]):
        times = np.arange(item.arc.aos_s, item.arc.los_s, 1.0)
        look = item.arc.look(times)
        exact = exact_elevation(SPOQC, site, EPOCH, times)
        _, teme = teme_positions_m(SPOQC, EPOCH, times)
        local = teme_to_earth_fixed(EPOCH, times, teme) - site.position_m()
        # Planned tolerance: 1e-5 degrees and 0.1 m.
        assert np.abs(np.degrees(look.elevation_rad - exact)).max() < 1e-5
        assert np.abs(look.range_m - np.linalg.norm(local, axis=1)).max() < 0.1


def test_rates_are_the_derivatives_of_what_they_belong_to():
    site = place(47.07, 15.49, 539.0)
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 86_400.0)
    arc = find_passes([table], [site], [np.radians(10.0)])[0].arc
    times = np.linspace(arc.aos_s + 1.0, arc.los_s - 1.0, 50)
    before, at, after = (arc.look(times + shift) for shift in (-0.01, 0.0, 0.01))
    for name in ("elevation", "azimuth"):
        change = getattr(after, f"{name}_rad") - getattr(before, f"{name}_rad")
        change = (change + np.pi) % (2 * np.pi) - np.pi
        rate = getattr(at, f"{name}_rate_rad_s")
        # Central differences over 20 ms: truncation 1e-9 rad/s, rounding 1e-8.
        assert rate == pytest.approx(change / 0.02, abs=1e-7)
    speed = (after.range_m - before.range_m) / 0.02
    assert at.range_rate_m_s == pytest.approx(speed, abs=1e-3)


def test_passes_agree_with_skyfield():
    """Another program, its own search (good to 0.35 s) and its own UT1 (0.03 s off)."""
    scale = load.timescale(builtin=True)
    satellite = EarthSatellite(*format_lines(SPOQC), ts=scale)
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 2 * 86_400.0)
    ours = [i.arc for i in find_passes([table], [place(47.07, 15.49, 539.0)], [np.radians(20.0)])]
    times, events = satellite.find_events(
        wgs84.latlon(47.07, 15.49, 539.0),
        scale.from_datetime(EPOCH),
        scale.from_datetime(EPOCH + timedelta(days=2)),
        altitude_degrees=20.0,
    )
    rises = [(t.utc_datetime() - EPOCH).total_seconds() for t in times[events == 0]]
    falls = [(t.utc_datetime() - EPOCH).total_seconds() for t in times[events == 2]]
    assert [arc.aos_s for arc in ours] == pytest.approx(rises, abs=0.5)
    assert [arc.los_s for arc in ours] == pytest.approx(falls, abs=0.5)


def test_a_hill_cuts_a_pass_where_the_mask_says():
    """A mask that hides everything between north-east and south-east above 30 degrees."""
    hill = HorizonMask(
        tuple(np.radians([0.0, 44.9, 45.0, 135.0, 135.1])), tuple(np.radians([0, 0, 89, 89, 0]))
    )
    table = sgp4_nodes(SPOQC, EPOCH, 0.0, 3 * 86_400.0)
    free = find_passes([table], [place(47.07, 15.49)], [np.radians(10.0)])
    cut = find_passes([table], [place(47.07, 15.49, horizon=hill)], [np.radians(10.0)])
    assert sum(i.arc.duration_s for i in cut) < sum(i.arc.duration_s for i in free)
    for item in cut:
        times = np.linspace(item.arc.aos_s + 0.01, item.arc.los_s - 0.01, 200)
        look = item.arc.look(times)
        assert np.all(look.elevation_rad > hill.elevation_at(look.azimuth_rad))


@settings(max_examples=15, deadline=None)
@given(
    altitude_km=st.floats(250.0, 1500.0),
    inclination_deg=st.floats(0.0, 180.0),
    raan_deg=st.floats(0.0, 359.0),
    latitude_deg=st.floats(-89.0, 89.0),
    longitude_deg=st.floats(-180.0, 180.0),
    limit_deg=st.floats(0.0, 60.0),
)
def test_any_orbit_over_any_place_agrees_with_dense_states(
    equals_truth, altitude_km, inclination_deg, raan_deg, latitude_deg, longitude_deg, limit_deg
):
    elements = circular(altitude_km, inclination_deg, raan_deg)
    equals_truth(elements, place(latitude_deg, longitude_deg), limit_deg, EPOCH, 0.5)


def test_sites_and_limits_must_match():
    with pytest.raises(GeometryError, match="1 sites but 2 elevation limits"):
        find_passes([], [place(0, 0)], [0.1, 0.2])


def test_a_latitude_beyond_the_pole_is_refused():
    with pytest.raises(GeometryError, match="latitude 91 deg is outside"):
        place(91.0, 0.0)


def verification_sets():
    """The satellites of SGP4-VER.TLE, the set that comes with every SGP4 (Vallado et al. 2006)."""
    path = Path(sgp4.__file__).parent / "SGP4-VER.TLE"
    lines = [line[:69] for line in path.read_text().splitlines() if line[:2] in {"1 ", "2 "}]
    for line1, line2 in zip(lines[::2], lines[1::2], strict=True):
        # The file is meant for SGP4, not for readers: some of its checksums are wrong.
        yield pytest.param(
            line1[:68] + str(checksum(line1)), line2[:68] + str(checksum(line2)), id=line1[2:7]
        )


@pytest.mark.parametrize(("line1", "line2"), list(verification_sets()))
def test_the_verification_satellites_agree_with_dense_states(equals_truth, line1, line2):
    """Deep space, resonances, Lyddane, decay, e 0.97, two days before epoch: every branch."""
    try:
        elements = parse_record(line1, line2)
    except ElementsError as error:
        assert "is not a valid" in str(error) or "outside" in str(error), error  # noqa: PT017
        return
    for site, limit_deg in ((place(47.07, 15.49), 10.0), (place(-20.0, -70.0), 40.0)):
        try:
            equals_truth(elements, site, limit_deg, elements.epoch, 1.0)
        except PropagationError as error:
            assert "SGP4 stops" in str(error)  # noqa: PT017
