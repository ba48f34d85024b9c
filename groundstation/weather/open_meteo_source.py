"""Open-Meteo as a source of weather: its interfaces, its models, what is asked of it.

Terms: open-meteo.com/en/terms and /en/pricing, read in 2026: free for non-commercial use below
10,000 calls a day; data under CC BY 4.0.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from groundstation.weather.records import SECONDS_PER_HOUR, StationPoint
from tle.provider.providers import Rules
from tle.provider.transport import Limits

# No model is run more often than once an hour.
RULES = Rules(interval_s=SECONDS_PER_HOUR)
# The largest answer, 51 members of five variables for 16 days, has about 0.8 MB.
LIMITS = Limits(size_bytes=5_000_000)


class WeatherApi(StrEnum):
    """The two interfaces of Open-Meteo."""

    FORECAST = "open-meteo"
    ENSEMBLE = "open-meteo-ensemble"


ADDRESSES = {
    WeatherApi.FORECAST: "https://api.open-meteo.com",
    WeatherApi.ENSEMBLE: "https://ensemble-api.open-meteo.com",
}
_PATHS = {WeatherApi.FORECAST: "/v1/forecast", WeatherApi.ENSEMBLE: "/v1/ensemble"}
_BOTH = "cloud_cover,wind_speed_10m,wind_gusts_10m,relative_humidity_2m,precipitation"
_VARIABLES = {
    WeatherApi.FORECAST: f"{_BOTH},cloud_cover_low,cloud_cover_mid,cloud_cover_high",
    WeatherApi.ENSEMBLE: _BOTH,
}
# Members of the ensembles with their control (documentation of the ensemble API, read in 2026).
MEMBERS = {
    "icon_d2": 20,
    "icon_eu": 40,
    "icon_global": 40,
    "gfs025": 31,
    "gfs05": 31,
    "ecmwf_ifs025": 51,
    "gem_global": 21,
}


@dataclass(frozen=True, slots=True)
class WeatherSource:
    """A source of weather that is fetched.

    Parameters
    ----------
    name : unique in the network
    api : which interface
    address : base of its addresses
    model : name of the model at Open-Meteo
    forecast_days : length of the forecast, from the begin of today in UTC
    """

    name: str
    api: WeatherApi
    address: str
    model: str
    forecast_days: int = 3

    @property
    def members(self) -> int | None:
        """How many members an answer must have; None where the model is not in `MEMBERS`."""
        return 1 if self.api is WeatherApi.FORECAST else MEMBERS.get(self.model)


def query_url(source: WeatherSource, point: StationPoint) -> str:
    """The address of one query, always the same for one station."""
    query = {
        "latitude": f"{point.latitude_deg:.4f}",
        "longitude": f"{point.longitude_deg:.4f}",
        "hourly": _VARIABLES[source.api],
        "models": source.model,
        "forecast_days": source.forecast_days,
        "wind_speed_unit": "ms",
        "timezone": "GMT",
    }
    return f"{source.address.rstrip('/')}{_PATHS[source.api]}?{urlencode(query)}"
