"""The key pools of a night's pairs: how the level falls with use and rises with deliveries."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise

import numpy as np

from groundstation.report.drawing.canvas import Canvas
from groundstation.report.drawing.panel import Panel, round_ticks
from groundstation.report.drawing.sheet import alone, sheet
from groundstation.report.figures.labels import short_label
from groundstation.report.key_pools import PairPool

SIZE_PT = (430.0, 170.0)
LEFT_PT, RIGHT_PT, TOP_PT, BOTTOM_PT = 46.0, 12.0, 34.0, 26.0
MOST_TICKS = 4
# Above the axis, where the time without key is marked.
EMPTY_PT = 5.0
UNITS = ((1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit"), (1.0, "bit"))


def pool_figure(pool: PairPool) -> Canvas:
    """The level of one pair against time."""
    return alone(partial(_draw, pool, "Level"), SIZE_PT, f"Key pool of {pool.title}")


def pools_figure(pools: Sequence[PairPool], title: str) -> Canvas:
    """The levels of all pairs on one sheet."""
    return sheet(title, [partial(_draw, pool, pool.title) for pool in pools], SIZE_PT, 2)


def _draw(pool: PairPool, title: str, canvas: Canvas, left: float, top: float) -> None:
    levels = pool.outlook.level_bits
    epoch = levels[0][0]
    at_s = np.array([(instant - epoch).total_seconds() for instant, _ in levels])
    held = np.array([bits for _, bits in levels])
    largest = max(float(held.max()), pool.reserve_bits, 1.0)
    scale, unit = next((s, u) for s, u in UNITS if largest >= s)
    panel = Panel(
        canvas,
        left + LEFT_PT,
        top + TOP_PT,
        SIZE_PT[0] - LEFT_PT - RIGHT_PT,
        SIZE_PT[1] - TOP_PT - BOTTOM_PT,
        (0.0, max(float(at_s[-1]), 1.0)),
        (0.0, 1.12 * largest / scale),
    )
    panel.y_axis(round_ticks(panel.y_range[1], MOST_TICKS))
    panel.band(at_s, np.zeros_like(held), held / scale, "sifted", opacity=0.25)
    panel.curve(at_s, held / scale, "sifted", 1.8)
    if pool.reserve_bits > 0.0:
        reserve = np.full(2, pool.reserve_bits / scale)
        panel.curve(np.array(panel.x_range), reserve, "qber", 1.4, dashes="5 3")
    for first, last in empty_spans(levels):
        (x, bottom), (end, _) = (
            panel.place((instant - epoch).total_seconds(), 0.0) for instant in (first, last)
        )
        canvas.rectangle(
            float(x), float(bottom) - EMPTY_PT, float(end - x), EMPTY_PT, fill="keyhole"
        )
    panel.title(f"{short_label(title, 52)}, {unit}")
    panel.frame()
    panel.time_axis(epoch)


def empty_spans(
    levels: Sequence[tuple[datetime, float]],
) -> list[tuple[datetime, datetime]]:
    """When a pool holds nothing: between two corners of its level that are both zero."""
    spans: list[tuple[datetime, datetime]] = []
    for (start, before), (stop, after) in pairwise(levels):
        if before <= 0.0 and after <= 0.0 and stop > start:
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], stop)
            else:
                spans.append((start, stop))
    return spans
