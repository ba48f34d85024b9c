"""What no reader of OMM accepts; a refusal names the record, the keyword, the value, the limit."""

import json
import re

import pytest

from tle.errors import ElementsError
from tle.formats import read_elements
from tle.omm.epoch import epoch_from_text

GOOD = {
    "OBJECT_NAME": "KEYSAT 1",
    "OBJECT_ID": "2026-101B",
    "EPOCH": "2026-06-13T19:44:35.142144",
    "MEAN_MOTION": 15.1883113,
    "ECCENTRICITY": 0.00012871,
    "INCLINATION": 97.4502,
    "RA_OF_ASC_NODE": 123.349,
    "ARG_OF_PERICENTER": 82.173,
    "MEAN_ANOMALY": 277.965,
    "NORAD_CAT_ID": 100123,
    "BSTAR": 0.000254031,
}


def faults_of(content, source="gp"):
    elements, faults = read_elements(content, source)
    assert elements == []
    return [str(fault) for fault in faults]


def as_json(**changes):
    record = {key: value for key, value in (GOOD | changes).items() if value is not ...}
    return json.dumps([record])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"MEAN_ELEMENT_THEORY": "SGP4-XP"},
            "MEAN_ELEMENT_THEORY is SGP4-XP, not SGP4 or SGP/SGP4",
        ),
        ({"MEAN_ELEMENT_THEORY": "DSST"}, "MEAN_ELEMENT_THEORY is DSST"),
        ({"REF_FRAME": "EME2000"}, "REF_FRAME is EME2000, not TEME"),
        ({"TIME_SYSTEM": "TAI"}, "TIME_SYSTEM is TAI, not UTC"),
        ({"CENTER_NAME": "MARS"}, "CENTER_NAME is MARS, not EARTH"),
        ({"EPHEMERIS_TYPE": 4}, r"EPHEMERIS_TYPE is 4 \(SGP4-XP\), not 0 or 2"),
        ({"EPHEMERIS_TYPE": "SGP4"}, "EPHEMERIS_TYPE is SGP4, not 0 or 2"),
        ({"BTERM": 0.02}, "BTERM is given, which no SGP4 set has"),
        ({"REF_FRAME_EPOCH": "2000-001T12:00:00"}, "REF_FRAME_EPOCH is given"),
        ({"CCSDS_OMM_VERS": "1.0"}, "CCSDS_OMM_VERS is 1.0, not 2.0 or 3.0"),
        ({"ECCENTRICITY": -1e-4}, "ECCENTRICITY is -0.0001, outside 0 to 1"),
        ({"ECCENTRICITY": 1}, "ECCENTRICITY is 1, outside 0 to 1"),
        ({"ECCENTRICITY": float("nan")}, "ECCENTRICITY is 'NaN', not a decimal number"),
        ({"BSTAR": float("inf")}, "BSTAR is 'Infinity', not a decimal number"),
        ({"BSTAR": "1e999"}, "BSTAR is 1e999, outside -1000 to 1000"),
        ({"BSTAR": "0x1p-3"}, "BSTAR is '0x1p-3', not a decimal number"),
        ({"BSTAR": "0,5"}, "BSTAR is '0,5', not a decimal number"),
        ({"BSTAR": True}, "BSTAR is neither text nor a number"),
        ({"BSTAR": [1]}, "BSTAR is neither text nor a number"),
        ({"BSTAR": None}, "BSTAR is missing"),
        ({"MEAN_MOTION": 0}, "MEAN_MOTION is 0, outside 0.001 to 20"),
        ({"MEAN_MOTION": 1518.8}, "MEAN_MOTION is 1518.8, outside 0.001 to 20"),
        ({"MEAN_MOTION": ...}, "MEAN_MOTION is missing"),
        ({"INCLINATION": 180.1}, "INCLINATION is 180.1, outside 0 to 180"),
        ({"RA_OF_ASC_NODE": 361}, "RA_OF_ASC_NODE is 361, outside -360 to 360"),
        ({"NORAD_CAT_ID": "A0000"}, "NORAD_CAT_ID is 'A0000', not an integer of up to nine"),
        ({"NORAD_CAT_ID": 1_000_000_000}, "NORAD_CAT_ID is '1000000000', not an integer"),
        ({"NORAD_CAT_ID": "25544.0"}, "NORAD_CAT_ID is '25544.0', not an integer"),
        ({"NORAD_CAT_ID": -5}, "NORAD_CAT_ID is -5, outside 0 to 999999999"),
        ({"OBJECT_NAME": "KEY\u001b[2J"}, "OBJECT_NAME is .* cannot be printed"),
        ({"OBJECT_NAME": "K" * 255}, "OBJECT_NAME is .* longer than 254"),
        ({"EPOCH": ...}, "EPOCH is missing"),
        ({"EPOCH": "26164.82262896"}, "EPOCH '26164.82262896' is not an epoch"),
    ],
)
def test_a_record_that_is_not_for_sgp4_or_not_a_number_is_refused(changes, reason):
    (fault,) = faults_of(as_json(**changes))
    number = (GOOD | changes)["NORAD_CAT_ID"]
    assert fault.startswith(f"gp:1: record 1 ('{number}'): ")
    assert re.search(reason, fault)


