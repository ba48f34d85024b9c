"""Ask the network file's sources of weather, and what they have brought so far.

The rules it keeps:

1. A source that fails stops no other; what did not come is one sentence a station.
2. Providers' intervals run in real time: where the present was chosen, only servers on this machine
   are asked.
3. An airport whose reports are fetched and that has none yet is not known, which is a no.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from groundstation import __version__
from groundstation.network import Network, Station
from groundstation.night.weather_inputs import InputRole, WeatherInput, point_of, points_of
from groundstation.weather import open_meteo_source, report_source
from groundstation.weather.errors import WeatherError
from groundstation.weather.fetch import WeatherFetch, fetch_weather, held_document
from groundstation.weather.formats.recognition import WeatherFormat
from groundstation.weather.report_fetch import fetch_reports, held_report
from groundstation.weather.report_source import ReportApi, ReportSource
from groundstation.weather_policy import ForecastSource
from tle.provider.fetches import Outcome
from tle.provider.providers import is_loopback
from tle.provider.transport import Transport

_PRESENT_S = 600.0
_QUIET = (Outcome.ACCEPTED, Outcome.UNCHANGED, Outcome.TOO_EARLY)

Fetched = tuple[ForecastSource, tuple[WeatherFetch, ...] | str]


def fetch_source(
    network: Network,
    db: Database,
    item: ForecastSource,
    *,
    now: Callable[[], datetime],
    force: bool = False,
) -> tuple[WeatherFetch, ...]:
    """Ask one source for all stations that it can tell of.

    Parameters
    ----------
    db : the state, writable
    now : the present, aware; asked before every request
    force : a person lifts a block; intervals still hold

    Raises
    ------
    WeatherError
        the source's address must not be asked
    """
    source, agent = item.source, f"qkd-groundstation/{__version__}"
    if isinstance(source, ReportSource):
        return fetch_reports(
            db,
            source,
            {s.name: s.weather.metar for s in network.stations if s.weather.metar is not None},
            now=now,
            transport=Transport(agent, report_source.LIMITS),
            force=force,
        )
    return fetch_weather(
        db,
        source,
        points_of(network),
        now=now,
        transport=Transport(agent, open_meteo_source.LIMITS),
        force=force,
    )


def fetch_all(
    network: Network,
    db: Database,
    sources: Sequence[ForecastSource],
    *,
    now: datetime,
    clock: Callable[[], datetime],
) -> list[Fetched]:
    """What came of asking every source, or why it was not asked."""
    results: list[Fetched] = []
    is_present = abs(now - clock()) <= timedelta(seconds=_PRESENT_S)
    for item in sources:
        if not is_present and not is_loopback(item.source.address):
            results.append((item, "not asked: providers are asked in the present only"))
            continue
        try:
            results.append((item, fetch_source(network, db, item, now=lambda: now)))
        except WeatherError as error:
            results.append((item, str(error)))
    return results


def fetch_notes(results: Sequence[Fetched]) -> list[str]:
    """A sentence for every station, or source, that brought nothing new for a bad reason."""
    notes = []
    for item, fetched in results:
        if isinstance(fetched, str):
            notes.append(f"{item.source.name}: {fetched}")
            continue
        notes += [
            f"{item.source.name}, {one.station}: {one.reason or one.outcome.value}"
            for one in fetched
            if one.outcome not in _QUIET
        ]
    return notes


def fetched_inputs(
    station: Station, sources: Sequence[ForecastSource], db: Database, now: datetime
) -> Iterator[tuple[WeatherInput, bytes]]:
    """What the sources have brought for a station, in their order."""
    for item in sources:
        if isinstance(item.source, ReportSource):
            yield from _report(station, item.source, item.max_age_s, db, now)
            continue
        held = held_document(db, item.source, point_of(station))
        if held is not None:
            yield (
                WeatherInput(
                    InputRole.FORECAST,
                    station.name,
                    f"{item.source.name}/{station.name}.json",
                    WeatherFormat.OPEN_METEO.value,
                    held.retrieved_at,
                    max_age_s=item.max_age_s,
                    model=item.source.model,
                    members=item.source.members,
                ),
                held.body,
            )


def _report(
    station: Station, source: ReportSource, max_age_s: float, db: Database, now: datetime
) -> Iterator[tuple[WeatherInput, bytes]]:
    airport = station.weather.metar
    if airport is None:
        return
    is_present = source.api is ReportApi.METAR
    role = InputRole.SENSOR if is_present else InputRole.FORECAST
    held = held_report(db, source, airport)
    if held is not None:
        name = f"{source.name}/{station.name}.txt"
        limit_s = station.weather.max_report_age_s if is_present else max_age_s
        yield (
            WeatherInput(role, station.name, name, source.api.value, held.retrieved_at, limit_s),
            held.body,
        )
    elif is_present:
        reason = f"{source.name} {airport}: no report has been fetched yet"
        yield (
            WeatherInput(role, station.name, None, source.api.value, now, reasons=(reason,)),
            b"",
        )
