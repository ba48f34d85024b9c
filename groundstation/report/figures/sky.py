"""The sky over a station during one contact: where the satellite runs, and past what."""

from collections.abc import Iterable
from functools import partial

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from groundstation.network import Station
from groundstation.night_records import NightPass
from groundstation.report.drawing.canvas import Canvas, symbol
from passes.track import Track

Floats = NDArray[np.float64]

SIZE_PT = 300.0
CENTRE_PT, RADIUS_PT = SIZE_PT / 2.0, SIZE_PT / 2.32
RINGS_DEG = (30.0, 60.0)
COMPASS = "compass"
# Below this ratio of singular values the pass runs so straight over the zenith that the Moon could
# stand on either side of it.
SMALLEST_SPREAD = 0.05


def sky_figure(night_pass: NightPass, station: Station) -> Canvas:
    """The contact in azimuth and elevation: zenith in the middle, North up, East to the right."""
    track = night_pass.track
    canvas = Canvas(SIZE_PT, SIZE_PT)
    canvas.shared(limits_name(station), partial(draw_limits, station))
    canvas.shared(COMPASS, draw_compass)
    _draw_track(canvas, track)
    _draw_ring_names(canvas)
    _draw_keyhole(canvas, track, keyhole_seconds(track))
    moon = moon_direction(track)
    if moon is not None and moon[1] > 0.0:
        _draw_moon(canvas, track, *moon)
    return canvas


def keyhole_seconds(track: Track) -> NDArray[np.bool_]:
    """True where the mount cannot follow, shape (n,) like the track."""
    if track.mount_follows is None:
        return np.zeros(track.times_s.shape, dtype=np.bool_)
    return np.logical_not(track.mount_follows)


def moon_direction(track: Track) -> tuple[float, float] | None:
    """Mean azimuth and elevation of the Moon [rad] over a pass, from its separations.

    The track knows the Moon's elevation and its separation from the line of sight. Every second
    gives one equation u_t . m = cos(separation) for the direction m; its upward part is known, the
    two horizontal ones follow by least squares. The Moon moves 1.25 degrees in five minutes, which
    is the error. None where a straight pass over the zenith leaves two answers, or without data.
    """
    known = np.isfinite(track.moon_separation_rad) & np.isfinite(track.moon_elevation_rad)
    if np.count_nonzero(known) < 3:
        return None
    azimuth, elevation = track.azimuth_rad[known], track.elevation_rad[known]
    horizontal = np.cos(elevation)[:, None] * np.column_stack([np.sin(azimuth), np.cos(azimuth)])
    moon_elevation = track.moon_elevation_rad[known]
    remainder = np.cos(track.moon_separation_rad[known]) - np.sin(elevation) * np.sin(
        moon_elevation
    )
    solution, _, _, spread = np.linalg.lstsq(horizontal, remainder, rcond=None)
    if spread[1] < SMALLEST_SPREAD * spread[0]:
        return None
    east, north = solution
    return float(np.arctan2(east, north) % (2.0 * np.pi)), float(np.mean(moon_elevation))


def on_chart(azimuth_rad: Floats | float, elevation_rad: Floats | float) -> Floats:
    """Points of the chart [pt], shape (..., 2): zenith distance is linear from the middle."""
    radius = RADIUS_PT * (1.0 - np.asarray(elevation_rad, dtype=np.float64) / (np.pi / 2.0))
    return np.stack(
        [CENTRE_PT + radius * np.sin(azimuth_rad), CENTRE_PT - radius * np.cos(azimuth_rad)],
        axis=-1,
    )


def draw_compass(canvas: Canvas) -> None:
    """What every sky plot has: horizon, rings, cross and points of the compass."""
    middle = (CENTRE_PT, CENTRE_PT)
    for ring_deg in RINGS_DEG:
        canvas.circle(middle, RADIUS_PT * (1.0 - ring_deg / 90.0), stroke="line", width_pt=0.8)
    low, high = CENTRE_PT - RADIUS_PT, CENTRE_PT + RADIUS_PT
    canvas.line(np.array([[low, CENTRE_PT], [high, CENTRE_PT]]), "line", 0.8)
    canvas.line(np.array([[CENTRE_PT, low], [CENTRE_PT, high]]), "line", 0.8)
    canvas.circle(middle, RADIUS_PT, stroke="axis")
    for name, azimuth_deg in (("N", 0.0), ("E", 90.0), ("S", 180.0), ("W", 270.0)):
        x, y = on_chart(np.radians(azimuth_deg), np.radians(-7.5))
        canvas.text((float(x), float(y)), name, anchor="middle", is_bold=True)


