"""A satellite that stands still for a second over a dark station."""

from datetime import datetime

import numpy as np

from passes.track import Track

FAR_BELOW_RAD = -np.pi / 2


def still_track(elevation_rad: float, range_m: float, epoch: datetime) -> Track:
    """One usable sample of a satellite at a direction and a distance, without a pass.

    Sun and Moon stand as far below the horizon as they can and the satellite is in the Earth's
    shadow, so that only the natural night sky, city light and dark counts remain.

    Parameters
    ----------
    elevation_rad, range_m : of the satellite from the station; they need not belong to one orbit
    epoch : aware UTC, the instant that the sample bears

    Returns
    -------
    Track of shape (1,).
    """
    none = np.zeros(1)
    return Track(
        epoch=epoch,
        times_s=none,
        azimuth_rad=none,
        elevation_rad=np.array([elevation_rad]),
        range_m=np.array([range_m]),
        range_rate_m_s=none,
        azimuth_rate_rad_s=none,
        elevation_rate_rad_s=none,
        sun_elevation_rad=np.array([FAR_BELOW_RAD]),
        moon_elevation_rad=np.array([FAR_BELOW_RAD]),
        moon_separation_rad=np.array([np.pi / 2]),
        moon_phase_angle_rad=np.array([np.pi]),
        sunlit_fraction=none,
        solar_phase_angle_rad=np.array([np.pi / 2]),
        is_usable=np.ones(1, dtype=np.bool_),
    )
