"""OMM as lines `KEYWORD = value`, one message after the other."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from tle.elements import ElementFormat, ElementSet
from tle.lines import LineFault
from tle.omm.record import (
    MEAN_ELEMENTS,
    METADATA,
    ORIGINATOR,
    TLE_PARAMETERS,
    UNITS,
    UNKNOWN,
    VERSION,
    RawRecord,
    accept,
    fields_from_elements,
    start_of_field,
    unit_fault,
)

FIRST_KEYWORD = "CCSDS_OMM_VERS"
_LINE = re.compile(r"([A-Z][A-Z0-9_]*)\s*=\s*(.*)")
_WIDTH = max(len(keyword) for keyword in (*METADATA, *MEAN_ELEMENTS, *TLE_PARAMETERS))


def read_kvn(text: str, source: str) -> tuple[list[ElementSet], list[LineFault]]:
    """Element sets and faults of one or more messages, each from its CCSDS_OMM_VERS on."""
    return accept(_raw_records(text), source, ElementFormat.OMM_KVN)


def write_kvn(sets: Iterable[ElementSet], created: datetime) -> str:
    """Messages of version 3.0; a name or designator that is not known is UNKNOWN."""
    return "\n".join(_message(elements, created) for elements in sets)


def is_kvn(text: str) -> bool:
    """Whether the first line that is no comment is `KEYWORD = value`."""
    lines = (match[0].strip() for match in re.finditer(r"[^\n]+", text))
    first = next((line for line in lines if line and not line.startswith("COMMENT")), "")
    return _LINE.fullmatch(first) is not None


def _message(elements: ElementSet, created: datetime) -> str:
    fields = fields_from_elements(elements)
    header = {
        FIRST_KEYWORD: VERSION,
        "CREATION_DATE": f"{created:%Y-%m-%dT%H:%M:%S}",
        "ORIGINATOR": ORIGINATOR,
    }
    blocks = [
        header.items(),
        *(
            [(key, fields[key] or UNKNOWN) for key in keys]
            for keys in (METADATA, MEAN_ELEMENTS, TLE_PARAMETERS)
        ),
    ]
    return "\n".join("".join(f"{k:<{_WIDTH}} = {v}\n" for k, v in block) for block in blocks)


def _raw_records(text: str) -> Iterator[RawRecord]:
    fields: dict[str, str] = {}
    start, fault_line, fault = 0, 0, ""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or re.match(r"COMMENT\b", line):
            continue
        if start and re.match(rf"{FIRST_KEYWORD}\b", line):
            yield RawRecord(fault_line or start, fields, fault)
            fields, start, fault_line, fault = {}, 0, 0, ""
        start = start or number
        found = _enter(fields, line)
        if found and not fault:
            fault_line, fault = number, found
    if start:
        yield RawRecord(fault_line or start, fields, fault)


def _enter(fields: dict[str, str], line: str) -> str:
    """Enter one line; why it is refused, or ""."""
    match = _LINE.fullmatch(line)
    if match is None:
        return f"{line[:40]!r} is not KEYWORD = value"
    keyword, value = match[1], match[2]
    if keyword in UNITS and value.endswith("]"):
        value, _, unit = value[:-1].rpartition("[")
        fault = unit_fault(keyword, unit)
        if fault:
            return fault
    return start_of_field(fields, keyword, value)
