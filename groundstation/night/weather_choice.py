"""Which of the known forecasts counts for a station, and whether it is safe there now.

The rules it keeps:

1. A fresh ensemble goes before a fresh forecast, that before nights drawn from the climatology; a
   station with none of them is not known, and that is said.
2. What is stale, dated after now, unreadable, or silent about the whole night is passed over, and
   the reason is kept. What is silent about a part of the night stays unknown there.
3. Go or no-go follows from sensors and reports alone, never from a forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Network, Station
from groundstation.night.weather_inputs import InputRole, WeatherInput, WeatherInputs, point_of
from groundstation.night.weather_sensors import ALPACA, read_alpaca_document
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.boltwood import BoltwoodReading
from groundstation.weather.formats.climatology import CONCENTRATION, Climatology
from groundstation.weather.formats.recognition import (
    Reading,
    Telling,
    WeatherFormat,
    read_document,
)
from groundstation.weather.records import SECONDS_PER_HOUR, Quantity, Weather, WeatherKind
from groundstation.weather.safety import (
    CLOCK_TOLERANCE_S,
    Safety,
    SafetyLimits,
    age_fault,
    combined,
    judge_sensors,
)

_STEP_S = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class StationChoice:
    """What counts for one station.

    Parameters
    ----------
    station : name
    weather : forecast of one or many members; None if only a climatology or nothing is known
    climatology : to draw from, where there is no forecast
    reasons : why better sources were passed over, or why nothing is known
    gaps : what is not known of the weather that was chosen
    safety : go or no-go now
    """

    station: str
    weather: Weather | None
    climatology: Climatology | None
    reasons: tuple[str, ...]
    gaps: tuple[str, ...]
    safety: Safety


def choose_weather(
    network: Network,
    inputs: WeatherInputs,
    start: datetime,
    stop: datetime,
    *,
    now: datetime,
) -> tuple[StationChoice, ...]:
    """The choice for every station of a network, in its order; see the rules above."""
    return tuple(
        _choice(
            station,
            [item for item in inputs.inputs if item.station == station.name],
            inputs,
            (start, stop),
            now,
            is_fetched=any(item.is_forecast for item in network.weather.sources),
        )
        for station in network.stations
    )


def _choice(
    station: Station,
    own: Sequence[WeatherInput],
    inputs: WeatherInputs,
    night: tuple[datetime, datetime],
    now: datetime,
    *,
    is_fetched: bool,
) -> StationChoice:
    reasons: list[str] = []
    if is_fetched and not any(item.role is InputRole.FORECAST for item in own):
        reasons.append("no forecast has been fetched yet")
    usable: list[Weather] = []
    climatology: Climatology | None = None
    for item in own:
        if item.role is InputRole.SENSOR:
            continue
        try:
            reading = _read(station, item, inputs)
        except WeatherError as error:
            reasons.append(f"{error.where or item.name}: {error}")
            continue
        if isinstance(reading, Climatology):
            climatology = climatology or reading
        elif isinstance(reading, Weather):
            fault = _fault(reading, item, night, now)
            if fault is None:
                usable.append(reading)
            else:
                reasons.append(fault)
    ensembles = [w for w in usable if w.provenance.kind is WeatherKind.ENSEMBLE]
    chosen = next(iter([*ensembles, *usable]), None)
    return StationChoice(
        station=station.name,
        weather=chosen,
        climatology=climatology if chosen is None else None,
        reasons=tuple(reasons),
        gaps=() if chosen is None else tuple(_gaps(chosen, *night)),
        safety=_safety(station, own, inputs, now),
    )


def _read(station: Station, item: WeatherInput, inputs: WeatherInputs) -> Reading:
    name = item.name or ""
    body = inputs.bodies[name]
    if item.form == ALPACA:
        return read_alpaca_document(body, name, station.name, item.retrieved_at)
    told = Telling(
        point=point_of(station),
        retrieved_at=item.retrieved_at,
        issued_at=item.issued_at,
        model=item.model or "unnamed",
        members=item.members,
        time_zone=item.time_zone,
        source=item.source,
        concentration=item.concentration or CONCENTRATION,
    )
    return read_document(body, name, WeatherFormat(item.form), told)


def _fault(
    weather: Weather, item: WeatherInput, night: tuple[datetime, datetime], now: datetime
) -> str | None:
    """Why a forecast cannot be used, or None."""
    source = weather.provenance.source
    if item.max_age_s is not None:
        stale = age_fault(source, weather.provenance.dated, now, item.max_age_s)
        if stale is not None:
            return stale
    if weather.provenance.retrieved_at > now + timedelta(seconds=CLOCK_TOLERANCE_S):
        return f"{source} was retrieved after now; check the clocks"
    if _unknown(weather, *night)[1].all():
        return f"{source} says nothing of the night"
    return None


def _unknown(
    weather: Weather, start: datetime, stop: datetime
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Instants of a span, and where the cover of at least one member is not known."""
    length_s = (stop - start).total_seconds()
    times_s = np.append(np.arange(0.0, length_s, _STEP_S), length_s)
    cover = weather.at(Quantity.CLOUD_TOTAL, start, times_s)
    return times_s, np.asarray(np.isnan(cover).any(axis=0))


def _gaps(weather: Weather, start: datetime, stop: datetime) -> list[str]:
    """A sentence where the cover is not known over a part of the night."""
    times_s, unknown = _unknown(weather, start, stop)
    if not unknown.any():
        return []
    first = start + timedelta(seconds=float(times_s[np.argmax(unknown)]))
    hours = unknown.mean() * (stop - start).total_seconds() / SECONDS_PER_HOUR
    source = weather.provenance.source
    return [f"{source}: cloud cover is unknown for {hours:.1f} h, first at {first:%Y-%m-%dT%H:%MZ}"]


def _safety(
    station: Station, own: Sequence[WeatherInput], inputs: WeatherInputs, now: datetime
) -> Safety:
    """Go or no-go: every sensor's own verdict, and the limits over what they know together."""
    sensors = [item for item in own if item.role is InputRole.SENSOR]
    parts = [Safety(item.reasons) for item in sensors]
    readings: list[tuple[Weather, float]] = []
    limits: SafetyLimits = station.weather.limits
    for item in sensors:
        if item.name is None:
            continue
        try:
            reading = _read(station, item, inputs)
        except WeatherError as error:
            parts.append(Safety((f"{error.where or item.name}: {error}",)))
            continue
        max_age_s = limits.max_age_s if item.max_age_s is None else item.max_age_s
        if isinstance(reading, BoltwoodReading):
            own_flags = reading.safety(now, max_age_s)
            parts.append(own_flags)
            reading = reading.weather
        if isinstance(reading, Weather):
            readings.append((reading, max_age_s))
    if readings:
        parts.append(judge_sensors(readings, now, limits))
    judged = combined(parts)
    return Safety(tuple(dict.fromkeys(judged.reasons)))
