"""Orbital periods that limits of contacts are counted with."""

from collections.abc import Iterable, Mapping

from groundstation.night_records import ElementsUsed

_SECONDS_PER_DAY = 86_400.0


def orbit_periods(elements: Iterable[ElementsUsed]) -> Mapping[str, float]:
    """Orbital period of each satellite, by its name [s]: that of its mean motion."""
    return {
        used.satellite: _SECONDS_PER_DAY / used.elements.mean_motion_rev_per_day
        for used in elements
    }
