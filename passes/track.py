"""The arrays along one pass from which light and counts follow."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Track:
    """One pass sampled at instants; every array has shape (n,).

    Parameters
    ----------
    epoch : aware UTC instant from which times are counted
    times_s : instants since the epoch [s]
    azimuth_rad, elevation_rad : geometric direction from the site, azimuth from North over East
    range_m, range_rate_m_s : slant range and its rate, receding positive
    azimuth_rate_rad_s, elevation_rate_rad_s : what the mount has to follow
    sun_elevation_rad : of the Sun's centre at the site, geometric
    moon_elevation_rad : of the Moon's centre at the site, topocentric
    moon_separation_rad : between line of sight and Moon, at the site
    moon_phase_angle_rad : Sun-Moon-Earth angle; 0 is full Moon
    sunlit_fraction : share of the Sun's disc that the satellite sees, 0 in the umbra
    solar_phase_angle_rad : Sun-satellite-site angle; 0 is the full face lit
    is_usable : True where the contact may run (mask, darkness, range, mount, shifts)
    mount_follows : True where the mount can follow; None if its limits were not looked at
    sun_separation_rad : between line of sight and Sun, at the site; None if it was not looked at
    """

    epoch: datetime
    times_s: Floats
    azimuth_rad: Floats
    elevation_rad: Floats
    range_m: Floats
    range_rate_m_s: Floats
    azimuth_rate_rad_s: Floats
    elevation_rate_rad_s: Floats
    sun_elevation_rad: Floats
    moon_elevation_rad: Floats
    moon_separation_rad: Floats
    moon_phase_angle_rad: Floats
    sunlit_fraction: Floats
    solar_phase_angle_rad: Floats
    is_usable: NDArray[np.bool_]
    mount_follows: NDArray[np.bool_] | None = None
    sun_separation_rad: Floats | None = None
