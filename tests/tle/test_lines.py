"""The strict reader and writer of two-line element sets."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import Satrec

from tle.columns import checksum, decode_catalogue_number, encode_catalogue_number
from tle.errors import ElementsError
from tle.lines import format_lines, parse_record, read_lines

# CelesTrak GP data of 2026-06-14 and, for Micius, the set of 2016-12-19 used by the published pass.
SPOQC = (
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)
MICIUS_PLUS_SIGNS = (
    "1 41731U 16051A   17006.68497257 +.00000740 +00000-0 +33450-4 0  9991",
    "2 41731 097.3698 285.9130 0014981 115.0762 332.3276 15.23943888021924",
)


def test_numbers_are_those_that_sgp4_reads():
    ours = parse_record(*SPOQC, name="SPOQC")
    theirs = Satrec.twoline2rv(*SPOQC)
    assert ours.norad_cat_id == theirs.satnum
    assert ours.object_id == "2026-067H"
    assert ours.epoch_day == theirs.epochdays
    assert ours.bstar == pytest.approx(theirs.bstar, rel=1e-15)
    assert ours.eccentricity == theirs.ecco
    assert ours.epoch.isoformat() == "2026-06-13T19:44:35.142144+00:00"


def test_leading_zeros_and_plus_signs_are_read():
    elements = parse_record(*MICIUS_PLUS_SIGNS)
    assert (elements.inclination_deg, elements.bstar) == (97.3698, 0.3345e-4)
    assert elements.revolution_number == 2192


def test_writing_what_was_read_gives_the_same_lines():
    assert format_lines(parse_record(*SPOQC)) == SPOQC


@pytest.mark.parametrize(
    ("line", "column", "replacement", "reason"),
    [
        (0, 68, "4", "checksum is '4' but its columns give 3"),
        (0, 24, "x", "is not a valid epoch day"),
        (1, 12, "O", "is not a valid inclination"),
        (1, 30, " ", "is not a valid eccentricity"),
        (0, 8, "7", "column 9 must be blank"),
        (1, 5, "9", "checksum"),
        # A blank or a letter inside a number counts 0, so that no checksum sees it.
        (0, 21, " ", "is not a valid epoch day"),
        (0, 5, "B", "is not a valid catalogue number"),
        (0, 37, " ", "is not a valid first derivative"),
    ],
)
def test_a_damaged_column_is_refused_with_its_place(line, column, replacement, reason):
    lines = list(SPOQC)
    lines[line] = lines[line][:column] + replacement + lines[line][column + 1 :]
    with pytest.raises(ElementsError, match=reason):
        parse_record(*lines)


def test_a_missing_second_line_is_named():
    elements, faults = read_lines(f"SPOQC\n{SPOQC[0]}\nSPEQTRE\n", "a.tle")
    assert elements == []
    assert str(faults[0]) == "a.tle:2: line 2 is missing after '1 68423U 26067H   26164.'"


def test_a_second_line_of_another_object_is_refused():
    other = "2 41731  97.3698 268.1064 0013349 175.8929 309.0190 15.23916091 19164"
    with pytest.raises(ElementsError, match="line 2 is of object 41731, line 1 of 68423"):
        parse_record(SPOQC[0], other)


# Found in public text: both checksums wrong, a line of 71 columns, blanks collapsed, glued lines.
@pytest.mark.parametrize(
    ("line1", "line2"),
    [
        (
            "1 41731U 16051A   24350.52843431  .00000969  00000-0  16238-3 0  9997",
            "2 41731  97.4024 252.3661 0008272  97.6698 262.5358 15.22855523463832",
        ),
        (
            "1 41731U 16051A   23363.09069254  .00007725  00000+0  23616-3 0  9992",
            "2 41731  99.0000  271.1908 0012471  113.5977 246.6577 15.24069756410432",
        ),
        (
            "1 53299U 22087A 23218.18316834 .00013476 00000-0 47310-3 0 9996",
            "2 53299 97.3648 292.2302 0012899 47.2670 312.9654",
        ),
        (SPOQC[0] + SPOQC[1], SPOQC[1]),
    ],
)
def test_sets_in_circulation_that_are_wrong_are_refused(line1, line2):
    with pytest.raises(ElementsError):
        parse_record(line1, line2)


def test_a_refusal_page_is_not_a_catalogue():
    page = "GP data has not updated since your last successful download"
    elements, faults = read_lines(page, "active.tle")
    assert elements == []
    assert "no element set in this text; it starts with 'GP data has not" in str(faults[0])


def test_good_records_survive_a_bad_neighbour():
    bad = (SPOQC[0][:-1] + "0", SPOQC[1])
    text = "\n".join(["SPOQC", *SPOQC, "BAD", *bad, "0 MICIUS", *MICIUS_PLUS_SIGNS])
    elements, faults = read_lines(text, "mixed.tle")
    assert [e.name for e in elements] == ["SPOQC", "MICIUS"]
    assert [fault.line for fault in faults] == [5]


def test_a_line_that_belongs_to_no_set_is_reported():
    text = "\n".join(["SPOQC", *SPOQC, "Data is updated once every 2 hours", "0 QUBE", "MICIUS"])
    elements, faults = read_lines(f"{text}\n" + "\n".join(MICIUS_PLUS_SIGNS), "cut.tle")
    assert [e.name for e in elements] == ["SPOQC", "MICIUS"]
    assert [(fault.line, fault.reason) for fault in faults] == [
        (4, "no line 1 follows 'Data is updated once every 2 hours'"),
        (5, "no line 1 follows 'QUBE'"),
    ]


def with_column(line, column, character):
    changed = line[: column - 1] + character + line[column:]
    return changed[:-1] + str(checksum(changed))


def test_a_set_for_another_theory_is_refused():
    """Ephemeris type 4 is SGP4-XP, which plain SGP4 misplaces by kilometres."""
    line1 = with_column(SPOQC[0], 63, "4")
    with pytest.raises(ElementsError, match="ephemeris type 4, which is not SGP4"):
        parse_record(line1, SPOQC[1])
    assert parse_record(with_column(SPOQC[0], 63, "2"), SPOQC[1]).bstar == 0.25403e-3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"norad_cat_id": 340_000}, "catalogue number 340000 does not fit .*339999"),
        ({"norad_cat_id": -1}, "catalogue number -1 does not fit"),
        ({"eccentricity": -1e-7}, "eccentricity -1e-07 does not fit .*limits 0.0"),
        ({"eccentricity": 0.999_999_96}, "eccentricity 0.99999996 does not fit"),
        ({"eccentricity": float("nan")}, "eccentricity nan does not fit"),
        ({"epoch_year": 1956}, "epoch year 1956 does not fit .*1957 and 2056"),
        ({"epoch_year": 2057}, "epoch year 2057 does not fit"),
        ({"epoch_year": 2056, "epoch_day": 366.999_999_999_9}, "epoch year 2057 does not fit"),
        ({"revolution_number": 100_000}, "revolution number 100000 does not fit .*99999"),
        ({"element_set_number": 10_000}, "element set number 10000 does not fit"),
        ({"bstar": 1e9}, "BSTAR 1000000000.0 does not fit"),
        ({"mean_motion_dot": -1.0}, "first derivative of mean motion -1.0 does not fit"),
        ({"mean_motion_rev_per_day": 100.0}, "mean motion 100.0 does not fit"),
        ({"classification": "SECRET"}, "classification 'SECRET' does not fit"),
        ({"object_id": "OBJECT A"}, "OBJECT_ID 'OBJECT A' does not fit"),
        ({"object_id": "2156-001A"}, "OBJECT_ID '2156-001A' does not fit"),
    ],
)
def test_what_two_lines_cannot_hold_is_an_error(change, reason):
    with pytest.raises(ElementsError, match=reason):
        format_lines(replace(parse_record(*SPOQC), **change))


def test_the_last_instant_of_a_year_is_written_in_the_next():
    late = replace(parse_record(*SPOQC), epoch_year=2025, epoch_day=365.999_999_999)
    line1, _ = format_lines(late)
    assert line1[18:32] == "26001.00000000"


# Half of the last column, and values whose nearest double lies below a tie in decimals.
@pytest.mark.parametrize(
    ("change", "columns", "written"),
    [
        ({"eccentricity": 0.002_251_25}, slice(26, 33), "0022513"),
        ({"inclination_deg": 97.450_25}, slice(8, 16), " 97.4503"),
        ({"raan_deg": -12.3}, slice(17, 25), "347.7000"),
        ({"mean_anomaly_deg": 359.999_96}, slice(43, 51), "  0.0000"),
        ({"mean_motion_rev_per_day": 1.000_000_005}, slice(52, 63), " 1.00000001"),
    ],
)
def test_numbers_are_rounded_half_up_as_decimals(change, columns, written):
    assert format_lines(replace(parse_record(*SPOQC), **change))[1][columns] == written


@pytest.mark.parametrize(
    ("bstar", "written"),
    [
        (1.2345, " 12345+1"),
        (-7.051_74e-6, "-70517-5"),
        (9.999_96e-5, " 10000-3"),
        (1e-11, " 01000-9"),
        (1e-16, " 00000+0"),
    ],
)
def test_drag_terms_have_five_digits_and_an_exponent(bstar, written):
    line1, line2 = format_lines(replace(parse_record(*SPOQC), bstar=bstar))
    assert line1[53:61] == written
    assert parse_record(line1, line2).bstar == pytest.approx(bstar, rel=1e-5, abs=1e-14)


@given(st.integers(0, 339_999))
def test_alpha_5_numbers_survive_a_round_trip(number):
    assert decode_catalogue_number(encode_catalogue_number(number)) == number


def test_a_number_beyond_alpha_5_does_not_fit():
    with pytest.raises(ElementsError, match="catalogue number 340000 does not fit"):
        encode_catalogue_number(340_000)


@settings(max_examples=300)
@given(st.sampled_from([0, 1]), st.integers(0, 67), st.sampled_from("0123456789"))
def test_no_corrupted_digit_passes_the_checksum(line, column, digit):
    """A checksum modulo 10 sees every single changed digit."""
    lines = list(SPOQC)
    if not lines[line][column].isdigit() or lines[line][column] == digit:
        return
    lines[line] = lines[line][:column] + digit + lines[line][column + 1 :]
    assert str(checksum(lines[line])) != lines[line][-1]
    with pytest.raises(ElementsError):
        parse_record(*lines)


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_but_never_breaks_the_reader(text):
    elements, faults = read_lines(text, "fuzz")
    assert elements or faults
