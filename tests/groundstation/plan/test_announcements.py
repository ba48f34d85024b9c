"""Key counts from the radio contact that announces it."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from groundstation.announcement_policy import AnnouncementPolicy, RadioStation
from groundstation.contact_limits import SatelliteLimits
from groundstation.night.radio import announcements_of
from groundstation.plan.announcements import Announcements
from groundstation.plan.check import check_plan
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.limits import Usage
from groundstation.plan.outlook import pair_outlook
from groundstation.plan.planner import make_plan
from groundstation.plan.radio_check import announced_keys
from groundstation.plan.records import Contact, Plan
from passes.site import Site

HOUR_S = 3_600


@pytest.fixture
def at(tiny):
    """Hours after the evening at 20:00."""
    return lambda hours: tiny.evening + timedelta(hours=hours)


@pytest.fixture
def trunk(tiny):
    """A demand of 60 kbit a day over sat-1, which announces by radio."""
    net = tiny.network([tiny.demand("trunk", "grid", "carrier", 60_000)])
    radio = AnnouncementPolicy(("svalbard",))
    return dataclasses.replace(
        net, satellites=tuple(dataclasses.replace(s, announcement=radio) for s in net.satellites)
    )


@pytest.fixture
def passes(tiny):
    """Two contacts at 20:00 and at 22:00."""
    return [
        tiny.candidate("a", "sat-1", "matera", 0, 200, 90_000),
        tiny.candidate("b", "sat-1", "helmos", 2 * HOUR_S, 200, 80_000),
    ]


def radio(at, *hours, until=40.0):
    """Contacts of ten minutes of sat-1 that begin some hours after the evening."""
    spans = tuple((at(h), at(h + 1.0 / 6.0)) for h in hours)
    return Usage(announcements=Announcements({"sat-1": spans}, {}, at(until)))


def planned(net, passes, usage, nights=1):
    return make_plan(
        net, passes, night="2026-06-14", nights=nights, plan_id="0",
        inputs=PlanInputs(usage=usage),
    )  # fmt: skip


def faults(net, plan, usage, nights=1):
    bits = {c.pass_id: 10**6 for c in plan.contacts}
    own = {c.pass_id: c.key_bits for c in plan.contacts}
    known = usage.announcements
    announced = {c.pass_id: known.announced_at(c.satellite, c.stop) for c in plan.contacts}
    return check_plan(plan, net, {}, bits, nights, contact_bits=own, announced=announced)


def test_a_key_is_announced_in_the_first_radio_contact_that_begins_after_it(at):
    known = radio(at, 1.0, 3.0, 5.0).announcements
    assert known.announced_at("sat-1", at(0.5)) == at(1.0 + 1.0 / 6.0)
    assert known.announced_at("sat-1", at(1.0)) == at(1.0 + 1.0 / 6.0)
    assert known.announced_at("sat-1", at(1.01)) == at(3.0 + 1.0 / 6.0)
    assert known.announced_at("sat-1", at(5.1)) is None
    assert known.counts_from("sat-1", at(5.1)) == at(40.0)
    # Others need no radio contact.
    assert known.announced_at("sat-2", at(0.5)) == at(0.5)
    assert known.counts_from("sat-2", at(0.5)) is None


def test_a_later_radio_contact_that_ends_sooner_announces(at):
    spans = ((at(1.0), at(1.5)), (at(1.1), at(1.2)))
    assert Announcements({"s": spans}).announced_at("s", at(0.0)) == at(1.2)


def test_a_delay_comes_before_the_radio_contact(at):
    spans = ((at(1.0), at(1.1)), (at(3.0), at(3.1)))
    known = Announcements({"s": spans}, {"s": 7_200.0, "t": 600.0}, at(9.0))
    assert known.announced_at("s", at(0.5)) == at(3.1)
    assert known.announced_at("t", at(0.5)) == at(0.5) + timedelta(minutes=10)


def test_key_is_delivered_in_the_night_in_which_it_is_announced(at, trunk, passes):
    early = planned(trunk, passes, radio(at, 3.0), nights=2)
    assert [relay.night for relay in early.carried] == [0, 1]
    # Announced at 20:40 of the second evening: nothing can be delivered in the first night.
    late = planned(trunk, passes, radio(at, 1.0, 24.5), nights=2)
    assert [relay.night for relay in late.carried] == [1]
    assert [c.announced for c in late.contacts] == [at(1 + 1 / 6), at(24.5 + 1 / 6)]
    assert faults(trunk, late, radio(at, 1.0, 24.5), nights=2) == []


def test_key_announced_after_the_last_night_only_fills_its_pool(at, trunk, passes):
    usage = radio(at, 1.0, 20.0)
    plan = planned(trunk, passes, usage)
    assert plan.relays == ()
    assert plan.value == pytest.approx(0.05 * 170.0)
    (delivery,) = plan.deliveries
    assert delivery.delivered_bits == 0
    assert delivery.remark == "the key of its contacts is announced after the last night"
    assert faults(trunk, plan, usage) == []
    # Without any radio contact after it, too.
    usage = radio(at, 1.0)
    plan = planned(trunk, passes, usage)
    assert plan.relays == ()
    assert plan.contacts[1].announced == at(40.0)
    assert faults(trunk, plan, usage) == []
    # An hour earlier than the end of the night at noon UTC it is delivered.
    usage = radio(at, 1.0, 15.0)
    assert planned(trunk, passes, usage).deliveries[0].delivered_bits == 60_000


def test_the_referee_refuses_key_before_it_is_announced(at, trunk, passes):
    usage, late = radio(at, 3.0), radio(at, 1.0, 24.5)
    plan = planned(trunk, passes, usage, nights=2)
    assert faults(trunk, plan, usage, nights=2) == []
    told = faults(trunk, plan, late, nights=2)
    assert "b: its key is announced at 15 20:40:00Z at the earliest, not at 14 23:10:00Z" in told
    assert any("relays take 60000 bits from the pool of sat-1 and helmos" in t for t in told)
    # Contacts that say nothing of an announcement do not get round it, nor does an unknown orbit.
    silent = dataclasses.replace(
        plan, contacts=tuple(dataclasses.replace(c, announced=None) for c in plan.contacts)
    )
    assert faults(trunk, silent, late, nights=2)
    bits = {c.pass_id: c.key_bits for c in plan.contacts}
    unknown = check_plan(plan, trunk, {}, bits, 2, contact_bits=bits)
    assert any("contacts bring 0" in text for text in unknown)


def test_a_pair_gets_its_key_when_it_is_announced(at, trunk, passes):
    plan = planned(trunk, passes, radio(at, 3.0))
    (pair,) = pair_outlook(plan, trunk, at(-8.0), at(16.0))
    rises = [
        when for (when, low), (_, high) in zip(pair.level_bits, pair.level_bits[1:], strict=False)
        if high > low
    ]  # fmt: skip
    assert rises == [at(3.0 + 1.0 / 6.0)]


def test_memory_is_free_again_after_the_radio_contact(at, trunk, passes):
    """90 and 80 kbit fit one after the other, and not at once."""
    satellites = tuple(
        dataclasses.replace(s, limits=SatelliteLimits(key_memory_bits=100_000.0))
        for s in trunk.satellites
    )
    net = dataclasses.replace(trunk, satellites=satellites)
    for hours, taken in (((1.0, 3.0), {"a", "b"}), ((3.0,), {"a"}), ((1.95, 3.0), {"a"})):
        usage = radio(at, *hours)
        plan = planned(net, passes, usage)
        assert {c.pass_id for c in plan.contacts} == taken, hours
        assert faults(net, plan, usage) == []
    both = planned(trunk, passes, radio(at, 3.0))
    assert faults(net, both, radio(at, 3.0)) == [
        "sat-1 keeps 170000 bits at 22:00Z, its memory holds 100000"
    ]


@pytest.mark.slow
def test_two_programs_find_the_same_radio_contacts(europe):
    """Every contact and every hour of the night: skyfield sampled against our own search."""
    svalbard = RadioStation(
        "svalbard", "Svalbard", Site("svalbard", np.radians(78.23), np.radians(15.39), 450.0),
        np.radians(5.0),
    )  # fmt: skip
    madrid = RadioStation(
        "madrid", "Madrid", Site("madrid", np.radians(40.43), np.radians(-4.25), 800.0),
        np.radians(10.0),
    )  # fmt: skip
    network = europe.network
    policy = AnnouncementPolicy(("svalbard", "madrid"), 300.0)
    network = dataclasses.replace(
        network,
        radio_stations=(svalbard, madrid),
        satellites=tuple(dataclasses.replace(s, announcement=policy) for s in network.satellites),
    )
    known = announcements_of(network, europe.elements, europe.start, europe.stop)
    orbits = {used.satellite: (used.line1, used.line2) for used in europe.elements}
    hourly = tuple(
        Contact(
            f"{used.satellite}-{hour}", used.satellite, "graz",
            ((europe.start, europe.start + timedelta(minutes=47 * hour + 1)),), 1,
        )
        for used in europe.elements
        for hour in range(12)
    )  # fmt: skip
    plan = Plan("0", europe.night, hourly, (), (), (), 0.0, 0.0, "", ())
    told = announced_keys(plan, network, orbits, europe.stop)
    assert len(told) == len(hourly) > 30
    for contact in hourly:
        ours = known.announced_at(contact.satellite, contact.stop)
        theirs = told[contact.pass_id]
        assert ours is not None
        assert theirs is not None
        # Theirs is 30 s early by intent; between samples of 30 s it goes straight.
        assert timedelta(seconds=20) < ours - theirs < timedelta(seconds=40), contact.pass_id
