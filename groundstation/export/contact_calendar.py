"""The contacts of a plan as an iCalendar file (RFC 5545) that calendars keep up to date.

- A contact keeps its UID as long as its pass keeps its id, however often the plan changes.
- SEQUENCE grows by one whenever time, place or text of a contact change, and only then.
- A contact that the plan has dropped stays in the file as CANCELLED until it is over.
- A contact of another night stays as it was until it is over: this plan says nothing of it.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from icalendar import Alarm, Calendar, Event

from groundstation.errors import StateError
from groundstation.export.one_line import one_line
from groundstation.network import Station
from groundstation.night_records import NightOutcome
from groundstation.plan.records import Contact

ALARM_BEFORE = timedelta(minutes=30)
# What a person sees of an event; a change of anything else is no change.
_SEEN = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS")


def contact_calendar(outcome: NightOutcome, previous: bytes | None = None) -> bytes:
    """The calendar of a night.

    Parameters
    ----------
    previous : the calendar that was published before, whose events are updated or cancelled

    Raises
    ------
    StateError
        the previous file is not a calendar
    """
    before = _events(previous)
    calendar = Calendar()
    calendar.add("PRODID", "-//qkd-groundstation//contacts//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    title = one_line(outcome.network.title)
    calendar.add("NAME", title)
    calendar.add("X-WR-CALNAME", title)
    stations = {station.name: station for station in outcome.network.stations}
    made = {}
    for contact in outcome.plan.contacts:
        event = _event(outcome, contact, stations[contact.station])
        made[str(event["UID"])] = _numbered(event, before.get(str(event["UID"])))
    for uid, event in before.items():
        if uid not in made and event.decoded("DTEND") > outcome.generated:
            is_planned = outcome.start <= event.decoded("DTSTART") < outcome.stop
            made[uid] = _cancelled(event, outcome.generated) if is_planned else event
    for uid in sorted(made, key=lambda uid: (made[uid].decoded("DTSTART"), uid)):
        calendar.add_component(made[uid])
    return bytes(calendar.to_ical())


def _events(previous: bytes | None) -> dict[str, Event]:
    """Events of an earlier file by UID."""
    if previous is None:
        return {}
    try:
        calendar = Calendar.from_ical(previous)
        events = [e for e in calendar.walk("VEVENT") if isinstance(e, Event)]
        return {str(event["UID"]): event for event in events}
    except (ValueError, KeyError) as error:
        raise StateError(
            f"the calendar published before cannot be read: {error}",
            hint="move the damaged file away; the contacts then start with SEQUENCE 0",
        ) from error


def _event(outcome: NightOutcome, contact: Contact, station: Station) -> Event:
    event = Event()
    pass_id, satellite = one_line(contact.pass_id), one_line(contact.satellite)
    title = one_line(station.title)
    event.add("UID", f"{pass_id}@{one_line(outcome.network.name)}.qkd-groundstation")
    event.add("DTSTAMP", _whole(outcome.generated))
    # Whole seconds around the contact: nothing of it lies outside.
    event.add("DTSTART", _whole(contact.start))
    event.add("DTEND", _whole(contact.stop, up=True))
    event.add("SUMMARY", f"{satellite} over {title}")
    event.add("LOCATION", title)
    event.add(
        "GEO",
        (
            float(np.degrees(station.site.latitude_rad)),
            float(np.degrees(station.site.longitude_rad)),
        ),
    )
    event.add(
        "DESCRIPTION",
        f"Pass {pass_id}, {contact.key_bits / 1e3:.0f} kbit of key under a clear sky, "
        f"plan {outcome.plan.plan_id}",
    )
    event.add("STATUS", "CONFIRMED")
    event.add("CATEGORIES", ["QKD contact"])
    event.add("TRANSP", "OPAQUE")
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("DESCRIPTION", f"{satellite} over {title} in 30 minutes")
    alarm.add("TRIGGER", -ALARM_BEFORE)
    event.add_component(alarm)
    return event


def _whole(instant: datetime, *, up: bool = False) -> datetime:
    seconds = instant.timestamp()
    whole = math.ceil(seconds) if up else math.floor(seconds)
    return datetime.fromtimestamp(whole, UTC)


def _numbered(event: Event, before: Event | None) -> Event:
    """The event with its SEQUENCE; an unchanged one keeps number and stamp."""
    if before is None:
        event.add("SEQUENCE", 0)
        return event
    if _seen(event) == _seen(before):
        event["DTSTAMP"] = before["DTSTAMP"]
        event.add("SEQUENCE", int(before.get("SEQUENCE", 0)))
        return event
    event.add("SEQUENCE", int(before.get("SEQUENCE", 0)) + 1)
    return event


def _cancelled(event: Event, now: datetime) -> Event:
    if str(event.get("STATUS")) == "CANCELLED":
        return event
    sequence = int(event.get("SEQUENCE", 0)) + 1
    for name in ("STATUS", "SEQUENCE", "DTSTAMP"):
        event.pop(name, None)
    event.add("STATUS", "CANCELLED")
    event.add("SEQUENCE", sequence)
    event.add("DTSTAMP", _whole(now))
    event.subcomponents.clear()
    return event


def _seen(event: Event) -> Mapping[str, object]:
    """What a change of must be told: the plan's id in the text is not."""
    texts: dict[str, object] = {name: str(event.get(name)) for name in _SEEN}
    texts["DESCRIPTION"] = str(event.get("DESCRIPTION")).rpartition(", plan ")[0]
    return {**texts, "start": event.decoded("DTSTART"), "stop": event.decoded("DTEND")}
