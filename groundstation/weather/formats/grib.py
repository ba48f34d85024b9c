"""Read total cloud cover at places from a GRIB file, as ECMWF's open data are.

- The unit is read from every message: 0 to 1 in one table of parameters, percent in another.
- One file is one run of one model. Every member has every step, the perturbed ones are numbered
  without a gap, and there are as many as the messages declare; anything else is refused.
- A place takes the four grid points around it, bilinearly on a regular grid of latitudes and
  longitudes, or the nearest point; on other grids always the nearest point. A place outside the
  grid is left out, a file without any place is refused. A point that the bit map leaves out is
  not known.
- Messages of other quantities are passed over.

eccodes decodes the messages (extra `grib`); it is imported only here, when a file is read.
Format: World Meteorological Organization, Manual on Codes, WMO-No. 306, FM 92 GRIB.
"""

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from groundstation.weather.errors import WeatherError
from groundstation.weather.formats.documents import naming, refuse, shown
from groundstation.weather.formats.grib_grid import Interpolation, Shares, shares_of
from groundstation.weather.records import (
    SECONDS_PER_HOUR,
    Floats,
    Provenance,
    Quantity,
    StationPoint,
    Weather,
    WeatherKind,
)

# Open data step 3 h up to 144 h; beyond that they are too far apart to draw a line through cover.
LONGEST_GAP_S = 3.0 * SECONDS_PER_HOUR
CONTROL = "control"

_COVER = "tcc"
_UNITS = {"(0 - 1)": 1.0, "0-1": 1.0, "1": 1.0, "Proportion": 1.0, "%": 0.01}
# Values are packed in a few bits: cover comes back up to one step outside 0..1.
_PACKING = 2e-3
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Message:
    """What one message says: of which run, member and instant, and the values at the places."""

    source: str
    issued_at: datetime
    member: int
    declared: int
    instant: datetime
    values: tuple[float, ...]


def read_grib(
    path: Path,
    points: Sequence[StationPoint],
    *,
    retrieved_at: datetime,
    interpolation: Interpolation = Interpolation.BILINEAR,
) -> dict[str, Weather]:
    """Station on the grid -> cloud cover of every member of the run that a file holds.

    Raises
    ------
    WeatherError
        eccodes is not installed; or with the number of the message that is wrong
    """
    place = path.name
    try:
        digest = _digest(path)
        found = list(_messages(path, points, interpolation))
    except OSError as error:
        raise WeatherError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if not found:
        refuse(place, "", "holds no total cloud cover (tcc)")
    for what, values in (
        ("runs", {message.issued_at for message in found}),
        ("models", {message.source for message in found}),
    ):
        if len(values) > 1:
            refuse(place, "", f"holds {len(values)} {what}: give one at a time")
    members, instants, table = _table(found, place)
    inside = [i for i in range(len(points)) if not np.isnan(table[:, :, i]).all()]
    if not inside:
        refuse(place, "", "no station lies on its grid, or cover is known at none")
    kind = WeatherKind.ENSEMBLE if len(members) > 1 else WeatherKind.FORECAST
    provenance = Provenance(kind, found[0].source, found[0].issued_at, retrieved_at, digest)
    with naming(place):
        return {
            points[i].station: Weather(
                station=points[i].station,
                provenance=provenance,
                epoch=instants[0],
                times_s=np.array([(at - instants[0]).total_seconds() for at in instants]),
                members=members,
                series={Quantity.CLOUD_TOTAL: table[:, :, i]},
                is_held=False,
                longest_gap_s=LONGEST_GAP_S,
            )
            for i in inside
        }


def _library() -> Any:
    """Eccodes, which is an extra: it brings a compiled library of 30 MB."""
    try:
        return importlib.import_module("eccodes")
    except (ImportError, RuntimeError) as error:
        raise WeatherError(
            "reading GRIB needs eccodes, which is not installed",
            hint='pip install "qkd-groundstation[grib]"',
        ) from error


