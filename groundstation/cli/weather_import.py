"""`groundstation weather import`: weather from files, in any of the formats that are known."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings, UtcInstant

if TYPE_CHECKING:
    from groundstation.network import Network
    from groundstation.weather.archive import ImportedDocument
    from groundstation.weather.formats.recognition import Reading, Telling, WeatherFormat

SCHEMA = "weather-import/1"


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--station", "name", metavar="NAME", help="Which the file is about.")
@click.option("--model", help="Of an answer of Open-Meteo, like icon_eu.")
@click.option("--issued", type=UtcInstant(), help="Start of the model run.")
@click.option("--time-zone", "zone", help="Of a Boltwood file, like Europe/Rome.")
@click.option("--source", help="As reports call it [default: the file's name].")
@format_options
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[Path, ...],
    name: str | None,
    model: str | None,
    issued: datetime | None,
    zone: str | None,
    source: str | None,
    form: str | None,
) -> int:
    """Read weather from files and store it: the newest of each station and format counts.

    Open-Meteo JSON, GRIB (needs the extra [grib]), METAR and TAF, the one-line file of a Boltwood
    sensor, CSV, and climatologies as CSV; recognised by content. GRIB holds all stations; a report
    belongs to the station whose metar it is; everything else needs --station where the network has
    several. A file is as old as its last change on disk, a report as it says itself. A file with a
    fault is refused as a whole, and then nothing is stored.

    \b
    Examples:
      groundstation weather import ensemble.grib2
      groundstation weather import answer.json --station matera --model icon_eu
      groundstation weather import cover.csv --station matera --source "ERA5 1991-2020"
    """
    from groundstation.cli.network_option import network_of
    from groundstation.database import open_database
    from groundstation.errors import UsageError
    from groundstation.weather.archive import add_document

    network = network_of(settings)
    if settings.example:
        raise UsageError(
            "a shipped example cannot store anything",
            hint=f"groundstation init DIR --example {settings.example}",
        )
    now = settings.instant()
    told = _Told(name, model, issued, zone, source, now)
    found = [pair for path in files for pair in _documents(network, path, told)]
    db = open_database(Path(network.folder) / "state" / "groundstation.db")
    with db.atomic():
        for document, _ in found:
            add_document(db, document)
    rows = [_row(document, reading, now) for document, reading in found]
    write_listing(rows, schema=SCHEMA, form=form, columns=_COLUMNS)
    return 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What the command line tells of a file."""

    station: str | None
    model: str | None
    issued: datetime | None
    zone: str | None
    source: str | None
    now: datetime


def _documents(
    network: "Network", path: Path, told: _Told
) -> "list[tuple[ImportedDocument, Reading]]":
    """What a file is worth to the stations, read and found good."""
    from datetime import UTC

    from groundstation.errors import UsageError
    from groundstation.weather.archive import ImportedDocument
    from groundstation.weather.formats.recognition import (
        WeatherFormat,
        read_document,
        recognised,
    )

    try:
        with path.open("rb") as file:
            head = file.read(4)
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        # A clock that runs ahead makes nothing younger than now.
        retrieved_at = min(changed, told.now)
        if head == b"GRIB":
            return _from_grib(network, path, told, retrieved_at)
        body = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    form = recognised(body, path.name)
    station = _station(network, form, body, told.station)
    telling = _telling(network, station, form, told, retrieved_at)
    reading = read_document(body, path.name, form, telling)
    document = ImportedDocument(
        station=station,
        form=form,
        file=path.name,
        source=told.source or (path.name if form in _NAMED else None),
        model=telling.model if form is WeatherFormat.OPEN_METEO else None,
        time_zone=telling.time_zone,
        issued_at=told.issued,
        retrieved_at=retrieved_at,
        body=body,
    )
    return [(document, reading)]


_NAMED = ("csv", "climatology")


