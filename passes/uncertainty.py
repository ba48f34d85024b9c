"""How far from its predicted direction a satellite may stand, from the errors of its orbit."""

import numpy as np
from numpy.typing import NDArray

from passes.arc import Arc
from passes.site import EQUATORIAL_RADIUS_M, Site
from tle.frames import EARTH_RATE_RAD_S

Floats = NDArray[np.float64]


def pointing_sigma_rad(
    arc: Arc,
    site: Site,
    time_s: float,
    *,
    radial_sigma_m: float,
    along_sigma_m: float,
    cross_sigma_m: float,
) -> float:
    """One standard deviation of the direction of a satellite [rad], in the worst direction.

    The three errors of the orbit are seen along the line of sight as an ellipse on the sky; this
    is its larger semi-axis (the smaller is mostly the cross-track error). Small angles: above
    0.1 rad the tangent, which is what is returned, is 0.3 % larger than the angle.

    Parameters
    ----------
    arc : the pass over `site`
    time_s : seconds from the epoch of the arc
    radial_sigma_m, along_sigma_m, cross_sigma_m : standard deviations of the position outwards,
        forwards in inertial space, and across the orbit; independent of one another
    """
    sight, axes = _sight_and_orbit_axes(arc, site, time_s)
    range_m = float(np.linalg.norm(sight))
    unit = sight / range_m
    seen = axes - np.outer(axes @ unit, unit)
    scaled = seen * np.array([[radial_sigma_m], [along_sigma_m], [cross_sigma_m]])
    return float(np.linalg.norm(scaled, ord=2) / range_m)


def _sight_and_orbit_axes(arc: Arc, site: Site, time_s: float) -> tuple[Floats, Floats]:
    """Line of sight [m] and unit vectors outwards, forwards and across, all East, North, Up.

    The forward direction is that of flight in inertial space: the velocity that the arc gives is
    against the turning Earth, 4 degrees off. A sphere serves for the place of the site.
    """
    position_m, velocity_m_s = arc.topocentric_m(np.array([time_s]))
    sight, relative_m_s = position_m[0], velocity_m_s[0]
    centred_m = sight + np.array([0.0, 0.0, EQUATORIAL_RADIUS_M + site.height_m])
    spin = EARTH_RATE_RAD_S * np.array([0.0, np.cos(site.latitude_rad), np.sin(site.latitude_rad)])
    flight = relative_m_s + _cross(spin, centred_m)
    outwards = centred_m / np.linalg.norm(centred_m)
    across = _cross(outwards, flight)
    across /= np.linalg.norm(across)
    return sight, np.stack([outwards, _cross(across, outwards), across])


def _cross(a: Floats, b: Floats) -> Floats:
    """Cross product of two vectors; numpy's takes ten times as long for one pair."""
    (x, y, z), (u, v, w) = a.tolist(), b.tolist()
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u])
