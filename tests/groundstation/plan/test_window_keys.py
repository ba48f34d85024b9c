"""Key of parts of real passes: running sums against seconds counted one by one."""

from datetime import timedelta

import numpy as np
import pytest

from groundstation.export.pass_rows import whole_bits
from groundstation.night.survey import Survey
from groundstation.night.window_check import contact_bits
from groundstation.night.window_keys import WindowKeys
from groundstation.plan.records import Contact
from groundstation.plan.windows import clipped


@pytest.fixture(scope="module")
def seen(europe):
    return Survey(europe.passes, europe.skies, europe.elements, europe.ground_tracks, ())


@pytest.fixture(scope="module")
def keys(europe, seen):
    return WindowKeys(europe.network, seen)


def test_the_whole_of_a_pass_is_worth_its_forecast(europe, keys):
    for item in europe.passes:
        if item.forecast is not None and item.windows:
            assert keys.bits(item.pass_id, item.windows) == whole_bits(item)


def parts_of(europe, count):
    rng = np.random.default_rng(4)
    brings = [p for p in europe.passes if whole_bits(p) > 0]
    for number in range(count):
        item = brings[number % len(brings)]
        begin, end = item.windows[0][0].timestamp(), item.windows[-1][1].timestamp()
        cut = np.sort(rng.uniform(begin, end, 2))
        windows = clipped(item.windows, float(np.ceil(cut[0])), float(np.floor(cut[1])))
        if windows:
            yield item, windows


def test_a_part_is_worth_what_its_seconds_bring(europe, seen, keys):
    worth = 0
    for item, windows in parts_of(europe, 60):
        bits = keys.bits(item.pass_id, windows)
        contact = Contact(item.pass_id, item.satellite, item.station, windows, bits, False)
        # Sums in another order round another way.
        assert abs(contact_bits(europe.network, seen, (contact,))[item.pass_id] - bits) <= 1
        assert bits <= whole_bits(item)
        worth += bits > 0
    assert worth > 20


def test_two_parts_are_worth_less_than_the_whole(europe, keys):
    """One block has one finite-key overhead; its key is superlinear in the seconds."""
    item = max(europe.passes, key=whole_bits)
    (begin, _), (_, end) = item.windows[0], item.windows[-1]
    middle = (begin + (end - begin) / 2).timestamp()
    halves = [
        clipped(item.windows, *edges)
        for edges in ((begin.timestamp(), middle), (middle, end.timestamp()))
    ]
    bits = [keys.bits(item.pass_id, windows) for windows in halves]
    assert 0.8 * whole_bits(item) < sum(bits) < whole_bits(item)


def test_a_later_begin_never_brings_more(europe, keys):
    item = max(europe.passes, key=whole_bits)
    (begin, _), (_, end) = item.windows[0], item.windows[-1]
    edge = begin + (end - begin) / 2
    edge = edge.replace(microsecond=0)
    later = ((edge + timedelta(seconds=0.4), end),)
    sooner = ((edge, end),)
    assert keys.bits(item.pass_id, later) <= keys.bits(item.pass_id, sooner)
