"""OEM and CPF files: what is written is read again, what is wrong is refused with its line."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import GCRS, ITRS, CartesianDifferential, CartesianRepresentation
from astropy.time import Time
from astropy.utils import iers
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tle.clock import split_mjd
from tle.errors import EphemerisError, TleError
from tle.frames import teme_to_earth_fixed
from tle.lines import parse_record
from tle.nodes import teme_positions_m
from tle.trajectory.cpf import international_designator, read_cpf
from tle.trajectory.cpf_text import format_cpf, ilrs_id
from tle.trajectory.ephemeris import Ephemeris, Segment
from tle.trajectory.ephemeris_nodes import ephemeris_tables
from tle.trajectory.inertial import states_to_earth_fixed
from tle.trajectory.interpolation import Interpolant
from tle.trajectory.oem import read_oem
from tle.trajectory.oem_text import format_oem
from tle.trajectory.sgp4_ephemeris import ephemeris_from_elements
from tle.trajectory.timestamps import parse_timestamp
from tle.trajectory.trajectories import read_trajectory

iers.conf.auto_download = False

EPOCH = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT_2017 = datetime(2017, 1, 1, tzinfo=UTC)
SPOQC = parse_record(
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
    name="SPOQC",
)
MICIUS = parse_record(
    "1 41731U 16051A   16354.56913372  .00000384  00000-0  18801-4 0  9991",
    "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164",
    name="MICIUS",
)

# Every record type of the format, two points; the numbers are ours.
CPF = """H1 CPF  2  TST 2026 11 23 11  327  1 qsat1      groundst
H2  2600101 9001    90001 2026 11 23 23 58 20 2026 11 24 00 00 00   100 1 1  0 0 0  1
H3     1     1     1     1     1     1     1     1     1
H4 0.0 0.0 0.0 0.0 0.0
H5 0.0510
00 Everything that a file may hold
H9
10 0 61367  86300.000000  0       1958595.958        806589.792      -6557019.445
20 0 1.5 -2.5 3.5
30 0 0.0 0.0 0.0 0.0
40 0.0
50 0 61367 86300.0 target 0.0 0.0 0.0
60 61367 86300.0 0.0 0.0 0.0 0.0
70 61367 86300 0.0 0.0 0.0
10 0 61368      0.000000  0       1858595.958        906589.792      -6557019.445
20 0 1.5 -2.5 3.5
99
"""

OEM = """CCSDS_OEM_VERS = 2.0
COMMENT a file with everything that the standard allows
CREATION_DATE = 2026-11-23T11:00:00
ORIGINATOR = TEST

META_START
COMMENT in the metadata too
OBJECT_NAME = QSAT 1
OBJECT_ID = 2026-001A
CENTER_NAME = EARTH
REF_FRAME = ITRF2020
TIME_SYSTEM = UTC
START_TIME = 2026-11-23T12:00:00
USEABLE_START_TIME = 2026-11-23T12:00:30Z
USEABLE_STOP_TIME = 2026-327T12:01:30.5
STOP_TIME = 2026-11-23T12:02:00.000
INTERPOLATION = LAGRANGE
INTERPOLATION_DEGREE = 9
META_STOP

COMMENT before the states
2026-11-23T12:00:00 1958.595958 806.589792 -6557.019445 1.0 -2.0 3.0
2026-11-23T12:01:00.000 +1958.6 806.6E0 -65.570e2 1.0 -2.0 3.0 0.0 0.0 0.0
2026-327T12:02:00 1958.7 806.7 -6557.1 1.0 -2.0 3.0

