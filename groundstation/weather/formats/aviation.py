"""Read METAR and SPECI reports and TAF forecasts of an airport.

- A report gives one sample, held until the next is due. Its trend and its remarks are not read.
- A forecast gives a sample wherever something changes. While BECMG is under way the worse of old
  and new counts; TEMPO and PROB count wherever they are worse.
- Day, hour and minute are completed with the month that is nearest to the time of retrieval.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from groundstation.weather.formats.aviation_groups import Sky, read_groups
from groundstation.weather.formats.documents import naming, refuse, shown, text_of
from groundstation.weather.records import (
    SECONDS_PER_HOUR,
    Provenance,
    Quantity,
    Weather,
    WeatherKind,
    sha256_of,
)

# Reports come once or twice an hour.
REPORT_HOLDS_S = 1.5 * SECONDS_PER_HOUR
# Aeronautical forecasts reach 30 hours.
FORECAST_HOLDS_S = 30.0 * SECONDS_PER_HOUR

_PLACE = re.compile(r"[A-Z][A-Z0-9]{3}\Z")
_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})Z\Z")
_SPAN = re.compile(r"(\d{2})(\d{2})/(\d{2})(\d{2})\Z")
_FROM = re.compile(r"FM(\d{2})(\d{2})(\d{2})\Z")
_CHANGES = re.compile(r"FM\d{6}\Z|BECMG\Z|TEMPO\Z|PROB[34]0\Z|INTER\Z")
_TREND = ("NOSIG", "BECMG", "TEMPO", "RMK")


@dataclass(frozen=True, slots=True)
class _Change:
    """One part of a forecast: what it says from start to stop."""

    name: str
    start: datetime
    stop: datetime
    sky: Sky


def read_metar(body: bytes, place: str, station: str, *, retrieved_at: datetime) -> Weather:
    """The sky that one METAR or SPECI reports, as one sample.

    Raises
    ------
    WeatherError
        with the group that is wrong; also for a report that says NIL
    """
    groups = _groups(body, place)
    if groups[0] in {"METAR", "SPECI"}:
        del groups[0]
    airport, reported_at = _heading(groups, place, retrieved_at)
    marks = {"AUTO", "COR", "NIL"}
    is_automatic = False
    while groups and (groups[0] in marks or re.fullmatch(r"CC[A-Z]", groups[0])):
        mark = groups.pop(0)
        if mark == "NIL":
            refuse(place, "NIL", "the report is empty")
        is_automatic = is_automatic or mark == "AUTO"
    ends = [index for index, group in enumerate(groups) if group in _TREND]
    now = groups[: ends[0]] if ends else groups
    if not now:
        refuse(place, "", "the report is empty")
    sky = read_groups(now, place, is_automatic=is_automatic, is_forecast=False)
    with naming(place):
        return Weather(
            station=station,
            provenance=Provenance(
                WeatherKind.OBSERVATION,
                f"metar {airport}",
                reported_at,
                retrieved_at,
                sha256_of(body),
            ),
            epoch=reported_at,
            times_s=np.zeros(1),
            members=("report",),
            series={quantity: np.array([[value]]) for quantity, value in sky.values.items()},
            is_held=True,
            longest_gap_s=REPORT_HOLDS_S,
        )


def read_taf(body: bytes, place: str, station: str, *, retrieved_at: datetime) -> Weather:
    """The sky that a TAF expects, the worst of what it allows at every instant.

    Raises
    ------
    WeatherError
        with the group that is wrong; also for a forecast that is cancelled or says NIL
    """
    groups = _groups(body, place)
    while groups[0] in {"TAF", "AMD", "COR"}:
        del groups[0]
        if not groups:
            refuse(place, "", "the forecast is empty")
    airport, issued_at = _heading(groups, place, retrieved_at)
    if not groups or groups[0] == "NIL" or "CNL" in groups:
        refuse(place, "NIL" if not groups else groups[0], "the forecast is empty or cancelled")
    start, stop = _span(groups.pop(0), place, issued_at)
    changes = list(_changes(groups, place, start, stop))
    instants = sorted({start, stop, *(at for c in changes for at in (c.start, c.stop))})
    instants = [instant for instant in instants if start <= instant <= stop]
    said = {quantity for change in changes for quantity in change.sky.values}
    quantities = sorted(said | {Quantity.RAIN_RATE})
    columns = [[_worst(changes, at, name) for name in quantities] for at in instants[:-1]]
    # Nothing is known from the end of the forecast on.
    columns.append([np.nan] * len(quantities))
    table = np.array(columns)
    with naming(place):
        return Weather(
            station=station,
            provenance=Provenance(
                WeatherKind.FORECAST, f"taf {airport}", issued_at, retrieved_at, sha256_of(body)
            ),
            epoch=start,
            times_s=np.array([(instant - start).total_seconds() for instant in instants]),
            members=("worst",),
            series={quantity: table[None, :, i] for i, quantity in enumerate(quantities)},
            is_held=True,
            longest_gap_s=FORECAST_HOLDS_S,
        )


def _groups(body: bytes, place: str) -> list[str]:
    text = text_of(body, place)
    report, _, rest = text.partition("=")
    if rest.strip():
        refuse(place, shown(rest), "follows the end of the report")
    groups = report.split()
    if not groups:
        refuse(place, "", "the document is empty")
    return groups


def _heading(groups: list[str], place: str, retrieved_at: datetime) -> tuple[str, datetime]:
    """Take airport and time off the front."""
    airport = groups.pop(0) if groups else ""
    if not _PLACE.match(airport):
        refuse(place, shown(airport), "is not the four letters of an airport")
    found = _TIME.match(groups[0]) if groups else None
    if found is None:
        refuse(place, shown(groups[0]) if groups else "", "is not a time like 141155Z")
    del groups[0]
    instant = _near(int(found[1]), int(found[2]), int(found[3]), retrieved_at)
    if instant is None:
        refuse(place, found[0], "is not a time")
    return airport, instant


def _near(day: int, hour: int, minute: int, reference: datetime) -> datetime | None:
    """The instant with this day of the month that is nearest to a reference; hour 24 is allowed."""
    if not (1 <= day <= 31 and hour <= 24 and minute <= 59 and (hour < 24 or minute == 0)):
        return None
    candidates = []
    for months in (-1, 0, 1):
        year, month = divmod(reference.year * 12 + reference.month - 1 + months, 12)
        try:
            midnight = datetime(year, month + 1, day, tzinfo=UTC)
        except ValueError:
            continue
        candidates.append(midnight + timedelta(hours=hour, minutes=minute))
    return min(candidates, key=lambda c: abs(c - reference), default=None)


def _span(text: str, place: str, reference: datetime) -> tuple[datetime, datetime]:
    found = _SPAN.match(text)
    if found is None:
        refuse(place, shown(text), "is not a span like 1412/1518")
    start = _near(int(found[1]), int(found[2]), 0, reference)
    stop = _near(int(found[3]), int(found[4]), 0, reference)
    if start is None or stop is None or stop <= start:
        refuse(place, text, "is not a span of time")
    return start, stop


def _changes(groups: list[str], place: str, start: datetime, stop: datetime) -> Iterator[_Change]:
    """The parts of a forecast; a part from FM ends where the next one begins."""
    cuts = [index for index, group in enumerate(groups) if _CHANGES.match(group)]
    # PROB30 TEMPO is one change.
    cuts = [i for i in cuts if i == 0 or not groups[i - 1].startswith("PROB")]
    ends = [*cuts, len(groups)]
    yield _Change("FM", start, stop, _sky(groups[: ends[0]], place))
    for first, last in zip(cuts, ends[1:], strict=True):
        part = groups[first:last]
        name = part.pop(0)
        since = _FROM.match(name)
        if since:
            begin = _near(int(since[1]), int(since[2]), int(since[3]), start)
            if begin is None or not start <= begin < stop:
                refuse(place, name, "is outside the forecast")
            yield _Change("FM", begin, stop, _sky(part, place))
            continue
        if name.startswith("PROB") and part and part[0] == "TEMPO":
            del part[0]
        if not part:
            refuse(place, name, "says nothing")
        begin, end = _span(part.pop(0), place, start)
        yield _Change("BECMG" if name == "BECMG" else "TEMPO", begin, end, _sky(part, place))


def _sky(groups: list[str], place: str) -> Sky:
    ends = [index for index, group in enumerate(groups) if group == "RMK"]
    kept = groups[: ends[0]] if ends else groups
    return read_groups(kept, place, is_automatic=False, is_forecast=True)


def _worst(changes: Sequence[_Change], instant: datetime, name: Quantity) -> float:
    """The worst that the forecast allows at an instant; unknown is worse than everything."""
    prevailing = np.nan
    others: list[float] = []
    for change in sorted(changes, key=lambda c: c.start):
        if change.start > instant:
            continue
        if change.name == "FM":
            # A new part without rain groups expects none; one without cloud groups is silent.
            dry = 0.0 if name is Quantity.RAIN_RATE else np.nan
            prevailing, others = change.sky.values.get(name, dry), []
            continue
        is_said = name in change.sky.values or (
            name.value.startswith("cloud") and change.sky.says_cloud
        )
        if not is_said:
            continue
        value = change.sky.values.get(name, np.nan)
        if change.name == "BECMG" and instant >= change.stop:
            prevailing = value
        elif instant < change.stop:
            others.append(value)
    return float(np.max([prevailing, *others]))
