"""A panel of a drawing: two axes, a grid, curves and areas against them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.report.drawing.canvas import Canvas

Floats = NDArray[np.float64]

TITLE_SIZE_PT = 12.0
TICK_PT = 3.0
_GAP = (np.nan, np.nan)
RIM_PT = RULE_PT = 0.8
MOST_TIME_TICKS = 5
TIME_STEPS_S = (
    10,
    20,
    30,
    60,
    120,
    180,
    300,
    600,
    1200,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    86_400,
)


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of a canvas with linear scales.

    Parameters
    ----------
    left, top, width, height : of the rectangle [pt]
    x_range, y_range : values at its edges; the lowest y is at the bottom
    """

    canvas: Canvas
    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def place(self, x: Floats | float, y: Floats | float) -> Floats:
        """Values as points of the canvas, shape (n, 2)."""
        x_share = (np.asarray(x, dtype=np.float64) - self.x_range[0]) / _span(self.x_range)
        y_share = (np.asarray(y, dtype=np.float64) - self.y_range[0]) / _span(self.y_range)
        return np.stack(
            np.broadcast_arrays(
                self.left + x_share * self.width, self.top + (1.0 - y_share) * self.height
            ),
            axis=-1,
        )

    def curve(
        self, x: Floats, y: Floats, colour: str, width_pt: float, *, dashes: str = ""
    ) -> None:
        """A line through values; NaN breaks it."""
        self.canvas.line(self.place(x, y), colour, width_pt, dashes=dashes)

    def band(
        self,
        x: Floats,
        low: Floats,
        high: Floats,
        colour: str,
        *,
        opacity: float = 1.0,
        rim: str = "",
    ) -> None:
        """The area between two curves; NaN in either breaks it."""
        known = np.isfinite(low) & np.isfinite(high)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
        rings = [
            np.concatenate([self.place(x[a:b], low[a:b]), self.place(x[a:b], high[a:b])[::-1]])
            for a, b in zip(edges[::2], edges[1::2], strict=True)
            if b - a > 1
        ]
        self.canvas.area(rings, colour, opacity=opacity, rim=rim, rim_pt=RIM_PT)

    def title(self, text: str) -> None:
        """A heading above the panel."""
        self.canvas.text((self.left, self.top - 14.0), text, size_pt=TITLE_SIZE_PT)

    def y_axis(self, ticks: Sequence[float], labels: Sequence[str] | None = None) -> None:
        """Grid lines with their values at the left; drawn before the curves."""
        labels = [f"{tick:g}" for tick in ticks] if labels is None else labels
        rules, places = [], []
        for tick in ticks:
            ends = self.place(np.array(self.x_range), tick)
            rules += [*ends, _GAP]
            places.append((self.left - 6.0, float(ends[0, 1])))
        self.canvas.labels(np.array(places), labels, "soft", anchor="end")
        self.canvas.line(np.array(rules).reshape(-1, 2), "grid", RULE_PT)

    def frame(self) -> None:
        """The left and the lower edge."""
        bottom, right = self.top + self.height, self.left + self.width
        corners = [[self.left, self.top], [self.left, bottom], [right, bottom]]
        self.canvas.line(np.array(corners), "axis", RULE_PT)

    def time_axis(self, epoch: datetime, *, with_labels: bool = True) -> None:
        """Round UTC instants below a panel whose x are seconds after an epoch."""
        bottom = self.top + self.height
        marks, places, labels = [], [], []
        for second, label in time_ticks(epoch, *self.x_range):
            x = float(self.place(second, self.y_range[0])[0])
            marks += [(x, bottom), (x, bottom + TICK_PT), _GAP]
            places.append((x, bottom + 12.0))
            labels.append(label)
        if with_labels:
            self.canvas.labels(np.array(places), labels, "soft", anchor="middle")
        self.canvas.line(np.array(marks).reshape(-1, 2), "axis", RULE_PT)


def time_ticks(
    epoch: datetime, first_s: float, last_s: float, most: int = MOST_TIME_TICKS
) -> list[tuple[float, str]]:
    """Round instants of UTC between two seconds after an epoch, with what is written there."""
    step_s = next((s for s in TIME_STEPS_S if (last_s - first_s) / s <= most), TIME_STEPS_S[-1])
    midnight = epoch.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = (epoch - midnight).total_seconds()
    pattern = "%d %b" if step_s >= 86_400 else "%H:%M" if step_s % 60 == 0 else "%H:%M:%S"
    counts = range(
        int(np.ceil((first_s + offset_s) / step_s)), int(np.floor((last_s + offset_s) / step_s)) + 1
    )
    return [
        (c * step_s - offset_s, (midnight + timedelta(seconds=c * step_s)).strftime(pattern))
        for c in counts
    ]


def round_ticks(largest: float, most: int = 5) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 from zero up to a positive value, at most so many steps."""
    raw = largest / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(
        float(m * power) for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw * (1 - 1e-9)
    )
    return [round(i * step, 12) for i in range(int(np.floor(largest / step * (1 + 1e-9))) + 1)]


def _span(limits: tuple[float, float]) -> float:
    return (limits[1] - limits[0]) or 1.0
