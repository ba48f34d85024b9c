"""Chance that no cloud stands between station and satellite during a pass.

- It is worked out in every member by itself and averaged afterwards: the mean of a cover of 0 and
  one of 1 is a sky that no member has.
- Cover that is not known leaves the chance not known; nothing is filled in.
- It says whether the pass delivers. It is never multiplied into the key of the pass: key is a
  distribution with a finite size, and half a block is not half a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from groundstation.weather.errors import WeatherError
from groundstation.weather.records import Floats, Quantity, Weather

# Aspect ratios of cumulus, height over width, that bound what a forecast of cover leaves open.
ASPECT_RATIO_RANGE = (0.6, 1.5)
CONFIDENCE = 0.8


class CloudFreeModel(Protocol):
    """A model of the probability of a cloud-free line of sight."""

    @property
    def name(self) -> str:
        """How reports call it, with its parameters."""
        ...

    def probability(self, cover_fraction: Floats, elevation_rad: Floats) -> Floats:
        """Probability in [0, 1] at covers and elevations, broadcast; NaN where cover is NaN."""
        ...


@dataclass(frozen=True, slots=True)
class KauthPenquite:
    """Ellipsoidal clouds, scattered at random over a plane: P = (1 - N)^f.

    f = sqrt(1 + (a cot e)^2) is how much larger a cloud's shadow is along a line of sight at
    elevation e than along the vertical; a is the cloud's height over its width. At the zenith
    P = 1 - N; a = 1 gives f = 1 / sin e, a = 0 flat clouds.

    Kauth and Penquite, J. Appl. Meteorol. 6, 1005 (1967). Good where clouds are broken; a closed
    layer of stratus is flatter, and towers lean on each other below about 15 degrees.

    Parameters
    ----------
    aspect_ratio : height over width of a cloud, not negative; cumulus 0.6 to 1.5
    """

    aspect_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.aspect_ratio < np.inf:
            raise WeatherError(f"aspect ratio {self.aspect_ratio:g} is not 0 or more")

    @property
    def name(self) -> str:
        """With the aspect ratio."""
        return f"Kauth and Penquite (1967), aspect ratio {self.aspect_ratio:g}"

    def probability(self, cover_fraction: Floats, elevation_rad: Floats) -> Floats:
        """See `CloudFreeModel`.

        Raises
        ------
        WeatherError
            a cover outside [0, 1], an elevation outside (0, pi / 2]
        """
        cover = np.asarray(cover_fraction, dtype=np.float64)
        elevation = np.asarray(elevation_rad, dtype=np.float64)
        if np.any((cover < 0.0) | (cover > 1.0)):
            raise WeatherError("a cloud cover is outside 0..1")
        if not np.all((elevation > 0.0) & (elevation <= np.pi / 2.0)):
            raise WeatherError("an elevation is outside 0..90 degrees, or 0")
        cotangent = np.cos(elevation) / np.sin(elevation)
        longer = np.hypot(1.0, self.aspect_ratio * cotangent)
        return np.asarray((1.0 - cover) ** longer)


@dataclass(frozen=True, slots=True, eq=False)
class Sightline:
    """Where a pass is seen over time, and when it matters.

    Parameters
    ----------
    pass_id, station : names
    epoch : aware
    times_s : after the epoch, shape (time,)
    elevation_rad : above 0 wherever the weight is, shape (time,)
    weights : key rate under a clear sky in any unit, not negative, shape (time,)
    """

    pass_id: str
    station: str
    epoch: datetime
    times_s: Floats
    elevation_rad: Floats
    weights: Floats

    def __post_init__(self) -> None:
        if not len(self.times_s) == len(self.elevation_rad) == len(self.weights):
            raise WeatherError(
                f"pass {self.pass_id}: times, elevations and weights differ in length"
            )
        if np.any(self.weights < 0.0) or not 0.0 < np.sum(self.weights) < np.inf:
            raise WeatherError(f"pass {self.pass_id}: no weight is above 0, or one is below")


@dataclass(frozen=True, slots=True, eq=False)
class ClearChance:
    """The chance that a pass is clear, with what is uncertain about it.

    Parameters
    ----------
    probability : mean over the members; NaN where cover is not known
    by_member : of every member, shape (members,)
    member_p10, member_p90 : spread of the members: what the weather leaves open
    low, high : 80 % interval of the mean (Wilson): what the number of members leaves open. Members
        count as independent draws of the truth, so it is the least that must be allowed for
    model_low, model_high : mean with the highest and with the flattest clouds: what the model of
        the line of sight leaves open
    model : its name
    source : of the weather
    reason : why the chance is not known, or None
    """

    pass_id: str
    station: str
    probability: float
    by_member: Floats
    member_p10: float
    member_p90: float
    low: float
    high: float
    model_low: float
    model_high: float
    model: str
    source: str
    reason: str | None

    @property
    def lowest(self) -> float:
        """Lower end of what the number of members and the model leave open; NaN if unknown."""
        return float(np.minimum(self.low, self.model_low))

    @property
    def highest(self) -> float:
        """Upper end of the same."""
        return float(np.maximum(self.high, self.model_high))


_DEFAULT = KauthPenquite()
_BOUNDS = tuple(KauthPenquite(aspect_ratio) for aspect_ratio in ASPECT_RATIO_RANGE)


def clear_by_member(sight: Sightline, weather: Weather, model: CloudFreeModel = _DEFAULT) -> Floats:
    """Chance of a clear line of sight in every member, weighted over the pass; shape (members,)."""
    matters = sight.weights > 0.0
    weights = sight.weights[matters] / np.sum(sight.weights)
    cover = weather.at(Quantity.CLOUD_TOTAL, sight.epoch, sight.times_s[matters])
    return model.probability(cover, sight.elevation_rad[matters]) @ weights


def chance_of(
    sight: Sightline,
    weather: Weather,
    model: CloudFreeModel = _DEFAULT,
    bounds: Sequence[CloudFreeModel] = _BOUNDS,
) -> ClearChance:
    """The chance that a pass is clear, with its intervals.

    Parameters
    ----------
    bounds : models that enclose the truth; none leaves `model_low` and `model_high` at the mean
    """
    by_member = clear_by_member(sight, weather, model)
    mean = float(np.mean(by_member))
    means = [mean, *(float(np.mean(clear_by_member(sight, weather, b))) for b in bounds)]
    low, high = wilson_interval(mean, len(by_member))
    p10, p90 = np.quantile(by_member, [0.1, 0.9])
    return ClearChance(
        pass_id=sight.pass_id,
        station=sight.station,
        probability=mean,
        by_member=by_member,
        member_p10=float(p10),
        member_p90=float(p90),
        low=low,
        high=high,
        model_low=float(np.min(means)),
        model_high=float(np.max(means)),
        model=model.name,
        source=weather.provenance.source,
        reason=_unknown(sight, weather) if np.isnan(mean) else None,
    )


def wilson_interval(
    probability: float, count: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of a probability that was estimated from a number of draws.

    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). Draws that are themselves probabilities vary less
    than draws of 0 and 1, so it is then too wide, never too narrow.
    """
    z2 = float(ndtri(0.5 + confidence / 2.0)) ** 2
    centre = (probability + z2 / (2.0 * count)) / (1.0 + z2 / count)
    spread = probability * (1.0 - probability) / count + z2 / (4.0 * count**2)
    half = np.sqrt(z2 * spread) / (1.0 + z2 / count)
    return float(np.maximum(centre - half, 0.0)), float(np.minimum(centre + half, 1.0))


def _unknown(sight: Sightline, weather: Weather) -> str:
    """Since when cover is not known."""
    matters = sight.weights > 0.0
    times_s = sight.times_s[matters]
    cover = weather.at(Quantity.CLOUD_TOTAL, sight.epoch, times_s)
    gaps = np.isnan(cover)
    first = sight.epoch + timedelta(seconds=float(times_s[np.argmax(gaps.any(axis=0))]))
    count, total = int(gaps.any(axis=1).sum()), len(weather.members)
    return (
        f"cloud cover at {weather.station} is unknown at {first:%Y-%m-%dT%H:%MZ} "
        f"in {count} of {total} members ({weather.provenance.source})"
    )
