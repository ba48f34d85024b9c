"""The freeze in the planner, and the difference between two plans."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.night.freeze import (
    Outage,
    frozen_assignments,
    lost_promises,
    without_outages,
)
from groundstation.plan.difference import difference_sentences, plan_difference
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate, Contact, Plan

EVENING = datetime(2026, 6, 14, 20, tzinfo=UTC)


def after(minutes):
    return EVENING + timedelta(minutes=minutes)


def candidate(name, satellite, station, start, bits=1_000_000, length=5.0, refusal=None):
    span = (after(start), after(start + length))
    return Candidate(name, satellite, station, *span, (span,), bits, refusal)


def contact(name, start, bits=1_000_000, length=5.0):
    return Contact(name, "spoqc", "graz", ((after(start), after(start + length)),), bits)


def plan(*contacts, plan_id="before"):
    return Plan(plan_id, "2026-06-14", contacts, (), (), (), 0.0, 0.0, "none", ())


def made(network, candidates, fixed=None):
    return make_plan(
        network,
        candidates,
        night="2026-06-14",
        nights=1,
        plan_id="0",
        inputs=PlanInputs(fixed=fixed or {}),
    )


def taken(result):
    return {c.pass_id for c in result.contacts}


@pytest.fixture(scope="module")
def network():
    return load_network(example_path("europe-2026"))


@pytest.fixture
def pair(network):
    """Two passes of one satellite at once; the second brings ten times the key."""
    names = [station.name for station in network.stations]
    satellite = network.satellites[0].name
    return [
        candidate("poor", satellite, names[0], 0.0, 100_000),
        candidate("rich", satellite, names[1], 1.0, 1_000_000),
    ]


def test_what_is_fixed_is_taken_or_left_whatever_it_is_worth(network, pair):
    free = made(network, pair)
    assert taken(free) == {"rich"}
    kept = made(network, pair, {"poor": True})
    assert taken(kept) == {"poor"}
    assert kept.value < free.value
    (rejection,) = kept.rejections
    assert rejection.reason.endswith("; it starts too soon to change that")
    assert taken(made(network, pair, {"rich": False, "poor": False})) == set()
    assert taken(made(network, pair, {"rich": False})) == {"poor"}


def test_two_that_were_to_be_kept_and_now_overlap_cost_the_poorer_one_and_not_the_night(
    network, pair
):
    result = made(network, pair, {"poor": True, "rich": True})
    assert taken(result) == {"rich"}
    assert "poor was to be kept but now overlaps rich" in result.remarks


def test_a_fixed_pass_that_cannot_be_a_contact_is_not_one(network, pair):
    poor = dataclasses.replace(pair[0], refusal="no permission")
    result = made(network, [poor, pair[1]], {"poor": True})
    assert taken(result) == {"rich"}
    assert {r.pass_id: r.reason for r in result.rejections}["poor"] == "no permission"


def test_the_freeze_reaches_up_to_its_last_second():
    before = plan(contact("a", 29.0), contact("c", 31.0))
    candidates = [
        candidate("a", "s", "graz", 29.0),
        candidate("b", "s", "graz", 29.99),
        candidate("edge", "s", "graz", 30.0),
        candidate("c", "s", "graz", 31.0),
    ]
    assert frozen_assignments(before, candidates, EVENING, 1800.0) == {"a": True, "b": False}
    assert frozen_assignments(None, candidates, EVENING, 1800.0) == {}
    assert frozen_assignments(before, candidates, EVENING, 0.0) == {}


def test_a_contact_that_had_to_be_kept_and_cannot_be_is_named():
    before = plan(contact("over", -10.0), contact("a", 10.0), contact("gone", 20.0))
    refused = candidate("a", "s", "graz", 10.0, refusal="elements too old")
    over = candidate("over", "s", "graz", -10.0, refusal="elements too old")
    assert lost_promises(before, [refused, over], EVENING, 1800.0) == [
        "a was to be kept but is dropped: elements too old",
        "gone was to be kept but is dropped: it is no pass of this night any more",
    ]
    assert lost_promises(before, [refused], EVENING, 300.0) == []


def test_a_contact_under_way_that_is_dropped_is_said():
    before = plan(contact("begun", -2.0), contact("over", -9.0))
    refused = candidate("begun", "spoqc", "graz", -2.0, refusal="flag says nogo")
    assert lost_promises(before, [refused], EVENING, 1800.0) == [
        "begun was to be kept but is dropped: flag says nogo"
    ]


def test_an_outage_spares_what_has_begun():
    outage = Outage("graz", after(10.0), "cloud")
    items = [
        candidate("begun", "s", "graz", 9.0),
        candidate("first", "s", "graz", 10.0),
        candidate("other", "s", "matera", 11.0),
        candidate("refused", "s", "graz", 12.0, refusal="not dark"),
    ]
    reasons = {item.pass_id: item.refusal for item in without_outages(items, [outage])}
    assert reasons == {
        "begun": None,
        "first": "graz is out from 20:10Z: cloud",
        "other": None,
        "refused": "not dark",
    }


def test_the_earliest_outage_of_a_station_counts():
    outages = [Outage("graz", after(20.0), "rain"), Outage("graz", after(10.0), "cloud")]
    (item,) = without_outages([candidate("a", "s", "graz", 15.0)], outages)
    assert item.refusal == "graz is out from 20:10Z: cloud"


def test_a_difference_names_what_is_added_dropped_moved_and_worth_more():
    old = plan(contact("a", 0.0), contact("b", 20.0), contact("c", 40.0), contact("d", 60.0))
    shifted = Contact(
        "b", "spoqc", "graz", ((after(20.0) + timedelta(seconds=12), after(25.0)),), 1_000_000
    )
    new = plan(contact("a", 0.0), shifted, contact("d", 60.0, bits=1_010_000), contact("e", 80.0))
    found = plan_difference(old, new)
    assert (found.previous, found.added, found.dropped) == ("before", ("e",), ("c",))
    (moved,) = found.moved
    assert (moved.pass_id, moved.start_shift_s, moved.stop_shift_s) == ("b", 12.0, 0.0)
    (worth,) = found.key_changed
    assert (worth.pass_id, worth.before_bits, worth.after_bits) == ("d", 1_000_000, 1_010_000)
    assert difference_sentences(found) == (
        "against plan before, added: e",
        "against plan before, dropped: c",
        "against plan before, moved: b by +12 s (start), +0 s (stop)",
        "against plan before, key changed: d 1,000.0 to 1,010.0 kbit",
    )


def test_less_than_a_second_and_less_than_a_percent_is_no_difference():
    little = timedelta(seconds=0.9)
    moved = Contact("a", "spoqc", "graz", ((after(0.0) + little, after(5.0) - little),), 990_001)
    found = plan_difference(plan(contact("a", 0.0)), plan(moved))
    assert found.is_nothing
    assert difference_sentences(found) == ("against plan before: the same contacts",)


def test_only_the_time_that_both_plans_look_at_is_compared():
    old, new = plan(contact("a", 0.0), contact("b", 60.0)), plan(contact("c", 90.0))
    found = plan_difference(old, new, after(30.0), after(80.0))
    assert (found.added, found.dropped) == ((), ("b",))


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_added_and_dropped_turn_one_plan_into_the_other(old, new):
    before = plan(*(contact(f"p{i}", 10.0 * i) for i in old))
    after_ = plan(*(contact(f"p{i}", 10.0 * i) for i in new))
    found = plan_difference(before, after_)
    names = {f"p{i}" for i in old}
    assert (names | set(found.added)) - set(found.dropped) == {f"p{i}" for i in new}
    assert not set(found.added) & names
