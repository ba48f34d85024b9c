"""The map of a night: stations, fibre, relays, ground tracks over the shipped coastline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Network
from groundstation.night_records import GroundTrack, NightOutcome
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.figures.labels import LABEL_SIZE_PT, placed_labels, short_label

Floats = NDArray[np.float64]

WIDTH_PT = 720.0
SMALLEST_HEIGHT_PT, LARGEST_HEIGHT_PT = 360.0, 470.0
MARGIN_DEG = 5.0
SMALLEST_SPAN_DEG = 20.0
LONGEST_TITLE = 24
# The thin part of a ground track on either side of its contact.
AROUND_CONTACT = timedelta(minutes=12)
ANCHORS = {"left": "start", "right": "end", "center": "middle"}


@dataclass(frozen=True, slots=True)
class View:
    """The part of the world that a map shows; longitudes run on over 180 degrees where needed."""

    west_deg: float
    east_deg: float
    south_deg: float
    north_deg: float

    @property
    def stretch(self) -> float:
        """Degrees of longitude over degrees of latitude at equal length, in the middle."""
        return float(np.cos(np.radians(0.5 * (self.south_deg + self.north_deg))))

    @property
    def height_pt(self) -> float:
        """Height of a map of this view, within limits [pt]."""
        shape = (self.north_deg - self.south_deg) / ((self.east_deg - self.west_deg) * self.stretch)
        return float(np.clip(WIDTH_PT * shape, SMALLEST_HEIGHT_PT, LARGEST_HEIGHT_PT))

    def place(self, points_deg: Floats) -> Floats:
        """Longitude and latitude, shape (n, 2), as points of the map [pt]."""
        across = WIDTH_PT / (self.east_deg - self.west_deg)
        down = self.height_pt / (self.north_deg - self.south_deg)
        return np.stack(
            [
                (points_deg[..., 0] - self.west_deg) * across,
                (self.north_deg - points_deg[..., 1]) * down,
            ],
            axis=-1,
        )

    def longitude(self, longitude_deg: Floats) -> Floats:
        """Longitudes turned to within half a turn of the middle of the view."""
        middle = 0.5 * (self.west_deg + self.east_deg)
        return middle + (longitude_deg - middle + 180.0) % 360.0 - 180.0


def network_map(outcome: NightOutcome) -> Canvas:
    """Stations, fibre nodes and links, relays, and the night's ground tracks; plate carrée."""
    network = outcome.network
    places = node_positions_deg(network)
    view = view_of(list(places.values()))
    canvas = Canvas(WIDTH_PT, view.height_pt)
    canvas.rectangle(0.0, 0.0, canvas.width_pt, canvas.height_pt, fill="sea")
    _draw_land(canvas, view)
    _draw_tracks(canvas, view, outcome)
    _draw_links(canvas, view, outcome, places)
    _draw_nodes(canvas, view, network, places)
    return canvas


def node_positions_deg(network: Network) -> dict[str, tuple[float, float]]:
    """Longitude and latitude [deg] of every ground node by name."""
    places = {
        station.name: (
            float(np.degrees(station.site.longitude_rad)),
            float(np.degrees(station.site.latitude_rad)),
        )
        for station in network.stations
    }
    for node in network.fibre_nodes:
        places[node.name] = (
            float(np.degrees(node.longitude_rad)),
            float(np.degrees(node.latitude_rad)),
        )
    return places


