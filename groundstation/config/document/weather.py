"""Tables of weather: sources of forecasts, clouds, sensors, climatology, limits to open."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from groundstation.config.document.fields import Name, Table, Text, needed, optional, tables


def _ascends(pair: list[float]) -> list[float]:
    for low, high in pairwise(pair):
        if high < low:
            raise ValueError(f"{high:g} is below {low:g}; the smaller one comes first")
    return pair


def _is_year(values: list[float] | list[list[float]]) -> list[float] | list[list[float]]:
    if any(isinstance(value, list) and len(value) != 24 for value in values):
        raise ValueError("a month with hours has 24 values, for 0 to 23 h UTC")
    return values


Ratio = Annotated[float, Field(ge=0.0, le=10.0)]
RatioRange = Annotated[list[Ratio], Field(min_length=2, max_length=2), AfterValidator(_ascends)]
Percent = Annotated[float, Field(ge=0.0, le=100.0)]
Year = Annotated[
    list[Percent] | list[list[Percent]],
    Field(min_length=12, max_length=12),
    AfterValidator(_is_year),
]
Airport = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{3}$")]


class WeatherSource(Table):
    """A model whose forecasts Open-Meteo gives out, or what airports report or expect."""

    api: Literal["forecast", "ensemble", "metar", "taf"] = needed(
        "one run, or all members of an ensemble; reports or forecasts of the stations' airports"
    )
    model: Text | None = optional(
        None, "of forecast and ensemble: its name at Open-Meteo, like icon_eu or ecmwf_ifs025"
    )
    name: Name | None = optional(
        None, "unique among weather sources; api-model, or api, where left out"
    )
    url: Text | None = optional(None, "base address of a server of one's own")
    forecast_days: int = optional(
        3, "of forecast and ensemble, from the begin of today", "d", ge=1, le=16
    )
    max_age_h: float = optional(
        12.0,
        "an older answer is not used; for metar, safety.max_report_age_min holds",
        "h",
        gt=0.0,
        le=240.0,
    )


class Weather(Table):
    """Where forecasts come from, and how cover becomes a chance of a clear line of sight."""

    sources: list[WeatherSource] = tables("an ensemble goes before a single forecast")
    aspect_ratio: Ratio = optional(1.0, "height over width of clouds (Kauth and Penquite)", "1")
    aspect_ratio_range: RatioRange = optional(
        [0.6, 1.5], "lowest and highest that are possible, for the interval of P(clear)", "1"
    )
    correlation_length_km: float = optional(
        400.0, "over which nights that are drawn lose their correlation", "km", gt=0.0, le=1e5
    )
    seed: int = optional(
        1, "of the nights that are drawn from climatologies", "1", ge=0, le=2**32 - 1
    )
    scenarios: int = optional(50, "nights that are drawn", "1", ge=2, le=10_000)
    max_import_age_h: float = optional(
        12.0, "a forecast imported from a file is not used when older", "h", gt=0.0, le=240.0
    )


class Safety(Table):
    """Limits under which it is safe to open; what is unknown or stale is not safe."""

    max_wind_m_s: float | None = optional(None, "mean wind", "m/s", gt=0.0, le=120.0)
    max_gust_m_s: float | None = optional(None, "gusts", "m/s", gt=0.0, le=120.0)
    max_humidity_percent: float | None = optional(None, "relative", "%", gt=0.0, le=105.0)
    max_rain_mm_h: float = optional(0.0, "0 for none at all", "mm/h", ge=0.0, le=100.0)
    max_cloud_percent: float | None = optional(
        None, "cover now; a Boltwood sensor knows it only when overcast", "%", ge=0.0, le=100.0
    )
    min_dew_point_spread_k: float | None = optional(
        None, "between air and dew point", "K", ge=0.0, le=50.0
    )
    max_age_min: float = optional(10.0, "of a sensor's reading", "min", gt=0.0, le=1440.0)
    max_report_age_min: float = optional(90.0, "of an airport's report", "min", gt=0.0, le=1440.0)


class Climatology(Table):
    """How cloudy a station's nights are, from a published source."""

    source: Text = needed("who measured it, and over which years")
    cover_percent: Year | None = optional(
        None, "means of 12 months, or of 12 months with 24 hours UTC each; this or file", "%"
    )
    file: Text | None = optional(None, "CSV beside the network file: means or percentiles")
    concentration: float = optional(
        0.5,
        "of the nights around a mean: near 0 all clear or overcast, above 2 all alike",
        "1",
        gt=0.0,
        le=1000.0,
    )


class Sensor(Table):
    """What measures the sky at a station."""

    kind: Literal["boltwood", "alpaca-conditions", "alpaca-safety"] = needed(
        "one-line file of a cloud sensor, or a device of an ASCOM Alpaca server"
    )
    file: Text | None = optional(None, "of a boltwood sensor, relative to the network file")
    time_zone: Text | None = optional(
        None, 'in which a boltwood file tells the time, like "Europe/Rome"'
    )
    url: Text | None = optional(None, "of an Alpaca server, like http://192.168.1.20:11111")
    device: int = optional(0, "number of the device at its server", "1", ge=0, le=1000)
    cloud_unit: Literal["percent", "fraction"] | None = optional(
        None, "what an alpaca-conditions device means by its cloud cover"
    )
