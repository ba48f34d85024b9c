"""Orders from plans, their documents, satellites' files: what is refused, in which words."""

import json
from dataclasses import replace
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.ledger.records import (
    Extent,
    Origin,
    OriginKind,
    Pool,
    Segment,
    TrustLabel,
)
from groundstation.keys.relay.chain import (
    LARGEST_ORDER_BITS,
    combination_order,
    orders_of,
)
from groundstation.keys.relay.documents import (
    held_document,
    held_of,
    order_document,
    order_of,
    order_of_text,
    order_text,
)
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Announcement, Held
from groundstation.keys.relay.satellite_files import (
    SatelliteMemory,
    SatelliteRequest,
    announcement_text,
    read_announcement,
    read_request,
    request_text,
)
from groundstation.plan.records import Hop, Relay

NODES = ("bari", "graz", "matera", "munich")
ORDER_ID = UUID(int=77)


def network(untrusted=(), distrusted=(), split=None):
    return SimpleNamespace(
        sites=[SimpleNamespace(name=f"at-{name}", node=name) for name in NODES],
        satellites=[
            SimpleNamespace(name=name, is_trusted=name not in distrusted)
            for name in ("spoqc", "qube-2")
        ],
        fibre_links=[SimpleNamespace(a="bari", b="matera"), SimpleNamespace(a="graz", b="munich")],
        demands=[
            SimpleNamespace(
                name="grid", a="at-munich", b="at-bari", untrusted=frozenset(untrusted), split=split
            )
        ],
    )


PATH = (Hop("munich", "graz", None), Hop("graz", "matera", "spoqc"), Hop("matera", "bari", None))


def orders(path=PATH, bits=1003, **options):
    ids = iter(UUID(int=n) for n in range(1, 1000))
    relay = Relay("grid", path, bits)
    return orders_of(network(**options), relay, new_id=lambda: next(ids), now=5.0)


def test_a_path_becomes_a_chain_of_links_with_an_announcer_between_any_two():
    (order,) = orders()
    assert (order.a, order.b, order.n_bits) == ("munich", "bari", 1000)
    assert [(link.pool, link.leader, link.follower) for link in order.links] == [
        (Pool("graz", "munich"), "munich", "graz"),
        (Pool("graz", "spoqc"), "graz", None),
        (Pool("matera", "spoqc"), "matera", None),
        (Pool("bari", "matera"), "matera", "bari"),
    ]
    assert [(a.name, a.left, a.via) for a in order.announcers] == [
        ("graz", 0, "graz"),
        ("spoqc", 1, "graz"),
        ("matera", 2, "matera"),
    ]
    assert order.nodes == NODES


def test_a_path_may_run_against_the_demand():
    back = tuple(Hop(hop.b, hop.a, hop.satellite) for hop in reversed(PATH))
    (order,) = orders(back)
    assert (order.a, order.b) == ("bari", "munich")
    assert [a.via for a in order.announcers] == ["matera", "matera", "graz"]


def test_large_relays_are_cut_and_lose_at_most_seven_bits():
    found = orders(bits=LARGEST_ORDER_BITS + 2007)
    assert [order.n_bits for order in found] == [LARGEST_ORDER_BITS, 2000]
    assert orders(bits=7) == ()


def test_a_pair_that_shares_a_fibre_needs_no_relay():
    net = network()
    net.demands[0].a, net.demands[0].b = "at-graz", "at-munich"
    relay = Relay("grid", (Hop("graz", "munich", None),), 1000)
    assert orders_of(net, relay, new_id=lambda: ORDER_ID, now=0.0) == ()


@pytest.mark.parametrize("name", ["graz", "spoqc", "matera"])
def test_nobody_in_between_whom_the_demand_does_not_trust(name):
    with pytest.raises(RelayError, match=f"{name} would know the key"):
        orders(untrusted=[name])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (PATH[:2], "does not join"),
        (PATH[::-1], "does not join"),
        ((Hop("munich", "matera", None), PATH[2]), "no fibre joins"),
        (
            (PATH[0], Hop("graz", "munich", "spoqc"), Hop("munich", "bari", "qube-2")),
            "a node twice",
        ),
    ],
)
def test_a_path_that_is_none_is_refused(path, words):
    with pytest.raises(RelayError, match=words):
        orders(path)


def test_a_satellite_that_carries_no_relays_is_refused():
    with pytest.raises(RelayError, match="carries no relays"):
        orders(distrusted=["spoqc"])


def test_an_order_comes_back_from_its_document():
    (order,) = orders()
    assert order_of_text(order_text(order)) == order


def _change(document, path, value):
    *steps, last = path
    place = document
    for step in steps:
        place = place[step]
    place[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("n_bits",), 0),
        (("n_bits",), 1004),
        (("n_bits",), True),
        (("links",), []),
        (("links", 0, "leader"), "bari"),
        (("links", 1, "pool"), ["spoqc", "graz"]),
        (("links", 1, "pool"), ["bari", "graz"]),
        (("announcers", 0, 0), "matera"),
        (("announcers", 1, 1), 2),
        (("announcers", 1, 2), "bari"),
        (("announcers", 0, 2), "munich"),
        (("announcers",), []),
        (("ends",), ["munich", "matera"]),
        (("kind",), "combination"),
        (("created",), float("nan")),
        (("order",), "no identity"),
        (("demand",), "a\nb"),
        (("shares",), -1),
    ],
)
def test_what_is_not_exactly_an_order_is_refused(path, value):
    (order,) = orders()
    document = json.loads(json.dumps(order_document(order)))
    _change(document, path, value)
    with pytest.raises(KeyMessageError):
        order_of(document)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    | st.dictionaries(st.text(), st.text())
)
@settings(max_examples=50)
def test_rubbish_is_never_an_order_nor_held_bits(rubbish):
    for read in (order_of, held_of):
        with pytest.raises(KeyMessageError):
            read(rubbish)


