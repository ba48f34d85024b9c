"""How long the key of a pair lasts, worked out by hand."""

from datetime import timedelta

import pytest

from groundstation.plan.outlook import pair_outlook

DAY_S = 86_400.0


@pytest.fixture
def outlook(tiny):
    """40 kbit arrive 6,200 s after the start; 86,400 bits a day are one bit a second."""

    def made(held_bits=None, length_s=DAY_S):
        net = tiny.network([tiny.demand("d", "grid", "carrier", 86_400)])
        passes = [
            tiny.candidate("a", "sat-1", "matera", 0, 200, 40_000),
            tiny.candidate("b", "sat-1", "helmos", 6_000, 200, 50_000),
        ]
        plan = tiny.plan(net, passes, pair_bits={} if held_bits is None else {"d": held_bits})
        (pair,) = pair_outlook(plan, net, tiny.evening, tiny.evening + timedelta(seconds=length_s))
        return pair

    return made


def test_a_pair_starves_until_its_last_contact_and_when_its_key_is_used_up(outlook, tiny):
    pair = outlook()
    assert pair.starves_at == tiny.evening
    # 6,200 s before anything comes, then 40,000 s with key, then nothing until the day is over.
    assert pair.starved_s == pytest.approx(6_200 + DAY_S - 6_200 - 40_000)
    assert pair.level_bits[-1] == (tiny.evening + timedelta(seconds=DAY_S), 0.0)


def test_a_level_bridges_the_wait(outlook, tiny):
    pair = outlook(held_bits=7_000.0)
    empty = tiny.evening + timedelta(seconds=47_000)
    assert pair.starves_at == empty
    assert pair.starved_s == pytest.approx(DAY_S - 47_000)
    at = tiny.evening + timedelta(seconds=6_200)
    assert [level for when, level in pair.level_bits if when == at] == [800.0, 40_800.0]


def test_a_pair_with_enough_key_does_not_starve(outlook):
    pair = outlook(held_bits=7_000.0, length_s=40_000.0)
    assert (pair.starves_at, pair.starved_s) == (None, 0.0)
    assert pair.level_bits[-1][1] == pytest.approx(7_000.0)
