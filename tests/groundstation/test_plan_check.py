"""The referee: it accepts the plan of the shipped night and finds every way to break it."""

import dataclasses
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from groundstation.export.pass_rows import whole_bits
from groundstation.network import Interval, Shift
from groundstation.night.survey import Survey
from groundstation.night.window_check import contact_bits
from groundstation.plan.check import check_plan
from groundstation.plan.records import Hop, PoolStock, Rejection, Relay
from passes.mount import MountLimits


def faults_of(outcome, plan=None, network=None, **further):
    bits = {item.pass_id: whole_bits(item) for item in outcome.passes}
    orbits = {e.satellite: (e.line1, e.line2) for e in outcome.elements}
    seen = Survey(outcome.passes, outcome.skies, outcome.elements, outcome.ground_tracks, ())
    plan = plan or outcome.plan
    known = [c for c in plan.contacts if c.pass_id in bits]
    counted = contact_bits(outcome.network, seen, tuple(known))
    network = network or outcome.network
    return check_plan(plan, network, orbits, bits, contact_bits=counted, **further)


def with_contact(outcome, index, **changes):
    """The plan with one contact changed, value and reasons left as they are."""
    contacts = list(outcome.plan.contacts)
    contacts[index] = dataclasses.replace(contacts[index], **changes)
    return dataclasses.replace(outcome.plan, contacts=tuple(contacts))


def with_station(outcome, index, **changes):
    """The network with the station of one contact changed."""
    name = outcome.plan.contacts[index].station
    stations = tuple(
        dataclasses.replace(s, **changes) if s.name == name else s for s in outcome.network.stations
    )
    return dataclasses.replace(outcome.network, stations=stations)


def assert_found(faults, text):
    assert any(text in fault for fault in faults), faults


def test_the_shipped_nights_hold(europe, micius):
    assert europe.plan.contacts
    assert europe.plan.relays
    assert faults_of(europe) == []
    assert faults_of(micius) == []


def test_a_satellite_that_serves_two_stations_at_once_is_found(europe):
    first, second = europe.plan.contacts[:2]
    plan = with_contact(europe, 1, satellite=first.satellite, windows=((first.start, second.stop),))
    # Both begin at once, so that either may be named first.
    either = sorted((first.station, second.station))
    assert_found(
        faults_of(europe, plan), f"{first.satellite} serves {' and '.join(either)} at once"
    )


@pytest.mark.slow
def test_every_contact_flown_by_another_satellite_is_found(europe):
    names = [s.name for s in europe.network.satellites]
    for index, contact in enumerate(europe.plan.contacts):
        for other in names:
            if other != contact.satellite:
                assert faults_of(europe, with_contact(europe, index, satellite=other))


def test_a_station_that_receives_two_satellites_at_once_is_found(europe):
    first, second = europe.plan.contacts[:2]
    plan = with_contact(europe, 1, station=first.station, windows=((first.start, second.stop),))
    assert_found(faults_of(europe, plan), f"{first.station} receives {second.satellite} and")


def test_contacts_closer_than_the_set_up_time_are_found(europe):
    first = europe.plan.contacts[0]
    start = first.stop + timedelta(seconds=10)
    plan = with_contact(
        europe, 1, satellite=first.satellite, windows=((start, start + timedelta(seconds=90)),)
    )
    assert_found(faults_of(europe, plan), "at once")


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_contact_below_the_elevation_limit_is_found(europe, seconds):
    shift = timedelta(seconds=seconds)
    first = europe.plan.contacts[0]
    plan = with_contact(europe, 0, windows=((first.start + shift, first.stop + shift),))
    assert_found(faults_of(europe, plan), "degrees below the elevation limit or horizon")


def test_a_contact_behind_a_hill_is_found(europe):
    first = europe.plan.contacts[0]
    site = next(s.site for s in europe.network.stations if s.name == first.station)
    hill = dataclasses.replace(
        site, horizon=type(site.horizon)((0.0, 3.0), (float(np.radians(85.0)),) * 2)
    )
    network = with_station(europe, 0, site=hill)
    assert_found(faults_of(europe, network=network), "below the elevation limit or horizon")


def test_a_contact_in_twilight_is_found(europe):
    network = with_station(europe, 0, max_sun_elevation_rad=float(np.radians(-40.0)))
    assert_found(faults_of(europe, network=network), "degrees above the station's limit")


def test_a_contact_outside_the_shifts_is_found(europe):
    network = with_station(europe, 0, shifts=(Shift(time(10), time(11)),))
    assert_found(faults_of(europe, network=network), "outside the shifts")


