"""Which of the weather formats a document has, and its reading by that format.

A document is recognised by what it holds, never by its name. A file of GRIB holds all stations and
is larger than memory should be (`groundstation.weather.formats.grib` reads it); what is kept of it,
and read here, is a table of CSV for each station.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from groundstation.weather.formats.aviation import read_metar, read_taf
from groundstation.weather.formats.boltwood import BoltwoodReading, read_boltwood
from groundstation.weather.formats.climatology import (
    CONCENTRATION,
    Climatology,
    read_climatology,
)
from groundstation.weather.formats.csv_series import read_csv
from groundstation.weather.formats.documents import refuse, shown
from groundstation.weather.formats.open_meteo import Wanted, read_open_meteo
from groundstation.weather.records import StationPoint, Weather

Reading = Weather | Climatology | BoltwoodReading


class WeatherFormat(StrEnum):
    """The formats of weather that a file may have."""

    OPEN_METEO = "open-meteo"
    GRIB = "grib"
    METAR = "metar"
    TAF = "taf"
    BOLTWOOD = "boltwood"
    CSV = "csv"
    CLIMATOLOGY = "climatology"


@dataclass(frozen=True, slots=True)
class Telling:
    """What a document does not tell itself.

    Parameters
    ----------
    point : the station that it is about
    retrieved_at : when it came to this machine, aware
    issued_at : start of the model run; None where it is not known, or told by the document
    model : of an answer of Open-Meteo
    members : that an answer must have; None for any number
    time_zone : of a Boltwood file
    source : of a table, as reports call it
    concentration : of a climatology that holds means
    """

    point: StationPoint
    retrieved_at: datetime
    issued_at: datetime | None = None
    model: str = "unnamed"
    members: int | None = None
    time_zone: str | None = None
    source: str | None = None
    concentration: float = CONCENTRATION


_REPORT = re.compile(r"\s*(?:(?:METAR|SPECI)\s+)?(?:COR\s+)?[A-Z][A-Z0-9]{3}\s+\d{6}Z\s")
_TAF = re.compile(r"\s*TAF\s")
_BOLTWOOD = re.compile(r"\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2}:\d{2}\S*\s+[CF]\s+[KMm]\s")
_CLIMATOLOGY = re.compile(r"\s*month\s*,")
_SERIES = re.compile(r"[^\n]*\btime_utc\b")
_BEGINNINGS = (
    (_TAF, WeatherFormat.TAF),
    (_REPORT, WeatherFormat.METAR),
    (_BOLTWOOD, WeatherFormat.BOLTWOOD),
    (_CLIMATOLOGY, WeatherFormat.CLIMATOLOGY),
    (_SERIES, WeatherFormat.CSV),
)


def recognised(body: bytes, place: str) -> WeatherFormat:
    """The format of a document.

    Raises
    ------
    WeatherError
        it has none that is known here
    """
    if body[:4] == b"GRIB":
        return WeatherFormat.GRIB
    text = body[:2_000].decode("utf-8-sig", "replace")
    if text.lstrip()[:1] in {"{", "["}:
        return WeatherFormat.OPEN_METEO
    found = next((form for pattern, form in _BEGINNINGS if pattern.match(text)), None)
    if found is None:
        refuse(place, "", f"is of no weather format that is known here: {shown(text)!r}")
    return found


def airport_of(body: bytes) -> str | None:
    """The airport of a METAR or TAF, or None."""
    words = body[:200].decode("utf-8-sig", "replace").split()
    names = [word for word in words[:5] if word not in {"METAR", "SPECI", "TAF", "AMD", "COR"}]
    return names[0] if names else None


def read_document(body: bytes, place: str, form: WeatherFormat, told: Telling) -> Reading:
    """What a document says, as a record.

    Raises
    ------
    WeatherError
        with the line, column or key that is wrong, or what has to be told in addition
    """
    station = told.point.station
    if form is WeatherFormat.OPEN_METEO:
        point = told.point
        wanted = Wanted(station, point.latitude_deg, point.longitude_deg, told.model, told.members)
        return read_open_meteo(
            body, place, wanted, retrieved_at=told.retrieved_at, issued_at=told.issued_at
        )
    if form is WeatherFormat.METAR:
        return read_metar(body, place, station, retrieved_at=told.retrieved_at)
    if form is WeatherFormat.TAF:
        return read_taf(body, place, station, retrieved_at=told.retrieved_at)
    if form in {WeatherFormat.CSV, WeatherFormat.GRIB}:
        return read_csv(
            body,
            told.source or place,
            station,
            retrieved_at=told.retrieved_at,
            issued_at=told.issued_at,
        )
    if form is WeatherFormat.CLIMATOLOGY:
        return read_climatology(
            body,
            place,
            station,
            retrieved_at=told.retrieved_at,
            source=told.source,
            concentration=told.concentration,
        )
    if told.time_zone is None:
        refuse(place, "", "tells local time: its time zone has to be named")
    return read_boltwood(body, place, station, told.time_zone, retrieved_at=told.retrieved_at)