# gpconf 0.7.0, vectors/ccsds-epoch-strings.json, and days and times that do not exist.
@pytest.mark.parametrize(
    "text",
    [
        "2026-9-20T12:42:37",
        "2026-09-20 12:42:37",
        "2026-09-20T12:42:37.141056+00:00",
        "20260920T124237",
        "2026-09-20T12:42:37.",
        "2026-02-29T00:00:00",
        "2026-366T00:00:00",
        "2026-000T00:00:00",
        "2026-09-20T24:00:00",
        "2026-09-20T12:60:00",
        "2026-09-20T23:59:60",
        "2016-12-31T23:59:61",
        "1956-12-31T00:00:00",
        "2200-01-01T00:00:00",
        "２026-09-20T12:42:37",
    ],
)
def test_an_epoch_of_another_form_or_that_does_not_exist_is_refused(text):
    with pytest.raises(ElementsError, match=r"is not an epoch|no such|outside the years"):
        epoch_from_text(text)


def test_a_keyword_given_twice_is_refused_in_every_format():
    once = json.dumps(GOOD)
    twice = f'[{once[:-1]}, "BSTAR": 0.1}}]'
    assert faults_of(twice) == ["gp:1: record 1 ('100123'): BSTAR is given twice"]
    kvn = "CCSDS_OMM_VERS = 3.0\nBSTAR = 1\nBSTAR = 1\n"
    assert faults_of(kvn) == ["gp:3: record 1: BSTAR is given twice"]
    xml = "<ndm><omm version='3.0'><BSTAR>1</BSTAR>\n<BSTAR>2</BSTAR></omm></ndm>"
    assert faults_of(xml) == ["gp:2: record 1: BSTAR is given twice"]
    table = "EPOCH,BSTAR,BSTAR\n2026-001T00:00:00,1,2\n"
    assert faults_of(table) == ["gp:1: record 1: the column BSTAR is given twice"]


def test_a_unit_other_than_the_keyword_s_is_refused():
    kvn = "CCSDS_OMM_VERS = 3.0\nINCLINATION = 1.7 [rad]\n"
    assert faults_of(kvn) == ["gp:2: record 1: INCLINATION is in 'rad' instead of deg"]
    xml = '<omm version="3.0"><MEAN_MOTION units="rad/s">0.001</MEAN_MOTION></omm>'
    assert faults_of(xml) == ["gp:1: record 1: MEAN_MOTION is in 'rad/s' instead of rev/day"]


