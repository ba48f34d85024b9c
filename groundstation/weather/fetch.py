"""Fetch Open-Meteo's forecasts for the stations, by the rules of `groundstation.weather.asking`.

- One query per station, at most once an hour: no model is run more often.
- After a failure, and after "too many requests", the rest of the stations stay unasked; a query
  that is malformed stops nobody else.
- An answer has to cover the present.
- A station whose answer did not come keeps the last good one, with the time it was fetched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from groundstation.weather.asking import (
    TOO_MANY,
    HeldDocument,
    ask,
    check_address,
)
from groundstation.weather.asking import held_document as held_answer
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.open_meteo import Wanted, read_open_meteo
from groundstation.weather.open_meteo_source import (
    RULES,
    WeatherSource,
    query_url,
)
from groundstation.weather.records import StationPoint, Weather
from tle.provider import fetches
from tle.provider.fetches import Outcome, Request
from tle.provider.transport import Transport

_STOPS = (Outcome.BLOCKED, Outcome.FAILED, Outcome.UNREACHABLE)


@dataclass(frozen=True, slots=True, eq=False)
class WeatherFetch:
    """What came of asking for one station.

    Parameters
    ----------
    outcome : see `tle.provider.fetches`
    weather : the newest good answer, which may be an older one; None if there never was one
    until : when it may be asked again, where it had to wait
    reason : why nothing new came, or empty
    """

    station: str
    outcome: Outcome
    weather: Weather | None
    until: datetime | None = None
    reason: str = ""


def fetch_weather(
    db: Database,
    source: WeatherSource,
    points: Sequence[StationPoint],
    *,
    now: Callable[[], datetime],
    transport: Transport,
    force: bool = False,
) -> tuple[WeatherFetch, ...]:
    """Ask for the weather of every station, as far as the rules allow.

    Parameters
    ----------
    db : with the tables of `tle.provider.fetches`
    now : the present, aware; asked before every request
    transport : with the `LIMITS` of `open_meteo_source`
    force : a person lifts a block; intervals still hold

    Raises
    ------
    WeatherError
        the source's address must not be asked
    """
    check_address(source.name, source.address)
    results: list[WeatherFetch] = []
    stopped = None
    for point in points:
        if stopped is None:
            result = _ask(db, source, point, now, transport, force=force)
            if result.outcome in _STOPS or result.reason.startswith(f"status {TOO_MANY}"):
                stopped = result
        else:
            held = held_weather(db, source, point)
            reason = f"not asked: {stopped.reason}"
            result = WeatherFetch(point.station, stopped.outcome, held, stopped.until, reason)
        results.append(result)
    fetches.drop_old_payloads(db)
    return tuple(results)


def held_document(db: Database, source: WeatherSource, point: StationPoint) -> HeldDocument | None:
    """The last good answer for a station, dated by when its content first came.

    An answer that comes again unchanged is not younger for it. None where there never was one.
    """
    return held_answer(db, query_url(source, point))


def held_weather(db: Database, source: WeatherSource, point: StationPoint) -> Weather | None:
    """The weather of `held_document`; None where it does not fit the source as it now is."""
    held = held_document(db, source, point)
    if held is None:
        return None
    try:
        return read_answer(held.body, source, point, held.retrieved_at)
    except WeatherError:
        return None


def _ask(
    db: Database,
    source: WeatherSource,
    point: StationPoint,
    now: Callable[[], datetime],
    transport: Transport,
    *,
    force: bool,
) -> WeatherFetch:
    at = now()

    def judge(body: bytes) -> int:
        weather = read_answer(body, source, point, at)
        _check_present(weather, at)
        return len(weather.members)

    request = Request(source.name, source.address, query_url(source, point))
    asked = ask(db, request, RULES, at, transport, judge, force=force)
    held = held_weather(db, source, point)
    return WeatherFetch(point.station, asked.outcome, held, asked.until, asked.reason)


def read_answer(body: bytes, source: WeatherSource, point: StationPoint, at: datetime) -> Weather:
    """An answer of a source about one station, retrieved at an instant.

    Raises
    ------
    WeatherError
        with the key that is wrong
    """
    wanted = Wanted(
        point.station, point.latitude_deg, point.longitude_deg, source.model, source.members
    )
    return read_open_meteo(body, f"{source.name} {point.station}", wanted, retrieved_at=at)


def _check_present(weather: Weather, at: datetime) -> None:
    """A forecast that is all in the past or all in the future shows that one clock is wrong."""
    first, last = (weather.epoch + timedelta(seconds=float(weather.times_s[i])) for i in (0, -1))
    if not first <= at <= last:
        raise WeatherError(
            f"covers {first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}, not the present; "
            "or this clock is wrong"
        )
