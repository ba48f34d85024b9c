"""A plan altered in one place is refused, whatever the place; untouched it holds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from groundstation.plan.check import check_plan
from groundstation.plan.paths import Pool
from groundstation.plan.records import Hop, PoolStock, Rejection, Relay


@pytest.fixture(scope="module")
def made(tiny):
    """Network, plan and what the referee is told: four contacts, a stock, two pairs, one fibre."""
    net = tiny.network(
        [
            tiny.demand("trunk", "grid", "carrier", 60_000, 2.0),
            tiny.demand("bank", "bank", "grid", 50_000, 1.0),
        ],
        fibre_bps=0.5,
    )
    passes = [
        tiny.candidate("a", "sat-1", "matera", 0, 200, 90_000),
        tiny.candidate("b", "sat-1", "helmos", 400, 200, 70_000),
        tiny.candidate("c", "sat-2", "graz", 3_000, 200, 40_000),
        tiny.candidate("d", "sat-2", "matera", 9_000, 200, 45_000),
        tiny.candidate("e", "sat-1", "graz", 100, 200, 5_000),
    ]
    stocks = {Pool("sat-2", "graz"): 3_000.0}
    plan = tiny.plan(net, passes, stocks=stocks)
    assert [c.pass_id for c in plan.contacts] == ["a", "b", "c", "d"]
    told = {
        "stocks": {("sat-2", "graz"): 3_000},
        "contact_bits": {c.pass_id: c.key_bits for c in passes},
    }
    return net, plan, {c.pass_id: c.key_bits for c in passes}, told


def faults(made, plan):
    net, _, bits, told = made
    return check_plan(plan, net, {}, bits, **told)


def with_contact(plan, name, **changes):
    return replace(
        plan,
        contacts=tuple(replace(c, **changes) if c.pass_id == name else c for c in plan.contacts),
    )


def with_relay(plan, number, **changes):
    relays = list(plan.relays)
    relays[number] = replace(relays[number], **changes)
    return replace(plan, relays=tuple(relays))


def shifted(plan, name, seconds):
    """A contact at another time."""
    contact = next(c for c in plan.contacts if c.pass_id == name)
    by = timedelta(seconds=seconds)
    return with_contact(plan, name, windows=tuple((a + by, b + by) for a, b in contact.windows))


def doubled(plan):
    """The first relay twice, with its worth in value, bound and delivery: key spent twice."""
    relay = plan.relays[0]
    deliveries = tuple(
        replace(d, delivered_bits=d.delivered_bits + relay.bits, wanted_bits=10**9)
        if d.demand == relay.demand
        else d
        for d in plan.deliveries
    )
    return replace(plan, relays=(*plan.relays, relay), deliveries=deliveries)


ALTERED = {
    "a contact flown by the other satellite": lambda p: with_contact(p, "b", satellite="sat-2"),
    "a contact at another station": lambda p: with_contact(p, "b", station="graz"),
    "two contacts of a satellite at once": lambda p: shifted(p, "b", -300),
    "a second less than the set-up": lambda p: shifted(p, "b", -141),
    "a bit more than the forecast": lambda p: with_contact(p, "a", key_bits=90_002),
    "no key": lambda p: with_contact(p, "c", key_bits=0),
    "more expected than the key": lambda p: with_contact(p, "a", expected_bits=90_001),
    "a pass of another night": lambda p: with_contact(p, "a", pass_id="z"),
    "a contact that is left out": lambda p: replace(p, contacts=p.contacts[1:]),
    "a contact twice": lambda p: replace(p, contacts=(*p.contacts, p.contacts[0])),
    "windows backwards": lambda p: with_contact(
        p, "a", windows=(p.contacts[0].windows[0][::-1],)
    ),
    "a relay twice": doubled,
    "a bit more over a relay": lambda p: with_relay(p, 0, bits=p.relays[0].bits + 1),
    "a bit less over a relay": lambda p: with_relay(p, 0, bits=p.relays[0].bits - 1),
    "a relay that goes astray": lambda p: with_relay(p, 0, hops=p.relays[0].hops[::-1][:0]),
    "a relay over the other satellite": lambda p: with_relay(
        p, 0, hops=tuple(replace(h, satellite="sat-2") for h in p.relays[0].hops)
    ),
    "a relay for another pair": lambda p: with_relay(p, 0, demand=p.relays[-1].demand),
    "a relay for nobody": lambda p: with_relay(p, 0, demand="nobody"),
    "a fibre that is not there": lambda p: replace(
        p, relays=(*p.relays, Relay("trunk", (Hop("matera", "helmos", None),), 10))
    ),
    "a delivery a bit larger": lambda p: replace(
        p,
        deliveries=(
            replace(p.deliveries[0], delivered_bits=p.deliveries[0].delivered_bits + 1),
            *p.deliveries[1:],
        ),
    ),
    "a delivery that is missing": lambda p: replace(p, deliveries=p.deliveries[1:]),
    "a value off by one": lambda p: replace(p, value=p.value + 1.0, bound=p.bound + 1.0),
    "a value a thousandth off": lambda p: replace(p, value=p.value - 2e-3),
    "a bound below the value": lambda p: replace(p, bound=p.value - 0.01),
    "a stock of a bit more": lambda p: replace(p, stocks=(PoolStock("sat-2", "graz", 3_001),)),
    "a stock that nobody has": lambda p: replace(
        p, stocks=(*p.stocks, PoolStock("sat-1", "graz", 1))
    ),
    "a pass without a decision": lambda p: replace(p, rejections=()),
    "a rejection without a reason": lambda p: replace(p, rejections=(Rejection("e", ""),)),
    "a contact that is rejected as well": lambda p: replace(
        p, rejections=(*p.rejections, Rejection("a", "no"))
    ),
}  # fmt: skip


def test_the_plan_itself_holds(made):
    _, plan, _, _ = made
    assert faults(made, plan) == []
    # Both pairs get key, over pools that hold contacts and stock and over the fibre.
    assert {relay.demand for relay in plan.relays} == {"trunk", "bank"}
    assert any(hop.satellite is None for relay in plan.relays for hop in relay.hops)


@pytest.mark.parametrize("what", ALTERED)
def test_a_plan_altered_in_one_place_is_refused(made, what):
    altered = ALTERED[what](made[1])
    assert altered != made[1]
    assert faults(made, altered)


def test_a_bit_more_than_a_pool_holds_is_refused_though_everything_else_adds_up(made):
    """The pool of graz is spent to the last bit; delivery and value of the plan agree with it."""
    _, plan, _, _ = made
    number = next(i for i, relay in enumerate(plan.relays) if relay.demand == "bank")
    relay = plan.relays[number]
    # Priority 1, two pool bits at 0.05 and a hop cost of 0.001 on every hop.
    worth = (1.0 - 2 * 0.05 - 0.001 * len(relay.hops)) / 1e3
    altered = replace(
        with_relay(plan, number, bits=relay.bits + 1),
        deliveries=tuple(
            replace(d, delivered_bits=d.delivered_bits + 1) if d.demand == "bank" else d
            for d in plan.deliveries
        ),
        value=plan.value + worth,
        bound=plan.bound + worth,
    )
    (fault,) = faults(made, altered)
    assert fault == ("relays take 43001 bits from the pool of sat-2 and graz, contacts bring 43000")
