"""One record of weather: what a station's sky does over a span of time, in every member.

- Times are seconds after `epoch`; a value that is not known is NaN and stays NaN.
- A quantity is an array, members x time. Member i of two records of one ensemble run is the same
  world.
- Between samples a forecast is linear; a report holds until the next one. Nothing is ever carried
  over a gap longer than `longest_gap_s`, and nothing beyond the last sample of a forecast.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from groundstation.weather.errors import WeatherError

Floats = NDArray[np.float64]

SECONDS_PER_HOUR = 3_600.0


class Quantity(StrEnum):
    """What a record may hold; fractions lie in [0, 1]."""

    CLOUD_TOTAL = "cloud_total_fraction"
    CLOUD_LOW = "cloud_low_fraction"
    CLOUD_MID = "cloud_mid_fraction"
    CLOUD_HIGH = "cloud_high_fraction"
    WIND_SPEED = "wind_speed_m_s"
    WIND_GUST = "wind_gust_m_s"
    HUMIDITY = "relative_humidity_fraction"
    RAIN_RATE = "rain_rate_m_s"
    DEW_POINT_SPREAD = "dew_point_spread_k"


# Largest value that is believed; the lowest is 0 for all. The wind record at the ground is 113 m/s
# and the rain record of one hour 305 mm (World Meteorological Organization, weather and climate
# extremes archive); minutes are faster than hours.
_LARGEST = {
    Quantity.WIND_SPEED: 120.0,
    Quantity.WIND_GUST: 120.0,
    # Sensors show up to a few percent beyond saturation, and mist is a little above it.
    Quantity.HUMIDITY: 1.05,
    Quantity.RAIN_RATE: 2e-3,
    # Deserts reach 50 K between air and dew point; at saturation the difference of two rounded
    # readings is taken as 0.
    Quantity.DEW_POINT_SPREAD: 80.0,
}


class WeatherKind(StrEnum):
    """Where a record comes from, in falling order of what it is worth for one night."""

    OBSERVATION = "observation"
    ENSEMBLE = "ensemble"
    FORECAST = "forecast"
    CLIMATOLOGY = "climatology"


@dataclass(frozen=True, slots=True)
class StationPoint:
    """Where weather is wanted."""

    station: str
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a record was made from.

    Parameters
    ----------
    kind : see `WeatherKind`
    source : name of provider and model, of a report's station, or of a device
    issued_at : start of the model run, or time of the report; None where the source is silent
    retrieved_at : when it came to this machine
    sha256 : of the bytes it was read from, hexadecimal
    """

    kind: WeatherKind
    source: str
    issued_at: datetime | None
    retrieved_at: datetime
    sha256: str

    @property
    def dated(self) -> datetime:
        """The instant that the record's age counts from."""
        return self.retrieved_at if self.issued_at is None else self.issued_at


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Weather at one station over time, in one member or many.

    Parameters
    ----------
    station : name in the network
    provenance : see `Provenance`
    epoch : aware UTC
    times_s : samples after the epoch, strictly ascending, shape (time,)
    members : names of the members; one for a deterministic source
    series : what is known, each of shape (members, time); NaN where it is not known
    is_held : True if a value holds until the next sample, False if it changes linearly
    longest_gap_s : farthest that a value reaches: to the next sample, or from the last one that
        is held

    Raises
    ------
    WeatherError
        a shape, an order or a value is not possible
    """

    station: str
    provenance: Provenance
    epoch: datetime
    times_s: Floats
    members: tuple[str, ...]
    series: Mapping[Quantity, Floats]
    is_held: bool
    longest_gap_s: float

    def __post_init__(self) -> None:
        fault = _fault_of(self)
        if fault is not None:
            raise WeatherError(f"weather of {self.station}: {fault}", where=self.provenance.source)

    def at(self, quantity: Quantity, epoch: datetime, times_s: Floats) -> Floats:
        """A quantity at instants after any epoch: shape (members, times), NaN where unknown."""
        ask_s = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
        ask_s = ask_s + (epoch - self.epoch).total_seconds()
        values = self.series.get(quantity)
        if values is None:
            return np.full((len(self.members), len(ask_s)), np.nan)
        before = np.searchsorted(self.times_s, ask_s, side="right") - 1
        last = len(self.times_s) - 1
        left, right = np.clip(before, 0, last), np.clip(before + 1, 0, last)
        since_s, gap_s = ask_s - self.times_s[left], self.times_s[right] - self.times_s[left]
        if self.is_held:
            known = (before >= 0) & (since_s <= self.longest_gap_s)
            return np.where(known, values[:, left], np.nan)
        is_sample = (before >= 0) & (since_s == 0.0)
        inside = (before >= 0) & (before < last) & (gap_s <= self.longest_gap_s)
        share = np.divide(since_s, gap_s, out=np.zeros_like(since_s), where=gap_s > 0.0)
        # A sample itself is known even where its neighbour is not.
        between = values[:, left] + share * (values[:, right] - values[:, left])
        return np.where(is_sample, values[:, left], np.where(inside, between, np.nan))


def sha256_of(body: bytes) -> str:
    """The digest that a record carries of its bytes."""
    return hashlib.sha256(body).hexdigest()


def _fault_of(weather: Weather) -> str | None:
    """What cannot be in a record, or None."""
    dates = (weather.epoch, weather.provenance.retrieved_at, weather.provenance.issued_at)
    if any(date is not None and date.tzinfo is None for date in dates):
        return "an instant has no time zone"
    times_s, members = weather.times_s, weather.members
    if times_s.ndim != 1 or not len(times_s) or not np.all(np.isfinite(times_s)):
        return "the times are not a list of numbers"
    if np.any(np.diff(times_s) <= 0.0):
        return "the times do not ascend"
    if not members or len(set(members)) != len(members):
        return "the members have no names, or one name twice"
    shape = (len(members), len(times_s))
    faults = (_fault_in(name, values, shape) for name, values in weather.series.items())
    return next((fault for fault in faults if fault is not None), None)


def _fault_in(quantity: Quantity, values: Floats, shape: tuple[int, int]) -> str | None:
    if values.shape != shape:
        return f"{quantity} has shape {values.shape}, not {shape}"
    largest = _LARGEST.get(quantity, 1.0)
    wrong = values[(values < 0.0) | (values > largest)]
    return f"{quantity} {wrong[0]:g} is outside 0..{largest:g}" if len(wrong) else None
