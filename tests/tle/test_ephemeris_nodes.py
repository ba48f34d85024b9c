"""Trajectories between their points: interpolation, node tables, passes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from passes.search import find_passes
from passes.site import Site
from tle.elements import ElementSet
from tle.errors import EphemerisError, PropagationError
from tle.frames import teme_to_earth_fixed
from tle.lines import parse_record
from tle.nodes import sgp4_nodes, teme_positions_m
from tle.trajectory.coast import coast
from tle.trajectory.cpf import read_cpf
from tle.trajectory.cpf_text import format_cpf
from tle.trajectory.ephemeris import Ephemeris, Segment
from tle.trajectory.ephemeris_nodes import ephemeris_nodes, ephemeris_tables
from tle.trajectory.interpolation import Interpolant, interpolant_of
from tle.trajectory.oem import read_oem
from tle.trajectory.oem_text import format_oem
from tle.trajectory.sgp4_ephemeris import ephemeris_from_elements

EPOCH = datetime(2026, 6, 14, tzinfo=UTC)
DAY_S = 86_400.0
SPOQC = parse_record(
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
    name="SPOQC",
)
# Molniya 2-14 and a synchronous satellite, from the verification set of Vallado et al. (2006),
# moved to the epoch of these tests; only the shape of the orbit counts.
MOLNIYA = ElementSet(
    norad_cat_id=8195, name="MOLNIYA", object_id="1975-081A", epoch_year=2026, epoch_day=165.0,
    mean_motion_rev_per_day=2.00491383, eccentricity=0.6877146, inclination_deg=64.1586,
    raan_deg=279.0717, argument_of_perigee_deg=264.7651, mean_anomaly_deg=20.2257, bstar=1.1873e-4,
)  # fmt: skip
SYNCHRONOUS = ElementSet(
    norad_cat_id=28626, name="SYNCHRONOUS", object_id="2005-008A", epoch_year=2026,
    epoch_day=165.0, mean_motion_rev_per_day=1.00273786, eccentricity=0.0000335,
    inclination_deg=0.0019, raan_deg=286.9433, argument_of_perigee_deg=13.7918,
    mean_anomaly_deg=55.6504, bstar=1e-4,
)  # fmt: skip
SITES = [
    Site("Tenerife", np.radians(28.3), np.radians(-16.51), 2_400.0),
    Site("Canberra", np.radians(-35.3), np.radians(149.0), 700.0),
    Site("Svalbard", np.radians(78.2), np.radians(15.4), 400.0),
]
LIMIT = [np.radians(10.0)] * 3


def exact_m(elements, times_s, epoch=EPOCH):
    return teme_to_earth_fixed(epoch, times_s, teme_positions_m(elements, epoch, times_s)[1])


def without_velocities(ephemeris):
    segment = ephemeris.segments[0]
    bare = Segment(segment.times_s, segment.positions_m, None, segment.usable_s)
    return Ephemeris(ephemeris.name, 1, "", "ITRF", "test", epoch=ephemeris.epoch, segments=(bare,))


def assert_same_passes(tables, elements, within_s):
    """The passes of ephemeris tables are those of the element set inside the tables' windows."""
    for table in tables:
        theirs = find_passes([sgp4_nodes(elements, EPOCH, *table.window_s)], SITES, LIMIT)
        ours = find_passes([table], SITES, LIMIT)
        assert [one.site for one in ours] == [two.site for two in theirs]
        for one, two in zip(ours, theirs, strict=True):
            assert one.arc.aos_s == pytest.approx(two.arc.aos_s, abs=within_s)
            assert one.arc.tca_s == pytest.approx(two.arc.tca_s, abs=within_s)
            assert one.arc.los_s == pytest.approx(two.arc.los_s, abs=within_s)
            assert one.arc.aos_truncated == two.arc.aos_truncated
            assert one.arc.los_truncated == two.arc.los_truncated


