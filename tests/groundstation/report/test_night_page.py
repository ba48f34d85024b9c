"""The page of a night: everything in it, nothing from outside, the same every time."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from groundstation.instants import utc_text
from groundstation.report.night_page import render_night
from groundstation.report.wording import bits

VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"\' onload="alert(1)" x=\'',
    "<img src=x onerror=alert(1)>",
    '$\\frac{1}{0}$ #ff0000 url(#a) id="b" font-family: c;',
    "&lt; ]]> <!-- {{ 7 * 7 }} {% endfor %}",
    "望遠鏡 Θεσσαλία محطة \N{SATELLITE}",
    "very long " * 40,
)


class Page(HTMLParser):
    """Elements, ids, links and texts of a page; fails where elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.data = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in {"href", "src", "xlink:href"}]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self.data += data
        elif self._open and self._open[-1] != "style":
            self.words += data


@pytest.fixture(scope="module")
def html(night):
    return render_night(night)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture(scope="module")
def numbers(page):
    return json.loads(page.data)


def test_every_contact_has_its_section_its_bar_and_its_row(night, page):
    for number, contact in enumerate(night.plan.contacts, start=1):
        assert f"contact-{number}" in page.ids
        # One link from the timeline, one from the table of passes.
        assert page.links.count(f"#contact-{number}") == 2
        assert bits(contact.key_bits) in page.words


def test_every_reason_for_a_rejection_is_on_the_page(night, page):
    assert len(night.plan.rejections) > 15
    for rejection in night.plan.rejections:
        assert rejection.reason in page.words


def test_every_pass_has_a_row(night, html):
    table = html[html.index('<table class="fold why">') :]
    table = table[: table.index("</table>")]
    assert table.count("<tr") == 1 + len(night.passes)


def test_passes_in_daylight_fold_away_but_stay(night):
    noon = tuple(
        replace(p, aos=p.aos - (p.tca - night.start), los=p.los - (p.tca - night.start))
        if p.pass_id == night.passes[0].pass_id
        else p
        for p in night.passes
    )
    text = render_night(replace(night, passes=noon))
    assert text.startswith("<!DOCTYPE html>")
    folded = text[text.index("1 more pass in daylight") :]
    assert night.passes[0].refusal in folded[: folded.index("</details>")]


def test_every_pair_shows_what_it_wants_and_what_it_gets(night, page):
    sites = {site.name: site.title for site in night.network.sites}
    for delivery in night.plan.deliveries:
        assert f"{sites[delivery.a]} – {sites[delivery.b]}" in page.words
        assert bits(delivery.wanted_bits) in page.words
        assert bits(delivery.delivered_bits) in page.words


def test_the_way_of_a_key_is_told_in_words(page):
    assert "Wien → Graz Lustbühel (by fibre) → Heriot-Watt, Edinburgh (by SPOQC)" in page.words


def test_the_page_says_that_cloud_is_not_in_it(page, numbers):
    assert "of the weather nothing is known here" in page.words
    assert numbers["is_cloud_modelled"] is False


def test_provenance_names_elements_network_file_plan_and_libraries(night, page):
    for used in night.elements:
        assert used.digest in page.words
    assert night.network.digest in page.words
    assert night.plan.plan_id in page.words
    for name, version in night.libraries:
        assert f"{name} {version}" in page.words
    # 213.345 against a bound of 214.1: (214.1 - 213.345) / 214.1 = 0.353 %.
    assert re.search(r"Gap\s*0\.35\W%", page.words)


def test_the_json_holds_the_numbers_of_the_night(night, numbers):
    assert numbers["schema"] == "night/3"
    assert numbers["night"] == night.night
    assert [c["key_bits"] for c in numbers["plan"]["contacts"]] == [
        c.key_bits for c in night.plan.contacts
    ]
    assert [d["delivered_bits"] for d in numbers["plan"]["deliveries"]] == [
        d.delivered_bits for d in night.plan.deliveries
    ]
    listed = [
        dict(zip(numbers[kind]["columns"], row, strict=True))
        for kind in ("passes", "refused")
        for row in numbers[kind]["rows"]
    ]
    rows = {row["pass_id"]: row for row in listed}
    assert sorted(rows) == sorted(p.pass_id for p in night.passes)
    assert len(listed) == len(rows)
    refused = [p.pass_id for p in night.passes if p.refusal is not None]
    assert [row[0] for row in numbers["refused"]["rows"]] == refused
    for night_pass in night.passes:
        row = rows[night_pass.pass_id]
        assert row["tca_utc"] == utc_text(night_pass.tca)
        # One radian is 57.29577951308232 degrees.
        assert row["max_elevation_deg"] == pytest.approx(
            night_pass.max_elevation_rad * 57.29577951308232, rel=1e-8
        )
    told = {r["pass_id"]: r["reason"] for r in listed if r.get("decision") != "contact"}
    assert told == {r.pass_id: r.reason for r in night.plan.rejections}
    assert [s["station"] for s in numbers["stations"]] == [s.station for s in night.skies]


def test_the_headline_adds_up(night, numbers):
    head = numbers["headline"]
    assert head["key_clear_sky_bits"] == sum(c.key_bits for c in night.plan.contacts)
    # By hand: min(41 000, 368 640) + min(172 345, 172 000) + 0 of 368 640 + 172 000 + 150 000.
    assert head["fraction_of_demand_met"] == pytest.approx(213_000 / 690_640, rel=1e-8)
    assert (head["demands_met"], head["demands"]) == (1, 3)


