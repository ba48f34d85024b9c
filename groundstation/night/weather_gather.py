"""Collect a night's weather documents: fetched, imported, from the sensors, climatologies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from groundstation import __version__
from groundstation.network import Network, Station
from groundstation.night.weather_inputs import (
    InputRole,
    WeatherInput,
    WeatherInputs,
    point_of,
    points_of,
)
from groundstation.night.weather_sensors import ask_sensor
from groundstation.weather.archive import ImportedDocument, imported_documents
from groundstation.weather.errors import WeatherError
from groundstation.weather.fetch import WeatherFetch, fetch_weather, held_document
from groundstation.weather.formats.recognition import WeatherFormat, airport_of
from groundstation.weather.open_meteo_source import LIMITS
from groundstation.weather_policy import ForecastSource
from tle.provider.fetches import Outcome
from tle.provider.providers import is_loopback
from tle.provider.transport import Transport

# Providers' intervals run in real time: a chosen present could jump over them.
_PRESENT_S = 600.0
_QUIET = (Outcome.ACCEPTED, Outcome.UNCHANGED, Outcome.TOO_EARLY)
_OBSERVED = (WeatherFormat.METAR, WeatherFormat.BOLTWOOD)


@dataclass(slots=True)
class _Gathered:
    inputs: list[WeatherInput] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, item: WeatherInput, body: bytes) -> None:
        if item.name is not None:
            self.bodies[item.name] = body
        self.inputs.append(item)


def gather_weather(
    network: Network,
    db: Database | None,
    *,
    now: datetime,
    offline: bool,
    is_fetching: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WeatherInputs:
    """Everything that is known of the weather of a network's stations.

    Parameters
    ----------
    db : the state; writable unless `offline`; None where there is none yet
    now : the present, aware
    offline : nothing is asked over any network, Alpaca devices included
    is_fetching : False leaves the providers of forecasts alone; `db` may then be read-only
    clock : the real time; where `now` is another, only servers on this machine are asked
    """
    made = _Gathered()
    sources = network.weather.sources
    if db is not None and is_fetching and not offline:
        made.notes += fetch_notes(fetch_all(network, db, sources, now=now, clock=clock))
    imported = imported_documents(db) if db is not None else ()
    for station in network.stations:
        if db is not None:
            _add_fetched(made, station, sources, db)
        _add_imported(made, network, station, [d for d in imported if d.station == station.name])
        _add_climatology(made, station, now)
        for number in range(len(station.weather.sensors)):
            made.add(*ask_sensor(station, number, now=now, offline=offline))
    return WeatherInputs(tuple(made.inputs), made.bodies, tuple(made.notes))


def fetch_all(
    network: Network,
    db: Database,
    sources: Sequence[ForecastSource],
    *,
    now: datetime,
    clock: Callable[[], datetime],
) -> list[tuple[ForecastSource, tuple[WeatherFetch, ...] | str]]:
    """What came of asking every source, or why it was not asked."""
    transport = Transport(f"qkd-groundstation/{__version__}", LIMITS)
    results: list[tuple[ForecastSource, tuple[WeatherFetch, ...] | str]] = []
    is_present = abs(now - clock()) <= timedelta(seconds=_PRESENT_S)
    for item in sources:
        if not is_present and not is_loopback(item.source.address):
            results.append((item, "not asked: providers are asked in the present only"))
            continue
        try:
            results.append(
                (
                    item,
                    fetch_weather(
                        db, item.source, points_of(network), now=lambda: now, transport=transport
                    ),
                )
            )
        except WeatherError as error:
            results.append((item, str(error)))
    return results


def fetch_notes(
    results: Sequence[tuple[ForecastSource, tuple[WeatherFetch, ...] | str]],
) -> list[str]:
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


def _add_fetched(
    made: _Gathered, station: Station, sources: Sequence[ForecastSource], db: Database
) -> None:
    for item in sources:
        held = held_document(db, item.source, point_of(station))
        if held is None:
            continue
        made.add(
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


def _add_imported(
    made: _Gathered, network: Network, station: Station, documents: Sequence[ImportedDocument]
) -> None:
    for document in documents:
        is_observed = document.form in _OBSERVED
        role = InputRole.SENSOR if is_observed else InputRole.FORECAST
        max_age_s: float | None = network.weather.max_import_age_s
        if document.form is WeatherFormat.CLIMATOLOGY:
            role, max_age_s = InputRole.CLIMATOLOGY, None
        elif document.form is WeatherFormat.METAR:
            max_age_s = station.weather.max_report_age_s
            airport = airport_of(document.body)
            if station.weather.metar not in {None, airport}:
                made.notes.append(
                    f"{station.name}: a report of {airport} was imported, "
                    f"its airport is {station.weather.metar}"
                )
                continue
        elif is_observed:
            max_age_s = station.weather.limits.max_age_s
        made.add(
            WeatherInput(
                role,
                station.name,
                f"imported/{station.name}.{document.form}",
                document.form.value,
                document.retrieved_at,
                max_age_s=max_age_s,
                issued_at=document.issued_at,
                source=document.source,
                model=document.model,
                time_zone=document.time_zone,
            ),
            document.body,
        )


def _add_climatology(made: _Gathered, station: Station, now: datetime) -> None:
    told = station.weather.climatology
    if told is None:
        return
    if told.file is None:
        body, suffix = _means_table(told.mean_fraction), "means"
    else:
        try:
            body, suffix = Path(told.file).read_bytes(), "file"
        except OSError as error:
            made.notes.append(f"{station.name}: its climatology: {error.strerror}: {told.file}")
            return
    made.add(
        WeatherInput(
            InputRole.CLIMATOLOGY,
            station.name,
            f"climatology/{station.name}.{suffix}.csv",
            WeatherFormat.CLIMATOLOGY.value,
            now,
            source=told.source,
            concentration=told.concentration,
        ),
        body,
    )


def _means_table(mean_fraction: tuple[tuple[float, ...], ...]) -> bytes:
    """Means of the network file in the form of a file beside it."""
    hourly = len(mean_fraction[0]) > 1
    lines = ["month,hour_utc,cover_percent" if hourly else "month,cover_percent"]
    for month, hours in enumerate(mean_fraction, start=1):
        for hour, mean in enumerate(hours):
            cells = (month, hour) if hourly else (month,)
            lines.append(",".join([*(str(cell) for cell in cells), repr(100.0 * mean)]))
    return ("\n".join(lines) + "\n").encode()
