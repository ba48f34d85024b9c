"""Shares of one key: which ways may carry them, and what becomes of a set of them."""

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from groundstation.keys.ledger.records import OriginKind, Pool, Purpose, SegmentStage
from groundstation.keys.ledger.views import Request
from groundstation.keys.relay import custody
from groundstation.keys.relay.chain import LARGEST_ORDER_BITS, orders_of
from groundstation.keys.relay.errors import RelayError, RelayNotYetError
from groundstation.keys.relay.shares import (
    ShareSet,
    combination_of_set,
    leader_of,
    open_sets,
    remember_set,
    share_orders,
)
from groundstation.network import Split
from groundstation.plan.records import Hop, Relay

PAIR = Pool("graz", "matera")
SATELLITES = ("spoqc", "qube-2", "eagle")
L = 1024


# Orders of a plan's relay.


TWO = Split(2, 2)


def network(split: Split | None = TWO, untrusted: tuple[str, ...] = ()) -> Any:
    nodes = ("bari", "graz", "matera")
    return SimpleNamespace(
        sites=[SimpleNamespace(name=f"at-{name}", node=name) for name in nodes],
        satellites=[SimpleNamespace(name=name, is_trusted=True) for name in SATELLITES],
        fibre_links=[
            SimpleNamespace(a="bari", b="matera"),
            SimpleNamespace(a="graz", b="matera"),
        ],
        demands=[
            SimpleNamespace(
                name="bank",
                a="at-matera",
                b="at-graz",
                untrusted=frozenset(untrusted),
                split=split,
            )
        ],
    )


def way(satellite):
    return (Hop("matera", "graz", satellite),)


OVER_BARI = (Hop("matera", "bari", None), Hop("bari", "graz", "eagle"))


def ordered(*ways, bits=L, **options):
    ids = itertools.count(1)
    relay = Relay("bank", tuple(itertools.chain(*ways)), bits)
    return share_orders(network(**options), relay, new_id=lambda: UUID(int=next(ids)), now=5.0)


def test_every_way_is_an_order_of_the_same_bits_led_by_the_first_end():
    ((one, orders),) = ordered(way("spoqc"), OVER_BARI, bits=1015)
    assert [(order.a, order.b, order.n_bits) for order in orders] == [("graz", "matera", 1008)] * 2
    assert [announcer.name for announcer in orders[0].announcers] == ["spoqc"]
    assert [announcer.name for announcer in orders[1].announcers] == ["eagle", "bari"]
    assert one == ShareSet(
        one.set_id,
        "bank",
        "graz",
        "matera",
        frozenset(),
        2,
        (orders[0].order_id, orders[1].order_id),
        5.0,
    )
    assert len({one.set_id, *one.orders}) == 3
    relay = Relay("bank", (*way("spoqc"), *OVER_BARI), 1)
    assert leader_of(relay) == "graz"
    assert leader_of(Relay("bank", OVER_BARI, 1)) == "matera"
    assert leader_of(Relay("bank", (), 1)) is None


def test_large_shares_are_cut_alike_and_small_ones_give_nothing():
    found = ordered(way("spoqc"), way("qube-2"), bits=LARGEST_ORDER_BITS + 40)
    assert [[order.n_bits for order in orders] for _, orders in found] == [
        [LARGEST_ORDER_BITS] * 2,
        [32] * 2,
    ]
    assert ordered(way("spoqc"), way("qube-2"), bits=15) == ()


@pytest.mark.parametrize(
    ("ways", "options", "words"),
    [
        ([way("spoqc")], {}, "the plan has 1 ways, the demand wants 2 shares"),
        ([way("spoqc"), way("qube-2")], {"split": None}, "has 2 ways, the demand wants a whole"),
        ([way("spoqc"), way("qube-2"), way("eagle")], {}, "has 3 ways"),
        ([way("eagle"), OVER_BARI], {}, "eagle would know two shares"),
        ([way("spoqc"), way("qube-2")], {"untrusted": ("spoqc", "qube-2")}, "and 2 give the key"),
        ([way("spoqc"), (Hop("bari", "graz", "eagle"),)], {}, "does not join"),
    ],
)
def test_ways_that_split_no_trust_are_refused(ways, options, words):
    with pytest.raises(RelayError, match=words):
        ordered(*ways, **options)


def test_who_is_not_trusted_carries_one_share_and_knows_no_other():
    ((one, (first, second)),) = ordered(way("spoqc"), way("qube-2"), untrusted=("spoqc",))
    assert one.untrusted == {"spoqc"}
    # A bit of the other way's pools that spoqc knows is not used.
    assert (first.untrusted, second.untrusted) == (frozenset(), {"spoqc"})


def test_a_demand_that_wants_shares_is_never_served_on_one_way():
    relay = Relay("bank", way("spoqc"), L)
    with pytest.raises(RelayError, match="one way, the demand wants 2 shares"):
        orders_of(network(), relay, new_id=lambda: UUID(int=1), now=0.0)
    fibre = Relay("bank", way(None), L)
    assert orders_of(network(), fibre, new_id=lambda: UUID(int=1), now=0.0) == ()


# The life of a set.


def begun(town, n_shares=2, threshold=2, silent=(), **options):
    """Share orders of two stations and their set; every satellite but the silent ones answers."""
    t = town("graz", "matera", **options)
    t.fill("graz", "matera", 65_536)
    orders = []
    for satellite in SATELLITES[:n_shares]:
        t.fill("graz", satellite, L)
        t.fill("matera", satellite, L)
        orders.append(t.order("graz", satellite, "matera", n_bits=L))
    names = tuple(order.order_id for order in orders)
    shares = ShareSet(t.uuid(), "bank", "graz", "matera", frozenset(), threshold, names, t.now)
    for order in orders:
        t.nodes["graz"].begin(order)
    t.stores["graz"].transact(lambda unit: remember_set(unit, shares))
    t.run(4)
    for satellite, order in zip(SATELLITES, orders, strict=False):
        if satellite not in silent:
            t.announce(order)
    return t, shares, orders


