"""Read the JSON of Open-Meteo's forecast and ensemble API.

- Only documents in UTC: local times repeat an hour in autumn, and the offset is that of one day.
- Units are read, never assumed; a unit that is not known here refuses the document.
- Of an ensemble every variable has the same members, numbered without a gap. The run without a
  number is the control. A member that is null from beginning to end refuses the document.
- A single null is a value that is not known, at the end of a model's range for example. A variable
  other than cloud cover that is null everywhere is one that the model does not have.

Format: open-meteo.com, documentation of the forecast and of the ensemble API, read in 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from groundstation.weather.formats.documents import json_object, naming, number, refuse, shown
from groundstation.weather.records import (
    SECONDS_PER_HOUR,
    Floats,
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
    sha256_of,
)

CONTROL = "control"
VARIABLES = {
    "cloud_cover": Quantity.CLOUD_TOTAL,
    "cloud_cover_low": Quantity.CLOUD_LOW,
    "cloud_cover_mid": Quantity.CLOUD_MID,
    "cloud_cover_high": Quantity.CLOUD_HIGH,
    "wind_speed_10m": Quantity.WIND_SPEED,
    "wind_gusts_10m": Quantity.WIND_GUST,
    "relative_humidity_2m": Quantity.HUMIDITY,
    "precipitation": Quantity.RAIN_RATE,
}

_PERCENT = {"%": 0.01}
_SPEED = {"km/h": 1.0 / 3.6, "m/s": 1.0, "ms": 1.0, "mp/h": 0.44704, "kn": 1_852.0 / 3_600.0}
# Precipitation is the sum of the hour before the sample.
_HOURLY_SUM = {"mm": 1e-3 / SECONDS_PER_HOUR, "inch": 0.0254 / SECONDS_PER_HOUR}
_UNITS: Mapping[Quantity, Mapping[str, float]] = {
    Quantity.CLOUD_TOTAL: _PERCENT,
    Quantity.CLOUD_LOW: _PERCENT,
    Quantity.CLOUD_MID: _PERCENT,
    Quantity.CLOUD_HIGH: _PERCENT,
    Quantity.WIND_SPEED: _SPEED,
    Quantity.WIND_GUST: _SPEED,
    Quantity.HUMIDITY: _PERCENT,
    Quantity.RAIN_RATE: _HOURLY_SUM,
}
_LARGEST_PERCENT = 100.0
_MEMBER = re.compile(r"_member(\d{2,3})\Z")
# A model's cell may be half a degree wide, and its centre is what comes back.
_MOST_DISTANT_DEG = 0.6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked, and so what an answer has to hold.

    Parameters
    ----------
    station : name in the network
    latitude_deg, longitude_deg : of the station
    model : name of the weather model
    members : of the ensemble with its control; 1 for a forecast, None where any number will do
    """

    station: str
    latitude_deg: float
    longitude_deg: float
    model: str
    members: int | None


def read_open_meteo(
    body: bytes,
    place: str,
    wanted: Wanted,
    *,
    retrieved_at: datetime,
    issued_at: datetime | None = None,
) -> Weather:
    """Weather from one answer of Open-Meteo, about one place.

    Parameters
    ----------
    body : the JSON as it came
    place : file or address, for messages
    issued_at : start of the model run, where it is known from elsewhere; the answer is silent

    Raises
    ------
    WeatherError
        with the key that is wrong
    """
    document = json_object(body, place)
    if "error" in document:
        reason = shown(str(document.get("reason", document["error"])))
        refuse(place, "error", f"the provider answered with an error: {reason!r}")
    _check_place(document, place, wanted)
    hourly, units = _table(document, place, "hourly"), _table(document, place, "hourly_units")
    times = _times(hourly, units, document, place)
    columns = _columns(hourly, place)
    members = _members(columns, wanted, place)
    series = {
        VARIABLES[name]: _values(name, column, units, members, len(times), place)
        for name, column in columns.items()
        if name == "cloud_cover" or not _is_absent(column)
    }
    kind = WeatherKind.ENSEMBLE if len(members) > 1 else WeatherKind.FORECAST
    source = f"open-meteo {wanted.model}"
    with naming(place):
        return Weather(
            station=wanted.station,
            provenance=Provenance(kind, source, issued_at, retrieved_at, sha256_of(body)),
            epoch=datetime.fromtimestamp(times[0], UTC),
            times_s=np.array(times) - times[0],
            members=members,
            series=series,
            is_held=False,
            longest_gap_s=SECONDS_PER_HOUR,
        )


def _check_place(document: Mapping[str, Any], place: str, wanted: Wanted) -> None:
    for name, asked in (("latitude", wanted.latitude_deg), ("longitude", wanted.longitude_deg)):
        if name not in document:
            refuse(place, name, "is missing")
        given = number(document[name], place, name)
        apart = abs(given - asked)
        apart = min(apart, 360.0 - apart) if name == "longitude" else apart
        # Meridians converge: a degree of longitude is a shorter way, so more of it is near enough.
        wide = np.cos(np.radians(min(abs(wanted.latitude_deg), 89.0)))
        limit = _MOST_DISTANT_DEG / (wide if name == "longitude" else 1.0)
        if apart > limit:
            refuse(place, name, f"{given:g} is not near {wanted.station} ({asked:g})")


