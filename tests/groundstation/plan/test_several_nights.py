"""Plans over several nights: each has demands of its own, and key comes before it is relayed."""

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from groundstation.keys_policy import KekPolicy, KeyStorePolicy
from groundstation.plan.check import check_plan
from groundstation.plan.horizon import Horizon, horizon_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.outlook import pair_outlook
from groundstation.plan.paths import Pool
from groundstation.plan.planner import make_plan
from groundstation.plan.shares import demand_paths
from groundstation.plan.wants import wants_of, worth_of_nights
from groundstation.plan_policy import PlanGoal, PlanPolicy

NOON = datetime(2026, 6, 14, 12, tzinfo=UTC)
DAY_S = 86_400.0
WORTH, HOP = 0.05, 0.001


def plan_of(network, passes, nights, **inputs):
    return make_plan(
        network, passes, night="2026-06-14", nights=nights, plan_id="0", start=NOON,
        inputs=PlanInputs(**inputs),
    )  # fmt: skip


def faults_of(plan, network, passes, nights, stocks=None, pairs=None):
    held = {(pool.satellite, pool.station): int(bits) for pool, bits in (stocks or {}).items()}
    bits = {item.pass_id: item.key_bits for item in passes}
    lacking = {
        d.name: max(0.0, d.minimum_reserve_bits - pairs[d.name])
        for d in network.demands
        if pairs and d.name in pairs
    }
    return check_plan(
        plan, network, {}, bits, nights, start=NOON, stocks=held, lacking_bits=lacking,
        held_bits=pairs,
    )  # fmt: skip


def by_night(plan, name="one"):
    return [bits for _, bits in next(d for d in plan.deliveries if d.demand == name).by_night]


def two_ends(tiny, first_night, second_night, bits=10_000):
    """A pass over Matera in one night and over Helmos in another."""
    return [
        tiny.candidate("m", "sat-1", "matera", first_night * DAY_S, 200, bits),
        tiny.candidate("h", "sat-1", "helmos", second_night * DAY_S + 600, 200, bits),
    ]


def test_key_is_relayed_once_both_ends_have_it_and_not_before(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    for nights in itertools.product((0, 1, 2), repeat=2):
        passes = two_ends(tiny, *nights)
        plan = plan_of(network, passes, 3)
        expected = [4_000 if t >= max(nights) else 0 for t in range(3)]
        # Ten kilobits are two and a half nights' worth.
        expected[2] = min(expected[2], 10_000 - sum(expected[:2]))
        assert by_night(plan) == expected
        assert faults_of(plan, network, passes, 3) == []
        assert plan.nights == 3


def test_only_relays_of_the_first_night_stand_among_those_that_are_ordered(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    plan = plan_of(network, two_ends(tiny, 0, 0), 3)
    assert [(relay.bits, relay.night) for relay in plan.relays] == [(4_000, 0)]
    assert [(relay.bits, relay.night) for relay in plan.later] == [(4_000, 1), (2_000, 2)]


def test_a_fibre_carries_as_much_every_night(tiny):
    network = tiny.network([tiny.demand("one", "bank", "mine", 90_000)], fibre_bps=1.0)
    plan = plan_of(network, [], 3)
    assert by_night(plan) == [86_400] * 3
    assert faults_of(plan, network, [], 3) == []


def test_what_a_reserve_lacks_is_wanted_in_the_first_night(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 1_000, reserve=2_500.0)])
    plan = plan_of(network, two_ends(tiny, 0, 0), 2, pair_bits={"one": 500.0})
    assert plan.deliveries[0].by_night == ((3_000, 3_000), (1_000, 1_000))


def test_fractions_of_a_bit_add_up_over_the_nights(tiny):
    demands = [
        tiny.demand("few", "grid", "carrier", 0.4),
        tiny.demand("one", "grid", "carrier", 1.0, reserve=2.3),
    ]
    wants = wants_of(tiny.network(demands), Horizon(NOON, 5), {"one": 0.0})
    assert wants.bits.tolist() == [[0, 0, 1, 0, 1], [3, 1, 1, 1, 1]]


def test_tonight_comes_before_tomorrow(tiny):
    """Key for one night of two goes to the first, whatever the pools are worth."""
    network = tiny.network([tiny.demand("one", "grid", "carrier", 6_000)])
    plan = plan_of(network, two_ends(tiny, 0, 0, bits=6_000), 2)
    assert by_night(plan) == [6_000, 0]


