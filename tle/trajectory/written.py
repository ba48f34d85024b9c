"""Which points of a segment go into a file."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tle.clock import split_mjd, tai_minus_utc_s
from tle.trajectory.ephemeris import Segment


def writable(epoch: datetime, segment: Segment) -> NDArray[np.bool_]:
    """True for points whose UTC can be written, shape (n,).

    Beyond a leap second a segment counts on in its own seconds, which are not UTC: those points
    belong to the next segment.
    """
    start, stop = segment.usable_s
    middle, _ = split_mjd(epoch, np.array([0.5 * (start + stop)]))
    day, _ = split_mjd(epoch, segment.times_s)
    inside = (segment.times_s >= start) & (segment.times_s <= stop)
    return np.asarray(inside | (tai_minus_utc_s(day) == tai_minus_utc_s(middle)))
