"""The weather fan: cloud over each station through the night, from the tenth to the ninetieth."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import numpy as np

from groundstation.night_records import CloudOutlook
from groundstation.plan.records import Contact
from groundstation.report.drawing.canvas import Canvas
from groundstation.report.drawing.panel import Panel
from groundstation.report.drawing.sheet import alone, sheet
from groundstation.report.figures.labels import short_label

SIZE_PT = (300.0, 150.0)
LEFT_PT, RIGHT_PT, TOP_PT, BOTTOM_PT = 36.0, 18.0, 34.0, 26.0
MARK_PT = 7.0

Span = tuple[datetime, datetime]


def cloud_figure(
    cloud: CloudOutlook, title: str, contacts: Sequence[Contact], span: Span
) -> Canvas:
    """The fan of one station between two instants, with its contacts below."""
    return alone(partial(_draw, cloud, title, contacts, span), SIZE_PT, f"Cloud over {title}")


def clouds_figure(
    clouds: Sequence[CloudOutlook],
    titles: dict[str, str],
    contacts: Sequence[Contact],
    span: Span,
    heading: str,
) -> Canvas:
    """The fans of all stations on one sheet."""
    cells = [
        partial(
            _draw,
            cloud,
            titles.get(cloud.station, cloud.station),
            [c for c in contacts if c.station == cloud.station],
            span,
        )
        for cloud in clouds
    ]
    return sheet(heading, cells, SIZE_PT, 3)


def _draw(
    cloud: CloudOutlook,
    title: str,
    contacts: Sequence[Contact],
    span: Span,
    canvas: Canvas,
    left: float,
    top: float,
) -> None:
    first_s, last_s = ((instant - cloud.epoch).total_seconds() for instant in span)
    panel = Panel(
        canvas,
        left + LEFT_PT,
        top + TOP_PT,
        SIZE_PT[0] - LEFT_PT - RIGHT_PT,
        SIZE_PT[1] - TOP_PT - BOTTOM_PT,
        (first_s, max(last_s, first_s + 1.0)),
        (0.0, 100.0),
    )
    panel.y_axis([0.0, 50.0, 100.0])
    times_s = np.array(cloud.times_s)
    # One sample beyond each end would leave the panel.
    inside = (times_s >= first_s) & (times_s <= last_s)
    at_s = times_s[inside]
    low, middle, high, mean = (
        100.0 * np.array(values)[inside] for values in (cloud.p10, cloud.p50, cloud.p90, cloud.mean)
    )
    if cloud.members > 1:
        panel.band(at_s, low, high, "cloud", opacity=0.3)
        panel.curve(at_s, mean, "cloud", 1.2, dashes="4 3")
    panel.curve(at_s, middle, "ink", 1.8)
    if not np.isfinite(middle).any():
        place = (panel.left + 0.5 * panel.width, panel.top + 0.5 * panel.height)
        canvas.text(place, "not known in these hours", "soft", anchor="middle")
    for contact in contacts:
        a, b = ((end - cloud.epoch).total_seconds() for end in (contact.start, contact.stop))
        if a < last_s and b > first_s:
            x, bottom = panel.place(max(a, first_s), 0.0).tolist()
            end = float(panel.place(min(b, last_s), 0.0)[0])
            canvas.rectangle(x, bottom - MARK_PT, max(end - x, 2.0), MARK_PT, fill="taken")
    panel.title(f"{short_label(title, 34)}, %")
    panel.frame()
    panel.time_axis(cloud.epoch)