def _draw_ring_names(canvas: Canvas) -> None:
    """Elevations of the rings, over the track that may cross them."""
    for ring_deg in RINGS_DEG:
        x, y = on_chart(np.radians(135.0), np.radians(ring_deg))
        place = (float(x), float(y))
        canvas.text(place, f"{ring_deg:g}°", "soft", anchor="middle", halo="card")


def limits_name(station: Station) -> str:
    """The name of what all sky plots over a station share."""
    return f"limits-{station.name}"


def sky_symbols(stations: Iterable[Station]) -> Markup:
    """What a page must hold once for the sky plots over these stations."""
    drawn = [symbol(limits_name(s), partial(draw_limits, s)) for s in stations]
    return Markup("").join([symbol(COMPASS, draw_compass), *drawn])


def draw_limits(station: Station, canvas: Canvas) -> None:
    """A station's horizon mask and its lowest elevation of a contact."""
    mask = station.site.horizon
    if not mask.is_level:
        # The mask lies between the horizon and the skyline: out along one, back along the other.
        around = np.radians(np.arange(0.0, 361.0, 3.0))
        skyline = on_chart(around, np.maximum(mask.elevation_at(around), 0.0))
        canvas.area([np.concatenate([on_chart(around, 0.0), skyline[::-1]])], "mask")
    lowest = RADIUS_PT * (1.0 - station.min_elevation_rad / (np.pi / 2.0))
    canvas.circle((CENTRE_PT, CENTRE_PT), lowest, stroke="axis", width_pt=0.9, dashes="3 3")


def _draw_track(canvas: Canvas, track: Track) -> None:
    points = on_chart(track.azimuth_rad, track.elevation_rad)
    canvas.line(points, "track", 1.2)
    usable = np.where(track.is_usable[:, None], points, np.nan)
    canvas.line(usable, "taken", 3.6, round_ends=True)
    seconds = np.flatnonzero(track.is_usable)
    if seconds.size > 1:
        _draw_arrow(canvas, points, int(seconds[seconds.size // 3]))


def _draw_arrow(canvas: Canvas, points: Floats, at: int) -> None:
    """An arrowhead along the track, so that the direction does not rest on colour."""
    along = points[min(at + 3, len(points) - 1)] - points[max(at - 3, 0)]
    length = float(np.hypot(*along))
    if length == 0.0:
        return
    along = along / length * 0.085 * RADIUS_PT
    across = np.array([-along[1], along[0]]) * 0.6
    tip = points[at] + along
    canvas.area([np.array([tip, tip - 1.7 * along + across, tip - 1.7 * along - across])], "taken")


def _draw_keyhole(canvas: Canvas, track: Track, blocked: NDArray[np.bool_]) -> None:
    if not blocked.any():
        return
    points = on_chart(track.azimuth_rad, track.elevation_rad)
    canvas.line(np.where(blocked[:, None], points, np.nan), "keyhole", 2.4, dashes="2 2")
    middle = points[blocked].mean(axis=0)
    for slope in (1.0, -1.0):
        arm = 4.5 * np.array([1.0, slope])
        canvas.line(np.array([middle - arm, middle + arm]), "keyhole", 3.0)


def _draw_moon(canvas: Canvas, track: Track, azimuth_rad: float, elevation_rad: float) -> None:
    x, y = (float(value) for value in on_chart(azimuth_rad, elevation_rad))
    canvas.circle((x, y), 5.5, fill="paper", stroke="moon", width_pt=1.6)
    points = on_chart(track.azimuth_rad, track.elevation_rad)

    def room(side: float) -> float:
        """Distance of the word's middle from the track; none where it would leave the chart."""
        middle = x + 0.25 * RADIUS_PT * side
        if abs(middle - CENTRE_PT) >= 0.9 * RADIUS_PT:
            return 0.0
        return float(np.hypot(points[:, 0] - middle, points[:, 1] - y).min())

    side = max((-1.0, 1.0), key=room)
    anchor = "end" if side < 0 else "start"
    place = (x + 0.085 * RADIUS_PT * side, y)
    canvas.text(place, "Moon", "moon", anchor=anchor, is_bold=True, halo="card")
