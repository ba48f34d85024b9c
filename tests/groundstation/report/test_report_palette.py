"""Colours of the reports: readable in light and dark, and told apart without hue."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from groundstation.report.drawing.canvas import TEXT_COLOURS
from groundstation.report.figures import palette
from groundstation.report.figures.palette import COLOURS, DARK, LIGHT
from passes.link.budget import TermGroup

THEMES = {"light": LIGHT, "dark": DARK}

# Every pair of text and ground in the page and its figures.
TEXT = [
    *[
        (text, ground)
        for text in (
            "ink",
            "soft",
            "link",
            "taken",
            "moon",
            "keyhole",
            "fibre",
            "relay",
            "sifted",
            "qber",
            "cloud",
        )
        for ground in ("paper", "card")
    ],
    ("notice-ink", "notice"),
    ("paper", "taken"),
    *[("ink", ground) for ground in ("day", "dusk", "nautical", "night", "sea", "land")],
]
# Lines and bars that carry meaning, on what they stand on.
SHAPES = [
    *[
        (shape, "card")
        for shape in ("sifted", "qber", "taken", "track", "axis", "cloud", "keyhole", "good")
    ],
    *[(shape, "paper") for shape in ("sifted", "pass", "cloud")],
    *[("pass", ground) for ground in ("day", "dusk", "nautical", "night")],
    *[
        (shape, ground)
        for shape in ("link", "fibre", "relay", "taken")
        for ground in ("sea", "land")
    ],
    *[(bar, "paper") for bar in ("good", "taken")],
]


def luminance(colour):
    """WCAG 2.2, definition of relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2, definition of contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_formula_gives_the_known_ends():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    # The lightest grey that passes AA on white, often quoted as 4.54.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", THEMES)
def test_text_has_the_contrast_of_wcag_aa(theme):
    # WCAG 2.2 success criterion 1.4.3: 4.5 for text.
    colours = THEMES[theme]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    assert {pair: round(c, 2) for pair, c in weak.items() if c < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_shapes_have_the_contrast_of_wcag_aa(theme):
    # WCAG 2.2 success criterion 1.4.11: 3 for graphical objects.
    colours = THEMES[theme]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in SHAPES}
    assert {pair: round(c, 2) for pair, c in weak.items() if c < 3.0} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_neighbours_in_the_stack_of_losses_differ_in_lightness(theme):
    # Lightness is what every kind of colour vision keeps. A quarter is seen along a common edge,
    # which is drawn as a line besides; the legend follows the order of the stack.
    groups = [THEMES[theme][group.value] for group in TermGroup]
    steps = [contrast(a, b) for a, b in pairwise(groups)]
    assert min(steps) >= 1.25


def test_every_colour_that_text_takes_is_among_the_pairs():
    templates = Path(palette.__file__).parents[1] / "templates"
    style = "".join(path.read_text("utf-8") for path in templates.glob("*.css"))
    written = set(re.findall(r"(?<![\w-])color:var\(--([\w-]+)\)", style)) | set(TEXT_COLOURS)
    assert {"ink", "soft", "notice-ink", "sifted"} <= written
    assert written <= {text for text, _ in TEXT}


def test_print_has_the_colours_of_the_light_theme():
    template = (Path(palette.__file__).parents[1] / "templates/report.typ").read_text("utf-8")
    assert set(re.findall(r"#[0-9a-f]{6}", template)) <= set(LIGHT.values())


def test_every_light_colour_stands_for_one_name():
    assert len(set(LIGHT.values())) == len(COLOURS)
