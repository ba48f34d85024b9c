"""Bake the shipped coastline from the TopoJSON of the npm package world-atlas.

Run once by hand, with shapely in a throw-away environment:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/make_coastline.py package/land-110m.json groundstation/data/coastline.json

The topology is stitched across the antimeridian: read as it stands, its rings draw bars through
Russia, Fiji and Antarctica. Each ring is therefore unwrapped along longitude, a ring around the
pole is closed along -90 degrees, and the polygon is cut at +-180 degrees.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.polygon import orient
from shapely.ops import unary_union

STEP_DEG = 0.1
# Smaller pieces are slivers of the cut; 0.05 square degrees is about 600 km2 at the equator.
SMALLEST_DEG2 = 0.05

Point = tuple[float, float]


def decoded_arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """Undo the delta coding and the quantisation of TopoJSON; degrees."""
    (scale_x, scale_y), (shift_x, shift_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)
    return arcs


def ring_of(indices: list[int], arcs: list[list[Point]]) -> list[Point]:
    """Join arcs to a ring; a negative index runs the arc ~index backwards."""
    ring: list[Point] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring.extend(arc[1:] if ring else arc)
    return ring


def unwrapped(ring: list[Point]) -> list[Point]:
    """Make longitude continuous; close a ring around the South Pole along -90 degrees."""
    points = [ring[0]]
    for longitude, latitude in ring[1:]:
        turns = round((longitude - points[-1][0]) / 360.0)
        points.append((longitude - 360.0 * turns, latitude))
    if abs(points[-1][0] - points[0][0]) > 180.0:
        points += [(points[-1][0], -90.0), (points[0][0], -90.0), points[0]]
    return points


def beside(hole: list[Point], hull: list[Point]) -> list[Point]:
    """Turn a hole to the revolution in which its unwrapped hull lies."""
    longitudes = [longitude for longitude, _ in hull]
    turn = next(
        turn
        for turn in (0.0, -360.0, 360.0)
        if min(longitudes) <= hole[0][0] + turn <= max(longitudes)
    )
    return [(longitude + turn, latitude) for longitude, latitude in hole]


def cut(polygon: Polygon) -> list[Polygon]:
    """Pieces of an unwrapped polygon inside -180..180 degrees."""
    world = box(-180.0, -90.0, 180.0, 90.0)
    shifted = [affinity.translate(polygon.buffer(0), xoff=turn) for turn in (-360.0, 0.0, 360.0)]
    pieces = unary_union([copy.intersection(world) for copy in shifted])
    parts = pieces.geoms if isinstance(pieces, MultiPolygon) else [pieces]
    # Land runs against the clock and holes with it, so that both fill rules leave the holes open.
    return [orient(p) for p in parts if isinstance(p, Polygon) and p.area >= SMALLEST_DEG2]


def rounded(ring: list[Point]) -> list[list[float]]:
    """Round to STEP_DEG and drop points that fall together."""
    points: list[list[float]] = []
    for longitude, latitude in ring:
        point = [round(round(value / STEP_DEG) * STEP_DEG, 1) for value in (longitude, latitude)]
        if not points or point != points[-1]:
            points.append(point)
    return points


def main(source: Path, target: Path) -> None:
    content = source.read_bytes()
    topology = json.loads(content)
    arcs = decoded_arcs(topology)
    rings: list[list[list[float]]] = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for outline, *holes in geometry["arcs"]:
            hull = unwrapped(ring_of(outline, arcs))
            lakes = [beside(unwrapped(ring_of(hole, arcs)), hull) for hole in holes]
            for piece in cut(Polygon(hull, lakes)):
                rings.append(rounded(list(piece.exterior.coords)))
                # Holes (the Caspian Sea) are rings of their own, told by their sense of rotation.
                rings.extend(rounded(list(hole.coords)) for hole in piece.interiors)
    rings = sorted((ring for ring in rings if len(ring) >= 4), key=len, reverse=True)
    document = {
        "provenance": {
            "data": "Natural Earth 1:110 m land, public domain",
            "package": "npm world-atlas 2.0.2, land-110m.json",
            "sha256": hashlib.sha256(content).hexdigest(),
            "made_by": "tools/make_coastline.py: cut at +-180 degrees, rounded to 0.1 degree",
        },
        "rings_longitude_latitude_deg": rings,
    }
    target.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(rings)} rings, {sum(map(len, rings))} points, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
