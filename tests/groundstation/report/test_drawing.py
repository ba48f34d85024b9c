"""Drawings as SVG: lines that look the same with fewer corners, text that is safe, pictures."""

import itertools
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.errors import UsageError
from groundstation.report.drawing.canvas import Canvas, clean, number
from groundstation.report.drawing.panel import Panel, round_ticks
from groundstation.report.drawing.picture import picture
from groundstation.report.drawing.simplify import simplified, unbroken
from groundstation.report.figures.palette import DARK

HOSTILE = 'Löwe "A" & <script>alert(1)</script> 東京 \x07\ud800'

points = st.lists(
    st.tuples(st.floats(-100.0, 100.0), st.floats(-100.0, 100.0)), min_size=2, max_size=40
).map(np.array)


def distance(point, line):
    """From a point to a line of corners."""
    best = np.inf
    for a, b in itertools.pairwise(line):
        along = b - a
        length2 = float(along @ along)
        share = 0.0 if length2 == 0.0 else float(np.clip((point - a) @ along / length2, 0.0, 1.0))
        best = min(best, float(np.hypot(*(point - a - share * along))))
    return best


@given(points, st.floats(0.0, 20.0))
def test_no_dropped_corner_is_farther_than_the_tolerance(line, tolerance):
    fewer = simplified(line, tolerance)
    assert np.array_equal(fewer[[0, -1]], line[[0, -1]])
    assert all(distance(point, fewer) <= tolerance + 1e-9 for point in line)


def test_a_straight_line_needs_its_ends_only():
    line = np.column_stack([np.linspace(0.0, 10.0, 101), np.linspace(0.0, 5.0, 101)])
    assert len(simplified(line, 1e-9)) == 2


def test_gaps_cut_a_line_and_lone_points_are_no_line():
    x = np.array([0.0, 1.0, np.nan, 2.0, np.nan, 3.0, 4.0])
    pieces = unbroken(np.column_stack([x, x]))
    assert [piece[:, 0].tolist() for piece in pieces] == [[0.0, 1.0], [3.0, 4.0]]


def test_numbers_are_tenths_of_a_point():
    assert [number(v) for v in (0.0, 1.04, 1.06, -2.5, 300.0)] == ["0", "10", "11", "-25", "3000"]


def test_hostile_text_stays_text():
    canvas = Canvas(100.0, 50.0, HOSTILE)
    canvas.text((10.0, 10.0), HOSTILE)
    root = ET.fromstring(canvas.standalone())  # noqa: S314  our own text
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [clean(HOSTILE)]
    assert "<script>" in texts[0]
    assert "<script>" not in canvas.inline(HOSTILE)


def test_a_file_of_its_own_has_the_colours_of_one_theme_and_no_variables():
    canvas = Canvas(100.0, 50.0)
    canvas.line(np.array([[0.0, 0.0], [10.0, 10.0]]), "taken", 2.0)
    text = canvas.standalone(DARK)
    assert "var(--" not in text
    assert DARK["taken"] in text


def test_a_shared_part_is_used_in_a_page_and_contained_in_a_file():
    canvas = Canvas(100.0, 50.0)
    canvas.shared("cross", lambda c: c.line(np.array([[0.0, 0.0], [5.0, 5.0]]), "axis", 1.0))
    assert canvas.inline("x").count("<path") == 0
    assert canvas.standalone().count('<g id="cross"><path') == 1


def test_values_stand_where_the_scales_say():
    panel = Panel(Canvas(200.0, 100.0), 50.0, 10.0, 100.0, 80.0, (0.0, 10.0), (-1.0, 1.0))
    assert panel.place(0.0, -1.0).tolist() == [50.0, 90.0]
    assert panel.place(10.0, 1.0).tolist() == [150.0, 10.0]
    assert panel.place(5.0, 0.0).tolist() == [100.0, 50.0]


@given(st.floats(1e-6, 1e9))
def test_ticks_are_round_start_at_zero_and_are_few(largest):
    ticks = round_ticks(largest)
    assert ticks[0] == 0.0
    assert 2 <= len(ticks) <= 6
    assert ticks[-1] <= largest * (1.0 + 1e-6)


def test_a_picture_is_a_png_of_150_dots_an_inch_or_an_svg():
    canvas = Canvas(144.0, 72.0)
    canvas.rectangle(0.0, 0.0, 144.0, 72.0, fill="taken")
    png = picture(canvas, ".png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (300, 150)
    assert picture(canvas, ".SVG").startswith(b"<?xml")
    with pytest.raises(UsageError, match="no picture is written"):
        picture(canvas, ".jpg")
