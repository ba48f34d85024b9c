"""What is known of a night's weather as flat rows: per station and hour, or per member."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundstation.instants import utc_text
from groundstation.network import Network, Station
from groundstation.night.weather_step import NightWeather
from groundstation.weather.records import SECONDS_PER_HOUR, Quantity, Weather
from groundstation.weather.safety import Safety, SafetyLimits
from passes.sky.ephemeris import sun_moon_table
from passes.sky.twilight import dark_windows

Floats = NDArray[np.float64]

SCHEMA = "weather/1"
MEMBERS_SCHEMA = "weather-members/1"
_MARGIN_S = 3_600.0
# Column of the rows per member -> quantity, and our unit in the column's.
_QUANTITIES = {
    "cover_percent": (Quantity.CLOUD_TOTAL, 100.0),
    "wind_m_s": (Quantity.WIND_SPEED, 1.0),
    "gust_m_s": (Quantity.WIND_GUST, 1.0),
    "humidity_percent": (Quantity.HUMIDITY, 100.0),
    "rain_mm_h": (Quantity.RAIN_RATE, 3.6e6),
}


def hours_of(
    network: Network, start: datetime, stop: datetime, *, with_daylight: bool
) -> dict[str, list[datetime]]:
    """Station -> the full hours in [start, stop], by default those that touch its darkness."""
    first = start.replace(minute=0, second=0, microsecond=0)
    every = [
        first + timedelta(hours=i) for i in range(int((stop - first).total_seconds() // 3600) + 1)
    ]
    every = [hour for hour in every if start <= hour <= stop]
    if with_daylight:
        return {station.name: every for station in network.stations}
    length_s = (stop - start).total_seconds()
    table = sun_moon_table(start, -_MARGIN_S, length_s + _MARGIN_S)
    found = {}
    for station in network.stations:
        dark = dark_windows(station.site, table, 0.0, length_s, station.max_sun_elevation_rad)
        found[station.name] = [
            hour
            for hour in every
            if any(
                a < (hour - start).total_seconds() + SECONDS_PER_HOUR
                and b > (hour - start).total_seconds() - SECONDS_PER_HOUR
                for a, b in dark
            )
        ]
    return found


def hour_rows(
    network: Network, weather: NightWeather, hours: dict[str, list[datetime]], now: datetime
) -> list[dict[str, Any]]:
    """Cover of the members (10th, 50th and 90th percentile), age, source; go or no-go now."""
    rows = []
    for station in network.stations:
        record = weather.records.get(station.name)
        dark: list[datetime | None] = [] if record is None else [*hours[station.name]]
        # A station without weather, or without darkness, still has a row.
        rows += [_row(station, record, hour, weather, now) for hour in dark or [None]]
    return rows


def member_rows(
    network: Network, weather: NightWeather, hours: dict[str, list[datetime]]
) -> list[dict[str, Any]]:
    """What every member says of every hour; None where it does not know."""
    return [
        {
            "station": station.name,
            "time_utc": utc_text(hour),
            "member": member,
            **{name: _value(float(table[name][number, column])) for name in _QUANTITIES},
            "source": record.provenance.source,
        }
        for station in network.stations
        if (record := weather.records.get(station.name)) is not None and hours[station.name]
        for table in [_table(record, hours[station.name])]
        for column, hour in enumerate(hours[station.name])
        for number, member in enumerate(record.members)
    ]


def _table(record: Weather, hours: list[datetime]) -> dict[str, Floats]:
    times_s = np.array([(hour - hours[0]).total_seconds() for hour in hours])
    return {
        name: record.at(quantity, hours[0], times_s) * scale
        for name, (quantity, scale) in _QUANTITIES.items()
    }


def _row(
    station: Station,
    record: Weather | None,
    hour: datetime | None,
    weather: NightWeather,
    now: datetime,
) -> dict[str, Any]:
    safety = weather.safety.get(station.name, Safety(("the weather is unknown",)))
    row: dict[str, Any] = {
        "station": station.name,
        "time_utc": None if hour is None else utc_text(hour),
        "cover_p10_percent": None,
        "cover_p50_percent": None,
        "cover_p90_percent": None,
        "fraction_within_limits": None,
        "members": None,
        "kind": None,
        "source": None,
        "age_h": None,
        "unknown_because": weather.unknown.get(station.name),
        "is_safe_now": safety.is_safe,
        "unsafe_because": list(safety.reasons),
    }
    if record is None or hour is None:
        return row
    cover = record.at(Quantity.CLOUD_TOTAL, hour, np.zeros(1))[:, 0]
    if np.isnan(cover).any():
        row["unknown_because"] = f"{record.provenance.source} does not know this hour"
    else:
        for percent, value in zip((10, 50, 90), np.quantile(cover, [0.1, 0.5, 0.9]), strict=True):
            row[f"cover_p{percent}_percent"] = 100.0 * float(value)
    within = _within(record, hour, station.weather.limits)
    row |= {
        "fraction_within_limits": None if np.isnan(within).any() else float(np.mean(within)),
        "members": len(record.members),
        "kind": record.provenance.kind.value,
        "source": record.provenance.source,
        "age_h": (now - record.provenance.dated).total_seconds() / SECONDS_PER_HOUR,
    }
    return row


def _within(record: Weather, hour: datetime, limits: SafetyLimits) -> Floats:
    """1 for every member that keeps all limits, 0 for the others; NaN where one is not known."""
    kept = np.ones(len(record.members))
    for quantity, limit in _limits(limits):
        value = record.at(quantity, hour, np.zeros(1))[:, 0]
        kept = kept * np.where(np.isnan(value), np.nan, value <= limit)
    return kept


def _limits(limits: SafetyLimits) -> Iterator[tuple[Quantity, float]]:
    for quantity, limit in (
        (Quantity.CLOUD_TOTAL, limits.max_cloud_fraction),
        (Quantity.WIND_SPEED, limits.max_wind_m_s),
        (Quantity.WIND_GUST, limits.max_gust_m_s),
        (Quantity.HUMIDITY, limits.max_humidity_fraction),
        (Quantity.RAIN_RATE, limits.max_rain_rate_m_s),
    ):
        if limit is not None:
            yield quantity, limit


def _value(value: float) -> float | None:
    return None if np.isnan(value) else value
