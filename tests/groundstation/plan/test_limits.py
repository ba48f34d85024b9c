"""Limits of stations and satellites in plans of small networks."""

import dataclasses
import itertools
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.contact_limits import SatelliteLimits, StationLimits
from groundstation.network import Interval
from groundstation.plan.check import check_plan
from groundstation.plan.choosing import problem_of
from groundstation.plan.horizon import horizon_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.limits import Usage, evening_of
from groundstation.plan.limits_check import limit_faults
from groundstation.plan.records import Contact, Plan
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import value_of
from groundstation.plan_policy import PlanGoal, PlanRisk

ORBIT_S = 5_700.0
DAY_S = 86_400
# The evening of the tiny night is a Sunday, the last of its week.
SUNDAY = date(2026, 6, 14)


def limited(net, *, station=None, satellite=None, names=None):
    """A network whose stations, or those of some names, and satellites have these limits."""
    stations = tuple(
        dataclasses.replace(s, limits=station)
        if station is not None and (names is None or s.name in names)
        else s
        for s in net.stations
    )
    satellites = tuple(
        s if satellite is None else dataclasses.replace(s, limits=satellite) for s in net.satellites
    )
    return dataclasses.replace(net, stations=stations, satellites=satellites)


def usage(worked=()):
    return Usage({"sat-1": ORBIT_S, "sat-2": ORBIT_S}, {"graz": frozenset(worked)})


def taken(plan):
    return {c.pass_id for c in plan.contacts}


@pytest.fixture
def trunk(tiny):
    """One demand over matera and helmos, one over graz."""
    return tiny.network(
        [
            tiny.demand("trunk", "grid", "carrier", 60_000, 2.0),
            tiny.demand("mine", "mine", "grid", 50_000, 1.0),
        ]
    )


def test_a_second_telescope_receives_a_second_satellite_at_once(tiny):
    net = tiny.network([])
    passes = [
        tiny.candidate("one", "sat-1", "graz", 0, 200, 20_000),
        tiny.candidate("two", "sat-2", "graz", 50, 200, 30_000),
    ]
    assert taken(tiny.plan(net, passes)) == {"two"}
    both = limited(net, station=StationLimits(telescopes=2), names={"graz"})
    plan = tiny.plan(both, passes)
    assert taken(plan) == {"one", "two"}
    bits = {c.pass_id: c.key_bits for c in passes}
    assert check_plan(plan, both, {}, bits, contact_bits=bits) == []
    assert check_plan(plan, net, {}, bits, contact_bits=bits) == [
        "graz receives sat-1 and sat-2 at once"
    ]


def test_a_night_has_no_more_contacts_than_the_station_may(tiny):
    net = limited(tiny.network([]), station=StationLimits(max_contacts_per_night=2))
    passes = [
        tiny.candidate(f"p{i}", "sat-1", "graz", 3_000 * i, 200, 10_000 + i) for i in range(4)
    ]
    # Noon at graz, 0.2 rad East, is at 11:14 UTC: the fifth one is of the next night.
    passes.append(tiny.candidate("next", "sat-1", "graz", 55_500, 200, 5_000))
    assert taken(tiny.plan(net, passes)) == {"p2", "p3", "next"}


def test_a_week_that_is_worked_through_leaves_no_crew(tiny):
    net = limited(tiny.network([]), station=StationLimits(crew_nights_per_week=3), names={"graz"})
    passes = [
        tiny.candidate("own", "sat-1", "graz", 0, 200, 10_000),
        tiny.candidate("other", "sat-1", "matera", 3_000, 200, 10_000),
        tiny.candidate("monday", "sat-1", "graz", DAY_S, 200, 10_000),
    ]
    before = [SUNDAY - timedelta(days=n) for n in (1, 2, 6)]
    assert taken(tiny.plan(net, passes, usage=usage(before[:2]))) == {"own", "other", "monday"}
    # On Monday another week begins; the Sunday before this one was of another week.
    plan = tiny.plan(net, passes, usage=usage(before))
    assert taken(plan) == {"other", "monday"}
    (rejection,) = plan.rejections
    assert rejection.reason == "graz is worked in 3 of its 3 crew nights of that week"
    sunday = [SUNDAY - timedelta(days=n) for n in (1, 2, 7)]
    assert taken(tiny.plan(net, passes, usage=usage(sunday))) == {"own", "other", "monday"}


