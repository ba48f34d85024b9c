"""Where a telescope has to point along a contact, several times a second.

- Azimuth and elevation are those of the light that arrives: light time and the motion of the
  station are in them, refraction is not (it has its own column and depends on the weather).
- A beacon points ahead of that direction by `point_ahead_arcsec`.
- Instants are UTC; a mount that interpolates needs no more than 10 rows a second.
"""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.errors import UsageError
from groundstation.export.delimited import delimited
from groundstation.export_policy import FASTEST_HZ, SLOWEST_HZ
from groundstation.instants import utc_text
from groundstation.network import Station
from groundstation.night_records import NightPass
from passes.arc import SPEED_OF_LIGHT_M_S, Look, look_from
from passes.sky.refraction import saemundsson_1986
from passes.track import Track
from tle.clock import modified_julian_date
from tle.frames import EARTH_RATE_RAD_S
from tle.trajectory.inertial import earth_fixed_to_inertial

Floats = NDArray[np.float64]

SECONDS_PER_DAY = 86_400.0
_ARCSEC = np.degrees(1.0) * 3_600.0


def pointing_table(item: NightPass, station: Station, rate_hz: float = 1.0) -> str:
    """The pointing of one pass as CSV, from the middle of its first second to that of its last.

    Columns: `utc`, `mjd`, `azimuth_deg`, `elevation_deg` (of the arriving light, no refraction),
    `refraction_deg` (to be added; Saemundsson 1986 at 1010 hPa and 10 degrees Celsius),
    `range_km`, `azimuth_rate_deg_s`, `elevation_rate_deg_s`, `ra_icrs_deg`, `dec_icrs_deg` (of
    the same direction, before refraction), `sun_separation_deg`, `point_ahead_arcsec`, `flag`:
    `contact` where key is received, `keyhole` where the mount cannot follow, else `track`.

    Parameters
    ----------
    rate_hz : rows per second, 1 to 10

    Raises
    ------
    UsageError
        the rate is outside 1 to 10 a second
    """
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise UsageError(
            f"{rate_hz:g} rows a second is outside {SLOWEST_HZ:g}..{FASTEST_HZ:g}",
            hint="mounts interpolate; 10 rows a second are enough",
        )
    track = item.track
    count = int(np.floor((track.times_s[-1] - track.times_s[0]) * rate_hz + 1e-9)) + 1
    times_s = track.times_s[0] + np.arange(count) / rate_hz
    position, velocity = _local_states(track, times_s)
    axes = station.site.axes()
    relative = velocity + np.cross(EARTH_RATE_RAD_S * axes[:, 2], position)
    arriving = _arriving(position, relative)
    look = look_from(arriving, velocity)
    ahead = _point_ahead_rad(position, relative)
    sky = earth_fixed_to_inertial("ICRF", track.epoch, times_s, arriving @ axes)
    nearest = np.clip(np.rint(times_s - track.times_s[0]).astype(int), 0, len(track.times_s) - 1)
    flags = _flags(track, nearest)
    return delimited(
        [
            {
                "utc": utc_text(track.epoch + timedelta(seconds=float(times_s[i]))),
                "mjd": f"{modified_julian_date(track.epoch) + times_s[i] / SECONDS_PER_DAY:.9f}",
                **_direction(look, i),
                "ra_icrs_deg": f"{np.degrees(np.arctan2(sky[i, 1], sky[i, 0])) % 360.0:.6f}",
                "dec_icrs_deg": f"{np.degrees(np.arcsin(sky[i, 2] / look.range_m[i])):.6f}",
                "sun_separation_deg": _sun_text(track, times_s[i]),
                "point_ahead_arcsec": f"{ahead[i] * _ARCSEC:.3f}",
                "flag": flags[i],
            }
            for i in range(count)
        ]
    )


def _local_states(track: Track, times_s: Floats) -> tuple[Floats, Floats]:
    """East, North, Up [m] and rates [m/s], shapes (n, 3), cubic between the track's seconds.

    Position and velocity at both ends of a second leave 1e-6 m at a low orbit.
    """
    from scipy.interpolate import CubicHermiteSpline  # noqa: PLC0415  0.3 s that --help can spare

    cos_e, sin_e = np.cos(track.elevation_rad), np.sin(track.elevation_rad)
    cos_a, sin_a = np.cos(track.azimuth_rad), np.sin(track.azimuth_rad)
    towards = np.stack([cos_e * sin_a, cos_e * cos_a, sin_e], axis=1)
    along_a = np.stack([cos_a, -sin_a, np.zeros_like(cos_a)], axis=1) * cos_e[:, None]
    along_e = np.stack([-sin_e * sin_a, -sin_e * cos_a, cos_e], axis=1)
    position = towards * track.range_m[:, None]
    velocity = towards * track.range_rate_m_s[:, None] + track.range_m[:, None] * (
        along_a * track.azimuth_rate_rad_s[:, None] + along_e * track.elevation_rate_rad_s[:, None]
    )
    if len(track.times_s) == 1:
        return position, velocity
    spline = CubicHermiteSpline(track.times_s, position, velocity)
    return np.asarray(spline(times_s)), np.asarray(spline(times_s, 1))


def _arriving(position_m: Floats, relative_m_s: Floats) -> Floats:
    """Where the light that arrives comes from [m], shape (n, 3).

    Light time with the satellite's velocity, less aberration with the station's: to first order
    of v/c the relative velocity in axes that do not turn, times the light time (planetary
    aberration; Explanatory Supplement to the Astronomical Almanac, 3rd ed., section 7.2.3).
    """
    light_time_s = np.linalg.norm(position_m, axis=1)[:, None] / SPEED_OF_LIGHT_M_S
    return np.asarray(position_m - light_time_s * relative_m_s)


def _point_ahead_rad(position_m: Floats, relative_m_s: Floats) -> Floats:
    """Angle between the arriving light and an uplink that hits, shape (n,)."""
    distance = np.linalg.norm(position_m, axis=1)[:, None]
    along = position_m / distance
    across = relative_m_s - along * np.sum(relative_m_s * along, axis=1)[:, None]
    return np.asarray(2.0 * np.linalg.norm(across, axis=1) / SPEED_OF_LIGHT_M_S)


def _direction(look: Look, i: int) -> dict[str, str]:
    return {
        "azimuth_deg": f"{np.degrees(look.azimuth_rad[i]):.6f}",
        "elevation_deg": f"{np.degrees(look.elevation_rad[i]):.6f}",
        "refraction_deg": f"{np.degrees(saemundsson_1986(look.elevation_rad[i])):.6f}",
        "range_km": f"{look.range_m[i] / 1e3:.6f}",
        "azimuth_rate_deg_s": f"{np.degrees(look.azimuth_rate_rad_s[i]):.6f}",
        "elevation_rate_deg_s": f"{np.degrees(look.elevation_rate_rad_s[i]):.6f}",
    }


def _sun_text(track: Track, time_s: float) -> str:
    if track.sun_separation_rad is None:
        return ""
    return f"{np.degrees(np.interp(time_s, track.times_s, track.sun_separation_rad)):.3f}"


def _flags(track: Track, nearest: NDArray[np.int_]) -> list[str]:
    """What the mount does in each row."""
    follows = track.mount_follows
    lost = np.zeros(len(nearest), dtype=bool) if follows is None else ~follows[nearest]
    usable = track.is_usable[nearest]
    return [
        "keyhole" if is_lost else "contact" if is_usable else "track"
        for is_lost, is_usable in zip(lost, usable, strict=True)
    ]
