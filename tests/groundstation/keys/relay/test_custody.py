"""What a node does with its own ledger for an order: whole or not at all, once, and never again."""

from dataclasses import replace
from uuid import UUID

import pytest

from groundstation.keys.errors import KeyConflictError, KeyStaleError
from groundstation.keys.ledger.records import AllocationState, Pool, Role
from groundstation.keys.relay import custody
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcement, Link, Order, OrderKind

L = 1024
PAIR = Pool("graz", "matera")


@pytest.fixture
def middle(town):
    """calern between two satellites, with key of both; and the order that passes it."""
    t = town("calern", "graz", "helmos", with_tags=False)
    t.fill("calern", "spoqc", 4096)
    t.fill("calern", "qube-2", 4096)
    return t, t.order("graz", "spoqc", "calern", "qube-2", "helmos", n_bits=L)


def at(town, name, work):
    return town.stores[name].transact(work)


def committed(unit, order):
    held = custody.held_here(unit, order)
    nobody = replace(held[1], extents=())
    return custody.commit(unit, order, [nobody, held[1], held[2], nobody])


def shares_order(t, *segments, leader="graz", n_bits=512):
    owners = (PAIR.a, PAIR.b)
    links = tuple(
        Link(PAIR, leader if lane == 0 else "matera", owners[1 - lane], segment, lane)
        for segment in segments
        for lane in (0, 1)
    )
    return Order(
        t.uuid(), OrderKind.COMBINATION, "bank", *owners, n_bits, links, (), frozenset(),
        len(segments), len(segments), t.now,
    )  # fmt: skip


def test_a_node_that_the_order_does_not_name_reserves_nothing(middle):
    t, _ = middle
    elsewhere = t.order("graz", "spoqc", "helmos")
    with pytest.raises(RelayError, match="asks nothing of calern"):
        at(t, "calern", lambda unit: custody.prepare(unit, elsewhere, {}))
    assert t.stores["calern"].reader.document(custody.ORDER, str(elsewhere.order_id)) is None


def test_an_order_that_never_came_is_a_sentence(middle):
    t, _ = middle
    unknown = UUID(int=5, version=4)
    with pytest.raises(RelayError, match="no such order here"):
        t.nodes["calern"].announced(unknown, Announcement("spoqc", bytes(128)))


def test_what_burned_is_never_held_again(middle):
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    at(t, "calern", lambda unit: unit.burn(order.allocation_id(1), "damaged"))
    for work in (custody.held_here, lambda unit, order: custody.prepare(unit, order, {})):
        with pytest.raises(RelayError, match="link 1 have burned"):
            at(t, "calern", lambda unit, work=work: work(unit, order))


