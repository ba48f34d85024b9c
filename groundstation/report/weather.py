"""What is known of the cloud over each station in the hours of a night."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from groundstation.night_records import CloudOutlook, NightOutcome
from groundstation.report.wording import count_of, percent, stamp

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class WeatherRow:
    """One station's cloud between two instants.

    Parameters
    ----------
    station, title : name, and what people call it
    p10, p50, p90, mean : means over the hours of the quantiles and the mean of the cover; None
        where nothing is known of these hours
    hours_unknown : of them
    sentence : the same in words
    origin : source, kind, members, dated
    """

    station: str
    title: str
    p10: float | None
    p50: float | None
    p90: float | None
    mean: float | None
    hours_unknown: float
    sentence: str
    origin: str
    sha256: str


def weather_rows(
    outcome: NightOutcome, titles: dict[str, str], span: Span
) -> tuple[WeatherRow, ...]:
    """A row for every station whose weather is known, between two instants."""
    return tuple(
        _row(cloud, titles.get(cloud.station, cloud.station), span) for cloud in outcome.clouds
    )


def _row(cloud: CloudOutlook, title: str, span: Span) -> WeatherRow:
    first_s, last_s = ((instant - cloud.epoch).total_seconds() for instant in span)
    times_s = np.array(cloud.times_s)
    inside = (times_s >= first_s) & (times_s <= last_s)
    known = inside & np.isfinite(cloud.mean)
    low, middle, high, mean = (
        float(np.array(values)[known].mean()) if known.any() else None
        for values in (cloud.p10, cloud.p50, cloud.p90, cloud.mean)
    )
    step_h = float(times_s[1] - times_s[0]) / 3_600.0 if len(times_s) > 1 else 0.0
    return WeatherRow(
        station=cloud.station,
        title=title,
        p10=low,
        p50=middle,
        p90=high,
        mean=mean,
        hours_unknown=step_h * int(np.count_nonzero(inside & ~known)),
        sentence=_sentence(low, high, mean, cloud.members),
        origin=_origin(cloud),
        sha256=cloud.sha256,
    )


def _sentence(low: float | None, high: float | None, mean: float | None, members: int) -> str:
    if low is None or high is None or mean is None:
        return "cloud is not known in these hours"
    if members == 1:
        return f"cover {percent(mean)} on average"
    return f"cover {percent(mean)} on average, {percent(low)} to {percent(high)} in eight of ten"


def _origin(cloud: CloudOutlook) -> str:
    worlds = count_of(cloud.members, "member")
    if cloud.issued_at is None:
        return f"{cloud.source}, {cloud.kind} of {worlds}, retrieved {stamp(cloud.retrieved_at)}"
    return f"{cloud.source}, {cloud.kind} of {worlds}, run of {stamp(cloud.issued_at)}"
