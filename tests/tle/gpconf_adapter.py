"""Our readers and writers behind the protocol of gpconf (docs/ADAPTERS.md of that package)."""

import re
from datetime import datetime, timedelta
from typing import Any

from tle.columns import decode_catalogue_number, encode_catalogue_number, four_digit_year
from tle.elements import ElementFormat
from tle.errors import ElementsError
from tle.formats import read_elements
from tle.lines import format_lines
from tle.omm.epoch import epoch_from_text
from tle.omm.record import elements_from_fields, fields_from_elements

NUMBERS = {
    "mean_motion": "MEAN_MOTION",
    "eccentricity": "ECCENTRICITY",
    "inclination": "INCLINATION",
    "ra_of_asc_node": "RA_OF_ASC_NODE",
    "arg_of_pericenter": "ARG_OF_PERICENTER",
    "mean_anomaly": "MEAN_ANOMALY",
    "bstar": "BSTAR",
    "mean_motion_dot": "MEAN_MOTION_DOT",
    "mean_motion_ddot": "MEAN_MOTION_DDOT",
}
TEXTS = {
    "object_name": "OBJECT_NAME",
    "object_id": "OBJECT_ID",
    "epoch": "EPOCH",
    "classification_type": "CLASSIFICATION_TYPE",
    "norad_cat_id": "NORAD_CAT_ID",
    "element_set_no": "ELEMENT_SET_NO",
    "rev_at_epoch": "REV_AT_EPOCH",
    "ephemeris_type": "EPHEMERIS_TYPE",
}


class Parser:
    def parse(self, raw, fmt):
        elements, faults = read_elements(raw, f"corpus.{fmt}")
        lines = raw.decode().splitlines()
        return [
            {"_adapter": {"refusals": True}},
            *(record(item, fmt) for item in elements),
            *(refusal(fault, lines) for fault in faults),
        ]

    def write_tle(self, fields):
        wanted = {
            keyword: str(fields[key])
            for key, keyword in (NUMBERS | TEXTS).items()
            if fields.get(key) is not None
        }
        return format_lines(
            elements_from_fields(wanted, source="corpus", form=ElementFormat.OMM_JSON)
        )

    def alpha5_decode(self, field):
        return decode_catalogue_number(field)

    def alpha5_encode(self, number):
        return encode_catalogue_number(number)

    def two_digit_year(self, digits):
        return four_digit_year(int(digits))

    def parse_epoch(self, text):
        year, day = epoch_from_text(text)
        return instant(year, day)

    def parse_catalog_id(self, text):
        if not text:
            raise ElementsError("an empty number is left out of a record")
        return elements_from_fields(
            {**ANY_RECORD, "NORAD_CAT_ID": text}, source="corpus", form=ElementFormat.OMM_JSON
        ).norad_cat_id


ANY_RECORD = {
    "EPOCH": "2026-06-13T19:44:35.142144",
    "MEAN_MOTION": "15.18831130",
    "ECCENTRICITY": ".0001287",
    "INCLINATION": "97.4502",
    "RA_OF_ASC_NODE": "123.3490",
    "ARG_OF_PERICENTER": "82.1730",
    "MEAN_ANOMALY": "277.9650",
    "BSTAR": ".25403E-3",
}


def instant(year, day):
    return datetime(year, 1, 1) + timedelta(seconds=round((day - 1.0) * 86_400.0, 6))  # noqa: DTZ001


def record(elements, fmt):
    """What the record says; a keyword that it leaves out is left out here."""
    fields = fields_from_elements(elements)
    found: dict[str, Any] = {key: fields[keyword] for key, keyword in NUMBERS.items()}
    found |= {
        "norad_cat_id": elements.norad_cat_id or None,
        "epoch": elements.epoch,
        "object_name": elements.name or None,
        "object_id": elements.object_id or None,
    }
    optional = {
        "classification_type": elements.classification,
        "element_set_no": elements.element_set_number,
        "rev_at_epoch": elements.revolution_number,
        "ephemeris_type": int(fields["EPHEMERIS_TYPE"]),
    }
    is_tle = fmt in {"tle", "2le"}
    given = {key for key in optional if is_tle or f"{TEXTS[key]} =" in elements.text}
    return found | {key: optional[key] for key in given}


def refusal(fault, lines):
    """A refusal with the catalogue number that the fault or the refused line 1 names."""
    line = lines[min(fault.line, len(lines)) - 1]
    if line.startswith("2 "):
        line = lines[fault.line - 2]
    named = re.search(r"record \d+ \('(\d+)'\)", fault.reason)
    number = line[2:7] if line.startswith("1 ") else named and named[1]
    return {"_refused": str(fault), "_field": number, "_input": line[-80:]}
