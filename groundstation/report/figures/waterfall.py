"""A waterfall: what is left at each step as a bar, what was lost beside it."""

from collections.abc import Sequence

import numpy as np

from groundstation.report.drawing.canvas import Canvas
from groundstation.report.waterfall import Fall

WIDTH_PT, ROW_PT, BAR_PT = 720.0, 30.0, 16.0
LEFT_PT, BARS_PT = 190.0, 380.0
# A bar that still shows where its amount is above zero.
LEAST_BAR_PT = 1.5


def waterfall_figure(falls: Sequence[Fall], title: str = "", *, decades: bool = False) -> Canvas:
    """Bars one below the other.

    Parameters
    ----------
    decades : on a logarithmic axis from 1; else from 0
    """
    top = 34.0 if title else 8.0
    canvas = Canvas(WIDTH_PT, top + ROW_PT * max(len(falls), 1), title)
    if title:
        canvas.text((12.0, 18.0), title, size_pt=14.0, is_bold=True)
    largest = max((fall.amount for fall in falls), default=0.0)
    before = 0.0
    for index, fall in enumerate(falls):
        middle = top + ROW_PT * (index + 0.5)
        length = _length(fall.amount, largest, decades=decades)
        canvas.text((LEFT_PT - 10.0, middle), fall.name, anchor="end")
        if before > length:
            canvas.rectangle(
                LEFT_PT + length, middle - BAR_PT / 2, before - length, BAR_PT, fill="grid"
            )
        if fall.amount > 0.0:
            colour = "good" if index == len(falls) - 1 else "sifted"
            width = max(length, LEAST_BAR_PT)
            canvas.rectangle(LEFT_PT, middle - BAR_PT / 2, width, BAR_PT, fill=colour)
        canvas.text((LEFT_PT + max(length, before) + 8.0, middle), fall.words, is_bold=True)
        before = length
    edge = np.array([[LEFT_PT, top], [LEFT_PT, top + ROW_PT * max(len(falls), 1)]])
    canvas.line(edge, "axis", 0.8)
    return canvas


def _length(amount: float, largest: float, *, decades: bool) -> float:
    if largest <= 0.0 or amount <= 0.0:
        return 0.0
    if decades:
        return BARS_PT * float(np.log10(max(amount, 1.0)) / max(np.log10(largest), 1.0))
    return BARS_PT * amount / largest