def _from_grib(
    network: "Network", path: Path, told: _Told, retrieved_at: datetime
) -> "list[tuple[ImportedDocument, Reading]]":
    """A table for every station; the file itself may be larger than a database should hold."""
    from groundstation.night.weather_inputs import points_of
    from groundstation.weather.archive import ImportedDocument
    from groundstation.weather.formats.csv_series import write_csv
    from groundstation.weather.formats.grib import read_grib
    from groundstation.weather.formats.recognition import WeatherFormat

    points = [p for p in points_of(network) if told.station in {None, p.station}]
    found = read_grib(path, points, retrieved_at=retrieved_at)
    for point in points:
        if point.station not in found:
            click.echo(f"note: {point.station} is not on the grid of {path.name}", err=True)
    made: list[tuple[ImportedDocument, Reading]] = []
    for station, weather in found.items():
        document = ImportedDocument(
            station=station,
            form=WeatherFormat.GRIB,
            file=path.name,
            source=told.source or weather.provenance.source,
            model=None,
            time_zone=None,
            issued_at=weather.provenance.issued_at,
            retrieved_at=retrieved_at,
            body=write_csv(weather).encode(),
        )
        made.append((document, weather))
    return made


def _station(network: "Network", form: "WeatherFormat", body: bytes, asked: str | None) -> str:
    """The station that a file is about."""
    from groundstation.errors import UsageError
    from groundstation.suggest import did_you_mean
    from groundstation.weather.formats.recognition import WeatherFormat, airport_of

    names = [station.name for station in network.stations]
    if asked is not None:
        if asked not in names:
            raise UsageError(
                f"unknown station {asked!r}{did_you_mean(asked, names)}",
                where=network.file,
                hint=f"one of {', '.join(names)}",
            )
        return asked
    if form in {WeatherFormat.METAR, WeatherFormat.TAF}:
        airport = airport_of(body)
        near = [s.name for s in network.stations if s.weather.metar == airport]
        if len(near) == 1:
            return near[0]
        raise UsageError(
            f"{len(near) or 'no'} stations have metar = {airport!r}",
            where=network.file,
            hint="name one with --station",
        )
    if len(names) > 1:
        raise UsageError(
            f"{form} does not tell which station it is about", hint="name it with --station"
        )
    return names[0]


def _telling(
    network: "Network",
    station: str,
    form: "WeatherFormat",
    told: _Told,
    retrieved_at: datetime,
) -> "Telling":
    from groundstation.night.weather_inputs import point_of
    from groundstation.weather.formats.recognition import Telling, WeatherFormat
    from groundstation.weather_policy import BoltwoodFile

    place = next(s for s in network.stations if s.name == station)
    zones = [s.time_zone for s in place.weather.sensors if isinstance(s, BoltwoodFile)]
    zone = told.zone or next(iter(zones), None)
    return Telling(
        point=point_of(place),
        retrieved_at=retrieved_at,
        issued_at=told.issued,
        model=told.model or "unnamed",
        time_zone=zone if form is WeatherFormat.BOLTWOOD else None,
        source=told.source,
    )


def _row(document: "ImportedDocument", reading: "Reading", now: datetime) -> dict[str, Any]:
    """What was stored, and from when it is."""
    from groundstation.instants import utc_text
    from groundstation.weather.formats.boltwood import BoltwoodReading
    from groundstation.weather.formats.climatology import Climatology

    row: dict[str, Any] = {
        "file": document.file,
        "format": document.form.value,
        "station": document.station,
        "members": None,
        "dated_utc": None,
        "age_h": None,
    }
    weather = reading.weather if isinstance(reading, BoltwoodReading) else reading
    if not isinstance(weather, Climatology):
        dated = weather.provenance.dated
        row |= {
            "members": len(weather.members),
            "dated_utc": utc_text(dated),
            "age_h": (now - dated).total_seconds() / 3_600.0,
        }
    return row


_COLUMNS = (
    Column("file", "file"),
    Column("format", "format"),
    Column("station", "station"),
    Column("members", "members", is_number=True),
    Column("dated_utc", "dated", lambda text: f"{text[:10]} {text[11:16]}"),
    Column("age_h", "age h", lambda value: f"{value:.1f}", is_number=True),
)
