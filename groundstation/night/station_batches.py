"""What a plan of a large network is made from, a few stations at a time and in several processes.

The rules it keeps:

1. Passes, their names, refusals and key are those of the survey with its forecasts, whatever the
   batches and the processes.
2. A pass that cannot be a contact is not sampled: half of a week's passes run in daylight.
3. Tracks, budgets and noise of a batch are given up before the next: what stays of a pass is some
   ten kilobytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from groundstation.catalogue import Selection
from groundstation.export.pass_rows import whole_bits_of
from groundstation.instants import after
from groundstation.network import Network, Satellite, Station
from groundstation.night.forecasts import forecast_or_refusal
from groundstation.night.issue import constants_for
from groundstation.night.links import PreparedLinks
from groundstation.night.looking import (
    FAILURES,
    Orbit,
    Place,
    found_over,
    orbits_of,
    places_of,
    sky_of,
)
from groundstation.night.offering import OfferedPass, Offering, sky_of_passes
from groundstation.night.pass_names import KnownPass, PassNames
from groundstation.night.pass_outline import PassOutline, pass_outline
from groundstation.night.pass_slots import slots_of
from groundstation.night.pass_weather import chances_of, pass_weather, sightline
from groundstation.night.survey import elements_used, ground_track, left_out, refused_budgets
from groundstation.night.weather_step import NightWeather
from groundstation.night.workers import in_processes
from groundstation.night_records import PassWeather, StationNight
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.plan.records import Candidate, Span
from groundstation.plan.sky import Sky
from groundstation.results.calibration import DatedCalibration
from groundstation.results.constants import LinkConstants
from groundstation.weather.clear_line_of_sight import Sightline
from passes.arc import Arc
from passes.forecast import PassForecast
from passes.sky.ephemeris import SunMoonTable
from passes.track import Track

# Two stations and twenty satellites in a week are six hundred passes: three seconds of work.
_STATIONS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known before any pass is.

    Parameters
    ----------
    known : passes of earlier runs, whose ids are kept
    permissions : what links need before they shine
    night, calibration : what counts have taught of the links, and the night it is used for
    weather : that the chance of a clear sky is taken from; None where none is known
    """

    known: Sequence[KnownPass] = ()
    permissions: Permissions = NOTHING_REQUIRED
    night: str = ""
    calibration: DatedCalibration | None = None
    weather: NightWeather | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What every batch is made from."""

    network: Network
    orbits: list[Orbit]
    sky: SunMoonTable
    start: datetime
    length_s: float
    asked: Asked


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Of some stations: passes with their time of rise, skies, chances, and what failed."""

    passes: list[tuple[float, OfferedPass]]
    skies: list[StationNight]
    chances: Sky | None
    failures: list[str]
    warnings: list[str]


def offering_in_batches(
    network: Network,
    selection: Selection,
    start: datetime,
    stop: datetime,
    asked: Asked,
    *,
    processes: int,
) -> Offering:
    """Passes of the span [start, stop), forecast under a clear sky, without their tracks.

    Raises
    ------
    WorkerError
        a process ended before its work was done
    """
    length_s = (stop - start).total_seconds()
    orbits, warnings = orbits_of(selection, start, length_s)
    shared = _Shared(
        replace(network, stations=()), orbits, sky_of(start, length_s), start, length_s,
        replace(asked, known=(), weather=_fit_to_travel(asked.weather)),
    )  # fmt: skip
    stations = network.stations
    batches = [
        (group, tuple(k for k in asked.known if k.station in {s.name for s in group}))
        for i in range(0, len(stations), _STATIONS_AT_ONCE)
        if (group := stations[i : i + _STATIONS_AT_ONCE])
    ]
    made = in_processes(
        partial(_batch, shared), batches, processes=processes, doing="looking for passes"
    )
    place = {satellite.name: i for i, (satellite, _, _) in enumerate(orbits)}
    site = {station.name: i for i, station in enumerate(stations)}
    rows = [row for batch in made for row in batch.passes]
    # As the search sorts them: by rise, satellite, station.
    rows.sort(key=lambda row: (row[0], place[row[1].satellite], site[row[1].station]))
    passes = tuple(item for _, item in rows)
    parts = [batch.chances for batch in made if batch.chances is not None]
    return Offering(
        passes=passes,
        sky=sky_of_passes(parts, [item.pass_id for item in passes]) if parts else None,
        skies=tuple(night for batch in made for night in batch.skies),
        elements=tuple(elements_used(s, e, start, stop) for s, e, _ in orbits),
        ground_tracks=tuple(ground_track(s, table) for s, _, table in orbits),
        warnings=(
            *selection.warnings,
            *warnings,
            *(text for batch in made for text in batch.failures),
            *asked.permissions.warnings,
            *refused_budgets(network),
            *(text for batch in made for text in batch.warnings),
        ),
    )


