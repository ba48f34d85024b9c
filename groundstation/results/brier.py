"""How good probabilities were: the Brier score, what it is made of, and the reliability table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groundstation.results.errors import ResultError

Floats = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """Forecasts of about the same probability, and how often they came true.

    Parameters
    ----------
    low, high : of the bin; the upper end belongs to the next one, 1 to the last
    count : of forecasts
    forecast : their mean
    observed : share that came true
    """

    low: float
    high: float
    count: int
    forecast: float
    observed: float


@dataclass(frozen=True, slots=True)
class BrierScore:
    """Mean squared error of probabilities and its parts.

    score = reliability - resolution + uncertainty + within_bins

    Parameters
    ----------
    count : of forecasts
    score : 0 is perfect, 0.25 is what a coin gets
    reliability : mean squared distance of a bin's forecast from what came true; 0 is perfect
    resolution : mean squared distance of what came true in a bin from the mean; larger is better
    uncertainty : of the outcomes, base rate times its complement; not the forecaster's
    within_bins : what is left because forecasts within a bin differ; 0 if they do not
    base_rate : share that came true
    rows : bins that hold forecasts
    """

    count: int
    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float
    base_rate: float
    rows: tuple[ReliabilityRow, ...]

    @property
    def skill(self) -> float | None:
        """1 - score / uncertainty: the gain over always saying the base rate; None without one."""
        return None if self.uncertainty == 0.0 else 1.0 - self.score / self.uncertainty


def brier_score(probability: ArrayLike, came_true: ArrayLike, bins: int = BINS) -> BrierScore:
    """Score probabilities of events that did or did not happen.

    Parameters
    ----------
    probability : in [0, 1], shape (n,)
    came_true : shape (n,)
    bins : of equal width

    Raises
    ------
    ResultError : nothing to score, shapes that differ, a probability outside [0, 1]

    References
    ----------
    G. W. Brier, Mon. Weather Rev. 78, 1 (1950), for two classes with half his factor.
    A. H. Murphy, J. Appl. Meteorol. 12, 595 (1973): the three parts, exact where all forecasts of a
    bin are equal. D. B. Stephenson, C. A. S. Coelho and I. T. Jolliffe, Weather Forecast. 23, 752
    (2008): variance less twice the covariance within bins, summed here into one term.
    """
    p, o = np.asarray(probability, dtype=np.float64), np.asarray(came_true, dtype=np.float64)
    if p.ndim != 1 or p.shape != o.shape or not p.size:
        raise ResultError(f"{p.shape} probabilities and {o.shape} outcomes cannot be scored")
    if not np.all((p >= 0.0) & (p <= 1.0)):
        raise ResultError(f"probability {p[~((p >= 0.0) & (p <= 1.0))][0]:g} is outside 0..1")
    # Rounding must not move 0.3 into the bin below it.
    chosen = np.minimum(np.floor(p * bins + 1e-9), bins - 1).astype(np.intp)
    used = np.unique(chosen)
    count = np.array([np.sum(chosen == b) for b in used])
    forecast = np.array([p[chosen == b].mean() for b in used])
    observed = np.array([o[chosen == b].mean() for b in used])
    base, weight = float(o.mean()), count / p.size
    score = float(np.mean((p - o) ** 2))
    reliability = float(weight @ (forecast - observed) ** 2)
    resolution = float(weight @ (observed - base) ** 2)
    uncertainty = base * (1.0 - base)
    return BrierScore(
        count=p.size,
        score=score,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bins=score - (reliability - resolution + uncertainty),
        base_rate=base,
        rows=tuple(
            ReliabilityRow(b / bins, (b + 1) / bins, int(n), float(f), float(s))
            for b, n, f, s in zip(used.tolist(), count, forecast, observed, strict=True)
        ),
    )
