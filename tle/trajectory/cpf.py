"""ILRS Consolidated Prediction Format to trajectories: versions 1 and 2, Earth satellites.

The layout is that of Ricklefs et al., Consolidated Laser Ranging Prediction Format 2.00 (ILRS,
28 February 2018). Records are taken apart at blanks, because real files differ in their columns;
only identifiers that may be blank are looked up in their columns.
"""

import math
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tle.trajectory.ephemeris import (
    AtomicTable,
    Ephemeris,
    epoch_of,
    in_order,
    refuse_radius,
    split_segments,
)
from tle.trajectory.refusal import LineRefusal, naming
from tle.trajectory.timestamps import atomic_seconds, is_leap_second, leap_offsets

Floats = NDArray[np.float64]

FRAMES = {"0": "ITRF", "1": "true of date", "2": "mean of J2000"}
_DIRECTIONS = {"0": "instantaneous", "1": "transmit", "2": "receive"}
# Corrections, transponder, offsets, rotation, Earth orientation, comments: no positions.
_PASSED_OVER = ("H3", "H4", "H5", "30", "40", "50", "60", "70", "00")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([EeDd][+-]?[0-9]{1,3})?")
_COUNT = re.compile(r"[+-]?[0-9]{1,9}")
# Two numbers of full width touch where the second is negative; a sign after E or D is none.
_GLUED = re.compile(r"(?<=[0-9.])(?=[+-])")
_DATE = re.compile(
    r"((?:19|20)[0-9]{2}) +([0-9]{1,2}) +([0-9]{1,2}) +([0-9]{1,2}) +([0-9]{1,2}) +([0-9]{1,2})\b"
)
_MJD = (35_839, 88_069)  # 1957 to 2099
_DAY_S = 86_400.0


@dataclass(slots=True)
class _Records:
    """What has been read so far."""

    name: str = ""
    provider: str = ""
    version: int = 0
    object_id: str = ""
    norad_cat_id: int = 0
    lines: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    leaps: list[int] = field(default_factory=list)
    positions: list[list[float]] = field(default_factory=list)
    velocities: dict[int, list[float]] = field(default_factory=dict)
    has_span: bool = False
    is_ended: bool = False


def read_cpf(text: str, source: str = "cpf") -> Ephemeris:
    """Read a CPF file in the Earth-fixed frame (frame 0).

    Raises
    ------
    EphemerisError
        `source:line: reason` for the first line that cannot be accepted
    """
    records = _Records()
    with naming(source):
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            if line.strip():
                _read_line(records, number, line.rstrip())
        if not records.is_ended:
            last = text.count("\n") + 1
            raise LineRefusal(last, "no end record 99: the file is cut short")
        table = _table(records)
    epoch = epoch_of(table)
    return Ephemeris(
        name=records.name,
        norad_cat_id=records.norad_cat_id,
        object_id=records.object_id,
        frame=FRAMES["0"],
        source=source,
        epoch=epoch,
        segments=in_order(split_segments(table, epoch), source),
    )


def _read_line(records: _Records, number: int, line: str) -> None:
    """Take one record; the first must be H1, nothing follows 99."""
    words = line.split()
    kind = words[0].upper()
    if records.is_ended:
        raise LineRefusal(number, f"{line[:40]!r} follows the end record")
    if kind == "H1":
        _read_first_header(records, number, words)
    elif not records.version:
        raise LineRefusal(number, f"a CPF file starts with H1 CPF, not {line[:40]!r}")
    elif kind == "H2":
        _read_second_header(records, number, line)
    elif kind == "10":
        _read_position(records, number, words[1:])
    elif kind == "20":
        _read_velocity(records, number, words[1:])
    elif kind == "99":
        records.is_ended = True
    elif kind not in (*_PASSED_OVER, "H9"):
        raise LineRefusal(number, f"record type {kind[:10]!r} is not known")


def _read_first_header(records: _Records, number: int, words: list[str]) -> None:
    if records.version:
        raise LineRefusal(number, "a second H1 record; one file holds one satellite")
    if len(words) < 10 or words[1].upper() != "CPF" or words[2].lstrip("0") not in ("1", "2"):
        raise LineRefusal(number, "H1 does not name CPF version 1 or 2, a source, a date, a target")
    records.version = int(words[2])
    records.provider = words[3]
    # Version 2 put a sub-daily number between the sequence number and the target.
    place = 10 if records.version == 2 else 9
    records.name = words[place] if len(words) > place else words[-1]


def _read_second_header(records: _Records, number: int, line: str) -> None:
    """Identifiers before the two dates, numbers behind them."""
    if records.has_span:
        raise LineRefusal(number, "a second H2 record; one file holds one satellite")
    span = re.search(_DATE.pattern + r" +" + _DATE.pattern, line, re.ASCII)
    if span is None:
        raise LineRefusal(number, "H2 has no start and end dates")
    rest = line[span.end() :].split()
    if len(rest) < 4:
        raise LineRefusal(number, "H2 ends before its reference frame")
    if rest[3] != "0":
        name = FRAMES.get(rest[3], "unknown")
        raise LineRefusal(number, f"reference frame {rest[3][:10]!r} ({name}) is not read; 0 is")
    identifiers = line[2 : span.start()].split()
    if len(identifiers) == 3:
        ilrs, _, norad = identifiers
    else:
        ilrs, norad = line[3:11].strip(), line[17:25].strip()
    if not (norad == "" or re.fullmatch(r"[0-9]{1,9}", norad, re.ASCII)):
        raise LineRefusal(number, f"catalogue number {norad[:20]!r} is not a number")
    records.norad_cat_id = int(norad or 0)
    records.object_id = international_designator(ilrs)
    records.has_span = True


