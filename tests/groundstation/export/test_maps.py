"""KML, GeoJSON and CZML show the satellite where it is."""

import itertools
import json
from xml.etree import ElementTree as ET

import geojson as geojson_parser
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.export.antimeridian import cut_at_antimeridian
from groundstation.export.czml import czml
from groundstation.export.geojson import geojson
from groundstation.export.kml import NAMESPACE, kml
from groundstation.instants import utc_text

KML = f"{{{NAMESPACE}}}"


def parsed(text):
    return ET.fromstring(text)  # noqa: S314  our own text


def every_line(document):
    for feature in document["features"]:
        if feature["geometry"]["type"] == "MultiLineString":
            yield from feature["geometry"]["coordinates"]


def test_a_geojson_parser_finds_the_document_valid(outcome, hostile):
    for night in (outcome, hostile):
        document = geojson_parser.loads(geojson(night))
        assert document.is_valid, document.errors()


def test_stations_stand_where_they_are(outcome):
    document = json.loads(geojson(outcome))
    places = {
        f["properties"]["name"]: f["geometry"]["coordinates"]
        for f in document["features"]
        if f["geometry"]["type"] == "Point"
    }
    for station in outcome.network.stations:
        # Longitude first, as RFC 7946 has it.
        assert places[station.name] == pytest.approx(
            [np.degrees(station.site.longitude_rad), np.degrees(station.site.latitude_rad)],
            abs=1e-6,
        )


def test_no_line_of_a_map_jumps_across_the_world(outcome):
    lines = list(every_line(json.loads(geojson(outcome))))
    assert max(abs(b[0] - a[0]) for line in lines for a, b in itertools.pairwise(line)) < 90
    root = parsed(kml(outcome))
    for element in root.iter(f"{KML}coordinates"):
        points = [tuple(map(float, p.split(","))) for p in element.text.split()]
        steps = [abs(b[0] - a[0]) for a, b in itertools.pairwise(points)]
        assert max(steps, default=0.0) < 90.0


@given(
    st.lists(st.tuples(st.floats(-179.9, 179.9), st.floats(-80.0, 80.0)), min_size=2, max_size=12)
)
def test_a_cut_line_has_the_same_length_and_stays_within_180(points):
    longitude, latitude = zip(*points, strict=True)
    turned = np.unwrap(longitude, period=360.0)
    whole = np.hypot(np.diff(turned), np.diff(latitude)).sum()
    pieces = cut_at_antimeridian(longitude, latitude)
    parts = 0.0
    for piece in pieces:
        x, y = np.array(piece).T
        assert np.abs(x).max() <= 180.0
        assert np.abs(np.diff(x)).max() <= 180.0
        parts += np.hypot(np.diff(x), np.diff(y)).sum()
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_kml_has_the_structure_of_the_standard(outcome, hostile):
    for night in (outcome, hostile):
        root = parsed(kml(night))
        assert root.tag == f"{KML}kml"
        styles = {style.get("id") for style in root.iter(f"{KML}Style")}
        for url in root.iter(f"{KML}styleUrl"):
            assert url.text.removeprefix("#") in styles
        order = ["name", "description", "TimeSpan", "styleUrl", "Point", "MultiGeometry"]
        for place in root.iter(f"{KML}Placemark"):
            tags = [child.tag.removeprefix(KML) for child in place]
            assert tags == sorted(tags, key=order.index)
            assert tags[-1] in {"Point", "MultiGeometry"}


def test_a_contact_of_the_kml_carries_its_time_span(outcome):
    contact = outcome.plan.contacts[0]
    root = parsed(kml(outcome))
    span = root.find(f".//{KML}TimeSpan")
    assert [child.text for child in span] == [utc_text(contact.start), utc_text(contact.stop)]


def test_the_czml_document_comes_first_and_ids_are_unique(outcome):
    packets = json.loads(czml(outcome))
    assert packets[0]["id"] == "document"
    assert packets[0]["version"] == "1.0"
    ids = [packet["id"] for packet in packets]
    assert len(set(ids)) == len(ids)


def test_a_contact_of_the_czml_joins_two_objects_of_the_file(outcome, hostile):
    for night in (outcome, hostile):
        packets = json.loads(czml(night))
        ids = {packet["id"] for packet in packets}
        lines = [p for p in packets if "polyline" in p]
        assert len(lines) == len(night.plan.contacts)
        for line in lines:
            for reference in line["polyline"]["positions"]["references"]:
                assert reference.removesuffix("#position").replace("\\", "") in {
                    i.replace("\\", "") for i in ids
                }


def test_satellites_of_the_czml_fly_where_their_ground_track_runs(outcome):
    packets = json.loads(czml(outcome))
    for track in outcome.ground_tracks:
        packet = next(p for p in packets if p["id"] == f"satellite/{track.satellite}")
        rows = np.array(packet["position"]["cartesian"]).reshape(-1, 4)
        longitude = np.degrees(np.arctan2(rows[:, 2], rows[:, 1]))
        expected = np.array(track.longitude_deg)[:: 120 // 30][: len(rows)]
        off = (longitude[: len(expected)] - expected + 180.0) % 360.0 - 180.0
        assert np.abs(off).max() < 1e-3
