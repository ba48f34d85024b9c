"""A segment becomes usable, expires, burns and ends only as the rules say."""

from dataclasses import replace
from uuid import UUID

import pytest

from groundstation.keys.errors import (
    KeyClockError,
    KeyConflictError,
    KeyCustodyError,
    KeyExpiredError,
    KeyShortageError,
    KeyStaleError,
    KeyStateError,
    KeyUnknownError,
)
from groundstation.keys.ledger.records import (
    Account,
    OriginKind,
    Pool,
    SegmentStage,
    TrustLabel,
)
from groundstation.keys.ledger.rules import lane_lengths, read_clock

DAY_S = 86_400.0
SATELLITE = Pool("matera", "sat-1")
ALONE = {"pool": SATELLITE, "owners": ["matera"]}


@pytest.mark.parametrize(
    ("n_bits", "n_lanes", "lengths"),
    [(64, 1, (64,)), (64, 2, (32, 32)), (72, 2, (32, 40)), (8, 2, (0, 8)), (16, 2, (8, 8))],
)
def test_lanes_are_halves_cut_at_a_multiple_of_8(n_bits, n_lanes, lengths):
    assert lane_lengths(n_bits, n_lanes) == lengths


def test_a_segment_waits_in_quarantine_until_both_ends_agree(desk):
    desk.bring()
    assert desk.accounts() == {"quarantined": 64}
    with pytest.raises(KeyShortageError):
        desk.reserve(11, 8)
    decision = desk.agree()
    assert {entry.reason for entry in decision.entries} == {"digest agreed with peer"}
    assert desk.accounts() == {"available": 64}
    assert desk.ledger.segments[UUID(int=1)].stage is SegmentStage.USABLE
    assert desk.agree().entries == ()


def test_each_end_owns_a_lane_and_the_station_owns_all_that_a_satellite_brings(desk):
    desk.bring(1)
    desk.bring(2, **ALONE)
    owners = {place: lane.owner for place, lane in desk.ledger.lanes_by_place.items()}
    assert owners == {
        (UUID(int=1), 0): "matera",
        (UUID(int=1), 1): "tenerife",
        (UUID(int=2), 0): "matera",
    }
    assert desk.accounts(SATELLITE) == {"quarantined": 64}
    assert desk.accounts() == {"quarantined": 128}


def test_the_smallest_segment_gives_one_end_nothing(desk):
    desk.stock(1, 8)
    with pytest.raises(KeyShortageError):
        desk.reserve(11, 8)
    desk.follow(21, (1, 1, 0, 8))


@pytest.mark.parametrize("owners", [("matera", "tenerife"), ("matera",)])
def test_an_odd_tail_is_burned_and_accounted_for(desk, owners):
    desk.bring(1, 64, tail_bits=5, owners=owners)
    assert desk.accounts() == {"quarantined": 64, "burned": 5}
    assert desk.ledger.entries[-1].reason == "tail of less than 8 bits"
    desk.agree()
    assert desk.accounts() == {"available": 64, "burned": 5}


@pytest.mark.parametrize(("n_bits", "tail_bits"), [(0, 0), (-8, 0), (12, 0), (8, 8), (8, -1)])
def test_impossible_lengths_are_not_imported(desk, n_bits, tail_bits):
    with pytest.raises(ValueError, match=f"{n_bits} bits and a tail of {tail_bits} bits"):
        desk.bring(1, n_bits, tail_bits=tail_bits)


@pytest.mark.parametrize(
    "owners", [(), ("tenerife", "matera"), ("graz",), ("matera", "graz"), ("matera",) * 2]
)
def test_only_the_ends_of_a_pool_allocate_its_key(desk, owners):
    with pytest.raises(ValueError, match="cannot allocate key of matera and tenerife"):
        desk.bring(1, owners=owners)


def test_importing_the_same_again_changes_nothing(desk):
    desk.stock()
    desk.reserve(11, 8)
    before = desk.ledger
    desk.now += 50
    assert desk.bring().entries == ()
    assert replace(desk.ledger, latest=before.latest) == before


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"digest": "d2"}, "digest"),
        ({"n_bits": 72}, "n_bits"),
        ({"pool": Pool("graz", "matera"), "owners": ("graz", "matera")}, "pool"),
        ({"kind": OriginKind.PASS}, "origin"),
        ({"trust": TrustLabel((frozenset({"graz"}),), 1)}, "trust"),
    ],
)
def test_another_content_under_the_same_identity_is_refused_and_alarmed(desk, changed, what):
    desk.stock()
    with pytest.raises(KeyConflictError, match=f"again with another {what}") as caught:
        desk.bring(1, **changed)
    assert caught.value.is_alarm
    assert desk.accounts() == {"available": 64}


def test_an_import_is_dated_by_the_ledger(desk):
    desk.bring(1, expires_at=5000.0)
    desk.now = 10.0
    desk.bring(2)
    assert [s.imported_at for s in desk.ledger.segments.values()] == [1000.0, 1000.0]


