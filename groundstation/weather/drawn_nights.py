"""Nights drawn from the climatologies of all stations together.

A drawn night is one value of a standard normal variable per station. The variables have the stated
correlation, and each is turned into cover by its percentile of the month (a Gaussian copula:
Nelsen, An Introduction to Copulas, 2nd edition, 2006, section 2.3). A night keeps its rank from
beginning to end; where the climatology knows hours, its cover changes with them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.climatology import Climatology
from groundstation.weather.records import (
    SECONDS_PER_HOUR,
    Floats,
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
)

EARTH_RADIUS_M = 6_371_000.0
# Cover of mid-latitude nights loses its correlation over some hundred kilometres; a network with
# observations of its own states its own length.
CORRELATION_LENGTH_M = 400_000.0

SECONDS_PER_DAY = 86_400.0

_ROUNDING = 1e-9


def distance_correlation(
    latitude_rad: Floats, longitude_rad: Floats, length_m: float = CORRELATION_LENGTH_M
) -> Floats:
    """Correlation exp(-distance / length) between stations, shape (stations, stations).

    It is that of the normal variables. The covers themselves, being cut and bent, correlate less:
    the medians of two stations agree with probability 1/2 + arcsin(r) / pi (Sheppard, Phil. Trans.
    R. Soc. A 192, 101, 1899).
    """
    lat, lon = np.asarray(latitude_rad), np.asarray(longitude_rad)
    half = (
        np.sin((lat[:, None] - lat) / 2.0) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2.0) ** 2
    )
    distance_m = 2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return np.asarray(np.exp(-distance_m / length_m))


def draw_nights(
    climatologies: Sequence[Climatology],
    correlation: Floats,
    members: Sequence[str],
    start: datetime,
    stop: datetime,
    rng: np.random.Generator,
) -> dict[str, Weather]:
    """Station -> weather of one night or several, a member for every drawn night.

    At every station the members take one rank from each of as many equal parts of the climatology
    (Latin hypercube: McKay, Beckman and Conover, Technometrics 21, 239, 1979; for correlated
    variables Stein, Technometrics 29, 143, 1987). So what one station expects by itself does not
    depend on chance, nor on which other stations are drawn.
    Every day after `start` is drawn by itself: how one night follows from the last is not known.

    Parameters
    ----------
    correlation : between the stations, in their order, shape (stations, stations)
    members : names of the nights to draw; member i is the same night at all stations
    start, stop : of the nights, aware
    rng : a generator with a stated seed

    Raises
    ------
    WeatherError
        the correlation is not one
    """
    factor = _factor(np.asarray(correlation, dtype=np.float64), len(climatologies))
    length_s = (stop - start).total_seconds()
    nights = max(int(np.ceil(length_s / SECONDS_PER_DAY)), 1)
    normal = rng.standard_normal((nights, len(members), len(climatologies))) @ factor.T
    rank = (normal.argsort(axis=1).argsort(axis=1) + 0.5) / len(members)
    times_s = np.append(np.arange(0.0, length_s, SECONDS_PER_HOUR), length_s)
    return {
        climate.station: Weather(
            station=climate.station,
            provenance=Provenance(
                WeatherKind.CLIMATOLOGY,
                f"climatology {climate.source}",
                None,
                climate.retrieved_at,
                climate.sha256,
            ),
            epoch=start,
            times_s=times_s,
            members=tuple(members),
            series={Quantity.CLOUD_TOTAL: _cover(climate, start, times_s, rank[:, :, i])},
            is_held=False,
            longest_gap_s=SECONDS_PER_HOUR,
        )
        for i, climate in enumerate(climatologies)
    }


def _cover(climate: Climatology, start: datetime, times_s: Floats, rank: Floats) -> Floats:
    """Cover at every sample, shape (members, times), from ranks of shape (nights, members)."""
    columns = []
    for time_s in times_s:
        night = min(int(time_s // SECONDS_PER_DAY), len(rank) - 1)
        instant = (start + timedelta(seconds=float(time_s))).astimezone(UTC)
        columns.append(climate.cover_at(instant.month, rank[night], instant.hour))
    return np.stack(columns, axis=1)


def _factor(correlation: Floats, count: int) -> Floats:
    """The lower triangular root of a correlation matrix, unique and so the same everywhere."""
    if correlation.shape != (count, count):
        raise WeatherError(f"the correlation has shape {correlation.shape}, not {(count, count)}")
    if not np.allclose(correlation, correlation.T, atol=_ROUNDING) or not np.allclose(
        np.diag(correlation), 1.0, atol=_ROUNDING
    ):
        raise WeatherError("the correlation is not symmetric with 1 on its diagonal")
    if np.linalg.eigvalsh(correlation)[0] < -_ROUNDING:
        raise WeatherError("the correlation is contradictory: it has a negative eigenvalue")
    # Perfectly correlated stations make the matrix singular; the addition is far below any draw.
    return np.asarray(np.linalg.cholesky(correlation + 2.0 * _ROUNDING * np.eye(count)), np.float64)
