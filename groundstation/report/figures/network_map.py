"""The map of a night: stations, fibre, relays, ground tracks over the shipped coastline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from groundstation.network import Network
from groundstation.night_records import GroundTrack, NightOutcome
from groundstation.report.figures.labels import LABEL_SIZE_PT, placed_labels
from groundstation.report.figures.palette import LIGHT
from groundstation.report.figures.svg import blank_figure, drawing_style, short_label

Floats = NDArray[np.float64]

WIDTH_PT = 720.0
SMALLEST_HEIGHT_PT, LARGEST_HEIGHT_PT = 360.0, 470.0
MARGIN_DEG = 5.0
SMALLEST_SPAN_DEG = 20.0
LONGEST_TITLE = 24
# The thin part of a ground track on either side of its contact.
AROUND_CONTACT = timedelta(minutes=12)


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

    def longitude(self, longitude_deg: Floats) -> Floats:
        """Longitudes turned to within half a turn of the middle of the view."""
        middle = 0.5 * (self.west_deg + self.east_deg)
        return middle + (longitude_deg - middle + 180.0) % 360.0 - 180.0


def network_map(outcome: NightOutcome) -> Figure:
    """Stations, fibre nodes and links, relays, and the night's ground tracks; plate carrée."""
    network = outcome.network
    places = node_positions_deg(network)
    view = view_of(list(places.values()))
    height_pt = float(
        np.clip(
            WIDTH_PT
            * (view.north_deg - view.south_deg)
            / ((view.east_deg - view.west_deg) * view.stretch),
            SMALLEST_HEIGHT_PT,
            LARGEST_HEIGHT_PT,
        )
    )
    with drawing_style():
        figure = blank_figure(WIDTH_PT, height_pt)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.add_patch(
            PathPatch(
                Path.unit_rectangle(), transform=axes.transAxes, color=LIGHT["sea"], linewidth=0
            )
        )
        _draw_land(axes, view)
        _draw_tracks(axes, view, outcome)
        _draw_links(axes, view, outcome, places)
        _draw_nodes(axes, view, network, places)
        axes.set_xlim(view.west_deg, view.east_deg)
        axes.set_ylim(view.south_deg, view.north_deg)
    return figure


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


def _draw_land(axes: Axes, view: View) -> None:
    frame = Bbox.from_extents(view.west_deg, view.south_deg, view.east_deg, view.north_deg)
    rings = [np.asarray(ring) for ring in coastline()]
    paths = []
    for turn in (-360.0, 0.0, 360.0):
        for ring in rings:
            shifted = ring + np.array([turn, 0.0])
            if _overlaps(shifted, view):
                paths.append(Path(shifted, closed=True))
    if not paths:
        return
    # Cutting here instead of by a clip path keeps what lies outside out of the file.
    land = Path.make_compound_path(*paths).clip_to_bbox(frame)
    axes.add_patch(PathPatch(land, color=LIGHT["land"], linewidth=0))


def _overlaps(ring: Floats, view: View) -> bool:
    (west, south), (east, north) = ring.min(axis=0), ring.max(axis=0)
    return bool(
        west < view.east_deg
        and east > view.west_deg
        and south < view.north_deg
        and north > view.south_deg
    )


def _draw_tracks(axes: Axes, view: View, outcome: NightOutcome) -> None:
    """Where the satellites run: bold during each contact, thin some minutes around it."""
    tracks = {track.satellite: track for track in outcome.ground_tracks}
    for around, colour, width in ((AROUND_CONTACT, "track", 0.8), (timedelta(0), "taken", 2.6)):
        lines = [
            part
            for contact in outcome.plan.contacts
            if contact.satellite in tracks
            for part in track_segments(
                view, tracks[contact.satellite], contact.start - around, contact.stop + around
            )
            if _overlaps(part, view)
        ]
        axes.add_collection(
            LineCollection(lines, colors=LIGHT[colour], linewidths=width), autolim=False
        )


def _draw_links(
    axes: Axes, view: View, outcome: NightOutcome, places: dict[str, tuple[float, float]]
) -> None:
    def line(a: str, b: str) -> tuple[list[float], list[float]]:
        longitude = view.longitude(np.array([places[a][0], places[b][0]]))
        return longitude.tolist(), [places[a][1], places[b][1]]

    for link in outcome.network.fibre_links:
        if link.a in places and link.b in places:
            axes.plot(*line(link.a, link.b), color=LIGHT["fibre"], linewidth=2.2)
    joined = {
        tuple(sorted((hop.a, hop.b)))
        for relay in outcome.plan.relays
        for hop in relay.hops
        if hop.satellite is not None
    }
    for a, b in sorted(joined):
        if a in places and b in places:
            axes.plot(*line(a, b), color=LIGHT["relay"], linewidth=1.8, dashes=(5, 2.5))


def _draw_nodes(
    axes: Axes, view: View, network: Network, places: dict[str, tuple[float, float]]
) -> None:
    kinds = [(s.name, s.title, "o", "link", 8.0) for s in network.stations]
    kinds += [(n.name, n.title, "s", "fibre", 6.5) for n in network.fibre_nodes]
    positions = {
        name: (float(view.longitude(np.array([longitude]))[0]), latitude)
        for name, (longitude, latitude) in places.items()
    }
    for name, _, marker, colour, size in kinds:
        axes.plot(
            [positions[name][0]],
            [positions[name][1]],
            color=LIGHT[colour],
            marker=marker,
            markersize=size,
            markerfacecolor=LIGHT[colour],
            markeredgecolor=LIGHT["paper"],
            markeredgewidth=1.2,
        )
    scale = WIDTH_PT / (view.east_deg - view.west_deg)
    labels = map_labels({name: title or name for name, title, *_ in kinds})
    anchors_pt = {
        name: ((x - view.west_deg) * scale, (y - view.south_deg) * scale / view.stretch)
        for name, (x, y) in positions.items()
    }
    for name, spot in placed_labels(anchors_pt, labels, WIDTH_PT).items():
        axes.annotate(
            labels[name],
            positions[name],
            xytext=(spot.dx_pt, spot.dy_pt),
            textcoords="offset points",
            ha=spot.align,
            va="center",
            color=LIGHT["ink"],
            fontsize=LABEL_SIZE_PT,
            parse_math=False,
        )
