"""Contacts as a CCSDS Simple Schedule (902.1-B-1, May 2018) for other agencies' tools.

One scheduled package per satellite, one scheduled activity per contact. An activity begins a
set-up time before its track and ends with it. The service is not one of the standard's radio
services and is named as what it is.
"""

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

from groundstation.export.xml_text import xml_text
from groundstation.network import Network
from groundstation.night_records import NightOutcome
from groundstation.plan.records import Contact

NAMESPACE = "urn:ccsds:schema:cssm:1.0.0"
LONGEST_USER = 16


def simple_schedule(outcome: NightOutcome) -> str:
    """The XML text; instants in CCSDS time code B (day of year, 301.0-B-4), UTC."""
    network = outcome.network
    root = ET.Element("simpleSchedule", {"xmlns": NAMESPACE, "srvMgtEntityType": "SIMPLE_SCHEDULE"})
    ET.SubElement(
        root,
        "simpleScheduleHeader",
        {
            "originatingOrganization": network.name,
            "generationTime": time_code_b(outcome.generated),
            "version": "1",
            "status": "OPERATIONAL",
            "startTime": time_code_b(outcome.start),
            "endTime": time_code_b(outcome.stop),
            "inclusionType": "START_INCLUSION",
        },
    )
    for satellite in dict.fromkeys(c.satellite for c in outcome.plan.contacts):
        package = ET.SubElement(
            root,
            "scheduledPackage",
            {
                "scheduledPackageId": f"{outcome.night}-{outcome.plan.plan_id}-{satellite}",
                "user": network.name[:LONGEST_USER],
                "comment": f"{satellite}, plan {outcome.plan.plan_id}",
            },
        )
        for contact in outcome.plan.contacts:
            if contact.satellite == satellite:
                _add_activity(package, contact, network)
    for element in root.iter():
        element.attrib.update({name: xml_text(value) for name, value in element.attrib.items()})
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_activity(package: ET.Element, contact: Contact, network: Network) -> None:
    setup_s = next(s.setup_s for s in network.stations if s.name == contact.station)
    activity = ET.SubElement(
        package,
        "scheduledActivity",
        {
            "scheduledActivityId": contact.pass_id,
            "activityStatus": "COMMITTED",
            "siteRef": contact.station,
            "apertureRef": contact.station,
            "beginningOfActivity": time_code_b(contact.start - timedelta(seconds=setup_s)),
            "beginningOfTrack": time_code_b(contact.start),
            "endOfTrack": time_code_b(contact.stop),
            "endOfActivity": time_code_b(contact.stop),
        },
    )
    ET.SubElement(
        activity, "serviceInfo", {"serviceType": "QKD_DOWNLINK", "frequencyBand": "OPTICAL"}
    )


def time_code_b(instant: datetime) -> str:
    """An aware UTC instant as `2026-165T21:03:05.123Z`, cut to the millisecond."""
    return f"{instant:%Y-%jT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"
