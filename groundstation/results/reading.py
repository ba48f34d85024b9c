"""Results from files: counts per second as CSV, counts or totals as JSON, checked line by line.

- A count is a whole number from 0 to a limit; an empty cell or null is "not known", never 0.
- Every slot has the same length, slots ascend and do not overlap, and all lie in the pass.
- What contradicts itself (more errors than clicks, totals that are not the sum, more key than
  sifted bits) is refused with the line and the limit.
"""

import csv
import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from groundstation.instants import utc_text
from groundstation.results.document import CountsTable, ResultTable, fault_of
from groundstation.results.errors import ResultError
from groundstation.results.records import Result, Sky, SlotCounts
from groundstation.results.store import PassOnRecord

Floats = NDArray[np.float64]

COLUMNS = ("sifted", "errors", "background")
# A clock that is off, or a station that starts to count before rise.
LARGEST_MARGIN_S = 60.0
# Detectors of today are blind for at least a nanosecond after a click.
LARGEST_COUNT_HZ = 1e9
LARGEST_FILE_BYTES = 20_000_000
_HINT = "columns utc (or time_s after rise), sifted and, if known, errors and background"


def read_result(path: Path, item: PassOnRecord) -> Result:
    """The result of a pass from a file, JSON if it begins with a brace, else CSV.

    Raises
    ------
    ResultError : the first fault with its line or path, the value and the limit
    """
    try:
        content = path.read_bytes()
        text = content[: LARGEST_FILE_BYTES + 1].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"cannot be read: {error}", where=str(path)) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ResultError(
            f"{len(content)} bytes are more than {LARGEST_FILE_BYTES}", where=str(path)
        )
    if text.lstrip().startswith("{"):
        return _from_json(text, str(path), item)
    counts, lines = read_counts_csv(text, str(path), item.aos)
    places = [f"{path}:{line}" for line in lines]
    return checked(Result(item.pass_id, Sky.CLEAR, counts), item, str(path), places)


def checked(result: Result, item: PassOnRecord, where: str, places: Sequence[str] = ()) -> Result:
    """The same result with the totals that its slots make, if it is possible at all.

    Parameters
    ----------
    where : of the whole, for messages
    places : of each slot, for messages
    """
    counts = result.counts
    sifted, errors = result.sifted, result.errors
    if counts is not None:
        _check_slots(counts, item, places or [where] * counts.times_s.size)
        sifted = _total("sifted", counts.sifted, sifted, where)
        errors = _total("errors", counts.errors, errors, where)
    for name, value in (("sifted", sifted), ("errors", errors), ("key_bits", result.key_bits)):
        if value is not None and not 0 <= value <= LARGEST_COUNT_HZ * 1e5:
            raise ResultError(
                f"{name} {value} is outside 0..{LARGEST_COUNT_HZ * 1e5:g}", where=where
            )
    for name, value in (("errors", errors), ("key_bits", result.key_bits)):
        if value is not None and sifted is not None and value > sifted:
            raise ResultError(f"{name} {value} exceeds sifted {sifted}", where=where)
    if result.sky in (Sky.CLOUDED_OUT, Sky.FAILED) and (result.key_bits or 0) > 0:
        raise ResultError(
            f"{result.key_bits} key bits from a pass that was {result.sky}", where=where
        )
    if result.sky is Sky.CLEAR and sifted is None and result.key_bits is None:
        raise ResultError(
            "neither counts nor key are given",
            where=where,
            hint="give a file or totals, or say --clouded-out or --failed",
        )
    return Result(
        result.pass_id, result.sky, counts, sifted, errors, result.key_bits, result.remark
    )


def read_counts_csv(text: str, where: str, aos: datetime) -> tuple[SlotCounts, list[int]]:
    """Counts of a CSV file and the line of each slot; lines that start with '#' are comments.

    Parameters
    ----------
    aos : rise, from which `time_s` counts
    """
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    rows = list(csv.reader(line for _, line in lines))
    header = [name.strip() for name in rows[0]] if rows else []
    wanted = {"utc", "time_s"} & set(header)
    unknown = [name for name in header if name not in (*COLUMNS, "utc", "time_s")]
    if len(wanted) != 1 or "sifted" not in header or unknown or len(set(header)) != len(header):
        raise ResultError(
            f"the first line is {','.join(header)[:80] or 'missing'}", where=where, hint=_HINT
        )
    if len(rows) < 3:
        raise ResultError(
            f"{len(rows) - 1} slots are too few: two at least", where=where, hint=_HINT
        )
    times: list[float] = []
    values: dict[str, list[float]] = {name: [] for name in COLUMNS if name in header}
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        place = f"{where}:{number}"
        if len(row) != len(header):
            raise ResultError(f"{len(row)} values instead of {len(header)}", where=place)
        cells = dict(zip(header, row, strict=True))
        times.append(_time_s(cells, aos, place))
        for name, column in values.items():
            column.append(_count(name, cells[name].strip(), place))
    numbers = [number for number, _ in lines[1:]]
    times_s = np.array(times)
    slot_s = _slot_s(times_s, [f"{where}:{number}" for number in numbers])
    arrays = {name: np.array(column) for name, column in values.items()}
    return SlotCounts(aos, times_s + slot_s / 2.0, slot_s, **arrays), numbers


