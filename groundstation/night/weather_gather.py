"""Collect a night's weather documents: fetched, imported, from the sensors, climatologies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from groundstation.network import Network, Station
from groundstation.night.weather_fetched import fetch_all, fetch_notes, fetched_inputs
from groundstation.night.weather_inputs import (
    InputRole,
    WeatherInput,
    WeatherInputs,
)
from groundstation.night.weather_sensors import ask_sensor
from groundstation.weather.archive import ImportedDocument, imported_documents
from groundstation.weather.formats.recognition import WeatherFormat, airport_of

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
            for item, body in fetched_inputs(station, sources, db, now):
                made.add(item, body)
        _add_imported(made, network, station, [d for d in imported if d.station == station.name])
        _add_climatology(made, station, now)
        for number in range(len(station.weather.sensors)):
            made.add(*ask_sensor(station, number, now=now, offline=offline))
    return WeatherInputs(tuple(made.inputs), made.bodies, tuple(made.notes))


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
            if _is_older(document, made.inputs):
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


def _is_older(document: ImportedDocument, inputs: Sequence[WeatherInput]) -> bool:
    """Whether a report that was fetched came later than an imported one."""
    return any(
        item.station == document.station
        and item.form == document.form
        and item.name is not None
        and item.retrieved_at >= document.retrieved_at
        for item in inputs
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
