"""Whether the Sun lights the satellite: umbra, penumbra, and the angle of the light."""

import numpy as np
from numpy.typing import NDArray

from passes.site import EQUATORIAL_RADIUS_M, FLATTENING
from passes.sky.ephemeris import SUN_RADIUS_M

Floats = NDArray[np.float64]


def sunlit_fraction(satellite_m: Floats, sun_m: Floats) -> Floats:
    """Share of the Sun's disc that the satellite sees, 1 in full light and 0 in the umbra.

    The Earth is the WGS 84 ellipsoid, turned into a sphere by stretching the polar axis of
    satellite and Sun alike; the air's refraction and absorption (which redden and widen the
    edge by some 20 km) are not modelled. Two overlapping discs: Montenbruck & Gill, Satellite
    Orbits (2000), section 3.4.2, eqs. 3.85-3.94.

    Parameters
    ----------
    satellite_m, sun_m : Earth-fixed, shape (n, 3)
    """
    stretch = np.array([1.0, 1.0, 1.0 / (1.0 - FLATTENING)])
    satellite, to_sun = satellite_m * stretch, (sun_m - satellite_m) * stretch
    radius = np.linalg.norm(satellite, axis=1)
    sun_distance = np.linalg.norm(to_sun, axis=1)
    sun = np.arcsin(SUN_RADIUS_M / sun_distance)
    earth = np.arcsin(np.minimum(1.0, EQUATORIAL_RADIUS_M / radius))
    cosine = -np.sum(satellite * to_sun, axis=1) / (radius * sun_distance)
    apart = np.arccos(np.clip(cosine, -1.0, 1.0))
    return 1.0 - _covered(sun, earth, apart)


def _covered(sun: Floats, earth: Floats, apart: Floats) -> Floats:
    """Share of a small disc covered by a larger one whose centre is `apart` away [rad]."""
    touching = np.clip(apart, earth - sun, earth + sun)
    x = (touching**2 + sun**2 - earth**2) / (2.0 * touching)
    y = np.sqrt(np.maximum(sun**2 - x**2, 0.0))
    area = (
        sun**2 * np.arccos(np.clip(x / sun, -1.0, 1.0))
        + earth**2 * np.arccos(np.clip((touching - x) / earth, -1.0, 1.0))
        - touching * y
    )
    share = np.clip(area / (np.pi * sun**2), 0.0, 1.0)
    # Beyond first and last contact the answer is exact; the formula would leave rounding there.
    return np.where(apart >= earth + sun, 0.0, np.where(apart <= earth - sun, 1.0, share))
