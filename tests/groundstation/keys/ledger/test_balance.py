"""The accounts of a ledger add up to what was imported, bit for bit."""

import re
from dataclasses import replace
from itertools import pairwise, product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.keys.errors import KeyConflictError
from groundstation.keys.ledger import spans
from groundstation.keys.ledger.balance import imported_bits, moved, summed
from groundstation.keys.ledger.history import check_invariants, emptied, is_told_by, replay
from groundstation.keys.ledger.records import Account, AllocationState, Extent, SegmentStage
from groundstation.keys.ledger.views import Lane, Span, Totals

FULL = Lane(
    UUID(int=1),
    0,
    "matera",
    80,
    (Span(0, 40),),
    (Span(40, 64),),
    Totals(available=40, quarantined=24, reserved=16),
)
# The ways that bits may go, as agreed for the network; all others are refused.
WAYS = {
    "outside": {"quarantined", "burned"},
    "quarantined": {"available", "burned"},
    "available": {"reserved", "expired", "burned", "quarantined"},
    "reserved": {"delivered", "relayed", "authentication", "burned"},
}
BITS = st.integers(0, 40)


@pytest.mark.parametrize(("source", "target"), list(product(Account, repeat=2)))
def test_bits_move_along_the_permitted_ways_only(source, target):
    start = {Account.OUTSIDE: 80, Account.QUARANTINED: 48}.get(source, 0)
    if target in WAYS.get(source, set()):
        after = moved(FULL, Span(start, start + 8), source, target)
        assert imported_bits(after.totals) == after.n_bits
        assert after.n_bits == (88 if source is Account.OUTSIDE else 80)
        assert getattr(after.totals, target) == getattr(FULL.totals, target) + 8
    else:
        with pytest.raises(KeyConflictError, match="no such movement"):
            moved(FULL, Span(start, start + 8), source, target)


@pytest.mark.parametrize(
    ("span", "source", "target", "message"),
    [
        (Span(0, 0), "available", "burned", "holds no bits"),
        (Span(8, 0), "available", "burned", "holds no bits"),
        (Span(-8, 8), "available", "burned", "holds no bits"),
        (Span(32, 48), "available", "burned", "not all of these bits are there"),
        (Span(32, 48), "quarantined", "burned", "not all of these bits are there"),
        (Span(0, 24), "reserved", "burned", "8 bits too many"),
        (Span(72, 88), "outside", "burned", "the lane has 80 bits"),
        (Span(88, 96), "outside", "burned", "the lane has 80 bits"),
    ],
)
def test_bits_that_are_not_there_do_not_move(span, source, target, message):
    with pytest.raises(KeyConflictError, match=re.escape(message)) as caught:
        moved(FULL, span, Account(source), Account(target))
    assert caught.value.where == f"segment {UUID(int=1)}"


def test_the_high_water_mark_rises_with_reservations_only():
    reserved = moved(FULL, Span(16, 24), Account.AVAILABLE, Account.RESERVED)
    assert reserved.high_water == 24
    lower = moved(reserved, Span(0, 8), Account.AVAILABLE, Account.RESERVED)
    assert lower.high_water == 24
    burned = moved(reserved, Span(32, 40), Account.AVAILABLE, Account.BURNED)
    assert burned.high_water == 24


def test_totals_add_up_account_by_account():
    assert summed([FULL.totals, Totals(available=8, expired=16)]) == Totals(
        available=48, quarantined=24, reserved=16, expired=16
    )
    assert summed([]) == Totals()
    assert imported_bits(Totals(*range(1, 9))) == 36


def as_bits(held: tuple[Span, ...]) -> set[int]:
    return {bit for span in held for bit in range(span.start, span.stop)}


@st.composite
def span_sets(draw) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(BITS, max_size=8)))
    return tuple(Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=False))


@settings(max_examples=50)
@given(span_sets(), BITS, BITS)
def test_span_algebra_is_set_algebra(held, start, stop):
    bits, span = as_bits(held), Span(start, stop)
    wanted = set(range(start, stop))
    assert spans.count(held) == len(bits)
    assert as_bits(tuple(spans.common(held, span))) == bits & wanted
    if start < stop:
        assert as_bits(spans.without(held, span)) == bits - wanted
        assert spans.contains(held, span) == (wanted <= bits)
    if start < stop and not bits & wanted:
        joint = spans.joined(held, span)
        assert as_bits(joint) == bits | wanted
        assert all(one.stop < two.start for one, two in pairwise(joint))


def test_spans_that_meet_become_one():
    assert spans.joined((Span(0, 8), Span(16, 24)), Span(8, 16)) == (Span(0, 24),)
    assert spans.without((Span(0, 24),), Span(8, 16)) == (Span(0, 8), Span(16, 24))


@pytest.fixture
def used(desk):
    desk.stock(1, 96)
    desk.reserve(11, 8)
    desk.consume(11)
    desk.reserve(12, 16)
    desk.follow(21, (1, 1, 8, 8))
    desk.burn(21)
    return desk.ledger


def lanes_of(ledger, entries):
    return replay(map(emptied, ledger.lanes_by_place.values()), entries)


def test_a_ledger_is_the_fold_of_its_entries(used):
    assert lanes_of(used, used.entries) == used.lanes_by_place
    assert lanes_of(used, used.entries[:-1]) != used.lanes_by_place


