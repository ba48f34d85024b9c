"""Whether it is safe to open, from what is known now; unknown or stale means not safe.

- A limit that is set needs a value that is known and fresh.
- A reading dated after now is not believed: this clock or the sensor's is wrong.
- Of several members and several sources the worst counts; no source at all is not safe.
- Of several sensors at one place each limit needs one that is fresh and knows its quantity; one
  that is stale makes the place not safe, whatever the others say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from groundstation.weather.records import SECONDS_PER_HOUR, Quantity, Weather, WeatherKind

# Clocks of sensors and servers are allowed to differ from ours by this much.
CLOCK_TOLERANCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Safety:
    """Go or no-go, with the reason for every no; `reasons` is empty exactly if it is safe."""

    reasons: tuple[str, ...]

    @property
    def is_safe(self) -> bool:
        """True if nothing speaks against it."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """What a station bears; None where a quantity does not matter to it.

    Parameters
    ----------
    max_age_s : of a reading
    max_cloud_fraction, max_wind_m_s, max_gust_m_s, max_humidity_fraction : largest that is safe
    max_rain_rate_m_s : 0 for none at all
    min_dew_point_spread_k : smallest difference of air and dew point that is safe
    """

    max_age_s: float
    max_cloud_fraction: float | None = None
    max_wind_m_s: float | None = None
    max_gust_m_s: float | None = None
    max_humidity_fraction: float | None = None
    max_rain_rate_m_s: float | None = 0.0
    min_dew_point_spread_k: float | None = None


def age_fault(what: str, dated: datetime, now: datetime, max_age_s: float) -> str | None:
    """Why a date is not fresh, in one sentence, or None."""
    age_s = (now - dated).total_seconds()
    if age_s < -CLOCK_TOLERANCE_S:
        return f"{what} is dated {-age_s:.0f} s after now; check the clocks"
    if age_s > max_age_s:
        return f"{what} is {_span(age_s)} old (limit {_span(max_age_s)})"
    return None


def judge_now(weather: Weather | None, now: datetime, limits: SafetyLimits) -> Safety:
    """Whether what was last measured at a station allows to open.

    Parameters
    ----------
    weather : the newest reading; None if there is none
    now : aware
    """
    if weather is None:
        return Safety(("the weather is unknown",))
    return judge_sensors([(weather, limits.max_age_s)], now, limits)


def judge_sensors(
    readings: Sequence[tuple[Weather, float]], now: datetime, limits: SafetyLimits
) -> Safety:
    """Whether what the sensors of one place measured last allows to open.

    Parameters
    ----------
    readings : what each sensor knows, with the largest age that is believed of it [s]
    now : aware
    """
    if not readings:
        return Safety(("the weather is unknown",))
    reasons: list[str] = []
    fresh: list[Weather] = []
    for weather, max_age_s in readings:
        newest = weather.epoch + timedelta(seconds=float(weather.times_s[-1]))
        stale = age_fault(weather.provenance.source, newest, now, max_age_s)
        if stale is None:
            fresh.append(weather)
        else:
            reasons.append(stale)
    # Where nothing is fresh, that is the reason; each single quantity need not be listed.
    checks = _checks(limits) if fresh else ()
    found = (_breach(check, fresh) for check in checks)
    return Safety((*reasons, *(reason for reason in found if reason is not None)))


@dataclass(frozen=True, slots=True)
class _Check:
    """One limit that is set: the quantity, its name, scale and unit for people."""

    quantity: Quantity
    name: str
    limit: float
    scale: float
    unit: str
    is_lowest: bool = False


def _checks(limits: SafetyLimits) -> tuple[_Check, ...]:
    table = (
        (Quantity.CLOUD_TOTAL, "cloud cover", limits.max_cloud_fraction, 100.0, "%"),
        (Quantity.WIND_SPEED, "wind", limits.max_wind_m_s, 1.0, "m/s"),
        (Quantity.WIND_GUST, "gusts", limits.max_gust_m_s, 1.0, "m/s"),
        (Quantity.HUMIDITY, "relative humidity", limits.max_humidity_fraction, 100.0, "%"),
        (Quantity.RAIN_RATE, "rain", limits.max_rain_rate_m_s, 3.6e6, "mm/h"),
    )
    checks = [
        _Check(quantity, name, limit, scale, unit)
        for quantity, name, limit, scale, unit in table
        if limit is not None
    ]
    spread = limits.min_dew_point_spread_k
    if spread is not None:
        name = "dew point spread"
        checks.append(_Check(Quantity.DEW_POINT_SPREAD, name, spread, 1.0, "K", is_lowest=True))
    return tuple(checks)


def _breach(check: _Check, fresh: Sequence[Weather]) -> str | None:
    """Why one limit forbids to open, or None: the worst of the sensors that know it."""
    known: list[tuple[float, str]] = []
    for weather in fresh:
        values = weather.series.get(check.quantity)
        if values is None or np.isnan(values[:, -1]).any():
            continue
        last = values[:, -1]
        worst = np.min(last) if check.is_lowest else np.max(last)
        known.append((float(worst), weather.provenance.source))
    if not known:
        sources = ", ".join(weather.provenance.source for weather in fresh)
        return f"{check.name} is unknown ({sources})"
    value, source = min(known) if check.is_lowest else max(known)
    is_safe = value >= check.limit if check.is_lowest else value <= check.limit
    if is_safe:
        return None
    shown = f"{value * check.scale:.3g} {check.unit}"
    return f"{check.name} {shown} (limit {check.limit * check.scale:.3g}; {source})"


def judge_forecast(
    weather: Weather | None, now: datetime, start: datetime, stop: datetime, max_age_s: float
) -> Safety:
    """Whether a forecast may be planned with: fresh, and cloud cover known from start to stop.

    A climatology does not age.
    """
    if weather is None:
        return Safety(("there is no forecast",))
    source = weather.provenance.source
    stale = age_fault(source, weather.provenance.dated, now, max_age_s)
    is_aging = weather.provenance.kind is not WeatherKind.CLIMATOLOGY
    reasons = [stale] if stale is not None and is_aging else []
    length_s = (stop - start).total_seconds()
    times_s = np.append(np.arange(0.0, length_s, 600.0), length_s)
    cover = weather.at(Quantity.CLOUD_TOTAL, start, times_s)
    unknown = np.isnan(cover).any(axis=0)
    if unknown.any():
        first = start + timedelta(seconds=float(times_s[np.argmax(unknown)]))
        reasons.append(f"{source}: cloud cover is unknown at {first:%Y-%m-%dT%H:%MZ}")
    return Safety(tuple(reasons))


def combined(parts: Iterable[Safety]) -> Safety:
    """What several sources say together; none at all is not safe."""
    known = tuple(parts)
    if not known:
        return Safety(("no source of weather is configured",))
    return Safety(tuple(reason for part in known for reason in part.reasons))


def _span(seconds: float) -> str:
    hours = seconds / SECONDS_PER_HOUR
    return f"{hours:.1f} h" if hours >= 1.0 else f"{seconds:.0f} s"