def test_key_that_expired_on_its_way_is_not_imported(desk):
    with pytest.raises(KeyExpiredError, match="importing 64 bits that expired 0 s ago"):
        desk.bring(1, expires_at=1000.0)
    desk.bring(1, expires_at=1000.5)
    desk.now = 1000.5
    with pytest.raises(KeyExpiredError, match="agreeing on key that expired 0 s ago"):
        desk.agree()


def test_a_different_digest_makes_waiting_key_unusable_and_people_are_told(desk):
    desk.bring()
    desk.agree(1, "d2")
    assert desk.accounts() == {"quarantined": 64}
    assert desk.ledger.segments[UUID(int=1)].stage is SegmentStage.DISPUTED
    assert desk.alarms == [f"segment {UUID(int=1)} of matera-tenerife: peer has another digest"]
    desk.agree(1, "d1")
    assert desk.accounts() == {"quarantined": 64}


def test_a_different_digest_stops_key_that_was_in_use(desk):
    desk.stock()
    desk.reserve(11, 8)
    desk.agree(1, "d2")
    assert desk.accounts() == {"quarantined": 56, "reserved": 8}
    with pytest.raises(KeyShortageError):
        desk.reserve(12, 8)
    with pytest.raises(KeyStateError, match="consuming key of a segment that is disputed"):
        desk.consume(11)
    desk.burn(11)


def test_what_is_not_here_is_not_agreed_expired_purged_or_damaged(desk):
    for command, what in (
        (desk.agree, "agreeing on a digest"),
        (desk.expire, "expiring key"),
        (desk.purge, "purging key"),
        (lambda: desk.damage(1, 0, 0, 8), "quarantining bits of lane 0"),
    ):
        with pytest.raises(KeyUnknownError, match=what):
            command()


def test_expired_key_leaves_the_balance_at_its_instant_and_not_before(desk):
    desk.stock(1, 64, expires_at=2000.0)
    desk.reserve(11, 8)
    desk.damage(1, 1, 0, 8)
    desk.now = 1999.9
    assert desk.expire().entries == ()
    desk.now = 2000.0
    desk.expire()
    assert desk.accounts() == {"reserved": 8, "expired": 48, "burned": 8}
    assert desk.expire().entries == ()


def test_key_without_a_limit_never_expires(desk):
    desk.stock()
    desk.now = 1e12
    assert desk.expire().entries == ()


def test_a_clock_that_runs_backwards_revives_nothing(desk):
    desk.stock(1, 64, expires_at=2000.0)
    desk.now = 2000.0
    desk.stock(2, 64, expires_at=9000.0)
    desk.now = 1500.0
    desk.reserve(11, 8)
    assert desk.places(11) == [(2, 0, 0, 8)]
    desk.expire()
    assert desk.accounts()["expired"] == 64
    assert [entry.at for entry in desk.ledger.entries][-1] == 2000.0


def test_a_clock_that_jumps_expires_nothing_until_somebody_confirms_it(desk):
    desk.stock(1, 64, expires_at=5000.0)
    desk.now = 1000.0 + 10 * 365 * DAY_S
    with pytest.raises(KeyClockError, match="ahead of the last time seen") as caught:
        desk.expire()
    assert caught.value.is_alarm
    # Nothing that might have expired is handed out, and what is done meanwhile moves no clock.
    with pytest.raises(KeyShortageError):
        desk.reserve(11, 8)
    desk.stock(2)
    assert desk.ledger.latest == 1000.0
    desk.now = 1500.0
    desk.reserve(11, 8)
    assert desk.places(11) == [(1, 0, 0, 8)]
    later = 1500.0 + 3 * DAY_S
    confirmed = read_clock(later, desk.ledger.latest, is_confirmed=True)
    desk.ledger = replace(desk.ledger, latest=confirmed.latest)
    desk.now = later
    desk.expire()
    assert desk.accounts() == {"available": 64, "reserved": 8, "expired": 56}


def test_the_clock_believes_a_step_up_to_its_limit():
    assert read_clock(1000.0 + 2 * DAY_S, 1000.0).step_s == 0.0
    late = read_clock(1001.0 + 2 * DAY_S, 1000.0)
    assert (late.now, late.latest, late.step_s) == (1001.0 + 2 * DAY_S, 1000.0, 2 * DAY_S + 1.0)
    assert read_clock(900.0, 1000.0) == read_clock(1000.0, 1000.0)
    assert read_clock(1011.0, 1000.0, largest_step_s=10.0).latest == 1000.0
    assert read_clock(1011.0, 1000.0, largest_step_s=10.0, is_confirmed=True).latest == 1011.0