def test_a_line_that_is_no_keyword_refuses_its_message_only():
    lines = [f"{key} = {value}" for key, value in GOOD.items()]
    good = "\n".join(["CCSDS_OMM_VERS = 3.0", *lines])
    bad = "\n".join(["CCSDS_OMM_VERS = 3.0", *lines, "service unavailable"])
    elements, faults = read_elements(f"{good}\n{bad}\n{good}\n", "gp.kvn")
    assert len(elements) == 2
    (fault,) = faults
    assert str(fault) == (
        "gp.kvn:25: record 2 ('100123'): 'service unavailable' is not KEYWORD = value"
    )


def test_good_records_are_kept_and_each_bad_one_has_its_line():
    records = [GOOD, GOOD | {"BSTAR": "?"}, GOOD, GOOD | {"EPOCH": ""}]
    text = "[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]"
    elements, faults = read_elements(text, "gp.json")
    assert len(elements) == 2
    assert [fault.line for fault in faults] == [3, 5]
    assert [fault.reason.partition(" ('")[0] for fault in faults] == ["record 2", "record 4"]

    names = list(GOOD)
    rows = [",".join(str(record[name]) for name in names) for record in records]
    elements, faults = read_elements(",".join(names) + "\n" + "\n".join(rows), "gp.csv")
    assert len(elements) == 2
    assert [fault.line for fault in faults] == [3, 5]


def test_a_file_that_is_cut_keeps_what_is_whole_and_says_where_it_ends():
    whole = [GOOD, GOOD]
    array = json.dumps(whole, indent=0)
    for cut, reason in (
        (array[:-1].rstrip(), "the array is not closed after the record before: a cut file"),
        (array[:-20], "is not JSON or is cut"),
    ):
        elements, faults = read_elements(cut, "gp.json")
        assert len(elements) == (2 if "closed" in reason else 1)
        assert reason in faults[0].reason
    table = ",".join(GOOD) + "\n" + ",".join(str(value) for value in GOOD.values())
    elements, faults = read_elements(table.rpartition(",")[0], "gp.csv")
    assert (elements, str(faults[0])) == (
        [],
        "gp.csv:2: record 1 ('100123'): has 10 columns, the header 11",
    )
    xml = f"<ndm>\n<omm>{''.join(f'<{k}>{v}</{k}>' for k, v in GOOD.items())}</omm>\n<omm><EPOCH>"
    elements, faults = read_elements(xml, "gp.xml")
    assert len(elements) == 1
    assert str(faults[0]) == "gp.xml:3: record 2: is not XML or is cut: no element found"


# The words of providers, each with status 200 somewhere: a catalogue made of them would be empty.
@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\n\n",
        b"No GP data found",
        b"GP data has not updated since your last successful download.\nTry in 2 hours, not now.",
        b"<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head><body>no</body></html>",
        b"<html><body>You must be logged in, EPOCH,MEAN_MOTION</body></html>",
        b'{"error":"You must be logged in to complete this action"}',
        b'[{"error":"You\'ve violated your query rate limit."}]',
        b"[]",
        b"null",
        b"OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION\r\n",
        b'<?xml version="1.0"?><ndm></ndm>',
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04",
        "EPOCH,MEAN_MOTION\n".encode("utf-16"),
    ],
)
def test_a_page_that_is_no_catalogue_is_one_fault_and_no_element(page):
    (fault,) = faults_of(page)
    assert fault.startswith("gp:1: ")


def test_an_error_object_is_quoted():
    (fault,) = faults_of('{"error":"no"}')
    assert fault == "gp:1: record 1: no keyword of an OMM, only ['error']"


def test_a_document_type_is_refused_before_an_entity_can_grow():
    bomb = (
        '<?xml version="1.0"?>\n<!DOCTYPE ndm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        "]>\n<ndm><omm><OBJECT_NAME>&b;</OBJECT_NAME></omm></ndm>"
    )
    (fault,) = faults_of(bomb)
    assert "a document type (ndm) is refused" in fault


@pytest.mark.parametrize("depth", [10, 100_000])
def test_nesting_is_refused_however_deep(depth):
    assert faults_of("[" * depth)
    assert faults_of('{"EPOCH":' * depth)
    assert faults_of("<ndm>" + "<omm>" * depth)
