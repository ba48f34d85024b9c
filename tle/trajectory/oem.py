"""CCSDS Orbit Ephemeris Messages in KVN text to trajectories.

1. The message is read line by line against CCSDS 502.0-B-2 section 5 (versions 1 to 3); what the
   standard does not know is refused with its line, never skipped.
2. A block is a segment: nothing is interpolated from one to the next. Points outside
   USEABLE_START_TIME and USEABLE_STOP_TIME only serve interpolation inside.
3. Covariances and accelerations are read over.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tle.errors import EphemerisError
from tle.trajectory.ephemeris import (
    AtomicTable,
    Ephemeris,
    epoch_of,
    in_order,
    refuse_radius,
    split_segments,
)
from tle.trajectory.inertial import INERTIAL_FRAMES, states_to_earth_fixed
from tle.trajectory.refusal import LineRefusal, naming
from tle.trajectory.timestamps import (
    TAI_MINUS_SCALE_S,
    atomic_seconds,
    day_start,
    parse_timestamp,
)

Floats = NDArray[np.float64]

CATALOGUE_COMMENT = "NORAD_CAT_ID"
_ITRF = re.compile(r"ITRF-?([0-9]{2}|[0-9]{4})?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([Ee][+-]?[0-9]{1,3})?")
_HEADER = ("CREATION_DATE", "ORIGINATOR", "CLASSIFICATION", "MESSAGE_ID")
_REQUIRED = (
    "OBJECT_NAME",
    "OBJECT_ID",
    "CENTER_NAME",
    "REF_FRAME",
    "TIME_SYSTEM",
    "START_TIME",
    "STOP_TIME",
)
_OPTIONAL = (
    "REF_FRAME_EPOCH",
    "USEABLE_START_TIME",
    "USEABLE_STOP_TIME",
    "INTERPOLATION",
    "INTERPOLATION_DEGREE",
)


@dataclass(slots=True)
class _Block:
    """Metadata and data lines of one segment while it is read."""

    line: int
    metadata: dict[str, tuple[int, str]] = field(default_factory=dict)
    states: list[tuple[int, str]] = field(default_factory=list)


def read_oem(text: str, source: str = "oem") -> Ephemeris:
    """Read an OEM of one satellite of the Earth.

    Frames ITRF (any realisation), TEME, EME2000, GCRF and ICRF; time systems UTC, TAI, GPS, TT.

    Raises
    ------
    EphemerisError
        `source:line: reason` for the first line that cannot be accepted
    """
    with naming(source):
        number, blocks = _blocks(text)
        _refuse_second_object(blocks)
        tables = [_table(block) for block in blocks]
    first = blocks[0].metadata
    epoch = min(epoch_of(table) for table in tables)
    segments = [segment for table in tables for segment in split_segments(table, epoch)]
    return Ephemeris(
        name=first["OBJECT_NAME"][1],
        norad_cat_id=number,
        object_id=first["OBJECT_ID"][1],
        frame=_frame_name(first["REF_FRAME"][1]),
        source=source,
        epoch=epoch,
        segments=in_order(segments, source),
    )


def _blocks(text: str) -> tuple[int, list[_Block]]:
    """Catalogue number of the comments, and the segments with their lines."""
    lines = _content(text)
    line, first = next(lines, (1, ""))
    if re.fullmatch(r"CCSDS_OEM_VERS\s*=\s*[123]\.0", first) is None:
        raise LineRefusal(line, f"an OEM starts with CCSDS_OEM_VERS = 2.0, not {first[:40]!r}")
    number = 0
    blocks: list[_Block] = []
    part = "header"
    for line, content in lines:
        if content.startswith("COMMENT"):
            number = number or _catalogue_number(content)
        else:
            part = _take(blocks, part, line, content)
    if part != "data":
        raise LineRefusal(text.count("\n") + 1, f"the text ends inside its {part} part")
    return number, blocks


def _take(blocks: list[_Block], part: str, line: int, content: str) -> str:
    """Give a line to the part of the message it stands in; the part of the next line."""
    if part in ("header", "data") and content == "META_START":
        blocks.append(_Block(line))
        return "metadata"
    if part == "header":
        if _pair(line, content)[0] not in _HEADER:
            raise LineRefusal(line, f"{content[:40]!r} does not belong into the header")
    elif part == "metadata":
        return _take_metadata(blocks[-1], line, content)
    elif part == "covariance":
        return "data" if content == "COVARIANCE_STOP" else part
    elif content == "COVARIANCE_START":
        return "covariance"
    else:
        blocks[-1].states.append((line, content))
    return part


def _content(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, stripped, with their numbers."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _pair(line: int, content: str) -> tuple[str, str]:
    key, equals, value = content.partition("=")
    if not equals:
        raise LineRefusal(line, f"expected KEY = value, found {content[:40]!r}")
    return key.strip(), value.strip()


def _catalogue_number(comment: str) -> int:
    """The number in the comment that our writer leaves: OEM has no field for it."""
    match = re.fullmatch(rf"COMMENT\s+{CATALOGUE_COMMENT}\s*=\s*([0-9]{{1,9}})", comment, re.ASCII)
    return int(match.group(1)) if match else 0


def _take_metadata(block: _Block, line: int, content: str) -> str:
    """Take one metadata line; the part of the next line."""
    if content == "META_STOP":
        missing = [key for key in _REQUIRED if key not in block.metadata]
        if missing:
            raise LineRefusal(line, f"metadata has no {missing[0]}")
        return "data"
    key, value = _pair(line, content)
    if key not in (*_REQUIRED, *_OPTIONAL):
        raise LineRefusal(line, f"{key[:40]!r} is no metadata of an OEM")
    if key in block.metadata:
        raise LineRefusal(line, f"{key} is given twice")
    block.metadata[key] = (line, value)
    return "metadata"


def _refuse_second_object(blocks: list[_Block]) -> None:
    for block in blocks[1:]:
        for key in ("OBJECT_NAME", "OBJECT_ID"):
            line, value = block.metadata[key]
            before = blocks[0].metadata[key][1]
            if value != before:
                raise LineRefusal(line, f"{key} is {value!r} after {before!r}")


def _table(block: _Block) -> AtomicTable:
    """Points of one block, Earth-fixed, on the atomic time line."""
    system, frame = _understood(block)
    if not block.states:
        raise LineRefusal(block.line, "this segment has no states")
    days, seconds, states = _states(block)
    base = int(days[0])
    atomic = atomic_seconds(system, days, seconds, base)
    backwards = np.flatnonzero(np.diff(atomic) <= 0.0)
    if backwards.size:
        raise LineRefusal(block.states[int(backwards[0]) + 1][0], "time does not go forward")
    positions, velocities = states[:, :3], states[:, 3:]
    bad = refuse_radius(positions)
    if bad is not None:
        radius_km = math.hypot(*positions[bad]) / 1e3
        raise LineRefusal(
            block.states[bad][0],
            f"{radius_km:g} km from the Earth's centre is no satellite's place",
        )
    if frame in INERTIAL_FRAMES:
        table = AtomicTable(base, atomic, positions, velocities, (-np.inf, np.inf))
        for index in np.flatnonzero(seconds >= 86_400.0):
            raise LineRefusal(block.states[index][0], "no rotation is known inside a leap second")
        positions, velocities = states_to_earth_fixed(
            frame, day_start(base), table.utc_s(), positions, velocities
        )
    return AtomicTable(base, atomic, positions, velocities, _usable(block, system, base))


def _understood(block: _Block) -> tuple[str, str]:
    """Time system and frame of a block, refused by name if unknown."""
    line, centre = block.metadata["CENTER_NAME"]
    if centre.upper() != "EARTH":
        raise LineRefusal(line, f"CENTER_NAME is {centre!r}; only EARTH is read")
    line, system = block.metadata["TIME_SYSTEM"]
    if system != "UTC" and system not in TAI_MINUS_SCALE_S:
        known = ", ".join(TAI_MINUS_SCALE_S)
        raise LineRefusal(line, f"TIME_SYSTEM {system!r} is not read; UTC, {known} are")
    line, frame = block.metadata["REF_FRAME"]
    if frame not in INERTIAL_FRAMES and not _ITRF.fullmatch(frame):
        known = ", ".join(INERTIAL_FRAMES)
        raise LineRefusal(line, f"REF_FRAME {frame!r} is not read; ITRF, {known} are")
    return system, frame


def _frame_name(frame: str) -> str:
    return "ITRF" if frame in INERTIAL_FRAMES else frame


def _states(block: _Block) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Days, seconds of day and states in metres, shapes (n,), (n,), (n, 6)."""
    days, seconds, states = [], [], []
    for line, content in block.states:
        words = content.split()
        if len(words) not in (7, 10):
            raise LineRefusal(line, f"a state has an instant and 6 numbers, not {len(words) - 1}")
        for word in words[1:]:
            if not _NUMBER.fullmatch(word):
                raise LineRefusal(line, f"{word[:40]!r} is no number")
        day, second = _instant(line, words[0])
        days.append(day)
        seconds.append(second)
        states.append([float(word) * 1e3 for word in words[1:7]])
    values = np.array(states)
    infinite = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if infinite.size:
        raise LineRefusal(block.states[int(infinite[0])][0], "a number is too large")
    return np.array(days, dtype=np.int64), np.array(seconds), values


def _usable(block: _Block, system: str, base: int) -> tuple[float, float]:
    """The span that the metadata promises, TAI seconds from the base day."""
    ends = []
    for side in ("START", "STOP"):
        line, stamp = block.metadata[f"{side}_TIME"]
        _instant(line, stamp)
        line, stamp = block.metadata.get(f"USEABLE_{side}_TIME", (line, stamp))
        day, second = _instant(line, stamp)
        ends.append(atomic_seconds(system, np.array([day]), np.array([second]), base)[0])
    if ends[0] > ends[1]:
        raise LineRefusal(block.line, "this segment stops before it starts")
    return float(ends[0]), float(ends[1])


def _instant(line: int, stamp: str) -> tuple[int, float]:
    try:
        return parse_timestamp(stamp)
    except EphemerisError as error:
        raise LineRefusal(line, str(error)) from error
