"""The sky over a station during one contact: where the satellite runs, and past what."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groundstation.network import Station
from groundstation.night_records import NightPass
from groundstation.report.figures.palette import LIGHT
from groundstation.report.figures.svg import blank_figure, drawing_style
from passes.track import Track

Floats = NDArray[np.float64]

SIZE_PT = 300.0
RINGS_DEG = (30.0, 60.0)
# Below this ratio of singular values the pass runs so straight over the zenith that the Moon could
# stand on either side of it.
SMALLEST_SPREAD = 0.05


def sky_figure(night_pass: NightPass, station: Station) -> Figure:
    """The contact in azimuth and elevation: zenith in the middle, North up, East to the right."""
    track = night_pass.track
    with drawing_style():
        figure = blank_figure(SIZE_PT, SIZE_PT)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(-1.16, 1.16)
        axes.set_ylim(-1.16, 1.16)
        _draw_compass(axes, station)
        _draw_track(axes, track)
        _draw_keyhole(axes, track, keyhole_seconds(track))
        moon = moon_direction(track)
        if moon is not None and moon[1] > 0.0:
            _draw_moon(axes, track, *moon)
    return figure


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


def _on_chart(azimuth_rad: Floats | float, elevation_rad: Floats | float) -> tuple[Floats, Floats]:
    """Chart coordinates: the horizon has radius 1, zenith distance is linear."""
    radius = 1.0 - np.asarray(elevation_rad, dtype=np.float64) / (np.pi / 2.0)
    return radius * np.sin(azimuth_rad), radius * np.cos(azimuth_rad)


def _draw_compass(axes: Axes, station: Station) -> None:
    around = np.radians(np.arange(0.0, 361.0, 3.0))
    horizon = _on_chart(around, 0.0)
    # The mask lies between the horizon and the skyline: out along one, back along the other.
    skyline = _on_chart(around, np.maximum(station.site.horizon.elevation_at(around), 0.0))
    axes.fill(
        np.concatenate([horizon[0], skyline[0][::-1]]),
        np.concatenate([horizon[1], skyline[1][::-1]]),
        color=LIGHT["mask"],
        linewidth=0,
    )
    for ring_deg in RINGS_DEG:
        axes.plot(*_on_chart(around, np.radians(ring_deg)), color=LIGHT["line"], linewidth=0.8)
        x, y = _on_chart(np.radians(135.0), np.radians(ring_deg))
        axes.text(
            float(x), float(y), f"{ring_deg:g}°", color=LIGHT["soft"], ha="center", va="center"
        )
    axes.plot([-1, 1, np.nan, 0, 0], [0, 0, np.nan, -1, 1], color=LIGHT["line"], linewidth=0.8)
    axes.plot(*horizon, color=LIGHT["axis"], linewidth=1.0)
    axes.plot(
        *_on_chart(around, station.min_elevation_rad),
        color=LIGHT["axis"],
        linewidth=0.9,
        dashes=(3, 3),
    )
    for name, azimuth_deg in (("N", 0.0), ("E", 90.0), ("S", 180.0), ("W", 270.0)):
        x, y = _on_chart(np.radians(azimuth_deg), np.radians(-7.5))
        axes.text(
            float(x), float(y), name, color=LIGHT["ink"], ha="center", va="center", weight="bold"
        )


def _draw_track(axes: Axes, track: Track) -> None:
    x, y = _on_chart(track.azimuth_rad, track.elevation_rad)
    axes.plot(x, y, color=LIGHT["track"], linewidth=1.2)
    usable = np.where(track.is_usable, 1.0, np.nan)
    axes.plot(x * usable, y * usable, color=LIGHT["taken"], linewidth=3.6, solid_capstyle="round")
    seconds = np.flatnonzero(track.is_usable)
    if seconds.size < 2:
        return
    _draw_arrow(axes, x, y, int(seconds[seconds.size // 3]))


def _draw_arrow(axes: Axes, x: Floats, y: Floats, at: int) -> None:
    """An arrowhead along the track, so that the direction does not rest on colour."""
    before, after = max(at - 3, 0), min(at + 3, x.size - 1)
    along = np.array([x[after] - x[before], y[after] - y[before]])
    length = float(np.hypot(*along))
    if length == 0.0:
        return
    along = along / length * 0.085
    across = np.array([-along[1], along[0]]) * 0.6
    tip = np.array([x[at], y[at]]) + along
    corners: Iterable[Floats] = (tip, tip - 1.7 * along + across, tip - 1.7 * along - across)
    axes.fill(*np.transpose(list(corners)), color=LIGHT["taken"], linewidth=0)


def _draw_keyhole(axes: Axes, track: Track, blocked: NDArray[np.bool_]) -> None:
    if not blocked.any():
        return
    x, y = _on_chart(track.azimuth_rad[blocked], track.elevation_rad[blocked])
    axes.plot(x, y, color=LIGHT["keyhole"], linewidth=2.4, dashes=(1, 1))
    axes.plot(
        [np.mean(x)],
        [np.mean(y)],
        marker="X",
        markersize=9,
        color=LIGHT["keyhole"],
        markeredgewidth=0,
    )


def _draw_moon(axes: Axes, track: Track, azimuth_rad: float, elevation_rad: float) -> None:
    x, y = _on_chart(azimuth_rad, elevation_rad)
    axes.plot(
        [x],
        [y],
        color=LIGHT["moon"],
        marker="o",
        markersize=11,
        markerfacecolor=LIGHT["paper"],
        markeredgecolor=LIGHT["moon"],
        markeredgewidth=1.6,
    )
    track_x, track_y = _on_chart(track.azimuth_rad, track.elevation_rad)

    def room(side: float) -> float:
        """Distance of the word's middle from the track; none where it would leave the chart."""
        middle = float(x) + 0.25 * side
        return float(np.min(np.hypot(track_x - middle, track_y - y))) if abs(middle) < 0.9 else 0.0

    side = max((-1.0, 1.0), key=room)
    axes.text(
        float(x) + 0.085 * side,
        float(y),
        "Moon",
        color=LIGHT["moon"],
        ha="right" if side < 0 else "left",
        va="center",
        weight="bold",
    )