def _from_json(text: str, where: str, item: PassOnRecord) -> Result:
    try:
        table = ResultTable.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ResultError(f"no JSON: {error.msg}", where=f"{where}:{error.lineno}") from error
    except ValidationError as error:
        raise ResultError(fault_of(error), where=where) from error
    if table.pass_id is not None and table.pass_id != item.pass_id:
        raise ResultError(f"pass_id {table.pass_id!r} is not {item.pass_id!r}", where=where)
    counts, places = None, []
    if table.counts is not None:
        counts = _slots_of(table.counts, where)
        places = [f"{where}: counts, slot {index}" for index in range(counts.times_s.size)]
    result = Result(
        item.pass_id,
        Sky(table.sky),
        counts,
        table.sifted,
        table.errors,
        table.key_bits,
        table.remark,
    )
    return checked(result, item, where, places)


def _slots_of(table: CountsTable, where: str) -> SlotCounts:
    """Slots of a JSON object, one after the other from its start."""
    size = len(table.sifted)
    lists = {"errors": table.errors, "background": table.background}
    for name, listed in lists.items():
        if listed is not None and len(listed) != size:
            raise ResultError(
                f"counts.{name} has {len(listed)} values, counts.sifted {size}", where=where
            )

    def array(listed: list[int | None]) -> Floats:
        return np.array([math.nan if v is None else v for v in listed], dtype=np.float64)

    middles: Floats = (np.arange(size, dtype=np.float64) + 0.5) * table.slot_s
    return SlotCounts(
        table.start_utc,
        middles,
        table.slot_s,
        array(table.sifted),
        None if table.errors is None else array(table.errors),
        None if table.background is None else array(table.background),
    )


def _time_s(cells: dict[str, str], aos: datetime, place: str) -> float:
    if "utc" not in cells:
        return _number("time_s", cells["time_s"].strip(), place)
    text = cells["utc"].strip()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ResultError(
            f"utc {text!r} is no instant like 2026-06-14T20:43:05Z", where=place
        ) from error
    if instant.tzinfo is None:
        raise ResultError(f"utc {text!r} has no time zone; write Z for UTC", where=place)
    return (instant - aos).total_seconds()


def _number(name: str, text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ResultError(f"{name} {text!r} is no number", where=place) from error
    if not math.isfinite(value):
        raise ResultError(f"{name} {text!r} is not finite", where=place)
    return value


def _count(name: str, text: str, place: str) -> float:
    """A count, NaN for an empty cell."""
    if not text:
        return math.nan
    value = _number(name, text, place)
    if value != math.floor(value) or value < 0.0:
        raise ResultError(f"{name} {text} is not a whole number from 0", where=place)
    return value


def _slot_s(times_s: Floats, places: Sequence[str]) -> float:
    """Length of a slot: the shortest step, of which all others are multiples."""
    steps = np.diff(times_s)
    if np.any(steps <= 0.0):
        raise ResultError(
            "this slot does not begin after the one before",
            where=places[int(np.argmax(steps <= 0.0)) + 1],
        )
    slot_s = float(np.median(steps))
    # Instants are often written to a millisecond.
    off = np.abs(steps / slot_s - np.round(steps / slot_s)) * slot_s > 0.01 * slot_s + 1e-3
    if np.any(off | (steps < 0.5 * slot_s)):
        index = int(np.argmax(off | (steps < 0.5 * slot_s)))
        raise ResultError(
            f"this slot begins {steps[index]:g} s after the one before; "
            f"slots are {slot_s:g} s long",
            where=places[index + 1],
        )
    return slot_s


def _check_slots(counts: SlotCounts, item: PassOnRecord, places: Sequence[str]) -> None:
    margin = timedelta(seconds=LARGEST_MARGIN_S)
    for index in (0, -1):
        instant = counts.instant(index)
        if not item.aos - margin <= instant <= item.los + margin:
            raise ResultError(
                f"slot at {utc_text(instant)} is more than {LARGEST_MARGIN_S:g} s outside the "
                f"pass, {utc_text(item.aos)} to {utc_text(item.los)}",
                where=places[index],
                hint="is this the file of another pass, or local time?",
            )
    if not 1e-3 <= counts.slot_s <= 10.0:
        raise ResultError(f"slots of {counts.slot_s:g} s are outside 0.001..10 s", where=places[0])
    limit = LARGEST_COUNT_HZ * counts.slot_s
    for name in COLUMNS:
        values = getattr(counts, name)
        if values is not None and np.any(values > limit):
            index = int(np.argmax(values > limit))
            raise ResultError(
                f"{name} {values[index]:.0f} in {counts.slot_s:g} s exceeds {limit:g}",
                where=places[index],
            )
    if counts.errors is not None and np.any(counts.errors > counts.sifted):
        index = int(np.argmax(counts.errors > counts.sifted))
        raise ResultError(
            f"errors {counts.errors[index]:.0f} exceed sifted {counts.sifted[index]:.0f}",
            where=places[index],
        )


def _total(name: str, values: Floats | None, given: int | None, where: str) -> int | None:
    """The total of known slots; a total that is given as well has to be the same."""
    if values is None or not np.any(np.isfinite(values)):
        return given
    summed = int(np.nansum(values))
    if given is not None and given != summed:
        raise ResultError(f"{name} {given} is not the sum of the slots, {summed}", where=where)
    return summed