def test_a_contact_over_the_end_of_a_night_belongs_to_the_next():
    horizon = Horizon(NOON, 2)
    assert horizon.night_of(NOON + timedelta(seconds=DAY_S - 1)) == 0
    assert horizon.night_of(NOON + timedelta(seconds=DAY_S)) == 1
    # Beyond either end of the span there is no other night.
    assert horizon.night_of(NOON - timedelta(hours=1)) == 0
    assert horizon.night_of(NOON + timedelta(days=9)) == 1


def test_nights_ahead_turn_key_to_where_it_will_be_used(tiny):
    """Two passes exclude each other: more key where nobody wants it, or less where it is wanted."""
    demand = tiny.demand("one", "grid", "carrier", 5_000)
    passes = [
        tiny.candidate("more", "sat-1", "graz", 0, 200, 12_000),
        tiny.candidate("wanted", "sat-1", "matera", 100, 200, 8_000),
        tiny.candidate("other", "sat-1", "helmos", 6_000, 200, 8_000),
    ]
    stocks = {Pool("sat-1", "matera"): 5_000.0}
    short = tiny.network([demand])
    long = tiny.network([demand], nights_ahead=1, ahead_worth=0.5)
    plan = plan_of(short, passes, 1, stocks=stocks)
    assert {contact.pass_id for contact in plan.contacts} == {"more", "other"}
    ahead = plan_of(long, passes, 1, stocks=stocks)
    assert {contact.pass_id for contact in ahead.contacts} == {"wanted", "other"}
    assert "the value counts what key in the pools may serve in a night ahead" in ahead.remarks
    # Nothing of the night ahead is delivered, ordered or shown as carried.
    assert [delivery.delivered_bits for delivery in ahead.deliveries] == [5_000]
    assert [relay.night for relay in ahead.later] == [1]
    assert ahead.carried == ahead.relays
    # 5 kbit tonight, 3 kbit at 0.99 x 0.5 tomorrow, 15 kbit left of 21.
    assert ahead.value == pytest.approx(
        5.0 + 3.0 * 0.99 * 0.5 + (21.0 - 16.0) * WORTH - 8.0 * HOP, abs=1e-9
    )
    assert faults_of(ahead, long, passes, 1, stocks) == []
    assert any("nobody looks at" in f for f in faults_of(ahead, short, passes, 1, stocks))


def test_plans_look_two_nights_ahead_where_a_ledger_tells_what_is_in_the_pools(tiny):
    network = tiny.network([])
    store = KeyStorePolicy("graz", "keys", KekPolicy(folder="kek"))
    assert network.nights_ahead == 0
    assert dataclasses.replace(network, key_store=store).nights_ahead == 2
    never = dataclasses.replace(network.plan, nights_ahead=0)
    assert dataclasses.replace(network, key_store=store, plan=never).nights_ahead == 0


def test_worth_falls_from_night_to_night():
    policy = PlanPolicy(discount_per_night=0.1, nights_ahead=2, ahead_worth=0.5)
    worth = worth_of_nights(policy, Horizon(NOON, 2, 2))
    assert worth.tolist() == pytest.approx([1.0, 0.9, 0.405, 0.3645])


def test_fair_plans_do_not_look_ahead(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)], nights_ahead=3)
    assert horizon_of(network, "2026-06-14", 2, NOON).periods == 5
    fair = dataclasses.replace(network.plan, goal=PlanGoal.MAX_MIN)
    network = dataclasses.replace(network, plan=fair)
    assert horizon_of(network, "2026-06-14", 2, NOON).periods == 2
    plan = plan_of(network, two_ends(tiny, 0, 1), 2)
    assert by_night(plan) == [0, 4_000]
    assert faults_of(plan, network, two_ends(tiny, 0, 1), 2) == []


