"""Relays between nodes with real ledgers: equal bytes, exact accounts, one announcement per bit."""

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from groundstation.keys.errors import KeyConflictError, KeyLedgerError, KeyShortageError
from groundstation.keys.ledger.balance import imported_bits
from groundstation.keys.ledger.records import (
    OriginKind,
    Pool,
    SegmentStage,
    TrustLabel,
)
from groundstation.keys.relay import closing, custody
from groundstation.keys.relay.chain import combination_order
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcement

TAGS = 65_536


def with_tags(town, *names):
    """Key carried by hand between every two nodes, for one-time tags."""
    for a, b in itertools.combinations(names, 2):
        town.fill(a, b, TAGS)
    return town


def conserved(town):
    """I5 at every node, and nothing left in the air."""
    for name, store in town.stores.items():
        totals = store.reader.totals()
        assert imported_bits(totals) == sum(
            segment.n_bits for segment in store.reader.segments()
        ), name


def segment_at(town, name, order):
    return town.stores[name].reader.segment(order.segment_id).segment


def no_bit_announced_twice(town, orders):
    """I6, from what was published: the bits of all announcements of all orders are disjoint."""
    seen = set()
    for order in orders:
        for announcer in order.announcers:
            published = any(
                store.reader.document(custody.SPENT, f"{order.order_id} {announcer.name}")
                for store in town.stores.values()
            )
            if not published:
                continue
            for index in (announcer.left, announcer.left + 1):
                link = order.links[index]
                allocation = town.stores[link.leader].reader.allocation(order.allocation_id(index))
                for extent in allocation.extents:
                    for byte in range(extent.start, extent.stop, 8):
                        place = (announcer.name, extent.segment_id, extent.lane, byte)
                        assert place not in seen
                        seen.add(place)


