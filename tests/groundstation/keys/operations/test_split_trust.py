"""A demand whose key comes in shares: planned over disjoint satellites, carried, made one key."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from groundstation.keys.ledger.records import OriginKind, Pool
from groundstation.keys.ledger.trust import knows
from groundstation.keys.operations.importing import import_files
from groundstation.keys.operations.levels import read_stocks
from groundstation.keys.operations.ordering import relay_plan
from groundstation.keys.operations.relaying import take_announcements, write_requests
from groundstation.keys.relay import custody
from groundstation.keys.relay.satellite_files import (
    SatelliteMemory,
    announcement_text,
    read_request,
    write_text,
)
from groundstation.keys.relay.shares import open_sets
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.planner import make_plan

PAIR = Pool("calern", "skinakas")
SATELLITES = ("eagle-1-class", "qube-2", "spoqc")
L = 4000


def demand(split, untrusted="qube-2"):
    return f"""
[[demands]]
name = "treasury"
a = "exchange-crete"
b = "bank-riviera"
bits_per_day = {L}
priority = 1000
split = "{split}"
untrusted = ["{untrusted}"]
"""


def operator(satellite):
    """Every satellite has an operator of its own, who knows its key."""
    return f"operator-of-{satellite}"


def stocked(country, satellites=SATELLITES, producer=operator):
    """Key of every satellite at both ends, and key carried by hand for tags."""
    inboxes: dict[str, list[Path]] = {name: [] for name in country.names}
    for name in country.names:
        for satellite in satellites:
            told = {"satellite": satellite, "pass_id": "p", "producer": producer(satellite)}
            inboxes[name].append(country.file(name, 2 * L, **told))
    for path, name in zip(country.file("calern", 32_768, peer="skinakas"), PAIR_NAMES, strict=True):
        inboxes[name].append(path)
    for name, files in inboxes.items():
        import_files(country.desks[name], files)
    country.work(country.is_settled)
    return country


PAIR_NAMES = (PAIR.a, PAIR.b)


def planned(country, plan_id="p1"):
    """What the planner makes of what is in both ledgers, for this demand."""
    stocks: dict[Any, float] = {}
    for name in country.names:
        network = country.networks[name]
        stocks |= read_stocks(network, network.key_store).links
    plan = make_plan(
        country.networks["calern"],
        [],
        night="2026-06-15",
        nights=1,
        plan_id=plan_id,
        inputs=PlanInputs(stocks=stocks),
    )
    ours = tuple(relay for relay in plan.relays if relay.demand == "treasury")
    return dataclasses.replace(plan, relays=ours)


def answers(country, folder, silent=()):
    """Every satellite but the silent ones answers; the files are taken."""
    for name in country.names:
        for path in write_requests(country.desks[name], folder / name):
            key = country.transport_key(name)
            request = read_request(path.read_text(), key)
            if request.satellite in silent:
                continue

            def read(_station, extents):
                return b"".join(
                    country.keys[e.segment_id][e.start // 8 : e.stop // 8] for e in extents
                )

            made = SatelliteMemory().announce(request, read)
            answer = path.with_suffix(".answer")
            write_text(answer, announcement_text(made, request.order_id, key))
            (result,) = take_announcements(country.desks[name], [answer])
            assert result.outcome == "announced"


def is_committed(country):
    desk = country.desks["calern"]
    reader = desk.store.reader
    return all(
        reader.document(custody.COMMIT, str(order.order_id)) is not None
        for order in desk.node.orders()
    )


def made_at(country, name):
    segments = country.desks[name].store.reader.segments(PAIR)
    return [s for s in segments if s.origin.kind is OriginKind.COMBINATION]


def is_made(country):
    return country.is_settled() and not open_sets(country.desks["calern"].store.reader)


@pytest.mark.parametrize("split", [pytest.param("3 of 3", marks=pytest.mark.slow), "2 of 3"])
def test_a_split_demand_is_carried_over_three_satellites_and_becomes_one_key(
    country, tmp_path, split
):
    c = stocked(country(*PAIR_NAMES, extra=demand(split)))
    plan = planned(c)
    (delivery,) = [d for d in plan.deliveries if d.demand == "treasury"]
    assert delivery.delivered_bits == L
    assert {r.outcome for r in relay_plan(c.desks["skinakas"], plan)} == {"of another node"}
    results = [r for r in relay_plan(c.desks["calern"], plan) if r.demand == "treasury"]
    assert [(r.outcome, r.detail) for r in results] == [("ordered", "a share")] * 3
    c.work(lambda: is_committed(c))
    answers(c, tmp_path)
    c.work(lambda: is_made(c))
    (one,), (two,) = made_at(c, "calern"), made_at(c, "skinakas")
    assert one.segment_id == two.segment_id
    assert one.n_bits == L
    assert c.stored("calern", one.segment_id) == c.stored("skinakas", one.segment_id)
    # Who knows it: as many satellites as the split says, and nobody alone.
    assert set(one.trust.shares) == {frozenset({name, operator(name)}) for name in SATELLITES}
    needed = int(split[0])
    assert one.trust.threshold == needed
    assert not knows(one.trust, frozenset(SATELLITES[: needed - 1]))
    assert knows(one.trust, frozenset(SATELLITES[:needed]))
    # Three shares of L cost L at every pool and leave nothing else in the pair's.
    for name in PAIR_NAMES:
        for satellite in SATELLITES:
            totals = c.totals(name, Pool(*sorted((name, satellite))))
            assert (totals.relayed, totals.reserved) == (L, 0)
        assert c.totals(name, PAIR).relayed == 3 * L
    again = relay_plan(c.desks["calern"], plan)
    assert {r.outcome for r in again if r.demand == "treasury"} == {"ordered before"}


def test_shares_that_one_producer_knows_never_become_one_key(country, tmp_path):
    c = stocked(country(*PAIR_NAMES, extra=demand("2 of 2")), producer=lambda _: "one-for-all")
    relay_plan(c.desks["calern"], planned(c))
    c.work(lambda: is_committed(c))
    answers(c, tmp_path)
    c.work(lambda: is_made(c))
    assert made_at(c, "calern") == made_at(c, "skinakas") == []
    (row,) = c.desks["calern"].store.reader.audit_rows(event="shares-ended")
    assert "one-for-all would know two shares" in row.payload
    # The shares stay what they are: key that one satellite and the producer know.
    relayed = [s for s in c.desks["calern"].store.reader.segments(PAIR) if s.trust.threshold == 1]
    assert len(relayed) == 3
    assert c.totals("calern", PAIR).relayed == 0


def test_two_of_three_shares_are_enough_when_a_satellite_never_answers(country, tmp_path):
    c = stocked(country(*PAIR_NAMES, extra=demand("2 of 3")))
    relay_plan(c.desks["calern"], planned(c))
    c.work(lambda: is_committed(c))
    answers(c, tmp_path, silent={"spoqc"})
    c.work(lambda: len(c.desks["calern"].node.orders()) == 1)
    assert made_at(c, "calern") == []
    c.now += 5 * 86_400.0 + 60.0
    c.work(lambda: is_made(c))
    (one,), (two,) = made_at(c, "calern"), made_at(c, "skinakas")
    assert c.stored("calern", one.segment_id) == c.stored("skinakas", two.segment_id)
    assert {name for share in one.trust.shares for name in share} & set(SATELLITES) == {
        "eagle-1-class",
        "qube-2",
    }
    assert one.trust.threshold == 2


def test_a_later_plan_of_the_night_orders_only_what_it_has_more(country):
    c = stocked(country(*PAIR_NAMES, extra=demand("2 of 2")))
    plan = planned(c)
    relay_plan(c.desks["calern"], plan)
    assert len(open_sets(c.desks["calern"].store.reader)) == 1
    same = dataclasses.replace(plan, plan_id="p2")
    results = [r for r in relay_plan(c.desks["calern"], same) if r.demand == "treasury"]
    assert [(r.outcome, r.detail) for r in results] == [
        ("ordered before", "by an earlier plan of this night")
    ]
    more = tuple(
        dataclasses.replace(relay, bits=relay.bits + 1600) if relay.demand == "treasury" else relay
        for relay in plan.relays
    )
    results = relay_plan(c.desks["calern"], dataclasses.replace(plan, plan_id="p3", relays=more))
    ordered = [r for r in results if r.outcome == "ordered"]
    assert [r.n_bits for r in ordered] == [1600, 1600]
    # Another night's plan owes nothing to this one.
    tomorrow = dataclasses.replace(plan, plan_id="p4", night="2026-06-16")
    results = [r for r in relay_plan(c.desks["calern"], tomorrow) if r.demand == "treasury"]
    assert {r.outcome for r in results} <= {"ordered", "refused"}