def test_hours_without_key_send_it_where_it_is_needed(tiny):
    """Of two pairs with the same ends the one that holds key can wait for a kbit of its own."""
    demands = [
        tiny.demand("rich", "grid", "carrier", 2_000, priority=2.0),
        tiny.demand("poor", "grid", "carrier", 1_000, priority=1.0),
    ]
    passes = two_ends(tiny, 0, 0, bits=1_500)
    held = {"rich": 5_000.0, "poor": 0.0}
    plan = plan_of(tiny.network(demands), passes, 1, pair_bits=held)
    assert [d.delivered_bits for d in plan.deliveries] == [1_500, 0]
    # 24 hours for a kilobit at 0.1 kbit an hour: 2.4 kbit more than its priority.
    network = tiny.network(demands, starved_hour_kbit=0.1)
    plan = plan_of(network, passes, 1, pair_bits=held)
    assert [d.delivered_bits for d in plan.deliveries] == [500, 1_000]
    assert plan.value == pytest.approx(0.5 * 2.0 + 1.0 + 2.4 - 1.5 * HOP, abs=1e-9)
    assert faults_of(plan, network, passes, 1, pairs=held) == []
    # The hours count as far as they are without key, and once.
    assert any("is worth" in f for f in faults_of(plan, network, passes, 1, pairs={"poor": 500.0}))
    # A pair whose key lasts for one and a half nights is without in the middle of the second.
    later = {"rich": 5_000.0, "poor": 1_500.0}
    plan = plan_of(network, two_ends(tiny, 0, 0, bits=20_000), 2, pair_bits=later)
    whole = 2.0 * 2.0 * 1.99 + 1.99
    assert plan.value == pytest.approx(
        whole + 0.99 * 0.5 * 2.4 + WORTH * (40.0 - 12.0) - 6.0 * HOP, abs=1e-9
    )
    assert faults_of(plan, network, two_ends(tiny, 0, 0, bits=20_000), 2, pairs=later) == []


def test_hours_of_a_night_ahead_count_as_much_as_its_key(tiny):
    network = tiny.network(
        [tiny.demand("poor", "grid", "carrier", 1_000)],
        starved_hour_kbit=0.1, nights_ahead=1, ahead_worth=0.5,
    )  # fmt: skip
    passes = two_ends(tiny, 0, 0, bits=2_000)
    plan = plan_of(network, passes, 1)
    assert plan.value == pytest.approx((1.0 + 2.4) * (1.0 + 0.99 * 0.5) - 2.0 * HOP, abs=1e-9)
    assert faults_of(plan, network, passes, 1) == []


def test_the_referee_adds_up_what_the_nights_take_from_a_pool(tiny):
    """Each night takes less than the pools hold, all three together more."""
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    passes = two_ends(tiny, 0, 0)
    plan = plan_of(network, passes, 3)
    *others, last = plan.later
    more = dataclasses.replace(last, bits=4_000)
    altered = dataclasses.replace(plan, later=(*others, more))
    assert any("take 12000 bits" in fault for fault in faults_of(altered, network, passes, 3))


