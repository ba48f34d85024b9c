"""Every format in which a night can leave the house, by name."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from groundstation.export.contact_calendar import contact_calendar
from groundstation.export.czml import czml
from groundstation.export.delimited import delimited
from groundstation.export.files import ExportFile, safe_name, text_file
from groundstation.export.geojson import geojson
from groundstation.export.kml import kml
from groundstation.export.orbit_files import cpf_files, oem_files, omm_file, tle_file
from groundstation.export.pass_rows import SCHEMA as PASSES_SCHEMA
from groundstation.export.pass_rows import pass_rows
from groundstation.export.permission_requests import permission_requests
from groundstation.export.plan_document import plan_document
from groundstation.export.pointing import pointing_table
from groundstation.export.simple_schedule import simple_schedule
from groundstation.night_records import NightOutcome

CALENDAR = "contacts.ics"


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What a format may be told.

    Parameters
    ----------
    rate_hz : rows per second of pointing tables, 1 to 10
    previous_calendar : the calendar published before, for its sequence numbers
    """

    rate_hz: float = 1.0
    previous_calendar: bytes | None = None


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format: its name on the command line, what it is, and who writes it."""

    name: str
    title: str
    write: Callable[[NightOutcome, ExportSettings], Iterator[ExportFile]]


def _csv(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    del settings
    yield text_file("passes.csv", delimited(_rows(outcome)))


def _json(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    del settings
    document = {"schema": PASSES_SCHEMA, "night": outcome.night, "rows": _rows(outcome)}
    yield text_file("passes.json", json.dumps(document, indent=1) + "\n")
    yield text_file("plan.json", json.dumps(plan_document(outcome), indent=1) + "\n")


def _json_lines(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    del settings
    rows = ({"schema": PASSES_SCHEMA, **row} for row in _rows(outcome))
    yield text_file("passes.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _rows(outcome: NightOutcome) -> list[dict[str, object]]:
    return pass_rows(outcome.passes, outcome.network, outcome.plan)


def _calendar(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    yield ExportFile(CALENDAR, contact_calendar(outcome, settings.previous_calendar))


def _pointing(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    passes = {item.pass_id: item for item in outcome.passes}
    stations = {station.name: station for station in outcome.network.stations}
    for contact in outcome.plan.contacts:
        text = pointing_table(passes[contact.pass_id], stations[contact.station], settings.rate_hz)
        yield text_file(
            f"{safe_name(contact.pass_id)}.pointing.csv",
            text,
            satellite=contact.satellite,
            station=contact.station,
            pass_id=contact.pass_id,
        )


def _requests(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
    del settings
    yield text_file("permission-requests.csv", delimited(permission_requests(outcome)))


def _whole(
    name: str, write: Callable[[NightOutcome], str]
) -> Callable[[NightOutcome, ExportSettings], Iterator[ExportFile]]:
    """A format that is one text of the whole night."""

    def files(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
        del settings
        yield text_file(name, write(outcome))

    return files


def _many(
    write: Callable[[NightOutcome], Iterator[ExportFile]],
) -> Callable[[NightOutcome, ExportSettings], Iterator[ExportFile]]:
    """A format without settings that makes its own files."""

    def files(outcome: NightOutcome, settings: ExportSettings) -> Iterator[ExportFile]:
        del settings
        return write(outcome)

    return files


FORMATS: dict[str, ExportFormat] = {
    entry.name: entry
    for entry in (
        ExportFormat("csv", "passes as comma-separated values", _csv),
        ExportFormat("json", "passes and plan as JSON", _json),
        ExportFormat("jsonl", "passes, one JSON object per line", _json_lines),
        ExportFormat("ics", "contacts as iCalendar", _calendar),
        ExportFormat("pointing", "azimuth and elevation along each contact", _pointing),
        ExportFormat("cpf", "orbits as CPF version 2", _many(cpf_files)),
        ExportFormat("oem", "orbits as CCSDS OEM", _many(oem_files)),
        ExportFormat("omm", "element sets used, CCSDS OMM in JSON and XML", _many(omm_file)),
        ExportFormat("tle", "element sets used, two lines", _many(tle_file)),
        ExportFormat("czml", "the night in motion for Cesium", _whole("night.czml", czml)),
        ExportFormat("kml", "map for globes", _whole("night.kml", kml)),
        ExportFormat("geojson", "map as GeoJSON", _whole("night.geojson", geojson)),
        ExportFormat(
            "schedule",
            "contacts as CCSDS Simple Schedule",
            _whole("schedule.xml", simple_schedule),
        ),
        ExportFormat("requests", "permission request list", _requests),
    )
}
