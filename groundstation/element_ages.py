"""How old the elements of every satellite are, how far they stray, and when they last jumped."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from groundstation.network import Network, Satellite
from tle.ageing import Ageing, mean_speed_m_s
from tle.archive import elements_at
from tle.comparison import Disagreement, manoeuvre_between
from tle.elements import SECONDS_PER_DAY, ElementSet
from tle.errors import PropagationError
from tle.learning import LONGEST_GAP_D, MOST_SETS, ageing_of


class AgeState(enum.StrEnum):
    """What a night makes of a satellite's elements."""

    OK = "ok"
    OLD = "old"
    MANOEUVRE = "manoeuvre"
    TOO_OLD = "too old"
    MISSING = "missing"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class ElementAge:
    """One satellite; what depends on a set is None where none is known or the orbit is planned.

    Parameters
    ----------
    satellite, norad_cat_id : as in the network
    state : the worst that applies; MANOEUVRE if the set in use is the first after one
    sets : how many sets with different epochs are known
    elements : the set that the night uses
    age_now_s, age_night_s : of that set at the present and at the middle of the night
    ageing : learnt or from the table
    along_track_sigma_m, sigma_time_s : one standard deviation at the middle of the night
    manoeuvre : the latest disagreement of neighbouring sets that is flagged, if any
    """

    satellite: str
    norad_cat_id: int | None
    state: AgeState
    sets: int = 0
    elements: ElementSet | None = None
    age_now_s: float | None = None
    age_night_s: float | None = None
    ageing: Ageing | None = None
    along_track_sigma_m: float | None = None
    sigma_time_s: float | None = None
    manoeuvre: Disagreement | None = None


def element_ages(
    network: Network, available: Iterable[ElementSet], *, now: datetime, night: datetime
) -> list[ElementAge]:
    """One row per satellite of the network, in its order.

    Parameters
    ----------
    available : every set that is known, of any object
    now : the present
    night : the instant for which a night chooses its sets
    """
    by_number: dict[int, dict[str, ElementSet]] = {}
    for elements in available:
        by_number.setdefault(elements.norad_cat_id, {})[elements.digest] = elements
    return [
        _element_age(
            network,
            satellite,
            list(by_number.get(satellite.norad_cat_id or 0, {}).values()),
            now=now,
            night=night,
        )
        for satellite in network.satellites
    ]


def latest_manoeuvre(sets: Sequence[ElementSet], ageing: Ageing) -> Disagreement | None:
    """The latest flagged disagreement among the neighbours of the last 30 epochs.

    Neighbours more than 20 days apart are not compared: ageing is not known well enough there.
    """
    by_epoch = {e.epoch: e for e in sorted(sets, key=lambda e: (e.epoch, e.digest))}
    for older, newer in reversed(list(pairwise(list(by_epoch.values())[-MOST_SETS:]))):
        if older.age_s(newer.epoch) > LONGEST_GAP_D * SECONDS_PER_DAY:
            continue
        try:
            found = manoeuvre_between(older, newer, ageing)
        except PropagationError:
            continue
        if found.is_manoeuvre:
            return found
    return None


def _element_age(
    network: Network,
    satellite: Satellite,
    sets: list[ElementSet],
    *,
    now: datetime,
    night: datetime,
) -> ElementAge:
    if satellite.planned_orbit is not None:
        return ElementAge(satellite.name, None, AgeState.PLANNED)
    elements = elements_at(sets, night)
    if elements is None:
        return ElementAge(satellite.name, satellite.norad_cat_id, AgeState.MISSING)
    ageing = ageing_of(sets, elements)
    manoeuvre = latest_manoeuvre(sets, ageing)
    age_s = elements.age_s(night)
    along_m = ageing.along_track_sigma_m(age_s)
    return ElementAge(
        satellite=satellite.name,
        norad_cat_id=satellite.norad_cat_id,
        state=_state(network, elements, abs(age_s), manoeuvre),
        sets=len({e.epoch for e in sets}),
        elements=elements,
        age_now_s=elements.age_s(now),
        age_night_s=age_s,
        ageing=ageing,
        along_track_sigma_m=along_m,
        sigma_time_s=along_m / mean_speed_m_s(elements),
        manoeuvre=manoeuvre,
    )


def _state(
    network: Network, elements: ElementSet, age_s: float, manoeuvre: Disagreement | None
) -> AgeState:
    if age_s > network.policies.max_elements_age_s:
        return AgeState.TOO_OLD
    if manoeuvre is not None and manoeuvre.newer_epoch == elements.epoch:
        return AgeState.MANOEUVRE
    return AgeState.OLD if age_s > network.policies.warn_elements_age_s else AgeState.OK
