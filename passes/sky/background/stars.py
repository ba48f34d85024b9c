"""Stars that happen to stand in the field of view."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.sky.background.domain import within

Floats = NDArray[np.float64]

# Stars of the whole sky down to V = 0, 1, ... 16, Tycho-2 (Hog et al., Astron. Astrophys. 355, L27,
# 2000) joined with UCAC4 (Zacharias et al., Astron. J. 145, 44, 2013), counted with HNSKY.
_STARS_DOWN_TO = np.array(
    [
        *(3.0, 14.0, 55.0, 191.0, 558.0, 1_744.0, 5_326.0, 16_503.0, 48_559.0, 139_375.0),
        *(382_925.0, 1_048_084.0, 2_955_951.0, 7_346_735.0, 17_214_116.0, 39_387_795.0),
        88_896_114.0,
    ]
)


def star_density_per_sr(magnitude_v: ArrayLike) -> Floats:
    """Mean number of stars per steradian that are brighter than a magnitude.

    Parameters
    ----------
    magnitude_v : 0-16, any shape

    Returns
    -------
    Density of the shape of `magnitude_v`, mean over the sky; Hipparcos counts 7 % fewer to V = 6.
    At V = 10 the galactic equator has twice, the poles have half of it.

    References
    ----------
    H. Han, HNSKY, "Counting stars" (Tycho-2 and UCAC4), Table 1.
    """
    limit = within("magnitude_v", magnitude_v, 0.0, 16.0, "mag")
    count = np.exp(np.interp(limit, np.arange(_STARS_DOWN_TO.size), np.log(_STARS_DOWN_TO)))
    return np.asarray(count / (4.0 * np.pi))


def chance_of_star(
    magnitude_v: ArrayLike, field_of_view_rad: float, swept_rad: ArrayLike = 0.0
) -> Floats:
    """Probability that a star brighter than a magnitude enters the field of view.

    Parameters
    ----------
    magnitude_v : 0-16, any shape
    field_of_view_rad : full angle, up to 0.1 rad
    swept_rad : arc that the field's centre moves over the stars meanwhile, 0 to 2 pi, any shape

    Returns
    -------
    Probability in [0, 1), shape of the inputs broadcast: stars thrown at random on the field and on
    the strip that it sweeps. How long a star stays is its field over the rate, 10 ms for 100 urad
    at 0.6 deg per second.
    """
    within("field_of_view_rad", field_of_view_rad, 0.0, 0.1, "rad")
    swept = within("swept_rad", swept_rad, 0.0, 2.0 * np.pi, "rad")
    area_sr = np.pi / 4.0 * field_of_view_rad**2 + field_of_view_rad * swept
    return np.asarray(-np.expm1(-star_density_per_sr(magnitude_v) * area_sr))
