"""The planner against brute force, and the laws that every plan keeps."""

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from groundstation.network import (
    ConsumerSite,
    Demand,
    FibreLink,
    FibreNode,
    KeyPolicy,
    Network,
    Policies,
    Satellite,
    Station,
)
from groundstation.plan.paths import Pool, relay_paths
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate, Hop
from groundstation.plan_policy import HOP_COST_PER_KBIT, POOL_WORTH_PER_KBIT
from passes.mount import MountLimits
from passes.site import Site

EVENING = datetime(2026, 6, 14, 20, tzinfo=UTC)
STATIONS = ("graz", "matera", "helmos")
SETUP_S = 60.0


def satellite(name, **changes):
    return dataclasses.replace(
        Satellite(name, 1, None, None, None, (), SETUP_S, is_trusted=True, note=""), **changes
    )


def station(name):
    return Station(
        name, name, Site(name, 0.8, 0.2, 500.0), (), None, (), MountLimits(), 0.3, -0.2,
        (), (), SETUP_S, "",
    )  # fmt: skip


def demand(name, a, b, bits, priority=1.0, untrusted=()):
    return Demand(name, a, b, bits, "", priority, 0.0, frozenset(untrusted))


def network(demands, fibre_bps=0.01, satellites=("sat-1", "sat-2"), hops=(2, 2)):
    return Network(
        name="tiny", title="Tiny", file="tiny.toml", folder=".", digest="0", elements=(),
        default_night=None,
        satellites=tuple(satellite(name) for name in satellites),
        stations=tuple(station(name) for name in STATIONS),
        fibre_nodes=(FibreNode("vienna", "Vienna", 0.84, 0.28),),
        fibre_links=(FibreLink("vienna", "graz", fibre_bps, None, "declared"),),
        sites=(
            ConsumerSite("bank", "Bank", "bank", "vienna"),
            ConsumerSite("grid", "Grid", "grid", "matera"),
            ConsumerSite("carrier", "Carrier", "carrier", "helmos"),
        ),
        demands=tuple(demands),
        key=KeyPolicy("satquma", 1e-9, 1e-15, "logm", 1.16),
        policies=Policies(0.3, -0.2, None, 30.0, 1.0, 2.0, 1, *hops),
    )  # fmt: skip


def candidate(number, sat, where, start_s, length_s, bits, refusal=None):
    start = EVENING + timedelta(seconds=start_s)
    stop = start + timedelta(seconds=length_s)
    return Candidate(f"pass-{number}", sat, where, start, stop, ((start, stop),), bits, refusal)


def plan_of(net, candidates):
    return make_plan(net, candidates, night="2026-06-14", nights=1, plan_id="0")


def brute_force_value(net, candidates):
    """Every set of contacts without conflict, its relay by a linear programme of its own."""
    best = 0.0
    for size in range(len(candidates) + 1):
        for chosen in itertools.combinations(candidates, size):
            if all(_compatible(a, b) for a, b in itertools.combinations(chosen, 2)):
                best = max(best, _relay_value(net, chosen))
    return best


def _compatible(a, b):
    first, second = sorted((a, b), key=lambda c: c.aos)
    clear = (second.aos - first.los).total_seconds() >= SETUP_S
    return clear or (a.satellite != b.satellite and a.station != b.station)


def _relay_value(net, chosen):
    income: dict[Pool, float] = {}
    for c in chosen:
        income[Pool(c.satellite, c.station)] = (
            income.get(Pool(c.satellite, c.station), 0) + c.key_bits / 1e3
        )
    pools = sorted(income, key=str)
    columns = [
        (k, path)
        for k, wanted in enumerate(net.demands)
        for path in relay_paths(net, wanted, pools)[0]
    ]
    worth = POOL_WORTH_PER_KBIT * sum(income.values())
    if not columns:
        return worth
    rows, limits = [], []
    for k, wanted in enumerate(net.demands):
        rows.append([float(owner == k) for owner, _ in columns])
        limits.append(wanted.bits_per_day / 1e3)
    for pool in pools:
        uses = [
            sum(h.satellite == pool.satellite and pool.station in (h.a, h.b) for h in path)
            for _, path in columns
        ]
        rows.append([float(u) for u in uses])
        limits.append(income[pool])
    rows.append([float(sum(h.satellite is None for h in path)) for _, path in columns])
    limits.append(net.fibre_links[0].key_rate_bps * 86_400 / 1e3)
    gain = [
        net.demands[k].priority
        - 2 * POOL_WORTH_PER_KBIT * sum(h.satellite is not None for h in path)
        - HOP_COST_PER_KBIT * len(path)
        for k, path in columns
    ]
    result = linprog([-g for g in gain], A_ub=rows, b_ub=limits)
    return worth - result.fun


