"""What a detector misses while it recovers from a click."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.terminals import DeadTime

Floats = NDArray[np.float64]


def counted_rate_hz(rate_hz: ArrayLike, dead_time_s: float, kind: DeadTime | str) -> Floats:
    """Clicks per second of one detector with dead time.

    Parameters
    ----------
    rate_hz : what this one detector would count without dead time, not negative, any shape
    dead_time_s : after each click
    kind : "non-paralysable" (actively quenched) or "paralysable" (passively quenched, which counts
        less and less beyond a rate of 1 / dead time)

    Returns
    -------
    Rate of the shape of `rate_hz`, for clicks at random instants. Pulses at intervals longer than
    the dead time lose less: nothing of a click falls on the next pulse.

    References
    ----------
    R / (1 + R t) and R exp(-R t): G. F. Knoll, Radiation Detection and Measurement, chapter 4.
    """
    rate = np.asarray(rate_hz, dtype=np.float64)
    if not (np.all(rate >= 0.0) and dead_time_s >= 0.0):
        raise LinkError(f"count rate or dead time {dead_time_s:g} s is negative")
    if DeadTime(kind) is DeadTime.NON_PARALYSABLE:
        return np.asarray(rate / (1.0 + rate * dead_time_s))
    return np.asarray(rate * np.exp(-rate * dead_time_s))