def _fit_to_travel(weather: NightWeather | None) -> NightWeather | None:
    """Weather without the bytes that it was read from, in mappings that another process reads."""
    if weather is None:
        return None
    return replace(
        weather,
        records=dict(weather.records),
        unknown=dict(weather.unknown),
        safety={},
        documents=(),
    )


def _batch(shared: _Shared, given: tuple[tuple[Station, ...], tuple[KnownPass, ...]]) -> _Batch:
    """The passes over some stations."""
    stations, known = given
    places, failures = places_of(stations, shared.sky, shared.start, shared.length_s)
    found, lost = found_over(shared.orbits, places)
    lane = _Lane(shared, PassNames(known))
    for place, item in found:
        lane.take(place, shared.orbits[item.satellite], item.arc)
    weather, chances = shared.asked.weather, None
    if weather is not None and weather.records:
        chances = Sky(*chances_of(lane.sights, weather, shared.network))
    return _Batch(
        lane.passes, [p.night for p in places], chances,
        [*failures, *lost, *lane.broken], lane.warnings,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Sighted:
    """A pass as its weather is looked up."""

    pass_id: str
    station: str
    windows: tuple[Span, ...]
    track: Track
    forecast: PassForecast | None


class _Lane:
    """Passes one after the other, with all that comes of them."""

    def __init__(self, shared: _Shared, names: PassNames) -> None:
        self._shared, self._names = shared, names
        self._prepared: PreparedLinks = {}
        self.passes: list[tuple[float, OfferedPass]] = []
        self.sights: list[Sightline] = []
        self.broken: list[str] = []
        self.warnings: list[str] = []

    def take(self, place: Place, orbit: Orbit, arc: Arc) -> None:
        """Look at a pass; one that cannot be computed is left out and named."""
        shared, (satellite, elements, _) = self._shared, orbit
        permitted = shared.asked.permissions.of(satellite.name, place.station.name)
        try:
            seen = pass_outline(
                shared.network, place, satellite, elements, arc, shared.sky, permitted
            )
        except FAILURES as error:
            self.broken.append(left_out(satellite, place.station, arc, error))
            return
        name = self._names.name_of(satellite.name, place.station.name, arc)
        refusal, forecast = self._forecast(name, satellite, place.station, seen)
        slots, clear = None, None
        if seen.track is not None:
            if forecast is not None:
                slots = slots_of(
                    seen.track, seen.windows, forecast, satellite, place.station,
                    self._constants(satellite, place.station),
                )  # fmt: skip
            clear = self._clear(
                _Sighted(name, place.station.name, seen.windows, seen.track, forecast)
            )
        candidate = Candidate(
            name, satellite.name, place.station.name,
            after(arc.epoch, arc.aos_s), after(arc.epoch, arc.los_s),
            seen.windows, whole_bits_of(forecast), refusal,
        )  # fmt: skip
        tca = after(arc.epoch, arc.tca_s)
        self.passes.append((arc.aos_s, OfferedPass(candidate, tca, slots, clear)))

    def _constants(self, satellite: Satellite, station: Station) -> LinkConstants | None:
        asked = self._shared.asked
        return constants_for(asked.calibration, satellite, station, asked.night)

    def _forecast(
        self, name: str, satellite: Satellite, station: Station, seen: PassOutline
    ) -> tuple[str | None, PassForecast | None]:
        if seen.refusal is not None or seen.track is None:
            return seen.refusal, None
        refusal, forecast, warning = forecast_or_refusal(
            self._shared.network.key, satellite, station, seen.track,
            self._constants(satellite, station), self._prepared,
        )  # fmt: skip
        if warning:
            self.warnings.append(f"{name}: {warning}")
        return refusal, forecast

    def _clear(self, item: _Sighted) -> PassWeather | None:
        weather, network = self._shared.asked.weather, self._shared.network
        if weather is None or not weather.records:
            return None
        sight = sightline(item, network.key)
        if sight is not None:
            self.sights.append(sight)
        return pass_weather(item, weather, network)