def test_damaged_key_is_taken_out_and_key_around_it_is_used(desk):
    desk.stock(1, 96)
    desk.reserve(11, 8)
    desk.damage(1, 0, 0, 24)
    assert desk.accounts() == {"available": 72, "reserved": 8, "quarantined": 16}
    assert desk.alarms == [f"segment {UUID(int=1)}, lane 0, bit 0: seal broken"]
    desk.damage(1, 0, 32, 8)
    desk.reserve(12, 16)
    assert desk.places(12) == [(1, 0, 24, 8), (1, 0, 40, 8)]
    assert desk.damage(1, 0, 0, 24).entries == ()


def test_a_purge_burns_all_that_is_not_spent_and_whole_allocations(desk):
    desk.stock(1, 32)
    desk.now += 1
    desk.stock(2, 64)
    desk.reserve(11, 8)
    desk.consume(11)
    desk.reserve(12, 16)
    desk.reserve(13, 8)
    desk.damage(1, 1, 0, 8)
    desk.purge(1, [" Ben", "ada "])
    assert desk.state(12) == "burned"
    assert desk.state(13) == "reserved"
    assert desk.accounts() == {"available": 48, "reserved": 8, "delivered": 8, "burned": 32}
    assert desk.ledger.entries[-1].reason == "purged by ada and ben: leak"


@pytest.mark.parametrize("persons", [[], ["ada"], ["ada", "ADA "], ["ada", " "]])
def test_one_person_alone_purges_nothing(desk, persons):
    desk.stock()
    with pytest.raises(KeyCustodyError, match=r"\d of 2 different persons"):
        desk.purge(1, persons)
    assert desk.accounts() == {"available": 64}


def test_a_restored_backup_burns_what_others_have_seen_in_use(desk):
    desk.stock(1)
    desk.reserve(11, 8)
    desk.follow(21, (1, 1, 0, 8))
    desk.ledger = replace(desk.ledger, is_behind=True)
    desk.now = 1777.0
    decision = desk.catch_up((1, 0, 24), (1, 0, 16), (1, 1, 8))
    assert decision.caught_up_at == 1777.0
    assert (desk.state(11), desk.state(21)) == ("burned", "burned")
    assert desk.accounts() == {"available": 32, "burned": 32}
    assert not desk.ledger.is_behind
    desk.reserve(12, 8)
    assert desk.places(12) == [(1, 0, 24, 8)]


def test_a_lane_of_which_nobody_knows_anything_burns_as_a_whole(desk):
    desk.stock(1)
    desk.catch_up((1, 0, 0))
    assert desk.accounts() == {"available": 32, "burned": 32}


def test_what_still_waits_learns_its_mark_when_digests_are_compared(desk):
    desk.bring(1)
    desk.bring(2)
    desk.catch_up((2, 0, 8))
    assert desk.accounts() == {"quarantined": 120, "burned": 8}
    desk.agree(1, high_water=(16, 8))
    desk.agree(2, high_water=(0, 24))
    assert desk.accounts() == {"available": 128 - 24 - 32, "burned": 24 + 32}
    desk.reserve(11, 24)
    assert desk.places(11) == [(1, 0, 16, 16), (2, 0, 8, 8)]


def test_waiting_satellite_key_has_nobody_to_tell_its_mark_and_burns(desk):
    desk.bring(1, **ALONE)
    desk.bring(2, **ALONE)
    desk.catch_up((2, 0, 16))
    assert desk.accounts() == {"quarantined": 48, "burned": 80}


def test_marks_of_segments_that_are_gone_are_kept_for_their_return(desk):
    desk.catch_up((1, 0, 16))
    desk.catch_up((1, 0, 8), (1, 1, 8))
    desk.stock(1)
    assert desk.accounts() == {"available": 40, "burned": 24}


def test_satellite_key_from_before_a_restored_backup_comes_back_only_with_a_mark(desk):
    desk.catch_up((2, 0, 8))
    for made_at in (None, 900.0):
        with pytest.raises(KeyStaleError, match="may have been used before"):
            desk.bring(1, made_at=made_at, **ALONE)
    desk.bring(3, made_at=1000.0, **ALONE)
    desk.bring(4)
    desk.bring(2, made_at=None, **ALONE)
    desk.agree(2)
    assert desk.accounts(SATELLITE) == {"quarantined": 64, "available": 56, "burned": 8}


def test_a_backup_that_is_behind_agrees_on_nothing(desk):
    desk.bring()
    desk.ledger = replace(desk.ledger, is_behind=True)
    with pytest.raises(KeyStaleError, match="agreeing"):
        desk.agree()
    assert desk.bring(2).entries


def test_each_movement_of_a_life_is_in_the_entries(desk):
    desk.stock(1, 16)
    desk.reserve(11, 8)
    desk.consume(11)
    ours = [(e.source, e.target) for e in desk.ledger.entries if e.extent.lane == 0]
    assert ours == [
        (Account.OUTSIDE, Account.QUARANTINED),
        (Account.QUARANTINED, Account.AVAILABLE),
        (Account.AVAILABLE, Account.RESERVED),
        (Account.RESERVED, Account.DELIVERED),
    ]
