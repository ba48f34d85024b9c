"""Weather documents that were imported from files, in SQLite, with their origin.

Of every station and format the newest import is kept: an older report, forecast or table is never
asked for again. Nights keep the documents that they used for themselves.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from groundstation.weather.formats.recognition import WeatherFormat
from groundstation.weather.records import sha256_of

migrations = Migrations("weather")


@migrations()
def create_weather_document(db: Database) -> None:
    """One row per station and format; the content stands in it, compressed."""
    db.table("weather_document").create(
        {
            "station": str,
            "format": str,
            "file": str,
            "source": str,
            "model": str,
            "time_zone": str,
            "issued_at": str,
            "retrieved_at": str,
            "sha256": str,
            "data": bytes,
        },
        pk=("station", "format"),
        not_null={"file", "retrieved_at", "sha256", "data"},
    )


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """A document about one station as it was imported.

    Parameters
    ----------
    station : name in the network
    form : its format; of a GRIB file the table of the station is kept
    file : name of the file that it came from
    source : as reports call it; None for the file's name
    model : of an answer of Open-Meteo, else None
    time_zone : of a Boltwood file, else None
    issued_at : start of the model run where it was told, else None
    retrieved_at : aware
    body : as it was
    """

    station: str
    form: WeatherFormat
    file: str
    source: str | None
    model: str | None
    time_zone: str | None
    issued_at: datetime | None
    retrieved_at: datetime
    body: bytes


def add_document(db: Database, document: ImportedDocument) -> None:
    """Store a document in place of the one that the station had in this format."""
    issued_at = document.issued_at
    db.table("weather_document").upsert(
        {
            "station": document.station,
            "format": document.form.value,
            "file": document.file,
            "source": document.source,
            "model": document.model,
            "time_zone": document.time_zone,
            "issued_at": None if issued_at is None else _text(issued_at),
            "retrieved_at": _text(document.retrieved_at),
            "sha256": sha256_of(document.body),
            "data": zlib.compress(document.body),
        },
        pk=("station", "format"),
    )


def imported_documents(db: Database) -> tuple[ImportedDocument, ...]:
    """Every document, in order of station and format; none where nothing was ever imported."""
    table = db.table("weather_document")
    if not table.exists():
        return ()
    return tuple(
        ImportedDocument(
            station=row["station"],
            form=WeatherFormat(row["format"]),
            file=row["file"],
            source=row["source"],
            model=row["model"],
            time_zone=row["time_zone"],
            issued_at=None if row["issued_at"] is None else _instant(row["issued_at"]),
            retrieved_at=_instant(row["retrieved_at"]),
            body=zlib.decompress(row["data"]),
        )
        for row in table.rows_where(order_by="station, format")
    )


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
