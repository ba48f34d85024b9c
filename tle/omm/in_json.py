"""OMM as a JSON array of objects, the dialects of CelesTrak (numbers) and Space-Track (strings)."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tle.elements import ElementFormat, ElementSet
from tle.lines import LineFault
from tle.omm.record import COUNTS, NUMBERS, RawRecord, accept, fields_from_elements, start_of_field

_SPACE = re.compile(r"[ \t\n\r]*")
_AS_NUMBER = {keyword for keyword, *_ in (*NUMBERS, *COUNTS)} | {"EPHEMERIS_TYPE"}


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with the keys that it repeats."""


# Numbers stay text: their digits are kept, and NaN or 1e999 meet the limits of their keyword.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=str
)


def read_json(text: str, source: str) -> tuple[list[ElementSet], list[LineFault]]:
    """Element sets and faults of an array of objects, or of one object."""
    return accept(_raw_records(text), source, ElementFormat.OMM_JSON)


def write_json(sets: Iterable[ElementSet]) -> str:
    """An array with one object per line; numbers as JSON numbers with their published digits."""
    lines = []
    for elements in sets:
        pairs = (
            f"{json.dumps(key)}: {text if key in _AS_NUMBER else json.dumps(text)}"
            for key, text in fields_from_elements(elements).items()
        )
        lines.append("{" + ", ".join(pairs) + "}")
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _raw_records(text: str) -> Iterator[RawRecord]:
    """Walk an array element by element, so that what precedes a cut is kept."""
    position = _after_space(text, 0)
    is_array = text.startswith("[", position)
    if is_array:
        position = _after_space(text, position + 1)
        if text.startswith("]", position):
            return
    line, counted = 1, 0
    while True:
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield RawRecord(line, fault=f"is not JSON or is cut: {reason}")
            return
        yield _raw_record(line, value)
        position = _after_space(text, end)
        if is_array and text.startswith(",", position):
            position = _after_space(text, position + 1)
            continue
        yield from _end_of_file(text, position, is_array=is_array)
        return


def _end_of_file(text: str, position: int, *, is_array: bool) -> Iterator[RawRecord]:
    """A fault where the array is not closed, or where something follows it."""
    line = text.count("\n", 0, position) + 1
    if is_array and not text.startswith("]", position):
        yield RawRecord(line, fault="the array is not closed after the record before: a cut file")
    elif rest := text[position + is_array :].strip():
        yield RawRecord(line, fault=f"{rest[:24]!r} follows the end of the array")


def _raw_record(line: int, value: Any) -> RawRecord:
    if not isinstance(value, _Pairs):
        return RawRecord(line, fault="is not an object of keywords")
    fields: dict[str, str] = {}
    faults: list[str] = []
    for key, item in value:
        is_text = item is None or isinstance(item, str)
        faults.append(start_of_field(fields, key, item or "" if is_text else "?"))
        if not is_text and key in fields:
            faults.append(f"{key} is neither text nor a number")
    if not fields:
        keys = [key[:24] for key, _ in value[:4]]
        faults.append(f"no keyword of an OMM, only {keys}")
    return RawRecord(line, fields, next((fault for fault in faults if fault), ""))


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
