"""Records as bytes that come out the same for the same record, and back.

The rules it keeps:

1. Same record, same bytes, so that a digest of them identifies it: floats and arrays are written
   exactly, mappings in their order, sets sorted.
2. Only records and enumerations of this distribution are made again; no code runs because a file
   says so.
3. A file of another layout, or of records that have changed since, is refused: what it held is
   computed again.

Layout: MAGIC, eight bytes with the length of the head (big endian), the head as JSON, then the
arrays one after the other.
"""

import enum
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundstation.errors import StateError

MAGIC = b"groundstation record 1\n"

_PACKAGES = ("groundstation.", "passes.", "tle.")
_LENGTH = 8

Array = NDArray[Any]


def encode(value: Any) -> bytes:
    """A record, or anything made of records, tuples, mappings, arrays, instants and numbers.

    Raises
    ------
    TypeError
        the value holds something of another kind
    """
    arrays: list[Array] = []
    tree = _plain(value, arrays)
    shapes = [[array.dtype.str, list(array.shape)] for array in arrays]
    head = json.dumps({"value": tree, "arrays": shapes}, separators=(",", ":")).encode()
    parts = [MAGIC, len(head).to_bytes(_LENGTH, "big"), head, *(a.tobytes() for a in arrays)]
    return b"".join(parts)


def decode(data: bytes) -> Any:
    """What `encode` was given; arrays are read-only.

    Raises
    ------
    StateError
        the bytes are of another layout, or of records that no longer exist
    """
    if not data.startswith(MAGIC):
        raise StateError("a kept record cannot be read: it is no record file")
    try:
        start = len(MAGIC) + _LENGTH
        length = int.from_bytes(data[len(MAGIC) : start], "big")
        head = json.loads(data[start : start + length])
        arrays, at = [], start + length
        for kind, shape in head["arrays"]:
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(data, np.dtype(kind), count, at).reshape(shape)
            arrays.append(array)
            at += array.nbytes
        return _record(head["value"], arrays)
    except (ValueError, TypeError, LookupError, AttributeError, ImportError) as error:
        raise StateError(f"a kept record cannot be read: {error}") from error


def _plain(value: Any, arrays: list[Array]) -> Any:  # noqa: PLR0911  one line per kind
    """A value as JSON with marks: a list of one mark and its content stands for the rest."""
    if isinstance(value, enum.Enum):
        return ["e", _name_of(type(value)), value.value]
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value))
        return ["a", len(arrays) - 1]
    if is_dataclass(value) and not isinstance(value, type):
        content = [_plain(getattr(value, f.name), arrays) for f in fields(value) if f.init]
        return ["r", _name_of(type(value)), content]
    if isinstance(value, tuple | list):
        return ["t" if isinstance(value, tuple) else "l", [_plain(v, arrays) for v in value]]
    if isinstance(value, frozenset):
        return ["s", [_plain(item, arrays) for item in sorted(value)]]
    if isinstance(value, Mapping):
        return ["m", [[_plain(k, arrays), _plain(v, arrays)] for k, v in value.items()]]
    for kind, mark, write in _SCALARS:
        if isinstance(value, kind):
            return [mark, write(value)]
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _record(tree: Any, arrays: list[Array]) -> Any:  # noqa: PLR0911  one line per mark
    if not isinstance(tree, list):
        return tree
    mark, content = tree[0], tree[-1]
    if mark == "a":
        return arrays[content]
    if mark == "r":
        made = _class_of(tree[1])
        names = [f.name for f in fields(made) if f.init]
        values = [_record(item, arrays) for item in content]
        return made(**dict(zip(names, values, strict=True)))
    if mark == "e":
        return _class_of(tree[1])(content)
    if mark == "m":
        return {_record(k, arrays): _record(v, arrays) for k, v in content}
    if mark in {"t", "l", "s"}:
        items = [_record(item, arrays) for item in content]
        return items if mark == "l" else tuple(items) if mark == "t" else frozenset(items)
    return _READERS[mark](content)


def _name_of(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class_of(name: str) -> Any:
    """The record or enumeration of that name, if it is one of ours."""
    module, _, kind = name.partition(":")
    if not module.startswith(_PACKAGES):
        raise ValueError(f"{name} is no record of this program")
    found = getattr(importlib.import_module(module), kind)
    if not (isinstance(found, type) and (is_dataclass(found) or issubclass(found, enum.Enum))):
        raise ValueError(f"{name} is no record")
    return found


_SCALARS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (datetime, "d", datetime.isoformat),
    (time, "o", time.isoformat),
    (timedelta, "u", lambda span: [span.days, span.seconds, span.microseconds]),
    (bytes, "b", bytes.hex),
    (np.generic, "n", lambda scalar: scalar.item()),
)
_READERS: dict[str, Callable[[Any], Any]] = {
    "d": datetime.fromisoformat,
    "o": time.fromisoformat,
    "u": lambda parts: timedelta(*parts),
    "b": bytes.fromhex,
    "n": lambda scalar: scalar,
}
