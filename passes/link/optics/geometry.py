"""Distance to a satellite whose pass is not known."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

EARTH_RADIUS_M = 6.371e6


def slant_range_m(altitude_m: ArrayLike, elevation_rad: ArrayLike, height_m: float = 0.0) -> Floats:
    """Distance from a station to a satellite on a circular orbit over a spherical Earth.

    Parameters
    ----------
    altitude_m : of the orbit above the sphere, above the station, any shape
    elevation_rad : geometric, in [0, pi/2], any shape
    height_m : of the station above the sphere

    Returns
    -------
    Distance of the inputs' broadcast shape. The flattening of the Earth shifts the height above
    ground by up to 21 km, 4 % of a low orbit: with an element set take the range of the pass.
    """
    elevation = np.asarray(elevation_rad, dtype=np.float64)
    if not np.all((elevation >= 0.0) & (elevation <= np.pi / 2)):
        raise LinkError("elevation of a slant range is outside 0..90 deg")
    station_m = EARTH_RADIUS_M + height_m
    orbit_m = EARTH_RADIUS_M + np.asarray(altitude_m, dtype=np.float64)
    if not np.all(orbit_m > station_m):
        raise LinkError(f"orbit at {np.min(altitude_m):g} m is not above the station")
    along = station_m * np.sin(elevation)
    return np.asarray(np.sqrt(orbit_m**2 - station_m**2 + along**2) - along)