def test_a_satellite_joins_two_stations(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.carry_out(order)
    one, two = segment_at(t, "graz", order), segment_at(t, "matera", order)
    assert one.stage is two.stage is SegmentStage.USABLE
    assert one.digest == two.digest
    assert one.origin.kind is OriginKind.RELAY
    assert one.trust == TrustLabel((frozenset({"spoqc"}),), 1)
    assert t.key("graz", order.segment_id) == t.key("matera", order.segment_id)
    # A relay of L bits costs L at either pool and gives L.
    for name in ("graz", "matera"):
        totals = t.stores[name].reader.totals(Pool(name, "spoqc"))
        assert (totals.available, totals.relayed, totals.reserved) == (3072, 1024, 0)
        pair = t.stores[name].reader.totals(Pool("graz", "matera"))
        assert pair.available + pair.authentication == TAGS + 1024
        assert pair.authentication % 256 == 0
        assert pair.authentication > 0
    conserved(t)


def test_the_key_of_a_relay_is_the_first_link_key(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    first = t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.carry_out(order)
    assert t.key("matera", order.segment_id) == t.keys[first][: 1024 // 8]


def test_fibres_and_satellites_follow_each_other(town):
    names = ("bari", "graz", "matera", "munich")
    t = with_tags(town(*names), *names)
    t.fill("munich", "graz", 16384)
    t.fill("graz", "spoqc", 4096)
    t.fill("spoqc", "matera", 4096)
    t.fill("matera", "bari", 16384)
    order = t.order("munich", "graz", "spoqc", "matera", "bari")
    t.carry_out(order, rounds=10)
    one, two = segment_at(t, "munich", order), segment_at(t, "bari", order)
    assert one.stage is two.stage is SegmentStage.USABLE
    assert one.trust == TrustLabel((frozenset({"graz", "spoqc", "matera"}),), 1)
    assert t.key("munich", order.segment_id) == t.key("bari", order.segment_id)
    # Every hop spends L bits at both of its ends.
    for a, b in (("munich", "graz"), ("matera", "bari")):
        pool = Pool(*sorted((a, b)))
        assert t.stores[a].reader.totals(pool).relayed == 1024
        assert t.stores[b].reader.totals(pool).relayed == 1024
    for name in ("graz", "matera"):
        assert t.stores[name].reader.totals(Pool(name, "spoqc")).relayed == 1024
    conserved(t)
    no_bit_announced_twice(t, [order])


def test_two_satellites_on_one_path(town):
    names = ("calern", "graz", "helmos")
    t = with_tags(town(*names), *names)
    for station, satellite in (
        ("graz", "spoqc"),
        ("calern", "spoqc"),
        ("calern", "qube-2"),
        ("helmos", "qube-2"),
    ):
        t.fill(station, satellite, 2048)
    order = t.order("graz", "spoqc", "calern", "qube-2", "helmos", n_bits=2048)
    t.carry_out(order)
    assert segment_at(t, "helmos", order).trust.shares == (
        frozenset({"spoqc", "calern", "qube-2"}),
    )
    assert t.key("graz", order.segment_id) == t.key("helmos", order.segment_id)
    assert t.stores["calern"].reader.totals().relayed == 4096
    conserved(t)


def test_a_hop_key_that_others_know_is_known_to_them_after_the_relay(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096, label=((frozenset({"ground-segment"}),), 1))
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.carry_out(order)
    assert segment_at(t, "graz", order).trust.shares == (frozenset({"spoqc", "ground-segment"}),)


def test_key_that_the_untrusted_know_is_left_and_the_order_ends_with_a_sentence(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096, label=((frozenset({"helmos"}),), 1))
    order = t.order("graz", "spoqc", "matera", untrusted={"helmos"})
    t.carry_out(order)
    reason = t.stores["graz"].reader.document(custody.END, str(order.order_id)).payload
    assert "matera refuses" in reason
    assert "known to helmos" in reason or "only 0 bits" in reason
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).burned == 1024
    assert t.stores["matera"].reader.totals(Pool("matera", "spoqc")).available == 4096
    conserved(t)


def test_a_shortage_at_the_leading_end_consumes_nothing(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 512)
    order = t.order("graz", "spoqc", "matera")
    before = t.stores["graz"].reader.totals()
    with pytest.raises(KeyShortageError, match="only 512 bits"):
        t.nodes["graz"].begin(order)
    assert t.stores["graz"].reader.totals() == before


def test_without_key_for_tags_nothing_is_asked_of_another_node(town):
    t = town("graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    with pytest.raises(KeyShortageError, match="no key to authenticate a message to matera"):
        t.nodes["graz"].begin(t.order("graz", "spoqc", "matera"))
    assert t.stores["graz"].reader.totals().reserved == 0


def test_an_announcement_comes_once_and_another_one_is_refused(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.carry_out(order)
    before = t.stores["graz"].reader.totals()
    with pytest.raises(KeyConflictError):
        t.nodes["graz"].announced(order.order_id, Announcement("spoqc", bytes(128)))
    t.announce(order)
    t.run(3)
    assert t.stores["graz"].reader.totals() == before


def test_a_wrong_announcement_makes_keys_that_are_never_used(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    t.run(6)
    t.nodes["graz"].announced(order.order_id, Announcement("spoqc", bytes(128)))
    t.run(6)
    for name in ("graz", "matera"):
        state = t.stores[name].reader.segment(order.segment_id)
        assert state.segment.stage is SegmentStage.DISPUTED
        assert sum(lane.totals.available for lane in state.lanes) == 0
    conserved(t)


def test_nothing_is_spent_before_all_have_reserved(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).reserved == 1024
    assert not t.requests(order)
    with pytest.raises(RelayError, match="not committed"):
        t.stores["graz"].transact(lambda unit: closing.finish(unit, order, bytes(32)))


def test_an_order_that_takes_too_long_burns_everywhere(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    t.run(4)
    t.now += 5 * 86400.0 + 1.0
    t.run(4)
    for name in ("graz", "matera"):
        totals = t.stores[name].reader.totals(Pool(name, "spoqc"))
        assert (totals.reserved, totals.burned) == (0, 1024)
    # The satellite's answer comes too late and is of no use to anybody.
    t.announce(order)
    t.run(3)
    with pytest.raises(RelayError, match="has ended"):
        t.stores["matera"].transact(lambda unit: closing.finish(unit, order, bytes(32)))
    conserved(t)


def test_an_order_that_was_cancelled_before_it_came_is_never_taken_up(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.stores["matera"].transact(lambda unit: custody.end(unit, order.order_id, "cancelled"))
    t.carry_out(order)
    assert t.stores["matera"].reader.totals(Pool("matera", "spoqc")).available == 4096
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).burned == 1024


@pytest.mark.parametrize("seed", range(3))
def test_lost_doubled_and_late_messages_and_restarts_change_nothing(town, seed):
    names = ("bari", "graz", "matera")
    t = with_tags(town(*names, seed=seed, loss=0.3, doubling=0.3), *names)
    t.fill("graz", "spoqc", 8192)
    t.fill("spoqc", "matera", 8192)
    t.fill("matera", "bari", 32768)
    orders = [t.order("graz", "spoqc", "matera", "bari") for _ in range(2)]
    for order in orders:
        t.nodes["graz"].begin(order)
    for number in range(30):
        t.round()
        if t.draws.random() < 0.3:
            t.restart(t.draws.choice(names))
        if number == 12:
            for order in orders:
                t.announce(order)
    # The last rounds without loss, so that what can be done is done.
    t.loss = 0.0
    for order in orders:
        t.announce(order)
    t.run(8)
    for order in orders:
        assert segment_at(t, "graz", order).stage is SegmentStage.USABLE
        assert segment_at(t, "bari", order).stage is SegmentStage.USABLE
        assert t.key("graz", order.segment_id) == t.key("bari", order.segment_id)
    for name in names:
        assert t.stores[name].reader.totals().reserved == 0
    conserved(t)
    no_bit_announced_twice(t, orders)


def test_a_reservation_of_a_relay_outlives_a_restart(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    t.run(6)
    t.restart("graz")
    t.restart("matera")
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).reserved == 1024
    t.announce(order)
    t.run(6)
    assert segment_at(t, "matera", order).stage is SegmentStage.USABLE


def test_a_message_with_a_wrong_tag_is_not_believed_and_spends_its_key(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    (text,) = t.nodes["graz"].outbox("matera")
    forged = text.replace('"n_bits":1024', '"n_bits":2048')
    assert forged != text
    with pytest.raises(KeyLedgerError, match="not genuine"):
        t.nodes["matera"].told("graz", forged)
    assert t.stores["matera"].reader.totals(Pool("graz", "matera")).authentication == 256
    assert t.stores["matera"].reader.totals(Pool("matera", "spoqc")).reserved == 0
    # One attempt per key: the true message under the same key comes too late.
    with pytest.raises(KeyLedgerError):
        t.nodes["matera"].told("graz", text)


def test_nobody_speaks_for_another(town):
    names = ("bari", "graz", "matera")
    t = with_tags(town(*names, with_tags=False), *names)
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    (text,) = t.nodes["graz"].outbox("matera")
    answer = t.nodes["matera"].told("bari", text)
    assert "does not lead this order" in answer
    assert t.stores["matera"].reader.totals(Pool("matera", "spoqc")).reserved == 0


@pytest.mark.parametrize(("threshold", "n_shares"), [(2, 2), (2, 3)])
def test_shares_of_different_ways_make_a_key_that_no_single_way_knows(town, threshold, n_shares):
    names = ("graz", "matera")
    t = with_tags(town(*names), *names)
    shares = []
    for satellite in ("spoqc", "qube-2", "eagle")[:n_shares]:
        t.fill("graz", satellite, 4096)
        t.fill("matera", satellite, 4096)
        order = t.order("graz", satellite, "matera", n_bits=2048)
        t.carry_out(order)
        shares.append(order)
    found = [segment_at(t, "graz", order) for order in shares]
    keys = [t.key("graz", order.segment_id) for order in shares]
    made = _combination(t, found, threshold)
    t.nodes["graz"].begin(made)
    t.run(10)
    one, two = segment_at(t, "graz", made), segment_at(t, "matera", made)
    assert one.stage is two.stage is SegmentStage.USABLE
    assert one.origin.kind is OriginKind.COMBINATION
    satellites = ("spoqc", "qube-2", "eagle")[:n_shares]
    assert one.trust == TrustLabel(tuple(frozenset({s}) for s in satellites), threshold)
    key = t.key("graz", made.segment_id)
    assert key == t.key("matera", made.segment_id)
    assert len(key) == 2048 // 8
    if threshold == n_shares:
        assert key == bytes(a ^ b for a, b in zip(*keys, strict=True))
    else:
        assert key not in keys
    # n shares of L bits give L.
    for name in names:
        totals = t.stores[name].reader.totals(Pool("graz", "matera"))
        assert totals.relayed == n_shares * 2048
    conserved(t)


def _combination(t, shares, threshold):
    sites = [SimpleNamespace(name=f"site-{n}", node=n) for n in ("graz", "matera")]
    demand: Any = SimpleNamespace(
        name="bank", a="site-graz", b="site-matera", untrusted=frozenset({"spoqc"})
    )
    network: Any = SimpleNamespace(sites=sites)
    return combination_order(network, demand, shares, threshold, new_id=t.uuid, now=t.now)


def test_a_commit_that_names_other_bits_than_are_reserved_spends_nothing(town):
    names = ("calern", "graz", "helmos")
    t = with_tags(town(*names), *names)
    for station, satellite in itertools.product(names, ("spoqc", "qube-2")):
        t.fill(station, satellite, 4096)
    order = t.order("graz", "spoqc", "calern", "qube-2", "helmos")
    t.stores["calern"].transact(lambda unit: custody.prepare(unit, order, {}))

    def wrong(unit):
        held = custody.held_here(unit, order)
        extent = held[1].extents[0]
        other = replace(held[1], extents=(replace(extent, start=extent.start + 8),))
        return custody.commit(unit, order, [held[2], other, held[2], held[2]])

    with pytest.raises(RelayError, match="other bits of link 1"):
        t.stores["calern"].transact(wrong)
    totals = t.stores["calern"].reader.totals()
    assert (totals.relayed, totals.reserved) == (0, 2048)


def test_an_announcement_of_another_length_or_of_nobody_is_refused(town):
    t = with_tags(town("graz", "matera"), "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    t.run(6)
    with pytest.raises(RelayError, match="1016 bits of 1024"):
        t.nodes["graz"].announced(order.order_id, Announcement("spoqc", bytes(127)))
    with pytest.raises(RelayError, match="announces nothing"):
        t.nodes["graz"].announced(order.order_id, Announcement("qube-2", bytes(128)))
    t.announce(order)
    t.run(6)
    assert segment_at(t, "matera", order).stage is SegmentStage.USABLE


def test_ends_of_a_fibre_that_report_other_bits_end_the_order(town):
    t = with_tags(town("bari", "graz", "matera", with_tags=False), "bari", "graz", "matera")
    t.fill("graz", "spoqc", 4096)
    t.fill("spoqc", "matera", 4096)
    order = t.order("graz", "spoqc", "matera", "bari")
    t.nodes["graz"].begin(order)
    for peer in ("matera", "bari"):
        t.post("graz", peer)
    (text,) = t.nodes["graz"].outbox("bari")
    answer = t.nodes["bari"].told("graz", text)
    assert '"start":0' not in answer
    assert ",0,1024]" in answer
    t.nodes["graz"].take_answer("bari", answer.replace(",0,1024]", ",8,1024]"))
    reason = t.stores["graz"].reader.document(custody.END, str(order.order_id)).payload
    assert "bari has reserved other bits of link 2 than matera" in reason
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).burned == 1024