def test_crew_nights_are_spent_on_the_best_nights(tiny):
    net = limited(tiny.network([]), station=StationLimits(crew_nights_per_week=2), names={"graz"})
    bits = (9_000, 30_000, 8_000, 20_000, 7_000)
    passes = [
        tiny.candidate(f"n{i}", "sat-1", "graz", DAY_S * (1 + i), 200, b)
        for i, b in enumerate(bits)
    ]
    passes.append(tiny.candidate("again", "sat-1", "graz", DAY_S + 4_000, 200, 12_000))
    plan = tiny.plan(net, passes)
    assert taken(plan) == {"n0", "n1", "again"}
    assert plan.remarks == ("crew_nights_per_week of graz keeps 3 passes out",)
    reasons = {r.pass_id: r.reason for r in plan.rejections}
    assert reasons["n3"].startswith("graz is worked in 2 of its 2 crew nights of that week; ")


def test_an_orbit_has_no_more_seconds_of_contact_than_it_may(tiny):
    """Three passes within an orbit, 480 s in all; the fourth begins more than an orbit later."""
    passes = [
        tiny.candidate("a", "sat-1", "graz", 0, 200, 20_000),
        tiny.candidate("b", "sat-1", "matera", 2_900, 180, 30_000),
        tiny.candidate("c", "sat-1", "helmos", 5_600, 100, 25_000),
        tiny.candidate("d", "sat-1", "graz", 8_700, 200, 20_000),
    ]
    for most_s, found in ((480.0, "abcd"), (479.0, "bcd"), (280.0, "bc")):
        net = limited(tiny.network([]), satellite=SatelliteLimits(most_s))
        assert taken(tiny.plan(net, passes, usage=usage())) == set(found), most_s
    # Without a period the orbit counts as the longest.
    net = limited(tiny.network([]), satellite=SatelliteLimits(400.0))
    assert taken(tiny.plan(net, passes, usage=usage())) == set("bcd")


def test_a_pass_longer_than_an_orbit_allows_is_taken_in_part(tiny):
    net = limited(tiny.network([]), satellite=SatelliteLimits(300.0))
    passes = [tiny.candidate("long", "sat-1", "graz", 0, 500, 50_000)]
    (contact,) = tiny.plan(net, passes, key_of=tiny.proportional(passes), usage=usage()).contacts
    assert (contact.stop - contact.start).total_seconds() == 300.0
    assert contact.key_bits == 30_000
    plan = tiny.plan(net, passes, usage=usage())
    assert plan.rejections[0].reason == ("sat-1 has 300 s of contact in an orbit, this takes 500")


def test_memory_holds_the_key_of_a_clear_sky(tiny):
    passes = [
        tiny.candidate("a", "sat-1", "graz", 0, 200, 60_000),
        tiny.candidate("b", "sat-1", "matera", 2_900, 180, 50_000),
        tiny.candidate("c", "sat-1", "helmos", 9_000, 100, 90_000),
    ]
    net = limited(tiny.network([]), satellite=SatelliteLimits(key_memory_bits=109_999.9))
    sky = Sky(("m",), ("a", "b", "c"), np.array([[0.5, 0.5, 0.5]]))
    plan = tiny.plan(net, passes, usage=usage(), sky=sky)
    assert taken(plan) == {"a", "c"}
    (rejection,) = plan.rejections
    assert rejection.reason.startswith(
        "sat-1 uses 60 of 109.999 kbit of memory in that orbit already; "
    )
    whole = limited(net, satellite=SatelliteLimits(key_memory_bits=110_000.0))
    assert taken(tiny.plan(whole, passes, usage=usage(), sky=sky)) == {"a", "b", "c"}


def test_a_pass_with_more_key_than_the_memory_is_taken_as_long_as_it_fits(tiny):
    net = limited(tiny.network([]), satellite=SatelliteLimits(key_memory_bits=44_000.0))
    passes = [tiny.candidate("rich", "sat-1", "graz", 0, 500, 50_000)]
    plan = tiny.plan(net, passes, key_of=tiny.proportional(passes), usage=usage())
    assert 43_800 <= plan.contacts[0].key_bits <= 44_000


