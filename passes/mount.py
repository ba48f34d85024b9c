"""What a telescope mount can follow of a pass: rates, acceleration, keyhole, azimuth wrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.arc import Arc, Look
from passes.errors import GeometryError
from passes.windows import Windows

Floats = NDArray[np.float64]

_STEP_S, _FINE_S, _NEAR_S = 0.25, 0.01, 20.0


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

    def __post_init__(self) -> None:
        limits = (
            self.max_azimuth_rate_rad_s,
            self.max_elevation_rate_rad_s,
            self.max_azimuth_acceleration_rad_s2,
            self.max_elevation_rad,
        )
        if any(limit is not None and limit <= 0.0 for limit in limits):
            raise GeometryError("a limit of a mount is not above 0")
        if self.azimuth_range_rad is not None:
            first, last = np.degrees(self.azimuth_range_rad)
            if last <= first:
                raise GeometryError(f"azimuth range {first:g}..{last:g} degrees does not ascend")


def followable(arc: Arc, limits: MountLimits) -> Windows:
    """Spans of a pass in which the mount can follow.

    Near the zenith an altitude-azimuth mount has to turn faster than it can (the azimuth rate is
    the angular speed across over the cosine of the elevation). It loses more than those seconds:
    it leaves the satellite some time before, turns as fast as it can, and meets it again when it
    has caught up. The keyhole is the shortest such span.

    A pass that leaves the azimuth range of the cables is followed on the turn that keeps most of
    it. Edges are good to 0.1 s.
    """
    times = _sample_times(arc)
    look = arc.look(times)
    azimuth = np.unwrap(look.azimuth_rad)
    windows = Windows.of([(arc.aos_s, arc.los_s)]) - _keyholes(times, azimuth, look, limits)
    for values, limit in (
        (np.abs(look.elevation_rate_rad_s), limits.max_elevation_rate_rad_s),
        (look.elevation_rad, limits.max_elevation_rad),
    ):
        if limit is not None:
            windows = windows & Windows.below(times, values, limit)
    if limits.azimuth_range_rad is not None:
        windows = windows & _within_cables(times, azimuth, limits.azimuth_range_rad)
    return windows


def _sample_times(arc: Arc) -> Floats:
    """Seconds of a pass, and hundredths around the culmination, where azimuth may leap."""
    near = np.arange(arc.tca_s - _NEAR_S, arc.tca_s + _NEAR_S, _FINE_S)
    times = np.concatenate([np.arange(arc.aos_s, arc.los_s, _STEP_S), near, [arc.los_s]])
    return np.unique(times[(times >= arc.aos_s) & (times <= arc.los_s)])


def _keyholes(times: Floats, azimuth: Floats, look: Look, limits: MountLimits) -> Windows:
    """Spans in which the mount cannot be on the satellite, turning time included."""
    limit = limits.max_azimuth_rate_rad_s
    if len(times) < 3:
        return Windows.of([])
    strongest = limits.max_azimuth_acceleration_rad_s2
    is_fast = np.zeros(times.shape, dtype=bool)
    if limit is not None:
        is_fast |= np.abs(look.azimuth_rate_rad_s) > limit
    if strongest is not None:
        is_fast |= np.abs(np.gradient(look.azimuth_rate_rad_s, times)) > strongest
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_fast, [False]]).astype(int)))
    spans = [
        _turn(times, azimuth, int(first), int(last) - 1, limit)
        for first, last in edges.reshape(-1, 2)
    ]
    return Windows.of(spans)


def _turn(
    times: Floats, azimuth: Floats, first: int, last: int, limit: float | None
) -> tuple[float, float]:
    """The shortest span around samples that are too fast in which the mount catches up.

    With s the sense of the motion, the mount meets the satellite at t2 after leaving it at t1 if
    s az - limit t at t2 is not above its value at t1. Where it never catches up, the longer of
    the two parts before and after is kept.
    """
    if limit is None:
        return float(times[max(first - 1, 0)]), float(times[min(last + 1, len(times) - 1)])
    sense = 1.0 if azimuth[last] >= azimuth[first] else -1.0
    behind = sense * azimuth - limit * times
    # Before the fast part `behind` falls, after it too: for every departure the first return.
    returns = np.minimum.accumulate(behind[last:])
    index = last + np.searchsorted(-returns, -behind[: first + 1])
    possible = np.flatnonzero(index < len(times))
    if len(possible):
        lengths = times[index[possible]] - times[possible]
        leave = int(possible[np.argmin(lengths)])
        return float(times[leave]), float(times[index[leave]])
    if times[first] - times[0] >= times[-1] - times[last]:
        return float(times[first]), float(times[-1])
    return float(times[0]), float(times[last])


def _within_cables(times: Floats, unwrapped: Floats, allowed: tuple[float, float]) -> Windows:
    """Spans inside the azimuth range on the turn that keeps the most seconds."""
    middle, half = 0.5 * (allowed[0] + allowed[1]), 0.5 * (allowed[1] - allowed[0])
    nearest = np.round((middle - unwrapped.mean()) / (2.0 * np.pi))
    turns = [
        Windows.below(times, np.abs(unwrapped + 2.0 * np.pi * (nearest + k) - middle), half)
        for k in (-1, 0, 1)
    ]
    # Of equal turns the one nearest to the middle of the range: more cable is left on both sides.
    return max(turns, key=lambda windows: (round(windows.duration_s, 3), windows is turns[1]))