@pytest.mark.parametrize(
    ("number", "changed", "message"),
    [
        (4, {"extent": Extent(UUID(int=1), 0, 8, 8)}, "were not reserved so"),
        (5, {"allocation_id": UUID(int=12)}, "were not reserved so"),
        (5, {"extent": Extent(UUID(int=1), 0, 8, 8)}, "were not reserved so"),
        (5, {"at": 999.0}, "dated before the entry in front"),
        (5, {"extent": Extent(UUID(int=1), 2, 0, 8)}, "there is no lane 2"),
        (5, {"source": Account.QUARANTINED}, "no such movement"),
        (6, {"extent": Extent(UUID(int=1), 0, 0, 16)}, "not all of these bits are there"),
    ],
)
def test_a_forged_entry_does_not_replay(used, number, changed, message):
    entries = list(used.entries)
    entries[number] = replace(entries[number], **changed)
    with pytest.raises(KeyConflictError, match=message):
        lanes_of(used, entries)


def test_the_entry_that_does_not_replay_is_named_as_the_store_counts(used):
    entries = list(used.entries)
    entries[5] = replace(entries[5], at=999.0)
    with pytest.raises(KeyConflictError) as refusal:
        lanes_of(used, entries)
    assert str(refusal.value.where).startswith("entry 6, ")


def test_a_missing_or_doubled_entry_does_not_replay(used):
    reserved = used.entries[4]
    with pytest.raises(KeyConflictError):
        lanes_of(used, [entry for entry in used.entries if entry is not reserved])
    with pytest.raises(KeyConflictError):
        lanes_of(used, [*used.entries, reserved])


def changed_lane(ledger, **changes):
    place = (UUID(int=1), 0)
    lane = replace(ledger.lanes_by_place[place], **changes)
    return replace(ledger, lanes_by_place={**ledger.lanes_by_place, place: lane})


def changed_allocation(ledger, number, **changes):
    identity = UUID(int=number)
    allocation = replace(ledger.allocations[identity], **changes)
    return replace(ledger, allocations={**ledger.allocations, identity: allocation})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: changed_lane(v, n_bits=56), "56 bits came in"),
        (lambda v: changed_lane(v, n_bits=56), "104 bits came in, it has 96"),
        (lambda v: changed_lane(v, free=(Span(16, 48),)), "32 bits are available"),
        (lambda v: changed_lane(v, quarantined=(Span(16, 24),)), "8 bits are quarantined"),
        (lambda v: changed_lane(v, free=(Span(24, 32), Span(32, 48))), "spans touch"),
        (lambda v: changed_lane(v, free=(Span(32, 48), Span(24, 32))), "out of order"),
        (lambda v: changed_lane(v, high_water=32), "differ from what the entries give"),
        (lambda v: replace(v, entries=v.entries[:-1]), "tell another story"),
        (lambda v: replace(v, latest=999.0), "dated after the latest time seen"),
        (lambda v: changed_allocation(v, 12, state=AllocationState.CONSUMED), "another story"),
        (
            lambda v: changed_allocation(v, 12, extents=(Extent(UUID(int=1), 0, 0, 8),)),
            "are allocated twice",
        ),
        (
            lambda v: changed_allocation(v, 12, extents=(Extent(UUID(int=1), 0, 24, 8),)),
            "free and allocated",
        ),
        (lambda v: replace(v, allocations={}), "another story"),
        (
            lambda v: replace(
                v,
                segments={i: replace(s, stage=SegmentStage.WAITING) for i, s in v.segments.items()},
            ),
            "is waiting and has free bits",
        ),
        (
            lambda v: replace(
                v,
                segments={i: replace(s, stage=SegmentStage.WAITING) for i, s in v.segments.items()},
            ),
            "is waiting and was allocated",
        ),
    ],
)
def test_a_spoilt_ledger_is_found_out(used, spoil, message):
    check_invariants(used)
    with pytest.raises(KeyConflictError, match=message):
        check_invariants(spoil(used))


def test_the_entries_of_an_allocation_tell_its_state(used):
    moves = [e for e in used.entries if e.allocation_id == UUID(int=11)]
    consumed = used.allocations[UUID(int=11)]
    assert is_told_by(consumed, moves)
    assert not is_told_by(consumed, moves[:1])
    assert not is_told_by(consumed, moves[1:])
    assert not is_told_by(replace(consumed, state=AllocationState.BURNED), moves)
    reserved = replace(consumed, state=AllocationState.RESERVED)
    assert is_told_by(reserved, moves[:1])
    assert not is_told_by(reserved, moves)
    straight = replace(moves[1], source=Account.AVAILABLE)
    assert not is_told_by(consumed, [straight])
    cancelled = replace(straight, target=Account.BURNED)
    assert is_told_by(replace(consumed, state=AllocationState.BURNED), [cancelled])


def test_one_lane_of_a_waiting_segment_is_enough_to_be_found_out(desk):
    desk.stock(1, 16)
    desk.reserve(11, 8)
    waiting = {i: replace(s, stage=SegmentStage.WAITING) for i, s in desk.ledger.segments.items()}
    with pytest.raises(KeyConflictError) as caught:
        check_invariants(replace(desk.ledger, segments=waiting))
    assert "is waiting and has free bits" in str(caught.value)
    assert "is waiting and was allocated" in str(caught.value)
