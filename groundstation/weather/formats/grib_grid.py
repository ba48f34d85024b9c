"""Which points of a GRIB message's grid make the value at a place, with which share."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundstation.weather.records import Floats, StationPoint

_ROUNDING = 1e-6


class Interpolation(StrEnum):
    """How a value at a place is made of those at the grid points."""

    BILINEAR = "bilinear"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Grid points by their number in the message and their weights; each of shape (places, 4).

    The weights of a place that is not on the grid are NaN.
    """

    index: NDArray[np.int64]
    weights: Floats


def shares_of(
    eccodes: Any, handle: Any, points: Sequence[StationPoint], interpolation: Interpolation
) -> Shares:
    """The share of grid points in the value at every place, of one message's grid.

    Parameters
    ----------
    eccodes, handle : the library, and a message that it has open

    """
    index = np.zeros((len(points), 4), dtype=np.int64)
    weights = np.zeros((len(points), 4))
    is_enclosed = False
    is_regular = eccodes.codes_get(handle, "gridType") == "regular_ll"
    for row, point in enumerate(points):
        place = (point.latitude_deg, point.longitude_deg)
        try:
            near = eccodes.codes_grib_find_nearest(handle, *place, False, 4)
        except eccodes.OutOfAreaError:
            weights[row] = np.nan
            continue
        index[row] = [corner.index for corner in near]
        if is_regular:
            north = np.array([corner.lat - place[0] for corner in near])
            east = np.array([corner.lon - place[1] for corner in near])
            share = _tents(north) * _tents((east + 180.0) % 360.0 - 180.0)
            # Beyond the rim the four do not enclose the place.
            is_enclosed = abs(share.sum() - 1.0) <= _ROUNDING
            weights[row] = share if is_enclosed else np.nan
        if not is_regular or (is_enclosed and interpolation is Interpolation.NEAREST):
            weights[row] = 0.0
            weights[row, int(np.argmin([corner.distance for corner in near]))] = 1.0
    return Shares(index, weights)


def _tents(offsets_deg: Floats) -> Floats:
    """Share of each corner along one axis: 1 at the corner, 0 at the opposite one."""
    spacing = float(np.ptp(offsets_deg))
    if spacing == 0.0:
        return np.full(4, 0.5)
    return np.asarray(np.maximum(1.0 - np.abs(offsets_deg) / spacing, 0.0))