def test_a_contact_that_ends_after_the_last_night_fills_it(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    passes = two_ends(tiny, 0, 2)
    plan = plan_of(network, passes, 2)
    assert by_night(plan) == [0, 4_000]
    assert faults_of(plan, network, passes, 2) == []
    outlook = pair_outlook(plan, network, NOON, NOON + timedelta(days=3))[0]
    assert next(at for at, bits in outlook.level_bits if bits) == passes[1].windows[-1][1]


def test_key_that_gets_too_old_is_not_counted_on(tiny):
    demand = tiny.demand("one", "grid", "carrier", 4_000)
    passes = two_ends(tiny, 0, 0, bits=20_000)
    for lifetime, expected in ((1, [4_000, 0, 0]), (2, [4_000] * 2 + [0]), (3, [4_000] * 3)):
        network = tiny.network([demand], key_lifetime_nights=lifetime)
        plan = plan_of(network, passes, 3)
        assert by_night(plan) == expected
        assert faults_of(plan, network, passes, 3) == []
        # What is left is lost after the last night, unless it lives on.
        left = 0.0
        whole = sum(4.0 * 0.99**t for t in range(lifetime)) - 4.0 * lifetime * HOP
        assert plan.value == pytest.approx(whole + WORTH * left, abs=1e-9)
    network = tiny.network([demand], key_lifetime_nights=4)
    plan = plan_of(network, passes, 3)
    assert plan.value == pytest.approx(whole + WORTH * 16.0, abs=1e-9)
    short = tiny.network([demand], key_lifetime_nights=2)
    assert any("too old in night 2" in f for f in faults_of(plan, short, passes, 3))


def test_the_oldest_key_goes_first(tiny):
    """Stock for one night, contacts of the second for two: nothing is lost in three nights."""
    demand = tiny.demand("one", "grid", "carrier", 4_000)
    network = tiny.network([demand], key_lifetime_nights=2)
    passes = two_ends(tiny, 1, 1, bits=8_000)
    stocks = {Pool("sat-1", name): 6_000.0 for name in ("matera", "helmos")}
    plan = plan_of(network, passes, 3, stocks=stocks)
    assert by_night(plan) == [4_000] * 3
    assert faults_of(plan, network, passes, 3, stocks) == []


def test_key_lives_no_longer_than_the_ledger_keeps_it(tiny):
    network = tiny.network([], key_lifetime_nights=5)
    assert network.key_lifetime_nights == 5
    store = KeyStorePolicy("graz", "keys", KekPolicy(folder="kek"), lifetime_s=3.9 * DAY_S)
    assert dataclasses.replace(network, key_store=store).key_lifetime_nights == 3
    brief = dataclasses.replace(store, lifetime_s=0.2 * DAY_S)
    assert dataclasses.replace(network, key_store=brief).key_lifetime_nights == 1


def alterations(plan):
    """Plans that cannot be carried out, with what the referee says of them."""
    first, *rest = plan.later
    early = dataclasses.replace(first, night=0)
    yield dataclasses.replace(plan, relays=(early,), later=tuple(rest)), "contacts bring 0"
    yield dataclasses.replace(plan, nights=1), "nights, not for"
    yield dataclasses.replace(plan, relays=(first,), later=tuple(rest)), "another night"
    twice = dataclasses.replace(first, bits=2 * first.bits)
    yield dataclasses.replace(plan, later=(twice, *rest)), "more than it wants in night 1"
    told = plan.deliveries[0]
    moved = dataclasses.replace(told, by_night=tuple(reversed(told.by_night)))
    yield dataclasses.replace(plan, deliveries=(moved,)), "its nights are not"
    fewer = dataclasses.replace(plan, later=tuple(rest))
    yield fewer, "bits promised"
    yield fewer, "the plan is worth"
    beyond = dataclasses.replace(first, night=7)
    yield dataclasses.replace(plan, later=(beyond, *rest)), "nobody looks at"


def test_the_referee_sees_key_in_the_wrong_night(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    passes = two_ends(tiny, 0, 1)
    plan = plan_of(network, passes, 3)
    assert faults_of(plan, network, passes, 3) == []
    for altered, text in alterations(plan):
        assert any(text in fault for fault in faults_of(altered, network, passes, 3)), text


def test_the_referee_sees_a_fibre_that_carries_two_nights_in_one(tiny):
    network = tiny.network([tiny.demand("one", "bank", "mine", 200_000)], fibre_bps=1.0)
    plan = plan_of(network, [], 2)
    both = dataclasses.replace(plan.relays[0], bits=2 * 86_400)
    altered = dataclasses.replace(plan, relays=(both,), later=())
    assert any("more than it makes" in fault for fault in faults_of(altered, network, [], 2))


def test_the_level_of_a_pair_rises_when_the_contact_of_the_night_has_ended(tiny):
    network = tiny.network([tiny.demand("one", "grid", "carrier", 4_000)])
    passes = two_ends(tiny, 0, 1)
    plan = plan_of(network, passes, 3)
    outlook = pair_outlook(plan, network, NOON, NOON + timedelta(days=3))[0]
    arrives = passes[1].windows[-1][1]
    assert outlook.starves_at == NOON
    assert outlook.starved_s == pytest.approx((arrives - NOON).total_seconds())
    rises = [b for a, b in itertools.pairwise(outlook.level_bits) if b[1] > a[1]]
    # The third night's key has been there since the second: it comes as the night begins.
    assert [at for at, _ in rises] == [arrives, NOON + timedelta(days=2)]


def test_a_plan_of_one_night_says_nothing_of_nights(tiny):
    plan = plan_of(tiny.network([tiny.demand("one", "grid", "carrier", 4_000)]), [], 1)
    assert plan.later == ()
    assert plan.nights == 1
    assert plan.deliveries[0].by_night == ()


@st.composite
def cases(draw):
    """Up to five passes in three nights, up to three demands, some stock."""
    passes = [
        (
            draw(st.sampled_from(["sat-1", "sat-2"])),
            draw(st.sampled_from(["graz", "matera", "helmos"])),
            draw(st.integers(0, 2)),
            draw(st.integers(0, 6)) * 150,
            draw(st.integers(1, 12)) * 1_000,
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    demands = [
        (
            *draw(st.sampled_from([("bank", "grid"), ("grid", "carrier"), ("mine", "carrier")])),
            draw(st.integers(1, 6)) * 1_000,
            float(draw(st.sampled_from([1, 3]))),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    stocks = {
        Pool(draw(st.sampled_from(["sat-1", "sat-2"])), name): draw(st.integers(0, 5)) * 1_000.0
        for name in draw(st.sets(st.sampled_from(["graz", "matera", "helmos"])))
    }
    held = {
        f"d{i}": draw(st.integers(0, 4)) * 1_000.0
        for i in draw(st.sets(st.integers(0, len(demands) - 1)))
    }
    return passes, demands, stocks, draw(st.integers(0, 1)), held, draw(st.sampled_from([0.0, 0.2]))


@given(cases())
@settings(max_examples=15, deadline=None)
def test_a_plan_equals_the_best_of_all_choices_each_with_a_programme_of_its_own(tiny, case):
    told, wanted, stocks, ahead, held, hour = case
    passes = [
        tiny.candidate(f"p{i}", satellite, station, night * DAY_S + start_s, 200, bits)
        for i, (satellite, station, night, start_s, bits) in enumerate(told)
    ]
    demands = [tiny.demand(f"d{i}", *rest) for i, rest in enumerate(wanted)]
    network = tiny.network(
        demands, fibre_bps=0.03, nights_ahead=ahead, ahead_worth=0.5, starved_hour_kbit=hour
    )
    stocks = {pool: bits for pool, bits in stocks.items() if bits}
    plan = plan_of(network, passes, 3, stocks=stocks, pair_bits=held)
    assert faults_of(plan, network, passes, 3, stocks, held) == []
    best = max(
        best_relay(network, chosen, stocks, 3 + ahead, held)
        for size in range(len(passes) + 1)
        for chosen in itertools.combinations(passes, size)
        if not any(excludes(a, b) for a, b in itertools.combinations(chosen, 2))
    )
    # Whole bits: at most one on every path and night.
    assert plan.value == pytest.approx(best, abs=0.03)
    assert plan.bound >= best - 1e-6


def excludes(a, b):
    """Whether two passes share a satellite or a station within the set-up time of a minute."""
    first, second = sorted((a, b), key=lambda item: item.aos)
    shares = a.satellite == b.satellite or a.station == b.station
    return shares and (second.aos - first.los).total_seconds() < 60.0


def best_relay(network, chosen, stocks, periods, held):
    """The relay of some contacts as one linear programme, night by night."""
    pools = sorted(
        {*stocks, *(Pool(c.satellite, c.station) for c in chosen)},
        key=lambda pool: (pool.satellite, pool.station),
    )
    columns = [
        (k, path, t)
        for k, demand in enumerate(network.demands)
        for path in demand_paths(network, demand, pools)[0]
        for t in range(periods)
    ]
    worth = [0.99**t * (0.5 if t >= 3 else 1.0) for t in range(periods)]
    gain, rows, limits = [], [], []
    for k, path, t in columns:
        spent = 2 * sum(hop.satellite is not None for hop in path)
        priority = network.demands[k].priority
        gain.append(priority * worth[t] - HOP * len(path) - WORTH * spent)
    for k, demand in enumerate(network.demands):
        for t in range(periods):
            rows.append([float((k, t) == (j, u)) for j, _, u in columns])
            limits.append(demand.bits_per_day)
    for t in range(periods):
        rows.append([float(u == t and any(not h.satellite for h in p)) for _, p, u in columns])
        limits.append(np.floor(0.03 * DAY_S))
    # Hours with key get columns of their own: as many bits as come, and as would be missing.
    needs = [
        (k, t, max(0.0, min(demand.bits_per_day, (t + 1) * demand.bits_per_day - had)))
        for k, demand in enumerate(network.demands)
        for had in [held.get(demand.name, 0.0)]
        for t in range(periods)
    ]
    hour = network.plan.starved_hour_kbit
    gain += [hour * 24e3 / network.demands[k].bits_per_day * worth[t] for k, t, _ in needs]
    total = sum(stocks.values()) + sum(item.key_bits for item in chosen)
    for pool in pools:
        for t in range(periods):
            end = NOON + timedelta(days=t + 1)
            brought = sum(
                item.key_bits
                for item in chosen
                if Pool(item.satellite, item.station) == pool and (t >= 2 or item.los < end)
            )
            rows.append(
                [
                    float(u <= t) * sum(
                        (hop.satellite, end) == (pool.satellite, pool.station)
                        for hop in path for end in (hop.a, hop.b)
                    )
                    for _, path, u in columns
                ]
            )  # fmt: skip
            limits.append(stocks.get(pool, 0.0) + brought)
    rows = [[*row, *[0.0] * len(needs)] for row in rows]
    for i, (k, t, bits) in enumerate(needs):
        covers = [float(i == j) for j in range(len(needs))]
        rows += [
            [0.0] * len(columns) + covers,
            [-float((k, t) == (j, u)) for j, _, u in columns] + covers,
        ]
        limits += [bits, 0.0]
    if not columns:
        return WORTH * total / 1e3
    found = linprog(-np.array(gain), A_ub=np.array(rows), b_ub=limits, method="highs")
    return (WORTH * total - found.fun) / 1e3
