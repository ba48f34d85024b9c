"""A pass sampled second by second with the Sun, the Moon and the shadow."""

import numpy as np
from numpy.typing import NDArray

from passes.arc import Arc
from passes.site import Site
from passes.sky.ephemeris import SunMoonTable
from passes.sky.shadow import sunlit_fraction
from passes.track import Track
from passes.windows import Windows

Floats = NDArray[np.float64]


def sample_times(arc: Arc, step_s: float = 1.0) -> Floats:
    """Middles of whole slots from rise to set; what is left at the end is not used; shape (n,)."""
    count = max(1, int(np.floor(arc.duration_s / step_s)))
    return arc.aos_s + step_s * (np.arange(count, dtype=np.float64) + 0.5)


def track_along(
    arc: Arc, site: Site, table: SunMoonTable, usable: Windows, follows: Windows | None = None
) -> Track:
    """The track of a pass at the middles of its seconds.

    Parameters
    ----------
    arc : the pass
    site : where it is seen from
    table : Sun and Moon with the same epoch
    usable : spans in which a contact may run
    follows : spans in which the mount can follow, if its limits were looked at
    """
    times_s = sample_times(arc)
    look = arc.look(times_s)
    local_m, _ = arc.topocentric_m(times_s)
    axes, origin = site.axes(), site.position_m()
    sun_m, moon_m = table.earth_fixed_m(times_s)
    satellite_m = local_m @ axes + origin
    sun_local, moon_local = (sun_m - origin) @ axes.T, (moon_m - origin) @ axes.T
    return Track(
        epoch=arc.epoch,
        times_s=times_s,
        azimuth_rad=look.azimuth_rad,
        elevation_rad=look.elevation_rad,
        range_m=look.range_m,
        range_rate_m_s=look.range_rate_m_s,
        azimuth_rate_rad_s=look.azimuth_rate_rad_s,
        elevation_rate_rad_s=look.elevation_rate_rad_s,
        sun_elevation_rad=_elevation(sun_local),
        moon_elevation_rad=_elevation(moon_local),
        moon_separation_rad=angle_between(local_m, moon_local),
        moon_phase_angle_rad=angle_between(sun_m - moon_m, origin - moon_m),
        sunlit_fraction=sunlit_fraction(satellite_m, sun_m),
        solar_phase_angle_rad=angle_between(sun_m - satellite_m, origin - satellite_m),
        is_usable=usable.contains(times_s),
        sun_separation_rad=angle_between(local_m, sun_local),
        mount_follows=None if follows is None else follows.contains(times_s),
    )


def angle_between(a: Floats, b: Floats) -> Floats:
    """Angle between vectors [rad], shapes (n, 3), exact for small angles too."""
    (x, y, z), (u, v, w) = a.T, b.T
    # Written out: numpy's cross product of small vectors spends its time on axes.
    across = np.sqrt((y * w - z * v) ** 2 + (z * u - x * w) ** 2 + (x * v - y * u) ** 2)
    return np.asarray(np.arctan2(across, x * u + y * v + z * w))


def _elevation(local: Floats) -> Floats:
    return np.asarray(np.arctan2(local[:, 2], np.hypot(local[:, 0], local[:, 1])))
