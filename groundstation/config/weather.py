"""Tables of weather -> the records of groundstation.weather_policy, in SI units."""

from pathlib import Path

from groundstation.config.document.root import Document
from groundstation.config.document.station import Station
from groundstation.config.document.weather import Climatology, Safety, Sensor
from groundstation.config.document.weather import WeatherSource as SourceTable
from groundstation.weather.open_meteo_source import ADDRESSES, WeatherApi, WeatherSource
from groundstation.weather.report_source import ADDRESS as REPORTS_ADDRESS
from groundstation.weather.report_source import ReportApi, ReportSource
from groundstation.weather.safety import SafetyLimits
from groundstation.weather_policy import (
    AlpacaConditions,
    AlpacaSafetyMonitor,
    BoltwoodFile,
    ForecastSource,
    StationClimatology,
    StationWeather,
    WeatherPolicy,
)
from groundstation.weather_policy import Sensor as SensorRecord

SECONDS_PER_HOUR = 3_600.0
SECONDS_PER_MINUTE = 60.0
_MM_H_PER_M_S = 3.6e6
_APIS = {"forecast": WeatherApi.FORECAST, "ensemble": WeatherApi.ENSEMBLE}


def weather_of(document: Document) -> WeatherPolicy:
    """How the network's weather is fetched and used."""
    table = document.weather
    low, high = table.aspect_ratio_range
    return WeatherPolicy(
        sources=tuple(_source(source) for source in table.sources),
        aspect_ratio=table.aspect_ratio,
        aspect_ratio_range=(low, high),
        correlation_length_m=table.correlation_length_km * 1e3,
        seed=table.seed,
        scenarios=table.scenarios,
        max_import_age_s=table.max_import_age_h * SECONDS_PER_HOUR,
    )


def station_weather_of(table: Station, safety: Safety, folder: Path) -> StationWeather:
    """What a station knows of its weather; its own limits go before the network's."""
    own = table.safety
    given = {} if own is None else {key: getattr(own, key) for key in own.model_fields_set}
    limits = safety.model_copy(update=given)
    return StationWeather(
        metar=table.metar,
        sensors=tuple(_sensor(sensor, folder) for sensor in table.sensors),
        climatology=_climatology(table.climatology, folder),
        limits=SafetyLimits(
            max_age_s=limits.max_age_min * SECONDS_PER_MINUTE,
            max_cloud_fraction=_fraction(limits.max_cloud_percent),
            max_wind_m_s=limits.max_wind_m_s,
            max_gust_m_s=limits.max_gust_m_s,
            max_humidity_fraction=_fraction(limits.max_humidity_percent),
            max_rain_rate_m_s=limits.max_rain_mm_h / _MM_H_PER_M_S,
            min_dew_point_spread_k=limits.min_dew_point_spread_k,
        ),
        max_report_age_s=limits.max_report_age_min * SECONDS_PER_MINUTE,
    )


def _source(table: SourceTable) -> ForecastSource:
    source: WeatherSource | ReportSource
    if table.api in {"metar", "taf"}:
        source = ReportSource(
            name=table.name or table.api,
            api=ReportApi(table.api),
            address=table.url or REPORTS_ADDRESS,
        )
    else:
        api = _APIS[table.api]
        source = WeatherSource(
            name=table.name or f"{table.api}-{table.model}",
            api=api,
            address=table.url or ADDRESSES[api],
            model=table.model or "",
            forecast_days=table.forecast_days,
        )
    return ForecastSource(source, table.max_age_h * SECONDS_PER_HOUR)


def _sensor(table: Sensor, folder: Path) -> SensorRecord:
    if table.kind == "boltwood":
        return BoltwoodFile(str(folder / (table.file or "")), table.time_zone or "")
    if table.kind == "alpaca-conditions":
        return AlpacaConditions(table.url or "", table.device, table.cloud_unit == "fraction")
    return AlpacaSafetyMonitor(table.url or "", table.device)


def _climatology(table: Climatology | None, folder: Path) -> StationClimatology | None:
    if table is None:
        return None
    months = table.cover_percent or []
    return StationClimatology(
        source=table.source,
        file=None if table.file is None else str(folder / table.file),
        mean_fraction=tuple(
            tuple(hour / 100.0 for hour in (month if isinstance(month, list) else [month]))
            for month in months
        ),
        concentration=table.concentration,
    )


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0
