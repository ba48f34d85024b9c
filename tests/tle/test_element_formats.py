"""Round trips of every format, and readers that no input can break."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import Satrec

from tle.elements import ElementFormat, ElementSet
from tle.errors import ElementsError
from tle.formats import format_of, read_elements, write_elements
from tle.lines import format_lines, parse_record
from tle.omm.epoch import epoch_from_text, epoch_to_text
from tle.omm.record import KEYWORDS, NUMBERS, elements_from_fields, fields_from_elements

CREATED = datetime(2026, 6, 14, 12, tzinfo=UTC)
OMM_FORMATS = [form for form in ElementFormat if form is not ElementFormat.TLE]
SPOQC = (
    "1 68423U 26067H   26164.82262896  .00005222  00000+0  25403-3 0  9993",
    "2 68423  97.4502 123.3490 0001287  82.1730 277.9650 15.18831130 11439",
)


def printable(characters):
    return (
        st.text(characters, max_size=24).map(lambda t: " ".join(t.split())).filter(str.isprintable)
    )


NAMES = printable(st.characters(codec="utf-8")).filter(lambda name: name.upper() != "UNKNOWN")
DESIGNATORS = st.one_of(
    st.just(""), st.from_regex(r"20[0-4][0-9]-[0-9]{3}[A-Z]{1,3}", fullmatch=True)
)


@st.composite
def decimals(draw, low, high, places):
    """A decimal in one of the ways in which providers write it."""
    text = format(draw(st.decimals(low, high, places=places)), "f")
    style = draw(st.sampled_from(["plain", "no zero", "plus", "exponent", "zeros"]))
    if style == "no zero":
        return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    if style == "plus" and not text.startswith("-"):
        return f"+{text}"
    if style == "exponent":
        return f"{Decimal(text).scaleb(4)}E-4" if "E" not in str(Decimal(text).scaleb(4)) else text
    return f"{text}000" if style == "zeros" and "." in text else text


@st.composite
def records(draw):
    """The keywords of an OMM as text."""
    epoch = draw(st.datetimes(datetime(1958, 1, 1), datetime(2055, 12, 31)))  # noqa: DTZ001
    form = draw(
        st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%Y-%jT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S"])
    )
    return {
        "OBJECT_NAME": draw(NAMES),
        "OBJECT_ID": draw(DESIGNATORS),
        "EPOCH": epoch.strftime(form),
        "MEAN_MOTION": draw(decimals("0.1", "17", 10)),
        "ECCENTRICITY": draw(decimals("0", "0.999", 9)),
        "INCLINATION": draw(decimals("0", "180", 5)),
        "RA_OF_ASC_NODE": draw(decimals("-360", "360", 5)),
        "ARG_OF_PERICENTER": draw(decimals("0", "360", 4)),
        "MEAN_ANOMALY": draw(decimals("0", "360", 4)),
        "CLASSIFICATION_TYPE": draw(st.sampled_from(["U", "C", "S"])),
        "NORAD_CAT_ID": str(draw(st.integers(0, 999_999_999))),
        "ELEMENT_SET_NO": str(draw(st.integers(0, 9_999))),
        "REV_AT_EPOCH": str(draw(st.integers(0, 200_000))),
        "BSTAR": draw(decimals("-1", "1", 12)),
        "MEAN_MOTION_DOT": draw(decimals("-0.5", "0.5", 10)),
        "MEAN_MOTION_DDOT": draw(decimals("-0.001", "0.001", 14)),
    }


def decimal_fields(elements):
    fields = fields_from_elements(elements)
    return {key: Decimal(fields[key]) for key, *_ in NUMBERS} | {"EPOCH": fields["EPOCH"]}


def bare(elements):
    """Without what a format changes: its own text and mark."""
    return replace(elements, text="", format=ElementFormat.TLE, source="")


@settings(max_examples=150, deadline=None)
@given(records(), st.sampled_from(OMM_FORMATS))
def test_an_omm_survives_every_format_with_every_decimal(fields, form):
    """Exact as decimals, which is more than equal as doubles."""
    elements = elements_from_fields(fields, source="drawn", form=form)
    written = write_elements([elements], form, CREATED)
    assert format_of(written) is form
    (again,), faults = read_elements(written.encode(), "written")
    assert faults == []
    named = form in {ElementFormat.OMM_JSON, ElementFormat.OMM_CSV} or elements.name
    assert bare(again) == bare(elements if named else replace(elements, name="UNKNOWN"))
    assert decimal_fields(again) == decimal_fields(elements)
    assert {k: v for k, v in decimal_fields(again).items() if k != "EPOCH"} == {
        key: Decimal(fields[key]) for key, *_ in NUMBERS
    }
    assert fields_from_elements(again)["EPOCH"] == fields["EPOCH"]


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), max_size=4), st.sampled_from(OMM_FORMATS))
def test_a_file_holds_as_many_sets_as_were_written(drawn, form):
    sets = [elements_from_fields(fields, source="drawn", form=form) for fields in drawn]
    elements, faults = read_elements(write_elements(sets, form, CREATED), "written")
    assert [e.norad_cat_id for e in elements] == [e.norad_cat_id for e in sets]
    assert bool(faults) is (not sets)


@st.composite
def two_line_sets(draw):
    """Element sets whose numbers have the digits of a TLE."""

    def digits(low, high, places):
        return float(draw(st.decimals(low, high, places=places)))

    mantissa, power = draw(st.integers(10_000, 99_999)), draw(st.integers(-9, 0))
    return ElementSet(
        norad_cat_id=draw(st.integers(0, 339_999)),
        name=draw(NAMES),
        object_id=draw(DESIGNATORS),
        epoch_year=draw(st.integers(1957, 2056)),
        epoch_day=digits("1", "365.99999999", 8),
        mean_motion_rev_per_day=digits("0.1", "17", 8),
        eccentricity=digits("0", "0.9999999", 7),
        inclination_deg=digits("0", "180", 4),
        raan_deg=digits("0", "359.9999", 4),
        argument_of_perigee_deg=digits("0", "359.9999", 4),
        mean_anomaly_deg=digits("0", "359.9999", 4),
        bstar=float(f"{draw(st.sampled_from('-+'))}0.{mantissa}e{power}"),
        mean_motion_dot=digits("-0.99999999", "0.99999999", 8),
        mean_motion_ddot=draw(st.sampled_from([0.0, 0.49935e-4, -0.10001e-9])),
        element_set_number=draw(st.integers(0, 9_999)),
        revolution_number=draw(st.integers(0, 99_999)),
        classification=draw(st.sampled_from(["U", "C", "S"])),
    )


@settings(max_examples=200, deadline=None)
@given(two_line_sets())
def test_two_lines_survive_writing_and_reading(elements):
    written = write_elements([elements], ElementFormat.TLE, CREATED)
    (again,), faults = read_elements(written, "written")
    assert faults == []
    assert bare(again) == elements
    assert write_elements([again], ElementFormat.TLE, CREATED) == written


@settings(max_examples=100, deadline=None)
@given(two_line_sets(), st.sampled_from(OMM_FORMATS))
def test_a_tle_as_omm_and_back_is_the_same_tle(elements, form):
    tle = parse_record(*format_lines(elements), name=elements.name or "X")
    (middle,), _ = read_elements(write_elements([tle], form, CREATED), "omm")
    assert bare(middle) == bare(tle)
    assert "\n".join(format_lines(middle)) + "\n" == tle.text


@settings(max_examples=100, deadline=None)
@given(two_line_sets())
def test_sgp4_reads_our_lines_as_we_meant_them(elements):
    theirs = Satrec.twoline2rv(*format_lines(elements))
    assert theirs.satnum == elements.norad_cat_id
    assert theirs.ecco == elements.eccentricity
    assert theirs.bstar == pytest.approx(elements.bstar, rel=1e-14)
    # To sgp4's own radians and minutes and back: a few roundings.
    assert theirs.no_kozai * 229.1831180523293 == pytest.approx(
        elements.mean_motion_rev_per_day, rel=1e-13
    )
    assert (theirs.elnum, theirs.revnum) == (
        elements.element_set_number,
        elements.revolution_number,
    )
    assert theirs.epochdays == elements.epoch_day


def test_a_number_that_was_changed_is_not_written_with_its_old_digits():
    omm = elements_from_fields(
        fields_from_elements(parse_record(*SPOQC)), source="", form=ElementFormat.OMM_CSV
    )
    changed = replace(omm, bstar=1e-4, epoch_day=165.5, norad_cat_id=7)
    fields = fields_from_elements(changed)
    assert fields["BSTAR"] == "0.0001"
    assert fields["EPOCH"] == "2026-06-14T12:00:00.000000"
    assert fields["NORAD_CAT_ID"] == "7"
    assert fields["MEAN_MOTION"] == "15.1883113"


def test_a_name_that_looks_like_a_line_is_not_taken_for_one():
    names = ("1 SPOQC", "2 SPOQC", "0 SPOQC", "#1", "{", "[]", "<omm>", "A=B", "EPOCH,BSTAR")
    for name in names:
        elements = parse_record(*SPOQC, name=name)
        again, faults = read_elements(write_elements([elements], ElementFormat.TLE, CREATED))
        assert (again[0].name, faults) == (name, [])


def test_a_number_of_nine_digits_is_refused_for_a_tle_and_written_as_omm():
    elements = replace(parse_record(*SPOQC), norad_cat_id=799_500_123, text="")
    with pytest.raises(ElementsError, match="catalogue number 799500123 does not fit"):
        write_elements([elements], ElementFormat.TLE, CREATED)
    for form in OMM_FORMATS:
        assert "799500123" in write_elements([elements], form, CREATED)


@settings(max_examples=300)
@given(st.integers(1957, 2199), st.floats(1.0, 366.0, exclude_max=True))
def test_an_epoch_survives_its_text_within_half_a_nanosecond(year, day):
    again_year, again = epoch_from_text(epoch_to_text(year, day))
    assert again_year == year
    # Nine decimals, then the nearest double.
    assert abs(again - day) <= 0.5e-9 / 86_400.0 + math.ulp(day)


@settings(max_examples=200)
@given(st.integers(1, 365), st.integers(0, 99_999_999))
def test_the_epoch_of_a_tle_is_exact_in_six_decimals_of_a_second(day, fraction):
    """1e-8 day is 864 microseconds."""
    text = epoch_to_text(2026, float(f"{day}.{fraction:08d}"))
    clock, _, microseconds = text[11:].partition(".")
    hours, minutes, seconds = map(int, clock.split(":"))
    total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int(microseconds)
    assert (len(microseconds), total) == (6, fraction * 864)


def documents():
    elements = parse_record(*SPOQC, name="SPOQC")
    return [write_elements([elements, elements], form, CREATED).encode() for form in ElementFormat]


@st.composite
def damaged(draw):
    """A file of any format with some of its bytes removed, doubled or replaced."""
    content = draw(st.sampled_from(documents()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = draw(st.integers(start, min(len(content), start + 40)))
        filling = draw(
            st.one_of(
                st.binary(max_size=12),
                st.just(content[start:stop] * 2),
                st.sampled_from(
                    [b"", b'"', b"\\", b"\n", b"<", b"]]>", b"[", b"NaN", b"\xff", b"="]
                ),
            )
        )
        content = content[:start] + filling + content[stop:]
    return content


def check_reading(content):
    elements, faults = read_elements(content, "fuzz")
    assert elements or faults
    for found in elements:
        assert 0.0 <= found.eccentricity < 1.0
        assert set(fields_from_elements(found)) == set(KEYWORDS)
    for form in OMM_FORMATS:
        again, wrong = read_elements(write_elements(elements, form, CREATED), "again")
        assert len(again) == len(elements)
        assert bool(wrong) is (not elements)


@settings(max_examples=80, deadline=None)
@given(damaged())
def test_a_damaged_file_gives_elements_or_faults(content):
    check_reading(content)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(damaged())
def test_a_thousand_damaged_files_give_elements_or_faults(content):
    check_reading(content)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(st.characters(), max_size=300)))
def test_any_bytes_and_any_text_give_elements_or_faults(content):
    check_reading(content)
