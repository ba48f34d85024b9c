"""Wishes, stocks, reserves, goals, changes and weather of a plan."""

import dataclasses

import numpy as np
import pytest

from groundstation.plan.paths import Pool
from groundstation.plan.sky import Sky
from groundstation.plan_policy import PlanGoal


@pytest.fixture
def night(tiny):
    """Two passes that exclude each other, and two that stand alone."""
    return [
        tiny.candidate("poor", "sat-1", "graz", 0, 200, 20_000),
        tiny.candidate("rich", "sat-1", "matera", 50, 200, 90_000),
        tiny.candidate("late", "sat-1", "helmos", 6_000, 200, 50_000),
        tiny.candidate("other", "sat-2", "graz", 9_000, 200, 30_000),
    ]


@pytest.fixture
def net(tiny):
    return tiny.network([tiny.demand("d", "grid", "carrier", 40_000)])


def taken(plan):
    return {c.pass_id for c in plan.contacts}


def test_a_wished_pass_is_taken_and_its_rival_says_so(tiny, net, night):
    plan = tiny.plan(net, night, wishes={"poor": True})
    assert taken(plan) == {"poor", "late", "other"}
    (rejection,) = plan.rejections
    assert rejection.reason == "sat-1 serves graz at 20:00Z; that was to be taken"


def test_an_excluded_pass_is_left_out(tiny, net, night):
    plan = tiny.plan(net, night, wishes={"rich": False})
    assert "rich" not in taken(plan)
    assert "it was to be left out" in {r.reason for r in plan.rejections}


def test_two_wishes_that_overlap_give_what_is_possible_and_a_sentence(tiny, net, night):
    plan = tiny.plan(net, night, wishes={"poor": True, "rich": True})
    assert "rich" in taken(plan)
    assert plan.remarks == ("poor was to be taken but overlaps rich, which is taken",)


def test_a_wished_pass_is_taken_with_the_part_that_costs_least(tiny):
    """Whole it would displace 90 kbit, its second half displaces nothing."""
    passes = [
        tiny.candidate("rich", "sat-1", "matera", 0, 200, 90_000),
        tiny.candidate("wished", "sat-1", "graz", 100, 400, 40_000),
    ]
    net = tiny.network([], are_passes_cut=True)
    plan = tiny.plan(net, passes, key_of=tiny.proportional(passes, 20_000), wishes={"wished": True})
    assert taken(plan) == {"rich", "wished"}
    assert {c.pass_id: c.is_whole for c in plan.contacts} == {"rich": True, "wished": False}
    assert plan.remarks == ()


def test_a_wish_for_no_pass_at_all_is_a_sentence(tiny, net, night):
    refused = [*night, tiny.candidate("dim", "sat-2", "helmos", 0, 99, 0, refusal="the Sun is up")]
    plan = tiny.plan(net, refused, wishes={"nobody": True, "dim": True})
    assert plan.remarks == (
        "nobody was named but is no pass of this span",
        "dim was to be taken but cannot be: the Sun is up",
    )


def test_what_is_frozen_goes_before_what_is_wished(tiny, net, night):
    before = tiny.plan(net, night)
    fixed = {"rich": True, "poor": False}
    plan = tiny.plan(net, night, previous=before, fixed=fixed, wishes={"poor": True})
    assert "rich" in taken(plan)
    assert "poor cannot be taken: it starts too soon to change that" in plan.remarks


def test_an_empty_night_says_so(tiny, net):
    plan = tiny.plan(net, [])
    assert plan.remarks == ("no satellite passes over a station in this span: nothing to plan",)
    assert (plan.value, plan.bound, plan.gap) == (0.0, 0.0, 0.0)


def test_a_stock_delivers_without_a_contact(tiny, net):
    """15 kbit of two pools: worth 15 at priority 1, less one hop of 0.001."""
    stocks = {Pool("sat-1", "matera"): 15_000.0, Pool("sat-1", "helmos"): 20_000.9}
    plan = tiny.plan(net, [], stocks=stocks)
    assert plan.deliveries[0].delivered_bits == 15_000
    assert plan.value == pytest.approx(15.0 + 0.05 * 5.0 - 0.015, abs=1e-9)
    assert [s.bits for s in plan.stocks] == [20_000, 15_000]


def test_a_reserve_that_lacks_key_is_wanted_too(tiny, night):
    net = tiny.network([tiny.demand("d", "grid", "carrier", 10_000, reserve=30_000)])
    assert tiny.plan(net, night).deliveries[0].wanted_bits == 10_000
    plan = tiny.plan(net, night, pair_bits={"d": 12_000.0})
    assert plan.deliveries[0].wanted_bits == 28_000
    assert plan.deliveries[0].delivered_bits == 28_000
    assert tiny.plan(net, night, pair_bits={"d": 99e3}).deliveries[0].wanted_bits == 10_000


@pytest.mark.parametrize(
    ("goal", "delivered"),
    [(PlanGoal.PRIORITY, (0, 60_000)), (PlanGoal.MAX_MIN, (12_000, 48_000))],
)
def test_max_min_serves_the_smaller_share_first(tiny, goal, delivered):
    """60 kbit at matera for two pairs that want 20 and 80: a share of 0.6 each, or all to one."""
    demands = [
        tiny.demand("few", "grid", "mine", 20_000, priority=1.0),
        tiny.demand("many", "grid", "carrier", 80_000, priority=9.0),
    ]
    passes = [
        tiny.candidate("a", "sat-1", "matera", 0, 200, 60_000),
        tiny.candidate("b", "sat-1", "helmos", 6_000, 200, 100_000),
        tiny.candidate("c", "sat-1", "graz", 12_000, 200, 100_000),
    ]
    plan = tiny.plan(tiny.network(demands, goal=goal), passes)
    # A share gives up a millionth for the solver's rounding.
    assert [d.delivered_bits for d in plan.deliveries] == pytest.approx(delivered, abs=1)


