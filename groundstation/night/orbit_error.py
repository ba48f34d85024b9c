"""How early or late, and how far beside its prediction, a satellite may come in one pass."""

from dataclasses import dataclass

from groundstation.catalogue import Selection
from groundstation.instants import after
from groundstation.network import Station
from passes.arc import Arc
from passes.uncertainty import pointing_sigma_rad
from tle.ageing import (
    Ageing,
    cross_track_sigma_m,
    default_ageing,
    mean_speed_m_s,
    radial_sigma_m,
)
from tle.elements import ElementSet


@dataclass(frozen=True, slots=True)
class OrbitError:
    """One standard deviation of time and of direction at culmination; None for a planned orbit."""

    sigma_time_s: float | None = None
    sigma_pointing_rad: float | None = None


def ageing_by_name(selection: Selection) -> dict[str, Ageing]:
    """How the elements of each flying satellite age; the measured table where nothing is given."""
    return {
        satellite.name: selection.ageing.get(satellite.name) or default_ageing(elements)
        for satellite, elements in selection.chosen
        if satellite.planned_orbit is None
    }


def orbit_error(
    arc: Arc, station: Station, elements: ElementSet, ageing: Ageing | None
) -> OrbitError:
    """Errors of a pass at its culmination, from the age of the elements there."""
    if ageing is None:
        return OrbitError()
    age_s = elements.age_s(after(arc.epoch, arc.tca_s))
    along_m = ageing.along_track_sigma_m(age_s)
    return OrbitError(
        sigma_time_s=along_m / mean_speed_m_s(elements),
        sigma_pointing_rad=pointing_sigma_rad(
            arc,
            station.site,
            arc.tca_s,
            radial_sigma_m=radial_sigma_m(age_s),
            along_sigma_m=along_m,
            cross_sigma_m=cross_track_sigma_m(age_s),
        ),
    )
