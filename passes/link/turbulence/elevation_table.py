"""A positive quantity tabulated against elevation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError
from passes.link.turbulence.profile import LOWEST_ELEVATION_DEG, layer_secant

Floats = NDArray[np.float64]

_STEPS = 86


@dataclass(frozen=True, slots=True, eq=False)
class ElevationTable:
    """Logarithm of a quantity against that of sec z, from zenith down to 5 deg, shape (86,).

    What turbulence does depends on elevation nearly as a power of sec z, so that straight lines
    between the rows err by less than 1e-4. An evaluation costs 0.1 us a sample where the sum over
    the layers costs 3 us or more.
    """

    log_secant: Floats
    log_value: Floats

    def at(self, elevation_rad: ArrayLike) -> Floats:
        """Value at elevations within 5..90 deg, any shape."""
        log_secant = np.log(layer_secant(elevation_rad))
        return np.asarray(np.exp(np.interp(log_secant, self.log_secant, self.log_value)))


def tabulate(quantity: Callable[[Floats], Floats]) -> ElevationTable:
    """Tabulate a function of the elevation [rad], shape (n,) to (n,), that is positive."""
    # Even steps in log sec z; the last row is set because exp(log) need not meet the limit.
    lowest_rad = np.radians(LOWEST_ELEVATION_DEG)
    log_secant = np.linspace(0.0, float(np.log(layer_secant(lowest_rad))), _STEPS)
    elevation_rad = np.arcsin(np.exp(-log_secant))
    elevation_rad[-1] = lowest_rad
    value = np.asarray(quantity(elevation_rad), dtype=np.float64)
    if value.shape != log_secant.shape or not np.all((value > 0.0) & (value < np.inf)):
        raise LinkError("a quantity tabulated against elevation must be positive everywhere")
    return ElevationTable(log_secant, np.log(value))
