"""Where the names on a map stand, so that they do not cover each other."""

from collections.abc import Mapping
from dataclasses import dataclass

LABEL_SIZE_PT = 10.0
LONGEST_LABEL = 28
# Mean advance of a letter and height of a line over the font size, for the usual system fonts.
LETTER_WIDTH, LINE_HEIGHT = 0.6, 1.25
MARKER_PT = 7.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a label: offset from its marker [pt] and horizontal alignment."""

    dx_pt: float
    dy_pt: float
    align: str


SPOTS = (
    Spot(8.0, 0.0, "left"),
    Spot(-8.0, 0.0, "right"),
    Spot(0.0, 13.0, "center"),
    Spot(0.0, -13.0, "center"),
    Spot(6.0, 11.0, "left"),
    Spot(6.0, -11.0, "left"),
    Spot(-6.0, 11.0, "right"),
    Spot(-6.0, -11.0, "right"),
)

Box = tuple[float, float, float, float]


def short_label(text: str, longest: int = LONGEST_LABEL) -> str:
    """A name that fits a figure: one line, at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def placed_labels(
    anchors_pt: Mapping[str, tuple[float, float]], labels: Mapping[str, str], width_pt: float
) -> dict[str, Spot]:
    """A spot for every label, chosen one after the other with the least overlap so far.

    Parameters
    ----------
    anchors_pt : markers by name, from the lower left corner of the map [pt]
    labels : text by name
    width_pt : of the map; a label that would leave it counts as covered
    """
    taken: list[Box] = [
        (x - MARKER_PT / 2, y - MARKER_PT / 2, x + MARKER_PT / 2, y + MARKER_PT / 2)
        for x, y in anchors_pt.values()
    ]
    spots: dict[str, Spot] = {}
    for name, anchor in anchors_pt.items():
        costs = [
            _cost(_box(anchor, labels[name], spot), taken, width_pt) + 1e-3 * order
            for order, spot in enumerate(SPOTS)
        ]
        spots[name] = SPOTS[costs.index(min(costs))]
        taken.append(_box(anchor, labels[name], spots[name]))
    return spots


def _box(anchor: tuple[float, float], label: str, spot: Spot) -> Box:
    width, height = LETTER_WIDTH * LABEL_SIZE_PT * len(label), LINE_HEIGHT * LABEL_SIZE_PT
    x, y = anchor[0] + spot.dx_pt, anchor[1] + spot.dy_pt
    left = {"left": x, "right": x - width, "center": x - width / 2}[spot.align]
    return left, y - height / 2, left + width, y + height / 2


def _cost(box: Box, taken: list[Box], width_pt: float) -> float:
    """Area [pt2] of a label that others cover or that lies outside the map."""
    left, low, right, high = box
    outside = max(-left, 0.0) + max(right - width_pt, 0.0)
    covered = sum(
        max(min(right, other[2]) - max(left, other[0]), 0.0)
        * max(min(high, other[3]) - max(low, other[1]), 0.0)
        for other in taken
    )
    return covered + outside * (high - low)