def made(t, name):
    found = t.stores[name].reader.segments(PAIR)
    return [s for s in found if s.origin.kind is OriginKind.COMBINATION]


def test_a_set_becomes_one_key_by_itself_once_and_has_the_sets_identity(town):
    t, shares, orders = begun(town)
    assert open_sets(t.stores["graz"].reader) == (shares,)
    t.run(10)
    (one,), (two,) = made(t, "graz"), made(t, "matera")
    assert one.stage is two.stage is SegmentStage.USABLE
    assert one.origin.reference.endswith(str(shares.set_id))
    assert t.key("graz", one.segment_id) == t.key("matera", two.segment_id)
    # The key of a relay is that of its first link, and two of two shares are needed: their XOR.
    firsts = [
        t.stores["graz"].reader.allocation(order.allocation_id(0)).extents[0].segment_id
        for order in orders
    ]
    keys = [t.keys[segment] for segment in firsts]
    assert t.key("graz", one.segment_id) == bytes(a ^ b for a, b in zip(*keys, strict=True))
    assert open_sets(t.stores["graz"].reader) == ()
    t.restart("graz")
    t.run(3)
    assert len(made(t, "graz")) == 1


def test_a_set_waits_for_every_share_that_may_still_come(town):
    t, shares, orders = begun(town, n_shares=3, silent=("eagle",))
    t.run(6)
    assert open_sets(t.stores["graz"].reader) == (shares,)
    assert made(t, "graz") == []
    t.announce(orders[2])
    t.run(10)
    (one,) = made(t, "graz")
    assert (len(one.trust.shares), one.trust.threshold) == (3, 2)


def test_a_share_that_is_given_up_is_done_without_if_enough_are_left(town):
    t, _, _ = begun(town, n_shares=3, silent=("qube-2",))
    t.run(6)
    t.now += 5 * 86_400.0 + 1.0
    t.run(12)
    (one,) = made(t, "graz")
    assert {name for share in one.trust.shares for name in share} == {"spoqc", "eagle"}
    assert t.stores["graz"].reader.totals().reserved == 0


def test_with_fewer_shares_than_the_threshold_there_is_no_key_and_a_sentence(town):
    t, _, _ = begun(town, n_shares=3, threshold=3, silent=("qube-2",))
    t.run(6)
    t.now += 5 * 86_400.0 + 1.0
    t.run(6)
    assert made(t, "graz") == []
    assert open_sets(t.stores["graz"].reader) == ()
    (row,) = t.stores["graz"].reader.audit_rows(event="shares-ended")
    assert "2 of 3 shares came, 3 are needed" in row.payload


def test_a_share_that_was_used_for_something_else_ends_the_set(town):
    t, _, orders = begun(town)
    store = t.stores["graz"]
    t.nodes["graz"].go_on = lambda _now: {}
    t.run(8)
    del t.nodes["graz"].go_on
    segment = orders[0].segment_id
    assert store.reader.segment(segment).segment.stage is SegmentStage.USABLE
    # All the key that came by hand, and a byte more.
    lanes = store.reader.levels()
    (own,) = [level.own_available_bits for level in lanes if level.pool == PAIR]
    request = Request(t.uuid(), PAIR, Purpose.DELIVERY, "other", own - L // 2)
    store.transact(lambda unit: unit.reserve(request))
    t.run(3)
    assert made(t, "graz") == []
    (row,) = store.reader.audit_rows(event="shares-ended")
    assert "fewer than 512 unused bits" in row.payload


def test_late_and_disputed_shares_count_as_lost(town):
    t, shares, orders = begun(town)
    t.run(10)

    def judged(now, **changes):
        def work(unit):
            segment = unit.view.segment(orders[0].segment_id)
            held = unit.view.held(orders[0].segment_id)
            unit.view.hold(replace(held, segment=replace(segment, **changes)))
            try:
                return combination_of_set(unit, shares, now)
            finally:
                unit.view.hold(held)

        return t.stores["graz"].transact(work)

    for changes in ({"stage": SegmentStage.DISPUTED}, {"expires_at": t.now}):
        with pytest.raises(RelayError, match="1 of 2 shares came"):
            judged(t.now, **changes)
    assert judged(t.now, expires_at=t.now + 1.0) is not None
    assert judged(t.now, stage=SegmentStage.WAITING) is None


def test_a_share_whose_digest_is_not_compared_yet_is_asked_for_again(town):
    """The leading end may use a segment before the other end has its answer."""
    t = town("graz", "matera", with_tags=False)
    t.fill("graz", "spoqc", L)
    fibre = t.fill("graz", "matera", 4 * L, usable=False)
    digest = t.stores["graz"].reader.segment(fibre).segment.digest
    t.stores["graz"].agree(fibre, digest, "matera")
    t.fill("matera", "spoqc", L)
    order = t.order("spoqc", "graz", "matera")
    order = replace(order, a="graz", links=order.links[1:], announcers=())
    t.nodes["graz"].begin(order)
    t.post("graz", "matera")
    (follow,) = t.nodes["graz"].outbox("matera")
    for _ in range(2):
        with pytest.raises(RelayNotYetError, match="not compared yet"):
            t.nodes["matera"].told("graz", follow)
    assert t.stores["graz"].reader.document(custody.END, str(order.order_id)) is None
    t.stores["matera"].agree(fibre, digest, "graz")
    t.run(6)
    assert t.stores["matera"].reader.totals(PAIR).relayed == L