def international_designator(ilrs_id: str) -> str:
    """`2026-001A` of the ILRS form `2600101`; empty if it is none."""
    match = re.fullmatch(r"([0-9]{2})([0-9]{3})([0-9]{2})", ilrs_id.zfill(7), re.ASCII)
    if match is None or int(match.group(3)) == 0:
        return ""
    year = int(match.group(1)) + (1900 if int(match.group(1)) >= 57 else 2000)
    # Pieces count in letters: A..Z, then AA.
    more, last = divmod(int(match.group(3)) - 1, 26)
    piece = (chr(ord("A") + more - 1) if more else "") + chr(ord("A") + last)
    return f"{year}-{match.group(2)}{piece}"


def _read_position(records: _Records, number: int, words: list[str]) -> None:
    if not records.has_span:
        raise LineRefusal(number, "a position before the H2 record")
    fields = _unglued(words)
    if len(fields) != 7:
        raise LineRefusal(number, f"a position has 7 fields after its type, not {len(fields)}")
    _refuse_direction(number, fields[0])
    records.days.append(_count(number, "day", fields[1], *_MJD))
    records.seconds.append(_real(number, "second of day", fields[2], 0.0, _DAY_S + 1.0))
    records.leaps.append(_count(number, "leap second flag", fields[3], -99, 99))
    records.positions.append([_real(number, "coordinate", word) for word in fields[4:]])
    records.lines.append(number)


def _read_velocity(records: _Records, number: int, words: list[str]) -> None:
    fields = _unglued(words)
    if len(fields) != 4:
        raise LineRefusal(number, f"a velocity has 4 fields after its type, not {len(fields)}")
    _refuse_direction(number, fields[0])
    index = len(records.positions) - 1
    if index < 0 or index in records.velocities:
        raise LineRefusal(number, "a velocity without a position of its own")
    records.velocities[index] = [_real(number, "velocity", word) for word in fields[1:]]


def _refuse_direction(number: int, flag: str) -> None:
    if flag != "0":
        name = _DIRECTIONS.get(flag, "unknown")
        raise LineRefusal(
            number, f"direction flag {flag[:10]!r} ({name}) is not read; 0 (instantaneous) is"
        )


def _unglued(words: list[str]) -> list[str]:
    """Fields, with numbers that touch taken apart."""
    return [part for word in words for part in _GLUED.split(word)]


def _real(number: int, what: str, word: str, low: float = -np.inf, high: float = np.inf) -> float:
    if not _REAL.fullmatch(word):
        raise LineRefusal(number, f"{what} {word[:40]!r} is no number")
    value = float(word.upper().replace("D", "E"))
    if not (low <= value < high and np.isfinite(value)):
        raise LineRefusal(number, f"{what} {word[:40]} is out of range")
    return value


def _count(number: int, what: str, word: str, low: int, high: int) -> int:
    if not _COUNT.fullmatch(word) or not low <= int(word) <= high:
        raise LineRefusal(number, f"{what} {word[:40]!r} is no whole number from {low} to {high}")
    return int(word)


def _table(records: _Records) -> AtomicTable:
    """All points on the atomic time line, leap second flags checked."""
    if not records.positions:
        raise LineRefusal(1, "the file has no positions")
    days, seconds = np.array(records.days, dtype=np.int64), np.array(records.seconds)
    base = records.days[0]
    for index in np.flatnonzero(seconds >= _DAY_S):
        if not is_leap_second(records.days[index], records.seconds[index]):
            raise LineRefusal(records.lines[index], "second of day is beyond the end of the day")
    atomic = atomic_seconds("UTC", days, seconds, base)
    backwards = np.flatnonzero(np.diff(atomic) <= 0.0)
    if backwards.size:
        raise LineRefusal(records.lines[int(backwards[0]) + 1], "time does not go forward")
    _refuse_leap_flags(records, base, atomic)
    positions = np.array(records.positions)
    bad = refuse_radius(positions)
    if bad is not None:
        radius_km = math.hypot(*positions[bad]) / 1e3
        raise LineRefusal(
            records.lines[bad], f"{radius_km:g} km from the Earth's centre is no satellite's place"
        )
    span = float(atomic[0]), float(atomic[-1])
    return AtomicTable(base, atomic, positions, _velocities(records), span)


def _velocities(records: _Records) -> Floats | None:
    if not records.velocities:
        return None
    if len(records.velocities) < len(records.positions):
        missing = next(i for i in range(len(records.positions)) if i not in records.velocities)
        raise LineRefusal(records.lines[missing], "this position has no velocity, others have one")
    return np.array([records.velocities[i] for i in range(len(records.positions))])


def _refuse_leap_flags(records: _Records, base: int, atomic: Floats) -> None:
    """Times are UTC; a flag that says otherwise than the IERS leaves 7 km of doubt.

    The flag is zero up to a leap second inside the file and its number of seconds afterwards.
    """
    steps = leap_offsets(base, atomic) - leap_offsets(base, atomic)[0]
    wrong = np.flatnonzero(np.array(records.leaps) != steps)
    if wrong.size:
        index = int(wrong[0])
        raise LineRefusal(
            records.lines[index],
            f"leap second flag is {records.leaps[index]}, but {steps[index]:.0f} leap seconds "
            "have passed since the first record",
        )
