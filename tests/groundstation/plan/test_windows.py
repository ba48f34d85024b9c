"""Parts of passes: where they are cut, what is offered, what a hand-over brings."""

from datetime import timedelta

import pytest

from groundstation.plan.windows import clipped, offers_of
from groundstation.plan_policy import PlanGoal

SETUP_S = 60.0


def rivals(tiny, shift_s=100, bits=60_000):
    """One satellite over two stations, the second pass beginning while the first one runs."""
    return [
        tiny.candidate("first", "sat-1", "matera", 0, 300, bits),
        tiny.candidate("second", "sat-1", "helmos", shift_s, 300, bits),
    ]


def test_a_pass_without_rival_is_offered_whole(tiny):
    alone = [tiny.candidate("alone", "sat-1", "matera", 0, 300, 60_000)]
    (offer,) = offers_of(tiny.network([]), alone, tiny.proportional(alone), {})
    assert offer.is_whole
    assert (offer.windows, offer.key_bits) == (alone[0].windows, 60_000)


def test_two_rivals_hand_over_in_the_middle_of_their_overlap(tiny):
    """The first may end at 170 s and the second begin at 230 s: the overlap is 100 to 300 s."""
    passes = rivals(tiny)
    offers = offers_of(tiny.network([]), passes, tiny.proportional(passes), {})
    at = tiny.evening.timestamp()
    first = {(o.start_s - at, o.stop_s - at) for o in offers if o.candidate == 0}
    second = {(o.start_s - at, o.stop_s - at) for o in offers if o.candidate == 1}
    assert {(0.0, 300.0), (0.0, 170.0), (0.0, 150.0)} <= first
    assert {(100.0, 400.0), (230.0, 400.0), (250.0, 400.0)} <= second


def test_a_plan_takes_both_of_two_rivals_in_part(tiny):
    """170 s and 170 s of 300 s at 200 bit/s: 68 kbit instead of 60."""
    passes = rivals(tiny)
    net = tiny.network([tiny.demand("d", "grid", "carrier", 50_000)])
    plan = tiny.plan(net, passes, key_of=tiny.proportional(passes))
    assert [(c.pass_id, c.key_bits, c.is_whole) for c in plan.contacts] == [
        ("first", 34_000, False),
        ("second", 34_000, False),
    ]
    gap_s = (plan.contacts[1].start - plan.contacts[0].stop).total_seconds()
    assert gap_s == SETUP_S
    assert plan.deliveries[0].delivered_bits == 34_000


def test_the_fixed_cost_of_a_block_keeps_a_pass_whole(tiny):
    """At 200 bit/s less 40 kbit a block nothing is left of half a pass."""
    passes = rivals(tiny, bits=20_000)
    plan = tiny.plan(tiny.network([]), passes, key_of=tiny.proportional(passes, cost_bits=40_000))
    assert [(c.key_bits, c.is_whole) for c in plan.contacts] == [(20_000, True)]


def test_no_part_is_shorter_than_the_shortest_contact(tiny):
    passes = rivals(tiny, shift_s=215)
    offers = offers_of(tiny.network([]), passes, tiny.proportional(passes), {})
    assert all(o.stop_s - o.start_s >= 30.0 for o in offers)


def test_a_policy_can_keep_passes_whole(tiny):
    passes = rivals(tiny)
    net = tiny.network([], are_passes_cut=False)
    assert all(o.is_whole for o in offers_of(net, passes, tiny.proportional(passes), {}))


def test_a_part_is_never_outside_the_usable_spans(tiny):
    start = tiny.evening
    spans = ((start, start + timedelta(seconds=50)),
             (start + timedelta(seconds=80), start + timedelta(seconds=200)))  # fmt: skip
    at = start.timestamp()
    assert clipped(spans, at + 20, at + 70) == ((start + timedelta(seconds=20), spans[0][1]),)
    assert clipped(spans, at - 5, at + 500) == spans
    assert clipped(spans, at + 60, at + 75) == ()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_frozen_contact_keeps_its_part(tiny, is_whole):
    """Even where another part or another pass would be better now."""
    passes = rivals(tiny)
    net = tiny.network([tiny.demand("d", "grid", "carrier", 50_000)])
    key_of = tiny.proportional(passes)
    before = tiny.plan(net, passes if not is_whole else passes[:1], key_of=key_of)
    richer = [passes[0], tiny.candidate("second", "sat-1", "helmos", 100, 300, 900_000)]
    after = tiny.plan(
        net, richer, key_of=tiny.proportional(richer), previous=before, fixed={"first": True}
    )
    kept = next(c for c in after.contacts if c.pass_id == "first")
    assert (kept.windows, kept.is_whole) == (before.contacts[0].windows, is_whole)


@pytest.mark.parametrize("goal", list(PlanGoal))
def test_two_parts_of_one_pass_are_never_taken_together(tiny, goal):
    """A rich pass fits into the middle of a long one, and rivals cut the long one on both sides."""
    passes = [
        tiny.candidate("long", "sat-1", "graz", 0, 900, 900_000),
        tiny.candidate("early", "sat-1", "helmos", 100, 120, 20_000),
        tiny.candidate("late", "sat-1", "helmos", 600, 120, 20_000),
        tiny.candidate("rich", "sat-1", "matera", 300, 200, 4_000_000),
    ]
    net = tiny.network([tiny.demand("d", "grid", "mine", 900_000)], goal=goal)
    plan = tiny.plan(net, passes, key_of=tiny.proportional(passes, 500))
    names = [c.pass_id for c in plan.contacts]
    assert {"long", "rich"} <= set(names)
    assert len(names) == len(set(names))
