"""No bit is allocated twice, however allocations come and go."""

import re
from dataclasses import replace
from uuid import UUID

import pytest

from groundstation.keys.errors import (
    KeyConflictError,
    KeyExpiredError,
    KeyQuotaError,
    KeyShortageError,
    KeyStaleError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.records import (
    Account,
    OriginKind,
    Pool,
    Purpose,
    TrustLabel,
)
from groundstation.keys.ledger.rules import decide_abandon
from groundstation.keys.ledger.views import Restriction


def test_key_is_taken_from_our_own_lane_from_its_first_bit_upwards(desk):
    desk.stock()
    desk.reserve(11, 16)
    desk.reserve(12, 8)
    assert desk.places(11) == [(1, 0, 0, 16)]
    assert desk.places(12) == [(1, 0, 16, 8)]
    assert desk.accounts() == {"available": 40, "reserved": 24}


def test_the_other_end_takes_from_its_lane(open_desk):
    desk = open_desk("tenerife")
    desk.stock()
    desk.reserve(11, 16)
    assert desk.places(11) == [(1, 1, 0, 16)]


def test_the_oldest_segment_is_used_first_and_a_key_may_span_segments(desk):
    desk.stock(2, 32)
    desk.now += 10
    desk.stock(1, 32)
    desk.reserve(11, 24)
    assert desk.places(11) == [(2, 0, 0, 16), (1, 0, 0, 8)]


def test_segments_of_one_instant_are_used_in_the_order_of_their_identities(desk):
    desk.stock(2, 16)
    desk.stock(1, 16)
    desk.reserve(11, 16)
    assert desk.places(11) == [(1, 0, 0, 8), (2, 0, 0, 8)]


def test_too_little_key_is_refused_whole_and_the_pool_is_unchanged(desk):
    desk.stock(1, 64)
    before = desk.ledger
    message = "reserving 40 bits for alice-bob: only 32 bits may be used"
    with pytest.raises(KeyShortageError, match=message) as caught:
        desk.reserve(11, 40)
    assert caught.value.where == "pool matera-tenerife"
    assert caught.value.hint is None
    assert desk.ledger is before
    desk.reserve(11, 32)
    assert desk.accounts() == {"available": 32, "reserved": 32}


@pytest.mark.parametrize("n_bits", [0, -8, 4, 257])
def test_lengths_are_positive_multiples_of_8(desk, n_bits):
    desk.stock(1, 1024)
    with pytest.raises(ValueError, match=f"cannot reserve {n_bits} bits"):
        desk.reserve(11, n_bits)


def test_key_of_another_pool_is_never_taken(desk):
    desk.stock()
    with pytest.raises(KeyShortageError, match="only 0 bits"):
        desk.reserve(11, 8, pool=Pool("graz", "matera"))


def test_an_identity_is_never_bound_twice(desk):
    desk.stock()
    desk.reserve(11, 8)
    desk.burn(11)
    with pytest.raises(KeyConflictError, match="in use already") as caught:
        desk.reserve(11, 8)
    assert caught.value.where == f"allocation {UUID(int=11)}"
    assert caught.value.is_alarm


@pytest.mark.parametrize(
    ("purpose", "account"),
    [
        (Purpose.DELIVERY, "delivered"),
        (Purpose.RELAY, "relayed"),
        (Purpose.AUTHENTICATION, "authentication"),
    ],
)
def test_what_is_consumed_goes_to_the_account_of_its_purpose(desk, purpose, account):
    desk.stock()
    desk.reserve(11, 16, purpose=purpose)
    desk.consume(11)
    assert desk.accounts() == {"available": 48, account: 16}
    assert desk.state(11) == "consumed"


def test_a_key_is_consumed_only_once(desk):
    desk.stock()
    desk.reserve(11, 8)
    desk.consume(11)
    with pytest.raises(KeyStateError, match="consumed already"):
        desk.consume(11)
    with pytest.raises(KeyStateError, match="burning key that is consumed"):
        desk.burn(11)


def test_burned_key_is_never_consumed_and_burning_again_changes_nothing(desk):
    desk.stock()
    desk.reserve(11, 8)
    desk.burn(11)
    assert desk.accounts() == {"available": 56, "burned": 8}
    with pytest.raises(KeyStateError, match="burned already"):
        desk.consume(11)
    assert desk.burn(11).entries == ()


def test_what_was_never_reserved_is_unknown(desk):
    with pytest.raises(KeyUnknownError, match="consuming key: no such allocation"):
        desk.consume(11)
    with pytest.raises(KeyUnknownError, match="burning key: no such allocation"):
        desk.burn(11)


def test_several_reservations_are_abandoned_at_once(desk):
    desk.stock()
    for number in (11, 12, 13):
        desk.reserve(number, 8)
    desk.consume(12)
    held = list(desk.ledger.allocations.values())
    desk.commit(decide_abandon(desk.ledger, held, "crash", desk.clock))
    assert [desk.state(number) for number in (11, 12, 13)] == ["burned", "consumed", "burned"]


def test_every_entry_says_what_it_was_for_and_when(desk):
    desk.stock()
    desk.now = 1234.0
    (entry,) = desk.reserve(11, 8, reference="relay 7").entries
    assert (entry.source, entry.target) == (Account.AVAILABLE, Account.RESERVED)
    assert (entry.reason, entry.at, entry.allocation_id) == ("relay 7", 1234.0, UUID(int=11))
    assert desk.ledger.allocations[UUID(int=11)].created_at == 1234.0


def test_key_is_not_reserved_from_the_instant_of_its_expiry(desk):
    desk.stock(1, 64, expires_at=2000.0)
    desk.now = 1999.0
    desk.reserve(11, 8)
    desk.now = 2000.0
    with pytest.raises(KeyShortageError) as caught:
        desk.reserve(12, 8)
    assert caught.value.hint == "other key has expired"


def test_reserved_key_that_expires_is_not_consumed_any_more(desk):
    desk.stock(1, 16, expires_at=3000.0)
    desk.now += 1
    desk.stock(2, 16, expires_at=2000.0)
    desk.reserve(11, 16)
    assert desk.ledger.allocations[UUID(int=11)].expires_at == 2000.0
    desk.now = 2000.0
    with pytest.raises(KeyExpiredError, match="expired 0 s ago"):
        desk.consume(11)
    desk.burn(11)


def test_key_older_than_asked_is_left_for_others(desk):
    desk.stock()
    desk.now = 1100.0
    desk.reserve(11, 8, Restriction(max_age_s=100.0))
    desk.now = 1101.0
    with pytest.raises(KeyShortageError) as caught:
        desk.reserve(12, 8, Restriction(max_age_s=100.0))
    assert caught.value.hint == "other key is older than 100 s"


def test_key_that_an_untrusted_node_knows_is_left_for_others(desk):
    desk.stock(1, 64, trust=TrustLabel((frozenset({"sat-1", "graz"}),), 1))
    with pytest.raises(KeyShortageError) as caught:
        desk.reserve(11, 8, Restriction(untrusted=frozenset({"graz", "zoo"})))
    assert caught.value.hint == "other key is known to graz, zoo"
    desk.now += 1
    desk.stock(2, 64, trust=TrustLabel((frozenset({"graz"}), frozenset({"sat-1"})), 2))
    desk.reserve(11, 8, Restriction(untrusted=frozenset({"graz", "zoo"})))
    assert desk.places(11) == [(2, 0, 0, 8)]


def test_key_that_too_few_nodes_would_have_to_collude_for_is_left_for_others(desk):
    desk.stock(1, 64, trust=TrustLabel((frozenset({"graz"}), frozenset({"sat-1"})), 2))
    desk.reserve(11, 8, Restriction(min_coalition=2))
    with pytest.raises(KeyShortageError) as caught:
        desk.reserve(12, 8, Restriction(min_coalition=3))
    assert caught.value.hint == "other key is known if 2 nodes collude (limit 3)"
    desk.now += 1
    desk.stock(2)
    desk.reserve(12, 8, Restriction(min_coalition=3))
    assert desk.places(12) == [(2, 0, 0, 8)]


def test_only_key_of_the_origins_asked_for_is_taken(desk):
    desk.stock(1, 64, kind=OriginKind.RELAY)
    direct = Restriction(origins=frozenset({OriginKind.PASS, OriginKind.FIBRE}))
    with pytest.raises(KeyShortageError) as caught:
        desk.reserve(11, 8, direct)
    assert caught.value.hint == "other key came by relay"
    desk.reserve(11, 8, Restriction(origins=frozenset({OriginKind.RELAY})))


def test_the_minimum_reserve_stays_in_our_lanes(desk):
    desk.stock()
    limit = Restriction(min_reserve_bits=16)
    with pytest.raises(KeyShortageError, match="8 bits would remain, 16 bits have to"):
        desk.reserve(11, 24, limit)
    with pytest.raises(KeyShortageError, match="0 bits would remain, 16 bits have to"):
        desk.reserve(11, 48, limit)
    desk.reserve(11, 16, limit)
    assert desk.accounts()["reserved"] == 16


def test_a_quota_counts_what_its_reference_had_since_the_period_began(desk):
    desk.stock(1, 512)
    desk.reserve(11, 16)
    desk.now = 1500.0
    quota = Restriction(quota_bits=32, quota_since=1500.0)
    desk.reserve(12, 16, quota)
    desk.reserve(13, 8, reference="carol-dan")
    desk.consume(12)
    desk.reserve(14, 8, quota)
    with pytest.raises(KeyQuotaError, match="it has had 24 bits of its quota of 32 bits"):
        desk.reserve(15, 16, quota)
    desk.burn(14)
    desk.reserve(16, 16, quota)
    with pytest.raises(KeyQuotaError):
        desk.reserve(17, 8, quota)


def test_a_restored_backup_neither_reserves_follows_nor_consumes(desk):
    desk.stock()
    desk.reserve(11, 8)
    desk.ledger = replace(desk.ledger, is_behind=True)
    with pytest.raises(KeyStaleError, match="reserving key"):
        desk.reserve(12, 8)
    with pytest.raises(KeyStaleError, match="consuming key"):
        desk.consume(11)
    with pytest.raises(KeyStaleError, match="following a reservation"):
        desk.follow(21, (1, 1, 0, 8))
    desk.burn(11)


def test_we_follow_exactly_what_the_other_end_reserved(desk):
    desk.stock()
    desk.follow(21, (1, 1, 8, 8), (1, 1, 24, 8))
    assert desk.places(21) == [(1, 1, 8, 8), (1, 1, 24, 8)]
    assert desk.accounts() == {"available": 48, "reserved": 16}
    desk.follow(22, (1, 1, 0, 8), (1, 1, 16, 8))
    desk.consume(21)
    assert desk.accounts() == {"available": 32, "reserved": 16, "delivered": 16}


def test_the_same_proposal_again_changes_nothing_until_it_is_burned(desk):
    desk.stock()
    desk.follow(21, (1, 1, 0, 8))
    assert desk.follow(21, (1, 1, 0, 8)).entries == ()
    desk.consume(21)
    assert desk.follow(21, (1, 1, 0, 8)).entries == ()
    desk.follow(22, (1, 1, 8, 8))
    desk.burn(22)
    with pytest.raises(KeyStateError, match="was burned"):
        desk.follow(22, (1, 1, 8, 8))


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": Purpose.RELAY},
        {"reference": "carol-eve"},
        {"pool": Pool("graz", "matera")},
    ],
)
def test_an_identity_is_not_followed_into_another_use(desk, changed):
    desk.stock()
    desk.follow(21, (1, 1, 0, 8))
    with pytest.raises(KeyConflictError, match="bound to other bits or uses"):
        desk.follow(21, (1, 1, 0, 8), **changed)


