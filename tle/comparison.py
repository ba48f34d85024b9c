"""Two element sets of one object compared at the epoch of the newer: natural ageing or a burn?"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tle.ageing import Ageing, cross_track_sigma_m, radial_sigma_m
from tle.elements import ElementSet
from tle.errors import ElementsError, PropagationError
from tle.nodes import teme_positions_m

Floats = NDArray[np.float64]

# Beyond this many standard deviations in any axis, two sets tell of a manoeuvre.
FLAG_SIGMAS = 5.0
# Half the span over which the direction of flight is taken [s].
_STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What an older set says at the epoch of a newer one, less what the newer says.

    Parameters
    ----------
    older_epoch, newer_epoch : aware UTC
    radial_m, along_m, cross_m : difference, positive outwards, forwards and along the angular
        momentum
    radial_sigmas, along_sigmas, cross_sigmas : the same in standard deviations of natural ageing
    """

    older_epoch: datetime
    newer_epoch: datetime
    radial_m: float
    along_m: float
    cross_m: float
    radial_sigmas: float
    along_sigmas: float
    cross_sigmas: float

    @property
    def sigmas(self) -> float:
        """The largest |difference| of the three axes in standard deviations."""
        return max(abs(self.radial_sigmas), abs(self.along_sigmas), abs(self.cross_sigmas))

    @property
    def is_manoeuvre(self) -> bool:
        """True if natural ageing does not explain the difference."""
        return self.sigmas > FLAG_SIGMAS


def manoeuvre_between(older: ElementSet, newer: ElementSet, ageing: Ageing) -> Disagreement:
    """Compare two sets of one object at the epoch of the newer.

    A sudden storm of the upper atmosphere and a bad set look the same as a burn; the flag says
    that the older set must not be trusted beyond this epoch, whatever the cause. Burns too small
    to be seen: below 1 cm/s along the track between sets a day apart at 500 km.

    Raises
    ------
    ElementsError
        the sets belong to two objects, or are not in the order of their epochs
    PropagationError
        SGP4 gives no position for one of the sets at the newer epoch
    """
    if older.norad_cat_id != newer.norad_cat_id:
        raise ElementsError(
            f"element sets of objects {older.norad_cat_id} and {newer.norad_cat_id} "
            "cannot be compared"
        )
    gap_s = older.age_s(newer.epoch)
    if gap_s < 0.0:
        raise ElementsError(
            f"the element set of {older.epoch:%Y-%m-%dT%H:%MZ} is not older than that of "
            f"{newer.epoch:%Y-%m-%dT%H:%MZ}"
        )
    radial_m, along_m, cross_m = differences_m([older], newer)[0]
    if np.isnan(along_m):
        raise PropagationError(
            f"{older.name or older.norad_cat_id}: SGP4 gives no position at "
            f"{newer.epoch:%Y-%m-%dT%H:%MZ} for the sets of that epoch and of "
            f"{older.epoch:%Y-%m-%dT%H:%MZ}"
        )
    return Disagreement(
        older_epoch=older.epoch,
        newer_epoch=newer.epoch,
        radial_m=float(radial_m),
        along_m=float(along_m),
        cross_m=float(cross_m),
        radial_sigmas=float(radial_m / radial_sigma_m(gap_s)),
        along_sigmas=float(along_m / ageing.along_track_sigma_m(gap_s)),
        cross_sigmas=float(cross_m / cross_track_sigma_m(gap_s)),
    )


def differences_m(older: list[ElementSet], newer: ElementSet) -> Floats:
    """Radial, along-track and cross-track place of older sets against a newer one at its epoch.

    Returns
    -------
    Metres, shape (n, 3); NaN where SGP4 gives no position for either set. Along and cross are
    measured on the curved orbit: on its tangent, 200 km of drift would look 3 km too low.
    """
    places_m = np.full((len(older), 3), np.nan)
    codes, path_m = teme_positions_m(newer, newer.epoch, np.array([-_STEP_S, 0.0, _STEP_S]))
    if codes.any():
        return places_m
    radius_m = np.linalg.norm(path_m[1])
    radial = path_m[1] / radius_m
    cross = np.cross(radial, path_m[2] - path_m[0])
    cross /= np.linalg.norm(cross)
    axes = np.stack([radial, np.cross(cross, radial), cross])
    for i, elements in enumerate(older):
        failed, place_m = teme_positions_m(elements, newer.epoch, np.zeros(1))
        if failed[0]:
            continue
        up, forward, aside = axes @ place_m[0]
        places_m[i] = (
            np.linalg.norm(place_m[0]) - radius_m,
            np.arctan2(forward, up) * radius_m,
            np.arctan2(aside, np.hypot(up, forward)) * radius_m,
        )
    return places_m
