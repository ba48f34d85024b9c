"""Everything about the passes of a span that a plan is made from, without their tracks.

A pass with its track and its budget takes a hundred kilobytes, a week over a continent has thirty
thousand passes: what is kept here is a tenth of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groundstation.export.pass_rows import whole_bits
from groundstation.network import Network
from groundstation.night.pass_slots import PassSlots, pass_slots
from groundstation.night.pass_weather import scenario_table
from groundstation.night.survey import Survey
from groundstation.night.weather_step import NightWeather
from groundstation.night_records import (
    ElementsUsed,
    GroundTrack,
    NightPass,
    PassWeather,
    StationNight,
)
from groundstation.plan.records import Candidate
from groundstation.plan.sky import Sky
from groundstation.results.calibration import DatedCalibration

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OfferedPass:
    """A pass as a plan is made from it.

    Parameters
    ----------
    candidate : what the planner is told
    tca : highest elevation, aware UTC
    slots : its usable seconds; None without a forecast
    clear : chance of a clear sky; None where no weather was looked at
    """

    candidate: Candidate
    tca: datetime
    slots: PassSlots | None
    clear: PassWeather | None

    @property
    def pass_id(self) -> str:
        """Its identity."""
        return self.candidate.pass_id

    @property
    def satellite(self) -> str:
        """Name of the satellite."""
        return self.candidate.satellite

    @property
    def station(self) -> str:
        """Name of the station."""
        return self.candidate.station


class NamedPass(Protocol):
    """A pass by its identity."""

    @property
    def pass_id(self) -> str:
        """Its identity."""
        ...

    @property
    def satellite(self) -> str:
        """Name of the satellite."""
        ...

    @property
    def station(self) -> str:
        """Name of the station."""
        ...

    @property
    def tca(self) -> datetime:
        """Highest elevation, aware UTC."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Offering:
    """What a plan of a span is made from.

    Parameters
    ----------
    passes : in order of rise
    sky : chance of a clear sky in the members of a forecast; None where none is known
    skies, elements, ground_tracks, warnings : as of a survey
    """

    passes: tuple[OfferedPass, ...]
    sky: Sky | None
    skies: tuple[StationNight, ...]
    elements: tuple[ElementsUsed, ...]
    ground_tracks: tuple[GroundTrack, ...]
    warnings: tuple[str, ...]

    @property
    def candidates(self) -> list[Candidate]:
        """The passes as the planner sees them."""
        return [item.candidate for item in self.passes]

    @property
    def slots(self) -> dict[str, PassSlots]:
        """Usable seconds of the passes that have a forecast, by pass id."""
        return {item.pass_id: item.slots for item in self.passes if item.slots is not None}

    def between(self, start: datetime, stop: datetime) -> "Offering":
        """Of the passes those that rise between two instants."""
        passes = tuple(p for p in self.passes if start <= p.candidate.aos < stop)
        sky = None if self.sky is None else sky_of_passes([self.sky], [p.pass_id for p in passes])
        return replace(self, passes=passes, sky=sky)


def offering_of(
    network: Network,
    seen: Survey,
    night: str,
    weather: NightWeather | None = None,
    calibration: DatedCalibration | None = None,
) -> Offering:
    """What a plan is made from, of a survey with forecasts.

    Parameters
    ----------
    weather, calibration : that the forecasts were made with
    """
    slots = pass_slots(network, seen, night, calibration)
    return Offering(
        passes=tuple(
            OfferedPass(candidate_of(item), item.tca, slots.get(item.pass_id), item.clear)
            for item in seen.passes
        ),
        sky=_sky(seen.passes, weather, network),
        skies=seen.skies,
        elements=seen.elements,
        ground_tracks=seen.ground_tracks,
        warnings=seen.warnings,
    )


def candidate_of(item: NightPass) -> Candidate:
    """A pass as the planner sees it."""
    return Candidate(
        pass_id=item.pass_id,
        satellite=item.satellite,
        station=item.station,
        aos=item.aos,
        los=item.los,
        windows=item.windows,
        key_bits=whole_bits(item),
        refusal=item.refusal,
    )


def _sky(passes: Sequence[NightPass], weather: NightWeather | None, network: Network) -> Sky | None:
    """Chances of a clear sky in every member of the forecast; None where none is known."""
    if weather is None or not weather.records:
        return None
    sky = Sky(*scenario_table(passes, weather, network))
    return sky if sky.chance() else None


def sky_of_passes(parts: Sequence[Sky], pass_ids: Sequence[str]) -> Sky | None:
    """The columns of some passes in their order; None where the weather of none is known.

    Parameters
    ----------
    parts : skies of the same members over different passes, at least one
    pass_ids : those that no part knows are left out
    """
    column = {name: (sky, i) for sky in parts for i, name in enumerate(sky.pass_ids)}
    known = tuple(name for name in pass_ids if name in column)
    clear = np.empty((len(parts[0].members), len(known)))
    for j, name in enumerate(known):
        sky, i = column[name]
        clear[:, j] = sky.clear[:, i]
    found = Sky(parts[0].members, known, clear)
    return found if found.chance() else None
