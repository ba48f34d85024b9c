"""What the link loses and what arrives, second by second through one contact."""

from datetime import datetime
from functools import partial

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from groundstation.night_records import NightPass
from groundstation.report.drawing.canvas import Canvas, symbol
from groundstation.report.drawing.panel import Panel, round_ticks
from passes.forecast import PassForecast
from passes.link.budget import LinkBudget, TermGroup
from passes.track import Track

Floats = NDArray[np.float64]

WIDTH_PT, HEIGHT_PT = 360.0, 300.0
LEFT_PT, RIGHT_PT = 40.0, 11.0
MOST_RATE_TICKS = 4
# Top, height and title of each panel.
LOSS_PANEL = (30.0, 240.0, "Loss by group, dB")
RATE_PANELS = ((30.0, 120.0, "Sifted rate, kHz"), (195.0, 75.0, "QBER, %"))
LOSS_FRAME, RATE_FRAME = "loss-frame", "rate-frame"


def loss_figure(night_pass: NightPass, forecast: PassForecast) -> Canvas:
    """Loss by group, stacked, against time [dB]; decibels of a chain add up."""
    track = night_pass.track
    times_s = track.times_s[contact_window(track)]
    levels = stacked_loss_db(night_pass, forecast)
    canvas = Canvas(WIDTH_PT, HEIGHT_PT)
    panel = _panel(canvas, *LOSS_PANEL[:2], times_s, 1.08 * _largest(levels[-1]))
    panel.y_axis(round_ticks(panel.y_range[1]))
    # From the top down, each layer from zero to its edge: half the corners of bands.
    for group, ceiling in reversed(
        list(zip(present_groups(forecast.budget), levels[1:], strict=True))
    ):
        panel.band(times_s, levels[0], ceiling, group.value, rim="card")
    panel.curve(times_s, levels[-1], "ink", 1.4)
    canvas.shared(LOSS_FRAME, draw_loss_frame)
    canvas.first(_axis_name(night_pass), partial(_draw_time_axis, times_s, track.epoch))
    return canvas


def stacked_loss_db(night_pass: NightPass, forecast: PassForecast) -> Floats:
    """Edges of the stack over the window of the contact, shape (groups + 1, n), NaN in gaps."""
    losses = [forecast.budget.group_db(group) for group in present_groups(forecast.budget)]
    edges = np.cumsum([np.zeros_like(night_pass.track.times_s), *losses], axis=0)
    return np.stack([_usable(night_pass.track, edge) for edge in edges])


def rate_figure(night_pass: NightPass, forecast: PassForecast) -> Canvas:
    """Sifted rate above, error rate below, against time.

    In a page it stands behind the loss figure of the same pass, whose time axis it repeats.
    """
    track, rates = night_pass.track, forecast.rates
    times_s = track.times_s[contact_window(track)]
    canvas = Canvas(WIDTH_PT, HEIGHT_PT)
    canvas.shared(RATE_FRAME, draw_rate_frame)
    for (top, height, _), values, colour in (
        (RATE_PANELS[0], rates.sifted_hz / 1e3, "sifted"),
        (RATE_PANELS[1], 100.0 * rates.qber, "qber"),
    ):
        usable = _usable(track, values)
        panel = _panel(canvas, top, height, times_s, 1.1 * _largest(usable))
        panel.y_axis(round_ticks(panel.y_range[1], MOST_RATE_TICKS))
        panel.curve(times_s, usable, colour, 2.0)
    canvas.shared(_axis_name(night_pass), partial(_draw_time_axis, times_s, track.epoch))
    return canvas


def link_symbols() -> Markup:
    """What a page must hold once for these figures."""
    return symbol(LOSS_FRAME, draw_loss_frame) + symbol(RATE_FRAME, draw_rate_frame)


def draw_loss_frame(canvas: Canvas) -> None:
    """Title and edges of every loss figure."""
    _draw_frame(canvas, LOSS_PANEL)


def draw_rate_frame(canvas: Canvas) -> None:
    """Titles and edges of every figure of rates."""
    for panel in RATE_PANELS:
        _draw_frame(canvas, panel)


def _axis_name(night_pass: NightPass) -> str:
    return f"time-{night_pass.pass_id}"


def _draw_time_axis(times_s: Floats, epoch: datetime, canvas: Canvas) -> None:
    """Both figures end at the same height, so they have one time axis."""
    top, height, _ = LOSS_PANEL
    _panel(canvas, top, height, times_s, 1.0).time_axis(epoch)


def _draw_frame(canvas: Canvas, place: tuple[float, float, str]) -> None:
    top, height, title = place
    panel = _panel(canvas, top, height, np.zeros(0), 1.0)
    panel.title(title)
    panel.frame()


def _panel(canvas: Canvas, top: float, height: float, times_s: Floats, largest: float) -> Panel:
    first = float(times_s[0]) if times_s.size else 0.0
    last = max(float(times_s[-1]), first + 1.0) if times_s.size else 1.0
    width = WIDTH_PT - LEFT_PT - RIGHT_PT
    return Panel(canvas, LEFT_PT, top, width, height, (first, last), (0.0, largest))


def contact_window(track: Track) -> slice:
    """From the first to the last usable second; the whole track where there is none."""
    usable = np.flatnonzero(track.is_usable)
    return slice(int(usable[0]), int(usable[-1]) + 1) if usable.size else slice(None)


def best_second(night_pass: NightPass, forecast: PassForecast) -> int:
    """Index along the track of the usable second with the least loss."""
    usable = np.where(night_pass.track.is_usable, forecast.budget.total_db, np.inf)
    return int(np.argmin(usable))


def present_groups(budget: LinkBudget) -> tuple[TermGroup, ...]:
    """Groups that have a term, in the order of the light's way."""
    present = {term.group for term in budget.terms}
    return tuple(group for group in TermGroup if group in present)


def _usable(track: Track, values: Floats) -> Floats:
    """Values in the window of the contact, NaN in its gaps, so that curves break there."""
    window = contact_window(track)
    return np.where(track.is_usable[window], values[window], np.nan)


def _largest(values: Floats) -> float:
    """The largest finite value; 1 where there is none above zero, so that an axis exists."""
    finite = values[np.isfinite(values)]
    largest = float(finite.max()) if finite.size else 0.0
    return largest if largest > 0.0 else 1.0
