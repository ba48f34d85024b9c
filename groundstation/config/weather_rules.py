"""Rules for weather in a network file.

Names          of sources unique
Addresses      of sources https, or http on this machine, without login
Models         of forecast and ensemble, and of no other source; airports of stations for metar and
               taf, and nothing that belongs to models
Climatology    cover_percent or file, not both; the file is there
Sensors        a boltwood file with a time zone that exists; an Alpaca url, with the unit of its
               cloud cover where it measures conditions; nothing that another kind needs
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from groundstation.config.faults import Finding
from groundstation.config.locator import path_text
from groundstation.config.tables import Document, table_of, tables_of
from tle.provider.providers import unsafe_reason

_MODELLED, _REPORTED = {"forecast", "ensemble"}, {"metar", "taf"}
# What has no meaning for reports; a present sky has its limit at the station.
_FOR_MODELS = {"metar": ("model", "forecast_days", "max_age_h"), "taf": ("model", "forecast_days")}
_NEEDED = {
    "boltwood": ("file", "time_zone"),
    "alpaca-conditions": ("url", "cloud_unit"),
    "alpaca-safety": ("url",),
}
_ALLOWED = {
    "boltwood": {"file", "time_zone"},
    "alpaca-conditions": {"url", "device", "cloud_unit"},
    "alpaca-safety": {"url", "device"},
}


def _sources(document: Document) -> Iterator[Finding]:
    """The address is not quoted: it may hold the password for which it is refused."""
    first: dict[str, str] = {}
    for index, table in tables_of(table_of(document, "weather"), "sources"):
        path = ("weather", "sources", index)
        name = source_name(table)
        if name is not None and name in first:
            yield (*path, "name"), f"{name!r} is already the name of {first[name]}"
        elif name is not None:
            first[name] = path_text(path)
        url = table.get("url")
        reason = unsafe_reason(url) if isinstance(url, str) and url else None
        if reason is not None:
            yield (*path, "url"), f"the address {reason}"


def _interfaces(document: Document) -> Iterator[Finding]:
    has_airport = any("metar" in station for _, station in tables_of(document, "stations"))
    for index, table in tables_of(table_of(document, "weather"), "sources"):
        path, api = ("weather", "sources", index), table.get("api")
        if api in _MODELLED and "model" not in table:
            yield (*path, "model"), f"is missing for a source of api {api}"
        if api in _REPORTED:
            for key in _FOR_MODELS[api]:
                if key in table:
                    yield (*path, key), f"has no meaning for a source of api {api}"
            if not has_airport:
                yield (*path, "api"), "no station names the airport in its key metar"


def source_name(table: Mapping[str, Any]) -> str | None:
    """The name of a source: its own, or made of interface and model."""
    name, api, model = table.get("name"), table.get("api"), table.get("model")
    if isinstance(name, str):
        return name
    if api in _REPORTED:
        return str(api)
    return f"{api}-{model}" if isinstance(api, str) and isinstance(model, str) else None


def _climatologies(document: Document) -> Iterator[Finding]:
    for index, station in tables_of(document, "stations"):
        table = table_of(station, "climatology")
        path = ("stations", index, "climatology")
        if table and ("file" in table) == ("cover_percent" in table):
            yield path, "needs cover_percent or file, and not both"


def _sensors(document: Document) -> Iterator[Finding]:
    for index, station in tables_of(document, "stations"):
        for place, table in tables_of(station, "sensors"):
            path = ("stations", index, "sensors", place)
            kind = table.get("kind")
            if not isinstance(kind, str) or kind not in _NEEDED:
                continue
            for key in _NEEDED[kind]:
                if key not in table:
                    yield (*path, key), f"is missing for a sensor of kind {kind}"
            for key in sorted({"file", "time_zone", "url", "device", "cloud_unit"} & set(table)):
                if key not in _ALLOWED[kind]:
                    yield (*path, key), f"has no meaning for a sensor of kind {kind}"
            yield from ((((*path, key)), text) for key, text in _values(table))


def _values(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    zone, url = table.get("time_zone"), table.get("url")
    if isinstance(zone, str) and not _is_zone(zone):
        yield "time_zone", f"there is no time zone {zone!r}"
    if isinstance(url, str):
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            yield "url", "is not an address like http://192.168.1.20:11111"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


WEATHER_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _sources,
    _interfaces,
    _climatologies,
    _sensors,
)
