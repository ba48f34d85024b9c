"""A whole pass on one sheet: elevation, stacked loss terms, clicks by cause, QBER by cause."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundstation.atomic import write_atomically
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.drawing.panel import Panel, round_ticks
from groundstation.report.drawing.picture import picture
from groundstation.report.figures.link import present_groups
from passes.counts.by_cause import RatesByCause
from passes.forecast import PassForecast
from passes.link.budget import LinkBudget, Term
from passes.track import Track

Floats = NDArray[np.float64]

WIDTH_PT, HEIGHT_PT = 620.0, 760.0
LEFT_PT, PANEL_PT = 50.0, 420.0
# A term that nowhere costs more is drawn with the others of its group.
LEAST_DRAWN_DB = 0.1
LEAST_DRAWN_QBER = 1e-5
PALEST = 0.4
LEGEND_LINE_PT = 13.0

CLICK_COLOURS = {
    "signal": "sifted",
    "background": "moon",
    "dark": "ink",
    "afterpulse": "closed",
}
QBER_COLOURS = {
    "optical": "qber",
    "dark": "ink",
    "sky": "pass",
    "city": "fibre",
    "twilight": "nautical",
    "moon": "moon",
    "satellite": "keyhole",
    "afterpulse": "closed",
}


def budget_figure(track: Track, forecast: PassForecast, causes: RatesByCause, title: str) -> Canvas:
    """Elevation, loss by term, clicks and QBER by cause against time, one above the other."""
    canvas = Canvas(WIDTH_PT, HEIGHT_PT, title)
    canvas.text((LEFT_PT, 22.0), title, size_pt=14.0, is_bold=True)
    panels = (
        _elevation(canvas, track),
        _loss(canvas, track, forecast.budget),
        _clicks(canvas, track, causes),
        _qber(canvas, track, causes),
    )
    for panel in panels:
        _shade_unusable(panel, track)
        panel.frame()
        panel.time_axis(track.epoch, with_labels=panel is panels[-1])
    return canvas


def _panel(
    canvas: Canvas, track: Track, top: float, height: float, limits: tuple[float, float]
) -> Panel:
    first, last = float(track.times_s[0]), float(track.times_s[-1])
    across = (first, max(last, first + 1.0))
    return Panel(canvas, LEFT_PT, top, PANEL_PT, height, across, limits)


def _elevation(canvas: Canvas, track: Track) -> Panel:
    panel = _panel(canvas, track, 60.0, 65.0, (0.0, 90.0))
    panel.title("Elevation, degrees")
    panel.y_axis([0.0, 30.0, 60.0, 90.0])
    panel.curve(track.times_s, np.degrees(track.elevation_rad), "track", 2.0)
    return panel


def _loss(canvas: Canvas, track: Track, budget: LinkBudget) -> Panel:
    """Terms stacked in the order of the light's way, each group in shades of its colour."""
    panel = _panel(canvas, track, 170.0, 230.0, (0.0, 1.05 * float(budget.total_db.max())))
    panel.title("Loss by term, dB")
    panel.y_axis(round_ticks(panel.y_range[1]))
    floor = np.zeros_like(track.times_s)
    layers = _layers(budget)
    for _, loss_db, colour, opacity in layers:
        panel.band(track.times_s, floor, floor + loss_db, colour, opacity=opacity, rim="paper")
        floor = floor + loss_db
    panel.curve(track.times_s, budget.total_db, "ink", 1.2)
    _legend(
        panel,
        [("total", "ink", 1.0), *((name, colour, o) for name, _, colour, o in reversed(layers))],
    )
    return panel


def _layers(budget: LinkBudget) -> list[tuple[str, Floats, str, float]]:
    """Name, loss [dB], colour and opacity of what is drawn; small terms of a group are one."""
    layers: list[tuple[str, Floats, str, float]] = []
    for group in present_groups(budget):
        terms = [term for term in budget.terms if term.group is group]
        large = [term for term in terms if float(np.max(term.loss_db)) >= LEAST_DRAWN_DB]
        small = [term for term in terms if term not in large]
        shades = np.linspace(1.0, PALEST, max(len(large) + bool(small), 1)).tolist()
        for term, shade in zip(large, shades, strict=False):
            layers.append((term.name, _along(term.loss_db, budget), group.value, shade))
        if small:
            loss_db = np.sum([_along(term.loss_db, budget) for term in small], axis=0)
            name = _name_of_small(group.value, small, large)
            layers.append((name, loss_db, group.value, shades[-1]))
    return layers