def test_held_bits_come_back_from_their_document():
    held = Held(
        (Extent(ORDER_ID, 1, 8, 16),),
        (TrustLabel((frozenset({"a"}), frozenset({"b", "c"})), 2),),
        12.5,
    )
    assert held_of(json.loads(json.dumps(held_document(held)))) == held


# Split trust.


PAIR = Pool("bari", "munich")


def share(number, *knowing, n_bits=4096, pool=PAIR):
    label = TrustLabel((frozenset(knowing),), 1)
    origin = Origin(OriginKind.RELAY, "r")
    return Segment(UUID(int=number), pool, origin, label, n_bits, "d", 0.0, None)


def combined(shares, threshold, untrusted=()):
    net = network(untrusted)
    return combination_order(
        net, net.demands[0], shares, threshold, new_id=lambda: ORDER_ID, now=0.0
    )


def test_shares_take_both_lanes_of_every_segment():
    order = combined([share(1, "spoqc"), share(2, "qube-2", n_bits=4000)], 2)
    assert order.n_bits == 2000
    assert [(link.segment_id.int, link.lane, link.leader) for link in order.links] == [
        (1, 0, "bari"),
        (1, 1, "munich"),
        (2, 0, "bari"),
        (2, 1, "munich"),
    ]
    assert order_of_text(order_text(order)) == order


@pytest.mark.parametrize(
    ("shares", "threshold", "untrusted", "words"),
    [
        ([share(1, "spoqc")], 1, (), "splits no trust"),
        ([share(1, "spoqc"), share(2, "qube-2")], 1, (), "splits no trust"),
        ([share(1, "spoqc"), share(2, "qube-2")], 3, (), "splits no trust"),
        ([share(1, "spoqc", "graz"), share(2, "qube-2", "graz")], 2, (), "graz would know two"),
        ([share(1, "spoqc"), share(2, "qube-2")], 2, ("spoqc", "qube-2"), "would know 2 shares"),
        ([share(1, "x"), share(2, "y", pool=Pool("bari", "graz"))], 2, (), "is not key of"),
    ],
)
def test_shares_that_split_no_trust_are_refused(shares, threshold, untrusted, words):
    with pytest.raises(RelayError, match=words):
        combined(shares, threshold, untrusted)


def test_one_untrusted_satellite_may_carry_one_share():
    assert combined([share(1, "spoqc"), share(2, "qube-2")], 2, ("spoqc",)).n_shares == 2


# Satellites' files.


@pytest.fixture
def request_of_graz():
    return SatelliteRequest(
        ORDER_ID,
        "spoqc",
        "graz",
        64,
        (
            ("graz", (Extent(UUID(int=1), 0, 8, 64),)),
            ("matera", (Extent(UUID(int=2), 0, 0, 32), Extent(UUID(int=3), 0, 0, 32))),
        ),
    )


def test_a_request_and_an_announcement_come_back_from_their_files(transport, request_of_graz):
    key = transport("graz")
    assert read_request(request_text(request_of_graz, key), key) == request_of_graz
    made = Announcement("spoqc", bytes(range(8)))
    assert read_announcement(announcement_text(made, ORDER_ID, key), key) == (ORDER_ID, made)


def test_any_changed_byte_of_a_file_is_noticed(transport, request_of_graz):
    key = transport("graz")
    announced = announcement_text(Announcement("spoqc", bytes(range(8))), ORDER_ID, key)
    for text, read in (
        (request_text(request_of_graz, key), read_request),
        (announced, read_announcement),
    ):
        for place in range(len(text) - 1):
            changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            with pytest.raises(KeyMessageError):
                read(changed, key)


def test_files_of_another_key_and_of_the_other_direction_are_refused(transport, request_of_graz):
    key, other = transport("graz"), transport("graz", secret=b"t")
    text = request_text(request_of_graz, key)
    with pytest.raises(KeyMessageError, match="MAC does not fit"):
        read_request(text, other)
    with pytest.raises(KeyMessageError, match="schema"):
        read_announcement(text, key)


def test_a_satellite_announces_a_bit_once(request_of_graz):
    memory = SatelliteMemory()

    def read(station, extents):
        return bytes([len(station)]) * (sum(e.length for e in extents) // 8)

    first = memory.announce(request_of_graz, read)
    assert first.xor == bytes([4 ^ 6]) * 8
    assert memory.announce(request_of_graz, read) == first
    # The last byte of the first side again, in another order.
    again = replace(
        request_of_graz,
        order_id=UUID(int=78),
        sides=(
            ("graz", (Extent(UUID(int=1), 0, 64, 64),)),
            ("matera", (Extent(UUID(int=4), 0, 0, 64),)),
        ),
    )
    with pytest.raises(RelayError, match="announced twice"):
        memory.announce(again, read)
    with pytest.raises(RelayError, match="another request"):
        memory.announce(replace(request_of_graz, n_bits=32), read)
    fresh = replace(again, sides=(("graz", (Extent(UUID(int=1), 0, 72, 64),)), again.sides[1]))
    assert memory.announce(fresh, read).xor == first.xor