# Errors of degree 9 at 500 km, from 7e-6 m at 60 s to 121 m at 600 s, were measured for another
# orbit of the same altitude; below 0.1 mm the last digits of sidereal time decide. A factor of two
# either way above that.
@pytest.mark.parametrize(
    ("step_s", "largest_m"),
    [(60.0, None), (120.0, None), (180.0, 1.9e-3), (240.0, 0.031), (300.0, 0.26), (600.0, 121.0)],
)
def test_lagrange_of_degree_9_errs_as_published(step_s, largest_m):
    segment = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, step_s).segments[0]
    lagrange = Interpolant(segment, uses_velocities=False, error_m=0.0, worst_s=0.0)
    times_s = np.linspace(5 * step_s, DAY_S - 5 * step_s, 4_001)
    error = np.linalg.norm(lagrange.positions_m(times_s) - exact_m(SPOQC, times_s), axis=1).max()
    if largest_m is None:
        assert error < 2e-4
    else:
        assert largest_m / 2 < error < 2 * largest_m


@pytest.mark.parametrize("step_s", [60.0, 180.0, 240.0, 300.0, 600.0])
def test_the_estimate_of_the_error_is_never_too_small(step_s):
    for ephemeris in (
        ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, step_s),
        without_velocities(ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, step_s)),
    ):
        interpolant = interpolant_of(ephemeris.segments[0])
        times_s = np.linspace(5 * step_s, DAY_S - 5 * step_s, 2_001)
        error = np.linalg.norm(interpolant.positions_m(times_s) - exact_m(SPOQC, times_s), axis=1)
        # 0.1 mm is what sidereal time itself scatters.
        assert error.max() < interpolant.error_m + 2e-4


def test_velocities_make_a_coarse_file_as_good_as_a_fine_one():
    """At 300 s: 0.26 m from ten positions, millimetres from six positions and velocities."""
    interpolant = interpolant_of(
        ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, 300.0).segments[0]
    )
    times_s = np.linspace(1_500.0, DAY_S - 1_500.0, 2_001)
    error = np.linalg.norm(interpolant.positions_m(times_s) - exact_m(SPOQC, times_s), axis=1)
    assert interpolant.uses_velocities
    assert error.max() < 0.01


def test_velocities_of_another_frame_are_found_out():
    """Inertial velocities beside Earth-fixed positions, a common mistake, are not used."""
    segment = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, 180.0).segments[0]
    spin = np.cross([0.0, 0.0, 7.292e-5], segment.positions_m)
    wrong = Segment(
        segment.times_s, segment.positions_m, segment.velocities_m_s + spin, segment.usable_s
    )
    assert not interpolant_of(wrong).uses_velocities


def test_velocities_are_the_derivative_of_the_positions():
    segment = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 6_000.0, 60.0).segments[0]
    lagrange = Interpolant(segment, uses_velocities=False, error_m=0.0, worst_s=0.0)
    assert segment.velocities_m_s is not None
    difference = lagrange.velocities_m_s(segment.times_s) - segment.velocities_m_s
    # The two are differences over 240 s and over 16 s of positions good to 0.1 mm.
    assert np.abs(difference).max() < 2e-4


@pytest.mark.parametrize("step_s", [60.0, 180.0, 240.0])
def test_passes_of_a_file_are_those_of_its_element_set(step_s):
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, -3_600.0, DAY_S + 3_600.0, step_s)
    texts = (
        read_oem(format_oem(ephemeris, created=EPOCH)),
        read_cpf(format_cpf(ephemeris, provider="TST", created=EPOCH)),
        read_cpf(format_cpf(ephemeris, provider="TST", created=EPOCH, with_velocities=True)),
    )
    for read in texts:
        table = ephemeris_nodes(read, EPOCH, 0.0, DAY_S)
        assert table.failure == ""
        assert table.window_s == (0.0, DAY_S)
        assert_same_passes([table], SPOQC, within_s=1e-3)


@pytest.mark.parametrize(
    ("elements", "step_s"), [(MOLNIYA, 60.0), (MOLNIYA, 120.0), (SYNCHRONOUS, 900.0)]
)
def test_passes_of_eccentric_and_synchronous_satellites_too(elements, step_s):
    ephemeris = ephemeris_from_elements(elements, EPOCH, 0.0, DAY_S, step_s)
    assert_same_passes(ephemeris_tables(ephemeris, EPOCH, 0.0, DAY_S), elements, within_s=2e-3)


