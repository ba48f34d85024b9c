"""Whether it is safe to open, from what is known now; unknown or stale means not safe.

- A limit that is set needs a value that is known and fresh.
- A reading dated after now is not believed: this clock or the sensor's is wrong.
- Of several members and several sources the worst counts; no source at all is not safe.
"""

from collections.abc import Iterable
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
    """

    max_age_s: float
    max_cloud_fraction: float | None = None
    max_wind_m_s: float | None = None
    max_gust_m_s: float | None = None
    max_humidity_fraction: float | None = None
    max_rain_rate_m_s: float | None = 0.0


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
    newest = weather.epoch + timedelta(seconds=float(weather.times_s[-1]))
    source = weather.provenance.source
    stale = age_fault(source, newest, now, limits.max_age_s)
    if stale is not None:
        return Safety((stale,))
    checks = (
        (Quantity.CLOUD_TOTAL, "cloud cover", limits.max_cloud_fraction, 100.0, "%"),
        (Quantity.WIND_SPEED, "wind", limits.max_wind_m_s, 1.0, "m/s"),
        (Quantity.WIND_GUST, "gusts", limits.max_gust_m_s, 1.0, "m/s"),
        (Quantity.HUMIDITY, "relative humidity", limits.max_humidity_fraction, 100.0, "%"),
        (Quantity.RAIN_RATE, "rain", limits.max_rain_rate_m_s, 3.6e6, "mm/h"),
    )
    reasons = []
    for quantity, name, limit, scale, unit in checks:
        if limit is None:
            continue
        values = weather.series.get(quantity)
        worst = np.nan if values is None else np.max(values[:, -1])
        if np.isnan(worst):
            reasons.append(f"{name} is unknown ({source})")
        elif worst > limit:
            reasons.append(
                f"{name} {worst * scale:.3g} {unit} (limit {limit * scale:.3g}; {source})"
            )
    return Safety(tuple(reasons))


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