def _along(loss_db: Floats, budget: LinkBudget) -> Floats:
    """A loss at every instant, also where it is one number for all."""
    return np.broadcast_to(loss_db, np.shape(budget.total_db)).astype(np.float64)


def _name_of_small(group: str, small: Sequence[Term], large: Sequence[Term]) -> str:
    if len(small) == 1:
        return small[0].name
    return f"other {group}" if large else group


def _clicks(canvas: Canvas, track: Track, causes: RatesByCause) -> Panel:
    """Each cause on its own, on a logarithmic axis; what never clicks is left out."""
    drawn = {
        name: np.log10(np.where(causes.clicks_hz[name] > 0.0, causes.clicks_hz[name], np.nan))
        for name in CLICK_COLOURS
        if np.any(causes.clicks_hz[name] > 0.0)
    }
    values = np.concatenate([v[np.isfinite(v)] for v in drawn.values()]) if drawn else np.zeros(1)
    low, high = float(np.floor(values.min())), float(np.ceil(values.max()))
    panel = _panel(canvas, track, 445.0, 120.0, (low, max(high, low + 1.0)))
    panel.title("Clicks in the gates, 1/s")
    powers = range(int(low), int(panel.y_range[1]) + 1, 1 + int(panel.y_range[1] - low) // 6)
    panel.y_axis([float(p) for p in powers], [_power_of_ten(p) for p in powers])
    for name, logarithm in drawn.items():
        panel.curve(track.times_s, logarithm, CLICK_COLOURS[name], 1.8)
    _legend(panel, [(name, CLICK_COLOURS[name], 1.0) for name in drawn])
    return panel


def _power_of_ten(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return {0: "1", 1: "10"}.get(exponent, f"10{digits}")


def _qber(canvas: Canvas, track: Track, causes: RatesByCause) -> Panel:
    """Causes stacked; they add up to the error rate."""
    drawn = {
        name: 100.0 * np.nan_to_num(qber)
        for name, qber in causes.qber_by_cause.items()
        if np.nanmax(qber, initial=0.0) >= LEAST_DRAWN_QBER
    }
    total = np.sum(list(drawn.values()), axis=0) if drawn else np.zeros_like(track.times_s)
    panel = _panel(canvas, track, 610.0, 100.0, (0.0, 1.05 * float(total.max()) or 1.0))
    panel.title("QBER of sifted clicks, %")
    panel.y_axis(round_ticks(panel.y_range[1]))
    floor = np.zeros_like(track.times_s)
    for name, percent in drawn.items():
        panel.band(track.times_s, floor, floor + percent, QBER_COLOURS.get(name, "track"))
        floor = floor + percent
    _legend(panel, [(name, QBER_COLOURS.get(name, "track"), 1.0) for name in reversed(drawn)])
    return panel


def _legend(panel: Panel, entries: Sequence[tuple[str, str, float]]) -> None:
    """Names beside the panel; those of a stack in the order in which it is seen."""
    left = panel.left + panel.width + 10.0
    for index, (name, colour, opacity) in enumerate(entries):
        middle = panel.top + 2.0 + LEGEND_LINE_PT * index
        swatch = np.array(
            [
                [left, middle - 4],
                [left + 10, middle - 4],
                [left + 10, middle + 4],
                [left, middle + 4],
            ]
        )
        panel.canvas.area([swatch], colour, opacity=opacity)
        panel.canvas.text((left + 14.0, middle), name, size_pt=9.0)


def _shade_unusable(panel: Panel, track: Track) -> None:
    """Grey over every stretch in which the contact may not run."""
    closed = np.where(track.is_usable, np.nan, panel.y_range[1])
    panel.band(track.times_s, np.full_like(closed, panel.y_range[0]), closed, "mask", opacity=0.35)


def write_figure(canvas: Canvas, path: Path) -> None:
    """Write a drawing in the form that the file's suffix says: .svg, or .png at 150 dots an inch.

    Raises
    ------
    StateError
        the file cannot be written
    """
    write_atomically(path, picture(canvas, path.suffix))