def test_an_identity_is_not_followed_to_other_bits_or_into_our_own_allocations(desk):
    desk.stock()
    desk.follow(21, (1, 1, 0, 8))
    with pytest.raises(KeyConflictError, match="bound to other bits"):
        desk.follow(21, (1, 1, 8, 8))
    desk.reserve(11, 8, reference="carol-dan")
    with pytest.raises(KeyConflictError, match="bound to other bits"):
        desk.follow(11, *desk.places(11))


@pytest.mark.parametrize(
    ("places", "error", "message"),
    [
        ([], KeyConflictError, "no bits"),
        ([(9, 1, 0, 8)], KeyUnknownError, "not imported here"),
        ([(1, 2, 0, 8)], KeyUnknownError, "not imported here"),
        ([(1, 0, 0, 8)], KeyConflictError, "lane is ours to allocate"),
        ([(1, 1, 4, 8)], KeyConflictError, "not multiples of 8"),
        ([(1, 1, 0, 4)], KeyConflictError, "not multiples of 8"),
        ([(1, 1, 0, 0)], KeyConflictError, "holds no bits"),
        ([(1, 1, 0, -8)], KeyConflictError, "holds no bits"),
        ([(1, 1, -8, 8)], KeyConflictError, "holds no bits"),
        ([(1, 1, 24, 16)], KeyConflictError, "not all of these bits are there"),
        ([(1, 1, 0, 16), (1, 1, 8, 8)], KeyConflictError, "not all of these bits are there"),
        ([(1, 1, 0, 8), (3, 1, 0, 8)], KeyConflictError, "key of another pool"),
        ([(2, 1, 0, 8)], KeyStateError, "the segment is waiting"),
    ],
)
def test_a_proposal_that_is_not_theirs_to_make_is_refused_whole(desk, places, error, message):
    desk.stock(1)
    desk.bring(2)
    desk.stock(3, pool=Pool("graz", "matera"), owners=("graz", "matera"))
    before = desk.ledger
    with pytest.raises(error, match=re.escape(message)):
        desk.follow(21, *places)
    assert desk.ledger is before


