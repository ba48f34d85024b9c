"""One element set: the numbers of a TLE or OMM with their exact text."""

import enum
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MINUTES_PER_DAY = 1440.0
SECONDS_PER_DAY = 86_400.0


class ElementFormat(enum.StrEnum):
    """The formats in which element sets are published."""

    TLE = "tle"
    OMM_JSON = "omm-json"
    OMM_CSV = "omm-csv"
    OMM_KVN = "omm-kvn"
    OMM_XML = "omm-xml"


@dataclass(frozen=True, slots=True)
class ElementSet:
    """Mean elements for SGP4, in the units in which they are published.

    Parameters
    ----------
    norad_cat_id : catalogue number, up to nine digits; 0 where there is none
    name : as published, may be empty
    object_id : international designator ("2016-051A"), may be empty
    epoch_year, epoch_day : UTC year and day of year with fraction, 1.0 is 1 January 0 h; the day
        resolves 5 ns (0.04 mm of orbit), the digits of a published epoch stay in `text`
    mean_motion_rev_per_day : Kozai mean motion
    eccentricity : in [0, 1)
    inclination_deg, raan_deg, argument_of_perigee_deg, mean_anomaly_deg : TEME of the epoch
    bstar : drag term, inverse Earth radii
    mean_motion_dot : half the first derivative, rev/day^2, as TLE and OMM give it
    mean_motion_ddot : a sixth of the second derivative, rev/day^3
    element_set_number, revolution_number : counters of the provider
    classification : "U", "C" or "S"
    text : the published record without its name, or "" if it was computed: the two lines of a TLE,
        one line `KEYWORD = value` with the exact decimal text for each number of an OMM
    source : file or provider
    format : the format in which it was published
    """

    norad_cat_id: int
    name: str
    object_id: str
    epoch_year: int
    epoch_day: float
    mean_motion_rev_per_day: float
    eccentricity: float
    inclination_deg: float
    raan_deg: float
    argument_of_perigee_deg: float
    mean_anomaly_deg: float
    bstar: float
    mean_motion_dot: float = 0.0
    mean_motion_ddot: float = 0.0
    element_set_number: int = 0
    revolution_number: int = 0
    classification: str = "U"
    text: str = ""
    source: str = ""
    # Not in the representation, which is what identifies a planned satellite.
    format: ElementFormat = field(default=ElementFormat.TLE, repr=False)

    @property
    def epoch(self) -> datetime:
        """The epoch as aware UTC, rounded to a microsecond (7 mm of orbit)."""
        start = datetime(self.epoch_year, 1, 1, tzinfo=UTC)
        return start + timedelta(seconds=round((self.epoch_day - 1.0) * SECONDS_PER_DAY, 6))

    @property
    def period_s(self) -> float:
        """Nodal-mean period of one revolution [s]."""
        return SECONDS_PER_DAY / self.mean_motion_rev_per_day

    @property
    def digest(self) -> str:
        """SHA-256 of the published record (of the numbers, for a planned satellite)."""
        text = self.text or repr(self)
        return hashlib.sha256(text.encode()).hexdigest()

    def age_s(self, instant: datetime) -> float:
        """Seconds from the epoch to an aware instant; negative before the epoch."""
        return (instant - self.epoch).total_seconds()
