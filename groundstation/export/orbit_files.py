"""Orbits of a night's satellites as the files that telescopes and operators read."""

from collections.abc import Iterator
from dataclasses import replace

from groundstation.export.files import ExportFile, safe_name, text_file
from groundstation.night_records import ElementsUsed, NightOutcome
from tle.elements import ElementFormat
from tle.errors import ElementsError, EphemerisError
from tle.formats import write_elements
from tle.trajectory.cpf_text import format_cpf, ilrs_id
from tle.trajectory.ephemeris import Ephemeris
from tle.trajectory.oem_text import format_oem
from tle.trajectory.sgp4_ephemeris import ephemeris_from_elements

CPF_PROVIDER = "QGS"
STEP_S = 60.0
_SUFFIXES = {ElementFormat.OMM_JSON: "json", ElementFormat.OMM_XML: "xml"}


def omm_file(outcome: NightOutcome) -> Iterator[ExportFile]:
    """The element sets that the plan was made from, as CCSDS OMM (502.0-B-3).

    JSON in the form that element providers publish, and the standard's own XML.
    """
    sets = [used.elements for used in outcome.elements]
    for form in (ElementFormat.OMM_JSON, ElementFormat.OMM_XML):
        text = write_elements(sets, form, outcome.generated)
        yield text_file(f"elements.omm.{_SUFFIXES[form]}", text)


def tle_file(outcome: NightOutcome) -> Iterator[ExportFile]:
    """The same as two-line sets under their names; a set that does not fit two lines is left out.

    It is named in a comment instead, for its number or designator has too many digits.
    """
    parts = []
    for used in outcome.elements:
        try:
            parts.append(write_elements([used.elements], ElementFormat.TLE, outcome.generated))
        except ElementsError as error:
            parts.append(f"# {' '.join(str(error).split())}\n")
    yield text_file("elements.tle", "".join(parts))


def oem_files(outcome: NightOutcome) -> Iterator[ExportFile]:
    """One CCSDS OEM (502.0-B-3, KVN) per satellite with a contact, every minute of the night."""
    for used in _with_contact(outcome):
        text = format_oem(_ephemeris(outcome, used), created=outcome.generated)
        yield text_file(f"{safe_name(used.satellite)}.oem", text, satellite=used.satellite)


def cpf_files(outcome: NightOutcome) -> Iterator[ExportFile]:
    """One CPF version 2 (ILRS) per satellite with a contact, every minute of the night.

    The name follows the custom of the format: target, `cpf`, date of production, day of the year
    with the number within the day, provider.
    """
    made = outcome.generated
    for used in _with_contact(outcome):
        ephemeris = _identified(_ephemeris(outcome, used))
        text = format_cpf(ephemeris, provider=CPF_PROVIDER, created=made)
        stamp = f"{made:%y%m%d}_{made.timetuple().tm_yday:03d}01"
        name = f"{safe_name(used.satellite).lower()}_cpf_{stamp}.{CPF_PROVIDER.lower()}"
        yield text_file(name, text, satellite=used.satellite)


def _identified(ephemeris: Ephemeris) -> Ephemeris:
    """The ephemeris without a designator that a CPF cannot hold: piece 100 of a launch or later.

    Its catalogue number, which the second header has as well, still says which satellite it is.
    """
    try:
        ilrs_id(ephemeris.object_id)
    except EphemerisError:
        return replace(ephemeris, object_id="")
    return ephemeris


def _with_contact(outcome: NightOutcome) -> list[ElementsUsed]:
    flown = {contact.satellite for contact in outcome.plan.contacts}
    return [used for used in outcome.elements if used.satellite in flown]


def _ephemeris(outcome: NightOutcome, used: ElementsUsed) -> Ephemeris:
    length_s = (outcome.stop - outcome.start).total_seconds()
    return ephemeris_from_elements(used.elements, outcome.start, 0.0, length_s, STEP_S)
