"""What a telescope mount can follow of a pass: rates, acceleration, keyhole, azimuth wrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.arc import Arc
from passes.windows import Windows

Floats = NDArray[np.float64]

_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class MountLimits:
    """Limits of an altitude-azimuth mount; None where there is none.

    Parameters
    ----------
    max_azimuth_rate_rad_s, max_elevation_rate_rad_s : fastest motion of each axis
    max_azimuth_acceleration_rad_s2 : strongest change of the azimuth rate
    max_elevation_rad : highest elevation the mount tracks
    azimuth_range_rad : first and last azimuth that the cables allow, North 0, East positive; a
        mount from -270 to 270 degrees reaches every direction but cannot turn for ever
    """

    max_azimuth_rate_rad_s: float | None = None
    max_elevation_rate_rad_s: float | None = None
    max_azimuth_acceleration_rad_s2: float | None = None
    max_elevation_rad: float | None = None
    azimuth_range_rad: tuple[float, float] | None = None


def followable(arc: Arc, limits: MountLimits) -> Windows:
    """Spans of a pass in which the mount can follow.

    Near the zenith an altitude-azimuth mount has to turn faster than it can: for an angular speed
    of 0.9 degrees a second and 5 degrees a second of azimuth rate, within 10 degrees of the zenith
    (sec(elevation) times the speed across). A pass that leaves the azimuth range of the cables is
    followed on the turn that keeps most of it.

    Edges are interpolated between seconds; the acceleration comes from differences over 2 s.
    """
    times = np.unique(np.append(np.arange(arc.aos_s, arc.los_s, _STEP_S), arc.los_s))
    look = arc.look(times)
    windows = Windows.of([(arc.aos_s, arc.los_s)])
    if len(times) < 3:
        return windows
    acceleration = np.gradient(look.azimuth_rate_rad_s, times)
    for values, limit in (
        (np.abs(look.azimuth_rate_rad_s), limits.max_azimuth_rate_rad_s),
        (np.abs(look.elevation_rate_rad_s), limits.max_elevation_rate_rad_s),
        (np.abs(acceleration), limits.max_azimuth_acceleration_rad_s2),
        (look.elevation_rad, limits.max_elevation_rad),
    ):
        if limit is not None:
            windows = windows & Windows.below(times, values, limit)
    if limits.azimuth_range_rad is not None:
        windows = windows & _within_cables(times, look.azimuth_rad, limits.azimuth_range_rad)
    return windows


def _within_cables(times: Floats, azimuth: Floats, allowed: tuple[float, float]) -> Windows:
    """Spans inside the azimuth range on the turn that keeps the most seconds."""
    unwrapped = np.unwrap(azimuth)
    middle, half = 0.5 * (allowed[0] + allowed[1]), 0.5 * (allowed[1] - allowed[0])
    nearest = np.round((middle - unwrapped.mean()) / (2.0 * np.pi))
    turns = [
        Windows.below(times, np.abs(unwrapped + 2.0 * np.pi * (nearest + k) - middle), half)
        for k in (-1, 0, 1)
    ]
    # Of equal turns the one nearest to the middle of the range: more cable is left on both sides.
    return max(turns, key=lambda windows: (round(windows.duration_s, 3), windows is turns[1]))
