"""Fetch reports and forecasts of airports, by the rules of `groundstation.weather.asking`.

- All airports are asked for in one query; what came of it is written down airport by airport.
- A report that cannot be believed, or is not in the answer, leaves the last good one of its airport
  in place and stops no other.
- A report dated after now is refused, as one clock is wrong; so is one of yesterday, and one of the
  present sky that ends before its pressure, as it was cut short.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from groundstation.weather.asking import HeldDocument, ask, check_address, held_document, said
from groundstation.weather.errors import WeatherError
from groundstation.weather.fetch import WeatherFetch
from groundstation.weather.formats.aviation import read_metar, read_taf
from groundstation.weather.formats.documents import refuse, shown, text_of
from groundstation.weather.formats.recognition import airport_of
from groundstation.weather.records import SECONDS_PER_HOUR, Weather, sha256_of
from groundstation.weather.report_source import (
    RULES,
    ReportApi,
    ReportSource,
    airport_key,
    report_url,
)
from groundstation.weather.safety import age_fault
from tle.provider import fetches
from tle.provider.fetches import Outcome, Request
from tle.provider.transport import Transport

# Older than any that an airport still calls its newest.
_OLDEST_S = 24.0 * SECONDS_PER_HOUR
_BEGINS = re.compile(r"(?:(?:METAR|SPECI|TAF|AMD|COR)\s+)*[A-Z][A-Z0-9]{3}\s+\d{6}Z\b")
_PRESSURE = re.compile(rb"\s[QA](?:\d{4}|////)")
_READERS = {ReportApi.METAR: read_metar, ReportApi.TAF: read_taf}
_ASKED = (Outcome.ACCEPTED, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What an answer says of one airport: its report, and why it is not believed (or "")."""

    body: bytes
    fault: str


def fetch_reports(
    db: Database,
    source: ReportSource,
    airports: Mapping[str, str],
    *,
    now: Callable[[], datetime],
    transport: Transport,
    force: bool = False,
) -> tuple[WeatherFetch, ...]:
    """Ask for the newest report of every airport, as far as the rules allow.

    Parameters
    ----------
    db : with the tables of `tle.provider.fetches`
    airports : station -> airport whose reports count for it
    now : the present, aware
    transport : with the `LIMITS` of `report_source`
    force : a person lifts a block; intervals still hold

    Raises
    ------
    WeatherError
        the source's address must not be asked
    """
    check_address(source.name, source.address)
    if not airports:
        return ()
    at, wanted = now(), frozenset(airports.values())

    def judge(body: bytes) -> int:
        return _count(_parts(body, source, wanted, at))

    request = Request(source.name, source.address, report_url(source, wanted))
    asked = ask(db, request, RULES[source.api], at, transport, judge, force=force)
    found: dict[str, tuple[Outcome, str]] = {}
    if asked.outcome in _ASKED and asked.body is not None:
        parts = _parts(asked.body, source, wanted, at)
        with db.atomic():
            found = {name: _kept(db, source, name, parts.get(name), at) for name in sorted(wanted)}
    results = []
    for station, airport in airports.items():
        outcome, reason = found.get(airport, (asked.outcome, asked.reason))
        held = held_report_weather(db, source, station, airport)
        results.append(WeatherFetch(station, outcome, held, asked.until, reason))
    fetches.drop_old_payloads(db)
    return tuple(results)


def held_report(db: Database, source: ReportSource, airport: str) -> HeldDocument | None:
    """The last good report of an airport, dated by when it first came."""
    return held_document(db, airport_key(source, airport))


def held_report_weather(
    db: Database, source: ReportSource, station: str, airport: str
) -> Weather | None:
    """What `held_report` says of a station."""
    held = held_report(db, source, airport)
    if held is None:
        return None
    place = f"{source.name} {airport}"
    return _READERS[source.api](held.body, place, station, retrieved_at=held.retrieved_at)


def _parts(
    body: bytes, source: ReportSource, wanted: frozenset[str], at: datetime
) -> dict[str, _Part]:
    """The newest report of every airport in an answer.

    Raises
    ------
    WeatherError
        it holds something else than reports of the airports that were asked for
    """
    newest: dict[str, tuple[datetime, _Part]] = {}
    for report in _split(body, source.name):
        airport = airport_of(report) or ""
        place = f"{source.name} {airport}"
        if airport not in wanted:
            refuse(source.name, "", f"{airport} was not asked for")
        try:
            weather = _READERS[source.api](report, place, airport, retrieved_at=at)
        except WeatherError as error:
            newest.setdefault(airport, (at, _Part(report, said(error))))
            continue
        dated = weather.provenance.dated
        fault = age_fault(f"{source.api} {airport}", dated, at, _OLDEST_S)
        if fault is None and source.api is ReportApi.METAR and not _PRESSURE.search(report):
            fault = f"{place}: ends before its pressure; it was cut short"
        if airport not in newest or dated > newest[airport][0]:
            newest[airport] = (dated, _Part(report, fault or ""))
    return {airport: part for airport, (_, part) in newest.items()}


def _split(body: bytes, place: str) -> list[bytes]:
    """The reports of an answer; a line that is indented goes on with the one before."""
    text = text_of(body, place)
    if text.lstrip()[:1] in {"<", "{", "["}:
        refuse(place, "", f"is no report of an airport: {shown(text)!r}")
    reports: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if _BEGINS.match(line):
            reports.append([line])
        elif line[:1].isspace() and reports:
            reports[-1].append(line)
        else:
            refuse(place, f"line {number}", f"is no report of an airport: {shown(line)!r}")
    return ["\n".join(lines).encode() for lines in reports]


def _count(parts: Mapping[str, _Part]) -> int:
    """How many reports can be believed; at least one."""
    faults = [part.fault for part in parts.values() if part.fault]
    if len(faults) == len(parts):
        raise WeatherError("; ".join(faults) or "holds no report")
    return len(parts) - len(faults)


def _kept(
    db: Database, source: ReportSource, airport: str, part: _Part | None, at: datetime
) -> tuple[Outcome, str]:
    """Write down what an answer says of an airport."""
    url = airport_key(source, airport)
    if part is None:
        return Outcome.NOT_FOUND, f"the answer holds nothing of {airport}"
    held = fetches.held_answer(db, url)
    outcome = Outcome.ACCEPTED
    if part.fault:
        outcome = Outcome.REJECTED
    elif held is not None and held.sha256 == sha256_of(part.body):
        outcome = Outcome.UNCHANGED
    values: dict[str, Any] = {"objects": 0 if part.fault else 1, "reason": part.fault or None}
    values["sha256"] = fetches.keep_payload(db, part.body)
    row = fetches.record(db, Request(source.name, source.address, url), at)
    fetches.finish(db, row, outcome, **values)
    return outcome, part.fault
