"""Nights drawn from the climatologies of all stations together.

A drawn night is one value of a standard normal variable per station. The variables have the stated
correlation, and each is turned into cover by its percentile of the month (a Gaussian copula:
Nelsen, An Introduction to Copulas, 2nd edition, 2006, section 2.3). The cover holds all night.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from scipy.special import ndtr

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.climatology import Climatology
from groundstation.weather.records import Floats, Provenance, Quantity, Weather, WeatherKind

EARTH_RADIUS_M = 6_371_000.0
# Cover of mid-latitude nights loses its correlation over some hundred kilometres; a network with
# observations of its own states its own length.
CORRELATION_LENGTH_M = 400_000.0

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
    """Station -> weather of one night, a member for every drawn night.

    Parameters
    ----------
    correlation : between the stations, in their order, shape (stations, stations)
    members : names of the nights to draw; member i is the same night at all stations
    start, stop : of the night, aware; its month is that of `start`
    rng : a generator with a stated seed

    Raises
    ------
    WeatherError
        the correlation is not one
    """
    factor = _factor(np.asarray(correlation, dtype=np.float64), len(climatologies))
    normal = rng.standard_normal((len(members), len(climatologies))) @ factor.T
    rank = ndtr(normal)
    length_s = (stop - start).total_seconds()
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
            times_s=np.array([0.0, length_s]),
            members=tuple(members),
            series=_constant(climate.cover_at(start.month, rank[:, i])),
            is_held=False,
            longest_gap_s=length_s,
        )
        for i, climate in enumerate(climatologies)
    }


def _constant(cover: Floats) -> Mapping[Quantity, Floats]:
    return {Quantity.CLOUD_TOTAL: np.stack([cover, cover], axis=1)}


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