def test_max_min_goes_on_with_the_pairs_that_can_still_get_more(tiny):
    """The pair at graz is stuck at a tenth; the other gets all of its demand nevertheless."""
    demands = [
        tiny.demand("stuck", "grid", "mine", 20_000),
        tiny.demand("free", "grid", "carrier", 40_000),
    ]
    passes = [
        tiny.candidate("a", "sat-1", "matera", 0, 200, 90_000),
        tiny.candidate("b", "sat-1", "helmos", 6_000, 200, 90_000),
        tiny.candidate("c", "sat-1", "graz", 12_000, 200, 2_000),
    ]
    plan = tiny.plan(tiny.network(demands, goal=PlanGoal.MAX_MIN), passes)
    assert [d.delivered_bits for d in plan.deliveries] == pytest.approx([2_000, 40_000], abs=1)


def test_max_min_shares_what_a_stuck_pair_leaves(tiny):
    """60 kbit at helmos for two pairs that want as much: half each, whatever their priority."""
    demands = [
        tiny.demand("stuck", "grid", "mine", 20_000),
        tiny.demand("dear", "grid", "carrier", 60_000, priority=9.0),
        tiny.demand("cheap", "grid", "carrier", 60_000),
    ]
    passes = [
        tiny.candidate("a", "sat-1", "matera", 0, 200, 90_000),
        tiny.candidate("b", "sat-1", "helmos", 6_000, 200, 60_000),
        tiny.candidate("c", "sat-1", "graz", 12_000, 200, 2_000),
    ]
    plan = tiny.plan(tiny.network(demands, goal=PlanGoal.MAX_MIN), passes)
    assert [d.delivered_bits for d in plan.deliveries] == pytest.approx(
        [2_000, 30_000, 30_000], abs=2
    )


def test_a_change_that_brings_less_than_it_costs_is_not_made(tiny, night):
    """ "rich" is worth 3.5 kbit more in the pools than "poor"; two changes at 1 or at 2 kbit."""
    before = tiny.plan(tiny.network([]), night, wishes={"poor": True})
    cheap, dear = (
        tiny.network([], stability_per_change_kbit=1.0),
        tiny.network([], stability_per_change_kbit=2.0),
    )
    moved = tiny.plan(cheap, night, previous=before)
    assert moved.changed == ("poor", "rich")
    assert moved.value == pytest.approx(0.05 * 170.0 - 2.0, abs=1e-9)
    kept = tiny.plan(dear, night, previous=before)
    assert (kept.changed, "poor" in taken(kept)) == ((), True)
    assert kept.value == pytest.approx(0.05 * 100.0, abs=1e-9)


def sky_of(**chances):
    return Sky(("m1", "m2"), tuple(chances), np.array(list(chances.values())).T)


def test_key_counts_with_the_chance_of_a_clear_sky(tiny, night):
    """90 kbit at a chance of 0.2 are less than 20 kbit for certain."""
    sky = sky_of(rich=[0.0, 0.4], poor=[1.0, 1.0], late=[1.0, 1.0])
    plan = tiny.plan(tiny.network([]), night, sky=sky)
    assert "poor" in taken(plan)
    assert "the weather of 1 passes is not known: they count as clear" in plan.remarks
    assert plan.assumes == "expected key over 2 members of the forecast"


def test_the_quantiles_are_those_of_nights_that_are_clear_or_not(tiny, net, night):
    """Matera is clear in one member of two: nothing, or what its whole key allows."""
    passes = [c for c in night if c.pass_id != "poor"]
    plan = tiny.plan(net, passes, sky=sky_of(rich=[0.0, 1.0], late=[1.0, 1.0], other=[1.0, 1.0]))
    (delivery,) = plan.deliveries
    assert delivery.delivered_bits == 40_000
    assert (delivery.p10_bits, delivery.p90_bits) == (0, 40_000)
    contact = next(c for c in plan.contacts if c.pass_id == "rich")
    assert (contact.key_bits, contact.expected_bits) == (90_000, 45_000)


def test_a_night_clouded_out_everywhere_gives_a_sentence(tiny, net, night):
    plan = tiny.plan(net, night, sky=sky_of(**{c.pass_id: [0.0, 0.0] for c in night}))
    assert plan.contacts == ()
    assert plan.remarks == (
        "every pass is clouded out in every member of the forecast: no contact is planned",
    )
    assert {r.reason for r in plan.rejections} == {
        f"clouded out over {name} in every member of the forecast"
        for name in ("graz", "matera", "helmos")
    }


def test_weather_that_is_not_known_counts_as_clear(tiny, net, night):
    plan = tiny.plan(net, night, sky=sky_of(rich=[np.nan, np.nan], late=[1.0, 1.0]))
    contact = next(c for c in plan.contacts if c.pass_id == "rich")
    assert contact.expected_bits == 90_000


def test_the_order_of_stations_does_not_change_the_value(tiny, net, night):
    turned = dataclasses.replace(net, stations=net.stations[::-1])
    assert tiny.plan(turned, night[::-1]).value == pytest.approx(tiny.plan(net, night).value)
