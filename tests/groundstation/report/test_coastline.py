"""The shipped coastline: small, where the continents are, without bars at the antimeridian."""

import json
from importlib import resources

import numpy as np
import pytest

from groundstation.report.figures.network_map import coastline


@pytest.fixture(scope="module")
def rings():
    return [np.array(ring) for ring in coastline()]


def is_land(rings, longitude, latitude):
    # A point in an odd number of rings is land: the Caspian Sea is a ring within a ring.
    return bool(sum(is_inside(ring, longitude, latitude) for ring in rings) % 2 == 1)


def is_inside(ring, x, y):
    """Whether a ray to the east crosses the ring an odd number of times."""
    (x1, y1), (x2, y2) = ring.T, np.roll(ring, -1, axis=0).T
    crosses = (y1 > y) != (y2 > y)
    at = x1 + (y - y1) * (x2 - x1) / np.where(y2 == y1, 1.0, y2 - y1)
    return np.count_nonzero(crosses & (at > x)) % 2 == 1


@pytest.mark.parametrize(
    ("place", "longitude", "latitude", "land"),
    [
        ("Madrid", -3.7, 40.4, True),
        ("Moscow", 37.6, 55.8, True),
        ("Chukotka, West of 180", 178.0, 67.5, True),
        ("Chukotka, East of 180", -175.0, 66.8, True),
        ("South Pole", 0.0, -89.0, True),
        ("middle of the North Atlantic", -40.0, 40.0, False),
        ("Pacific at the antimeridian", 180.0, 30.0, False),
        ("Caspian Sea", 51.0, 42.0, False),
        ("Mediterranean South of Crete", 25.0, 34.0, False),
        ("Fiji's latitude, far from Fiji", 100.0, -17.0, False),
    ],
)
def test_land_is_where_the_atlas_has_it(rings, place, longitude, latitude, land):
    assert is_land(rings, longitude, latitude) is land, place


def test_no_edge_draws_a_bar_across_the_map(rings):
    for ring in rings:
        edges = np.abs(np.diff(ring[:, 0]))
        along_the_pole = (ring[:-1, 1] == -90.0) & (ring[1:, 1] == -90.0)
        assert np.all(edges[~along_the_pole] < 20.0)


def test_coordinates_are_tenths_of_a_degree_on_the_globe(rings):
    for ring in rings:
        assert np.array_equal(np.round(ring, 1), ring)
        assert np.all(np.abs(ring) <= [180.0, 90.0])


def test_the_file_is_small_and_says_where_it_comes_from():
    text = resources.files("groundstation").joinpath("data/coastline.json").read_text("utf-8")
    assert len(text.encode()) < 70_000
    provenance = json.loads(text)["provenance"]
    assert "Natural Earth" in provenance["data"]
    assert "public domain" in provenance["data"]
    assert len(provenance["sha256"]) == 64
