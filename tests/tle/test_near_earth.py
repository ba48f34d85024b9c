"""The array propagator against the library sgp4 (C++), and when it hands over to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sgp4
from hypothesis import given, settings
from hypothesis import strategies as st

from tle.columns import checksum
from tle.elements import ElementSet
from tle.lines import read_lines
from tle.near_earth import is_near_earth, near_earth_positions_m
from tle.nodes import sgp4_nodes, teme_positions_m

# Both sum the same series in double precision: 1e-16 of a thousand radians and 7000 km is 1e-6 m,
# some ten times that where drag has moved the satellite by turns.
WITHIN_M = 1e-4


def verification_sets():
    """SGP4-VER.TLE as strict lines; some of its checksums are wrong, some records are no sets."""
    text = (Path(sgp4.__file__).parent / "SGP4-VER.TLE").read_text()
    lines = [line[:68] for line in text.splitlines() if line[:2] in {"1 ", "2 "}]
    return read_lines("\n".join(line + str(checksum(line)) for line in lines))[0]


VERIFICATION = verification_sets()


def set_of(**changes):
    base = ElementSet(
        norad_cat_id=1, name="any", object_id="", epoch_year=2026, epoch_day=165.25,
        mean_motion_rev_per_day=15.2, eccentricity=0.001, inclination_deg=97.4, raan_deg=120.0,
        argument_of_perigee_deg=80.0, mean_anomaly_deg=280.0, bstar=2.5e-4,
    )  # fmt: skip
    return replace(base, **changes)


def library_m(elements, minutes):
    """Codes and positions of the library, minute by minute after the epoch of the elements."""
    start = datetime(elements.epoch_year, 1, 1, tzinfo=UTC) + timedelta(
        days=elements.epoch_day - 1.0
    )
    exact_s = (elements.epoch_day - 1.0) * 86_400.0
    shift_s = exact_s - (start - datetime(elements.epoch_year, 1, 1, tzinfo=UTC)).total_seconds()
    return teme_positions_m(elements, start, minutes * 60.0 + shift_s)


@settings(max_examples=300, deadline=None)
@given(
    mean_motion=st.floats(6.6, 16.4),
    eccentricity=st.one_of(st.just(0.0), st.floats(0.0, 3e-4), st.floats(0.0, 0.0999)),
    inclination_deg=st.one_of(st.sampled_from([0.0, 63.4, 90.0, 180.0]), st.floats(0.0, 180.0)),
    angles_deg=st.tuples(*[st.floats(0.0, 359.9)] * 3),
    bstar=st.one_of(st.just(0.0), st.floats(-1e-3, 5e-3)),
)
def test_equals_the_library_wherever_it_says_good(
    mean_motion, eccentricity, inclination_deg, angles_deg, bstar
):
    raan, perigee, anomaly = angles_deg
    elements = set_of(
        mean_motion_rev_per_day=mean_motion, eccentricity=eccentricity,
        inclination_deg=inclination_deg, raan_deg=raan, argument_of_perigee_deg=perigee,
        mean_anomaly_deg=anomaly, bstar=bstar,
    )  # fmt: skip
    assert is_near_earth(elements)
    minutes = np.linspace(-1_440.0, 7 * 1_440.0, 97)
    positions, good = near_earth_positions_m([elements], minutes[None])
    codes, theirs = library_m(elements, minutes)
    if good[0]:
        assert not codes.any()
        # An orbit inside the Earth stays a number in both; passes never see it.
        outside = np.linalg.norm(theirs, axis=1) > 6.4e6
        assert np.abs(positions[:, 0].T - theirs)[outside].max(initial=0.0) < WITHIN_M


@pytest.mark.parametrize(
    "elements", [e for e in VERIFICATION if is_near_earth(e)], ids=lambda e: str(e.norad_cat_id)
)
def test_verification_satellites_agree_or_are_handed_over(elements):
    minutes = np.linspace(-1_440.0, 2_880.0, 433)
    positions, good = near_earth_positions_m([elements], minutes[None])
    codes, theirs = library_m(elements, minutes)
    assert good[0] == (not codes.any())
    if good[0]:
        assert np.abs(positions[:, 0].T - theirs).max() < WITHIN_M


def test_the_verification_set_has_satellites_of_both_kinds():
    assert 5 <= sum(is_near_earth(e) for e in VERIFICATION) < len(VERIFICATION) - 10


def test_each_satellite_keeps_its_row():
    """Rows of a block do not mix: low, high, with simplified drag, decaying."""
    sets = [
        set_of(),
        set_of(mean_motion_rev_per_day=13.0, inclination_deg=51.6),
        set_of(mean_motion_rev_per_day=16.2, bstar=1e-5),
        set_of(mean_motion_rev_per_day=16.3, bstar=0.05),
    ]
    minutes = np.arange(4.0)[:, None] + np.linspace(0.0, 1_440.0, 50)
    positions, good = near_earth_positions_m(sets, minutes)
    assert good.tolist() == [True, True, True, False]
    for row, elements in enumerate(sets[:3]):
        _, theirs = library_m(elements, minutes[row])
        assert np.abs(positions[:, row].T - theirs).max() < WITHIN_M


@pytest.mark.parametrize("perigee_km", [70.0, 97.0, 120.0, 155.0, 219.0])
def test_density_is_lowered_for_low_perigees_as_in_the_library(perigee_km):
    """An orbit whose perigee is in the air: below 98, 156 and 220 km the model changes."""
    motion = 16.2
    axis_km = (398_600.8 / (motion * 2 * np.pi / 86_400.0) ** 2) ** (1 / 3)
    elements = set_of(
        mean_motion_rev_per_day=motion, eccentricity=1.0 - (6_378.135 + perigee_km) / axis_km
    )
    minutes = np.linspace(0.0, 60.0, 31)
    positions, good = near_earth_positions_m([elements], minutes[None])
    _, theirs = library_m(elements, minutes)
    assert good[0]
    assert np.abs(positions[:, 0].T - theirs).max() < WITHIN_M


@pytest.mark.parametrize(
    "changes",
    [
        {"eccentricity": 0.1},
        {"mean_motion_rev_per_day": 6.5},
        {"mean_motion_rev_per_day": 1.0027},
    ],
)
def test_what_it_does_not_hold_for_is_left_to_the_library(changes):
    assert not is_near_earth(set_of(**changes))


@pytest.mark.parametrize(
    ("epoch", "year"),
    [(datetime(2026, 6, 14, 6, tzinfo=UTC), 2026), (datetime(2017, 1, 2, tzinfo=UTC), 2016)],
)
def test_node_tables_count_atomic_seconds_across_a_leap_second(epoch, year):
    """The end of 2016 had 61 seconds: the library's path and the arrays' give the same tables."""
    elements = set_of(epoch_year=year, epoch_day=165.25 if year == 2026 else 366.5)
    table = sgp4_nodes(elements, epoch, 0.0, 3_600.0)
    codes, teme = teme_positions_m(elements, epoch, table.times_s)
    assert not codes.any()
    radius = np.linalg.norm(table.positions_m, axis=1)
    # The polar motion turns to first order: 6 micrometres.
    assert radius == pytest.approx(np.linalg.norm(teme, axis=1), abs=1e-4)
    assert table.positions_m[:, 2] == pytest.approx(teme[:, 2], abs=30.0)
