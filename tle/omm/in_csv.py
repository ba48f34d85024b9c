"""OMM as comma-separated rows under a line of keywords."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator

from tle.elements import ElementFormat, ElementSet
from tle.lines import LineFault
from tle.omm.record import KEYWORDS, READ, RawRecord, accept, fields_from_elements


def read_csv(text: str, source: str) -> tuple[list[ElementSet], list[LineFault]]:
    """Element sets and faults of a CSV file; columns that are no OMM keyword are ignored."""
    return accept(_raw_records(text), source, ElementFormat.OMM_CSV)


def write_csv(sets: Iterable[ElementSet]) -> str:
    """A header and one row per set, with the published digits of every number."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, KEYWORDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(fields_from_elements(elements) for elements in sets)
    return stream.getvalue()


def is_header(line: str) -> bool:
    """Whether a line names at least two keywords of an OMM.

    >>> is_header("OBJECT_NAME,OBJECT_ID,EPOCH"), is_header("No GP data found, try later")
    (True, False)
    """
    return len({cell.strip().strip('"') for cell in line.split(",")} & set(KEYWORDS)) >= 2


def _raw_records(text: str) -> Iterator[RawRecord]:
    """One record per line: no field of an OMM has a line break, so a lost quote costs one row."""
    header: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error as error:
            yield RawRecord(number, fault=f"is not a row of CSV: {error}")
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            twice = [name for name, n in Counter(header).items() if n > 1 and name in READ]
            if twice:
                yield RawRecord(number, fault=f"the column {twice[0]} is given twice")
                return
        else:
            pairs = zip(header, cells, strict=False)
            fields = {key: text for key, text in pairs if key in READ}
            is_whole = len(cells) == len(header)
            fault = "" if is_whole else f"has {len(cells)} columns, the header {len(header)}"
            yield RawRecord(number, fields, fault)
