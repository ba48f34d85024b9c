"""What a network file says about weather: sources, sensors, limits, climatology; records only."""

from dataclasses import dataclass, field

from groundstation.weather.clear_line_of_sight import ASPECT_RATIO_RANGE
from groundstation.weather.drawn_nights import CORRELATION_LENGTH_M
from groundstation.weather.open_meteo_source import WeatherSource
from groundstation.weather.report_source import ReportApi, ReportSource
from groundstation.weather.safety import SafetyLimits

# Runs of global ensembles come every 6 h and are published some 8 h after their start.
MAX_FORECAST_AGE_S = 12.0 * 3_600.0
MAX_SENSOR_AGE_S = 600.0
# A routine report comes every 30 or 60 minutes.
MAX_REPORT_AGE_S = 5_400.0
DRAWN_NIGHTS = 50


@dataclass(frozen=True, slots=True)
class ForecastSource:
    """A source of forecasts with the age from which an answer is stale [s].

    Reports of the present sky come the same way; their limit is the station's own.
    """

    source: WeatherSource | ReportSource
    max_age_s: float = MAX_FORECAST_AGE_S

    @property
    def is_forecast(self) -> bool:
        """False for a source that tells of the present only."""
        return not (isinstance(self.source, ReportSource) and self.source.api is ReportApi.METAR)


@dataclass(frozen=True, slots=True)
class WeatherPolicy:
    """How weather is fetched and turned into chances, for the whole network.

    Parameters
    ----------
    sources : in the order of the network file
    aspect_ratio : height over width of clouds, for the cloud-free line of sight
    aspect_ratio_range : what encloses the truth; it sets the interval of P(clear)
    correlation_length_m : over which drawn nights lose their correlation
    seed, scenarios : of the drawn nights, and how many are drawn
    max_import_age_s : age from which a forecast that was imported from a file is stale
    """

    sources: tuple[ForecastSource, ...] = ()
    aspect_ratio: float = 1.0
    aspect_ratio_range: tuple[float, float] = ASPECT_RATIO_RANGE
    correlation_length_m: float = CORRELATION_LENGTH_M
    seed: int = 1
    scenarios: int = DRAWN_NIGHTS
    max_import_age_s: float = MAX_FORECAST_AGE_S


@dataclass(frozen=True, slots=True)
class BoltwoodFile:
    """The one-line file of a cloud sensor: where it is, and in which zone it tells the time."""

    file: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class AlpacaConditions:
    """An ObservingConditions device; the unit of its cloud cover is declared, never guessed."""

    url: str
    device: int
    is_cloud_fraction: bool


@dataclass(frozen=True, slots=True)
class AlpacaSafetyMonitor:
    """A SafetyMonitor device."""

    url: str
    device: int


Sensor = BoltwoodFile | AlpacaConditions | AlpacaSafetyMonitor


@dataclass(frozen=True, slots=True)
class StationClimatology:
    """Where a station's climatology is found; means in the network file, or a file beside it.

    Parameters
    ----------
    source : who measured it, for the report
    file : table of one of the forms of `groundstation.weather.formats.climatology`, or None
    mean_fraction : of 12 months, each with one value or with 24 (hours UTC); empty if `file`
    concentration : of the beta distribution around a mean
    """

    source: str
    file: str | None
    mean_fraction: tuple[tuple[float, ...], ...]
    concentration: float


@dataclass(frozen=True, slots=True)
class StationWeather:
    """What one station knows of its weather.

    Parameters
    ----------
    metar : airport whose reports count for the station, or None
    sensors : at the station
    climatology : None where it is not known
    limits : what the station bears, for go or no-go now
    max_report_age_s : of an airport's report
    """

    metar: str | None = None
    sensors: tuple[Sensor, ...] = ()
    climatology: StationClimatology | None = None
    limits: SafetyLimits = field(default_factory=lambda: SafetyLimits(MAX_SENSOR_AGE_S))
    max_report_age_s: float = MAX_REPORT_AGE_S
