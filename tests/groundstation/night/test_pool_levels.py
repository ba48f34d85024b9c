"""A night whose machine keeps a key ledger: levels feed the plan, low pools stand in the report."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from groundstation.config.load import load_network
from groundstation.export.plan_document import plan_from_document
from groundstation.keys.ledger.records import (
    Origin,
    OriginKind,
    Pool,
    Purpose,
    Segment,
    TrustLabel,
)
from groundstation.keys.ledger.views import Request
from groundstation.keys.operations.opening import open_desk
from groundstation.network import Network
from groundstation.night.decision import KeyHeld
from groundstation.night.key_levels import have_pools_changed, held_of_network
from groundstation.night.nightly import NightlyResult, open_for_reading
from groundstation.night.present import present_outcome

NIGHT = "2016-12-19"
LOW = "key of treasury (nanshan - vienna) is low: 0 bits, reserve 50000 bits"
TABLES = """
[[demands]]
name = "treasury"
a = "academy-vienna"
b = "observatory-urumqi"
bits_per_day = 1000
minimum_reserve_bits = 50000

[keys]
node = "nanshan"
folder = "keys"
[keys.kek]
folder = "kek"
"""
LINK, PAIR = Pool("micius", "nanshan"), Pool("nanshan", "vienna")


def at(hour, minute=0):
    return datetime(2016, 12, 19, hour, minute, tzinfo=UTC)


def imported(network, pool, n_bits, owners):
    """Key that came to the ledger of this machine, agreed on."""
    label = TrustLabel((frozenset(),), 1)
    origin = Origin(OriginKind.PASS, "an earlier night")
    segment = Segment(uuid4(), pool, origin, label, n_bits, secrets.token_hex(32), 0.0, None)
    with open_desk(network, clock=lambda: at(8).timestamp()).store as store:
        store.import_segment(segment, secrets.token_bytes(n_bits // 8), owners)
        store.agree(segment.segment_id, segment.digest, "the other end")


def delivered(network, pool, n_bits):
    with open_desk(network, clock=lambda: at(8).timestamp()).store as store:
        request = Request(uuid4(), pool, Purpose.DELIVERY, "bank", n_bits)
        store.transact(lambda unit: unit.reserve(request))


class Night(NamedTuple):
    """A folder with a ledger, its network, and how its night runs at an hour and minute."""

    folder: Path
    network: Network
    run: Callable[..., NightlyResult]


@pytest.fixture
def night(published, run_night):
    """A night that runs at an instant, with a ledger in its folder."""
    with (published / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write(TABLES)

    def run(*instant):
        moment = at(*instant)
        return run_night(published, now=moment, clock=lambda: moment)

    return Night(published, load_network(published), run)


def page(night):
    return (night.folder / "nights" / NIGHT / "night.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_pools_feed_the_plan_and_a_low_one_stands_in_result_and_report(night):
    first = night.run(8)
    assert LOW in first.warnings
    assert LOW in page(night)
    plan = plan_from_document(first.summary)
    assert plan.stocks == ()
    # The reserve that lacks is wanted beside the day's key.
    (treasury,) = [d for d in plan.deliveries if d.demand == "treasury"]
    assert (treasury.wanted_bits, treasury.held_bits) == (51_000, 0)

    imported(night.network, LINK, 400_000, ("nanshan",))
    second = night.run(9)
    remade = plan_from_document(second.summary)
    assert remade.plan_id != plan.plan_id
    assert [(s.satellite, s.station, s.bits) for s in remade.stocks] == [
        ("micius", "nanshan", 400_000)
    ]
    assert not second.is_unchanged
    shown = present_outcome(
        night.network,
        NIGHT,
        open_for_reading(night.network),
        now=at(9, 10),
        progress=lambda _: None,
    )
    assert shown.plan.plan_id == remade.plan_id

    # Nothing has changed, then a hundredth, then a little more.
    delivered(night.network, LINK, 4_000)
    third = night.run(9, 30)
    assert third.is_unchanged
    assert third.summary["plan_id"] == remade.plan_id
    delivered(night.network, LINK, 8)
    assert night.run(9, 40).summary["plan_id"] != remade.plan_id


@pytest.mark.slow
def test_a_pool_that_is_filled_is_no_alarm_any_more(night):
    assert LOW in night.run(8).warnings
    imported(night.network, PAIR, 60_000, ("nanshan", "vienna"))
    filled = night.run(9)
    assert not any("is low" in sentence for sentence in filled.warnings)
    assert "is low" not in page(night)
    (treasury,) = [
        d for d in plan_from_document(filled.summary).deliveries if d.demand == "treasury"
    ]
    assert (treasury.wanted_bits, treasury.held_bits) == (1_000, 60_000)


@pytest.mark.slow
def test_once_the_first_contact_begins_the_nights_own_key_makes_no_new_plan(night):
    plan = night.run(8).summary
    imported(night.network, LINK, 400_000, ("nanshan",))
    assert night.run(17).summary["plan_id"] == plan["plan_id"]
    assert night.run(16, 40).summary["plan_id"] != plan["plan_id"]


class Judged(NamedTuple):
    """The published night's first contact, and whether pools that change so make a new plan."""

    network: Network
    begins: datetime
    judge: Callable[..., bool]


@pytest.fixture
def judged(published):
    """Whether pools that change so make a new plan of the published night."""
    with (published / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write(TABLES)
    network = load_network(published)
    document = json.loads((published / "nights" / NIGHT / "plan.json").read_text())
    plan = plan_from_document(document)
    begins = min(contact.start for contact in plan.contacts)

    def judge(before, held, now=begins - timedelta(seconds=1)):
        return have_pools_changed(network, plan, KeyHeld(*before), KeyHeld(*held), now)

    return Judged(network, begins, judge)


def test_levels_make_a_new_plan_by_more_than_a_hundredth_until_the_first_contact(judged):
    ends = ("micius", "nanshan")
    for before, held, changes in (
        ({}, {}, False),
        ({}, {ends: 8.0}, True),
        ({ends: 8.0}, {}, True),
        ({ends: 10_000.0}, {ends: 9_900.0}, False),
        ({ends: 10_000.0}, {ends: 9_899.0}, True),
        ({ends: 9_900.0}, {ends: 10_000.0}, False),
        ({ends: 9_000.0}, {ends: 10_000.0}, True),
    ):
        assert judged.judge((before,), (held,)) is changes
    assert not judged.judge(({},), ({ends: 8.0},), judged.begins)


def test_what_lacks_to_a_reserve_makes_a_new_plan_and_what_lies_above_it_does_not(judged):
    for before, held, changes in (
        (0.0, 500.0, False),
        (0.0, 501.0, True),
        (50_000.0, 90_000.0, False),
        (90_000.0, 49_000.0, True),
        (90_000.0, 49_500.0, False),
    ):
        assert judged.judge(({}, {"treasury": before}), ({}, {"treasury": held})) is changes
    # A demand without reserve, and a pool that nobody knows, want nothing.
    assert not judged.judge(({}, {"backbone": 9.0}), ({}, {"backbone": 90_000.0}))
    assert judged.judge(({}, {}), ({}, {"treasury": 0.0}))


def test_what_a_ledger_holds_reaches_the_planner_and_an_empty_pool_of_ours_counts(judged):
    held, sentences = held_of_network(judged.network)
    assert (held.pools, held.pairs) == ({}, {"backbone": 0.0, "treasury": 0.0})
    assert sentences == (LOW,)
    imported(judged.network, LINK, 4_000, ("nanshan",))
    assert held_of_network(judged.network)[0].pools == {("micius", "nanshan"): 4_000.0}
