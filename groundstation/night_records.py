"""One night of the network: every pass with what is known of it, the sky, the plan, the origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from groundstation.network import Network
from groundstation.permission.records import Origin
from groundstation.plan.difference import PlanDifference
from groundstation.plan.records import Plan, Span
from groundstation.results.spread import PassSpread
from groundstation.weather.clear_line_of_sight import ClearChance
from passes.forecast import PassForecast
from passes.track import Track
from tle.elements import ElementSet


@dataclass(frozen=True, slots=True, eq=False)
class PassWeather:
    """The chance that a pass finds a clear sky; it is never multiplied into the key.

    Parameters
    ----------
    whole : over all usable seconds; its probability is NaN where the weather is not known, and
        then it has the reason
    windows : the same of every usable span, in their order
    """

    whole: ClearChance
    windows: tuple[ClearChance, ...]


@dataclass(frozen=True, slots=True)
class NightPass:
    """One pass of one satellite over one station.

    Parameters
    ----------
    pass_id : identity, kept when newer elements shift the pass by seconds
    satellite, station : names in the network
    aos, tca, los : rise, highest elevation, set above the station's mask; aware UTC
    aos_truncated, los_truncated : True if the pass was running at the edge of the search window
    max_elevation_rad, min_range_m : at culmination and at the closest point
    aos_azimuth_rad, tca_azimuth_rad, los_azimuth_rad : directions
    sun_elevation_rad : at the station at TCA
    sunlit_fraction : mean over the pass
    moon_separation_rad : smallest over the pass, from the line of sight; the Moon may be down
    moon_elevation_rad : at TCA
    moon_illumination : lit share of the Moon's disc
    keyhole_s : seconds in which the mount cannot follow
    elements_epoch : of the element set used
    elements_age_s : at TCA
    sigma_time_s : one standard deviation of how early or late the satellite comes, from the age of
        its elements; None for a satellite that is only planned
    sigma_pointing_rad : the same of its direction at TCA, in the worst direction
    windows : usable spans in order; several where a keyhole, a hill or a closure lies in between
    refusal : why it cannot be a contact, one sentence; None if it can
    track : every second of the pass
    forecast : light, counts and key of the usable seconds under a clear sky; None if refused
    clear : chance of that sky; None if refused, or where no weather was looked at
    spread : counts and key under a clear sky as quantiles; None if refused
    """

    pass_id: str
    satellite: str
    station: str
    aos: datetime
    tca: datetime
    los: datetime
    aos_truncated: bool
    los_truncated: bool
    max_elevation_rad: float
    min_range_m: float
    aos_azimuth_rad: float
    tca_azimuth_rad: float
    los_azimuth_rad: float
    sun_elevation_rad: float
    sunlit_fraction: float
    moon_separation_rad: float
    moon_elevation_rad: float
    moon_illumination: float
    keyhole_s: float
    elements_epoch: datetime
    elements_age_s: float
    sigma_time_s: float | None
    sigma_pointing_rad: float | None
    windows: tuple[Span, ...]
    refusal: str | None
    track: Track
    forecast: PassForecast | None
    clear: PassWeather | None = None
    spread: PassSpread | None = None

    @property
    def start(self) -> datetime | None:
        """First usable instant, None if there is none."""
        return self.windows[0][0] if self.windows else None

    @property
    def stop(self) -> datetime | None:
        """Last usable instant, None if there is none."""
        return self.windows[-1][1] if self.windows else None

    @property
    def usable_s(self) -> float:
        """Usable seconds, gaps not counted."""
        return sum((stop - start).total_seconds() for start, stop in self.windows)


@dataclass(frozen=True, slots=True)
class StationNight:
    """How dark it gets at one station.

    Parameters
    ----------
    station : name
    dark : spans with the Sun below the station's own limit
    nautical : spans with the Sun below -12 degrees
    astronomical : spans with the Sun below -18 degrees
    lowest_sun_elevation_rad : over the night
    lowest_sun_at : when
    remark : a sentence where the night is short or missing, else ""
    """

    station: str
    dark: tuple[tuple[datetime, datetime], ...]
    nautical: tuple[tuple[datetime, datetime], ...]
    astronomical: tuple[tuple[datetime, datetime], ...]
    lowest_sun_elevation_rad: float
    lowest_sun_at: datetime
    remark: str


@dataclass(frozen=True, slots=True)
class CloudOutlook:
    """Total cloud cover over one station through the night, over the members of its weather.

    Parameters
    ----------
    station : name
    kind, source : what the weather is (an ensemble, a forecast, a climatology), and whose
    issued_at, retrieved_at : start of the model run, if it is known, and when it was fetched
    sha256 : of the bytes it was read from
    members : how many worlds the quantiles are over; 1 has no spread
    epoch, times_s : aware UTC, and the samples after it
    p10, p50, p90, mean : cover in [0, 1] at the samples; NaN where it is not known
    """

    station: str
    kind: str
    source: str
    issued_at: datetime | None
    retrieved_at: datetime
    sha256: str
    members: int
    epoch: datetime
    times_s: tuple[float, ...]
    p10: tuple[float, ...]
    p50: tuple[float, ...]
    p90: tuple[float, ...]
    mean: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ElementsUsed:
    """The element set of one satellite, as used, with its digest.

    `line1` and `line2` are the same orbit for the independent check; where a catalogue number or
    a designator does not fit two lines it is left out there, and `elements` still has it.
    """

    satellite: str
    norad_cat_id: int | None
    epoch: datetime
    age_s: float
    source: str
    digest: str
    line1: str
    line2: str
    elements: ElementSet


@dataclass(frozen=True, slots=True)
class GroundTrack:
    """Sub-satellite points of one satellite over the night, for the map; degrees, every 30 s."""

    satellite: str
    epoch: datetime
    times_s: tuple[float, ...]
    latitude_deg: tuple[float, ...]
    longitude_deg: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NightOutcome:
    """Everything that a night's report and files are made of.

    Parameters
    ----------
    night : date of the evening (local mean solar noon to noon at `reference_longitude_rad`)
    start, stop : the span that was searched, aware UTC
    generated : the `now` of the run
    passes : in order of rise
    skies : one per station
    warnings : what is degraded, one sentence each (old elements, a refused budget)
    version : of this program
    libraries : name and version of what computed it
    difference : against the plan that this one replaces; None for a first plan
    frozen : passes that kept their assignment because they start too soon
    permissions : where permission to shine came from; empty where none is needed
    clouds : over every station whose weather is known
    chances : of a clear sky, by pass id, where a large network's passes are not kept
    """

    night: str
    start: datetime
    stop: datetime
    generated: datetime
    network: Network
    passes: tuple[NightPass, ...]
    skies: tuple[StationNight, ...]
    elements: tuple[ElementsUsed, ...]
    ground_tracks: tuple[GroundTrack, ...]
    plan: Plan
    warnings: tuple[str, ...]
    version: str
    libraries: tuple[tuple[str, str], ...]
    difference: PlanDifference | None = None
    frozen: tuple[str, ...] = ()
    permissions: tuple[Origin, ...] = ()
    clouds: tuple[CloudOutlook, ...] = ()
    chances: Mapping[str, PassWeather | None] = field(default_factory=dict)
