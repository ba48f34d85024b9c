"""Rows as delimited text."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def delimited(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Rows with a heading line; None becomes an empty field; no rows give an empty text."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows[0].keys())
    for row in rows:
        writer.writerow(["" if value is None else value for value in row.values()])
    return text.getvalue()
