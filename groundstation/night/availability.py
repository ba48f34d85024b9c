"""When a contact may be held: darkness, shifts, maintenance, other users, range, mount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Satellite, Shift, Station
from groundstation.permission.records import LinkPermission
from passes.arc import Arc
from passes.mount import followable
from passes.windows import Windows

Floats = NDArray[np.float64]

_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Availability:
    """What allows and what forbids contacts at one station over a night.

    Parameters
    ----------
    dark : the Sun below the station's limit
    on_shift : within the working times (everything, if there are none)
    closed : maintenance with its reason
    """

    dark: Windows
    on_shift: Windows
    closed: tuple[tuple[Windows, str], ...]


def shift_windows(
    shifts: Sequence[Shift], epoch: datetime, start_s: float, stop_s: float
) -> Windows:
    """Daily working times as spans after an epoch; everything if there are none."""
    whole = Windows.of([(start_s, stop_s)])
    if not shifts:
        return whole
    first = (epoch + timedelta(seconds=start_s) - timedelta(days=1)).date()
    days = int((stop_s - start_s) / 86_400.0) + 3
    spans = []
    for number in range(days):
        day = first + timedelta(days=number)
        for shift in shifts:
            begin = datetime.combine(day, shift.start, tzinfo=UTC)
            end = datetime.combine(day, shift.stop, tzinfo=UTC)
            end += timedelta(days=int(end <= begin))
            spans.append(((begin - epoch).total_seconds(), (end - epoch).total_seconds()))
    return whole & Windows.of(spans)


def station_availability(
    station: Station, dark: Windows, epoch: datetime, start_s: float, stop_s: float
) -> Availability:
    """Darkness (computed by the caller) with the station's shifts and maintenance."""
    closed = tuple(
        (
            Windows.of([((i.start - epoch).total_seconds(), (i.stop - epoch).total_seconds())]),
            i.reason,
        )
        for i in station.maintenance
    )
    return Availability(dark, shift_windows(station.shifts, epoch, start_s, stop_s), closed)


@dataclass(frozen=True, slots=True)
class Usable:
    """The usable spans of a pass; if they are empty, `refusal` says which limit emptied them."""

    windows: Windows
    refusal: str | None
    follows: Windows
    keyhole_s: float


def usable_windows(
    arc: Arc,
    station: Station,
    availability: Availability,
    *,
    satellite: Satellite | None = None,
    max_range_m: float | None,
    min_contact_s: float,
    lowest_sun_deg: float,
    permitted: Sequence[LinkPermission] = (),
) -> Usable:
    """Intersect a pass with everything that must hold for a contact.

    Limits are applied one after the other, so that the reason names the first that leaves nothing.

    Parameters
    ----------
    satellite : that passes, with the spans in which somebody else uses it
    """
    windows = Windows.of([(arc.aos_s, arc.los_s)])
    follows = followable(arc, station.mount)
    keyhole_s = (windows - follows).duration_s
    limits: list[tuple[Windows, str]] = [
        (availability.dark, daylight_refusal(station, lowest_sun_deg)),
        (availability.on_shift, "outside the station's shifts"),
        *(
            (windows - closed, f"station closed: {reason}")
            for closed, reason in availability.closed
        ),
        *_free_windows(satellite, windows, arc.epoch),
        *_permitted_windows(permitted, arc.epoch),
        (follows, f"the mount cannot follow: {keyhole_s:.0f} s beyond its limits"),
    ]
    if max_range_m is not None:
        times = np.unique(np.append(np.arange(arc.aos_s, arc.los_s, _STEP_S), arc.los_s))
        range_m = arc.look(times).range_m
        reach = Windows.below(times, range_m, max_range_m)
        nearest = range_m.min() / 1e3
        text = f"never within {max_range_m / 1e3:g} km (closest {nearest:.0f} km)"
        limits.append((reach, text))
    for allowed, reason in limits:
        windows = windows & allowed
        if not len(windows):
            return Usable(windows, reason, follows, keyhole_s)
    if windows.duration_s < min_contact_s:
        short = f"only {windows.duration_s:.0f} s usable (limit {min_contact_s:g} s)"
        return Usable(windows, short, follows, keyhole_s)
    return Usable(windows, None, follows, keyhole_s)


def _free_windows(
    satellite: Satellite | None, windows: Windows, epoch: datetime
) -> list[tuple[Windows, str]]:
    """What every use of the satellite by somebody else leaves of a pass."""
    if satellite is None:
        return []
    return [
        (
            windows
            - Windows.of([((u.start - epoch).total_seconds(), (u.stop - epoch).total_seconds())]),
            f"{satellite.name} is used by {u.reason}",
        )
        for u in satellite.unavailable
    ]


def daylight_refusal(station: Station, lowest_sun_deg: float) -> str:
    """Why a pass that meets no darkness cannot be a contact."""
    limit = np.degrees(station.max_sun_elevation_rad)
    return f"not dark: the Sun at {lowest_sun_deg:.1f}° or higher (limit {limit:g}°)"


def _permitted_windows(
    permitted: Sequence[LinkPermission], epoch: datetime
) -> list[tuple[Windows, str]]:
    """What each permission allows as seconds after an epoch; one that holds always is no limit."""
    return [
        (
            Windows.of(
                ((start - epoch).total_seconds(), (stop - epoch).total_seconds())
                for start, stop in said.spans
            ),
            said.reason,
        )
        for said in permitted
        if said.spans is not None
    ]
