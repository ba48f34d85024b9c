"""What the errors of an orbit look like from the ground, on passes whose geometry is plain."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.arc import Arc
from passes.site import Site
from passes.uncertainty import pointing_sigma_rad

EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
EQUATOR = Site("equator", 0.0, 0.0, 0.0)
RADIUS_M, SPEED_M_S, SPIN_RAD_S = 6_378_137.0, 7_600.0, 7.292115e-5

metres = st.floats(1.0, 50e3)


def northbound(east_m, north_m, up_m):
    """A satellite that flies north in inertial space, as an observer on the equator sees it.

    The ground carries the observer east, so the satellite seems to drift west.
    """
    coefficients = np.zeros((1, 3, 10))
    coefficients[0, :, 0] = east_m, north_m, up_m
    outwards = np.array([east_m, north_m, RADIUS_M + up_m])
    flight = np.array([0.0, 1.0, 0.0]) - outwards * north_m / (outwards @ outwards)
    flight *= SPEED_M_S / np.linalg.norm(flight)
    spin = np.array([0.0, SPIN_RAD_S, 0.0])
    coefficients[0, :, 1] = (flight - np.cross(spin, outwards)) * 100.0
    return Arc(EPOCH, -100.0, 0.0, 100.0, False, False, np.zeros(1), 100.0, coefficients)


def sigma_of(arc, radial_m, along_m, cross_m):
    return pointing_sigma_rad(
        arc,
        EQUATOR,
        0.0,
        radial_sigma_m=radial_m,
        along_sigma_m=along_m,
        cross_sigma_m=cross_m,
    )


def test_two_kilometres_along_the_track_at_seven_hundred_kilometres_are_three_milliradians():
    """2 km / 700 km = 2.86 mrad, where the satellite flies square to the line of sight."""
    overhead = northbound(0.0, 0.0, 700e3)
    assert sigma_of(overhead, 0.0, 2e3, 0.0) == pytest.approx(2e3 / 700e3, rel=1e-12)


def test_at_the_zenith_the_radial_error_is_hidden_and_the_cross_error_is_not():
    overhead = northbound(0.0, 0.0, 500e3)
    # The speed and spin that the test rounds tilt the axes by less than a nanoradian.
    assert sigma_of(overhead, 5e3, 0.0, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert sigma_of(overhead, 5e3, 0.0, 300.0) == pytest.approx(300.0 / 500e3, rel=1e-6)


def test_the_worst_direction_counts_not_the_sum():
    """At the zenith the ellipse has the axes 2 and 1 mrad; its larger semi-axis is 2, not 2.24."""
    overhead = northbound(0.0, 0.0, 500e3)
    assert sigma_of(overhead, 0.0, 1_000.0, 500.0) == pytest.approx(2e-3, rel=1e-6)


def test_a_satellite_that_comes_straight_at_the_observer_hides_its_error_along_the_track():
    """On the horizon to the south, 2,500 km away, it still climbs: 21 degrees of its path show.

    The orbit is inclined to the line of sight by the angle at the centre of the Earth,
    atan(2500 / 6378) = 21.4 degrees, and its sine is what is seen.
    """
    arc = northbound(0.0, -2_500e3, 0.0)
    seen = np.sin(np.arctan2(2_500e3, RADIUS_M))
    assert sigma_of(arc, 0.0, 1e3, 0.0) == pytest.approx(seen * 1e3 / 2_500e3, rel=1e-9)
    assert sigma_of(arc, 0.0, 0.0, 1e3) == pytest.approx(1e3 / 2_500e3, rel=1e-9)


def test_the_flight_is_taken_in_inertial_space():
    """Seen against the ground the path is 3.8 degrees off; the cross error must not leak into it.

    At the zenith a leak would mix the axes; looking east along the ground the cross-track error
    points along the line of sight and shows only by the angle at the centre of the Earth.
    """
    arc = northbound(1_000e3, 0.0, 0.0)
    seen = np.sin(np.arctan2(1_000e3, RADIUS_M))
    assert sigma_of(arc, 0.0, 0.0, 1e3) == pytest.approx(seen * 1e3 / 1_000e3, rel=1e-6)


@given(metres, metres, metres)
def test_the_ellipse_lies_between_its_largest_part_and_their_root_sum(radial_m, along_m, cross_m):
    arc = northbound(400e3, 300e3, 480e3)
    parts = [
        sigma_of(arc, radial_m, 0.0, 0.0),
        sigma_of(arc, 0.0, along_m, 0.0),
        sigma_of(arc, 0.0, 0.0, cross_m),
    ]
    whole = sigma_of(arc, radial_m, along_m, cross_m)
    assert max(parts) * (1 - 1e-9) <= whole <= np.sqrt(np.sum(np.square(parts))) * (1 + 1e-9)
