"""No name breaks a file: every format is parsed back whatever satellites and stations are called.

Names are exact where the format can hold them; else they differ by what the format forbids only.
"""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import geojson as geojson_parser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from groundstation.export.formats import FORMATS, ExportSettings
from groundstation.export.kml import NAMESPACE as KML
from groundstation.export.one_line import one_line
from groundstation.export.simple_schedule import NAMESPACE as CSSM
from groundstation.export.xml_text import xml_text
from tle.formats import read_elements
from tle.trajectory.cpf import read_cpf
from tle.trajectory.oem import read_oem

SIGNS = "\"'<>&;,:=|#[]{}()\\/%$\n\r\t\x00\x0b\x1f\x7f\x85\u2028\u2029\ufeff\u202eé東ß😀 "
names = st.one_of(
    st.text(min_size=1, max_size=40),
    st.text(SIGNS, min_size=1, max_size=40),
    st.builds(lambda sign, count: sign * count, st.sampled_from('x"<é東 '), st.integers(200, 3000)),
)
fuzzed = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def files_of(night, name):
    files = list(FORMATS[name].write(night, ExportSettings()))
    for file in files:
        assert Path(file.name).name == file.name
        assert file.name.isascii()
        assert len(file.name) < 120
    return [file.content.decode("utf-8") for file in files]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@fuzzed
@given(name=names)
@example(name="a\rb")
@example(name='=cmd|"/c"!A1')
def test_tables_give_every_name_back(under_name, name):
    night = under_name(name)
    for form in ("csv", "requests"):
        (text,) = files_of(night, form)
        rows = rows_of(text)
        assert rows
        assert {row["station"] for row in rows} == {name}
        assert {row["pass_id"] for row in rows} == {name}
        assert None not in rows[0]


@fuzzed
@given(name=names)
def test_json_gives_every_name_back(under_name, name):
    night = under_name(name)
    passes, plan = map(json.loads, files_of(night, "json"))
    assert [row["station"] for row in passes["rows"]] == [name]
    assert [contact["satellite"] for contact in plan["contacts"]] == [name]
    (lines,) = files_of(night, "jsonl")
    # One line is one object, for readers that split at line feeds only.
    (line,) = lines.split("\n")[:-1]
    assert json.loads(line)["pass_id"] == name
    (text,) = files_of(night, "geojson")
    document = geojson_parser.loads(text)
    assert document.is_valid
    assert name in {f["properties"].get("station") for f in document["features"]}
    (text,) = files_of(night, "czml")
    packets = json.loads(text)
    ids = {packet["id"] for packet in packets}
    assert f"satellite/{name}" in ids
    (line,) = [packet["polyline"] for packet in packets if "polyline" in packet]
    for reference in line["positions"]["references"]:
        head, _, tail = reference.rpartition("#")
        assert tail == "position"
        assert head.replace("\\", "") in {i.replace("\\", "") for i in ids}


@fuzzed
@given(name=names)
def test_a_calendar_gives_every_name_back_on_one_line(under_name, name):
    (text,) = files_of(under_name(name), "ics")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    shown = one_line(name)
    assert str(event["LOCATION"]).strip() == shown.strip()
    assert str(event["SUMMARY"]).strip() == f"{shown} over {shown}".strip()
    # What was published is understood when it comes back.
    again = ExportSettings(previous_calendar=text.encode())
    (second,) = FORMATS["ics"].write(under_name(name), again)
    assert second.content.decode() == text


@fuzzed
@given(name=names)
def test_xml_gives_every_name_back(under_name, name):
    night = under_name(name)
    (text,) = files_of(night, "kml")
    root = ET.fromstring(text)  # noqa: S314  our own text
    # An XML reader turns a carriage return of an element's text into a line feed.
    shown = xml_text(name).replace("\r\n", "\n").replace("\r", "\n")
    titles = [element.text or "" for element in root.iter(f"{{{KML}}}name")]
    assert shown in titles
    (text,) = files_of(night, "schedule")
    root = ET.fromstring(text)  # noqa: S314  our own text
    (activity,) = root.iter(f"{{{CSSM}}}scheduledActivity")
    assert activity.get("siteRef") == xml_text(name)
    assert activity.get("scheduledActivityId") == xml_text(name)


# What a reader of element sets lets through: printable, single blanks, up to 254 signs.
printed = (
    st.one_of(
        st.text(min_size=1, max_size=40),
        st.text(SIGNS, min_size=1, max_size=40),
        st.builds(lambda sign: sign * 254, st.sampled_from('x"<é東')),
    )
    .map(lambda name: " ".join(name.split()))
    .filter(lambda name: name and name.isprintable())
)


@fuzzed
@given(name=printed)
@example(name="1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993")
@example(name="COMMENT META_START")
@example(name="META_STOP X = 1 </OBJECT_NAME>")
@example(name="# a comment")
def test_orbits_are_read_back_whatever_the_satellite_is_called(under_name, name):
    night = under_name(name)
    expected = night.elements[0].elements
    for form in ("omm", "tle"):
        for text in files_of(night, form):
            (read,), faults = read_elements(text, "exported")
            assert not faults
            assert read.norad_cat_id == expected.norad_cat_id
            assert read.mean_anomaly_deg == expected.mean_anomaly_deg
    for form, reader in (("oem", read_oem), ("cpf", read_cpf)):
        (text,) = files_of(night, form)
        (segment,) = reader(text).segments
        assert len(segment.times_s) >= 31
