"""How far a satellite strays from its element set, against the age of the set and the altitude.

The numbers were measured on 225,168 element sets of 18,332 objects (CelesTrak general
perturbations data, 8 to 14 June 2026): each old set was propagated to the epoch of the newest set
of its object and compared with it there. One week of one solar cycle; a refit is due when the Sun
changes. What is measured is the median and the 90th percentile of |error|. A standard deviation
follows from the median (half-normal: median = 0.6745 sigma), so it describes the satellites that
only drift; the 90th percentile is 4 to 26 times the median, because among them some manoeuvre.
"""

import math
from dataclasses import dataclass

from tle.elements import SECONDS_PER_DAY, ElementSet
from tle.errors import ElementsError

# WGS 72, as the mean motion of an element set is understood.
_GM_M3_S2 = 3.986008e14
_EARTH_RADIUS_M = 6_378_135.0

HALF_NORMAL_MEDIAN = 0.674489750196082
# The newest set's own error, which a comparison with it cannot show: commonly quoted as 0.1 to
# 1 km (from memory, not measured). The geometric mean for the phase along the orbit, the lower end
# for plane and shape, which tracking determines better.
EPOCH_ALONG_SIGMA_M = 300.0
EPOCH_ACROSS_SIGMA_M = 100.0

# Columns of the table, days; the first stands for 0.5 to 0.6.
MEASURED_AGES_D = (0.55, 1.0, 2.0, 3.2, 4.0, 5.4)


@dataclass(frozen=True, slots=True)
class MeasuredGroup:
    """One row of the measured table.

    Parameters
    ----------
    name : orbit class
    median_km, p90_km : of the along-track |error| at MEASURED_AGES_D
    exponent : of the growth beyond the last column: 2 where drag rules (an error of the drag is an
        acceleration), 1 above 900 km (what is left is an error of the mean motion; the columns
        from 1 to 5.4 days grow with the power 0.9 to 1.2 there)
    """

    name: str
    median_km: tuple[float, ...]
    p90_km: tuple[float, ...]
    exponent: float


LEO_300_450 = MeasuredGroup(
    "300-450 km", (0.30, 0.81, 7.2, 14.0, 14.0, 31.0), (1.3, 4.4, 31.0, 72.0, 125.0, 238.0), 2.0
)
LEO_450_600 = MeasuredGroup(
    "450-600 km", (0.16, 0.34, 1.9, 3.0, 2.4, 9.6), (0.90, 2.3, 8.1, 33.0, 63.0, 101.0), 2.0
)
LEO_600_900 = MeasuredGroup(
    "600-900 km", (0.12, 0.21, 0.72, 1.2, 1.2, 2.8), (3.2, 21.0, 14.0, 46.0, 45.0, 93.0), 2.0
)
LEO_900_1400 = MeasuredGroup(
    "900-1400 km", (0.03, 0.05, 0.10, 0.17, 0.19, 0.25), (0.23, 0.43, 0.77, 6.8, 3.6, 4.2), 1.0
)
GNSS = MeasuredGroup(
    "GNSS class", (0.31, 0.18, 0.35, 0.59, 0.71, 1.2), (0.75, 1.3, 1.9, 2.7, 2.6, 3.6), 1.0
)
DEBRIS_600_900 = MeasuredGroup(
    "debris 600-900 km", (0.09, 0.19, 0.61, 0.81, 0.84, 2.9), (0.28, 0.76, 2.4, 4.2, 5.0, 16.0), 2.0
)
ONEWEB = MeasuredGroup(
    "OneWeb", (0.37, 0.29, 0.52, 0.73, 0.72, 1.2), (0.82, 0.92, 1.7, 2.1, 2.5, 4.4), 1.0
)
STARLINK = MeasuredGroup(
    "Starlink", (4.4, 8.9, 15.0, 27.0, 42.0, 63.0), (16.0, 28.0, 67.0, 132.0, 226.0, 416.0), 2.0
)

# Cross-track medians, km; measured at 450 to 600 km only. They grow by 0.076 km a day.
CROSS_TRACK_MEDIAN_KM = (0.04, 0.08, 0.15, 0.24, 0.30, 0.41)

_GROUPS_BY_CEILING_M = (
    (450e3, LEO_300_450),
    (600e3, LEO_450_600),
    (900e3, LEO_600_900),
    (1_400e3, LEO_900_1400),
)
_GROUPS_BY_NAME = (("STARLINK", STARLINK), ("ONEWEB", ONEWEB))


@dataclass(frozen=True, slots=True)
class TableAgeing:
    """Ageing of an object of which nothing but its group is known."""

    group: MeasuredGroup

    @property
    def origin(self) -> str:
        """Where the numbers come from, for people."""
        return f"table, {self.group.name}"

    def along_track_sigma_m(self, age_s: float) -> float:
        """One standard deviation along the track [m] at an age of either sign [s]."""
        median_m = _interpolated_m(self.group.median_km, age_s, self.group.exponent)
        return math.hypot(EPOCH_ALONG_SIGMA_M, median_m / HALF_NORMAL_MEDIAN)

    def along_track_p90_m(self, age_s: float) -> float:
        """|Error| along the track that one set in ten exceeds [m], manoeuvres included."""
        return _interpolated_m(self.group.p90_km, age_s, self.group.exponent)


