"""Both airmasses of many elevations at once, from a table."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import PassError
from passes.sky.airmass import gueymard_1995_water, kasten_young_1989

Floats = NDArray[np.float64]

_STEPS_PER_DEG = 200


def airmasses(elevation_rad: ArrayLike) -> tuple[Floats, Floats]:
    """`kasten_young_1989` and `gueymard_1995_water` of the same elevations.

    Parameters
    ----------
    elevation_rad : apparent elevation in [0, pi/2], any shape

    Returns
    -------
    Airmass of molecules and of what lies low, both of the same shape. Straight lines between steps
    of 0.005 deg: 1e-7 of the airmass between 10 and 89.9 deg, 2e-6 above 2 deg, 2e-5 at the horizon
    and at the zenith, where Gueymard's formula has a cusp. A sample costs 0.03 us where the
    formulas cost 0.1 us.
    """
    elevation = np.asarray(elevation_rad, dtype=np.float64)
    inside = (elevation >= 0.0) & (elevation <= np.pi / 2)
    if not inside.all():
        first_deg = np.degrees(elevation[~inside].flat[0])
        raise PassError(f"airmass at elevation {first_deg:g} deg, outside 0..90 deg")
    step = elevation * np.degrees(float(_STEPS_PER_DEG))
    index = step.astype(np.intp)
    rest = step - index
    (airmass, slope), (low_airmass, low_slope) = _tables()
    return (
        np.asarray(airmass[index] + rest * slope[index]),
        np.asarray(low_airmass[index] + rest * low_slope[index]),
    )


# A table of constants that the program computes instead of reading; it never changes.
@cache
def _tables() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Airmasses at every step of the elevation, and by how much each rises to the next."""
    elevation_deg = np.arange(90 * _STEPS_PER_DEG + 1) / _STEPS_PER_DEG
    elevation_rad = np.minimum(np.radians(elevation_deg), np.pi / 2)

    def with_slope(values: Floats) -> tuple[Floats, Floats]:
        return values, np.append(np.diff(values), 0.0)

    return (
        with_slope(kasten_young_1989(elevation_rad)),
        with_slope(gueymard_1995_water(elevation_rad)),
    )
