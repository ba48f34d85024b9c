"""Our loss next to a measured one, and how much of the difference one constant explains."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.budget import LinkBudget, TermGroup
from passes.track import Track

Floats = NDArray[np.float64]


class Leg(StrEnum):
    """Which half of a pass a range belongs to."""

    RISING = "rising"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class LossComparison:
    """Loss without detectors at measured ranges; arrays of shape (n,) in the order given.

    Parameters
    ----------
    range_m, elevation_rad : of the measurements
    ours_db, measured_db : loss
    constant_db : mean difference of the points at or above `from_elevation_rad`
    from_elevation_rad : what the constant is taken from
    """

    range_m: Floats
    elevation_rad: Floats
    ours_db: Floats
    measured_db: Floats
    constant_db: float
    from_elevation_rad: float

    @property
    def difference_db(self) -> Floats:
        """Measured beyond ours, shape (n,)."""
        return self.measured_db - self.ours_db

    @property
    def left_db(self) -> Floats:
        """Difference after the constant, shape (n,)."""
        return self.difference_db - self.constant_db

    def rms_db(self, *, after: bool) -> float:
        """Root mean square of the difference, before or after the constant, over all points."""
        values = self.left_db if after else self.difference_db
        return float(np.sqrt(np.mean(values * values)))


def compare_loss(
    track: Track,
    budget: LinkBudget,
    range_m: ArrayLike,
    measured_db: ArrayLike,
    *,
    leg: Leg = Leg.SETTING,
    from_elevation_rad: float = 0.0,
) -> LossComparison:
    """Compare a budget with losses measured against range on one leg of a pass.

    Parameters
    ----------
    track, budget : samples of the pass
    range_m, measured_db : shape (n,); losses without detectors, as papers print them
    leg : after or before the closest approach
    from_elevation_rad : points below it take no part in the constant

    Raises
    ------
    LinkError : a range that the leg does not reach, no point above the elevation, unequal lengths
    """
    asked = np.atleast_1d(np.asarray(range_m, dtype=np.float64))
    measured = np.atleast_1d(np.asarray(measured_db, dtype=np.float64))
    if asked.shape != measured.shape or not asked.size:
        raise LinkError(f"{asked.size} ranges but {measured.size} losses")
    closest = int(np.argmin(track.range_m))
    part = slice(closest, None) if leg is Leg.SETTING else slice(closest, None, -1)
    along = track.range_m[part]
    # Half a sample of room: the closest approach lies between two of them.
    room = 0.5 * float(np.abs(np.diff(track.range_m)).max(initial=0.0))
    outside = (asked < along[0] - room) | (asked > along[-1] + room)
    if outside.any():
        raise LinkError(
            f"range {asked[outside][0] / 1e3:g} km is outside the {leg.value} leg, "
            f"{along[0] / 1e3:.1f}..{along[-1] / 1e3:.1f} km"
        )
    loss_db = budget.total_db - budget.group_db(TermGroup.DETECTOR)
    ours = np.interp(asked, along, loss_db[part])
    elevation = np.interp(asked, along, track.elevation_rad[part])
    chosen = elevation >= from_elevation_rad
    if not chosen.any():
        raise LinkError(
            f"no point at or above {np.degrees(from_elevation_rad):g} deg to take a constant from"
        )
    constant = float((measured - ours)[chosen].mean())
    return LossComparison(asked, elevation, ours, measured, constant, from_elevation_rad)
