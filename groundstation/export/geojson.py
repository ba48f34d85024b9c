"""A night as GeoJSON (RFC 7946): stations, fibres, ground tracks, what is below each contact."""

import json
from typing import Any

import numpy as np

from groundstation.export.antimeridian import cut_at_antimeridian
from groundstation.export.ground_tracks import below_contact
from groundstation.instants import utc_text
from groundstation.network import Network
from groundstation.night_records import NightOutcome

Position = tuple[float, float]


def geojson(outcome: NightOutcome) -> str:
    """The FeatureCollection; longitude and latitude in degrees, WGS 84, lines cut at 180."""
    features = [*_nodes(outcome.network), *_fibres(outcome.network)]
    for track in outcome.ground_tracks:
        lines = cut_at_antimeridian(track.longitude_deg, track.latitude_deg)
        features.append(_lines(lines, {"kind": "ground track", "satellite": track.satellite}))
    for contact in outcome.plan.contacts:
        longitude, latitude = below_contact(outcome, contact)
        features.append(
            _lines(
                cut_at_antimeridian(longitude, latitude),
                {
                    "kind": "contact",
                    "pass_id": contact.pass_id,
                    "satellite": contact.satellite,
                    "station": contact.station,
                    "start_utc": utc_text(contact.start),
                    "stop_utc": utc_text(contact.stop),
                    "key_bits": contact.key_bits,
                },
            )
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def ground_nodes_deg(network: Network) -> dict[str, tuple[str, Position]]:
    """Title and (longitude, latitude) of every ground node by name."""
    nodes = {
        s.name: (s.title, _degrees(s.site.longitude_rad, s.site.latitude_rad))
        for s in network.stations
    }
    for node in network.fibre_nodes:
        nodes[node.name] = (node.title, _degrees(node.longitude_rad, node.latitude_rad))
    return nodes


def _degrees(longitude_rad: float, latitude_rad: float) -> Position:
    return round(float(np.degrees(longitude_rad)), 6), round(float(np.degrees(latitude_rad)), 6)


def _nodes(network: Network) -> list[dict[str, Any]]:
    telescopes = {station.name for station in network.stations}
    return [
        _feature(
            {"type": "Point", "coordinates": list(position)},
            {
                "kind": "station" if name in telescopes else "fibre node",
                "name": name,
                "title": title,
            },
        )
        for name, (title, position) in ground_nodes_deg(network).items()
    ]


def _fibres(network: Network) -> list[dict[str, Any]]:
    nodes = ground_nodes_deg(network)
    features = []
    for link in network.fibre_links:
        ends = nodes[link.a][1], nodes[link.b][1]
        lines = cut_at_antimeridian([e[0] for e in ends], [e[1] for e in ends])
        properties = {
            "kind": "fibre",
            "a": link.a,
            "b": link.b,
            "key_rate_bps": link.key_rate_bps,
        }
        features.append(_lines(lines, properties))
    return features


def _lines(lines: list[list[Position]], properties: dict[str, Any]) -> dict[str, Any]:
    coordinates = [[list(_rounded(point)) for point in line] for line in lines]
    return _feature({"type": "MultiLineString", "coordinates": coordinates}, properties)


def _rounded(point: Position) -> Position:
    # Five digits are a metre; more would double the file.
    return round(point[0], 5), round(point[1], 5)


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
