"""The network: satellites, stations, fibres, consumers, demands, policies; records only."""

from dataclasses import dataclass, field
from datetime import datetime, time

from groundstation.announcement_policy import AT_ONCE, AnnouncementPolicy, RadioStation
from groundstation.contact_limits import (
    UNLIMITED_SATELLITE,
    UNLIMITED_STATION,
    SatelliteLimits,
    StationLimits,
)
from groundstation.export_policy import ExportPolicy
from groundstation.keys_policy import KeyStorePolicy
from groundstation.notify_policy import NotifyPolicy
from groundstation.permission.records import PermissionRule
from groundstation.plan_policy import NIGHTS_AHEAD, PlanPolicy
from groundstation.weather_policy import StationWeather, WeatherPolicy
from passes.counts.source import DecoySource
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.mount import MountLimits
from passes.site import Site
from tle.provider.providers import ElementSource


@dataclass(frozen=True, slots=True)
class PlannedOrbit:
    """An orbit of a satellite that does not fly yet.

    Parameters
    ----------
    altitude_m : mean height above the equatorial radius
    inclination_rad : None for sun-synchronous
    local_time_ascending_node_h : mean solar time of the ascending node, for sun-synchronous orbits
    raan_rad : right ascension of the ascending node, where no local time is given
    argument_of_latitude_rad : position on the orbit at the epoch
    epoch : aware UTC
    """

    altitude_m: float
    inclination_rad: float | None
    local_time_ascending_node_h: float | None
    raan_rad: float | None
    argument_of_latitude_rad: float
    epoch: datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time between two aware UTC instants, with the reason it is there."""

    start: datetime
    stop: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Satellite:
    """A satellite with what is known of its payload.

    Parameters
    ----------
    name : unique in the network
    norad_cat_id : catalogue number, or None for a planned orbit
    planned_orbit : where no catalogue number is given
    transmitter, source : None where a physical parameter is missing
    missing : paths of the parameters that are missing, as in the network file
    setup_s : time between two contacts of this satellite
    is_trusted : whether keys may be relayed through it
    note : what a reader of the report should know (assumptions)
    limits : of its contacts
    unavailable : spans in which somebody else uses it; the reason says who, and for what
    announcement : how its keys are announced
    """

    name: str
    norad_cat_id: int | None
    planned_orbit: PlannedOrbit | None
    transmitter: Transmitter | None
    source: DecoySource | None
    missing: tuple[str, ...]
    setup_s: float
    is_trusted: bool
    note: str
    limits: SatelliteLimits = UNLIMITED_SATELLITE
    unavailable: tuple[Interval, ...] = ()
    announcement: AnnouncementPolicy = AT_ONCE


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily working time, UTC; it may run over midnight."""

    start: time
    stop: time


@dataclass(frozen=True, slots=True)
class Station:
    """An optical ground station; a trusted node of the key network.

    Parameters
    ----------
    name, title : identifier and what people call it
    site : position with horizon mask
    receivers : one per wavelength; those that are incomplete are absent and named in `missing`
    atmosphere : None where a parameter is missing
    missing : paths of the parameters that are missing
    mount : limits of the mount
    min_elevation_rad : lowest elevation of a contact (the station's own, else the policy's)
    max_sun_elevation_rad : the Sun must be below (the station's own, else the policy's)
    shifts : daily working times; empty means always
    maintenance : spans in which the station is closed
    setup_s : time between two contacts at this station
    note : what a reader of the report should know
    weather : sensors, climatology and limits to open
    limits : of its contacts
    """

    name: str
    title: str
    site: Site
    receivers: tuple[Receiver, ...]
    atmosphere: Atmosphere | None
    missing: tuple[str, ...]
    mount: MountLimits
    min_elevation_rad: float
    max_sun_elevation_rad: float
    shifts: tuple[Shift, ...]
    maintenance: tuple[Interval, ...]
    setup_s: float
    note: str
    weather: StationWeather = field(default_factory=StationWeather)
    limits: StationLimits = UNLIMITED_STATION


@dataclass(frozen=True, slots=True)
class FibreNode:
    """A trusted node without telescope, reached by fibre."""

    name: str
    title: str
    latitude_rad: float
    longitude_rad: float


@dataclass(frozen=True, slots=True)
class FibreLink:
    """A fibre QKD link between two ground nodes.

    Parameters
    ----------
    a, b : names of stations or fibre nodes
    key_rate_bps : secret key rate, declared or computed from length and loss
    length_m : None if not given
    origin : "declared" or how the rate was computed
    """

    a: str
    b: str
    key_rate_bps: float
    length_m: float | None
    origin: str


@dataclass(frozen=True, slots=True)
class ConsumerSite:
    """A place that uses key: a substation, a data centre, an exchange.

    `node` is the station or fibre node in whose building, or on whose campus, it is served.
    """

    name: str
    title: str
    operator: str
    node: str


