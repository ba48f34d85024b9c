"""Names of any script, any length, with any punctuation: page, JSON and drawings stay whole."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundstation.report.drawing.canvas import clean
from groundstation.report.figures.labels import LONGEST_LABEL
from groundstation.report.figures.network_map import network_map
from groundstation.report.night_page import render_night

# All that can be written, with what is dangerous in HTML, SVG, JSON, CSS and templates made likely.
AWKWARD = st.sampled_from(
    ["</script>", "<!--", "-->", "]]>", '"', "'", "&", "&amp;", "<", ">", "{{", "{%", "\\", "\x00",
     "\u2028", "\u202e", "\n", "\t", "望遠鏡", "Θεσσαλονίκη", "محطة", "\N{SATELLITE}", "x" * 300,
     "url(#a)", "var(--x)", "onload=alert(1)"]
)  # fmt: skip
NAMES = st.lists(
    st.one_of(
        AWKWARD,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    min_size=1,
    max_size=6,
).map("".join)
FUZZ = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LONG_FUZZ = settings(FUZZ, max_examples=50)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Nested(HTMLParser):
    """The tags and attributes of a page; fails where elements do not nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.handlers: list[str] = []
        self.scripts = 0
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag


@pytest.fixture(scope="module")
def small(night):
    """The night with one contact, few passes and no land to draw: quick to render many times."""
    contact = night.plan.contacts[0]
    mine = next(p for p in night.passes if p.pass_id == contact.pass_id)
    others = [p for p in night.passes if p.pass_id != contact.pass_id][:3]
    named = {p.pass_id for p in others}
    plan = replace(
        night.plan,
        contacts=(contact,),
        rejections=tuple(r for r in night.plan.rejections if r.pass_id in named),
    )
    return replace(night, plan=plan, passes=(mine, *others))


@pytest.fixture(scope="module")
def tags(small):
    return Nested(render_night(small)).names


@FUZZ
@given(name=NAMES)
def test_no_name_breaks_page_json_or_drawing(small, renamed, tags, name):
    assert_whole(small, renamed, tags, name)


@pytest.mark.slow
@LONG_FUZZ
@given(name=NAMES)
def test_no_name_of_many_breaks_page_json_or_drawing(small, renamed, tags, name):
    assert_whole(small, renamed, tags, name)


def assert_whole(small, renamed, tags, name):
    """The page of a night in which everything bears a name is what it is with any other."""
    text = render_night(renamed(small, name))
    found = Nested(text)
    assert found.names <= tags
    assert found.scripts == 1
    assert found.handlers == []
    block = re.search(r'id="night-data">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    numbers = json.loads(block.group(1))
    assert numbers["plan"]["contacts"][0]["satellite"].endswith(name)
    for drawing in re.findall(r"<svg viewBox.*?</svg>", text, flags=re.DOTALL):
        ET.fromstring(drawing)  # noqa: S314  our own text


@FUZZ
@given(name=NAMES)
def test_a_drawing_of_its_own_is_valid_xml_under_any_title(small, renamed, name):
    canvas = network_map(renamed(small, name))
    canvas.label = name
    root = ET.fromstring(canvas.standalone())  # noqa: S314  our own text
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert (title.text or "") == clean(name)
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(len(word) <= LONGEST_LABEL for word in words)


@FUZZ
@given(name=NAMES)
def test_a_title_is_shown_as_it_is_written(small, name):
    titled = replace(small, network=replace(small.network, title="Net " + name))
    text = render_night(titled)
    heading = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL)
    assert heading is not None
    assert unescape(heading.group(1)) == "Net " + name