def view_of(places: list[tuple[float, float]]) -> View:
    """The smallest view with a margin around all places; the widest gap stays outside."""
    if not places:
        return View(-180.0, 180.0, -90.0, 90.0)
    longitudes = np.sort([longitude % 360.0 for longitude, _ in places])
    gaps = np.diff(np.append(longitudes, longitudes[0] + 360.0))
    widest = int(np.argmax(gaps))
    west = float(longitudes[(widest + 1) % longitudes.size])
    span = 360.0 - float(gaps[widest])
    latitudes = [latitude for _, latitude in places]
    south, north = min(latitudes) - MARGIN_DEG, max(latitudes) + MARGIN_DEG
    middle = 0.5 * (south + north)
    half_height = max(0.5 * (north - south), 0.5 * SMALLEST_SPAN_DEG)
    stretch = max(float(np.cos(np.radians(middle))), 0.2)
    half_width = 0.5 * span + MARGIN_DEG / stretch
    # The figure has limits of its own; the short side of the view gives way.
    half_width = max(half_width, half_height * WIDTH_PT / LARGEST_HEIGHT_PT / stretch)
    half_height = max(half_height, half_width * stretch * SMALLEST_HEIGHT_PT / WIDTH_PT)
    half_width, half_height = min(half_width, 180.0), min(half_height, 90.0)
    centre = (west + 0.5 * span + 180.0) % 360.0 - 180.0
    middle = float(np.clip(middle, half_height - 90.0, 90.0 - half_height))
    return View(
        centre - half_width, centre + half_width, middle - half_height, middle + half_height
    )


def coastline() -> tuple[tuple[tuple[float, float], ...], ...]:
    """Rings of the shipped land, longitude and latitude [deg], cut at +-180 degrees.

    Natural Earth 1:110 m land, public domain; `provenance` in the file says how it was made.
    """
    text = resources.files("groundstation").joinpath("data/coastline.json").read_text("utf-8")
    rings = json.loads(text)["rings_longitude_latitude_deg"]
    return tuple(tuple((float(lon), float(lat)) for lon, lat in ring) for ring in rings)


def track_segments(view: View, track: GroundTrack, start: datetime, stop: datetime) -> list[Floats]:
    """The ground track between two instants as lines of shape (n, 2), longitude and latitude [deg].

    A line is cut where the track leaves the map on one side and returns on the other.
    """
    times_s = np.asarray(track.times_s, dtype=np.float64)
    if times_s.size < 2:
        return []
    first_s = max((start - track.epoch).total_seconds(), float(times_s[0]))
    last_s = min((stop - track.epoch).total_seconds(), float(times_s[-1]))
    if first_s >= last_s:
        return []
    inside = times_s[(times_s > first_s) & (times_s < last_s)]
    at_s = np.concatenate([[first_s], inside, [last_s]])
    unwrapped = np.unwrap(np.asarray(track.longitude_deg, dtype=np.float64), period=360.0)
    longitude = view.longitude(np.interp(at_s, times_s, unwrapped))
    points = np.column_stack([longitude, np.interp(at_s, times_s, np.asarray(track.latitude_deg))])
    cuts = np.flatnonzero(np.abs(np.diff(longitude)) > 180.0) + 1
    return [part for part in np.split(points, cuts) if part.shape[0] > 1]


def map_labels(titles: Mapping[str, str]) -> dict[str, str]:
    """What stands beside the markers: titles, or the short names where titles are long."""
    is_long = any(len(title) > LONGEST_TITLE for title in titles.values())
    return {name: short_label(name if is_long else title) for name, title in titles.items()}


def _draw_land(canvas: Canvas, view: View) -> None:
    rings = [np.asarray(ring) for ring in coastline()]
    inside = []
    for turn in (-360.0, 0.0, 360.0):
        for ring in rings:
            shifted = ring + np.array([turn, 0.0])
            if _overlaps(shifted, view):
                cut = clipped(shifted, view)
                if len(cut) > 2:
                    inside.append(view.place(cut))
    canvas.area(inside, "land")