COVARIANCE_START
EPOCH = 2026-11-23T12:00:00
COV_REF_FRAME = RTN
1.0e-3
1.0e-4 1.0e-3
COVARIANCE_STOP
"""


def test_every_record_of_a_cpf_is_understood():
    ephemeris = read_cpf(CPF, "a.cpf")
    segment = ephemeris.segments[0]
    assert (ephemeris.name, ephemeris.norad_cat_id, ephemeris.object_id) == (
        "qsat1",
        90001,
        "2026-001A",
    )
    assert ephemeris.frame == "ITRF"
    # Across midnight the hundred seconds stay a hundred seconds.
    assert ephemeris.epoch == datetime(2026, 11, 23, 23, 58, 20, tzinfo=UTC)
    assert segment.times_s.tolist() == [0.0, 100.0]
    assert segment.positions_m[1].tolist() == [1858595.958, 906589.792, -6557019.445]
    assert segment.velocities_m_s is not None
    assert segment.velocities_m_s[0].tolist() == [1.5, -2.5, 3.5]


def test_a_cpf_of_version_1_is_read():
    """Version 1 has no sub-daily number and no location; this one has no SIC either."""
    text = CPF.replace("CPF  2", "CPF  1").replace("327  1 qsat1 ", " 8271 qsat1 ")
    text = text.replace(" 9001    90001", "         90001").replace("0 0 0  1", "0 0 0")
    ephemeris = read_cpf(text)
    assert (ephemeris.name, ephemeris.norad_cat_id) == ("qsat1", 90001)
    assert ephemeris.object_id == "2026-001A"


def test_numbers_that_touch_are_taken_apart():
    glued = CPF.replace(
        "1958595.958        806589.792      -6557019.445", "1958595.958-10806589.792-16557019.445"
    )
    assert read_cpf(glued).segments[0].positions_m[0].tolist() == [
        1958595.958,
        -10806589.792,
        -16557019.445,
    ]


def test_columns_may_be_squeezed_and_line_ends_be_foreign():
    squeezed = "\r\n".join(" ".join(line.split()) for line in CPF.split("\n"))
    ours, theirs = read_cpf(squeezed), read_cpf(CPF)
    assert np.array_equal(ours.segments[0].positions_m, theirs.segments[0].positions_m)


def test_everything_in_an_oem_is_understood():
    ephemeris = read_oem(OEM, "a.oem")
    segment = ephemeris.segments[0]
    assert (ephemeris.name, ephemeris.object_id, ephemeris.frame) == (
        "QSAT 1",
        "2026-001A",
        "ITRF2020",
    )
    assert ephemeris.epoch == EPOCH
    assert segment.times_s.tolist() == [0.0, 60.0, 120.0]
    assert segment.usable_s == (30.0, 90.5)
    assert segment.positions_m[1] == pytest.approx([1_958_600.0, 806_600.0, -6_557_000.0])
    assert segment.velocities_m_s is not None
    assert segment.velocities_m_s[2] == pytest.approx([1e3, -2e3, 3e3])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("H1 CPF  2", "H1 CPF  3", "a:1: H1 does not name CPF version 1 or 2"),
        ("H1 CPF", "XX CPF", "a:1: a CPF file starts with H1 CPF, not 'XX CPF"),
        ("1 1  0 0 0  1", "1 1  2 0 0  1", r"a:2: reference frame '2' \(mean of J2000\) is not"),
        ("1 1  0 0 0  1", "1 1  1 0 0  1", r"a:2: reference frame '1' \(true of date\) is not"),
        ("2026 11 23 23 58 20", "2026 11 23 23 58", "a:2: H2 has no start and end dates"),
        ("10 0 61367", "10 1 61367", r"a:8: direction flag '1' \(transmit\) is not read"),
        ("10 0 61367", "10 0 6136x", "a:8: day '6136x' is no whole number"),
        ("86300.000000", "86400.000000", "a:8: second of day is beyond the end of the day"),
        ("86300.000000  0", "86300.000000  1", "a:8: leap second flag is 1, but 0 leap seconds"),
        ("1958595.958", "1958595.9x8", "a:8: coordinate '1958595.9x8' is no number"),
        ("1958595.958", "nan", "a:8: coordinate 'nan' is no number"),
        ("1958595.958", "1e999", "a:8: coordinate 1e999 is out of range"),
        ("       806589.792      -6557019.445", "", "a:8: a position has 7 fields"),
        ("       806589.792      -6557019.445", " 1.0 1.0", "a:8: 1958.6 km from the Earth's"),
        ("20 0 1.5 -2.5 3.5\n30", "30", "a:8: this position has no velocity, others have one"),
        ("20 0 1.5 -2.5 3.5", "20 0 1.5 -2.5", "a:9: a velocity has 4 fields"),
        ("10 0 61368", "10 0 61367", "a:15: time does not go forward"),
        ("40 0.0", "41 0.0", "a:11: record type '41' is not known"),
        ("\n99\n", "\n", "a:17: no end record 99: the file is cut short"),
        ("\n99\n", "\n99\n10 0\n", "a:18: '10 0' follows the end record"),
    ],
)
def test_a_wrong_cpf_is_refused_with_line_and_reason(old, new, reason):
    assert old in CPF
    with pytest.raises(EphemerisError, match=reason):
        read_cpf(CPF.replace(old, new, 1), "a")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("VERS = 2.0", "VERS = 4.0", "b:1: an OEM starts with CCSDS_OEM_VERS = 2.0"),
        ("ORIGINATOR = TEST", "ORIGINATOR TEST", "b:4: expected KEY = value"),
        ("ORIGINATOR", "AUTHOR", "b:4: 'AUTHOR = TEST' does not belong into the header"),
        ("= EARTH", "= MARS BARYCENTER", "b:10: CENTER_NAME is 'MARS BARYCENTER'; only EARTH"),
        ("= ITRF2020", "= TDR", "b:11: REF_FRAME 'TDR' is not read; ITRF, TEME, EME2000"),
        ("= UTC", "= TDB", "b:12: TIME_SYSTEM 'TDB' is not read; UTC, TAI, GPS"),
        ("= UTC", "= UT1", "b:12: TIME_SYSTEM 'UT1' is not read"),
        ("TIME_SYSTEM = UTC", "FOO = UTC", "b:12: 'FOO' is no metadata of an OEM"),
        ("CENTER_NAME = EARTH\n", "", "b:18: metadata has no CENTER_NAME"),
        ("CENTER_NAME", "OBJECT_ID", "b:10: OBJECT_ID is given twice"),
        ("12:00:30Z", "12:60:30Z", "b:14: '2026-11-23T12:60:30Z' is not on the clock"),
        ("12:01:00.000", "12:00:00", "b:23: time does not go forward"),
        ("T12:01:00.000", "T12:01:60", "b:23: .* is no leap second that the IERS announced"),
        ("2026-327T12:02", "2026-399T12:02", "b:24: '2026-399T12:02:00' is not on the clock"),
        ("2026-11-23T12:01:00.000", "2026-13-23T12:01:00", "b:23: .* is not in the calendar"),
        ("2026-11-23T12:01:00.000", "9999-12-31T12:01:00", r"b:23: .* is outside 1957\.\.2099"),
        ("+1958.6", "+1958,6", "b:23: '.1958,6' is no number"),
        ("+1958.6", "1958600.0", "b:23: 1.95861e.06 km from the Earth's centre is no satellite's"),
        (" 0.0 0.0 0.0", " 0.0", "b:23: a state has an instant and 6 numbers, not 7"),
        ("COVARIANCE_STOP\n", "", "b:31: the text ends inside its covariance part"),
    ],
)
def test_a_wrong_oem_is_refused_with_line_and_reason(old, new, reason):
    assert old in OEM
    with pytest.raises(EphemerisError, match=reason):
        read_oem(OEM.replace(old, new, 1), "b")


def test_the_segments_of_an_oem_stay_apart():
    second = OEM[OEM.index("META_START") :].replace("T12:", "T13:")
    ephemeris = read_oem(OEM + second)
    assert [segment.usable_s for segment in ephemeris.segments] == [
        (30.0, 90.5),
        (3_630.0, 3_690.5),
    ]


def test_segments_that_speak_for_the_same_time_are_refused():
    second = OEM[OEM.index("META_START") :].replace("T12:01:30.5", "T12:01:31")
    with pytest.raises(EphemerisError, match=r"c: two segments overlap by 60\.5 s"):
        read_oem(OEM + second, "c")


def test_a_second_satellite_in_an_oem_is_refused():
    second = OEM[OEM.index("META_START") :].replace("T12:", "T13:").replace("001A", "001B")
    with pytest.raises(EphemerisError, match="c:35: OBJECT_ID is '2026-001B' after '2026-001A'"):
        read_oem(OEM + second, "c")


# GPS time led UTC by 18 s and TAI by 37 s in 2026; TT is TAI + 32.184 s.
@pytest.mark.parametrize(("system", "ahead_s"), [("TAI", 37.0), ("GPS", 18.0), ("TT", 69.184)])
def test_time_systems_are_brought_to_utc(system, ahead_s):
    ephemeris = read_oem(OEM.replace("= UTC", f"= {system}"))
    first = ephemeris.epoch + timedelta(seconds=float(ephemeris.segments[0].times_s[0]))
    assert (EPOCH - first).total_seconds() == pytest.approx(ahead_s, abs=1e-6)


def inertial_oem(frame, positions_m, velocities_m_s):
    head = OEM[: OEM.index("COMMENT before")].replace("ITRF2020", frame)
    return head + "".join(
        f"2026-11-23T12:{minute:02d}:00 "
        + " ".join(f"{value / 1e3:.9f}" for value in (*position, *velocity))
        + "\n"
        for minute, (position, velocity) in enumerate(zip(positions_m, velocities_m_s, strict=True))
    )


def test_a_celestial_frame_is_rotated_as_astropy_does():
    """IAU 2006/2000A; astropy applies the celestial pole offsets too (2 cm at LEO)."""
    generator = np.random.default_rng(5)
    position = generator.normal(size=(3, 3))
    position *= 6.9e6 / np.linalg.norm(position, axis=1)[:, None]
    velocity = generator.normal(size=(3, 3)) * 5e3
    # A day that the IERS has observed: astropy does not take its predictions for long.
    day, fraction = split_mjd(datetime(2026, 6, 14, 12, tzinfo=UTC), np.array([0.0, 60.0, 120.0]))
    instants = Time(day + 2_400_000.5, fraction, format="jd", scale="utc")
    state = CartesianRepresentation(
        position.T * u.m, differentials=CartesianDifferential(velocity.T * u.m / u.s)
    )
    theirs = GCRS(state, obstime=instants).transform_to(ITRS(obstime=instants)).cartesian
    for frame in ("GCRF", "ICRF"):
        text = inertial_oem(frame, position, velocity).replace("2026-11-23", "2026-06-14")
        ours = read_oem(text.replace("2026-327T", "2026-165T")).segments[0]
        assert np.abs(ours.positions_m - theirs.xyz.to_value(u.m).T).max() < 0.1
        speed = theirs.differentials["s"].d_xyz.to_value(u.m / u.s).T
        assert np.abs(ours.velocities_m_s - speed).max() < 1e-3


# The frame bias of the IERS Conventions (2010), section 5.4.4 and table 5.1: dalpha0 = -14.6,
# xi0 = -16.617, eta0 = -6.819 mas. Mean J2000 coordinates of the first two axes of the GCRF.
@pytest.mark.parametrize(
    ("celestial", "mean_mas"),
    [([1.0, 0.0, 0.0], [0.0, 14.6, -16.617]), ([0.0, 1.0, 0.0], [-14.6, 0.0, -6.819])],
)
def test_the_mean_equator_of_2000_is_off_the_celestial_frame_by_the_frame_bias(celestial, mean_mas):
    times, still = np.zeros(1), np.zeros((1, 3))
    one = 6.9e6 * np.array([celestial])
    two = 6.9e6 * (np.array([celestial]) + np.radians(np.array([mean_mas]) / 3_600e3))
    ours, _ = states_to_earth_fixed("GCRF", EPOCH, times, one, still)
    theirs, _ = states_to_earth_fixed("EME2000", EPOCH, times, two, still)
    # A hundredth of a milliarcsecond is 0.3 mm; with the sign turned it would be 1.5 m.
    assert np.abs(ours - theirs).max() < 1e-3


def test_an_oem_in_the_frame_of_sgp4_lies_on_the_earth_fixed_orbit():
    times = np.array([0.0, 60.0, 120.0])
    _, teme = teme_positions_m(SPOQC, EPOCH, times)
    _, ahead = teme_positions_m(SPOQC, EPOCH, times + 1.0)
    _, behind = teme_positions_m(SPOQC, EPOCH, times - 1.0)
    ours = read_oem(inertial_oem("TEME", teme, (ahead - behind) / 2.0)).segments[0]
    assert np.abs(ours.positions_m - teme_to_earth_fixed(EPOCH, times, teme)).max() < 1e-3
    # The difference over 2 s is off the derivative by 1.5 mm/s at LEO (n^2 v / 6).
    truth = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 120.0).segments[0].velocities_m_s
    assert ours.velocities_m_s is not None
    assert truth is not None
    assert np.abs(ours.velocities_m_s - truth).max() < 3e-3


def across_new_year_2017(system):
    """An OEM of Micius at steps of 60 atomic seconds over the leap second, in UTC or TAI."""
    atomic = 60.0 * np.arange(-30.0, 31.0) + 36.5  # TAI seconds from 0 h, half past a second of UTC
    utc = np.where(atomic < 37.0, atomic - 36.0, atomic - 37.0)
    _, teme = teme_positions_m(MICIUS, MIDNIGHT_2017, utc)
    fixed = teme_to_earth_fixed(MIDNIGHT_2017, utc, teme)
    lines = []
    for tai, position in zip(atomic, fixed / 1e3, strict=True):
        if system == "UTC" and 36.0 <= tai < 37.0:
            # Inside the leap second itself the label of no other second may be used.
            stamp = f"2016-12-31T23:59:{60.0 + tai - 36.0:04.1f}"
        else:
            offset = 0.0 if system == "TAI" else (36.0 if tai < 37.0 else 37.0)
            stamp = (MIDNIGHT_2017 + timedelta(seconds=tai - offset)).strftime(
                "%Y-%m-%dT%H:%M:%S.%f"
            )
        lines.append((stamp, position))
    # SGP4 cannot be asked inside the leap second: take the point from its neighbours.
    index = 30
    bare = np.delete(fixed, index, axis=0), np.delete(atomic, index)
    segment = Segment(bare[1], bare[0], None, (bare[1][0], bare[1][-1]))
    middle = Interpolant(segment, uses_velocities=False, error_m=0.0, worst_s=0.0)
    lines[index] = lines[index][0], middle.positions_m(atomic[index : index + 1])[0] / 1e3
    head = OEM[: OEM.index("COMMENT before")].replace("= UTC", f"= {system}")
    head = head.replace("2026-11-23T12:00:00", lines[0][0]).replace(
        "2026-11-23T12:02:00.000", lines[-1][0]
    )
    head = "\n".join(line for line in head.split("\n") if not line.startswith("USEABLE"))
    states = [f"{stamp} {x:.9f} {y:.9f} {z:.9f} 0 0 0" for stamp, (x, y, z) in lines]
    return head + "\n".join(states) + "\n"


@pytest.mark.parametrize("system", ["UTC", "TAI"])
def test_a_leap_second_inside_a_file_moves_no_satellite(system):
    """A second taken for none would put the satellite 7.6 km along its orbit."""
    ephemeris = read_oem(across_new_year_2017(system))
    before, after = ephemeris_tables(ephemeris, MIDNIGHT_2017, -1_700.0, 1_700.0)
    assert before.window_s == pytest.approx((-1_700.0, 0.0), abs=1e-6)
    assert after.window_s == pytest.approx((0.0, 1_700.0), abs=1e-6)
    for segment, times in zip(
        ephemeris.segments,
        (np.array([-1_500.0, -100.0, -1.0]), np.array([1.0, 100.0, 1_500.0])),
        strict=True,
    ):
        shift = (MIDNIGHT_2017 - ephemeris.epoch).total_seconds()
        ours = Interpolant(segment, uses_velocities=False, error_m=0.0, worst_s=0.0)
        truth = teme_to_earth_fixed(
            MIDNIGHT_2017, times, teme_positions_m(MICIUS, MIDNIGHT_2017, times)[1]
        )
        # dUT1 is interpolated from day to day, the file's rotation from minute to minute.
        assert np.abs(ours.positions_m(times + shift) - truth).max() < 0.01


def test_the_leap_second_flag_of_a_cpf_must_agree_with_the_iers():
    head = CPF[: CPF.index("10 0")]
    before = "10 0 57753  86390.000000  0 1958595.958 806589.792 -6557019.445\n"
    after = "10 0 57754     50.000000  1 1958595.958 906589.792 -6557019.445\n"
    ephemeris = read_cpf(head + before + after + "99\n")
    # 61 seconds lie between them; the span of each side ends at midnight.
    assert np.diff(ephemeris.segments[0].times_s).tolist() == [61.0]
    assert ephemeris.segments[0].usable_s == (0.0, 10.0)
    assert ephemeris.segments[1].usable_s == (10.0, 60.0)
    with pytest.raises(EphemerisError, match="leap second flag is 0, but 1 leap seconds have"):
        read_cpf(head + before + after.replace("  1 ", "  0 ") + "99\n")


def test_an_oem_is_written_without_the_seconds_that_utc_does_not_have():
    ephemeris = read_oem(across_new_year_2017("TAI"))
    again = read_oem(format_oem(ephemeris, created=EPOCH))
    assert [len(segment.times_s) for segment in again.segments] == [30, 30]
    for one, two in zip(ephemeris.segments, again.segments, strict=True):
        kept = np.isin(np.round(one.times_s, 3), np.round(two.times_s, 3))
        assert np.abs(one.positions_m[kept] - two.positions_m).max() < 1e-3


def test_a_cpf_cannot_say_two_segments():
    with pytest.raises(EphemerisError, match="this ephemeris has 2 segments"):
        format_cpf(read_oem(across_new_year_2017("UTC")), provider="TST", created=EPOCH)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"norad_cat_id": 123_456_789}, "catalogue number 123456789 has more than the eight"),
        ({"frame": "TEME"}, "no CPF is written in frame 'TEME'"),
        ({"object_id": "2026-001ZZ"}, "piece ZZ of 2026-001ZZ has more than two digits"),
    ],
)
def test_what_does_not_fit_a_cpf_is_refused(changed, reason):
    good = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 600.0)
    fields = {name: getattr(good, name) for name in Ephemeris.__dataclass_fields__}
    with pytest.raises(EphemerisError, match=reason):
        format_cpf(Ephemeris(**{**fields, **changed}), provider="TST", created=EPOCH)


def test_a_cpf_is_written_in_the_columns_of_the_manual():
    ephemeris = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 600.0)
    lines = format_cpf(ephemeris, provider="TST", created=EPOCH, sic=9001, notes="qkd").split("\n")
    assert lines[0] == "H1 CPF  2  TST 2026 11 23 12  327  1 spoqc      qkd"
    assert lines[1] == (
        "H2  2606708 9001    68423 2026 11 23 12 00 00 2026 11 23 12 10 00    60 1 0  0 0 0  1"
    )
    first = lines[3]
    assert first[:27] == "10 0 61367  43200.000000  0"
    # F17.3 each, after one blank: columns 29-45, 47-63, 65-81.
    assert (len(first), first[45], first[63]) == (81, " ", " ")
    assert (first[41], first[59], first[77]) == (".", ".", ".")


@given(st.integers(1957, 2056), st.integers(1, 999), st.integers(1, 99))
def test_designators_survive_the_form_of_the_ilrs(year, launch, piece):
    ilrs = f"{year % 100:02d}{launch:03d}{piece:02d}"
    designator = international_designator(ilrs)
    assert designator.startswith(f"{year}-{launch:03d}")
    assert ilrs_id(designator) == ilrs


@given(st.datetimes(datetime(1972, 7, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_instants_survive_their_text(instant):
    instant = instant.replace(tzinfo=UTC)
    mjd, second = parse_timestamp(instant.strftime("%Y-%m-%dT%H:%M:%S.%f"))
    same, later = parse_timestamp(instant.strftime("%Y-%jT%H:%M:%S.%fZ"))
    assert (mjd, second) == (same, later)
    back = datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=mjd, seconds=second)
    assert abs(back - instant) < timedelta(microseconds=2)


@st.composite
def ephemerides(draw):
    """Tables whose points need not lie on an orbit; formats do not care."""
    count = draw(st.integers(2, 6))
    step_s = draw(st.sampled_from([1.0, 0.5, 60.0, 240.0, 3_600.0]))
    start_us = draw(st.integers(0, 86_400_000_000))
    times = start_us / 1e6 + step_s * np.arange(count)
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    positions = generator.normal(size=(count, 3))
    positions *= generator.uniform(6.4e6, 9e8, count)[:, None] / np.linalg.norm(
        positions, axis=1, keepdims=True
    )
    segment = Segment(
        times, positions, generator.normal(size=(count, 3)) * 5e3, (times[0], times[-1])
    )
    return Ephemeris(
        name=draw(st.text("abcxyz0189", min_size=1, max_size=10)),
        norad_cat_id=draw(st.integers(0, 99_999_999)),
        object_id=f"{draw(st.integers(1957, 2056))}-{draw(st.integers(1, 999)):03d}A",
        frame="ITRF",
        source="made",
        epoch=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 360))),
        segments=(segment,),
    )


def assert_same_ephemeris(one, two, position_m, velocity_m_s):
    assert (one.name, one.norad_cat_id, one.object_id) == (
        two.name,
        two.norad_cat_id,
        two.object_id,
    )
    shift = (two.epoch - one.epoch).total_seconds()
    a, b = one.segments[0], two.segments[0]
    # A microsecond is what the texts resolve.
    assert np.abs(a.times_s - b.times_s - shift).max() < 2e-6
    assert np.abs(a.positions_m - b.positions_m).max() <= position_m
    assert np.abs(a.velocities_m_s - b.velocities_m_s).max() <= velocity_m_s


@settings(max_examples=80, deadline=None)
@given(ephemerides())
def test_an_oem_that_is_written_is_read_the_same(ephemeris):
    again = read_trajectory(format_oem(ephemeris, created=EPOCH))
    assert_same_ephemeris(ephemeris, again, 0.51e-3, 0.51e-6)
    assert again.frame == ephemeris.frame


@settings(max_examples=80, deadline=None)
@given(ephemerides())
def test_a_cpf_that_is_written_is_read_the_same(ephemeris):
    text = format_cpf(ephemeris, provider="TST", created=EPOCH, with_velocities=True)
    assert_same_ephemeris(ephemeris, read_trajectory(text), 0.51e-3, 0.51e-6)


def test_an_ephemeris_without_velocities_gets_them_in_an_oem():
    whole = ephemeris_from_elements(SPOQC, EPOCH, 0.0, 3_600.0)
    bare = read_cpf(format_cpf(whole, provider="TST", created=EPOCH))
    again = read_oem(format_oem(bare, created=EPOCH)).segments[0].velocities_m_s
    truth = whole.segments[0].velocities_m_s
    assert again is not None
    assert truth is not None
    # Positions rounded to a millimetre, differences over a minute, one-sided at the ends.
    assert np.abs(again - truth).max() < 2e-3


@pytest.mark.parametrize("text", ["", "   \n", "<?xml version='1.0'?><oem/>", "GP data has not"])
def test_what_is_no_trajectory_is_refused(text):
    with pytest.raises(EphemerisError, match="x:1: neither an OEM in KVN nor a CPF file"):
        read_trajectory(text, "x")


def refused_or_read(read, text):
    try:
        ephemeris = read(text)
    except TleError:
        return
    assert ephemeris.segments
    assert all(np.isfinite(segment.positions_m).all() for segment in ephemeris.segments)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_an_ephemeris_or_a_tle_error(text):
    for read in (read_oem, read_cpf, read_trajectory):
        refused_or_read(read, text)
    refused_or_read(read_oem, "CCSDS_OEM_VERS = 2.0\n" + text)
    refused_or_read(read_cpf, CPF[: CPF.index("10 0")] + text + "\n99")


_PIECES = st.sampled_from(
    [
        "",
        "-",
        "0",
        "9",
        "E9",
        "nan",
        "inf",
        "1_0",
        "\u0661",
        "\x00",
        "\n",
        " ",
        "\r",
        "=",
        "TAI",
        "EME2000",
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_damaged_file_gives_an_ephemeris_or_a_tle_error(data):
    """Pieces cut out, doubled and put in at random places of good files."""
    for read, text in ((read_oem, OEM), (read_cpf, CPF)):
        damaged = text
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(0, len(damaged)))
            length = data.draw(st.integers(0, 8))
            damaged = damaged[:start] + data.draw(_PIECES) + damaged[start + length :]
        refused_or_read(read, damaged)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(CPF) - 5))
def test_a_file_that_is_cut_short_is_never_taken_for_whole(length):
    with pytest.raises(EphemerisError):
        read_cpf(CPF[:length])


@given(st.integers(0, len(OEM) - 2))
def test_an_oem_cut_inside_its_metadata_or_a_state_is_refused(length):
    # An OEM has no end mark: cut after a whole state it cannot be told from a shorter file.
    cut = OEM[:length]
    assume(length < OEM.index("COMMENT before") or "COVARIANCE_START\n" in cut)
    with pytest.raises(EphemerisError):
        read_oem(cut)
