"""OMM as CelesTrak, Space-Track and the standard write it, held against sgp4's own reader."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sgp4 import omm
from sgp4.api import Satrec

from tle.elements import ElementFormat
from tle.formats import format_of, read_elements, write_elements
from tle.nodes import teme_positions_m
from tle.omm.epoch import epoch_from_text, epoch_to_text
from tle.omm.record import fields_from_elements

CREATED = datetime(2026, 6, 14, 12, tzinfo=UTC)

# One made-up orbit in each dialect, laid out as the provider lays it out.
CELESTRAK_JSON = """[{"OBJECT_NAME":"KEYSAT 1","OBJECT_ID":"2026-101B",\
"EPOCH":"2026-06-13T19:44:35.142144","MEAN_MOTION":15.18831130,"ECCENTRICITY":0.00012871,\
"INCLINATION":97.4502,"RA_OF_ASC_NODE":123.349,"ARG_OF_PERICENTER":82.173,"MEAN_ANOMALY":277.965,\
"EPHEMERIS_TYPE":0,"CLASSIFICATION_TYPE":"U","NORAD_CAT_ID":100123,"ELEMENT_SET_NO":999,\
"REV_AT_EPOCH":1143,"BSTAR":0.000254031,"MEAN_MOTION_DOT":5.222e-5,"MEAN_MOTION_DDOT":0}]"""

SPACE_TRACK_JSON = """[
 {"CCSDS_OMM_VERS": "3.0", "COMMENT": "GENERATED VIA SPACE-TRACK.ORG API",
  "CREATION_DATE": "2026-06-13T22:16:20", "ORIGINATOR": "18 SPCS",
  "OBJECT_NAME": "KEYSAT 1", "OBJECT_ID": "2026-101B", "CENTER_NAME": "EARTH",
  "REF_FRAME": "TEME", "TIME_SYSTEM": "UTC", "MEAN_ELEMENT_THEORY": "SGP4",
  "EPOCH": "2026-06-13T19:44:35.142144", "MEAN_MOTION": "15.18831130",
  "ECCENTRICITY": "0.00012871", "INCLINATION": "97.4502", "RA_OF_ASC_NODE": "123.3490",
  "ARG_OF_PERICENTER": "82.1730", "MEAN_ANOMALY": "277.9650", "EPHEMERIS_TYPE": "0",
  "CLASSIFICATION_TYPE": "U", "NORAD_CAT_ID": "100123", "ELEMENT_SET_NO": "999",
  "REV_AT_EPOCH": "1143", "BSTAR": "0.00025403100000", "MEAN_MOTION_DOT": "0.00005222",
  "MEAN_MOTION_DDOT": "0.0000000000000", "SEMIMAJOR_AXIS": "6887.1", "PERIOD": "94.808",
  "DECAY_DATE": null, "RCS_SIZE": null, "GP_ID": "312345678"}
]
"""

CELESTRAK_CSV = """\
OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\r
KEYSAT 1,2026-101B,2026-06-13T19:44:35.142144,15.18831130,.00012871,97.4502,123.3490,82.1730,\
277.9650,0,U,100123,999,1143,.254031E-3,.5222E-4,0\r
"""

# Supplemental data: a nine-digit launch nominal without designator, with columns of the provider.
SUPPLEMENTAL_CSV = """\
"OBJECT_NAME","OBJECT_ID","EPOCH","MEAN_MOTION","ECCENTRICITY","INCLINATION","RA_OF_ASC_NODE",\
"ARG_OF_PERICENTER","MEAN_ANOMALY","EPHEMERIS_TYPE","CLASSIFICATION_TYPE","NORAD_CAT_ID",\
"ELEMENT_SET_NO","REV_AT_EPOCH","BSTAR","MEAN_MOTION_DOT","MEAN_MOTION_DDOT","RMS","DATA_SOURCE"
"KEYSAT, NOMINAL","","2026-06-13T19:44:35.142144",15.18831130,.00012871,97.4502,123.3490,82.1730,\
277.9650,0,C,799500123,999,1143,.254031E-3,.5222E-4,0,0.213,"Operator-E"
"""

CELESTRAK_KVN = """\
CCSDS_OMM_VERS      = 2.0
CREATION_DATE       =
ORIGINATOR          =

OBJECT_NAME         = KEYSAT 1
OBJECT_ID           = 2026-101B
CENTER_NAME         = EARTH
REF_FRAME           = TEME
TIME_SYSTEM         = UTC
MEAN_ELEMENT_THEORY = SGP/SGP4

EPOCH               = 2026-06-13T19:44:35.142144
MEAN_MOTION         = 15.18831130
ECCENTRICITY        = .00012871
INCLINATION         = 97.4502
RA_OF_ASC_NODE      = 123.3490
ARG_OF_PERICENTER   = 82.1730
MEAN_ANOMALY        = 277.9650

