"""What the link loses and what arrives, second by second through one contact."""

from datetime import UTC, datetime, timedelta

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groundstation.night_records import NightPass
from groundstation.report.figures.palette import LIGHT
from groundstation.report.figures.svg import blank_figure, drawing_style, plain_axes
from passes.forecast import PassForecast
from passes.link.budget import LinkBudget, TermGroup
from passes.track import Track

Floats = NDArray[np.float64]

WIDTH_PT, HEIGHT_PT = 360.0, 300.0
MOST_TIME_TICKS = 5
MOST_CORNERS = 80
TIME_STEPS_S = (10, 20, 30, 60, 120, 180, 300, 600, 1200)


def loss_figure(night_pass: NightPass, forecast: PassForecast) -> Figure:
    """Loss by group, stacked, against time [dB]; decibels of a chain add up."""
    window = contact_window(night_pass.track)
    times_s = night_pass.track.times_s[window]
    shown = _thinned(times_s.size)
    with drawing_style():
        figure = blank_figure(WIDTH_PT, HEIGHT_PT)
        axes = plain_axes(figure, (0.11, 0.1, 0.86, 0.8))
        floor = _usable(night_pass.track, np.zeros_like(night_pass.track.times_s))[shown]
        for group in present_groups(forecast.budget):
            loss_db = _usable(night_pass.track, forecast.budget.group_db(group))
            ceiling = floor + loss_db[shown]
            axes.fill_between(times_s[shown], floor, ceiling, color=LIGHT[group.value], linewidth=0)
            axes.plot(times_s[shown], ceiling, color=LIGHT["card"], linewidth=1.2)
            floor = ceiling
        axes.plot(times_s[shown], floor, color=LIGHT["ink"], linewidth=1.4)
        axes.set_ylim(0.0, 1.08 * _largest(floor))
        _title(axes, "Loss by group, dB")
        time_axis(axes, night_pass.track.epoch, times_s)
    return figure


def rate_figure(night_pass: NightPass, forecast: PassForecast) -> Figure:
    """Sifted rate above, error rate below, against time."""
    track, rates = night_pass.track, forecast.rates
    times_s = track.times_s[contact_window(track)]
    with drawing_style():
        figure = blank_figure(WIDTH_PT, HEIGHT_PT)
        upper = plain_axes(figure, (0.11, 0.5, 0.86, 0.4))
        lower = plain_axes(figure, (0.11, 0.1, 0.86, 0.25))
        for axes, values, colour, title in (
            (upper, rates.sifted_hz / 1e3, "sifted", "Sifted rate, kHz"),
            (lower, 100.0 * rates.qber, "qber", "QBER, %"),
        ):
            usable = _usable(track, values)
            axes.plot(times_s, usable, color=LIGHT[colour], linewidth=2.0)
            axes.set_ylim(0.0, 1.1 * _largest(usable))
            _title(axes, title)
            axes.locator_params(axis="y", nbins=4)
            time_axis(axes, track.epoch, times_s)
        upper.tick_params(labelbottom=False)
    return figure


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


def _thinned(count: int) -> NDArray[np.intp]:
    """Indices of at most MOST_CORNERS points, ends included.

    matplotlib simplifies lines but not areas; unthinned they are most of the page's bytes.
    """
    return np.unique(np.linspace(0, count - 1, min(count, MOST_CORNERS)).round().astype(np.intp))


def _largest(values: Floats) -> float:
    """The largest finite value; 1 where there is none above zero, so that an axis exists."""
    finite = values[np.isfinite(values)]
    largest = float(finite.max()) if finite.size else 0.0
    return largest if largest > 0.0 else 1.0


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", color=LIGHT["ink"], fontsize=12, pad=8)


def time_axis(axes: Axes, epoch: datetime, times_s: Floats) -> None:
    """Set round UTC instants below the axis of a panel against time."""
    if times_s.size == 0:
        return
    first, last = float(times_s[0]), float(times_s[-1])
    step_s = next(
        (step for step in TIME_STEPS_S if (last - first) / step <= MOST_TIME_TICKS),
        TIME_STEPS_S[-1],
    )
    midnight = epoch.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = (epoch - midnight).total_seconds()
    count_first = int(np.ceil((first + offset_s) / step_s))
    count_last = int(np.floor((last + offset_s) / step_s))
    ticks = [count * step_s for count in range(count_first, count_last + 1)]
    pattern = "%H:%M" if step_s % 60 == 0 else "%H:%M:%S"
    axes.set_xlim(first, max(last, first + 1.0))
    axes.set_xticks(
        [tick - offset_s for tick in ticks],
        labels=[(midnight + timedelta(seconds=tick)).strftime(pattern) for tick in ticks],
    )
