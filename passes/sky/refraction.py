"""How the air lifts what is seen: apparent against geometric elevation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_ARCMINUTE_RAD = np.pi / 10_800.0


def saemundsson_1986(elevation_rad: ArrayLike) -> Floats:
    """Refraction [rad] at geometric elevations, to be added for the apparent ones; any shape.

    R = 1.02' / tan(h + 10.3 / (h + 5.11)), h in degrees, for 1010 hPa and 10 degrees Celsius.
    Within 0.1 arcminute from the horizon to the zenith, where it is set to zero; below the
    horizon it is not defined and clipped to its value at -1 degree.

    Source: T. Saemundsson, Sky and Telescope 72, 70 (1986); Meeus, Astronomical Algorithms,
    2nd ed. (1998), eq. 16.4.
    """
    degrees = np.maximum(np.degrees(np.asarray(elevation_rad, dtype=np.float64)), -1.0)
    lifted = 1.02 / np.tan(np.radians(degrees + 10.3 / (degrees + 5.11)))
    return np.asarray(np.maximum(lifted, 0.0) * _ARCMINUTE_RAD)


def geometric_elevation_rad(apparent_rad: float) -> float:
    """Geometric elevation [rad] of what is seen at an apparent one, to 1e-7 rad.

    >>> round(float(np.degrees(geometric_elevation_rad(np.radians(10.0)))), 3)
    9.91
    """
    geometric = apparent_rad
    for _ in range(6):
        geometric = apparent_rad - float(saemundsson_1986(geometric))
    return geometric
