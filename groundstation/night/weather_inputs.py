"""What a night's weather is made from: documents as they came, what they do not tell, and notes.

The rules it keeps:

1. A document is kept as it came, with the instant at which it came; reading it again later gives
   the same weather.
2. What could not be fetched or read becomes a note; it stops no other station.
3. `manifest` and documents together are the whole input: nothing else is asked for on replay.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from groundstation.instants import utc_instant
from groundstation.network import Network, Station
from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import json_object
from groundstation.weather.records import StationPoint

MANIFEST = "weather.json"
SCHEMA = "weather-inputs/1"


class InputRole(StrEnum):
    """What a document is for."""

    FORECAST = "forecast"
    CLIMATOLOGY = "climatology"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class WeatherInput:
    """One document about one station, or why there is none.

    Parameters
    ----------
    role, station : what it is for, and where
    name : of the document; None where only `reasons` are known
    form : a `WeatherFormat`, or "alpaca" for what a device said
    retrieved_at : when it came
    max_age_s : from which it is stale; None for a climatology
    issued_at, source, model, members, time_zone, concentration : as in `Telling`
    reasons : why a sensor says no, beside what its values say
    """

    role: InputRole
    station: str
    name: str | None
    form: str
    retrieved_at: datetime
    max_age_s: float | None = None
    issued_at: datetime | None = None
    source: str | None = None
    model: str | None = None
    members: int | None = None
    time_zone: str | None = None
    concentration: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeatherInputs:
    """All inputs of a night.

    Parameters
    ----------
    inputs : in the order in which they are tried, station by station
    bodies : document -> its bytes
    notes : what is degraded, one sentence each
    """

    inputs: tuple[WeatherInput, ...]
    bodies: Mapping[str, bytes]
    notes: tuple[str, ...]


def documents_of(inputs: WeatherInputs) -> tuple[tuple[str, bytes], ...]:
    """Names and bytes to keep: the manifest first, then the documents by name."""
    manifest = {
        "schema": SCHEMA,
        "inputs": [_row(item) for item in inputs.inputs],
        "notes": list(inputs.notes),
    }
    text = json.dumps(manifest, indent=1) + "\n"
    return ((MANIFEST, text.encode()), *sorted(inputs.bodies.items()))


def inputs_of(documents: tuple[tuple[str, bytes], ...]) -> WeatherInputs:
    """The inputs that `documents_of` wrote.

    Raises
    ------
    WeatherError
        the manifest, or a document that it names, is missing or of another schema
    """
    bodies = dict(documents)
    manifest = bodies.pop(MANIFEST, None)
    if manifest is None:
        raise WeatherError("there is no manifest among the night's documents", where=MANIFEST)
    document = json_object(manifest, MANIFEST)
    if document.get("schema") != SCHEMA:
        raise WeatherError(f"schema {document.get('schema')!r} is not {SCHEMA}", where=MANIFEST)
    inputs = tuple(_input(row) for row in document["inputs"])
    for item in inputs:
        if item.name is not None and item.name not in bodies:
            raise WeatherError("the document is missing", where=item.name)
    return WeatherInputs(inputs, bodies, tuple(document["notes"]))


def point_of(station: Station) -> StationPoint:
    """Where a station's weather is wanted, in degrees as providers ask for it."""
    site = station.site
    longitude_deg = (float(np.degrees(site.longitude_rad)) + 180.0) % 360.0 - 180.0
    return StationPoint(station.name, float(np.degrees(site.latitude_rad)), longitude_deg)


def points_of(network: Network) -> tuple[StationPoint, ...]:
    """`point_of` every station."""
    return tuple(point_of(station) for station in network.stations)


def _row(item: WeatherInput) -> dict[str, Any]:
    row = asdict(item)
    for key in ("retrieved_at", "issued_at"):
        # To the microsecond: an age must come out the same again.
        row[key] = None if row[key] is None else row[key].isoformat()
    return row


def _input(row: dict[str, Any]) -> WeatherInput:
    values = dict(row)
    for key in ("retrieved_at", "issued_at"):
        values[key] = None if values[key] is None else utc_instant(values[key])
    values["role"] = InputRole(values["role"])
    values["reasons"] = tuple(values["reasons"])
    return WeatherInput(**values)
