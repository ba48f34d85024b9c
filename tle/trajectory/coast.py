"""A satellite's way beyond the ends of its file, to let a search close its last passes."""

import numpy as np
from numpy.typing import NDArray

from tle.frames import EARTH_RATE_RAD_S

Floats = NDArray[np.float64]

# EGM96 as in WGS 84 (NIMA TR8350.2, third edition, 2000): GM [m^3/s^2], radius [m], J2.
GM_M3_S2 = 3.986004418e14
EARTH_RADIUS_M = 6_378_137.0
J2 = 1.08262668e-3
_STEPS_PER_NODE = 16


def coast(position_m: Floats, velocity_m_s: Floats, step_s: float, count: int) -> Floats:
    """Positions at equal steps after (or, for a negative step, before) a state.

    The force is that of an oblate Earth. What it leaves out, up to 1e-4 m/s^2 at LEO, bends the
    path by 3 m at the first node of 240 s. Such a kink at the end of a file moves an interpolated
    position inside the file by less than 0.2 m; nothing outside is ever reported.

    Parameters
    ----------
    position_m, velocity_m_s : Earth-fixed state, shapes (3,)
    step_s : spacing of the positions, at most a 20th of a revolution
    count : how many

    Returns
    -------
    Earth-fixed positions, shape (count, 3), the first one step away from the state
    """
    state = np.concatenate([position_m, velocity_m_s])
    h = step_s / _STEPS_PER_NODE
    path = np.empty((count, 3))
    for node in range(count):
        for _ in range(_STEPS_PER_NODE):
            k1 = _rate(state)
            k2 = _rate(state + 0.5 * h * k1)
            k3 = _rate(state + 0.5 * h * k2)
            k4 = _rate(state + h * k3)
            state = state + (h / 6.0) * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        path[node] = state[:3]
    return path


def _rate(state: Floats) -> Floats:
    """Velocity and acceleration in axes that turn with the Earth."""
    x, y, z, vx, vy, vz = state
    r2 = x * x + y * y + z * z
    pull = -GM_M3_S2 / (r2 * np.sqrt(r2))
    oblate = 1.5 * J2 * EARTH_RADIUS_M**2 / r2
    polar = 5.0 * z * z / r2
    w = EARTH_RATE_RAD_S
    return np.array(
        [
            vx,
            vy,
            vz,
            pull * x * (1.0 + oblate * (1.0 - polar)) + w * w * x + 2.0 * w * vy,
            pull * y * (1.0 + oblate * (1.0 - polar)) + w * w * y - 2.0 * w * vx,
            pull * z * (1.0 + oblate * (3.0 - polar)),
        ]
    )
