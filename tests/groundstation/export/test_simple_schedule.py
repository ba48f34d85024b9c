"""The simple schedule has the elements of CCSDS 902.1 in their order."""

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


ATTRIBUTES = {
    "simpleScheduleHeader": {
        "originatingOrganization", "generationTime", "version", "status", "startTime", "endTime",
        "inclusionType",
    },
    "scheduledPackage": {"scheduledPackageId", "user", "comment"},
    "scheduledActivity": {
        "scheduledActivityId", "activityStatus", "siteRef", "apertureRef", "beginningOfActivity",
        "beginningOfTrack", "endOfTrack", "endOfActivity",
    },
    "serviceInfo": {"serviceType", "frequencyBand"},
}  # fmt: skip


def test_every_element_of_the_schedule_has_its_attributes_and_no_text(europe, hostile):
    for night in (europe, hostile):
        root = parsed(simple_schedule(night))
        for element in list(root.iter())[1:]:
            name = element.tag.removeprefix(TAG)
            assert set(element.attrib) == ATTRIBUTES[name]
            assert not (element.text or "").strip()


def test_every_contact_is_one_activity_in_the_package_of_its_satellite(europe):
    root = parsed(simple_schedule(europe))
    packages = {p.get("scheduledPackageId"): p for p in root.iter(f"{TAG}scheduledPackage")}
    assert len(packages) == len({c.satellite for c in europe.plan.contacts})
    found = {}
    for name, package in packages.items():
        for activity in package:
            found[activity.get("scheduledActivityId")] = (name, activity)
    assert found.keys() == {c.pass_id for c in europe.plan.contacts}
    for contact in europe.plan.contacts:
        name, activity = found[contact.pass_id]
        assert name.endswith(f"-{contact.satellite}")
        assert activity.get("siteRef") == contact.station
        instants = [
            instant(activity.get(key))
            for key in ("beginningOfActivity", "beginningOfTrack", "endOfTrack", "endOfActivity")
        ]
        assert instants == sorted(instants)
        assert europe.start - timedelta(days=1) < instants[0] < instants[-1] < europe.stop


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
