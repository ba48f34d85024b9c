"""Read the climatology of a station's cloud cover, in one of three tables.

    month,p0,p10,p25,p50,p75,p90,p100        distribution of the cover of one night, month by month
    1,0,5,40,88,100,100,100

    month,cover_percent                      mean cover of the month's nights
    1,71

    month,hour_utc,cover_percent             mean cover, hour by hour
    1,0,68

Of a mean alone the distribution is not known. It is then taken to be a beta distribution (Falls,
J. Geophys. Res. 79, 1261, 1974, who finds it to fit 160 distributions of cloud cover) whose two
parameters add up to a concentration that the network file states: near 0 every night is clear or
overcast, far above 2 every night is like the mean.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.special import betaincinv

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import csv_rows, decimal, refuse, shown
from groundstation.weather.records import Floats, sha256_of

# Assumed, like the distribution itself: clear and overcast nights are both more frequent than any
# in between, as sky observers in middle latitudes count them.
CONCENTRATION = 0.5
MONTHS, HOURS = 12, 24

_PERCENTILE = re.compile(r"p(\d{1,3})\Z")
# Quantiles are kept every half percent; a drawn mean is then within 0.002 of the stated one.
_PERCENT = np.linspace(0.0, 100.0, 201)


@dataclass(frozen=True, slots=True, eq=False)
class Climatology:
    """How cloudy the nights of a station are, month by month.

    Parameters
    ----------
    percent : ranks of the percentiles, from 0 to 100, shape (ranks,)
    cover : cover at those ranks, fractions, ascending along the ranks, shape (12, ranks); or, if
        the hour of the day (UTC) matters, (12, 24, ranks)
    """

    station: str
    source: str
    retrieved_at: datetime
    sha256: str
    percent: Floats
    cover: Floats

    def cover_at(self, month: int, rank: Floats, hour: int = 0) -> Floats:
        """Cover in an hour (0 to 23, UTC) of a month (1 to 12) at ranks in [0, 1], any shape."""
        of_month = self.cover[month - 1]
        values = of_month if of_month.ndim == 1 else of_month[hour]
        return np.asarray(np.interp(100.0 * rank, self.percent, values))


def mean_climatology(
    mean_fraction: Sequence[float] | Sequence[Sequence[float]],
    station: str,
    source: str,
    *,
    retrieved_at: datetime,
    sha256: str,
    concentration: float = CONCENTRATION,
) -> Climatology:
    """The climatology of which only means are known.

    Parameters
    ----------
    mean_fraction : of 12 months, or of 12 months with 24 hours (UTC) each
    concentration : sum of the two parameters of the beta distribution, above 0

    Raises
    ------
    WeatherError
        a shape or a value is not possible
    """
    try:
        mean = np.asarray(mean_fraction, dtype=np.float64)
    except ValueError as error:
        raise WeatherError("the means are not 12 values, or 12 times 24", where=source) from error
    if mean.shape not in {(MONTHS,), (MONTHS, HOURS)}:
        raise WeatherError(f"means of shape {mean.shape} are not 12, or 12 times 24", where=source)
    if not np.all((mean >= 0.0) & (mean <= 1.0)):
        raise WeatherError("a mean cover is outside 0..100 %", where=source)
    if not 0.0 < concentration < np.inf:
        raise WeatherError(f"concentration {concentration:g} is not above 0", where=source)
    named = f"{source} (means, beta distribution of concentration {concentration:g})"
    cover = _beta_quantiles(mean, concentration)
    return Climatology(station, named, retrieved_at, sha256, _PERCENT, cover)


def read_climatology(
    body: bytes,
    place: str,
    station: str,
    *,
    retrieved_at: datetime,
    source: str | None = None,
    concentration: float = CONCENTRATION,
) -> Climatology:
    """A station's table of twelve months.

    Parameters
    ----------
    source : where the figures are from; the place where left out
    concentration : used where the table holds means only

    Raises
    ------
    WeatherError
        with line and column
    """
    rows = [row for row in csv_rows(body, place) if row]
    header = [name.strip() for name in rows[0]]
    if header[-1] == "cover_percent":
        return mean_climatology(
            _means(rows, header, place),
            station,
            source or place,
            retrieved_at=retrieved_at,
            sha256=sha256_of(body),
            concentration=concentration,
        )
    percent = _ranks(header, place)
    cover = np.full((MONTHS, len(percent)), np.nan)
    for line, row in enumerate(rows[1:], start=2):
        _check_length(row, header, place, line)
        month = _count(row[0], 1, MONTHS, "a month", place, line)
        if not np.isnan(cover[month - 1, 0]):
            refuse(place, f"line {line}", f"month {month} occurs twice")
        values = [
            decimal(text.strip(), place, f"line {line}, {name}")
            for name, text in zip(header[1:], row[1:], strict=True)
        ]
        if values[0] < 0.0 or values[-1] > 100.0 or np.any(np.diff(values) < 0.0):
            refuse(place, f"line {line}", "percentiles do not ascend within 0 to 100 %")
        cover[month - 1] = np.array(values) / 100.0
    _check_complete(cover, place)
    return Climatology(
        station, source or place, retrieved_at, sha256_of(body), np.array(percent), cover
    )


def _beta_quantiles(mean: Floats, concentration: float) -> Floats:
    """Quantiles along a new last axis; a mean of 0 or 1 is a sky that never changes."""
    rank = _PERCENT / 100.0
    inner = np.clip(mean, 1e-6, 1.0 - 1e-6)[..., None]
    # Where it underflows the inverse is uneven in its last bits; a cover has no twelfth digit.
    found = np.round(betaincinv(inner * concentration, (1.0 - inner) * concentration, rank), 12)
    constant = (mean == 0.0) | (mean == 1.0)
    return np.asarray(np.where(constant[..., None], mean[..., None], found))


def _means(rows: list[list[str]], header: list[str], place: str) -> list[list[float]]:
    """Mean fractions of a table with a line for every month, or for every month and hour."""
    if header not in (["month", "cover_percent"], ["month", "hour_utc", "cover_percent"]):
        refuse(place, "line 1", "the columns are not month, hour_utc, cover_percent")
    hourly = len(header) == 3
    table = np.full((MONTHS, HOURS if hourly else 1), np.nan)
    for line, row in enumerate(rows[1:], start=2):
        _check_length(row, header, place, line)
        month = _count(row[0], 1, MONTHS, "a month", place, line)
        hour = _count(row[1], 0, HOURS - 1, "an hour", place, line) if hourly else 0
        value = decimal(row[-1].strip(), place, f"line {line}, cover_percent")
        if not 0.0 <= value <= 100.0:
            refuse(place, f"line {line}", f"a cover of {value:g} % is outside 0..100")
        if not np.isnan(table[month - 1, hour]):
            refuse(place, f"line {line}", f"month {month} occurs twice")
        table[month - 1, hour] = value / 100.0
    _check_complete(table, place)
    means: list[list[float]] = table.tolist() if hourly else table[:, 0].tolist()
    return means


def _check_length(row: list[str], header: list[str], place: str, line: int) -> None:
    if len(row) != len(header):
        refuse(place, f"line {line}", f"has {len(row)} cells for {len(header)} columns")


def _count(cell: str, low: int, high: int, what: str, place: str, line: int) -> int:
    text = cell.strip()
    if not text.isdecimal() or not low <= int(text) <= high:
        refuse(place, f"line {line}", f"{shown(text)!r} is not {what} from {low} to {high}")
    return int(text)


def _check_complete(table: Floats, place: str) -> None:
    absent = [str(i + 1) for i in range(MONTHS) if np.isnan(table[i]).any()]
    if absent:
        refuse(place, "", f"month {', '.join(absent)} is missing")


def _ranks(header: list[str], place: str) -> list[float]:
    if header[0] != "month":
        refuse(place, "line 1", "the first column is not month")
    found = [_PERCENTILE.match(name) for name in header[1:]]
    ranks = [float(match[1]) for match in found if match is not None]
    if len(ranks) != len(header) - 1 or len(ranks) < 2:
        refuse(place, "line 1", "the columns after month are not p0 to p100")
    if ranks[0] != 0.0 or ranks[-1] != 100.0 or np.any(np.diff(ranks) <= 0.0):
        refuse(place, "line 1", "the percentiles do not ascend from p0 to p100")
    return ranks