def test_the_loss_of_a_contact_is_read_at_a_usable_second(night, numbers):
    passes = {p.pass_id: p for p in night.passes}
    assert len(numbers["links"]) == len(night.plan.contacts)
    for link in numbers["links"]:
        night_pass = passes[link["pass_id"]]
        total = night_pass.forecast.budget.total_db[night_pass.track.is_usable]
        assert link["lowest_loss_db"] == pytest.approx(total.min(), rel=1e-8)
        assert link["highest_loss_db"] == pytest.approx(total.max(), rel=1e-8)
        # The groups are the whole loss; each number has nine digits.
        assert sum(link["loss_at_lowest_db"].values()) == pytest.approx(total.min(), rel=1e-8)


def test_the_page_asks_for_nothing_outside_itself(html, page):
    assert "http" not in html.lower()
    assert all(link.startswith("#") for link in page.links)
    assert page.tags.count("script") == 1
    assert not re.search(r"@import|url\((?!#)|<link|<img|<iframe", html)


def test_ids_are_unique_and_every_link_has_a_target(html, page):
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    references = set(re.findall(r"url\(#([^)]+)\)", html))
    assert references
    assert references <= set(page.ids)


def test_every_figure_is_well_formed_and_has_words_beside_it(html):
    drawings = re.findall(r"<svg viewBox.*?</svg>", html, flags=re.DOTALL)
    # Map, waterfall, three pools; sky, loss and rates of six contacts.
    assert len(drawings) == 1 + 1 + 3 + 3 * 6
    for drawing in drawings:
        root = ET.fromstring(drawing)  # noqa: S314  our own text
        assert root.attrib["role"] == "img"
        assert len(root.attrib["aria-label"]) > 10
    assert html.count("<figcaption>") == html.count("<figure")


def test_figures_take_their_colours_from_the_page(html):
    for drawing in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        assert not re.search(r"#[0-9a-fA-F]{6}\b", drawing)
        assert "font-family" not in drawing


def test_the_same_night_gives_the_same_bytes(night, html):
    assert render_night(night) == html


def test_another_process_gives_the_same_bytes(html, tmp_path):
    # The order of sets of strings changes with the hash seed.
    factory = Path(__file__).with_name("conftest.py")
    program = (
        "import importlib.util, pathlib, sys\n"
        f"spec = importlib.util.spec_from_file_location('made_up', {str(factory)!r})\n"
        "made_up = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(made_up)\n"
        "from groundstation.report.night_page import render_night\n"
        "text = render_night(made_up._make_night())\n"
        "pathlib.Path(sys.argv[1]).write_text(text, encoding='utf-8')\n"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(root)}
    target = tmp_path / "night.html"
    subprocess.run([sys.executable, "-c", program, str(target)], check=True, env=environment)
    assert target.read_text(encoding="utf-8") == html


@pytest.mark.parametrize("ending", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_breaks_the_page(night, renamed, ending, page):
    # One contact is enough here: the others take the same way.
    few = replace(night, plan=replace(night.plan, contacts=night.plan.contacts[:1]))
    hostile = renamed(few, ending)
    found = Page(render_night(hostile))
    assert found.tags.count("script") == 1
    assert set(found.tags) <= set(page.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert len(found.ids) == len(set(found.ids))
    parsed = json.loads(found.data)
    assert parsed["plan"]["contacts"][0]["satellite"].endswith(ending)
    for text in ("Graz Lustbühel" + ending, "warning" + ending, "Europe 2026" + ending):
        assert text in found.words


def test_a_warning_stands_above_the_numbers(night, page):
    first = page.words.index("What to know first")
    headline = page.words.index("Key, clear sky")
    for sentence in (*night.warnings, *night.plan.remarks):
        assert first < page.words.index(sentence) < headline


def test_a_short_night_is_told_at_the_top(page):
    headline = page.words.index("Key, clear sky")
    assert page.words.index("Heriot-Watt, Edinburgh: never astronomically dark") < headline


def test_a_night_without_passes_says_so_at_the_top(empty_night):
    found = Page(render_night(empty_night))
    headline = found.words.index("Key, clear sky")
    assert found.words.index("no satellite rises above any station's horizon") < headline
    assert "No contact is planned in this night." in found.words
    assert "No key is relayed in this night." in found.words
    assert json.loads(found.data)["passes"] == {"columns": [], "rows": []}


def test_a_night_without_contacts_points_to_the_reasons(night):
    plan = replace(night.plan, contacts=(), relays=())
    found = Page(render_night(replace(night, plan=plan)))
    headline = found.words.index("Key, clear sky")
    assert found.words.index("no contact is planned in this night; the table") < headline


def test_a_night_without_fault_has_no_notice(night):
    skies = tuple(replace(sky, remark="") for sky in night.skies)
    calm = replace(night, warnings=(), skies=skies, plan=replace(night.plan, remarks=()))
    found = Page(render_night(calm))
    assert "What to know first" not in found.words
    assert "nothing is degraded" in found.words


def test_numbers_that_json_lacks_become_null(night):
    plan = replace(night.plan, bound=float("inf"), contacts=(), relays=())
    parsed = json.loads(Page(render_night(replace(night, plan=plan))).data)
    assert parsed["plan"]["bound_kbit"] is None
    assert parsed["plan_gap_fraction"] is None
