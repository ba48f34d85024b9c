"""Radio contacts of the satellites that need them to announce, from their element sets."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from groundstation.announcement_policy import RadioStation
from groundstation.errors import PlanError
from groundstation.instants import after
from groundstation.network import Network
from groundstation.night_records import ElementsUsed
from groundstation.plan.announcements import Announcements
from groundstation.plan.records import Span
from passes.errors import PassError
from passes.search import find_passes
from tle.elements import ElementSet
from tle.nodes import sgp4_node_tables

# Shorter ones carry nothing: receiver and satellite have to find each other first.
SHORTEST_S = 60.0
# A contact of the last night may be announced after it: in the nights ahead that the plan looks at,
# or in the day behind them, so that the outlook tells when.
_FURTHER = timedelta(days=1)


def announcements_of(
    network: Network, elements: Sequence[ElementsUsed], start: datetime, stop: datetime
) -> Announcements:
    """When satellites can announce between two instants, in the nights ahead and a day after.

    Raises
    ------
    PlanError
        the radio contacts of a satellite cannot be computed
    """
    used = {item.satellite: item.elements for item in elements}
    stations = {station.name: station for station in network.radio_stations}
    until = stop + network.nights_ahead * timedelta(days=1) + _FURTHER
    radio = {}
    for satellite in network.satellites:
        own = [stations[name] for name in dict.fromkeys(satellite.announcement.radio_stations)]
        if own and satellite.name in used:
            try:
                radio[satellite.name] = _contacts(used[satellite.name], own, start, until)
            except (PassError, ValueError, ArithmeticError) as error:
                raise PlanError(
                    f"computing the radio contacts of {satellite.name}: {error}"
                ) from error
    delay_s = {s.name: s.announcement.delay_s for s in network.satellites if s.announcement.delay_s}
    return Announcements(radio, delay_s, until)


def _contacts(
    elements: ElementSet, stations: Sequence[RadioStation], start: datetime, stop: datetime
) -> tuple[Span, ...]:
    """Passes of a satellite over its radio stations, in order; the Sun does not matter."""
    tables = sgp4_node_tables([elements], start, 0.0, (stop - start).total_seconds())
    tables = [table for table in tables if table.times_s.size]
    if not tables:
        return ()
    found = find_passes(tables, [s.site for s in stations], [s.min_elevation_rad for s in stations])
    return tuple(
        sorted(
            (after(item.arc.epoch, item.arc.aos_s), after(item.arc.epoch, item.arc.los_s))
            for item in found
            if item.arc.duration_s >= SHORTEST_S
        )
    )
