"""A calendar keeps each contact one event, whatever the plan does to it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar

from groundstation.errors import StateError
from groundstation.export.contact_calendar import contact_calendar


def events(text):
    return {str(e["UID"]): e for e in Calendar.from_ical(text).walk("VEVENT")}


def only(text):
    (event,) = events(text).values()
    return event


def moved(outcome, by):
    contacts = tuple(
        replace(c, windows=tuple((a + by, b + by) for a, b in c.windows))
        for c in outcome.plan.contacts
    )
    return replace(outcome, plan=replace(outcome.plan, contacts=contacts))


def emptied(outcome):
    return replace(outcome, plan=replace(outcome.plan, contacts=()))


def test_an_event_covers_the_contact_in_whole_seconds_and_rings_half_an_hour_before(outcome):
    contact = outcome.plan.contacts[0]
    event = only(contact_calendar(outcome))
    start, stop = event.decoded("DTSTART"), event.decoded("DTEND")
    assert timedelta(0) <= contact.start - start < timedelta(seconds=1)
    assert timedelta(0) <= stop - contact.stop < timedelta(seconds=1)
    assert start.utcoffset() == timedelta(0)
    assert event["STATUS"] == "CONFIRMED"
    assert event["SEQUENCE"] == 0
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(minutes=-30)


def test_the_same_contact_published_again_is_the_same_event(outcome):
    first = contact_calendar(outcome)
    later = replace(outcome, generated=outcome.generated + timedelta(hours=1))
    assert contact_calendar(later, first) == first


def test_another_plan_id_alone_is_no_change(outcome):
    first = contact_calendar(outcome)
    other = replace(outcome, plan=replace(outcome.plan, plan_id="0123456789ab"))
    assert only(contact_calendar(other, first))["SEQUENCE"] == 0


def test_a_contact_that_moves_keeps_its_uid_and_gets_the_next_sequence(outcome):
    first = contact_calendar(outcome)
    second = contact_calendar(moved(outcome, timedelta(seconds=12)), first)
    third = contact_calendar(moved(outcome, timedelta(seconds=24)), second)
    assert events(first).keys() == events(third).keys()
    assert [only(text)["SEQUENCE"] for text in (first, second, third)] == [0, 1, 2]


def test_a_dropped_contact_is_cancelled_once_and_without_an_alarm(outcome):
    first = contact_calendar(outcome)
    dropped = contact_calendar(emptied(outcome), first)
    again = contact_calendar(emptied(outcome), dropped)
    event = only(dropped)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    assert not event.walk("VALARM")
    assert again == dropped


def test_a_contact_that_comes_back_is_confirmed_with_a_higher_sequence(outcome):
    dropped = contact_calendar(emptied(outcome), contact_calendar(outcome))
    back = only(contact_calendar(outcome, dropped))
    assert (back["STATUS"], back["SEQUENCE"]) == ("CONFIRMED", 2)


def test_a_dropped_contact_that_is_over_leaves_the_calendar(outcome):
    first = contact_calendar(outcome)
    after = outcome.plan.contacts[0].stop + timedelta(minutes=1)
    assert not events(contact_calendar(replace(emptied(outcome), generated=after), first))


def test_a_contact_of_another_night_is_kept_as_it_was(outcome):
    first = contact_calendar(outcome)
    day = timedelta(days=1)
    tomorrow = replace(emptied(outcome), start=outcome.start + day, stop=outcome.stop + day)
    assert contact_calendar(tomorrow, first) == first
    yesterday = replace(emptied(outcome), start=outcome.start - day, stop=outcome.stop - day)
    assert contact_calendar(yesterday, first) == first


def test_hostile_names_survive_the_calendar(hostile):
    event = only(contact_calendar(hostile))
    assert str(event["LOCATION"]) == hostile.network.title.replace("\x07", " ")


def test_a_damaged_calendar_is_refused(outcome):
    with pytest.raises(StateError, match="cannot be read"):
        contact_calendar(outcome, b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n")
