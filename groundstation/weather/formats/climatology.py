"""Read the monthly climatology of a station's cloud cover.

A table gives, for every month, the distribution of the cover of one night as percentiles:

    month,p0,p10,p25,p50,p75,p90,p100
    1,0,5,40,88,100,100,100
"""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from groundstation.weather.formats.documents import csv_rows, decimal, refuse, shown
from groundstation.weather.records import Floats, sha256_of

_PERCENTILE = re.compile(r"p(\d{1,3})\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Climatology:
    """How cloudy the nights of a station are, month by month.

    Parameters
    ----------
    percent : ranks of the percentiles, from 0 to 100, shape (ranks,)
    cover : cover at those ranks, fractions, shape (12, ranks), ascending along the ranks
    """

    station: str
    source: str
    retrieved_at: datetime
    sha256: str
    percent: Floats
    cover: Floats

    def cover_at(self, month: int, rank: Floats) -> Floats:
        """Cover of a month (1 to 12) at ranks in [0, 1], any shape."""
        return np.asarray(np.interp(100.0 * rank, self.percent, self.cover[month - 1]))


def read_climatology(
    body: bytes, place: str, station: str, *, retrieved_at: datetime
) -> Climatology:
    """A station's table of twelve months.

    Raises
    ------
    WeatherError
        with line and column
    """
    rows = [row for row in csv_rows(body, place) if row]
    header = [name.strip() for name in rows[0]]
    percent = _ranks(header, place)
    cover = np.full((12, len(percent)), np.nan)
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            refuse(place, f"line {line}", f"has {len(row)} cells for {len(header)} columns")
        month = row[0].strip()
        if not month.isdecimal() or not 1 <= int(month) <= 12:
            refuse(place, f"line {line}", f"{shown(month)!r} is not a month from 1 to 12")
        if not np.isnan(cover[int(month) - 1, 0]):
            refuse(place, f"line {line}", f"month {month} occurs twice")
        values = [
            decimal(text.strip(), place, f"line {line}, {name}")
            for name, text in zip(header[1:], row[1:], strict=True)
        ]
        if values[0] < 0.0 or values[-1] > 100.0 or np.any(np.diff(values) < 0.0):
            refuse(place, f"line {line}", "percentiles do not ascend within 0 to 100 %")
        cover[int(month) - 1] = np.array(values) / 100.0
    absent = [str(i + 1) for i in range(12) if np.isnan(cover[i, 0])]
    if absent:
        refuse(place, "", f"month {', '.join(absent)} is missing")
    return Climatology(station, place, retrieved_at, sha256_of(body), np.array(percent), cover)


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
