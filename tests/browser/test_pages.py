"""Every page in a real browser: nothing fetched, nothing cut off, everything can be read."""

import json
import re
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

# Web Content Accessibility Guidelines 2.1, 1.4.3 (AA) for small text; asked of all text here.
LEAST_CONTRAST = 4.5
# Of the ground behind a text that must be far enough from its ink: a line may cross it.
SHARE = 0.1
# A4 less margins of 1 cm, at 96 dots an inch.
PAPER_PX = 718
PAGES = ("night", "pass", "month", "odd-night")


def luminance(rgb):
    """Relative luminance of sRGB 0 to 255 (WCAG 2.1, definition of relative luminance)."""
    share = np.asarray(rgb, dtype=float) / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(ink, ground):
    """Contrast of one ink (red, green, blue, alpha) on grounds, shape (n, 3)."""
    shown = np.asarray(ink[:3]) * ink[3] + ground * (1.0 - ink[3])
    lighter = np.maximum(luminance(shown), luminance(ground))
    darker = np.minimum(luminance(shown), luminance(ground))
    return (lighter + 0.05) / (darker + 0.05)


def faint(seen):
    """Texts that stand out too little from what is behind them, with their contrast."""
    found: dict[tuple[str, float], str] = {}
    for text in seen.look["texts"]:
        box, ink = text["box"], text["ink"]
        assert ink is not None, f"no colour of {text}"
        ground = seen.background[
            int(box["top"]) : int(box["bottom"]) + 1, int(box["left"]) : int(box["right"]) + 1
        ].reshape(-1, 3)
        if not len(ground):
            continue
        if ink["halo"] is not None:
            halo = np.asarray(ink["halo"])
            ground = halo[:3] * halo[3] + ground * (1.0 - halo[3])
        least = float(np.quantile(contrast(ink["colour"], ground), SHARE))
        if least < LEAST_CONTRAST:
            found.setdefault((text["where"], round(least, 2)), text["text"])
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_quiet_and_legible(see, pages, name, width, scheme):
    seen = see(pages[name], width=width, scheme=scheme)
    assert len(seen.look["texts"]) > 50
    assert seen.talk == []
    assert seen.requests == []
    assert seen.look["wide"] == []
    assert seen.look["clipped"] == []
    assert seen.look["overlaps"] == []
    assert faint(seen) == {}


# Not the odd one: a word of 120 letters is wider than its column of the sheet and is cut there.
@pytest.mark.parametrize("name", [name for name in PAGES if name != "odd-night"])
def test_a_page_prints_dark_on_white_whatever_the_screen_shows(see, pages, name):
    seen = see(pages[name], width=PAPER_PX, scheme="dark", media="print")
    assert seen.background[:10].min() > 250.0
    assert seen.look["wide"] == []
    assert seen.look["clipped"] == []
    assert seen.look["overlaps"] == []
    assert faint(seen) == {}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_becomes_a_pdf_of_whole_sheets(browser, pages, name):
    page = browser.new_page()
    page.goto(pages[name].resolve().as_uri())
    data = page.pdf(format="A4", margin=dict.fromkeys(("left", "right", "top", "bottom"), "1cm"))
    page.close()
    sheets = re.findall(rb"/MediaBox ?\[0 0 ([0-9.]+) ([0-9.]+)\]", data)
    # 210 by 297 mm are 595 by 842 points; Chromium rounds up to its own dots.
    assert all(abs(float(w) - 595.3) < 2.0 and abs(float(h) - 841.9) < 2.0 for w, h in sheets)
    assert len(sheets) >= 1


def test_what_figures_share_is_drawn_as_if_it_stood_in_each(browser, pages, spread_out):
    """In what `use` repeats other rules hold than around it: letters went missing that way."""
    page = browser.new_page()
    page.goto(pages["pass"].resolve().as_uri())
    figure = page.query_selector("svg:has(> use)")
    shared = figure.screenshot()
    page.evaluate(spread_out)
    assert figure.query_selector("use") is None
    assert "N" in [text.text_content() for text in figure.query_selector_all("text")]
    assert figure.screenshot() == shared
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_numbers_of_a_page_are_in_it_for_machines(browser, pages, name):
    page = browser.new_page()
    page.goto(pages[name].resolve().as_uri())
    text = page.evaluate("document.querySelector('script[type=\"application/json\"]').textContent")
    page.close()
    document: dict[str, Any] = json.loads(text)
    assert document["schema"].partition("/")[0] == name.removeprefix("odd-")


def written(tmp_path, body):
    path = tmp_path / "page.html"
    path.write_text(
        '<!doctype html><html lang="en"><title>t</title><style>body { font: 16px sans-serif; '
        f"background: #fff; color: #000 }}</style><body>{body}</body></html>"
    )
    return path


SVG = '<svg width="200" height="60" style="color: #000"><rect width="200" height="60" fill="#fff"/>'
HALO = '<text x="5" y="30" stroke="#fff" stroke-width="3" paint-order="stroke">halo</text>'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<p style="width:60px;overflow:hidden;white-space:nowrap">much too long a line</p>',
         "clipped"),
        (f'{SVG}<text x="150" y="30">runs out of it</text></svg>', "clipped"),
        ('<p>one line</p><p style="margin-top:-34px">another line</p>', "overlaps"),
        (f'{SVG}<text x="5" y="30">one</text><text x="15" y="32">two</text></svg>', "overlaps"),
        ('<div style="width:3000px">wide</div>', "wide"),
        ('<p style="color:#888">grey</p>', "faint"),
        ('<p style="background:#666">on grey</p>', "faint"),
        ('<p style="opacity:0.4">washed out</p>', "faint"),
        (f'{SVG}<text x="5" y="30" fill="#999">grey</text></svg>', "faint"),
        (f'{SVG}<rect width="200" height="60" fill="#555"/><text x="5" y="30">dark</text></svg>',
         "faint"),
        ("<script>console.error('no')</script><p>text</p>", "talk"),
        ("<script>throw new Error('no')</script><p>text</p>", "talk"),
        ('<img src="https://example.org/a.png" alt="">', "requests"),
        ('<link rel="stylesheet" href="other.css"><p>text</p>', "requests"),
    ],
)  # fmt: skip
def test_what_must_not_be_is_noticed(see, tmp_path, body, kind):
    seen = see(written(tmp_path, body), width=1280, scheme="light")
    found = {
        **{key: seen.look[key] for key in ("clipped", "overlaps", "wide")},
        "faint": faint(seen),
        "talk": seen.talk,
        "requests": seen.requests,
    }
    assert found[kind]
    # A request that fails is also said on the console; else one fault is one kind.
    others = {key for key, value in found.items() if value} - {kind}
    assert others <= ({"talk"} if kind == "requests" else set())


@pytest.mark.parametrize(
    "body",
    [
        "<p>text</p><details><summary>more</summary><p>inside</p></details>",
        '<div style="width:90px;overflow-x:auto"><p style="width:300px">a line to scroll</p></div>',
        f'{SVG}<text x="5" y="30">inside</text></svg>',
        f'{SVG}<rect width="200" height="60" fill="#555"/>{HALO}</svg>',
        '<p style="position:absolute;width:1px;height:1px;overflow:hidden">for ears</p><p>b</p>',
    ],
)
def test_what_may_be_is_left_alone(see, tmp_path, body):
    seen = see(written(tmp_path, body), width=1280, scheme="light")
    assert seen.look["texts"]
    assert not any(seen.look[key] for key in ("clipped", "overlaps", "wide"))
    assert faint(seen) == {}
    assert (seen.talk, seen.requests) == ([], [])
