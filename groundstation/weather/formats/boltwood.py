"""Read the one-line file of a Boltwood II cloud sensor, and of the many programs that imitate it.

The file is written in local time; the zone is told by the network file, never guessed. In the hour
that autumn repeats, the earlier instant is taken: a reading that may be old is old.

The sensor measures how cold the sky is and sorts that into flags by thresholds that its owner has
set; it does not measure a fraction. Cover is therefore known only where it is "very cloudy".

Columns: key to the data file of Clarity II (Boltwood Systems), read in 2026.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import decimal, naming, refuse, shown, text_of
from groundstation.weather.records import (
    Floats,
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
    sha256_of,
)
from groundstation.weather.safety import Safety, age_fault

HOLDS_S = 300.0

_M_S_PER_UNIT = {"K": 1.0 / 3.6, "M": 0.44704, "m": 1.0}
_WIND_FAULTS = {
    -1.0: "the wind probe is heating up",
    -2.0: "the wind probe is wet",
    -3.0: "the wind probe is broken",
    -4.0: "the wind probe is not heating",
    -5.0: "the wind probe is shorted",
    -6.0: "there is no wind probe",
}
_SKY_FAULTS = {999.0: "saturated hot", -999.0: "saturated cold", -998.0: "wet"}
# Days of Visual Basic count from here.
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  local time, like the file
_CLOCKS_AGREE_S = 60.0
_FIELDS = (19, 20, 21)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Flag(IntEnum):
    """The sensor's verdicts: 1 is good, 2 bad, 3 very bad."""

    UNKNOWN = 0
    GOOD = 1
    BAD = 2
    VERY_BAD = 3


@dataclass(frozen=True, slots=True, eq=False)
class BoltwoodReading:
    """One line of the sensor.

    Parameters
    ----------
    weather : one sample; cover is known only where it is very cloudy
    measured_at : aware UTC, the instant of the last valid data
    sky_minus_ambient_k : NaN where the sensor is saturated or wet
    cloud, wind, rain, daylight : the sensor's own flags
    is_alert : True if the program that wrote the file asks to close
    faults : what the sensor says of itself
    """

    weather: Weather
    measured_at: datetime
    sky_minus_ambient_k: float
    cloud: Flag
    wind: Flag
    rain: Flag
    daylight: Flag
    is_alert: bool
    faults: tuple[str, ...]

    def safety(self, now: datetime, max_age_s: float) -> Safety:
        """Go or no-go by the sensor's own flags; whatever is unknown is a no."""
        source = self.weather.provenance.source
        stale = age_fault(source, self.measured_at, now, max_age_s)
        reasons = [] if stale is None else [stale]
        words = {
            "cloud": ("cloudy", "very cloudy"),
            "wind": ("windy", "very windy"),
            "rain": ("wet", "raining"),
        }
        for name, (bad, worse) in words.items():
            flag: Flag = getattr(self, name)
            said = {Flag.UNKNOWN: f"{name} unknown", Flag.BAD: bad, Flag.VERY_BAD: worse}.get(flag)
            if said is not None:
                reasons.append(f"{source} says {said}")
        reasons += [f"{source}: {fault}" for fault in self.faults]
        if self.is_alert:
            reasons.append(f"{source} raises an alert")
        return Safety(tuple(reasons))


