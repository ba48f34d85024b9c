"""Keys that travel in shares: which ways go together, what they bring, what the referee says."""

import dataclasses

import pytest

from groundstation.config.document.split import parse_split
from groundstation.network import Split
from groundstation.plan.check import check_plan
from groundstation.plan.paths import Pool
from groundstation.plan.records import Hop
from groundstation.plan.shares import demand_paths, ways_of
from groundstation.report.wording import path_in_words

ENDS = ("mine", "carrier")  # at graz and helmos
SATELLITES = ("sat-1", "sat-2", "sat-3")


def stocked(*names, bits=10_000.0, stations=("graz", "helmos")):
    return {Pool(satellite, station): bits for satellite in names for station in stations}


def network(tiny, split, *, untrusted=(), bits=8_000, satellites=SATELLITES):
    demand = dataclasses.replace(
        tiny.demand("bank", *ENDS, bits), split=split, untrusted=frozenset(untrusted)
    )
    net = tiny.network([demand])
    one = net.satellites[0]
    return dataclasses.replace(
        net, satellites=tuple(dataclasses.replace(one, name=name) for name in satellites)
    )


def faults(plan, net, stocks):
    held = {(pool.satellite, pool.station): int(bits) for pool, bits in stocks.items()}
    return check_plan(plan, net, {}, {}, stocks=held)


@pytest.mark.parametrize("split", [Split(2, 2), Split(2, 3), Split(3, 3)])
def test_every_share_costs_its_own_key_and_together_they_bring_one(tiny, split):
    net, stocks = network(tiny, split), stocked(*SATELLITES)
    plan = tiny.plan(net, [], stocks=stocks)
    assert [delivery.delivered_bits for delivery in plan.deliveries] == [8_000]
    for relay in plan.relays:
        ways = ways_of(relay.hops)
        assert len(ways) == split.shares
        carriers = [hop.satellite for way in ways for hop in way]
        assert len(set(carriers)) == len(carriers) == split.shares
    # 2 of 3 costs three times a share: any one of them may get lost.
    spent = sum(2 * relay.bits * len(relay.hops) for relay in plan.relays)
    assert spent == 2 * 8_000 * split.shares
    assert faults(plan, net, stocks) == []


def test_with_too_few_ways_nothing_is_carried_and_a_sentence_says_so(tiny):
    net, stocks = network(tiny, Split(2, 3)), stocked("sat-1", "sat-2")
    plan = tiny.plan(net, [], stocks=stocks)
    assert plan.relays == ()
    assert plan.deliveries[0].remark == "no 3 ways without a common node join graz and helmos"


def test_one_satellite_that_is_not_trusted_may_carry_one_share_of_two(tiny):
    pools = stocked("sat-1", "sat-2")
    for untrusted, ways in ((("sat-1",), 2), (("sat-1", "sat-2"), 0)):
        net = network(tiny, Split(2, 2), untrusted=untrusted)
        plan = tiny.plan(net, [], stocks=pools)
        assert sum(len(ways_of(relay.hops)) for relay in plan.relays) == ways
        assert faults(plan, net, pools) == []


def test_ways_that_meet_at_a_node_do_not_go_together(tiny):
    """Over matera there are ways enough, but both pass it."""
    pools = {
        Pool("sat-1", "graz"), Pool("sat-1", "matera"), Pool("sat-2", "graz"),
        Pool("sat-2", "matera"), Pool("sat-3", "matera"), Pool("sat-3", "helmos"),
    }  # fmt: skip
    net = network(tiny, Split(2, 2))
    assert demand_paths(net, net.demands[0], pools) == ([], True)
    more, _ = demand_paths(net, net.demands[0], {*pools, Pool("sat-1", "helmos")})
    assert {tuple(len(way) for way in ways_of(path)) for path in more} == {(1, 2)}


def test_a_fibre_from_end_to_end_needs_no_shares(tiny):
    net = network(tiny, Split(2, 2))
    fibre = dataclasses.replace(net.fibre_links[0], a="helmos", b="graz")
    net = dataclasses.replace(net, fibre_links=(fibre,))
    plan = tiny.plan(net, [])
    assert [relay.hops for relay in plan.relays] == [(Hop("graz", "helmos", None),)]
    assert faults(plan, net, {}) == []


def test_the_referee_finds_shares_that_are_none(tiny):
    net, stocks = network(tiny, Split(2, 2)), stocked(*SATELLITES)
    plan = tiny.plan(net, [], stocks=stocks)
    relay = plan.relays[0]
    one, two = ways_of(relay.hops)

    def told(hops, untrusted=()):
        changed = dataclasses.replace(
            net,
            demands=(dataclasses.replace(net.demands[0], untrusted=frozenset(untrusted)),),
        )
        wrong = dataclasses.replace(
            plan, relays=(dataclasses.replace(relay, hops=hops), *plan.relays[1:])
        )
        return " / ".join(faults(wrong, changed, stocks))

    assert "comes on 1 ways, it wants 2" in told(one)
    assert "would know 2 shares" in told((*one, *one))
    assert "comes on 3 ways" in told((*one, *two, *one))
    carriers = {hop.satellite for hop in (*one, *two)}
    assert "2 shares pass somebody who is not trusted" in told((*one, *two), carriers)
    whole = dataclasses.replace(net, demands=(dataclasses.replace(net.demands[0], split=None),))
    assert "comes on 2 ways, it wants 1" in " / ".join(faults(plan, whole, stocks))


def test_a_path_of_shares_is_told_way_by_way():
    hops = (Hop("graz", "helmos", "sat-1"), Hop("graz", "helmos", "sat-2"))
    assert path_in_words(hops, {}) == "graz → helmos (by sat-1) and graz → helmos (by sat-2)"


@pytest.mark.parametrize("text", ["1 of 2", "3 of 2", "2 of 9", "2/3", "two of three", ""])
def test_words_that_split_no_trust_are_refused(text):
    with pytest.raises(ValueError, match="of"):
        parse_split(text)
    assert parse_split(" 2 of 3 ") == Split(2, 3)