CANDIDATES = st.lists(
    st.tuples(
        st.sampled_from(["sat-1", "sat-2"]),
        st.sampled_from(STATIONS),
        st.integers(0, 1500),
        st.integers(60, 400),
        st.integers(1, 300_000),
    ),
    max_size=7,
)
DEMANDS = st.lists(
    st.tuples(
        st.sampled_from([("bank", "grid"), ("grid", "carrier"), ("bank", "carrier")]),
        st.integers(1, 200_000),
        st.floats(0.2, 5.0),
    ),
    max_size=3,
)


def wished(wishes):
    """Demands from what hypothesis draws."""
    return [
        demand(f"d{i}", pair[0], pair[1], bits, weight)
        for i, (pair, bits, weight) in enumerate(wishes)
    ]


@settings(max_examples=60, deadline=None)
@given(CANDIDATES, DEMANDS)
def test_the_plan_is_the_best_of_all(passes, wishes):
    """Contacts and relay together; whole bits cost less than a bit per path."""
    net = network(wished(wishes))
    candidates = [candidate(i, *row) for i, row in enumerate(passes)]
    plan = plan_of(net, candidates)
    assert plan.value == pytest.approx(brute_force_value(net, candidates), abs=0.2, rel=1e-5)
    assert plan.bound >= plan.value


@settings(max_examples=40, deadline=None)
@given(CANDIDATES, DEMANDS, st.integers(0, 1500), st.integers(1, 300_000))
@pytest.mark.slow
def test_another_pass_never_makes_a_plan_worse(passes, wishes, start, bits):
    net = network(wished(wishes))
    before = [candidate(i, *row) for i, row in enumerate(passes)]
    after = [*before, candidate("new", "sat-1", "graz", start, 100, bits)]
    assert plan_of(net, after).value >= plan_of(net, before).value - 0.1


def test_a_key_is_relayed_over_a_satellite_and_a_fibre():
    net = network([demand("d", "bank", "grid", 50_000)], fibre_bps=10.0)
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "graz", 0, 200, 40_000),
            candidate(2, "sat-1", "matera", 6000, 200, 60_000),
        ],
    )
    (relay,) = plan.relays
    assert relay.hops == (Hop("vienna", "graz", None), Hop("graz", "matera", "sat-1"))
    assert relay.bits == 40_000
    (delivery,) = plan.deliveries
    assert (delivery.delivered_bits, delivery.wanted_bits) == (40_000, 50_000)
    assert delivery.remark == "the contacts of the night bring no more"


def test_a_fibre_carries_no_more_than_it_makes():
    net = network([demand("d", "bank", "grid", 50_000)], fibre_bps=0.1)
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "graz", 0, 200, 40_000),
            candidate(2, "sat-1", "matera", 6000, 200, 60_000),
        ],
    )
    assert plan.deliveries[0].delivered_bits == 8_640


def test_who_is_not_trusted_relays_nothing():
    passes = [
        candidate(1, "sat-1", "matera", 0, 200, 40_000),
        candidate(2, "sat-1", "helmos", 6000, 200, 60_000),
    ]
    free = network([demand("d", "grid", "carrier", 10_000)])
    barred = network([demand("d", "grid", "carrier", 10_000, untrusted=["sat-1"])])
    assert plan_of(free, passes).deliveries[0].delivered_bits == 10_000
    plan = plan_of(barred, passes)
    assert plan.deliveries[0].delivered_bits == 0
    assert plan.deliveries[0].remark == "no trusted path joins matera and helmos"