def clipped(ring: Floats, view: View) -> Floats:
    """The part of a closed ring inside the view, shape (n, 2).

    I. E. Sutherland and G. W. Hodgman, Commun. ACM 17, 32 (1974): one edge after the other. What
    lies outside stays out of the file.
    """
    for axis, limit, sign in (
        (0, view.west_deg, 1.0),
        (0, view.east_deg, -1.0),
        (1, view.south_deg, 1.0),
        (1, view.north_deg, -1.0),
    ):
        if len(ring) < 3:
            break
        here, after = ring, np.roll(ring, -1, axis=0)
        inside = sign * (here[:, axis] - limit) >= 0.0
        leaves = inside != np.roll(inside, -1)
        step = after[:, axis] - here[:, axis]
        share = np.divide(limit - here[:, axis], step, out=np.zeros_like(step), where=step != 0.0)
        crossing = here + share[:, None] * (after - here)
        # Every corner is followed by the crossing of its edge; both are kept where they count.
        both = np.stack([here, crossing], axis=1).reshape(-1, 2)
        ring = both[np.stack([inside, leaves], axis=1).ravel()]
    return ring


def _overlaps(ring: Floats, view: View) -> bool:
    (west, south), (east, north) = ring.min(axis=0), ring.max(axis=0)
    return bool(
        west < view.east_deg
        and east > view.west_deg
        and south < view.north_deg
        and north > view.south_deg
    )


def _draw_tracks(canvas: Canvas, view: View, outcome: NightOutcome) -> None:
    """Where the satellites run: bold during each contact, thin some minutes around it."""
    tracks = {track.satellite: track for track in outcome.ground_tracks}
    for around, colour, width in ((AROUND_CONTACT, "track", 0.8), (timedelta(0), "taken", 2.6)):
        for contact in outcome.plan.contacts:
            if contact.satellite not in tracks:
                continue
            for part in track_segments(
                view, tracks[contact.satellite], contact.start - around, contact.stop + around
            ):
                if _overlaps(part, view):
                    canvas.line(view.place(part), colour, width)


def _draw_links(
    canvas: Canvas, view: View, outcome: NightOutcome, places: dict[str, tuple[float, float]]
) -> None:
    def ends(a: str, b: str) -> Floats:
        longitude = view.longitude(np.array([places[a][0], places[b][0]]))
        return view.place(np.column_stack([longitude, [places[a][1], places[b][1]]]))

    for link in outcome.network.fibre_links:
        if link.a in places and link.b in places:
            canvas.line(ends(link.a, link.b), "fibre", 2.2)
    for a, b in relayed_pairs(outcome):
        if a in places and b in places:
            canvas.line(ends(a, b), "relay", 1.8, dashes="9 4.5")


def relayed_pairs(outcome: NightOutcome) -> list[tuple[str, str]]:
    """Stations that a satellite joins in the plan's relays, each pair once and sorted."""
    return sorted(
        {
            (min(hop.a, hop.b), max(hop.a, hop.b))
            for relay in outcome.plan.carried
            for hop in relay.hops
            if hop.satellite is not None
        }
    )


def _draw_nodes(
    canvas: Canvas, view: View, network: Network, places: dict[str, tuple[float, float]]
) -> None:
    positions = {
        name: view.place(np.array([float(view.longitude(np.array([longitude]))[0]), latitude]))
        for name, (longitude, latitude) in places.items()
    }
    for station in network.stations:
        x, y = positions[station.name].tolist()
        canvas.circle((x, y), 4.0, fill="link", stroke="paper", width_pt=1.2)
    for node in network.fibre_nodes:
        x, y = positions[node.name].tolist()
        canvas.rectangle(x - 3.2, y - 3.2, 6.4, 6.4, fill="fibre", stroke="paper", stroke_pt=1.2)
    titles = [(station.name, station.title) for station in network.stations]
    titles += [(node.name, node.title) for node in network.fibre_nodes]
    labels = map_labels({name: title or name for name, title in titles})
    # Labels are placed in axes that run up.
    anchors_pt = {
        name: (float(point[0]), canvas.height_pt - float(point[1]))
        for name, point in positions.items()
    }
    for name, spot in placed_labels(anchors_pt, labels, WIDTH_PT).items():
        x, y = positions[name].tolist()
        canvas.text(
            (x + spot.dx_pt, y - spot.dy_pt),
            labels[name],
            anchor=ANCHORS[spot.align],
            size_pt=LABEL_SIZE_PT,
            halo="sea",
        )