@dataclass(frozen=True, slots=True)
class LearntAgeing:
    """Ageing of one object, from how its own successive sets disagreed.

    Parameters
    ----------
    scatter_m : along-track sigma of a fresh set
    after_one_day_m : growth c in sigma = hypot(scatter, c (age / 1 d)^exponent)
    exponent : of the object's group in the measured table
    sets, pairs : how many sets and pairs of them it was learnt from
    """

    scatter_m: float
    after_one_day_m: float
    exponent: float
    sets: int
    pairs: int

    @property
    def origin(self) -> str:
        """Where the numbers come from, for people."""
        return f"learnt from {self.sets} sets"

    def along_track_sigma_m(self, age_s: float) -> float:
        """One standard deviation along the track [m] at an age of either sign [s]."""
        grown_m = self.after_one_day_m * (abs(age_s) / SECONDS_PER_DAY) ** self.exponent
        return math.hypot(max(self.scatter_m, EPOCH_ALONG_SIGMA_M), grown_m)


Ageing = TableAgeing | LearntAgeing


def along_track_sigma_m(age_s: float, altitude_m: float) -> float:
    """One standard deviation of the along-track error [m] of a set by age and mean altitude.

    A power law between the columns of the table, never falling with age (where a column lies below
    an earlier one, the earlier one holds), constant below the first column and growing with the
    power of the group beyond the last; the set's own error is added in quadrature. The age may be
    negative: an orbit is as uncertain before its epoch as after.

    Parameters
    ----------
    age_s : from the epoch of the set
    altitude_m : mean altitude above the equatorial radius, see `group_at`

    Notes
    -----
    Right for the typical satellite of the week that was measured; single satellites of a group
    differ by a factor of about 2.5 (one standard deviation of the logarithm: 0.9).
    """
    return TableAgeing(group_at(altitude_m)).along_track_sigma_m(age_s)


def cross_track_sigma_m(age_s: float) -> float:
    """One standard deviation of the cross-track error [m] at an age of either sign [s].

    Measured at 450 to 600 km and taken for all altitudes: the plane turns by what the flattening
    of the Earth does, not by drag. Linear in age beyond the table, as within it.
    """
    median_m = _interpolated_m(CROSS_TRACK_MEDIAN_KM, age_s, 1.0)
    return math.hypot(EPOCH_ACROSS_SIGMA_M, median_m / HALF_NORMAL_MEDIAN)


def radial_sigma_m(age_s: float) -> float:
    """One standard deviation of the radial error [m] at an age of either sign [s].

    Not measured: taken as large as the cross-track one, for both come from the shape and the
    attitude of the orbit. A drag error that moves the satellite 10 km along its track in 5 days
    changes the radius by 30 m only.
    """
    return cross_track_sigma_m(age_s)


def default_ageing(elements: ElementSet, *, by_name: bool = False) -> TableAgeing:
    """The table's row for an object by its mean altitude; by its constellation, if asked.

    With `by_name`, objects called STARLINK... and ONEWEB... get the rows measured for these
    constellations, whose low thrust makes them age several times faster than their neighbours.
    """
    if by_name:
        for prefix, group in _GROUPS_BY_NAME:
            if elements.name.upper().startswith(prefix):
                return TableAgeing(group)
    return TableAgeing(group_at(mean_altitude_m(elements)))


def group_at(altitude_m: float) -> MeasuredGroup:
    """The row of the table for a mean altitude.

    Two extensions beyond what was measured: the lowest row serves below 300 km, where it says too
    little, and the GNSS row serves everything above 1,400 km, where no other row exists.
    """
    if not altitude_m > 0.0:
        raise ElementsError(f"mean altitude {altitude_m / 1e3:g} km is not above the ground")
    for ceiling_m, group in _GROUPS_BY_CEILING_M:
        if altitude_m < ceiling_m:
            return group
    return GNSS


def mean_altitude_m(elements: ElementSet) -> float:
    """Semi-major axis of the mean motion less the equatorial radius [m], good to 10 km."""
    return _semi_major_m(elements) - _EARTH_RADIUS_M


def mean_speed_m_s(elements: ElementSet) -> float:
    """Speed on the circle with the mean motion of a set [m/s]; eccentricity e changes it by e."""
    return 2.0 * math.pi / elements.period_s * _semi_major_m(elements)


def _semi_major_m(elements: ElementSet) -> float:
    motion_rad_s = 2.0 * math.pi / elements.period_s
    return float((_GM_M3_S2 / motion_rad_s**2) ** (1.0 / 3.0))


def _interpolated_m(column_km: tuple[float, ...], age_s: float, exponent: float) -> float:
    """A row of the table at an age [m]; log-log between columns, a power law beyond the last."""
    age_d = max(abs(age_s) / SECONDS_PER_DAY, MEASURED_AGES_D[0])
    highest_km = column_km[0]
    for i in range(1, len(column_km)):
        low_km, highest_km = highest_km, max(highest_km, column_km[i])
        if age_d < MEASURED_AGES_D[i]:
            start_d, stop_d = MEASURED_AGES_D[i - 1 : i + 1]
            share = math.log(age_d / start_d) / math.log(stop_d / start_d)
            return float(low_km * (highest_km / low_km) ** share * 1e3)
    return float(highest_km * (age_d / MEASURED_AGES_D[-1]) ** exponent * 1e3)
