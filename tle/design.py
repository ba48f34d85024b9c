"""Element sets of satellites that are only planned."""

from datetime import datetime

import numpy as np

from tle.clock import modified_julian_date
from tle.elements import SECONDS_PER_DAY, ElementSet
from tle.errors import ElementsError

# WGS 72, because the set will be propagated by SGP4.
_GM_M3_S2 = 3.986008e14
_EARTH_RADIUS_M = 6_378_135.0
_J2 = 1.082616e-3
# Mean motion of the Sun in right ascension: one turn per tropical year.
_SUN_RATE_RAD_S = 2.0 * np.pi / (365.24219 * SECONDS_PER_DAY)


def sun_synchronous_inclination_rad(altitude_m: float) -> float:
    """Inclination at which the node of a circular orbit follows the mean Sun [rad].

    First order in J2 (Vallado, Fundamentals of Astrodynamics, 4th ed., eq. 11-18); 0.01 degrees
    off what operators fly. Raises ElementsError above about 5,970 km, where none exists.

    >>> round(float(np.degrees(sun_synchronous_inclination_rad(500e3))), 2)
    97.4
    """
    semi_major_m = _EARTH_RADIUS_M + altitude_m
    motion = np.sqrt(_GM_M3_S2 / semi_major_m**3)
    cosine = -_SUN_RATE_RAD_S / (1.5 * motion * _J2 * (_EARTH_RADIUS_M / semi_major_m) ** 2)
    if cosine < -1.0:
        raise ElementsError(f"no sun-synchronous orbit at {altitude_m / 1e3:.0f} km altitude")
    return float(np.arccos(cosine))


def planned_elements(
    name: str,
    *,
    epoch: datetime,
    altitude_m: float,
    inclination_rad: float | None,
    local_time_ascending_node_h: float | None,
    raan_rad: float | None,
    argument_of_latitude_rad: float,
) -> ElementSet:
    """A circular orbit without drag as an element set with catalogue number 0.

    Parameters
    ----------
    epoch : aware UTC
    altitude_m : above the equatorial radius, 200 km or more
    inclination_rad : None for sun-synchronous
    local_time_ascending_node_h : mean solar time at which the orbit crosses the equator northward
    raan_rad : right ascension of the ascending node, where no local time is given
    argument_of_latitude_rad : angle from the node at the epoch
    """
    if altitude_m < 200e3:
        raise ElementsError(f"{name}: altitude {altitude_m / 1e3:g} km is below 200 km")
    if inclination_rad is None:
        inclination_rad = sun_synchronous_inclination_rad(altitude_m)
    if raan_rad is None:
        if local_time_ascending_node_h is None:
            raise ElementsError(f"{name}: neither a node nor its local time is given")
        hour_rad = (local_time_ascending_node_h - 12.0) * np.pi / 12.0
        raan_rad = mean_sun_right_ascension_rad(epoch) + hour_rad
    semi_major_m = _EARTH_RADIUS_M + altitude_m
    motion = np.sqrt(_GM_M3_S2 / semi_major_m**3)
    january = datetime(epoch.year, 1, 1, tzinfo=epoch.tzinfo)
    return ElementSet(
        norad_cat_id=0,
        name=name,
        object_id="",
        epoch_year=epoch.year,
        epoch_day=1.0 + (epoch - january).total_seconds() / SECONDS_PER_DAY,
        mean_motion_rev_per_day=float(motion * SECONDS_PER_DAY / (2.0 * np.pi)),
        eccentricity=0.0,
        inclination_deg=float(np.degrees(inclination_rad)),
        raan_deg=float(np.degrees(raan_rad) % 360.0),
        argument_of_perigee_deg=0.0,
        mean_anomaly_deg=float(np.degrees(argument_of_latitude_rad) % 360.0),
        bstar=0.0,
        source="planned orbit",
    )


def mean_sun_right_ascension_rad(instant: datetime) -> float:
    """Right ascension of the mean Sun [rad], within 1e-4 of the equation it is cut from.

    GMST at 0 h UT plus 12 h (Aoki et al. 1982), moving one turn per tropical year.
    """
    centuries = (modified_julian_date(instant) - 51_544.5) / 36_525.0
    return float(np.radians(280.46062 + 36_000.77005 * centuries) % (2.0 * np.pi))