def read_boltwood(
    body: bytes, place: str, station: str, zone: str, *, retrieved_at: datetime
) -> BoltwoodReading:
    """The reading of a one-line file.

    Parameters
    ----------
    zone : name of the sensor computer's time zone, like "Europe/Rome"

    Raises
    ------
    WeatherError
        with the field that is wrong
    """
    lines = text_of(body, place).split("\n")
    if any(line.strip() for line in lines[1:]):
        refuse(place, "line 2", "a Boltwood file has one line")
    fields = lines[0].split()
    if len(fields) not in _FIELDS:
        refuse(place, "line 1", f"has {len(fields)} fields, not 19 to 21")
    temperature, speed = fields[2], fields[3]
    if temperature not in {"C", "F"}:
        refuse(place, "field 3", f"temperature unit {shown(temperature)!r} is not C or F")
    if speed not in _M_S_PER_UNIT:
        refuse(place, "field 4", f"wind unit {shown(speed)!r} is not K, M or m")
    numbers = [decimal(text, place, f"field {i}") for i, text in enumerate(fields[4:], start=5)]
    measured_at = _measured_at(fields, numbers[9], numbers[10], zone, place)
    wind_m_s, wind_fault = _wind(numbers[3], _M_S_PER_UNIT[speed], place)
    sky_fault = _SKY_FAULTS.get(numbers[0])
    per_kelvin = 1.0 if temperature == "C" else 5.0 / 9.0
    wet = [_flag(numbers[i], 2, place, i + 5) for i in (7, 8)]
    cloud, wind, rain, daylight = (Flag(_flag(numbers[i], 3, place, i + 5)) for i in range(11, 15))
    faults = [fault for fault in (wind_fault,) if fault]
    faults += [f"the sky sensor is {sky_fault}"] if sky_fault else []
    faults += ["rain or wetness in the last minute"] if any(wet) else []
    series: dict[Quantity, Floats] = {
        Quantity.WIND_SPEED: np.array([[wind_m_s]]),
        Quantity.HUMIDITY: np.array([[_humidity(numbers[4], place)]]),
        Quantity.DEW_POINT_SPREAD: np.array([[max(numbers[1] - numbers[5], 0.0) * per_kelvin]]),
    }
    if cloud is Flag.VERY_BAD:
        series[Quantity.CLOUD_TOTAL] = np.ones((1, 1))
    if rain is Flag.GOOD and not any(wet):
        series[Quantity.RAIN_RATE] = np.zeros((1, 1))
    source = f"boltwood {station}"
    provenance = Provenance(
        WeatherKind.OBSERVATION, source, measured_at, retrieved_at, sha256_of(body)
    )
    with naming(place):
        weather = Weather(
            station, provenance, measured_at, np.zeros(1), ("sensor",), series, True, HOLDS_S
        )
    return BoltwoodReading(
        weather=weather,
        measured_at=measured_at,
        sky_minus_ambient_k=np.nan if sky_fault else numbers[0] * per_kelvin,
        cloud=cloud,
        wind=wind,
        rain=rain,
        daylight=daylight,
        is_alert=len(numbers) == _FIELDS[2] - 4 and _flag(numbers[-1], 1, place, 21) == 1,
        faults=tuple(faults),
    )


def _measured_at(fields: list[str], since_s: float, days: float, zone: str, place: str) -> datetime:
    """Local time of writing, minus the age of the data."""
    if not _DAY.match(fields[0]):
        refuse(place, "field 1", f"{shown(fields[0])!r} is not a day like 2026-06-14")
    try:
        # Hundredths of a second stand after the point; fromisoformat wants three or six digits.
        clock, _, hundredths = fields[1].partition(".")
        written = datetime.fromisoformat(f"{fields[0]}T{clock}")
        written += timedelta(seconds=float(f"0.{hundredths or 0}"))
    except ValueError:
        written = None
    if written is None or written.tzinfo is not None:
        refuse(place, "field 2", f"{shown(fields[1])!r} is not a time like 21:03:05.12")
    if since_s < 0.0:
        refuse(place, "field 14", f"an age of {since_s:g} s is not possible")
    apart_s = abs((written - _DAY_ZERO).total_seconds() - days * 86_400.0)
    if apart_s > _CLOCKS_AGREE_S:
        refuse(place, "field 15", f"its two clocks are {apart_s:.0f} s apart")
    try:
        local = written.replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WeatherError(f"time zone {shown(zone)!r} is not known", where=place) from error
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != written:
        refuse(place, "field 2", f"{fields[0]} {fields[1]} does not exist in {zone}")
    return instant - timedelta(seconds=since_s)


def _wind(value: float, factor: float, place: str) -> tuple[float, str | None]:
    if value < 0.0:
        if value not in _WIND_FAULTS:
            refuse(place, "field 8", f"{value:g} is neither a speed nor a known fault")
        return np.nan, _WIND_FAULTS[value]
    return value * factor, None


def _humidity(value: float, place: str) -> float:
    if not 0.0 <= value <= 105.0:
        refuse(place, "field 9", f"a humidity of {value:g} % is not possible")
    return value / 100.0


def _flag(value: float, largest: int, place: str, field: int) -> int:
    if value not in range(largest + 1):
        refuse(place, f"field {field}", f"flag {value:g} is not 0 to {largest}")
    return int(value)
