"""Positions between the points of a trajectory segment, with a measure of the error.

Two interpolations are known: polynomials through ten positions (Lagrange, degree 9), and
polynomials through six positions and velocities (Hermite, degree 11). Both are tried on the file's
own points, each predicted from its neighbours, and the better one serves the segment: coarse files
with good velocities gain, velocities of another frame are found out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tle.trajectory.ephemeris import Segment

Floats = NDArray[np.float64]

LAGRANGE_POINTS = 10
HERMITE_POINTS = 6
# How much worse a point is predicted from its neighbours than the middle of a step is, if what
# errs is noise of the positions or of the velocities. If it is the curvature of the orbit the ratio
# is far larger (16 and 105, from the node polynomials), so that the estimate errs upwards.
_LAGRANGE_RATIO = 1.5
_HERMITE_RATIO = 3.5


@dataclass(frozen=True, slots=True)
class Interpolant:
    """A segment with the interpolation that fits it.

    Parameters
    ----------
    segment : the points
    uses_velocities : True for Hermite
    error_m : no interpolated position is expected to be worse; infinite if the segment is too
        short to tell
    worst_s : time of the point that fits its neighbours least
    """

    segment: Segment
    uses_velocities: bool
    error_m: float
    worst_s: float

    def positions_m(self, times_s: Floats) -> Floats:
        """Earth-fixed positions at instants inside the points' span, shape (n, 3)."""
        points = HERMITE_POINTS if self.uses_velocities else LAGRANGE_POINTS
        chosen = _nearest(self.segment.times_s, times_s, min(points, len(self.segment.times_s)))
        return _predict(self.segment, times_s, chosen, uses_velocities=self.uses_velocities)

    def velocities_m_s(self, times_s: Floats) -> Floats:
        """Time derivative of the positions, shape (n, 3).

        Fourth-order differences of the polynomial, with an offset of a hundredth of a step: their
        own error is below 1e-7 m/s at LEO.
        """
        offset = 0.01 * float(np.median(np.diff(self.segment.times_s)))
        one = self.positions_m(times_s + offset) - self.positions_m(times_s - offset)
        two = self.positions_m(times_s + 2 * offset) - self.positions_m(times_s - 2 * offset)
        return np.asarray((8.0 * one - two) / (12.0 * offset))


def interpolant_of(segment: Segment) -> Interpolant:
    """The better of the two interpolations for a segment."""
    lagrange = _tried(segment, hermite=False)
    if segment.velocities_m_s is None:
        return lagrange
    return min(lagrange, _tried(segment, hermite=True), key=lambda item: item.error_m)


def _tried(segment: Segment, *, hermite: bool) -> Interpolant:
    """One interpolation, tried on every point that has enough neighbours on both sides."""
    half = (HERMITE_POINTS if hermite else LAGRANGE_POINTS) // 2
    count = len(segment.times_s)
    if count < 2 * half + 1:
        return Interpolant(segment, hermite, float("inf"), float(segment.times_s[0]))
    around = np.concatenate([np.arange(-half, 0), np.arange(1, half + 1)])
    middle = np.arange(half, count - half)
    predicted = _predict(
        segment, segment.times_s[middle], middle[:, None] + around, uses_velocities=hermite
    )
    residual = np.linalg.norm(predicted - segment.positions_m[middle], axis=1)
    worst = int(np.argmax(residual))
    error_m = float(residual[worst]) / (_HERMITE_RATIO if hermite else _LAGRANGE_RATIO)
    return Interpolant(segment, hermite, error_m, float(segment.times_s[middle[worst]]))


def _nearest(nodes_s: Floats, times_s: Floats, points: int) -> NDArray[np.intp]:
    """Indices of the points around each instant, shape (n, points)."""
    first = np.searchsorted(nodes_s, times_s, side="right") - points // 2
    first = np.clip(first, 0, len(nodes_s) - points)
    return np.asarray(first[:, None] + np.arange(points))


def _predict(
    segment: Segment, times_s: Floats, chosen: NDArray[np.intp], *, uses_velocities: bool
) -> Floats:
    """Polynomials through the chosen points, shape (n, points), at instants of shape (n,)."""
    nodes = segment.times_s[chosen] - times_s[:, None]
    scale = np.abs(nodes).max(axis=1, keepdims=True)
    nodes /= np.where(scale > 0.0, scale, 1.0)
    # The Lagrange basis at 0: product over the others of t_k / (t_k - t_j).
    points = nodes.shape[1]
    others = ~np.eye(points, dtype=bool)
    apart = np.where(others, nodes[:, None, :] - nodes[:, :, None], 1.0)
    basis = np.prod(np.where(others, nodes[:, None, :] / apart, 1.0), axis=2)
    values = segment.positions_m[chosen]
    if not uses_velocities or segment.velocities_m_s is None:
        return np.asarray(np.einsum("nj,njk->nk", basis, values))
    # Hermite: (1 - 2 (t - t_j) l_j'(t_j)) l_j^2 and (t - t_j) l_j^2, both at t = 0.
    slope = -np.sum(np.where(others, 1.0 / apart, 0.0), axis=2)
    of_value = (1.0 + 2.0 * nodes * slope) * basis**2
    of_slope = -nodes * scale * basis**2
    slopes = segment.velocities_m_s[chosen]
    along = np.einsum("nj,njk->nk", of_slope, slopes)
    return np.asarray(np.einsum("nj,njk->nk", of_value, values) + along)