EPHEMERIS_TYPE      = 0
CLASSIFICATION_TYPE = U
NORAD_CAT_ID        = 100123
ELEMENT_SET_NO      = 999
REV_AT_EPOCH        = 1143
BSTAR               = .254031E-3
MEAN_MOTION_DOT     = .5222E-4
MEAN_MOTION_DDOT    = 0
"""

# What the standard allows and no provider sends: comments, units, day of year, Z, signs, blanks.
STANDARD_KVN = """\
CCSDS_OMM_VERS=3.0
COMMENT written by hand
CLASSIFICATION = PUBLIC
MESSAGE_ID=7
OBJECT_NAME=KEYSAT 1
OBJECT_ID =   2026-101B
CENTER_NAME = earth
REF_FRAME=TEME
TIME_SYSTEM=UTC
MEAN_ELEMENT_THEORY=SGP4
COMMENT the elements follow
EPOCH\t=\t2026-164T19:44:35.142144Z
  MEAN_MOTION = 15.18831130 [rev/day]
ECCENTRICITY = 1.2871e-4
INCLINATION = +97.4502 [deg]
RA_OF_ASC_NODE = 123.3490[deg]
ARG_OF_PERICENTER = 82.1730 [deg]
MEAN_ANOMALY = 277.9650 [deg]
CLASSIFICATION_TYPE = U
NORAD_CAT_ID = +000100123
ELEMENT_SET_NO = +999
REV_AT_EPOCH = 01143
BSTAR = 0.000254031 [1/ER]
MEAN_MOTION_DOT = 0.00005222 [rev/day**2]
MEAN_MOTION_DDOT = 0.0 [REV/DAY**3]
USER_DEFINED_EARTH_MODEL = WGS-72
"""

CELESTRAK_XML = """<?xml version="1.0" encoding="UTF-8"?>
<ndm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<omm id="CCSDS_OMM_VERS" version="2.0"><header><CREATION_DATE/><ORIGINATOR/></header>
<body><segment><metadata><OBJECT_NAME>KEYSAT 1</OBJECT_NAME><OBJECT_ID>2026-101B</OBJECT_ID>
<CENTER_NAME>EARTH</CENTER_NAME><REF_FRAME>TEME</REF_FRAME><TIME_SYSTEM>UTC</TIME_SYSTEM>
<MEAN_ELEMENT_THEORY>SGP4</MEAN_ELEMENT_THEORY></metadata>
<data><meanElements><EPOCH>2026-06-13T19:44:35.142144</EPOCH>
<MEAN_MOTION units="rev/day">15.18831130</MEAN_MOTION><ECCENTRICITY>.00012871</ECCENTRICITY>
<INCLINATION>97.4502</INCLINATION><RA_OF_ASC_NODE>123.3490</RA_OF_ASC_NODE>
<ARG_OF_PERICENTER>82.1730</ARG_OF_PERICENTER><MEAN_ANOMALY>277.9650</MEAN_ANOMALY></meanElements>
<tleParameters><EPHEMERIS_TYPE>0</EPHEMERIS_TYPE><CLASSIFICATION_TYPE>U</CLASSIFICATION_TYPE>
<NORAD_CAT_ID>100123</NORAD_CAT_ID><ELEMENT_SET_NO>999</ELEMENT_SET_NO>
<REV_AT_EPOCH>1143</REV_AT_EPOCH><BSTAR>.254031E-3</BSTAR>
<MEAN_MOTION_DOT>.5222E-4</MEAN_MOTION_DOT><MEAN_MOTION_DDOT>0</MEAN_MOTION_DDOT></tleParameters>
</data></segment></body></omm></ndm>
"""

DIALECTS = {
    "celestrak-json": (CELESTRAK_JSON, ElementFormat.OMM_JSON),
    "space-track-json": (SPACE_TRACK_JSON, ElementFormat.OMM_JSON),
    "celestrak-csv": (CELESTRAK_CSV, ElementFormat.OMM_CSV),
    "celestrak-kvn": (CELESTRAK_KVN, ElementFormat.OMM_KVN),
    "standard-kvn": (STANDARD_KVN, ElementFormat.OMM_KVN),
    "celestrak-xml": (CELESTRAK_XML, ElementFormat.OMM_XML),
}


def only(content):
    elements, faults = read_elements(content, "sample")
    assert faults == []
    assert len(elements) == 1
    return elements[0]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_is_recognised_and_gives_the_same_numbers(name):
    text, form = DIALECTS[name]
    assert format_of(text) is form
    for content in (text, text.encode(), b"\xef\xbb\xbf" + text.encode()):
        found = only(content)
        assert found.format is form
        assert replace(found, text="", format=ElementFormat.OMM_JSON) == replace(
            only(CELESTRAK_JSON), text=""
        )


def test_the_numbers_are_those_that_were_published():
    found = only(CELESTRAK_KVN)
    assert (found.norad_cat_id, found.object_id, found.name) == (100123, "2026-101B", "KEYSAT 1")
    assert found.epoch == datetime(2026, 6, 13, 19, 44, 35, 142144, tzinfo=UTC)
    # Half the derivative, as in a TLE; doubling it is the classic mistake.
    assert (found.mean_motion_dot, found.bstar) == (0.5222e-4, 0.254031e-3)
    assert (found.eccentricity, found.mean_motion_rev_per_day) == (0.00012871, 15.18831130)
    assert (found.element_set_number, found.revolution_number) == (999, 1143)


@pytest.mark.parametrize("text", [CELESTRAK_JSON, SPACE_TRACK_JSON])
def test_the_satellite_is_where_sgp4_s_own_reader_puts_it(text):
    theirs = Satrec()
    omm.initialize(theirs, json.loads(text)[0])
    ours = only(text)
    epoch = ours.epoch
    minutes = np.arange(0.0, 1440.0, 7.0)
    codes, position_m = teme_positions_m(ours, epoch, minutes * 60.0)
    assert not codes.any()
    expected_km = np.array([theirs.sgp4_tsince(m)[1] for m in minutes])
    # They keep the epoch in one double of days: 0.4 us, 3 mm of orbit.
    assert np.abs(position_m - expected_km * 1e3).max() < 0.01


def test_nine_digits_an_empty_designator_and_a_comma_in_the_name_are_read():
    found = only(SUPPLEMENTAL_CSV)
    assert (found.norad_cat_id, found.object_id) == (799500123, "")
    assert (found.name, found.classification) == ("KEYSAT, NOMINAL", "C")


def test_a_designator_that_is_null_or_unknown_is_empty():
    for given in ("null", '"UNKNOWN"', '""'):
        assert only(CELESTRAK_JSON.replace('"2026-101B"', given)).object_id == ""


def test_what_the_standard_leaves_optional_may_be_missing():
    optional = ("EPHEMERIS_TYPE", "NORAD_CAT_ID", "ELEMENT_SET_NO", "REV_AT_EPOCH", "MEAN_MOTION_D")
    kept = [line for line in CELESTRAK_KVN.splitlines() if not line.startswith(optional)]
    found = only("\n".join(kept))
    assert (found.norad_cat_id, found.mean_motion_dot, found.bstar) == (0, 0.0, 0.254031e-3)


@pytest.mark.parametrize("form", [f for f in ElementFormat if f is not ElementFormat.TLE])
@pytest.mark.parametrize("name", DIALECTS)
def test_writing_what_was_read_keeps_every_decimal(name, form):
    """Trailing zeros too: they are what the provider says of its precision."""
    found = only(DIALECTS[name][0])
    written = write_elements([found], form, CREATED)
    digits = {"MEAN_MOTION": "15.18831130"} if name != "celestrak-json" else {}
    if name.startswith("celestrak-") and name != "celestrak-json":
        digits |= {"BSTAR": "0.254031E-3", "MEAN_ANOMALY": "277.9650"}
    again = only(written)
    fields = fields_from_elements(again)
    assert fields == {**fields_from_elements(found), **digits}
    assert all(value in written for value in digits.values())
    assert replace(again, text="", format=found.format) == replace(found, text="")


@pytest.mark.parametrize(
    "form", [ElementFormat.OMM_JSON, ElementFormat.OMM_CSV, ElementFormat.OMM_XML]
)
def test_sgp4_s_own_reader_reads_what_we_write(form, tmp_path):
    ours = only(CELESTRAK_KVN)
    path = tmp_path / "written"
    path.write_text(write_elements([ours], form, CREATED), encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        if form is ElementFormat.OMM_JSON:
            fields = json.load(file)[0]
        else:
            parse = omm.parse_csv if form is ElementFormat.OMM_CSV else omm.parse_xml
            fields = next(iter(parse(file)))
    theirs = Satrec()
    omm.initialize(theirs, fields)
    assert (theirs.satnum, theirs.ecco, theirs.bstar) == (100123, 0.00012871, 0.254031e-3)
    assert np.degrees(theirs.inclo) == pytest.approx(97.4502, rel=1e-15)
    assert (theirs.elnum, theirs.revnum, theirs.intldesg) == (999, 1143, "26101B")


# CCSDS 502.0-B-3, 7.5.10: forms and instants. A leap second has no day fraction of its own.
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2020-064T10:34:41.4264", datetime(2020, 3, 4, 10, 34, 41, 426400, tzinfo=UTC)),
        ("2002-204T15:56:23Z", datetime(2002, 7, 23, 15, 56, 23, tzinfo=UTC)),
        ("2001-11-06T11:17:33", datetime(2001, 11, 6, 11, 17, 33, tzinfo=UTC)),
        ("2024-366T00:00:00.5Z", datetime(2024, 12, 31, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2016-12-31T23:59:60", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_epochs_are_read_in_every_form(text, instant):
    year, day = epoch_from_text(text)
    found = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=1) * (day - 1.0)
    # A day in a double resolves 5 ns, a datetime a microsecond.
    assert abs((found - instant).total_seconds()) <= 1e-6


def test_the_epoch_resolves_five_nanoseconds_late_in_the_year():
    _, day = epoch_from_text("2026-365T23:59:59.123456789")
    # Half the spacing of doubles there is 2.5 ns; the subtraction is exact.
    assert abs((day - 365.0) * 86_400.0 - 86_399.123456789) < 2.6e-9
    assert epoch_from_text(epoch_to_text(2026, day)) == (2026, day)
