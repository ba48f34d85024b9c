"""A document as the bytes of a PDF.

Typst sets it from a template that reads the document as data. All fonts are embedded; figures stay
drawings. Nothing is fetched: the template uses no package.
"""

import json
from datetime import UTC, datetime
from importlib import resources

from groundstation.errors import GroundStationError
from groundstation.report.pdf.document import Document, plain

TEMPLATE = "templates/report.typ"


class PdfError(GroundStationError):
    """A PDF that cannot be set."""


def typeset(document: Document, created: datetime | None = None) -> bytes:
    """The bytes of a PDF; the same document gives the same bytes on one machine.

    Text is set in a font of the machine where it has one of those named in the template, else in
    the one that comes with Typst.

    Parameters
    ----------
    created : what the file says of its making; without, the first instant of 1970

    Raises
    ------
    PdfError
        Typst is not installed, or refuses the document
    """
    try:
        import typst  # noqa: PLC0415  34 MB that only this needs
    except ImportError as error:
        raise PdfError(
            "a PDF needs Typst, which is not installed", hint="pip install 'qkd-groundstation[pdf]'"
        ) from error
    template = resources.files("groundstation.report").joinpath(TEMPLATE).read_bytes()
    data = json.dumps(plain(document), allow_nan=False, ensure_ascii=False)
    made = datetime(1970, 1, 1, tzinfo=UTC) if created is None else created
    try:
        pdf = typst.compile(template, sys_inputs={"document": data}, format="pdf", timestamp=made)
    except typst.TypstError as error:
        raise PdfError(f"the PDF cannot be set: {error}") from error
    return bytes(pdf)
