"""Distributions of what is not known, each a function of a standard normal score."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A positive quantity known to a factor.

    Parameters
    ----------
    median : at least 0; what is absent (0) is so in every draw
    factor : one standard deviation upwards multiplies the median by it; 1 is exact knowledge
    source : where the figures come from
    """

    median: float
    factor: float
    source: str = "declared"

    def at(self, score: ArrayLike) -> Floats:
        """Value at a standard normal score, any shape."""
        return np.asarray(self.median * self.factor ** np.asarray(score, dtype=np.float64))

    def score_of(self, value: float) -> float:
        """The score of a value above 0; 0 where nothing but the median is possible."""
        return 0.0 if self.factor == 1.0 else log(value / self.median) / log(self.factor)

    def fault(self) -> str | None:
        """What is wrong with the figures, with the limit; None if nothing is."""
        if not 0.0 <= self.median < np.inf:
            return f"median {self.median:g} is below 0 or not finite"
        if not 1.0 <= self.factor <= 10.0:
            return f"factor {self.factor:g} is outside 1..10"
        return None


@dataclass(frozen=True, slots=True)
class Normal:
    """A quantity known to plus or minus something.

    Parameters
    ----------
    mean, sigma : sigma 0 is exact knowledge
    source : where the figures come from
    """

    mean: float
    sigma: float
    source: str = "declared"

    def at(self, score: ArrayLike) -> Floats:
        """Value at a standard normal score, any shape."""
        return np.asarray(self.mean + self.sigma * np.asarray(score, dtype=np.float64))

    def score_of(self, value: float) -> float:
        """The score of a value; 0 where nothing but the mean is possible."""
        return 0.0 if self.sigma == 0.0 else (value - self.mean) / self.sigma

    def fault(self) -> str | None:
        """What is wrong with the figures, with the limit; None if nothing is."""
        if not np.isfinite(self.mean):
            return f"mean {self.mean:g} is not finite"
        if not 0.0 <= self.sigma < np.inf:
            return f"sigma {self.sigma:g} is below 0 or not finite"
        return None


@dataclass(frozen=True, slots=True)
class HalfNormal:
    """The absolute value of a centred normal quantity, on top of what is known.

    Parameters
    ----------
    sigma : of the normal quantity whose sign does not matter
    least : declared value, at least 0, to which it is added
    source : where the figures come from
    """

    sigma: float
    least: float = 0.0
    source: str = "declared"

    def at(self, score: ArrayLike) -> Floats:
        """Value at the standard normal score of the same probability, any shape."""
        upper = (1.0 + ndtr(np.asarray(score, dtype=np.float64))) / 2.0
        return np.asarray(self.least + self.sigma * ndtri(upper))

    def fault(self) -> str | None:
        """What is wrong with the figures, with the limit; None if nothing is."""
        if not 0.0 <= self.sigma < np.inf:
            return f"sigma {self.sigma:g} is below 0 or not finite"
        if not 0.0 <= self.least < np.inf:
            return f"least value {self.least:g} is below 0 or not finite"
        return None


@dataclass(frozen=True, slots=True)
class OccasionalExponential:
    """Absent on most nights, exponentially distributed on the others.

    Parameters
    ----------
    probability : of being there, in [0, 1]
    mean : when it is there, at least 0
    source : where the figures come from
    """

    probability: float
    mean: float
    source: str = "declared"

    def at(self, score: ArrayLike) -> Floats:
        """Value at the standard normal score of the same probability, any shape."""
        beyond = ndtr(-np.asarray(score, dtype=np.float64))
        if self.probability == 0.0:
            return np.zeros_like(beyond)
        # Adding zero turns the -0.0 of the nights without into 0.0.
        return np.asarray(-self.mean * np.log(np.minimum(beyond / self.probability, 1.0)) + 0.0)

    def fault(self) -> str | None:
        """What is wrong with the figures, with the limit; None if nothing is."""
        if not 0.0 <= self.probability <= 1.0:
            return f"probability {self.probability:g} is outside 0..1"
        if not 0.0 <= self.mean < np.inf:
            return f"mean {self.mean:g} is below 0 or not finite"
        return None


Distribution = Lognormal | Normal | HalfNormal | OccasionalExponential
