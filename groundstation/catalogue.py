"""Which element set each satellite of a network uses, and whether it is young enough."""

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from groundstation.errors import ElementsAgeError, StateError
from groundstation.network import Network, Satellite
from tle.ageing import Ageing
from tle.archive import elements_at
from tle.comparison import manoeuvre_between
from tle.design import planned_elements
from tle.elements import ElementSet
from tle.errors import ElementsError, PropagationError
from tle.formats import read_elements
from tle.learning import LONGEST_GAP_D, ageing_of
from tle.lines import LineFault

SECONDS_PER_DAY = 86_400.0
_LONGEST_GAP_S = LONGEST_GAP_D * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Selection:
    """Element sets of the satellites, how they age, and what is wrong with them.

    Parameters
    ----------
    chosen : satellites with the set that each uses
    warnings : a sentence for every satellite left out, old or manoeuvred
    ageing : by satellite name, learnt from its sets or from the measured table; a satellite that
        is only planned has none
    """

    chosen: tuple[tuple[Satellite, ElementSet], ...]
    warnings: tuple[str, ...]
    ageing: Mapping[str, Ageing] = field(default_factory=dict)


def read_element_files(network: Network, patterns: Sequence[str] | None = None) -> list[ElementSet]:
    """The sets in the files that the network file names; one bad record refuses its file.

    Parameters
    ----------
    patterns : only these of the network's patterns
    """
    sets: list[ElementSet] = []
    for pattern in network.elements if patterns is None else patterns:
        paths = sorted(glob.glob(str(Path(network.folder) / pattern)))  # noqa: PTH207
        if not paths:
            raise StateError(
                f"no element file matches {pattern!r}",
                where=network.file,
                hint="groundstation tle import FILE, or correct network.elements",
            )
        for path in paths:
            sets.extend(read_element_file(Path(path)))
    return sets


def read_element_file(path: Path) -> list[ElementSet]:
    """All sets of one file; raises ElementsError with every fault if one record is bad."""
    elements, faults = read_elements(path.read_bytes(), path.name)
    if faults:
        raise ElementsError(
            describe_faults(faults), hint="groundstation tle import --keep-good FILE keeps the rest"
        )
    return elements


def describe_faults(faults: Iterable[LineFault]) -> str:
    """All faults of a file, one per line."""
    return "element sets refused\n" + "\n".join(f"  {fault}" for fault in faults)


def select_elements(
    network: Network, available: Iterable[ElementSet], instant: datetime
) -> Selection:
    """The set nearest to an instant for every satellite; old ones are named and left out.

    Raises
    ------
    ElementsAgeError
        no satellite is left
    """
    by_number: dict[int, list[ElementSet]] = {}
    for item in available:
        by_number.setdefault(item.norad_cat_id, []).append(item)
    chosen: list[tuple[Satellite, ElementSet]] = []
    warnings: list[str] = []
    refusals: list[str] = []
    ageing: dict[str, Ageing] = {}
    for satellite in network.satellites:
        elements, sentence = _elements_of(network, satellite, by_number, instant)
        if elements is None:
            refusals.append(sentence)
            continue
        chosen.append((satellite, elements))
        warnings.extend([sentence] if sentence else [])
        if satellite.planned_orbit is None:
            history = by_number[elements.norad_cat_id]
            ageing[satellite.name] = ageing_of(history, elements)
            suspicion = _suspicion(satellite.name, elements, history, ageing[satellite.name])
            warnings.extend([suspicion] if suspicion else [])
    if not chosen:
        raise ElementsAgeError(
            "; ".join(refusals) or "the network has no satellite",
            where=network.file,
            hint="groundstation tle import FILE with newer sets, or raise "
            "policies.max_elements_age_d",
        )
    return Selection(tuple(chosen), tuple(refusals + warnings), ageing)


def previous_set(elements: ElementSet, history: Iterable[ElementSet]) -> ElementSet | None:
    """The latest set of an object with an earlier epoch, at most 20 days earlier.

    Beyond that its ageing is not known well enough to tell a manoeuvre from drag.
    """
    earlier = [e for e in history if 0.0 < e.age_s(elements.epoch) <= _LONGEST_GAP_S]
    return max(earlier, key=lambda e: (e.epoch, e.digest), default=None)


def _suspicion(
    name: str, elements: ElementSet, history: Sequence[ElementSet], ageing: Ageing
) -> str:
    """A sentence if the set in use is the first after a manoeuvre, else "".

    It is the first that may be fitted to positions from before and after, so it is the one not to
    be trusted, however old it is tonight; as soon as a further set agrees with it and is used, the
    sentence goes.
    """
    before = previous_set(elements, history)
    if before is None:
        return ""
    try:
        found = manoeuvre_between(before, elements, ageing)
    except PropagationError as error:
        return str(error)
    if not found.is_manoeuvre:
        return ""
    return (
        f"elements of {name} disagree with the previous set by {found.sigmas:.0f} sigma "
        f"({found.along_m / 1e3:+.1f} km along the track): a manoeuvre between "
        f"{found.older_epoch:%Y-%m-%d %H:%M} and {found.newer_epoch:%Y-%m-%d %H:%M} UTC?"
    )


def _elements_of(
    network: Network,
    satellite: Satellite,
    by_number: dict[int, list[ElementSet]],
    instant: datetime,
) -> tuple[ElementSet | None, str]:
    """The set of one satellite with a sentence about its age, or None with the reason."""
    if satellite.planned_orbit is not None:
        orbit = satellite.planned_orbit
        return planned_elements(
            satellite.name,
            epoch=orbit.epoch,
            altitude_m=orbit.altitude_m,
            inclination_rad=orbit.inclination_rad,
            local_time_ascending_node_h=orbit.local_time_ascending_node_h,
            raan_rad=orbit.raan_rad,
            argument_of_latitude_rad=orbit.argument_of_latitude_rad,
        ), ""
    nearest = elements_at(by_number.get(satellite.norad_cat_id or 0, []), instant)
    if nearest is None:
        return (
            None,
            f"no element set for {satellite.name} (catalogue number {satellite.norad_cat_id})",
        )
    age_s = abs(nearest.age_s(instant))
    limit_s = network.policies.max_elements_age_s
    age = f"elements of {satellite.name} are {age_s / SECONDS_PER_DAY:.1f} days old"
    if age_s > limit_s:
        return None, f"{age} (limit {limit_s / SECONDS_PER_DAY:g}, from {nearest.source})"
    return nearest, age if age_s > network.policies.warn_elements_age_s else ""
