"""Fewer corners for a line that looks the same."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def simplified(points: Floats, tolerance: float) -> Floats:
    """The corners of a line without those that lie within a tolerance of it; shape (m, 2).

    Ends are kept. No dropped corner is farther than the tolerance from the line that is left.

    Parameters
    ----------
    points : shape (n, 2)
    tolerance : in the unit of the points

    References
    ----------
    D. H. Douglas and T. K. Peucker, Cartographica 10, 112 (1973).
    """
    count = len(points)
    if count < 3:
        return points
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    keep = np.zeros(count, dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, count - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        dx, dy = x[first + 1 : last] - x[first], y[first + 1 : last] - y[first]
        along_x, along_y = float(x[last] - x[first]), float(y[last] - y[first])
        length2 = along_x * along_x + along_y * along_y
        if length2 > 0.0:
            # The foot may lie beyond an end: then the end is what counts.
            share = np.minimum(np.maximum((dx * along_x + dy * along_y) / length2, 0.0), 1.0)
            dx, dy = dx - share * along_x, dy - share * along_y
        away2 = dx * dx + dy * dy
        farthest = int(away2.argmax())
        if away2[farthest] > tolerance * tolerance:
            middle = first + 1 + farthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[keep]


def unbroken(points: Floats) -> list[Floats]:
    """A line cut at its gaps (NaN): pieces of shape (n, 2) with two corners or more."""
    known = np.isfinite(points).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    pieces = [points[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [piece for piece in pieces if len(piece) > 1]
