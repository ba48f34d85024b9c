"""Read and write weather as plain CSV, one station per file.

    time_utc,member,cloud_total_percent,wind_speed_m_s,rain_mm_h
    2026-06-14T21:00Z,01,35,3.2,0

`time_utc` is needed, `member` optional; the others are those of `COLUMNS`. An empty cell is not
known. Every member has the same times in the same order.
"""

import csv
import io
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from groundstation.instants import utc_text
from groundstation.weather.formats.documents import (
    csv_rows,
    decimal,
    naming,
    refuse,
    shown,
    utc_time,
)
from groundstation.weather.records import (
    SECONDS_PER_HOUR,
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
    sha256_of,
)

TIME, MEMBER = "time_utc", "member"
# Column -> quantity and its value in our unit.
COLUMNS: Mapping[str, tuple[Quantity, float]] = {
    "cloud_total_percent": (Quantity.CLOUD_TOTAL, 0.01),
    "cloud_low_percent": (Quantity.CLOUD_LOW, 0.01),
    "cloud_mid_percent": (Quantity.CLOUD_MID, 0.01),
    "cloud_high_percent": (Quantity.CLOUD_HIGH, 0.01),
    "wind_speed_m_s": (Quantity.WIND_SPEED, 1.0),
    "wind_gust_m_s": (Quantity.WIND_GUST, 1.0),
    "relative_humidity_percent": (Quantity.HUMIDITY, 0.01),
    "rain_mm_h": (Quantity.RAIN_RATE, 1.0 / 3.6e6),
    "dew_point_spread_k": (Quantity.DEW_POINT_SPREAD, 1.0),
}
ONLY_MEMBER = "only"


def read_csv(
    body: bytes,
    place: str,
    station: str,
    *,
    retrieved_at: datetime,
    issued_at: datetime | None = None,
    longest_gap_s: float = 3.0 * SECONDS_PER_HOUR,
) -> Weather:
    """Weather from a table; values change linearly between its times.

    Raises
    ------
    WeatherError
        with line and column
    """
    rows = csv_rows(body, place)
    header = [name.strip() for name in rows[0]]
    _check_header(header, place)
    cells = _cells_by_member(header, rows, place)
    times = next(iter(cells.values()))[0]
    for member, (own_times, _) in cells.items():
        if own_times != times:
            refuse(place, f"member {shown(member)}", "has other times than the first member")
    quantities = [name for name in header if name in COLUMNS]
    table = np.array([values for _, values in cells.values()]).reshape(
        len(cells), len(times), len(quantities)
    )
    kind = WeatherKind.ENSEMBLE if len(cells) > 1 else WeatherKind.FORECAST
    with naming(place):
        return Weather(
            station=station,
            provenance=Provenance(kind, place, issued_at, retrieved_at, sha256_of(body)),
            epoch=times[0],
            times_s=np.array([(instant - times[0]).total_seconds() for instant in times]),
            members=tuple(cells),
            series={COLUMNS[name][0]: table[:, :, i] for i, name in enumerate(quantities)},
            is_held=False,
            longest_gap_s=longest_gap_s,
        )


def write_csv(weather: Weather) -> str:
    """A record as the table that `read_csv` reads; times to a millisecond."""
    names = [name for name, (quantity, _) in COLUMNS.items() if quantity in weather.series]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([TIME, MEMBER, *names])
    start_s = weather.epoch.timestamp()
    instants = [
        utc_text(datetime.fromtimestamp(start_s + t, weather.epoch.tzinfo)) for t in weather.times_s
    ]
    for row, member in enumerate(weather.members):
        for column, instant in enumerate(instants):
            values = (
                weather.series[COLUMNS[name][0]][row, column] / COLUMNS[name][1] for name in names
            )
            writer.writerow(
                [instant, member, *("" if np.isnan(v) else f"{v:.12g}" for v in values)]
            )
    return out.getvalue()


def _check_header(header: list[str], place: str) -> None:
    if TIME not in header:
        refuse(place, "line 1", f"has no column {TIME}")
    for name in header:
        if name not in {TIME, MEMBER, *COLUMNS}:
            refuse(place, "line 1", f"column {shown(name)!r} is not known")
        if header.count(name) > 1:
            refuse(place, "line 1", f"column {name} occurs twice")
    if "cloud_total_percent" not in header:
        refuse(place, "line 1", "has no column cloud_total_percent")


def _cells_by_member(
    header: list[str], rows: list[list[str]], place: str
) -> dict[str, tuple[list[datetime], list[list[float]]]]:
    """Member -> its times and its rows of values, in the order of the file."""
    cells: dict[str, tuple[list[datetime], list[list[float]]]] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(header):
            refuse(place, f"line {line}", f"has {len(row)} cells for {len(header)} columns")
        cell = {name: text.strip() for name, text in zip(header, row, strict=True)}
        times, values = cells.setdefault(cell.get(MEMBER, ONLY_MEMBER), ([], []))
        times.append(utc_time(cell[TIME], place, f"line {line}"))
        if len(times) > 1 and times[-1] <= times[-2]:
            refuse(place, f"line {line}", "is not after the time before it")
        values.append([_value(cell[name], name, place, line) for name in header if name in COLUMNS])
    if not cells:
        refuse(place, "line 2", "the table has no rows")
    return cells


def _value(text: str, name: str, place: str, line: int) -> float:
    if not text:
        return np.nan
    where = f"line {line}, {name}"
    value = decimal(text, place, where)
    if value < 0.0 or (name.endswith("_percent") and value > 100.0):
        refuse(place, where, f"{value:g} is not possible")
    return value * COLUMNS[name][1]