def test_a_shift_over_midnight_covers_the_night(europe):
    network = with_station(europe, 0, shifts=(Shift(time(17), time(6)),))
    assert faults_of(europe, network=network) == []


def test_a_contact_during_maintenance_is_found(europe):
    start = europe.plan.contacts[0].start
    closed = Interval(start - timedelta(hours=1), start + timedelta(seconds=1), "mirror coating")
    network = with_station(europe, 0, maintenance=(closed,))
    assert_found(faults_of(europe, network=network), "is closed (mirror coating)")


def test_shifts_that_touch_follow_each_other(europe):
    middle = europe.plan.contacts[0].start + timedelta(seconds=20)
    handover = middle.time().replace(microsecond=0)
    network = with_station(europe, 0, shifts=(Shift(time(17), handover), Shift(handover, time(6))))
    assert faults_of(europe, network=network) == []


def test_a_closure_between_two_windows_of_a_contact_is_no_fault(europe):
    first = europe.plan.contacts[0]
    gap = (first.start + timedelta(seconds=100), first.start + timedelta(seconds=110))
    closed = Interval(gap[0], gap[1], "dome check")
    network = with_station(europe, 0, maintenance=(closed,))
    windows = ((first.start, gap[0]), (gap[1], first.stop))
    whole = with_contact(europe, 0, windows=((first.start, first.stop),))
    parts = with_contact(europe, 0, windows=windows)
    assert_found(faults_of(europe, whole, network=network), "is closed (dome check)")
    assert not any("dome check" in fault for fault in faults_of(europe, parts, network=network))


def test_windows_out_of_order_are_found(europe):
    first = europe.plan.contacts[0]
    plan = with_contact(europe, 0, windows=((first.stop, first.start),))
    assert_found(faults_of(europe, plan), "its windows do not follow each other")


def test_a_contact_that_the_mount_cannot_follow_is_found(europe):
    """The rate that skyfield sees, against a limit of a tenth of a degree a second."""
    limits = MountLimits(max_azimuth_rate_rad_s=float(np.radians(0.1)))
    network = with_station(europe, 0, mount=limits)
    assert_found(faults_of(europe, network=network), "times as fast as it can")
    network = with_station(europe, 0, mount=MountLimits(max_elevation_rad=float(np.radians(25))))
    assert_found(faults_of(europe, network=network), "above the mount's highest elevation")


def test_a_keyhole_too_short_to_turn_in_is_found(europe):
    """The gap of a real contact, cut down to its first half, in which the mount falls behind."""
    index, contact = next((i, c) for i, c in enumerate(europe.plan.contacts) if len(c.windows) > 1)
    (start, left), (met, stop) = contact.windows
    plan = with_contact(europe, index, windows=((start, left), (left + (met - left) / 2, stop)))
    assert_found(faults_of(europe, plan), "the mount cannot turn")


def test_a_contact_beyond_the_largest_range_is_found(europe):
    policies = dataclasses.replace(europe.network.policies, max_range_m=5e5)
    network = dataclasses.replace(europe.network, policies=policies)
    assert_found(faults_of(europe, network=network), "beyond 500 km")


def test_more_key_than_forecast_is_found(europe):
    bits = europe.plan.contacts[0].key_bits
    # A bit more may be rounding of sums in another order; two are not.
    assert_found(faults_of(europe, with_contact(europe, 0, key_bits=bits + 2)), "forecast")


def test_a_part_of_a_pass_is_not_worth_the_whole_of_it(europe):
    """The key is counted again from the seconds of the contact's own windows."""
    index = next(i for i, c in enumerate(europe.plan.contacts) if not c.is_whole)
    name = europe.plan.contacts[index].pass_id
    whole = next(whole_bits(p) for p in europe.passes if p.pass_id == name)
    assert_found(faults_of(europe, with_contact(europe, index, key_bits=whole)), f"{name}: plans")


def test_a_stock_that_is_not_there_is_found(europe):
    stock = PoolStock("spoqc", "matera", 1_000)
    plan = dataclasses.replace(europe.plan, stocks=(stock,), value=europe.plan.value + 0.05)
    plan = dataclasses.replace(plan, bound=plan.value)
    assert_found(faults_of(europe, plan), "is said to hold 1000 bits, it holds 0")
    assert faults_of(europe, plan, stocks={("spoqc", "matera"): 1_000}) == []


