"""The chance that every pass of a night finds a clear sky, from the night's weather.

The rules it keeps:

1. It is worked out in every member by itself and averaged afterwards, never on mean cover.
2. Seconds count by the key that they would bring, by the asymptotic rate of each; where there is no
   forecast, or no second brings key, all usable seconds count alike.
3. Weather that is not known leaves the chance not known, with the reason.
4. It is put beside the key and never multiplied into it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from groundstation.network import KeyPolicy, Network
from groundstation.night.weather_step import NightWeather
from groundstation.night_records import NightPass, PassWeather
from groundstation.plan.records import Span
from groundstation.weather.clear_line_of_sight import (
    ClearChance,
    KauthPenquite,
    Sightline,
    chance_of,
)
from groundstation.weather.scenarios import clear_in_scenarios
from groundstation.weather_policy import WeatherPolicy
from passes.forecast import PassForecast
from passes.track import Track

Floats = NDArray[np.float64]

UNKNOWN = "unknown"


class SightedPass(Protocol):
    """A pass as its weather is looked up."""

    @property
    def pass_id(self) -> str:
        """Its identity."""
        ...

    @property
    def station(self) -> str:
        """Name of the station."""
        ...

    @property
    def windows(self) -> tuple[Span, ...]:
        """Usable spans."""
        ...

    @property
    def track(self) -> Track:
        """Its seconds."""
        ...

    @property
    def forecast(self) -> PassForecast | None:
        """What it brings."""
        ...


def attach_weather(
    passes: Sequence[NightPass], weather: NightWeather, network: Network
) -> tuple[NightPass, ...]:
    """The passes with the chance of a clear sky over each; a refused pass is left as it is."""
    return tuple(replace(item, clear=pass_weather(item, weather, network)) for item in passes)


def pass_weather(item: SightedPass, weather: NightWeather, network: Network) -> PassWeather | None:
    """The chance of one pass and of each of its windows; None for a pass without windows."""
    whole = sightline(item, network.key)
    if whole is None:
        return None
    windows = tuple(
        _chance(part, weather, network.weather)
        for span in item.windows
        if (part := _within(whole, *span)) is not None
    )
    return PassWeather(_chance(whole, weather, network.weather), windows)


def scenario_table(
    passes: Sequence[SightedPass], weather: NightWeather, network: Network
) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Members, ids of passes, and the chance of each pass in each member.

    The table has shape (members, passes); it is NaN where the weather is not known. A member is the
    same world at every station. Passes that cannot be a contact are left out.
    """
    found = [sightline(item, network.key) for item in passes]
    return chances_of([sight for sight in found if sight is not None], weather, network)


def chances_of(
    sights: Sequence[Sightline], weather: NightWeather, network: Network
) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """The same of lines of sight."""
    model = KauthPenquite(network.weather.aspect_ratio)
    table = clear_in_scenarios(weather.scenarios, sights, model)
    return weather.scenarios.members, tuple(sight.pass_id for sight in sights), table


def sightline(item: SightedPass, key: KeyPolicy) -> Sightline | None:
    """Where a pass is seen, and how much each second matters; None if no second is usable."""
    track = item.track
    usable = track.is_usable & (track.elevation_rad > 0.0)
    if not item.windows or not usable.any():
        return None
    return Sightline(
        pass_id=item.pass_id,
        station=item.station,
        epoch=track.epoch,
        times_s=track.times_s[usable],
        elevation_rad=track.elevation_rad[usable],
        weights=_weights(item, usable, key),
    )


def _weights(item: SightedPass, usable: NDArray[np.bool_], key: KeyPolicy) -> Floats:
    """Secret bits a second without finite-size cost, up to a factor (Shor and Preskill, 2000)."""
    if item.forecast is not None:
        rates = item.forecast.rates
        qber = np.clip(rates.qber[usable], 0.0, 0.5)
        entropy = (entr(qber) + entr(1.0 - qber)) / np.log(2.0)
        cost = (1.0 + key.error_correction_efficiency) * entropy
        weights = np.nan_to_num(rates.sifted_hz[usable] * np.maximum(1.0 - cost, 0.0))
        if weights.sum() > 0.0:
            return np.asarray(weights)
    return np.ones(int(usable.sum()))


def _within(whole: Sightline, start: datetime, stop: datetime) -> Sightline | None:
    """The part of a line of sight between two instants; None if no sample lies there."""
    first_s, last_s = ((instant - whole.epoch).total_seconds() for instant in (start, stop))
    inside = (whole.times_s >= first_s) & (whole.times_s <= last_s)
    if not inside.any():
        return None
    weights = whole.weights[inside]
    return replace(
        whole,
        times_s=whole.times_s[inside],
        elevation_rad=whole.elevation_rad[inside],
        weights=weights if weights.sum() > 0.0 else np.ones_like(weights),
    )


def _chance(sight: Sightline, weather: NightWeather, policy: WeatherPolicy) -> ClearChance:
    model = KauthPenquite(policy.aspect_ratio)
    record = weather.records.get(sight.station)
    if record is not None:
        bounds = [KauthPenquite(ratio) for ratio in policy.aspect_ratio_range]
        return chance_of(sight, record, model, bounds)
    nothing = float("nan")
    reason = weather.unknown.get(sight.station, "no source of weather is configured for it")
    return ClearChance(
        pass_id=sight.pass_id,
        station=sight.station,
        probability=nothing,
        by_member=np.full(1, np.nan),
        member_p10=nothing,
        member_p90=nothing,
        low=nothing,
        high=nothing,
        model_low=nothing,
        model_high=nothing,
        model=model.name,
        source=UNKNOWN,
        reason=reason,
    )
