"""Passes that are longer than one polynomial: high, eccentric and geostationary orbits."""

import numpy as np
from numpy.typing import NDArray

from passes.arc import HALF_WIDTH_STEPS, STENCIL, Arc, stencil_coefficients
from tle.nodes import NodeTable

Floats = NDArray[np.float64]

_SAMPLES_PER_STEP = 12


def long_arcs(table: NodeTable, topocentric_m: Floats, limit_rad: float) -> list[Arc]:
    """Arcs above a limit of elevation, found on every node interval with a polynomial of its own.

    Parameters
    ----------
    table : node table
    topocentric_m : its positions as East, North, Up of the site, shape (n, 3)
    limit_rad : elevation of the mask

    Returns
    -------
    arcs inside the window, in order; a pass with several maxima is one arc at its highest
    """
    start, stop = table.window_s[0], min(table.window_s[1], float(table.times_s[-1]))
    whole = _whole_arc(table, topocentric_m)
    if whole is None or stop <= start:
        return []
    count = max(2, int(np.ceil((stop - start) / table.step_s * _SAMPLES_PER_STEP)) + 1)
    times = np.linspace(start, stop, count)
    height = _height_m(whole, times, limit_rad)
    peaks = _refined_peaks(whole, times)
    times = np.sort(np.concatenate([times, peaks]))
    height = _height_m(whole, times, limit_rad)
    above = height > 0.0
    change = np.flatnonzero(above[1:] != above[:-1])
    crossings = _bisect(whole, times[change], times[change + 1], limit_rad)
    edges = np.concatenate([[start] if above[0] else [], crossings, [stop] if above[-1] else []])
    return [
        _pass_between(whole, float(aos), float(los), (start, stop), np.concatenate([times, edges]))
        for aos, los in edges.reshape(-1, 2)
    ]


def _whole_arc(table: NodeTable, topocentric_m: Floats) -> Arc | None:
    """Every node interval of the table as one piece of a single arc."""
    pieces = len(topocentric_m) - STENCIL + 1
    if pieces < 1:
        return None
    nodes = topocentric_m[np.arange(pieces)[:, None] + np.arange(STENCIL)]
    coefficients = stencil_coefficients(nodes)
    middles = np.arange(pieces, dtype=np.float64) + (STENCIL - 1) / 2.0
    centres = table.start_s + table.step_s * middles
    return Arc(
        table.epoch,
        0.0,
        0.0,
        0.0,
        aos_truncated=False,
        los_truncated=False,
        centres_s=centres,
        half_width_s=table.step_s * HALF_WIDTH_STEPS,
        coefficients_m=coefficients,
    )


def _height_m(arc: Arc, times_s: Floats, limit_rad: float) -> Floats:
    position, _ = arc.topocentric_m(times_s)
    return np.asarray(position[:, 2] - np.sin(limit_rad) * np.linalg.norm(position, axis=1))


def _sine(arc: Arc, times_s: Floats) -> Floats:
    position, _ = arc.topocentric_m(times_s)
    return np.asarray(position[:, 2] / np.linalg.norm(position, axis=1))


def _refined_peaks(arc: Arc, times: Floats) -> Floats:
    """Times of the maxima of elevation, by golden section between samples."""
    sine = _sine(arc, times)
    index = np.flatnonzero((sine[1:-1] >= sine[:-2]) & (sine[1:-1] > sine[2:])) + 1
    low, high = times[index - 1].copy(), times[index + 1].copy()
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        goes_left = _sine(arc, left) > _sine(arc, right)
        high, low = np.where(goes_left, right, high), np.where(goes_left, low, left)
    return 0.5 * (low + high)


def _bisect(arc: Arc, low: Floats, high: Floats, limit_rad: float) -> Floats:
    """Crossings of the mask between samples of different sign, to a microsecond."""
    low, high = low.copy(), high.copy()
    starts_above = _height_m(arc, low, limit_rad) > 0.0
    for _ in range(45):
        middle = 0.5 * (low + high)
        same = (_height_m(arc, middle, limit_rad) > 0.0) == starts_above
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)


def _pass_between(
    whole: Arc, aos: float, los: float, window: tuple[float, float], samples: Floats
) -> Arc:
    """One pass with the pieces that it needs, culminating at its highest sample."""
    inside = np.sort(samples[(samples >= aos) & (samples <= los)])
    tca = float(inside[np.argmax(_sine(whole, inside))])
    keep = np.abs(whole.centres_s - np.clip(whole.centres_s, aos, los)) <= whole.half_width_s
    return Arc(
        whole.epoch,
        aos,
        tca,
        los,
        aos_truncated=bool(aos == window[0]),
        los_truncated=bool(los == window[1]),
        centres_s=whole.centres_s[keep],
        half_width_s=whole.half_width_s,
        coefficients_m=whole.coefficients_m[keep],
    )