@pytest.mark.parametrize("fraction", [0.02, 0.3, 0.5, 0.7, 0.98])
@pytest.mark.parametrize("step_s", [60.0, 180.0])
def test_a_pass_in_progress_at_the_end_of_a_file_is_cut_there(fraction, step_s):
    """Culminations on the far side of the end do not hide a pass, none is told beyond the end."""
    whole = find_passes([sgp4_nodes(SPOQC, EPOCH, 30_000.0, 60_000.0)], SITES, LIMIT)[2].arc
    edge = whole.aos_s + fraction * whole.duration_s
    for start, stop in ((edge, edge + 20_000.0), (edge - step_s * 100, edge)):
        ephemeris = ephemeris_from_elements(SPOQC, EPOCH, start, stop, step_s)
        first, last = ephemeris.segments[0].usable_s
        table = ephemeris_nodes(ephemeris, EPOCH, 0.0, DAY_S)
        assert table.window_s == (first, last)
        assert_same_passes([table], SPOQC, within_s=1e-3)
        found = [item.arc for item in find_passes([table], SITES, LIMIT)]
        assert any(arc.aos_truncated or arc.los_truncated for arc in found)
        assert min(arc.aos_s for arc in found) >= first
        assert max(arc.los_s for arc in found) <= last


def test_the_shortfall_of_a_file_is_said():
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 3_600.0, 7_200.0)
    table = ephemeris_nodes(ephemeris, EPOCH, 0.0, DAY_S)
    assert table.failure == (
        "the ephemeris begins at 2026-06-14T01:00:00Z and ends at 2026-06-14T02:00:00Z"
    )


def test_windows_may_count_from_another_epoch():
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S)
    later = EPOCH + timedelta(hours=6)
    table = ephemeris_nodes(ephemeris, later, 0.0, 3_600.0)
    inside = (table.times_s >= 0.0) & (table.times_s <= 3_600.0)
    difference = table.positions_m[inside] - exact_m(SPOQC, table.times_s[inside], later)
    assert np.abs(difference).max() < 1e-3


@pytest.mark.parametrize("window", [(-9e4, -10.0), (86_410.0, 2e5)])
def test_a_window_beside_the_file_is_refused(window):
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S)
    with pytest.raises(
        PropagationError, match="SPOQC: the ephemeris reaches from 2026-06-14T00:00"
    ):
        ephemeris_nodes(ephemeris, EPOCH, *window)


def test_a_file_that_is_too_coarse_is_refused():
    coarse = without_velocities(ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S, 600.0))
    with pytest.raises(EphemerisError, match="points 600 s apart the orbit is uncertain by up to"):
        ephemeris_nodes(coarse, EPOCH, 0.0, DAY_S)


def test_a_file_of_ten_points_is_refused():
    short = without_velocities(ephemeris_from_elements(SPOQC, EPOCH, 0.0, 540.0))
    with pytest.raises(EphemerisError, match="a segment of 10 points cannot be interpolated"):
        ephemeris_nodes(short, EPOCH, 0.0, 540.0)


def test_a_damaged_position_is_refused_with_its_instant():
    """One digit of 100 m changed; no checksum covers it, the neighbours do."""
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S)
    lines = format_cpf(ephemeris, provider="TST", created=EPOCH).split("\n")
    fields = lines[500].split()
    sign = -100.0 if fields[-1][-7] == "9" else 100.0
    lines[500] = " ".join([*fields[:-1], f"{float(fields[-1]) + sign:.3f}"])
    with pytest.raises(EphemerisError, match="most of all at 2026-06-14T08:17:00Z"):
        ephemeris_nodes(read_cpf("\n".join(lines)), EPOCH, 0.0, DAY_S)