@pytest.mark.parametrize(
    ("goal", "risk"),
    [
        (PlanGoal.PRIORITY, PlanRisk.EXPECTED),
        (PlanGoal.PRIORITY, PlanRisk.SCENARIOS),
        (PlanGoal.MAX_MIN, PlanRisk.EXPECTED),
    ],
)
def test_every_way_of_planning_keeps_every_limit(tiny, trunk, goal, risk):
    """Each limit binds; without limits each is exceeded."""
    policy = dataclasses.replace(
        trunk.plan, goal=goal, risk=risk, risk_scenarios=4, drawn_nights=10
    )
    net = dataclasses.replace(trunk, plan=policy)
    stations = ("graz", "matera", "helmos")
    passes = [
        tiny.candidate(
            f"p{day}{i}", f"sat-{1 + i % 2}", stations[i % 3], DAY_S * (1 + day) + 1_900 * i, 250,
            20_000 + 1_000 * i,
        )
        for day in range(3)
        for i in range(4)
    ]  # fmt: skip
    rng = np.random.default_rng(3)
    sky = Sky(("m", "n"), tuple(c.pass_id for c in passes), rng.random((2, len(passes))))
    given = {"sky": sky, "usage": usage([SUNDAY])}
    tight = limited(
        net,
        station=StationLimits(2, 2, 1),
        satellite=SatelliteLimits(400.0, 35_000.0),
    )
    free = tiny.plan(net, passes, **given)
    plan = tiny.plan(tight, passes, **given)
    told = {"sat-1": ORBIT_S, "sat-2": ORBIT_S}
    worked = {"graz": {SUNDAY}}
    faults = " ".join(limit_faults(free, tight, told, worked, {}))
    for word in ("contacts in the night", "is worked in 3 nights", "is in contact", "keeps"):
        assert word in faults
    assert list(limit_faults(plan, tight, told, worked, {})) == []
    assert len(plan.contacts) >= 4
    assert plan.value <= free.value + 1e-6 * abs(free.value)


def test_a_pass_that_just_meets_a_limit_can_take_the_place_of_another(tiny):
    net = limited(tiny.network([]), satellite=SatelliteLimits(300.0))
    passes = [
        tiny.candidate("rich", "sat-1", "graz", 0, 300, 30_000),
        tiny.candidate("poor", "sat-1", "matera", 2_900, 300, 20_000),
    ]
    plan = tiny.plan(net, passes, usage=usage())
    assert taken(plan) == {"rich"}
    (rejection,) = plan.rejections
    assert rejection.reason == (
        "sat-1 uses 300 of 300 s of contact in that orbit already; swapping would leave 10.0 kbit "
        "less in the pools"
    )
    assert rejection.displaced == ("rich",)


def test_the_referee_counts_the_set_up_of_a_telescope(tiny):
    """The next satellite is received 60 s after the first one, not 59 s."""
    net = tiny.network([])
    first = tiny.candidate("one", "sat-1", "graz", 0, 200, 20_000)
    for gap_s, told in ((60, []), (59, ["graz receives sat-1 and sat-2 at once"])):
        second = tiny.candidate("two", "sat-2", "graz", 200 + gap_s, 200, 30_000)
        assert list(limit_faults(plan_of(first, second), net, {}, {}, {})) == told


def test_the_referee_begins_a_night_at_noon_of_the_station(tiny):
    """Noon at graz is at 11:14 UTC: what is before it belongs to the evening before."""
    net = limited(tiny.network([]), station=StationLimits(max_contacts_per_night=1))
    first = tiny.candidate("one", "sat-1", "graz", 3 * 3_600, 200, 20_000)
    for hours, is_refused in ((14, True), (15.2, True), (15.3, False), (-8.8, False), (-8.7, True)):
        other = tiny.candidate("two", "sat-1", "graz", hours * 3_600, 200, 30_000)
        found = list(limit_faults(plan_of(first, other), net, {}, {}, {}))
        assert bool(found) is is_refused, hours


@pytest.fixture
def full(tiny):
    """Two passes of one orbit that may last 300 s together, 200 s each."""
    net = limited(tiny.network([]), satellite=SatelliteLimits(300.0))
    passes = [
        tiny.candidate("a", "sat-1", "graz", 0, 200, 20_000),
        tiny.candidate("b", "sat-1", "matera", 2_900, 200, 30_000),
    ]
    return net, passes


def test_two_wishes_beyond_a_limit_give_what_is_possible_and_a_sentence(tiny, full):
    plan = tiny.plan(*full, wishes={"a": True, "b": True}, usage=usage())
    assert taken(plan) == {"b"}
    assert plan.remarks == (
        "a was to be taken but cannot be: sat-1 uses 200 of 300 s of contact in that orbit already",
        "max_contact_s_per_orbit of sat-1 keeps 1 pass out",
    )


def test_a_wish_that_no_limit_allows_is_a_sentence(tiny, full):
    net = limited(full[0], satellite=SatelliteLimits(150.0))
    plan = tiny.plan(net, full[1], wishes={"a": True}, usage=usage())
    assert plan.contacts == ()
    assert plan.remarks[0] == (
        "a was to be taken but cannot be: sat-1 has 150 s of contact in an orbit, this takes 200"
    )


