"""Radio stations and announcements of a network file: rules that join keys, and their records.

Names          unique
Satellites     name radio stations that exist, each once
"""

import math
from collections.abc import Callable, Iterator

from groundstation.announcement_policy import AnnouncementPolicy, RadioStation
from groundstation.config.document.radio import RadioStation as RadioStationTable
from groundstation.config.document.satellite import Satellite
from groundstation.config.faults import Finding
from groundstation.config.locator import path_text
from groundstation.config.tables import Document, named, tables_of
from groundstation.suggest import did_you_mean
from passes.site import HorizonMask, Site

_SECONDS_PER_MINUTE = 60.0


def radio_stations_of(tables: list[RadioStationTable]) -> tuple[RadioStation, ...]:
    """Every radio station."""
    return tuple(
        RadioStation(
            name=table.name,
            title=table.title or table.name,
            site=Site(
                name=table.name,
                latitude_rad=math.radians(table.latitude_deg),
                longitude_rad=math.radians(table.longitude_deg),
                height_m=table.height_m,
                horizon=HorizonMask(azimuth_rad=(0.0,), elevation_rad=(0.0,)),
            ),
            min_elevation_rad=math.radians(table.min_elevation_deg),
        )
        for table in tables
    )


def announcement_of(table: Satellite) -> AnnouncementPolicy:
    """How a satellite announces."""
    return AnnouncementPolicy(
        radio_stations=tuple(table.radio_stations),
        delay_s=table.announcement_delay_min * _SECONDS_PER_MINUTE,
    )


def _unique_names(document: Document) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for index, table in tables_of(document, "radio_stations"):
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            yield (
                ("radio_stations", index, "name"),
                f"{name!r} is already the name of {first[name]}",
            )
        first.setdefault(name, path_text(("radio_stations", index)))


def _known_stations(document: Document) -> Iterator[Finding]:
    known = named(document, "radio_stations")
    for index, table in tables_of(document, "satellites"):
        names = table.get("radio_stations")
        for place, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in known:
                yield (
                    ("satellites", index, "radio_stations", place),
                    f"no radio station {name!r}{did_you_mean(name, known)}",
                )


RADIO_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (_unique_names, _known_stations)
