"""What the readers of weather share: strict JSON, text, numbers, instants."""

import csv
import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

from groundstation.weather.errors import WeatherError

_SHOWN = 60


def refuse(place: str, where: str, reason: str) -> NoReturn:
    """Refuse a document: `where` is a line, column or key in it, or empty."""
    raise WeatherError(reason, where=f"{place}: {where}" if where else place)


def text_of(body: bytes, place: str) -> str:
    """The text of a document in UTF-8."""
    if not body.strip():
        refuse(place, "", "the document is empty")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(place, f"byte {error.start}", "is not text in UTF-8")


def csv_rows(body: bytes, place: str) -> list[list[str]]:
    """The rows of a table with commas, at least one; rows without a cell stay as empty lists."""
    reader = csv.reader(io.StringIO(text_of(body, place)), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        refuse(place, f"line {reader.line_num}", f"is not CSV: {error}")


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say of a record that cannot be made which document it was read from."""
    try:
        yield
    except WeatherError as error:
        raise WeatherError(str(error), where=place) from error


def json_object(body: bytes, place: str) -> dict[str, Any]:
    """A JSON document that is an object; keys that occur twice, NaN and Infinity are refused."""
    text = text_of(body, place)
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        if text.lstrip()[:1] == "<":
            refuse(place, "", f"is a web page, not JSON: {shown(text)!r}")
        refuse(place, at, f"is not JSON: {error.msg.lower()}")
    except (ValueError, RecursionError) as error:
        refuse(place, "", f"is not JSON: {error}")
    if not isinstance(document, dict):
        refuse(place, "", f"holds a {type(document).__name__}, not one object")
    return document


def number(value: object, place: str, where: str) -> float:
    """A JSON value that is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(place, where, f"{shown(repr(value))} is not a number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        refuse(place, where, f"{shown(repr(value))} is not a number")
    return result


def decimal(text: str, place: str, where: str) -> float:
    """A finite number from its text; the forms that only Python knows are refused."""
    try:
        result = float(text)
    except ValueError:
        result = math.nan
    if not math.isfinite(result) or "_" in text or not text.isascii():
        refuse(place, where, f"{shown(text)!r} is not a number")
    return result


def utc_time(text: str, place: str, where: str) -> datetime:
    """An ISO 8601 instant that names UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        refuse(place, where, f"{shown(text)!r} is not an instant like 2026-06-14T21:00Z")
    if instant.tzinfo is None:
        refuse(place, where, f"{shown(text)!r} names no time zone")
    return instant.astimezone(UTC)


def shown(text: str) -> str:
    """The start of a foreign text on one line."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:2_000]).split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {shown(twice)!r} occurs twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
