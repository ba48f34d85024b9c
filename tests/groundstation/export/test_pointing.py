"""A pointing table leads a mount along the pass of skyfield and astropy."""

import csv
import io
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84

from groundstation.errors import UsageError
from groundstation.export.pointing import pointing_table

ARCSEC_DEG = 1.0 / 3_600.0
C_KM_S = 299_792.458


@pytest.fixture(scope="module")
def contact(outcome):
    taken = outcome.plan.contacts[0]
    item = next(p for p in outcome.passes if p.pass_id == taken.pass_id)
    return item, next(s for s in outcome.network.stations if s.name == taken.station)


@pytest.fixture(scope="module")
def rows(contact):
    return list(csv.DictReader(io.StringIO(pointing_table(contact[0], contact[1], 4.0))))


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


@pytest.fixture(scope="module")
def sky(outcome, contact, rows):
    """skyfield's own propagation and axes: geocentric positions [km] and velocities [km/s]."""
    used = next(e for e in outcome.elements if e.satellite == contact[0].satellite)
    satellite = EarthSatellite(used.line1, used.line2)
    site = contact[1].site
    place = wgs84.latlon(
        np.degrees(site.latitude_rad), np.degrees(site.longitude_rad), site.height_m
    )
    instants = load.timescale(builtin=True).from_datetimes(
        [datetime.fromisoformat(row["utc"]) for row in rows]
    )
    return satellite, place, instants


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=0)


def test_light_time_and_the_motion_of_both_ends_are_in_the_direction(rows, sky):
    satellite, place, t = sky
    here, there = place.at(t), satellite.at(t)
    geometric = there.position.km - here.position.km
    light_s = np.linalg.norm(geometric, axis=0) / C_KM_S
    # Where it was when the light left, less the aberration by the station's velocity.
    before = there.position.km - there.velocity.km_per_s * light_s
    seen = unit(unit(before - here.position.km) + here.velocity.km_per_s / C_KM_S)
    ra, dec = np.radians(column(rows, "ra_icrs_deg")), np.radians(column(rows, "dec_icrs_deg"))
    ours = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    off_rad = np.linalg.norm(np.cross(ours, seen, axis=0), axis=0)
    lag_rad = np.linalg.norm(np.cross(unit(geometric), seen, axis=0), axis=0)
    # skyfield knows no polar motion here: 10 m at 500 km are 4 arcseconds, but that part is common
    # to the geometric direction. What is tested is far above it at culmination.
    assert np.degrees(off_rad.max()) < 4.5 * ARCSEC_DEG
    # The lag is half the point-ahead angle; the frame cancels in this difference.
    half_ahead = 0.5 * column(rows, "point_ahead_arcsec") * ARCSEC_DEG
    assert np.degrees(lag_rad) == pytest.approx(half_ahead, abs=0.02 * ARCSEC_DEG)
    assert half_ahead.max() > 4.0 * ARCSEC_DEG


def test_azimuth_and_elevation_lag_the_geometric_ones_by_light_time(rows, sky):
    satellite, place, t = sky
    elevation, azimuth, distance = (satellite - place).at(t).altaz()
    late_s = column(rows, "range_km") / C_KM_S
    # Turned with the Earth, a direction lags by its rate times the light time.
    assert column(rows, "elevation_deg") == pytest.approx(
        elevation.degrees - late_s * column(rows, "elevation_rate_deg_s"), abs=4.5 * ARCSEC_DEG
    )
    around = np.cos(np.radians(column(rows, "elevation_deg")))
    off = (column(rows, "azimuth_deg") - azimuth.degrees + 180.0) % 360.0 - 180.0
    assert off * around == pytest.approx(
        -late_s * column(rows, "azimuth_rate_deg_s") * around, abs=4.5 * ARCSEC_DEG
    )
    assert column(rows, "range_km") == pytest.approx(distance.km, abs=0.2)


def test_rates_are_the_derivatives_of_the_columns(rows):
    seconds = column(rows, "mjd") * 86_400.0
    for name, rate in (
        ("elevation_deg", "elevation_rate_deg_s"),
        ("azimuth_deg", "azimuth_rate_deg_s"),
    ):
        angle = np.unwrap(column(rows, name), period=360.0)
        slope = (angle[2:] - angle[:-2]) / (seconds[2:] - seconds[:-2])
        # Nine digits of a day are 86 us: with a degree a second and half a second between rows.
        assert slope == pytest.approx(column(rows, rate)[1:-1], abs=2e-3, rel=2e-3)


def test_rows_come_at_the_rate_asked_for(contact, rows):
    times = [datetime.fromisoformat(row["utc"]) for row in rows]
    steps = np.diff([t.timestamp() for t in times])
    assert steps == pytest.approx(0.25, abs=1.1e-3)
    assert times[0] >= contact[0].aos
    assert times[-1] <= contact[0].los


def test_contact_seconds_are_marked(contact, rows):
    item = contact[0]
    marked = [datetime.fromisoformat(r["utc"]) for r in rows if r["flag"] == "contact"]
    assert abs((marked[0] - item.start).total_seconds()) <= 1.0
    assert abs((marked[-1] - item.stop).total_seconds()) <= 1.0


def test_seconds_that_the_mount_cannot_follow_are_marked_keyhole(contact):
    item, station = contact
    follows = np.ones(len(item.track.times_s), dtype=bool)
    follows[100:110] = False
    track = replace(item.track, mount_follows=follows)
    table = csv.DictReader(io.StringIO(pointing_table(replace(item, track=track), station)))
    flags = [row["flag"] for row in table]
    assert [i for i, flag in enumerate(flags) if flag == "keyhole"] == list(range(100, 110))


def test_the_sun_separation_is_that_of_the_track(contact, rows):
    item = contact[0]
    every_second = column(rows, "sun_separation_deg")[::4]
    assert every_second == pytest.approx(
        np.degrees(item.track.sun_separation_rad[: len(every_second)]), abs=6e-4
    )


@pytest.mark.parametrize("rate_hz", [0.5, 11.0, float("nan")])
def test_a_rate_outside_one_to_ten_is_refused(contact, rate_hz):
    with pytest.raises(UsageError, match=r"outside 1\.\.10"):
        pointing_table(contact[0], contact[1], rate_hz)