def two_halves(jump_m_s=0.0, gap_s=0.0):
    """A trajectory in two segments that meet at 10 h, the second drifting away from the first."""
    meeting, stop = 36_000.0, 72_000.0
    halves = []
    for start, end, drift in ((0.0, meeting, 0.0), (meeting + gap_s, stop, jump_m_s)):
        segment = ephemeris_from_elements(SPOQC, EPOCH, start, end).segments[0]
        assert segment.velocities_m_s is not None
        direction = segment.velocities_m_s / 7_600.0
        moved = segment.positions_m + drift * (segment.times_s - meeting)[:, None] * direction
        halves.append(Segment(segment.times_s, moved, None, segment.usable_s))
    return Ephemeris("TWO", 1, "", "ITRF", "test", epoch=EPOCH, segments=tuple(halves))


def test_nothing_is_interpolated_across_a_manoeuvre():
    """5 m/s along track: a polynomial through both segments would ring by metres before it."""
    tables = ephemeris_tables(two_halves(jump_m_s=5.0), EPOCH, 0.0, DAY_S)
    assert [table.window_s for table in tables] == [(0.0, 36_000.0), (36_000.0, 72_000.0)]
    assert tables[0].failure == "this segment of the ephemeris ends at 2026-06-14T10:00:00Z"
    inside = (tables[0].times_s >= 0.0) & (tables[0].times_s <= 36_000.0)
    truth = exact_m(SPOQC, tables[0].times_s[inside])
    assert np.abs(tables[0].positions_m[inside] - truth).max() < 1e-3


def test_passes_on_both_sides_of_a_gap_are_found_and_none_inside():
    ephemeris = two_halves(gap_s=5_000.0)
    tables = ephemeris_tables(ephemeris, EPOCH, 0.0, DAY_S)
    assert_same_passes(tables, SPOQC, within_s=1e-3)
    assert ephemeris_nodes(ephemeris, EPOCH, 0.0, DAY_S).window_s == tables[0].window_s


def test_missing_records_make_a_gap():
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S)
    lines = format_cpf(ephemeris, provider="TST", created=EPOCH).split("\n")
    read = read_cpf("\n".join([*lines[:400], *lines[420:]]))
    assert len(read.segments) == 2
    assert read.segments[1].usable_s[0] - read.segments[0].usable_s[1] == 21 * 60.0


def test_one_missing_record_is_bridged():
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, DAY_S)
    lines = format_cpf(ephemeris, provider="TST", created=EPOCH).split("\n")
    read = read_cpf("\n".join([*lines[:400], *lines[401:]]))
    assert len(read.segments) == 1
    assert_same_passes([ephemeris_nodes(read, EPOCH, 0.0, DAY_S)], SPOQC, within_s=1e-3)


def test_coasting_forth_and_back_returns_to_the_start():
    segment = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 60.0, 60.0).segments[0]
    assert segment.velocities_m_s is not None
    position, velocity = segment.positions_m[0], segment.velocities_m_s[0]
    ahead = coast(position, velocity, 5.0, 40)
    # Velocity at the last place, from its neighbours (fourth order over 10 s: 1e-6 m/s).
    speed = (8.0 * (ahead[-2] - ahead[-4]) - (ahead[-1] - ahead[-5])) / 60.0
    back = coast(ahead[-3], speed, -5.0, 38)
    assert np.linalg.norm(back[-1] - position) < 1e-3


def test_a_coasting_satellite_stays_within_three_metres_of_its_orbit_for_four_minutes():
    """What the oblate Earth leaves out at LEO: 1e-4 m/s^2 and less, 240 s long."""
    segment = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 240.0, 240.0).segments[0]
    assert segment.velocities_m_s is not None
    ahead = coast(segment.positions_m[0], segment.velocities_m_s[0], 240.0, 1)
    assert np.linalg.norm(ahead[0] - segment.positions_m[1]) < 3.0


def test_a_satellite_that_decays_has_no_ephemeris_beyond():
    falling = ElementSet(
        norad_cat_id=0, name="falling", object_id="", epoch_year=2026, epoch_day=165.0,
        mean_motion_rev_per_day=16.3, eccentricity=0.001, inclination_deg=51.6, raan_deg=10.0,
        argument_of_perigee_deg=0.0, mean_anomaly_deg=0.0, bstar=0.004,
    )  # fmt: skip
    with pytest.raises(PropagationError, match="falling: SGP4 stops"):
        ephemeris_from_elements(falling, EPOCH, 0.0, 5 * DAY_S)