def test_an_expired_segment_is_not_followed(desk):
    desk.stock(1, 64, expires_at=2000.0)
    desk.follow(21, (1, 1, 0, 8))
    assert desk.ledger.allocations[UUID(int=21)].expires_at == 2000.0
    desk.now = 2000.0
    with pytest.raises(KeyExpiredError, match="expired 0 s ago"):
        desk.follow(22, (1, 1, 8, 8))


def test_a_cancelled_reservation_burns_and_stays_burned(desk):
    desk.stock()
    desk.follow(21, (1, 1, 0, 8))
    desk.cancel(21, (1, 1, 0, 8))
    assert desk.accounts() == {"available": 56, "burned": 8}
    assert desk.cancel(21, (1, 1, 0, 8)).entries == ()
    desk.follow(22, (1, 1, 8, 8))
    desk.consume(22)
    assert desk.cancel(22, (1, 1, 8, 8)).entries == ()
    assert desk.state(22) == "consumed"


def test_a_cancel_that_comes_before_its_reservation_burns_what_is_free(desk):
    desk.stock()
    desk.follow(21, (1, 1, 8, 8))
    desk.cancel(22, (1, 1, 0, 8), (1, 1, 8, 8), (1, 0, 0, 8), (9, 1, 0, 8))
    assert desk.places(22) == [(1, 1, 0, 8)]
    assert desk.accounts() == {"available": 48, "reserved": 8, "burned": 8}
    with pytest.raises(KeyStateError, match="was burned"):
        desk.follow(22, (1, 1, 0, 8))


def test_the_other_end_cannot_cancel_what_is_ours(desk):
    desk.stock()
    desk.reserve(11, 8)
    with pytest.raises(KeyConflictError, match="allocation of ours"):
        desk.cancel(11, (1, 0, 0, 8))
    assert desk.state(11) == "reserved"
