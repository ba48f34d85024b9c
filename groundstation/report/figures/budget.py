"""A whole pass on one sheet: elevation, stacked loss terms, clicks by cause, QBER by cause."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groundstation.report.figures.link import present_groups, time_axis
from groundstation.report.figures.palette import LIGHT
from groundstation.report.figures.svg import blank_figure, drawing_style, plain_axes
from passes.counts.by_cause import RatesByCause
from passes.forecast import PassForecast
from passes.link.budget import LinkBudget, Term
from passes.track import Track

Floats = NDArray[np.float64]

WIDTH_PT, HEIGHT_PT = 620.0, 760.0
LEFT, WIDTH = 0.08, 0.68
# A term that nowhere costs more is drawn with the others of its group.
LEAST_DRAWN_DB = 0.1
LEAST_DRAWN_QBER = 1e-5
PALEST = 0.55
DOTS_PER_INCH = 150

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


def budget_figure(track: Track, forecast: PassForecast, causes: RatesByCause, title: str) -> Figure:
    """Elevation, loss by term, clicks and QBER by cause against time, one above the other."""
    times_s = track.times_s
    with drawing_style():
        figure = blank_figure(WIDTH_PT, HEIGHT_PT)
        figure.patch.set(visible=True, facecolor=LIGHT["paper"])
        figure.text(LEFT, 0.965, title, color=LIGHT["ink"], fontsize=14, fontweight="bold")
        elevation = _axes(figure, 0.835, 0.09, "Elevation, degrees")
        elevation.plot(times_s, np.degrees(track.elevation_rad), color=LIGHT["track"], linewidth=2)
        elevation.set_ylim(0.0, 90.0)
        elevation.set_yticks([0, 30, 60, 90])
        _draw_loss(_axes(figure, 0.47, 0.30, "Loss by term, dB"), times_s, forecast.budget)
        _draw_clicks(_axes(figure, 0.245, 0.16, "Clicks in the gates, 1/s"), times_s, causes)
        _draw_qber(_axes(figure, 0.05, 0.13, "QBER of sifted clicks, %"), times_s, causes)
        for axes in figure.axes:
            _shade_unusable(axes, track)
            time_axis(axes, track.epoch, times_s)
            axes.tick_params(labelbottom=axes is figure.axes[-1])
    return figure


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the form that the file's suffix says, .svg with its text as text, or .png.

    Raises
    ------
    OSError : the file cannot be written
    """
    with drawing_style():
        # An SVG without date is the same file whenever the same pass is drawn.
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata=metadata)


def _axes(figure: Figure, bottom: float, height: float, title: str) -> Axes:
    axes = plain_axes(figure, (LEFT, bottom, WIDTH, height))
    axes.set_title(title, loc="left", color=LIGHT["ink"], fontsize=11, pad=6)
    return axes


def _draw_loss(axes: Axes, times_s: Floats, budget: LinkBudget) -> None:
    """Terms stacked in the order of the light's way, each group in shades of its colour."""
    layers = _layers(budget)
    axes.stackplot(
        times_s,
        [loss_db for _, loss_db, _ in layers],
        colors=[colour for _, _, colour in layers],
        labels=[name for name, _, _ in layers],
        edgecolor=LIGHT["paper"],
        linewidth=0.4,
    )
    axes.plot(times_s, budget.total_db, color=LIGHT["ink"], linewidth=1.2, label="total")
    axes.set_ylim(0.0, 1.05 * float(budget.total_db.max()))
    _legend(axes, is_reversed=True)


def _layers(budget: LinkBudget) -> list[tuple[str, Floats, str]]:
    """Name, loss [dB] and colour of what is drawn; small terms of a group are one layer."""
    layers: list[tuple[str, Floats, str]] = []
    for group in present_groups(budget):
        terms = [term for term in budget.terms if term.group is group]
        large = [term for term in terms if float(np.max(term.loss_db)) >= LEAST_DRAWN_DB]
        small = [term for term in terms if term not in large]
        shades = _shades(LIGHT[group.value], len(large) + bool(small))
        layers += [(t.name, t.loss_db, shade) for t, shade in zip(large, shades, strict=False)]
        if small:
            loss_db = np.sum([term.loss_db for term in small], axis=0)
            layers.append((_name_of_small(group.value, small, large), loss_db, shades[-1]))
    return layers


def _name_of_small(group: str, small: Sequence[Term], large: Sequence[Term]) -> str:
    if len(small) == 1:
        return small[0].name
    return f"other {group}" if large else group


def _shades(colour: str, count: int) -> list[str]:
    """The colour, then paler ones that still differ from the paper."""
    steps = np.linspace(0.0, PALEST, count) if count > 1 else [0.0]
    red, green, blue = to_rgb(colour)
    return [
        to_hex((red + s * (1.0 - red), green + s * (1.0 - green), blue + s * (1.0 - blue)))
        for s in (float(step) for step in steps)
    ]


def _draw_clicks(axes: Axes, times_s: Floats, causes: RatesByCause) -> None:
    """Each cause on its own, on a logarithmic axis; what never clicks is left out."""
    for name, colour in CLICK_COLOURS.items():
        rate_hz = causes.clicks_hz[name]
        if np.any(rate_hz > 0.0):
            shown = np.where(rate_hz > 0.0, rate_hz, np.nan)
            axes.plot(times_s, shown, color=LIGHT[colour], linewidth=1.8, label=name)
    axes.set_yscale("log")
    _legend(axes)


def _draw_qber(axes: Axes, times_s: Floats, causes: RatesByCause) -> None:
    """Causes stacked; they add up to the error rate."""
    drawn = {
        name: 100.0 * qber
        for name, qber in causes.qber_by_cause.items()
        if np.nanmax(qber, initial=0.0) >= LEAST_DRAWN_QBER
    }
    if not drawn:
        return
    axes.stackplot(
        times_s,
        list(drawn.values()),
        labels=list(drawn),
        colors=[LIGHT[QBER_COLOURS.get(name, "track")] for name in drawn],
    )
    axes.set_ylim(bottom=0.0)
    _legend(axes, is_reversed=True)


def _legend(axes: Axes, *, is_reversed: bool = False) -> None:
    """Names beside the panel; those of a stack in the order in which it is seen."""
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.04),
        frameon=False,
        fontsize=9,
        labelcolor=LIGHT["ink"],
        handlelength=1.2,
        labelspacing=0.3,
        reverse=is_reversed,
    )


def _shade_unusable(axes: Axes, track: Track) -> None:
    """Grey over every stretch in which the contact may not run."""
    edges = np.diff(np.concatenate([[0], (~track.is_usable).astype(int), [0]]))
    starts = np.flatnonzero(edges == 1)
    stops = np.minimum(np.flatnonzero(edges == -1), len(track.times_s) - 1)
    for start_s, stop_s in zip(track.times_s[starts], track.times_s[stops], strict=True):
        axes.axvspan(start_s, stop_s, color=LIGHT["mask"], alpha=0.35, linewidth=0, zorder=3)