def test_an_end_without_key_is_named():
    net = network([demand("d", "grid", "carrier", 10_000)])
    plan = plan_of(net, [candidate(1, "sat-1", "matera", 0, 200, 40_000)])
    assert plan.deliveries[0].remark == "no pass brings key to helmos"


def test_the_pass_with_use_is_taken_before_the_pass_with_more_bits():
    net = network([demand("d", "grid", "carrier", 20_000)])
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "matera", 0, 200, 30_000),
            candidate(2, "sat-1", "helmos", 6000, 200, 30_000),
            candidate(3, "sat-1", "graz", 6100, 200, 90_000),
        ],
    )
    assert {c.station for c in plan.contacts} == {"matera", "helmos"}
    (rejection,) = plan.rejections
    assert rejection.pass_id == "pass-3"
    assert rejection.reason == (
        "sat-1 serves helmos at 21:40Z; swapping would lose 20.0 kbit for grid/carrier"
    )
    assert rejection.displaced == ("pass-2",)


def test_every_pass_has_a_decision_and_a_reason():
    net = network([demand("d", "grid", "carrier", 20_000)])
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "matera", 0, 200, 30_000),
            candidate(2, "sat-1", "helmos", 100, 200, 0),
            candidate(3, "sat-1", "graz", 6100, 200, 0, refusal="not dark: the Sun is up"),
        ],
    )
    assert [c.pass_id for c in plan.contacts] == ["pass-1"]
    assert [r.reason for r in plan.rejections] == [
        "no secret key even under a clear sky: too few counts for the finite-key bound",
        "not dark: the Sun is up",
    ]


def test_an_empty_night_gives_an_empty_plan():
    plan = plan_of(network([demand("d", "grid", "carrier", 20_000)]), [])
    assert plan.contacts == ()
    assert plan.value == plan.bound == 0.0
    assert plan.deliveries[0].remark == "no pass brings key to matera or helmos"


def test_paths_keep_the_hop_limits():
    pools = [Pool("sat-1", "matera"), Pool("sat-1", "graz"), Pool("sat-2", "graz")]
    pools.append(Pool("sat-2", "helmos"))
    wanted = demand("d", "grid", "carrier", 1.0)
    two, _ = relay_paths(network([wanted], hops=(2, 2)), wanted, pools)
    one, _ = relay_paths(network([wanted], hops=(1, 2)), wanted, pools)
    assert two == [(Hop("matera", "graz", "sat-1"), Hop("graz", "helmos", "sat-2"))]
    assert one == []


def test_the_same_input_gives_the_same_plan():
    rng = np.random.default_rng(3)
    passes = [
        candidate(
            i,
            f"sat-{rng.integers(1, 3)}",
            STATIONS[rng.integers(0, 3)],
            int(rng.integers(0, 20_000)),
            int(rng.integers(60, 300)),
            int(rng.integers(1, 10**5)),
        )
        for i in range(40)
    ]
    net = network([demand("a", "grid", "carrier", 80_000), demand("b", "bank", "grid", 80_000)])
    assert plan_of(net, passes) == plan_of(net, passes)


@pytest.mark.parametrize(("gap_s", "both"), [(SETUP_S - 1, False), (SETUP_S, True)])
@pytest.mark.parametrize("shared", ["satellite", "station"])
def test_set_up_lies_between_two_contacts(gap_s, both, shared):
    """One satellite over two stations, or one station with two satellites, in quick succession."""
    second = ("sat-1", "helmos") if shared == "satellite" else ("sat-2", "matera")
    net = network([demand("d", "grid", "carrier", 20_000)])
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "matera", 0, 200, 30_000),
            candidate(2, *second, 200 + int(gap_s), 200, 30_000),
        ],
    )
    assert (len(plan.contacts) == 2) is both


def test_a_demand_of_low_priority_is_told_why_it_gets_nothing():
    net = network([demand("d", "grid", "carrier", 20_000, priority=0.05)])
    plan = plan_of(
        net,
        [
            candidate(1, "sat-1", "matera", 0, 200, 30_000),
            candidate(2, "sat-1", "helmos", 6000, 200, 30_000),
        ],
    )
    assert plan.deliveries[0].delivered_bits == 0
    assert plan.deliveries[0].remark == (
        "at this priority its key is worth more to other pairs or in the pools"
    )