def _messages(
    path: Path, points: Sequence[StationPoint], interpolation: Interpolation
) -> Iterator[_Message]:
    """The messages of cloud cover in a file, one after the other in memory."""
    eccodes = _library()
    places: dict[str, Shares] = {}
    with path.open("rb") as file:
        number = 0
        while True:
            number += 1
            where = f"message {number}"
            try:
                handle = eccodes.codes_grib_new_from_file(file)
                if handle is None:
                    break
            except eccodes.CodesInternalError as error:
                refuse(path.name, where, f"cannot be decoded: {str(error).lower()}")
            try:
                if eccodes.codes_get(handle, "shortName") == _COVER:
                    yield _message(eccodes, handle, points, interpolation, places)
            except eccodes.CodesInternalError as error:
                refuse(path.name, where, f"cannot be decoded: {str(error).lower()}")
            except WeatherError as error:
                raise WeatherError(str(error), where=f"{path.name}: {where}") from error
            finally:
                eccodes.codes_release(handle)
    if number == 1:
        refuse(path.name, "", "holds no GRIB message")


def _message(
    eccodes: Any,
    handle: Any,
    points: Sequence[StationPoint],
    interpolation: Interpolation,
    places: dict[str, Shares],
) -> _Message:
    def get(key: str, otherwise: Any = None) -> Any:
        return (
            eccodes.codes_get(handle, key) if eccodes.codes_is_defined(handle, key) else otherwise
        )

    unit = str(get("units"))
    if unit not in _UNITS:
        raise WeatherError(f"unit {shown(unit)!r} of cloud cover is not {' or '.join(_UNITS)}")
    if get("stepType") != "instant":
        raise WeatherError(f"cloud cover is of kind {get('stepType')!r}, not of an instant")
    grid = str(get("md5GridSection"))
    if grid not in places:
        places[grid] = shares_of(eccodes, handle, points, interpolation)
    index, weights = places[grid].index, places[grid].weights
    raw = eccodes.codes_get_double_elements(handle, "values", index.ravel().tolist())
    values = np.asarray(raw, dtype=np.float64).reshape(index.shape)
    if get("bitmapPresent", 0):
        values = np.where(values == get("missingValue"), np.nan, values)
    cover = values * _UNITS[unit]
    wrong = cover[(cover < -_PACKING) | (cover > 1.0 + _PACKING)]
    if len(wrong):
        raise WeatherError(f"cloud cover {wrong[0] / _UNITS[unit]:g} {unit} is not possible")
    # A point without weight says nothing, even where it is not known.
    parts = np.where(weights == 0.0, 0.0, np.clip(cover, 0.0, 1.0) * weights)
    stream = get("stream", get("dataType", ""))
    return _Message(
        source=f"grib {get('centre')} {stream}".rstrip(),
        issued_at=_instant(get("dataDate"), get("dataTime")),
        member=int(get("number", 0)),
        declared=int(get("numberOfForecastsInEnsemble", 0)),
        instant=_instant(get("validityDate"), get("validityTime")),
        values=tuple(parts.sum(axis=1).tolist()),
    )


def _table(found: Sequence[_Message], place: str) -> tuple[tuple[str, ...], list[datetime], Floats]:
    """Names of members, instants, and values of shape (members, instants, places)."""
    numbers = sorted({message.member for message in found})
    instants = sorted({message.instant for message in found})
    table = np.full((len(numbers), len(instants), len(found[0].values)), np.nan)
    seen: set[tuple[int, datetime]] = set()
    for message in found:
        key = (message.member, message.instant)
        if key in seen:
            refuse(
                place,
                f"member {_name(message.member)}",
                f"{message.instant:%Y-%m-%dT%H:%MZ} occurs twice",
            )
        seen.add(key)
        table[numbers.index(key[0]), instants.index(key[1])] = message.values
    for number in numbers:
        lacking = [instant for instant in instants if (number, instant) not in seen]
        if lacking:
            refuse(
                place, f"member {_name(number)}", f"has no cover at {lacking[0]:%Y-%m-%dT%H:%MZ}"
            )
    _check_members(numbers, max(message.declared for message in found), place)
    return tuple(_name(number) for number in numbers), instants, table


def _check_members(numbers: list[int], declared: int, place: str) -> None:
    """Perturbed members count from 1; some producers count their control among the members."""
    perturbed = [number for number in numbers if number > 0]
    if not perturbed:
        return
    for expected, number in enumerate(perturbed, start=1):
        if number != expected:
            refuse(place, f"member {expected:02d}", "is missing")
    if len(perturbed) < declared - 1:
        refuse(place, "", f"holds {len(perturbed)} perturbed members of the {declared} declared")


def _name(number: int) -> str:
    return CONTROL if number == 0 else f"{number:02d}"


def _instant(day: int, clock: int) -> datetime:
    return datetime.strptime(f"{day:08d}{clock:04d}", "%Y%m%d%H%M").replace(tzinfo=UTC)


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            total.update(piece)
    return total.hexdigest()
