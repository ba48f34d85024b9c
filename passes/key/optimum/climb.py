"""Maxima of many smooth functions of a few variables within a box, by Newton's method."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
# Values (b, p) of p points each, shape (b, p, n), for the functions with the given numbers (b,).
Evaluate = Callable[[Floats, Rows], Floats]

# Of the differences: relative errors of 1e-6 in the gradient, 1e-3 in the mixed second derivatives.
_STEP = 1e-3
_ITERATIONS = 30
_LARGEST_STEP = 1.5
# Shares of a Newton step that are tried together.
_SHARES = np.array([1.0, 0.5, 0.2, 0.02])
# So close to a bound a variable that wants beyond it is put there.
_NEAR = 1e-3
# A whole Newton step that gains less than this share is the last one: the next would gain its
# square. Where shorter steps are better, it takes two in a row that gain next to nothing.
_LAST_GAIN = 1e-6
_GAIN = 1e-8


def climb(
    evaluate: Evaluate, start: Floats, low: Floats, high: Floats, free: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Local maxima near the starts, and their values; shapes (b, n) and (b,).

    Parameters
    ----------
    evaluate : the functions, which may be asked a little beyond the box
    start : shape (b, n)
    low, high : the box, shape (n,)
    free : which variables may change, shape (n,)
    """
    axes = np.flatnonzero(free)
    x = np.array(start, dtype=np.float64)
    x[:, axes] = np.clip(x[:, axes], low[axes], high[axes])
    value = evaluate(x[:, None], np.arange(len(x)))[:, 0]
    if not len(axes):
        return x, value
    radius = np.full(len(x), _LARGEST_STEP)
    idle = np.zeros(len(x), dtype=np.intp)
    offsets = _stencil(len(axes))
    for _ in range(_ITERATIONS):
        rows = np.flatnonzero(idle < 2)
        if not len(rows):
            break
        step = _newton_step(evaluate, x, rows, axes, offsets, (low, high), radius[rows])
        trial = np.repeat(x[rows, None], len(_SHARES), axis=1)
        trial[:, :, axes] = np.clip(
            trial[:, :, axes] + _SHARES[:, None] * step[:, None], low[axes], high[axes]
        )
        values = evaluate(trial, rows)
        best = np.argmax(values, axis=1)
        found = values[np.arange(len(rows)), best]
        gain = found - value[rows]
        better = gain > 0.0
        x[rows[better]] = trial[better, best[better]]
        value[rows[better]] = found[better]
        radius[rows] = np.clip(radius[rows] * np.where(best == 0, 2.0, 0.5), 1e-4, _LARGEST_STEP)
        is_whole = (best == 0) & (gain >= 0.0)
        enough = np.where(is_whole, _LAST_GAIN, _GAIN) * np.abs(found)
        idle[rows] = np.where(gain > enough, 0, idle[rows] + 1 + is_whole)
    return x, value


def _stencil(n: int) -> Floats:
    """Points of the differences in steps: centre, both ways along each axis, each diagonal."""
    along = np.eye(n)
    pairs = [along[i] + along[j] for i in range(n) for j in range(i + 1, n)]
    return np.array([np.zeros(n), *along, *-along, *pairs])


def _newton_step(
    evaluate: Evaluate,
    x: Floats,
    rows: Rows,
    axes: Rows,
    offsets: Floats,
    box: tuple[Floats, Floats],
    radius: Floats,
) -> Floats:
    """The step (b, n) towards the maximum of the local parabola, uphill wherever it is none."""
    n = len(axes)
    points = np.repeat(x[rows, None], len(offsets), axis=1)
    points[:, :, axes] += _STEP * offsets
    f = evaluate(points, rows)
    centre, ahead, behind = f[:, :1], f[:, 1 : n + 1], f[:, n + 1 : 2 * n + 1]
    gradient = (ahead - behind) / (2.0 * _STEP)
    hessian = np.zeros((len(rows), n, n))
    index = np.arange(n)
    hessian[:, index, index] = ahead + behind - 2.0 * centre
    i, j = np.triu_indices(n, 1)
    mixed = f[:, 2 * n + 1 :] - ahead[:, i] - ahead[:, j] + centre
    hessian[:, i, j] = hessian[:, j, i] = mixed
    hessian /= _STEP**2
    # A variable that its bound holds back goes there; the others step as if it were there.
    at, (low, high) = x[rows][:, axes], (side[axes] for side in box)
    down = (at <= low + _NEAR) & (gradient < 0.0)
    up = (at >= high - _NEAR) & (gradient > 0.0)
    held = down | up
    gradient[held] = 0.0
    hessian[held] = 0.0
    hessian.swapaxes(1, 2)[held] = 0.0
    hessian[:, index, index] = np.where(held, -1.0, hessian[:, index, index])
    usable = np.isfinite(hessian).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    hessian[~usable], gradient[~usable] = -np.eye(n), 0.0
    curvature, basis = np.linalg.eigh(-hessian)
    floor = np.maximum(1e-4 * np.abs(curvature).max(axis=1, keepdims=True), 1e-12)
    along = np.einsum("bij,bi->bj", basis, gradient) / np.maximum(np.abs(curvature), floor)
    step = np.einsum("bij,bj->bi", basis, along)
    step *= np.minimum(1.0, radius / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
    step[down], step[up] = (low - at)[down], (high - at)[up]
    return np.asarray(step)
