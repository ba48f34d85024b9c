"""Refusal of arguments outside the range for which a sky model holds."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]


def within(
    name: str, values: ArrayLike, low: float, high: float, unit: str = "", scale: float = 1.0
) -> Floats:
    """Return the values as an array if all lie in [low, high].

    Parameters
    ----------
    name : what the values are, for the message
    values : any shape, in the unit of the program
    low, high : limits in the unit of the message
    unit, scale : unit of the message and how many of it make one unit of the program

    Raises
    ------
    LinkError
        A value is outside or not a number; the message names the first one with the limits.
    """
    array = np.asarray(values, dtype=np.float64)
    shown = scale * array
    # A decimal limit and its product with a scale differ by rounding: 1e9 * 400e-9 is not 400.
    outside = ~((shown >= low - 1e-9 * abs(low)) & (shown <= high + 1e-9 * abs(high)))
    if np.any(outside):
        after = f" {unit}" if unit else ""
        raise LinkError(
            f"{name} {shown[outside].flat[0]:g}{after} is outside {low:g}..{high:g}{after}"
        )
    return array
