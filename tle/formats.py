"""Which format a text of element sets is in; reading and writing all of them."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from tle.elements import ElementFormat, ElementSet
from tle.lines import LineFault, lines_of, no_element_set, read_lines
from tle.omm.in_csv import is_header, read_csv, write_csv
from tle.omm.in_json import read_json, write_json
from tle.omm.in_kvn import is_kvn, read_kvn, write_kvn
from tle.omm.in_xml import is_omm, read_xml, write_xml

_LINE_1 = re.compile(r"1 [0-9A-Z ][0-9 ]{4}[A-Z ] ")
_READERS = {
    ElementFormat.TLE: read_lines,
    ElementFormat.OMM_JSON: read_json,
    ElementFormat.OMM_CSV: read_csv,
    ElementFormat.OMM_KVN: read_kvn,
    ElementFormat.OMM_XML: read_xml,
}


def read_elements(
    content: str | bytes, source: str = "elements"
) -> tuple[list[ElementSet], list[LineFault]]:
    """Read element sets in whatever format they are; no input raises.

    Parameters
    ----------
    content : the whole file; bytes are UTF-8, with or without a byte order mark
    source : file name for messages and for `ElementSet.source`

    Returns
    -------
    elements, faults : accepted sets in order; every refused record with its line and reason. A
        text without any record, such as the error page of a provider, is one fault.
    """
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    form = format_of(text)
    if form is None:
        return [], [no_element_set(text, source)]
    elements, faults = _READERS[form](text, source)
    return elements, faults if elements or faults else [no_element_set(text, source)]


def format_of(text: str) -> ElementFormat | None:
    """The format of a text by how it begins; None for XML that is no OMM, such as HTML.

    A line 1 among the first two lines decides, since a satellite may be named "{" or "A=B". What
    resembles no other format is taken for two-line sets, whose reader says what it found.
    """
    start = text.lstrip()
    if any(_LINE_1.match(line) for line in _first_lines(start, 2)):
        return ElementFormat.TLE
    first = start.partition("\n")[0]
    if start.startswith("<"):
        return ElementFormat.OMM_XML if is_omm(start) else None
    if start.startswith(("[", "{")):
        return ElementFormat.OMM_JSON
    if is_header(first):
        return ElementFormat.OMM_CSV
    return ElementFormat.OMM_KVN if is_kvn(start) else ElementFormat.TLE


def _first_lines(text: str, count: int) -> Iterator[str]:
    """The first lines that are neither blank nor a comment of a TLE file."""
    lines = (match[0] for match in re.finditer(r"[^\n]+", text))
    return islice((line for line in lines if line.strip() and not line.startswith("#")), count)


def write_elements(sets: Iterable[ElementSet], form: ElementFormat, created: datetime) -> str:
    """Element sets as text of one format, every number with the digits it was published with.

    Parameters
    ----------
    created : aware UTC instant for CREATION_DATE, which KVN and XML require

    Raises
    ------
    ElementsError
        a TLE cannot hold a value
    """
    if form is ElementFormat.OMM_JSON:
        return write_json(sets)
    if form is ElementFormat.OMM_CSV:
        return write_csv(sets)
    if form is ElementFormat.OMM_KVN:
        return write_kvn(sets, created)
    if form is ElementFormat.OMM_XML:
        return write_xml(sets, created)
    return "".join(_three_lines(elements) for elements in sets)


def _three_lines(elements: ElementSet) -> str:
    """The lines under their name; a name that looks like a line is marked as one by '0 '."""
    mark = "0 " if elements.name.startswith(("0 ", "1 ", "2 ", "#")) else ""
    name = f"{mark}{elements.name}\n" if elements.name else ""
    return name + "".join(f"{line}\n" for line in lines_of(elements))
