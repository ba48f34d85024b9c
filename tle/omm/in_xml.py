"""OMM as XML: an <ndm> of <omm> elements, or one <omm>.

Read with expat itself: it tells the line of every record, keeps the records before a cut, and a
document type is refused when it begins, so that no entity is ever expanded.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from xml.parsers import expat
from xml.sax.saxutils import escape

from tle.elements import ElementFormat, ElementSet
from tle.errors import ElementsError
from tle.lines import LineFault
from tle.omm.record import (
    MEAN_ELEMENTS,
    METADATA,
    ORIGINATOR,
    TLE_PARAMETERS,
    UNKNOWN,
    VERSION,
    RawRecord,
    accept,
    fields_from_elements,
    start_of_field,
    unit_fault,
)

_ROOT = re.compile(r"<(?:\w+:)?(?:ndm|omm)\b")
_FAR = 10_000  # characters: where a root element stands that has only comments before it
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ndm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    "xsi:noNamespaceSchemaLocation="
    '"https://sanaregistry.org/r/ndmxml_unqualified/ndmxml-4.0.0-master-4.0.xsd">\n'
)


def read_xml(text: str, source: str) -> tuple[list[ElementSet], list[LineFault]]:
    """Element sets and faults of every <omm> of a document."""
    return accept(_Messages().read(text), source, ElementFormat.OMM_XML)


def write_xml(sets: Iterable[ElementSet], created: datetime) -> str:
    """A document of version 3.0; a name or designator that is not known is UNKNOWN."""
    return _HEAD + "".join(_message(elements, created) for elements in sets) + "</ndm>\n"


def is_omm(text: str) -> bool:
    """Whether a text that starts with '<' is an NDM or OMM document."""
    return _ROOT.search(text, 0, _FAR) is not None


def _message(elements: ElementSet, created: datetime) -> str:
    fields = fields_from_elements(elements)

    def block(name: str, keywords: Iterable[str], indent: str) -> str:
        lines = (f"{indent}  <{key}>{escape(fields[key] or UNKNOWN)}</{key}>\n" for key in keywords)
        return f"{indent}<{name}>\n{''.join(lines)}{indent}</{name}>\n"

    return (
        f'  <omm id="CCSDS_OMM_VERS" version="{VERSION}">\n'
        "    <header>\n"
        f"      <CREATION_DATE>{created:%Y-%m-%dT%H:%M:%S}</CREATION_DATE>\n"
        f"      <ORIGINATOR>{ORIGINATOR}</ORIGINATOR>\n"
        "    </header>\n"
        "    <body>\n      <segment>\n"
        + block("metadata", METADATA, " " * 8)
        + "        <data>\n"
        + block("meanElements", MEAN_ELEMENTS, " " * 10)
        + block("tleParameters", TLE_PARAMETERS, " " * 10)
        + "        </data>\n      </segment>\n    </body>\n  </omm>\n"
    )


class _Messages:
    """Handlers of one parser run; each <omm> becomes a record."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._records: list[RawRecord] = []
        self._fields: dict[str, str] | None = None
        self._text: list[str] = []
        self._line, self._fault = 1, ""

    def read(self, text: str) -> list[RawRecord]:
        """All records; a document that breaks off ends with a record that says where."""
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            reason = f"is not XML or is cut: {expat.ErrorString(error.code)}"
            self._records.append(RawRecord(error.lineno, self._fields or {}, reason))
        except ElementsError as error:
            line = self._parser.CurrentLineNumber
            self._records.append(RawRecord(line, fault=str(error)))
        return self._records

    def _doctype(self, name: str, *_: object) -> None:
        raise ElementsError(f"a document type ({name[:24]}) is refused: it can define entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        tag = name.rpartition(":")[2]
        if tag == "omm":
            self._fields, self._fault = {}, ""
            self._line = self._parser.CurrentLineNumber
            self._note(
                start_of_field(self._fields, "CCSDS_OMM_VERS", attributes.get("version", ""))
            )
        elif "units" in attributes:
            self._note(unit_fault(tag, attributes["units"]))

    def _characters(self, text: str) -> None:
        if self._fields is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if self._fields is None:
            return
        if tag == "omm":
            self._records.append(RawRecord(self._line, self._fields, self._fault))
            self._fields = None
        else:
            self._note(start_of_field(self._fields, tag, "".join(self._text)))
        self._text.clear()

    def _note(self, fault: str) -> None:
        """Keep the first fault of a record with its line."""
        if fault and not self._fault:
            self._fault, self._line = fault, self._parser.CurrentLineNumber
