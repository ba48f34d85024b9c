"""A satellite that is only placed: the options of `groundstation link` without a pass."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from groundstation.network import Network, Satellite, Station
    from groundstation.night.link_detail import LinkDetail

F = TypeVar("F", bound=Callable[..., Any])


class Direction(StrEnum):
    """Who sends: the satellite, the station, or the satellite to two stations at once."""

    DOWN = "down"
    UP = "up"
    DOUBLE = "double"


class _Finite(click.FloatRange):
    """A range that NaN, which compares with nothing, is outside of."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return float(number)


FINITE_DEGREES = _Finite(0.0, 90.0)
FINITE_KM = _Finite(100.0, 100_000.0)


@dataclass(frozen=True, slots=True)
class Point:
    """Where a satellite stands, as the command line has it; None where it was not said."""

    elevation_deg: float | None
    range_km: float | None
    station: str | None
    satellite: str | None
    direction: str | None
    second_elevation_deg: float | None
    second_range_km: float | None
    second_station: str | None

    @property
    def first(self) -> dict[str, float | str | None]:
        """What every point needs, by option."""
        return {
            "--elevation-deg": self.elevation_deg,
            "--range-km": self.range_km,
            "--station": self.station,
            "--satellite": self.satellite,
        }

    @property
    def second(self) -> dict[str, float | str | None]:
        """What a second station needs besides, by option."""
        return {
            "--second-elevation-deg": self.second_elevation_deg,
            "--second-range-km": self.second_range_km,
            "--second-station": self.second_station,
        }

    @property
    def words(self) -> str:
        """The link in words."""
        if self.direction == Direction.UP:
            return f"{self.station} to {self.satellite}"
        return f"{self.satellite} over {self.station}"


def point_options(function: F) -> F:
    """Add the options of a point; the command receives the fields of `Point`."""
    options = (
        ("--elevation-deg", FINITE_DEGREES, "Without PASS: elevation of the satellite."),
        ("--range-km", FINITE_KM, "Without PASS: its distance."),
        ("--station", str, "Without PASS: the receiving station."),
        ("--satellite", str, "Without PASS: the sending satellite."),
        (
            "--direction",
            click.Choice([direction.value for direction in Direction]),
            "Without PASS: from the satellite, to it, or to two stations at once [default: down].",
        ),
        ("--second-elevation-deg", FINITE_DEGREES, "With double: elevation at the other station."),
        ("--second-range-km", FINITE_KM, "With double: distance from it."),
        ("--second-station", str, "With double: the other station."),
    )
    for name, kind, text in reversed(options):
        metavar = "NAME" if kind is str else None
        function = click.option(name, type=kind, metavar=metavar, help=text)(function)
    return function


def require_one_question(
    pass_id: str | None, point: Point, of_a_pass: Mapping[str, object]
) -> None:
    """Either a pass or a whole point, and nothing that fits the other only."""
    from groundstation.errors import UsageError

    every = {**point.first, "--direction": point.direction, **point.second}
    given = [name for name, value in every.items() if value is not None]
    needed = point.first
    if point.direction == Direction.DOUBLE:
        needed = needed | point.second
    lacking = [name for name, value in needed.items() if value is None]
    if pass_id is not None and given:
        raise UsageError(
            f"PASS excludes {', '.join(given)}",
            hint="name a pass, or say where the satellite stands",
        )
    if pass_id is None and not given:
        raise UsageError(
            "neither a pass nor a point is given",
            hint=f"PASS from `groundstation passes`, or {', '.join(point.first)}",
        )
    if pass_id is None and lacking:
        raise UsageError(
            f"{', '.join(lacking)} not given", hint=f"a point needs all of {', '.join(needed)}"
        )
    only_double = [name for name, value in point.second.items() if value is not None]
    if point.direction != Direction.DOUBLE and only_double:
        raise UsageError(f"{only_double[0]} without --direction double")
    if point.direction == Direction.DOUBLE and point.station == point.second_station:
        raise UsageError(f"both stations are {point.station!r}", hint="pairs go to two stations")
    needs_pass = [name for name, value in of_a_pass.items() if value is not None]
    if pass_id is None and needs_pass:
        raise UsageError(f"{needs_pass[0]} needs a PASS", hint="groundstation passes")


def detail_of_point(
    network: "Network", point: Point, instant: datetime
) -> "tuple[LinkDetail | None, str | None]":
    """The link of a satellite that was only placed, or why there is none."""
    from groundstation.cli.night_option import restricted
    from groundstation.night.link_detail import link_detail
    from groundstation.night.links import forecast_point, security_of

    chosen = restricted(network, [str(point.satellite)], [str(point.station)])
    (sender,), (receiver,) = chosen.satellites, chosen.stations
    if point.direction == Direction.UP:
        return None, uplink_refusal(sender, receiver)
    refusal, track, forecast = forecast_point(
        network.key,
        sender,
        receiver,
        elevation_rad=math.radians(point.elevation_deg or 0.0),
        range_m=1e3 * (point.range_km or 0.0),
        instant=instant,
    )
    if forecast is None:
        return None, refusal
    security = security_of(network.key)
    return link_detail(None, sender, receiver, track, forecast, security), None


def uplink_refusal(satellite: "Satellite", station: "Station") -> str:
    """What an uplink needs and the network file, which describes downlinks, does not hold."""
    lacking = [
        f"a laser at {station.name} (wavelength, waist, pointing, optics, pulses)",
        f"a receiver on {satellite.name} (aperture, optics, detector)",
    ]
    air = station.atmosphere
    if air is None or air.turbulence is None:
        lacking.append(f"the turbulence over {station.name}")
    return f"no uplink budget: {', '.join(lacking[:-1])} and {lacking[-1]} not given"