def _table(document: Mapping[str, Any], place: str, name: str) -> dict[str, Any]:
    table = document.get(name)
    if not isinstance(table, dict):
        refuse(place, name, "is missing" if table is None else "is not a table")
    return table


def _times(
    hourly: Mapping[str, Any], units: Mapping[str, Any], document: Mapping[str, Any], place: str
) -> list[float]:
    """Samples as seconds since 1970, an hour apart."""
    offset = document.get("utc_offset_seconds")
    zone = document.get("timezone")
    if isinstance(offset, bool) or offset != 0 or zone not in {"GMT", "UTC", "Etc/UTC"}:
        refuse(place, "timezone", f"times are in {shown(str(zone))}, not in UTC: ask for GMT")
    entries, unit = hourly.get("time"), units.get("time")
    if not isinstance(entries, list) or not entries:
        refuse(place, "hourly.time", "is missing or empty")
    seconds = []
    for index, entry in enumerate(entries):
        where = f"hourly.time[{index}]"
        if unit == "unixtime":
            seconds.append(number(entry, place, where))
        elif unit == "iso8601":
            seconds.append(_iso_seconds(entry, place, where))
        else:
            refuse(place, "hourly_units.time", f"{shown(str(unit))!r} is not iso8601 or unixtime")
        if index and seconds[index] - seconds[index - 1] != SECONDS_PER_HOUR:
            refuse(place, where, "is not one hour after the time before it")
    return seconds


def _iso_seconds(entry: object, place: str, where: str) -> float:
    try:
        instant = datetime.fromisoformat(entry) if isinstance(entry, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is not None:
        refuse(place, where, f"{shown(str(entry))!r} is not a time like 2026-06-14T21:00")
    return instant.replace(tzinfo=UTC).timestamp()


def _columns(hourly: Mapping[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """Variable -> member -> list, of the variables that are used here."""
    columns: dict[str, dict[str, Any]] = {}
    for key, values in hourly.items():
        found = _MEMBER.search(key)
        name = key[: found.start()] if found else key
        if name in VARIABLES:
            member = f"{int(found[1]):02d}" if found else CONTROL
            columns.setdefault(name, {})[member] = values
        elif key.startswith("cloud_cover"):
            refuse(place, f"hourly.{shown(key)}", "is not known: ask for one model at a time")
    if "cloud_cover" not in columns:
        refuse(place, "hourly.cloud_cover", "is missing")
    return columns


def _members(
    columns: Mapping[str, Mapping[str, Any]], wanted: Wanted, place: str
) -> tuple[str, ...]:
    """Names of the members, the same for every variable."""
    found = tuple(
        sorted(columns["cloud_cover"], key=lambda name: (name != CONTROL, len(name), name))
    )
    numbered = [name for name in found if name != CONTROL]
    due = [f"{index:02d}" for index in range(1, len(numbered) + 1)]
    if numbered != due:
        absent = next(name for name in due if name not in numbered)
        refuse(place, f"hourly.cloud_cover_member{absent}", "is missing")
    if wanted.members is not None and len(found) != wanted.members:
        refuse(
            place,
            "hourly.cloud_cover",
            f"has {len(found)} members, {wanted.model} has {wanted.members}",
        )
    for name, column in columns.items():
        if set(column) != set(found):
            odd = min(set(column) ^ set(found))
            refuse(place, f"hourly.{name}", f"and cloud_cover differ in member {odd}")
    return found


def _is_absent(column: Mapping[str, Any]) -> bool:
    """True for a variable that the model does not have: null in all members, at all times."""
    lists = [values for values in column.values() if isinstance(values, list)]
    return len(lists) == len(column) and all(entry is None for row in lists for entry in row)


def _values(
    name: str,
    column: Mapping[str, Any],
    units: Mapping[str, Any],
    members: tuple[str, ...],
    length: int,
    place: str,
) -> Floats:
    """One quantity, members x time, in our unit."""
    factors = _UNITS[VARIABLES[name]]
    rows = []
    for member in members:
        key = name if member == CONTROL else f"{name}_member{member}"
        unit = units.get(key)
        if not isinstance(unit, str) or unit not in factors:
            expected = " or ".join(factors)
            refuse(place, f"hourly_units.{key}", f"{shown(str(unit))!r} is not {expected}")
        rows.append(_row(column[member], factors[unit], unit, length, place, f"hourly.{key}"))
    return np.array(rows)


def _row(
    entries: object, factor: float, unit: object, length: int, place: str, where: str
) -> list[float]:
    if not isinstance(entries, list) or len(entries) != length:
        count = len(entries) if isinstance(entries, list) else 0
        refuse(place, where, f"has {count} values for {length} times")
    row = []
    for index, entry in enumerate(entries):
        if entry is None:
            row.append(np.nan)
            continue
        value = number(entry, place, f"{where}[{index}]")
        if value < 0.0 or (unit == "%" and value > _LARGEST_PERCENT):
            refuse(place, f"{where}[{index}]", f"{value:g} {unit} is not possible")
        row.append(value * factor)
    if all(np.isnan(row)):
        refuse(place, where, "is null from beginning to end")
    return row
