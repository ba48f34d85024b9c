"""Which element set each satellite of a network uses, and whether it is young enough."""

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from groundstation.errors import ElementsAgeError, StateError
from groundstation.network import Network, Satellite
from tle.archive import elements_at
from tle.design import planned_elements
from tle.elements import ElementSet
from tle.errors import ElementsError
from tle.lines import LineFault, read_lines

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Element sets by satellite name, and a sentence for every satellite left out or old."""

    chosen: tuple[tuple[Satellite, ElementSet], ...]
    warnings: tuple[str, ...]


def read_element_files(network: Network) -> list[ElementSet]:
    """The sets in the files that the network file names; one bad record refuses its file."""
    sets: list[ElementSet] = []
    for pattern in network.elements:
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
    elements, faults = read_lines(path.read_text(encoding="utf-8", errors="replace"), path.name)
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
    for satellite in network.satellites:
        elements, sentence = _elements_of(network, satellite, by_number, instant)
        if elements is None:
            refusals.append(sentence)
            continue
        chosen.append((satellite, elements))
        warnings.extend([sentence] if sentence else [])
    if not chosen:
        raise ElementsAgeError(
            "; ".join(refusals) or "the network has no satellite",
            where=network.file,
            hint="groundstation tle import FILE with newer sets, or raise "
            "policies.max_elements_age_d",
        )
    return Selection(tuple(chosen), tuple(refusals + warnings))


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
