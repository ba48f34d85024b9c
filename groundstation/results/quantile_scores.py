"""How good quantiles were: pinball loss, coverage of P10 to P90, and how sure that coverage is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from groundstation.results.errors import ResultError
from passes.counts.spread.forecast import Quantiles

Floats = NDArray[np.float64]

LEVELS = (0.1, 0.5, 0.9)
PROMISED = 0.8
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the truth lay within P10 and P90, both included.

    Parameters
    ----------
    count, inside, below, above : of forecasts; below means less came than P10
    low, high : interval of the true share with 95 % confidence
    """

    count: int
    inside: int
    below: int
    above: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share inside; 0.8 is promised."""
        return self.inside / self.count

    @property
    def is_refuted(self) -> bool:
        """True if 80 % is outside the interval."""
        return not self.low <= PROMISED <= self.high


@dataclass(frozen=True, slots=True)
class QuantileScore:
    """Score of three quantiles of one quantity over several passes.

    Parameters
    ----------
    pinball : mean loss over passes and quantiles, in the unit of the quantity
    by_level : mean loss of P10, P50 and P90
    relative : pinball over the mean of what was observed; None where that is 0
    median_ratio : median of observed over P50; None where no P50 is above 0
    coverage : of P10 to P90
    """

    pinball: float
    by_level: tuple[float, float, float]
    relative: float | None
    median_ratio: float | None
    coverage: Coverage


def pinball_loss(level: float, quantile: ArrayLike, observed: ArrayLike) -> Floats:
    """Loss of a quantile forecast, least on average for the true quantile; any one shape.

    (level - [observed < quantile]) (observed - quantile): what lies above a low quantile costs
    little, what lies below it costs much.

    References
    ----------
    R. Koenker and G. Bassett, Econometrica 46, 33 (1978).
    """
    q, y = np.asarray(quantile, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    return np.asarray((level - (y < q)) * (y - q))


def coverage_of(inside: int, count: int, below: int, above: int) -> Coverage:
    """Coverage with the exact interval of a binomial share.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934).
    """
    tail = (1.0 - CONFIDENCE) / 2.0
    low = 0.0 if inside == 0 else float(betaincinv(inside, count - inside + 1, tail))
    high = 1.0 if inside == count else float(betaincinv(inside + 1, count - inside, 1.0 - tail))
    return Coverage(count, inside, below, above, low, high)


def quantile_score(forecasts: Sequence[Quantiles], observed: ArrayLike) -> QuantileScore:
    """Score P10, P50 and P90 against what was observed.

    Raises
    ------
    ResultError : nothing to score, or not one observation for each forecast
    """
    y = np.asarray(observed, dtype=np.float64)
    if y.shape != (len(forecasts),) or not y.size:
        raise ResultError(f"{len(forecasts)} forecasts and {y.size} observations cannot be scored")
    q = np.array([(f.p10, f.p50, f.p90) for f in forecasts]).T
    losses = [float(pinball_loss(p, row, y).mean()) for p, row in zip(LEVELS, q, strict=True)]
    below, above = int(np.sum(y < q[0])), int(np.sum(y > q[2]))
    mean, has_median = float(y.mean()), q[1] > 0.0
    return QuantileScore(
        pinball=float(np.mean(losses)),
        by_level=(losses[0], losses[1], losses[2]),
        relative=float(np.mean(losses)) / mean if mean > 0.0 else None,
        median_ratio=float(np.median(y[has_median] / q[1][has_median]))
        if has_median.any()
        else None,
        coverage=coverage_of(y.size - below - above, y.size, below, above),
    )