def test_frozen_contacts_beyond_a_new_limit_are_dropped_with_a_sentence(tiny, full):
    net, passes = full
    before = tiny.plan(limited(net, satellite=SatelliteLimits()), passes)
    fixed = {"a": True, "b": True}
    assert taken(before) == set(fixed)
    plan = tiny.plan(net, passes, previous=before, fixed=fixed, usage=usage())
    assert taken(plan) == {"b"}
    assert plan.remarks == (
        "a was to be kept but cannot be: sat-1 uses 200 of 300 s of contact in that orbit already",
        "max_contact_s_per_orbit of sat-1 keeps 1 pass out",
    )
    (rejection,) = plan.rejections
    assert rejection.reason == (
        "sat-1 uses 200 of 300 s of contact in that orbit already; it starts too soon to change "
        "that"
    )


def test_frozen_nights_beyond_the_crew_are_dropped_with_a_sentence(tiny):
    passes = [tiny.candidate("a", "sat-1", "graz", 0, 200, 20_000)]
    net = tiny.network([])
    before = tiny.plan(net, passes)
    closed = limited(net, station=StationLimits(crew_nights_per_week=0))
    plan = tiny.plan(closed, passes, previous=before, fixed={"a": True})
    assert plan.contacts == ()
    assert plan.remarks[0] == (
        "a was to be kept but cannot be: graz is worked in 0 of its 0 crew nights of that week"
    )


def test_a_contact_that_meets_a_limit_to_the_last_digit_can_be_frozen(tiny):
    """Sums of seconds in another order differ in their last digit."""
    lengths = (100.1, 200.2, 33.3, 66.6)
    passes = [
        tiny.candidate(f"p{i}", "sat-1", "graz", 700 * i, length, 9_000)
        for i, length in enumerate(lengths)
    ]
    net = limited(tiny.network([]), satellite=SatelliteLimits(400.2))
    before = tiny.plan(net, passes, usage=usage())
    assert len(before.contacts) == 4
    fixed = {c.pass_id: True for c in before.contacts}
    plan = tiny.plan(net, passes, previous=before, fixed=fixed, usage=usage())
    assert taken(plan) == set(fixed)
    assert plan.remarks == ()


def test_the_referee_refuses_what_exceeds_a_limit_by_one(tiny):
    """A plan that meets every limit exactly, held against limits one less."""
    passes = [
        tiny.candidate("a", "sat-1", "graz", 0, 200, 20_000),
        tiny.candidate("b", "sat-1", "graz", 2_900, 180, 30_000),
        tiny.candidate("c", "sat-1", "graz", DAY_S, 100, 25_000),
    ]
    net = tiny.network([])
    plan = tiny.plan(net, passes, usage=usage())
    assert len(plan.contacts) == 3
    bits = {c.pass_id: c.key_bits for c in passes}

    def faults(changed, worked=(), contacts=plan):
        return check_plan(
            contacts, changed, {}, bits, contact_bits=bits,
            orbit_s=usage().orbit_s, worked={"graz": set(worked)},
        )  # fmt: skip

    # 14 June is the Sunday of a week, the 15th the Monday of the next.
    assert faults(limited(net, station=StationLimits(1, 1, 2))) == []
    assert faults(limited(net, satellite=SatelliteLimits(380.0, 50_000.0))) == []
    for station, worked, text in (
        (StationLimits(1, 1, 1), (), "graz has 2 contacts in the night of 2026-06-14, not 1"),
        (StationLimits(1, 0), (), "graz is worked in 1 nights of week 24, its crew in 0"),
        (StationLimits(1, 1), (date(2026, 6, 8),),
         "graz is worked in 2 nights of week 24, its crew in 1"),
    ):  # fmt: skip
        found = faults(limited(net, station=station, names={"graz"}), worked)
        assert found[0] == text
    assert faults(limited(net, station=StationLimits(1, 1)), [date(2026, 6, 7)]) == []
    (duty,) = faults(limited(net, satellite=SatelliteLimits(379.9)))
    assert duty == "sat-1 is in contact for 380.0 s of the orbit from 20:00Z, not 379.9"
    (memory,) = faults(limited(net, satellite=SatelliteLimits(None, 49_999.0)))
    assert memory == "sat-1 keeps 50000 bits at 20:48Z, its memory holds 49999"
    start = plan.contacts[0].start
    use = Interval(start - timedelta(hours=1), start + timedelta(seconds=1), "esa, a test")
    busy = dataclasses.replace(
        net,
        satellites=(dataclasses.replace(net.satellites[0], unavailable=(use,)), net.satellites[1]),
    )
    assert faults(busy) == ["a: sat-1 is used by esa, a test"]