def test_more_expected_key_than_the_chance_allows_is_found(europe):
    contact = europe.plan.contacts[0]
    plan = with_contact(europe, 0, expected_bits=contact.key_bits // 2)
    faults = faults_of(europe, plan, chance={contact.pass_id: 0.4})
    assert_found(faults, "more than the chance of a clear sky, 0.400")
    faults = faults_of(europe, plan, chance={contact.pass_id: 0.5})
    assert not any("chance" in fault for fault in faults)


def test_a_contact_that_is_no_pass_is_found(europe):
    plan = with_contact(europe, 0, pass_id="invented")
    assert_found(faults_of(europe, plan), "invented: not a pass of this night")


def test_relayed_key_beyond_the_contacts_is_found(europe):
    index, relay = next(
        (i, r) for i, r in enumerate(europe.plan.relays) if any(h.satellite for h in r.hops)
    )
    relays = list(europe.plan.relays)
    relays[index] = dataclasses.replace(relay, bits=relay.bits + 10**9)
    plan = dataclasses.replace(europe.plan, relays=tuple(relays))
    faults = faults_of(europe, plan)
    assert_found(faults, "relays carry")
    for hop in relay.hops:
        for end in (hop.a, hop.b) if hop.satellite else ():
            assert_found(faults, f"from the pool of {hop.satellite} and {end}, contacts bring")


def test_a_fibre_beyond_its_rate_is_found(europe):
    link = europe.network.fibre_links[0]
    relay = Relay(europe.network.demands[0].name, (Hop(link.a, link.b, None),), 10**12)
    plan = dataclasses.replace(europe.plan, relays=(*europe.plan.relays, relay))
    assert_found(faults_of(europe, plan), "more than it makes")


def test_a_relay_that_does_not_arrive_is_found(europe):
    relay = europe.plan.relays[0]
    broken = dataclasses.replace(relay, hops=relay.hops[:-1])
    plan = dataclasses.replace(europe.plan, relays=(broken, *europe.plan.relays[1:]))
    assert_found(faults_of(europe, plan), "does not join")


def test_a_node_that_must_not_know_the_key_is_found(europe):
    relay = next(r for r in europe.plan.relays if any(h.satellite for h in r.hops))
    spy = next(h.satellite for h in relay.hops if h.satellite)
    demands = tuple(
        dataclasses.replace(d, untrusted=frozenset({spy})) if d.name == relay.demand else d
        for d in europe.network.demands
    )
    network = dataclasses.replace(europe.network, demands=demands)
    assert_found(faults_of(europe, network=network), f"{spy} would know the key")


def test_a_wrong_value_and_a_value_above_its_bound_are_found(europe):
    plan = dataclasses.replace(europe.plan, value=europe.plan.value + 1.0)
    assert_found(faults_of(europe, plan), "the plan is worth")
    plan = dataclasses.replace(europe.plan, bound=europe.plan.value - 1.0)
    assert_found(faults_of(europe, plan), "above the bound")


def test_a_pass_without_a_decision_or_with_two_is_found(europe):
    plan = dataclasses.replace(europe.plan, rejections=europe.plan.rejections[1:])
    assert_found(faults_of(europe, plan), "neither taken nor rejected")
    twice = Rejection(europe.plan.contacts[0].pass_id, "no")
    plan = dataclasses.replace(europe.plan, rejections=(*europe.plan.rejections, twice))
    assert_found(faults_of(europe, plan), "decided 2 times")


def test_a_demand_that_gets_more_than_it_wants_is_found(europe):
    deliveries = tuple(
        dataclasses.replace(d, delivered_bits=d.wanted_bits + 1) for d in europe.plan.deliveries
    )
    plan = dataclasses.replace(europe.plan, deliveries=deliveries)
    assert_found(faults_of(europe, plan), "gets more than it wants")


def test_shortest_night_is_told_honestly(europe):
    """At 55.9 degrees north the Sun stays above -10.8 degrees on 14 June 2026."""
    sky = next(s for s in europe.skies if s.station == "heriot-watt-hogs")
    # Declination 23.31 degrees at midnight: 90 - 55.91 - 23.31 = 10.78 below the horizon.
    assert np.degrees(sky.lowest_sun_elevation_rad) == pytest.approx(-10.78, abs=0.05)
    assert abs(sky.lowest_sun_at - datetime(2026, 6, 15, 0, 13, 30, tzinfo=UTC)) < timedelta(
        minutes=2
    )
    assert sky.nautical == ()
    assert "never astronomically dark" in sky.remark
