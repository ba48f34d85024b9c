"""The timeline of a night as a drawing of its own: a bar of sky per station, contacts numbered."""

import numpy as np
from numpy.typing import NDArray

from groundstation.report.drawing.canvas import Canvas
from groundstation.report.figures.labels import short_label
from groundstation.report.timeline import Row, Timeline

Floats = NDArray[np.float64]

WIDTH_PT, LEFT_PT, RIGHT_PT = 800.0, 180.0, 20.0
TOP_PT, ROW_PT, BAR_PT, CLOUD_PT = 60.0, 42.0, 30.0, 4.5
SCALE_PT = (WIDTH_PT - LEFT_PT - RIGHT_PT) / 100.0


def night_chart(timeline: Timeline, title: str) -> Canvas:
    """Stations one below the other; darker where the Sun is lower, contacts bold with a number."""
    top_pt = TOP_PT if title else TOP_PT - 30.0
    height = top_pt + ROW_PT * max(len(timeline.rows), 1) + 10.0
    canvas = Canvas(WIDTH_PT, height, title)
    if title:
        canvas.text((15.0, 20.0), title, size_pt=14.0, is_bold=True)
    for tick in timeline.ticks:
        x = LEFT_PT + SCALE_PT * tick.left_percent
        canvas.text((x, top_pt - 14.0), tick.label, "soft", anchor="middle")
    for index, row in enumerate(timeline.rows):
        _draw_row(canvas, row, top_pt + ROW_PT * index)
    ticks = [LEFT_PT + SCALE_PT * tick.left_percent for tick in timeline.ticks]
    rules = [point for x in ticks for point in ((x, top_pt), (x, height - 20.0), (np.nan, np.nan))]
    if rules:
        canvas.line(np.array(rules), "grid", 0.6)
    return canvas


def _draw_row(canvas: Canvas, row: Row, top: float) -> None:
    canvas.text((15.0, top + 9.0), short_label(row.title))
    canvas.text((15.0, top + 22.0), row.summary, "soft", size_pt=9.0)
    whole = WIDTH_PT - LEFT_PT - RIGHT_PT
    canvas.rectangle(LEFT_PT, top, whole, BAR_PT, fill="day")
    for bar in row.bands:
        left, width = LEFT_PT + SCALE_PT * bar.left_percent, SCALE_PT * bar.width_percent
        canvas.rectangle(left, top, width, BAR_PT, fill=bar.kind, title=bar.tooltip)
    for bar in row.closed:
        left, width = LEFT_PT + SCALE_PT * bar.left_percent, SCALE_PT * bar.width_percent
        canvas.rectangle(left, top + BAR_PT - 4.0, width, 4.0, fill="closed", title=bar.tooltip)
    for cloud in row.clouds:
        left, width = LEFT_PT + SCALE_PT * cloud.left_percent, SCALE_PT * cloud.width_percent
        if cloud.cover is None:
            canvas.text((left + 4.0, top + BAR_PT + 3.0), "cloud not known", "soft", size_pt=6.0)
        else:
            square = _rectangle(left, top + BAR_PT + 1.0, width, CLOUD_PT)
            canvas.area([square], "cloud", opacity=cloud.cover)
    for bar in row.others:
        left, width = LEFT_PT + SCALE_PT * bar.left_percent, SCALE_PT * bar.width_percent
        canvas.rectangle(
            left, top + BAR_PT - 6.0, max(width, 1.0), 3.0, fill="pass", title=bar.tooltip
        )
    for bar in row.taken:
        left, width = LEFT_PT + SCALE_PT * bar.left_percent, SCALE_PT * bar.width_percent
        canvas.rectangle(
            left, top + 12.0, max(width, 2.0), 11.0, fill="taken", stroke="paper", title=bar.tooltip
        )
        canvas.text(
            (left + width / 2.0, top + 6.0), bar.number, anchor="middle", size_pt=9.0, is_bold=True
        )


def _rectangle(left: float, top: float, width: float, height: float) -> Floats:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