def test_an_evening_lasts_from_noon_to_noon_at_the_station(tiny):
    at = tiny.evening.replace(hour=0)
    # 150 degrees East are ten hours: noon is at 02:00 UTC.
    east = np.radians(150.0)
    assert evening_of(at.replace(hour=1, minute=59), east) == date(2026, 6, 13)
    assert evening_of(at.replace(hour=2, minute=1), east) == date(2026, 6, 14)


def plan_of(*candidates):
    """A plan of whole passes and nothing else."""
    contacts = tuple(
        Contact(c.pass_id, c.satellite, c.station, c.windows, c.key_bits) for c in candidates
    )
    return Plan("0", "2026-06-14", contacts, (), (), (), 0.0, 0.0, "", ())


def overlap(first, second):
    """Whether two contacts share a satellite within its set-up, in either order."""
    one, other = sorted((first, second), key=lambda c: c.windows[0][0])
    gap_s = (other.windows[0][0] - one.windows[0][1]).total_seconds()
    return one.satellite == other.satellite and gap_s < 60.0


def brute_force(net, passes, given):
    """The largest value over all sets of passes that break no rule, with the best relay of each."""
    horizon = horizon_of(net, "2026-06-14", 1, None)
    free = limited(net, station=StationLimits(telescopes=9), satellite=SatelliteLimits())
    problem, _ = problem_of(free, passes, horizon, PlanInputs())
    structure = structure_of(problem.model)
    best = -np.inf
    for flags in itertools.product((False, True), repeat=len(passes)):
        chosen = [c for c, is_in in zip(passes, flags, strict=True) if is_in]
        plan = plan_of(*chosen)
        if any(overlap(a, b) for a, b in itertools.combinations(chosen, 2)):
            continue
        if list(limit_faults(plan, net, given.orbit_s, given.worked, {})):
            continue
        taken_windows = np.flatnonzero(flags)
        flow = deliver(structure, taken_windows, structure.useful).flow_kbit
        best = max(best, value_of(problem.model, taken_windows, flow))
    return best


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["sat-1", "sat-2"]),
        st.sampled_from(["graz", "matera"]),
        st.integers(0, 100).map(lambda n: 97 * n + DAY_S * (n % 3)),
        st.integers(100, 400),
        st.integers(1_000, 100_000),
    ),
    min_size=3,
    max_size=5,
)
STATION = st.builds(
    StationLimits,
    st.integers(1, 2),
    st.one_of(st.none(), st.integers(0, 2)),
    st.one_of(st.none(), st.integers(0, 2)),
)
SATELLITE = st.builds(
    SatelliteLimits,
    st.one_of(st.none(), st.floats(90.0, 800.0)),
    st.one_of(st.none(), st.floats(1_000.0, 150_000.0)),
)
WORKED = st.lists(st.integers(1, 9), max_size=2).map(
    lambda days: [SUNDAY - timedelta(days=n) for n in days]
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(ROWS, STATION, SATELLITE, WORKED)
def test_the_plan_is_worth_as_much_as_the_best_of_all_sets_of_contacts(
    tiny, rows, station, satellite, worked
):
    passes = [tiny.candidate(f"p{i}", *row) for i, row in enumerate(rows)]
    net = tiny.network([tiny.demand("d", "mine", "grid", 60_000, 2.0)], are_passes_cut=False)
    net = limited(net, station=station, satellite=satellite)
    given = usage(worked)
    plan = tiny.plan(net, passes, usage=given)
    assert list(limit_faults(plan, net, given.orbit_s, given.worked, {})) == []
    # A millionth is what the planner leaves; a path is rounded down to whole bits.
    assert plan.value == pytest.approx(brute_force(net, passes, given), rel=1e-5, abs=0.01)


@settings(max_examples=4, deadline=None)
@given(ROWS, STATION, SATELLITE, WORKED)
def test_loosening_a_limit_never_lowers_the_value(tiny, rows, station, satellite, worked):
    passes = [tiny.candidate(f"p{i}", *row) for i, row in enumerate(rows)]
    net = tiny.network([tiny.demand("d", "mine", "grid", 60_000, 2.0)], are_passes_cut=False)

    def value(one, other, nights):
        changed = limited(net, station=one, satellite=other)
        return tiny.plan(changed, passes, usage=usage(nights)).value

    least = value(station, satellite, worked) * (1.0 - 1e-6) - 0.01
    assert value(station, satellite, []) >= least
    assert value(dataclasses.replace(station, telescopes=3), satellite, worked) >= least
    assert value(StationLimits(station.telescopes), satellite, worked) >= least
    assert value(station, SatelliteLimits(), worked) >= least
