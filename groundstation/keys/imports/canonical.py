"""JSON with exactly one way to write a document (RFC 8785, JSON Canonicalization Scheme).

What is authenticated must be the same bytes for every program that writes or reads it. Names are
sorted, nothing is spaced, numbers are written as ECMAScript does. Whole numbers beyond 2^53, which
other languages cannot hold, are refused.
"""

import json
import math
from typing import Any

from groundstation.keys.imports.errors import KeyImportError

_LARGEST_WHOLE = 2**53


def canonical_json(value: Any) -> bytes:
    """A document of dicts, lists, text, numbers, booleans and None as canonical UTF-8."""
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        # RFC 8785 sorts by UTF-16 code units.
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        raise KeyImportError(f"{value} is beyond 2^53, which JSON cannot carry everywhere")
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Number::toString of ECMAScript 2019 (section 7.1.12.1), which RFC 8785 prescribes."""
    if not math.isfinite(value):
        raise KeyImportError(f"{value} is no number in JSON")
    if value == 0.0:
        return "0"
    sign = "-" if value < 0.0 else ""
    # repr gives the shortest digits that read back as the same double, as ECMAScript wants.
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """0.DIGITS times ten to the power `point`."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
