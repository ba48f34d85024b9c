"""Culmination, rise and set of many polynomials at once."""

import numpy as np
from numpy.typing import NDArray

from passes.arc import HALF_WIDTH_STEPS, STENCIL
from passes.candidates import Candidates

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# The polynomial is used this far from its centre, in steps (accuracy: 0.1 m at 24 nodes a turn).
REACH = 2.5 / HALF_WIDTH_STEPS
_GRID_SIZE = 41
# Newton's last step in scaled time, 0.1 s at LEO: the next one would be a hundred microseconds
# at most, a thousandth of what is asked for.
_CONVERGED = 1e-4


def culminate(found: Candidates) -> tuple[Floats, Floats]:
    """Scaled times of highest elevation and the sine of it; shapes (c,).

    Newton's method on d/dt(Up / range) = 0 from the parabola's vertex.
    """
    x = found.peak
    lowest, highest = x - 1.0 / HALF_WIDTH_STEPS, x + 1.0 / HALF_WIDTH_STEPS
    for _ in range(3):
        r, v, a = _derivatives(found.coefficients_m, x)
        distance2, radial = np.sum(r * r, axis=0), np.sum(r * v, axis=0)
        slope = v[2] * distance2 - r[2] * radial
        change = (
            a[2] * distance2
            + v[2] * radial
            - r[2] * (np.sum(v * v, axis=0) + np.sum(r * a, axis=0))
        )
        x = np.minimum(np.maximum(x - slope / change, lowest), highest)
    east, north, up = found.position_m(x)
    return x, up / np.sqrt(east * east + north * north + up * up)


def crossing_before_and_after(found: Candidates, peak: Floats) -> tuple[Floats, Floats, Flags]:
    """Scaled times of rise and set, and whether both lie on the polynomial; shapes (c,).

    Newton's method from the length of the pass on a sphere; the few that do not settle on the
    right side of the peak are bracketed on a grid.
    """
    length = np.minimum(np.maximum(found.half_length, 0.02), REACH)
    side = np.array([[-1.0], [1.0]])
    x = peak + side * length
    x, settled = _newton(found.coefficients_m, found.sine_limit, x, side, peak, steps=2)
    exists = settled.copy()
    for row in (0, 1):
        rest = np.flatnonzero(~settled[row])
        if len(rest):
            x[row, rest], exists[row, rest] = _with_care(
                found.coefficients_m[:, :, rest],
                found.sine_limit[rest],
                x[row, rest],
                peak[rest],
                float(side[row, 0]),
            )
    return x[0], x[1], exists[0] & exists[1]


def _newton(
    coefficients: Floats,
    sine: Floats,
    x: Floats,
    side: Floats | float,
    peak: Floats,
    *,
    steps: int,
) -> tuple[Floats, Flags]:
    """Steps towards the crossing, and whether they ended at one on the right side."""
    step = np.zeros_like(x)
    for _ in range(steps):
        height, slope = _height(coefficients, sine, x)
        step = height / np.where(slope == 0.0, np.inf, slope)
        x = np.minimum(np.maximum(x - step, -1.0), 1.0)
    # The last step of a method that converges quadratically bounds the square root of its error.
    settled = (np.abs(step) < _CONVERGED) & ((x - peak) * side > 0.0) & (slope * side < 0.0)
    return x, settled & (np.abs(x) <= REACH)


def _with_care(
    coefficients: Floats, sine: Floats, x: Floats, peak: Floats, side: float
) -> tuple[Floats, Flags]:
    """Four more steps for slow starters; a bracket for what still has not settled."""
    x, exists = _newton(coefficients, sine, x, side, peak, steps=4)
    rest = np.flatnonzero(~exists)
    if len(rest):
        x[rest], exists[rest] = _bracketed(coefficients[:, :, rest], sine[rest], peak[rest], side)
    return x, exists


def _bracketed(
    coefficients: Floats, sine: Floats, top: Floats, side: float
) -> tuple[Floats, Flags]:
    """The crossing nearest to the peak on its side, from a grid and safeguarded Newton steps."""
    share = np.linspace(0.0, 1.0, _GRID_SIZE)[:, None]
    grid = top + (side * REACH - top) * share
    above = np.stack([_height(coefficients, sine, x)[0] > 0.0 for x in grid])
    exists = ~np.all(above[1:], axis=0)
    first = np.argmin(above[1:], axis=0) + 1
    rows = np.arange(len(top))
    inner, outer = grid[first - 1, rows], grid[first, rows]
    x = 0.5 * (inner + outer)
    for _ in range(12):
        height, slope = _height(coefficients, sine, x)
        is_above = height > 0.0
        inner, outer = np.where(is_above, x, inner), np.where(is_above, outer, x)
        step = x - height / np.where(slope == 0.0, np.inf, slope)
        low, high = np.minimum(inner, outer), np.maximum(inner, outer)
        x = np.where((step >= low) & (step <= high), step, 0.5 * (inner + outer))
    return x, exists


def _height(coefficients: Floats, sine: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Up minus sin(limit) times range [m], positive above the limit, with its derivative.

    `x` has shape (c,) or (k, c), and so have the results.
    """
    columns = coefficients if x.ndim == 1 else coefficients[:, :, None, :]
    value = columns[-1] * x
    value += columns[-2]
    derivative = np.empty_like(value)
    derivative[...] = columns[-1]
    for power in range(STENCIL - 3, -1, -1):
        derivative *= x
        derivative += value
        value *= x
        value += columns[power]
    east, north, up = value
    distance = np.sqrt(east * east + north * north + up * up)
    radial = east * derivative[0] + north * derivative[1] + up * derivative[2]
    return up - sine * distance, derivative[2] - sine * radial / distance


def _derivatives(coefficients: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Values, first and second derivatives of polynomials (10, 3, c) at (c,), shapes (3, c)."""
    value = coefficients[-1] * x
    value += coefficients[-2]
    first = coefficients[-1].copy()
    half_second = np.zeros_like(value)
    for power in range(STENCIL - 3, -1, -1):
        half_second *= x
        half_second += first
        first *= x
        first += value
        value *= x
        value += coefficients[power]
    return value, first, 2.0 * half_second
