"""Figures of a month: what each contact was promised and gave, and what each night brought."""

from datetime import date
from typing import Any

import numpy as np

from groundstation.report.drawing.canvas import Canvas
from groundstation.report.drawing.panel import Panel, round_ticks
from groundstation.report.figures.labels import short_label
from groundstation.results.records import Sky
from groundstation.results.store import RecordedResult

WIDTH_PT, HEIGHT_PT = 720.0, 250.0
LEFT_PT, RIGHT_PT, TOP_PT, BOTTOM_PT = 52.0, 12.0, 34.0, 34.0
BAR_SHARE = 0.36
# Links that fit side by side; the table has them all.
MOST_LINKS = 8


def nights_figure(rows: list[dict[str, object]], days: int) -> Canvas:
    """Key planned and key received of every night, in Mbit; days of the month from left."""
    canvas = Canvas(WIDTH_PT, HEIGHT_PT)
    planned = {_day(row): _number(row["key_planned_bits"]) / 1e6 for row in rows}
    received = {_day(row): _number(row["key_received_bits"]) / 1e6 for row in rows}
    largest = max([*planned.values(), *received.values(), 1e-3])
    panel = _panel(canvas, (0.5, days + 0.5), 1.08 * largest)
    panel.y_axis(round_ticks(panel.y_range[1]))
    for day, promised in planned.items():
        _bar(panel, day - BAR_SHARE, day, promised, "pass")
        _bar(panel, day, day + BAR_SHARE, received[day], "taken")
    panel.title("Key per night, Mbit")
    panel.frame()
    for day in range(1, days + 1, 2):
        x = float(panel.place(float(day), 0.0)[0])
        canvas.text((x, HEIGHT_PT - BOTTOM_PT + 12.0), str(day), "soft", anchor="middle")
    return canvas


def results_figure(results: tuple[RecordedResult, ...]) -> Canvas | None:
    """P10 to P90 of the key of every clear contact as a bar, what came as a dot; kbit.

    None where no clear contact has both.
    """
    pairs = [
        (item.forecast.spread.key_bits, float(item.result.key_bits))
        for item in results
        if item.result.sky is Sky.CLEAR
        and item.result.key_bits is not None
        and item.forecast is not None
        and not item.is_hindsight
        and item.forecast.spread.key_bits is not None
    ]
    if not pairs:
        return None
    canvas = Canvas(WIDTH_PT, HEIGHT_PT)
    largest = max(max(q.p90, came) for q, came in pairs) / 1e3
    panel = _panel(canvas, (0.0, len(pairs) + 1.0), 1.08 * max(largest, 1e-3))
    panel.y_axis(round_ticks(panel.y_range[1]))
    width = min(0.35, 8.0 / panel.width * (len(pairs) + 1.0))
    for index, (quantiles, came) in enumerate(pairs, 1):
        low, high = panel.place(float(index), np.array([quantiles.p10, quantiles.p90]) / 1e3)
        half = width * panel.width / (len(pairs) + 1.0)
        top = min(low[1], high[1])
        canvas.rectangle(
            float(low[0]) - half, float(top), 2.0 * half, max(float(abs(low[1] - high[1])), 1.0),
            fill="nautical",
        )  # fmt: skip
        middle = panel.place(float(index), quantiles.p50 / 1e3)
        ends = np.array([[middle[0] - half, middle[1]], [middle[0] + half, middle[1]]])
        canvas.line(ends, "axis", 1.2)
        x, y = panel.place(float(index), came / 1e3).tolist()
        is_inside = quantiles.p10 <= came <= quantiles.p90
        # Shape, not only colour, tells what is outside.
        if is_inside:
            canvas.circle((x, y), 2.6, fill="good")
        else:
            canvas.circle((x, y), 3.0, fill="card", stroke="taken", width_pt=1.6)
    panel.title("Key of each clear contact against its forecast, kbit")
    panel.frame()
    return canvas


def drift_figure(rows: list[dict[str, Any]]) -> Canvas | None:
    """The loss constant of every link by period, with one sigma; None where none has two periods.

    Links stand side by side, each with its periods in order from left to right.
    """
    shown = [row for row in rows if len(row["periods"]) > 1][:MOST_LINKS]
    if not shown:
        return None
    ends = [
        period["loss_db"] + side * period["sigma_db"]
        for row in shown
        for period in row["periods"]
        for side in (-1.0, 1.0)
    ]
    low, high = min([*ends, 0.0]), max([*ends, 0.1])
    canvas = Canvas(WIDTH_PT, HEIGHT_PT + 12.0)
    margin = 0.08 * (high - low)
    panel = Panel(
        canvas,
        LEFT_PT,
        TOP_PT,
        WIDTH_PT - LEFT_PT - RIGHT_PT,
        HEIGHT_PT - TOP_PT - BOTTOM_PT,
        (0.0, float(len(shown))),
        (low - margin, high + margin),
    )
    step = (high - low) / 4.0
    ticks = [low + i * step for i in range(5)]
    panel.y_axis(ticks, [f"{tick:+.1f}" for tick in ticks])
    for index, row in enumerate(shown):
        _draw_link(panel, index, row)
    panel.title("Loss beyond the description by period, dB")
    panel.frame()
    return canvas


def _draw_link(panel: Panel, index: int, row: dict[str, Any]) -> None:
    periods = row["periods"]
    places = index + 0.15 + 0.7 * np.arange(len(periods)) / (len(periods) - 1)
    values = np.array([period["loss_db"] for period in periods])
    panel.curve(places, values, "track", 1.2)
    colour = "taken" if row["is_flagged"] else "good"
    for place, period in zip(places.tolist(), periods, strict=True):
        reach = np.array([-1.0, 1.0]) * period["sigma_db"] + period["loss_db"]
        panel.curve(np.full(2, place), reach, colour, 1.6)
        x, y = panel.place(place, period["loss_db"]).tolist()
        panel.canvas.circle((x, y), 2.8, fill=colour)
    x = float(panel.place(index + 0.5, panel.y_range[0])[0])
    below = panel.top + panel.height
    for line, name in enumerate((row["satellite"], row["station"])):
        panel.canvas.text(
            (x, below + 11.0 + 12.0 * line),
            short_label(name, 18),
            "soft",
            anchor="middle",
            size_pt=9.0,
        )


def _panel(canvas: Canvas, x_range: tuple[float, float], largest: float) -> Panel:
    return Panel(
        canvas,
        LEFT_PT,
        TOP_PT,
        WIDTH_PT - LEFT_PT - RIGHT_PT,
        HEIGHT_PT - TOP_PT - BOTTOM_PT,
        x_range,
        (0.0, largest),
    )


def _bar(panel: Panel, left: float, right: float, value: float, colour: str) -> None:
    low, high = panel.place(left, 0.0), panel.place(right, value)
    panel.canvas.rectangle(
        float(low[0]), float(high[1]), float(high[0] - low[0]), float(low[1] - high[1]), fill=colour
    )


def _day(row: dict[str, object]) -> int:
    return date.fromisoformat(str(row["night"])).day


def _number(value: object) -> float:
    return float(str(value))
