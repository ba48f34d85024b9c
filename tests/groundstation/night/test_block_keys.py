"""Key of blocks of real passes: running sums against seconds counted one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from present import present

from groundstation.contact_limits import SatelliteLimits
from groundstation.export.pass_rows import whole_bits
from groundstation.night.block_check import block_bits
from groundstation.night.block_keys import BlockKeys, are_poolable, groups_of
from groundstation.night.offering import candidate_of
from groundstation.night.pass_slots import pass_slots
from groundstation.night.survey import Survey
from groundstation.night.window_check import moments_of_contact
from groundstation.plan.records import Contact
from groundstation.plan.sky import Sky
from groundstation.plan.windows import clipped
from passes.key.decoy.counts import decoy_counts_from_moments


def with_nights(network, nights):
    return replace(network, key=replace(network.key, block_nights=nights))


@pytest.fixture(scope="module")
def seen(europe):
    return Survey(europe.passes, europe.skies, europe.elements, europe.ground_tracks, ())


@pytest.fixture(scope="module")
def network(europe):
    return with_nights(europe.network, 1)


@pytest.fixture(scope="module")
def slots(network, seen):
    return pass_slots(network, seen)


@pytest.fixture(scope="module")
def passes(seen):
    return [candidate_of(item) for item in seen.passes]


@pytest.fixture(scope="module")
def keys(network, passes, slots):
    return BlockKeys(network, passes, slots)


@pytest.fixture(scope="module")
def pairs(europe, keys):
    """Passes with key that may share a block, two and two."""
    groups: dict[str, list[Any]] = {}
    for item in europe.passes:
        group = keys.group_of(item.pass_id)
        if group is not None and item.refusal is None:
            groups.setdefault(group, []).append(item)
    found = [items for items in groups.values() if len(items) == 2]
    assert len(found) >= 4
    return found


def joined(items, name="block", cut=0.0):
    """Contacts with all of some passes, or less the last seconds."""
    found = []
    for item in items:
        windows = item.windows
        if cut:
            windows = clipped(windows, windows[0][0].timestamp(), windows[-1][1].timestamp() - cut)
        found.append(
            Contact(item.pass_id, item.satellite, item.station, windows, 1, not cut, block=name)
        )
    return found


@pytest.mark.parametrize("cut", [0.0, 41.0])
def test_a_block_is_worth_what_its_seconds_bring_together(network, slots, keys, pairs, cut):
    for items in pairs:
        contacts = joined(items, cut=cut)
        bits = keys.bits([(c.pass_id, c.windows) for c in contacts])
        found = block_bits(network.key, slots, contacts)["block"]
        # Sums in another order round another way.
        assert abs(bits - found.key_bits) <= 1
        if not cut:
            # Where nothing is alone, nothing may be together; else pooling brings more.
            alone = [whole_bits(item) for item in items]
            assert bits > sum(alone) or not all(alone)
            assert [found.without_bits[item.pass_id] for item in items] == alone[::-1]


def test_the_key_of_a_block_does_not_depend_on_the_order(keys, pairs):
    first, second = pairs[0]
    parts = [(item.pass_id, item.windows) for item in (first, second)]
    assert keys.bits(parts) == keys.bits(parts[::-1])


def test_detections_are_shared_out_as_they_are_counted(europe, slots, keys):
    """Key-basis detections of all seconds one by one; those of a part are fewer."""
    item = max(europe.passes, key=whole_bits)
    (contact,) = joined([item])
    own = slots[item.pass_id]
    detector = own.receiver.detector
    counts = decoy_counts_from_moments(
        present(moments_of_contact(slots, contact)),
        own.source,
        detector.key_basis_probability,
        detector.afterpulse_probability,
    )
    assert keys.sifted((item.pass_id, item.windows)) == pytest.approx(counts.key.sum(), rel=1e-9)
    (shorter,) = joined([item], cut=60.0)
    assert keys.sifted((item.pass_id, shorter.windows)) < counts.key.sum()


def test_the_weather_of_a_block_is_that_of_its_outcomes(network, slots, pairs):
    """Two passes with chances 1 and 0.5 in one member, 0.2 and 0.5 in the other."""
    items = next(p for p in pairs if all(whole_bits(item) for item in p))
    first, second = (item.pass_id for item in items)
    sky = Sky(("x", "y"), (first, second), np.array([[1.0, 0.5], [0.2, 0.5]]))
    found = block_bits(network.key, slots, joined(items), sky=sky)["block"]
    alone = [whole_bits(item) for item in items]
    both, one, other = (0.5 + 0.1) / 2, (0.5 + 0.1) / 2, (0.0 + 0.4) / 2
    wanted = both * found.key_bits + one * alone[0] + other * alone[1]
    assert found.expected_bits == pytest.approx(wanted, abs=1.0)


def test_passes_counted_with_other_constants_are_never_pooled(europe, slots, keys, network):
    """Two satellites over one station have sources of their own."""
    brings = [item for item in europe.passes if whole_bits(item)]
    first = brings[0]
    other = next(item for item in brings if item.satellite != first.satellite)
    assert keys.bits([(first.pass_id, first.windows), (other.pass_id, other.windows)]) == 0
    assert block_bits(network.key, slots, joined([first, other]))["block"].key_bits == 0


def test_another_error_rate_or_another_detector_is_enough_to_stay_apart(slots):
    own = next(iter(slots.values()))
    other_source = replace(own.source, intrinsic_qber=own.source.intrinsic_qber * 1.01)
    detector = replace(own.receiver.detector, afterpulse_probability=0.0123)
    assert are_poolable(own, replace(own))
    assert not are_poolable(own, replace(own, source=other_source))
    assert not are_poolable(own, replace(own, receiver=replace(own.receiver, detector=detector)))


def test_groups_are_of_one_satellite_one_station_and_one_night(europe, passes):
    groups = groups_of(with_nights(europe.network, 1), passes)
    for item in europe.passes:
        if item.windows:
            assert groups[item.pass_id] == f"{item.satellite}-{item.station}-20260614"
    assert groups_of(with_nights(europe.network, 0), passes) == {}


def test_a_satellite_with_little_memory_stays_out_of_groups(network, passes):
    first = replace(network.satellites[0], limits=SatelliteLimits(key_memory_bits=10**9))
    small = replace(network, satellites=(first, *network.satellites[1:]))
    groups = groups_of(small, passes)
    assert groups
    assert not any(group.startswith(f"{first.name}-") for group in groups.values())


@pytest.mark.parametrize(("nights", "evening"), [(2, "20260614"), (3, "20260613"), (7, "20260608")])
def test_runs_of_nights_do_not_depend_on_the_plan(europe, passes, nights, evening):
    """Sunday the 14th of June 2026: a week begins on Monday the 8th.

    Days since Monday 1 January of the year 1: 739,780, which leaves 0 of 2, 1 of 3 and 6 of 7.
    """
    begin = datetime(2026, 6, 14, tzinfo=UTC).toordinal() - 1
    assert (begin, begin % 2, begin % 3, begin % 7) == (739_780, 0, 1, 6)
    groups = groups_of(with_nights(europe.network, nights), passes)
    assert {group.rpartition("-")[2] for group in groups.values()} == {evening}