def test_a_commit_is_announced_once_and_its_repetition_says_the_same(middle):
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    first = at(t, "calern", lambda unit: committed(unit, order))
    assert [each.name for each in first] == ["calern"]
    found = [t.stores["calern"].reader.allocation(order.allocation_id(i)) for i in (1, 2)]
    keys = [t.keys[each.extents[0].segment_id][: L // 8] for each in found]
    assert first[0].xor == bytes(a ^ b for a, b in zip(*keys, strict=True))
    assert at(t, "calern", lambda unit: committed(unit, order)) == first
    other = Announcement("calern", bytes(L // 8))
    with pytest.raises(KeyConflictError):
        at(t, "calern", lambda unit: custody.take_announcement(unit, order, other))
    assert t.stores["calern"].reader.totals().relayed == 2 * L


def test_what_was_spent_stays_spent_and_an_ended_order_is_not_committed_again(middle):
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    at(t, "calern", lambda unit: committed(unit, order))
    assert at(t, "calern", lambda unit: custody.end(unit, order.order_id, "too late")) == 0
    assert t.stores["calern"].reader.totals().relayed == 2 * L
    with pytest.raises(RelayError, match="has ended: too late"):
        at(t, "calern", lambda unit: committed(unit, order))


def test_an_end_burns_what_is_reserved_counts_it_and_keeps_the_first_reason(middle):
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    assert at(t, "calern", lambda unit: custody.has_reserved(unit, order))
    end = lambda reason: at(t, "calern", lambda u: custody.end(u, order.order_id, reason))  # noqa: E731
    assert end("x" * 500) == 2 * L
    assert end("another") == 0
    assert not at(t, "calern", lambda unit: custody.has_reserved(unit, order))
    assert at(t, "calern", lambda unit: custody.has_ended(unit, order.order_id)) == "x" * 400
    segment = t.stores["calern"].reader.allocation(order.allocation_id(1)).extents[0].segment_id
    reasons = {entry.reason for entry in t.stores["calern"].reader.segment(segment).entries}
    assert f"relay given up: {'x' * 200}" in reasons
    assert (
        at(t, "calern", lambda unit: custody.end(unit, UUID(int=9, version=4), "never came")) == 0
    )


def test_half_of_what_an_order_reserved_still_waits_for_its_outcome(middle):
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    at(t, "calern", lambda unit: unit.consume(order.allocation_id(1)))
    assert at(t, "calern", lambda unit: custody.has_reserved(unit, order))
    at(t, "calern", lambda unit: unit.consume(order.allocation_id(2)))
    assert not at(t, "calern", lambda unit: custody.has_reserved(unit, order))


def test_a_follower_gives_up_by_itself_after_twice_the_patience(middle):
    """The leading end gave up before; its word may have been lost."""
    t, order = middle
    at(t, "calern", lambda unit: custody.prepare(unit, order, {}))
    node, store = t.nodes["calern"], t.stores["calern"]
    node.go_on(t.now + 7200.0)
    assert store.reader.totals().reserved == 2 * L
    node.go_on(t.now + 7200.1)
    assert (store.reader.totals().reserved, store.reader.totals().burned) == (0, 2 * L)
    assert "nothing came of it in 7200 s" in store.reader.document(
        custody.END, str(order.order_id)
    ).payload  # fmt: skip


def test_the_leading_end_gives_up_after_its_patience_and_not_before(town):
    t = town("graz", "matera", with_tags=False)
    t.fill("graz", "spoqc", 4096)
    t.fill("matera", "spoqc", 4096)
    order = t.order("graz", "spoqc", "matera")
    t.nodes["graz"].begin(order)
    t.nodes["graz"].go_on(t.now + 3600.0)
    assert t.stores["graz"].reader.totals().reserved == L
    t.nodes["graz"].go_on(t.now + 3600.1)
    assert t.stores["graz"].reader.totals().burned == L


# Shares.


@pytest.fixture
def pair(town):
    t = town("graz", "matera", with_tags=False)
    return t, t.fill("graz", "matera", 2048), t.fill("graz", "matera", 2048)


def prepared(t, order):
    return at(t, "graz", lambda unit: custody.prepare(unit, order, {}))


def test_a_share_is_reserved_at_the_end_that_owns_its_lane(pair):
    t, one, two = pair
    order = shares_order(t, one, two)
    held = prepared(t, order)
    assert [
        (e.segment_id, e.lane, e.start, e.length) for h in held.values() for e in h.extents
    ] == [
        (one, 0, 0, 512),
        (two, 0, 0, 512),
    ]
    found = t.stores["graz"].reader.allocation(order.allocation_id(0))
    assert (found.role, found.state) == (Role.OURS, AllocationState.RESERVED)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda link: replace(link, segment_id=UUID(int=3)), "not here, or not ours"),
        (lambda link: replace(link, lane=1), "not here, or not ours"),
        (lambda link: replace(link, lane=2), "not here, or not ours"),
    ],
)
def test_a_share_of_nobody_or_of_the_other_end_is_not_reserved(pair, change, words):
    t, one, two = pair
    order = shares_order(t, one, two)
    wrong = replace(order, links=(change(order.links[0]), *order.links[1:]))
    with pytest.raises(RelayError, match=words):
        prepared(t, wrong)
    assert t.stores["graz"].reader.totals().reserved == 0


def test_a_share_needs_all_its_bits_in_a_row(pair):
    t, one, two = pair
    assert prepared(t, shares_order(t, one, two, n_bits=8))
    with pytest.raises(RelayError, match="fewer than 1024 unused bits"):
        prepared(t, shares_order(t, one, two, n_bits=1024))
    assert prepared(t, shares_order(t, one, two, n_bits=1016))
    with pytest.raises(RelayError, match="fewer than 8 unused bits"):
        prepared(t, shares_order(t, one, two, n_bits=8))


def test_a_share_is_too_late_at_the_second_it_expires(town):
    t = town("graz", "matera", with_tags=False)
    segments = [t.fill("graz", "matera", 2048, expires_at=t.now + 60.0) for _ in range(2)]
    t.now += 59.0
    assert prepared(t, shares_order(t, *segments))
    t.now += 1.0
    with pytest.raises(RelayError, match="has expired"):
        prepared(t, shares_order(t, *segments))


def test_a_restored_backup_reserves_no_share(pair):
    t, one, two = pair

    def work(unit):
        unit.view.is_behind = True
        try:
            return custody.prepare(unit, shares_order(t, one, two), {})
        finally:
            unit.view.is_behind = False

    with pytest.raises(KeyStaleError, match="reserving a share"):
        at(t, "graz", work)
