"""Cloud over every station through a night, as quantiles over the members of its weather."""

from datetime import datetime

import numpy as np

from groundstation.network import Network
from groundstation.night.weather_step import NightWeather
from groundstation.night_records import CloudOutlook
from groundstation.weather.records import Quantity, Weather

STEP_S = 1_800.0
# Of a share of the sky: no forecast knows more, and a page holds many.
DIGITS = 3


def cloud_outlooks(
    network: Network, weather: NightWeather | None, start: datetime, stop: datetime
) -> tuple[CloudOutlook, ...]:
    """Cloud between two instants at every station whose weather is known, in their order."""
    if weather is None:
        return ()
    return tuple(
        _outlook(weather.records[station.name], start, stop)
        for station in network.stations
        if station.name in weather.records
    )


def _outlook(record: Weather, start: datetime, stop: datetime) -> CloudOutlook:
    """One station; an instant that one member is silent about is not known."""
    times_s = np.arange(0.0, (stop - start).total_seconds() + 1.0, STEP_S)
    cover = record.at(Quantity.CLOUD_TOTAL, start, times_s)
    low, middle, high = np.quantile(cover, [0.1, 0.5, 0.9], axis=0)
    origin = record.provenance
    return CloudOutlook(
        station=record.station,
        kind=origin.kind.value,
        source=origin.source,
        issued_at=origin.issued_at,
        retrieved_at=origin.retrieved_at,
        sha256=origin.sha256,
        members=len(record.members),
        epoch=start,
        times_s=tuple(times_s.tolist()),
        p10=tuple(np.round(low, DIGITS).tolist()),
        p50=tuple(np.round(middle, DIGITS).tolist()),
        p90=tuple(np.round(high, DIGITS).tolist()),
        mean=tuple(np.round(cover.mean(axis=0), DIGITS).tolist()),
    )
