"""Counts that cannot be, refused by name: negative ones, NaN, more errors than detections."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from passes.errors import KeyLengthError

_ROUNDING = 1e-9
# Above it doubles no longer hold every whole number.
_LARGEST_COUNT = 1e15

Counts = Sequence[float] | NDArray[np.float64]


def check_detections(name: str, values: Counts, length: int, per: str) -> None:
    """Refuse counts that are not `length` finite numbers in 0..1e15; `per` says one per what."""
    if len(values) != length:
        raise KeyLengthError(f"{name} has {len(values)} values, not one per {per} ({length})")
    for index, value in enumerate(values):
        if not 0.0 <= value <= _LARGEST_COUNT:
            raise KeyLengthError(
                f"{name}[{index}] = {value:g} is not a count in 0..{_LARGEST_COUNT:g}"
            )


def check_errors(name: str, errors: Counts, detections: Counts) -> None:
    """Refuse more errors than detections; equality is meant up to rounding of expected counts."""
    check_detections(name, errors, len(detections), "count of detections")
    for index, (wrong, total) in enumerate(zip(errors, detections, strict=True)):
        if wrong > total * (1.0 + _ROUNDING):
            raise KeyLengthError(f"{name}[{index}] = {wrong:g} exceeds its {total:g} detections")
