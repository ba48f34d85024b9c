"""Rows as delimited text."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def delimited(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Rows with a heading line; None becomes an empty field; no rows give an empty text."""
    if not rows:
        return ""
    lines = [list(rows[0].keys())]
    lines += [["" if value is None else value for value in row.values()] for row in rows]
    return "".join(_line(values, delimiter) for values in lines)


def _line(values: Sequence[Any], delimiter: str) -> str:
    """One line, ended by a line feed.

    csv quotes the signs of the line end it is given, and a lone carriage return must be quoted.
    """
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"
