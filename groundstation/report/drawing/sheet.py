"""Small drawings of one kind side by side on one sheet."""

from collections.abc import Callable, Sequence

from groundstation.report.drawing.canvas import Canvas

# Draws into the rectangle whose upper left corner it is given [pt].
Cell = Callable[[Canvas, float, float], None]

MARGIN_PT, HEAD_PT = 12.0, 40.0


def sheet(title: str, cells: Sequence[Cell], size_pt: tuple[float, float], columns: int) -> Canvas:
    """All cells from left to right and from the top down under one title, if there is one.

    Parameters
    ----------
    size_pt : width and height of a cell
    columns : at most so many side by side
    """
    across = max(min(columns, len(cells)), 1)
    down = max(-(-len(cells) // across), 1)
    # Where there is one cell the title still needs its room.
    width = max(across * size_pt[0], 480.0)
    head = HEAD_PT if title else 0.0
    canvas = Canvas(width + 2 * MARGIN_PT, head + down * size_pt[1] + MARGIN_PT, title)
    if title:
        canvas.text((MARGIN_PT, 22.0), title, size_pt=14.0, is_bold=True)
    for index, draw in enumerate(cells):
        row, column = divmod(index, across)
        draw(canvas, MARGIN_PT + column * size_pt[0], head + row * size_pt[1])
    return canvas


def alone(draw: Cell, size_pt: tuple[float, float], label: str) -> Canvas:
    """One cell as a drawing of its own."""
    canvas = Canvas(*size_pt, label)
    draw(canvas, 0.0, 0.0)
    return canvas