@dataclass(frozen=True, slots=True)
class Split:
    """Key in shares on ways without a common node: any `threshold` of `shares` give it."""

    threshold: int
    shares: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Key that two consumer sites want to share.

    Parameters
    ----------
    name : identifier
    a, b : consumer sites
    bits_per_day : wanted
    use : the same in words ("AES-256 every 60 s")
    priority : weight of one delivered bit, larger is more important
    minimum_reserve_bits : level below which the pair's pool should not fall
    untrusted : names of stations, fibre nodes or satellites that must not know the key
    split : its key comes in shares, so that nobody in between knows it; None for a whole key
    """

    name: str
    a: str
    b: str
    bits_per_day: float
    use: str
    priority: float
    minimum_reserve_bits: float
    untrusted: frozenset[str]
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How secret key is counted: proof, promises, error correction.

    Parameters
    ----------
    proof : name of the proof mode ("tight", "lim2014", "satquma")
    epsilon_secrecy, epsilon_correctness : of one block
    error_correction : "block" (f n h(Q)) or "logm" (finite-length estimate, never below f n h(Q))
    error_correction_efficiency : f, at least 1
    block_nights : contacts of one satellite and one station in so many nights may be distilled
        together; 0 where each is a block of its own
    """

    proof: str
    epsilon_secrecy: float
    epsilon_correctness: float
    error_correction: str
    error_correction_efficiency: float
    block_nights: int = 0


@dataclass(frozen=True, slots=True)
class Policies:
    """Limits that hold for the whole network.

    Parameters
    ----------
    min_elevation_rad : lowest elevation of a pass that is listed and used
    max_sun_elevation_rad : the Sun must be below for a contact
    max_range_m : largest slant range of a contact, None for no limit
    min_contact_s : shorter contacts are not planned
    warn_elements_age_s, max_elements_age_s : age of the element set at the middle of the night
    horizon_nights : nights that one plan covers
    max_satellite_hops, max_fibre_hops : of one relay path
    freeze_s : a pass that starts sooner than this keeps the assignment that it has
    """

    min_elevation_rad: float
    max_sun_elevation_rad: float
    max_range_m: float | None
    min_contact_s: float
    warn_elements_age_s: float
    max_elements_age_s: float
    horizon_nights: int
    max_satellite_hops: int
    max_fibre_hops: int
    freeze_s: float = 1_800.0


@dataclass(frozen=True, slots=True)
class Network:
    """Everything the network file says, in SI units and radians.

    `digest` is the SHA-256 of the file's bytes; `elements` are the element files it names,
    relative to `folder`; `default_night` is the night a shipped example was made for; `sources`
    are where `tle fetch` gets element sets; `permissions` are what links need before they shine;
    `weather` is how forecasts are fetched and used; `notify` is who is told of a night; `export`
    is what it writes for other programs; `key_store` is the key ledger of the node that this
    machine serves, None where it serves none; `avoid` are lists, relative to `folder`, of when
    other users have the satellites; `radio_stations` carry announcements.
    """

    name: str
    title: str
    file: str
    folder: str
    digest: str
    elements: tuple[str, ...]
    default_night: str | None
    satellites: tuple[Satellite, ...]
    stations: tuple[Station, ...]
    fibre_nodes: tuple[FibreNode, ...]
    fibre_links: tuple[FibreLink, ...]
    sites: tuple[ConsumerSite, ...]
    demands: tuple[Demand, ...]
    key: KeyPolicy
    policies: Policies
    sources: tuple[ElementSource, ...] = ()
    permissions: tuple[PermissionRule, ...] = ()
    weather: WeatherPolicy = field(default_factory=WeatherPolicy)
    notify: NotifyPolicy = field(default_factory=NotifyPolicy)
    plan: PlanPolicy = field(default_factory=PlanPolicy)
    export: ExportPolicy = field(default_factory=ExportPolicy)
    key_store: KeyStorePolicy | None = None
    avoid: tuple[str, ...] = ()
    radio_stations: tuple[RadioStation, ...] = ()

    @property
    def nights_ahead(self) -> int:
        """Nights after those of a plan whose use key in the pools may serve.

        Without a ledger the next evening does not know what this night has left in the pools.
        """
        if self.plan.nights_ahead is not None:
            return self.plan.nights_ahead
        return 0 if self.key_store is None else NIGHTS_AHEAD

    @property
    def key_lifetime_nights(self) -> int | None:
        """Nights in which key can be relayed: what the plan says, and no longer than the ledger."""
        kept_s = None if self.key_store is None else self.key_store.lifetime_s
        kept = None if kept_s is None else max(1, int(kept_s // 86_400.0))
        return min(
            (n for n in (self.plan.key_lifetime_nights, kept) if n is not None), default=None
        )
