import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from groundstation.export.permission_requests import permission_requests
from groundstation.export.simple_schedule import NAMESPACE, simple_schedule, time_code_b
from groundstation.instants import utc_instant

TAG = f"{{{NAMESPACE}}}"
TIME = re.compile(r"\d{4}-\d{3}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


def parsed(text):
    return ET.fromstring(text)  # noqa: S314  our own text


def instant(code):
    return datetime.strptime(code, "%Y-%jT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def test_the_last_day_of_a_leap_year_is_day_366():
    assert time_code_b(datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)) == "2016-366T23:59:59.999Z"


def test_the_schedule_has_the_parts_of_the_standard_in_order(outcome, hostile):
    for night in (outcome, hostile):
        root = parsed(simple_schedule(night))
        assert root.tag == f"{TAG}simpleSchedule"
        assert root[0].tag == f"{TAG}simpleScheduleHeader"
        assert {c.tag for c in root[1:]} == {f"{TAG}scheduledPackage"}
        header = root[0].attrib
        assert {"originatingOrganization", "generationTime", "version", "status"} <= set(header)
        assert TIME.fullmatch(header["startTime"])
        for package in root[1:]:
            assert len(package.get("user")) <= 16
            for activity in package:
                assert activity.tag == f"{TAG}scheduledActivity"
                assert [part.tag for part in activity] == [f"{TAG}serviceInfo"]


def test_an_activity_begins_a_set_up_before_its_track(outcome):
    contact = outcome.plan.contacts[0]
    station = next(s for s in outcome.network.stations if s.name == contact.station)
    root = parsed(simple_schedule(outcome))
    (activity,) = root.iter(f"{TAG}scheduledActivity")
    assert activity.get("scheduledActivityId") == contact.pass_id
    track = instant(activity.get("beginningOfTrack"))
    assert timedelta(0) <= contact.start - track < timedelta(milliseconds=1)
    before = track - instant(activity.get("beginningOfActivity"))
    assert before.total_seconds() == pytest.approx(station.setup_s, abs=2e-3)
    assert instant(activity.get("endOfTrack")) <= contact.stop


def test_permission_is_asked_for_contacts_first_and_for_their_alternatives(outcome):
    rows = permission_requests(outcome)
    decisions = [row["decision"] for row in rows]
    assert decisions == sorted(decisions, key=["contact", "alternative"].index)
    contact = outcome.plan.contacts[0]
    first = rows[0]
    assert first["pass_id"] == contact.pass_id
    assert abs(utc_instant(first["start_utc"]) - contact.start) < timedelta(milliseconds=1)
    assert 0.0 < first["min_elevation_deg"] < first["max_elevation_deg"] <= 90.0
    assert len({row["request_id"] for row in rows}) == len(rows)
