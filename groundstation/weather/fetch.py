"""Fetch Open-Meteo's forecasts for the stations, by the rules of `tle.provider.fetches`.

- One query per station, at most once an hour: no model is run more often. A query is written down
  before it is sent, and is sent with the validators of the answer that is held.
- Nothing is asked again after a refusal. An address that moved or forbids is left alone until a
  person lifts it; a query that is malformed is not the address's fault and stops nobody else.
- After a failure, and after "too many requests", the rest of the stations stay unasked.
- An answer is read whole before it is believed, and has to cover the present.
- A station whose answer did not come keeps the last good one, with the time it was fetched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import shown
from groundstation.weather.formats.open_meteo import Wanted, read_open_meteo
from groundstation.weather.open_meteo_source import (
    RULES,
    WeatherSource,
    query_url,
)
from groundstation.weather.records import StationPoint, Weather
from tle.errors import SourceError, UnreachableError
from tle.provider import fetches
from tle.provider.fetches import Outcome, Request, Stop
from tle.provider.providers import quiet_minute, unsafe_reason
from tle.provider.transport import Answer, Transport

_OK, _NOT_MODIFIED, _BAD_REQUEST, _TIMEOUT, _TOO_MANY, _SERVER_ERROR = 200, 304, 400, 408, 429, 500
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
    unsafe = unsafe_reason(source.address)
    if unsafe is not None:
        raise WeatherError(f"{source.name}: its address {unsafe}")
    results: list[WeatherFetch] = []
    stopped = None
    for point in points:
        if stopped is None:
            result = _ask(db, source, point, now, transport, force=force)
            if result.outcome in _STOPS or result.reason.startswith(f"status {_TOO_MANY}"):
                stopped = result
        else:
            held = held_weather(db, source, point)
            reason = f"not asked: {stopped.reason}"
            result = WeatherFetch(point.station, stopped.outcome, held, stopped.until, reason)
        results.append(result)
    fetches.drop_old_payloads(db)
    return tuple(results)


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """An answer as it came, and when its content first came."""

    body: bytes
    retrieved_at: datetime


def held_document(db: Database, source: WeatherSource, point: StationPoint) -> HeldDocument | None:
    """The last good answer for a station, dated by when its content first came.

    An answer that comes again unchanged is not younger for it. None where there never was one.
    """
    url = query_url(source, point)
    held = fetches.held_answer(db, url)
    if held is None:
        return None
    rows = db.table("fetch").rows_where(
        "url = ? and sha256 = ? and outcome = ?",
        [url, held.sha256, Outcome.ACCEPTED.value],
        order_by="id",
        limit=1,
    )
    first = datetime.fromisoformat(next(iter(rows))["retrieved_at"])
    return HeldDocument(fetches.payload(db, held.sha256), first)


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
    url, at = query_url(source, point), now()
    request = Request(source.name, source.address, url)
    minute = quiet_minute(source.address)
    row = fetches.reserve(db, request, RULES, at, minute, force=force)
    if isinstance(row, Stop):
        held = held_weather(db, source, point)
        return WeatherFetch(point.station, row.outcome, held, row.until, row.reason)
    try:
        answer = transport.get(url, _validators(db, url))
    except SourceError as error:
        is_lost = isinstance(error, UnreachableError)
        outcome = Outcome.UNREACHABLE if is_lost else Outcome.FAILED
        values: dict[str, str | int | None] = {"reason": str(error)}
    else:
        outcome, values = _judge(db, source, point, answer, at)
    with db.atomic():
        if values.get("status") == _OK:
            values["sha256"] = fetches.keep_payload(db, answer.body)
        fetches.finish(db, row, outcome, **values)
    held = held_weather(db, source, point)
    return WeatherFetch(point.station, outcome, held, reason=str(values["reason"] or ""))


def _validators(db: Database, url: str) -> dict[str, str]:
    """Headers that ask only for what is newer than what is held."""
    held = fetches.held_answer(db, url)
    if held is None:
        return {}
    pairs = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified}
    return {name: value for name, value in pairs.items() if value}


def _judge(
    db: Database, source: WeatherSource, point: StationPoint, answer: Answer, at: datetime
) -> tuple[Outcome, dict[str, str | int | None]]:
    """What an answer is worth, and the columns of its row."""
    status = answer.status
    values: dict[str, str | int | None] = {"status": status, "reason": None}
    held = fetches.held_answer(db, query_url(source, point))
    if status == _NOT_MODIFIED and held is not None:
        kept = {"sha256": held.sha256, "etag": held.etag, "last_modified": held.last_modified}
        return Outcome.UNCHANGED, {**values, **kept, "objects": held.objects}
    if status != _OK:
        outcome, reason = _refusal(answer)
        return outcome, {**values, "reason": reason}
    values["bytes"] = len(answer.body)
    try:
        weather = read_answer(answer.body, source, point, at)
        _check_present(weather, at)
    except WeatherError as error:
        where = f"{error.where}: " if error.where else ""
        return Outcome.REJECTED, {**values, "reason": f"{where}{error}"}
    is_same = held is not None and held.sha256 == weather.provenance.sha256
    validators = {
        name: answer.headers.get(name.replace("_", "-")) for name in ("etag", "last_modified")
    }
    outcome = Outcome.UNCHANGED if is_same else Outcome.ACCEPTED
    return outcome, {**values, **validators, "objects": len(weather.members)}


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


def _refusal(answer: Answer) -> tuple[Outcome, str]:
    """What an answer without weather means."""
    said = shown(answer.body.decode("utf-8", "replace"))
    status = answer.status
    if status >= _SERVER_ERROR:
        return Outcome.FAILED, f"the server failed (status {status})"
    if 300 <= status < 400 and status != _NOT_MODIFIED:
        target = shown(answer.headers.get("location", "an unnamed place"))
        return Outcome.BLOCKED, f"the address has changed to {target} (status {status})"
    is_passing = status in {_BAD_REQUEST, _TIMEOUT, _TOO_MANY, _NOT_MODIFIED} or status < 300
    return Outcome.REJECTED if is_passing else Outcome.BLOCKED, f"status {status}: {said!r}"
