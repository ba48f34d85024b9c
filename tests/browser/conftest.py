"""A real browser and real pages: a night, a pass and a month as the commands write them.

The browser is Debian's Chromium, driven by Playwright; without either the tests are skipped and
say so. Nothing is downloaded.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = "/usr/bin/chromium"
LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")
# Only letters go: what is drawn in the text's colour stays.
WITHOUT_LETTERS = (
    "* { -webkit-text-fill-color: transparent !important; text-decoration: none !important;"
    " caret-color: transparent !important; text-shadow: none !important }"
    " svg text, svg tspan { visibility: hidden !important }"
)
# What `use` repeats is out of reach for scripts; drawn out, its text is looked at as well.
SPREAD_OUT = """
for (const use of document.querySelectorAll("svg use")) {
  const whole = document.getElementById(use.getAttribute("href").slice(1));
  if (whole && !use.closest("defs")) {
    const drawn = whole.cloneNode(true);
    drawn.removeAttribute("id");
    use.replaceWith(drawn);
  }
}
"""
TILE_PX = 4_000
# Of everything that has a title: quotes, markup, another script, no place to break.
ODD_TITLE = r"""title = 'Löwe "A" & <b>Sons</b>; 東京観測所 """ + "x" * 120 + "'"


@dataclass
class Seen:
    """A page as a browser shows it.

    Parameters
    ----------
    talk : errors and warnings of the console, exceptions of scripts
    requests : addresses that the page asked for beside itself
    look : what `look.js` found
    background : pixels without letters, shape (height, width, 3)
    """

    talk: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    look: dict[str, Any] = field(default_factory=dict)
    background: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 3)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def see(browser: Any) -> Callable[..., Seen]:
    """`see(path, width=1280, scheme="light", media="screen")` opens a page and looks at it."""

    def opened(path: Path, *, width: int, scheme: str, media: str = "screen") -> Seen:
        seen = Seen()
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        try:
            page = context.new_page()
            page.on("console", lambda said: seen.talk.append(f"{said.type}: {said.text}"))
            page.on("pageerror", lambda error: seen.talk.append(f"exception: {error}"))
            page.on("request", lambda asked: seen.requests.append(asked.url))
            page.emulate_media(media=media, color_scheme=scheme)
            address = path.resolve().as_uri()
            page.goto(address)
            page.wait_for_load_state("load")
            for folded in page.query_selector_all("details:not([open])"):
                folded.evaluate("fold => fold.open = true")
            page.evaluate(SPREAD_OUT)
            seen.look = page.evaluate(LOOK)
            page.add_style_tag(content=WITHOUT_LETTERS)
            seen.background = _pixels(page)
            # Pictures inside the file are no requests that leave it.
            seen.requests = [url for url in seen.requests if url != address and url[:5] != "data:"]
        finally:
            context.close()
        return seen

    return opened


def _pixels(page: Any) -> np.ndarray:
    """The whole page in tiles, for one picture may not be taller than a texture."""
    from PIL import Image

    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    tiles = []
    for top in range(0, int(height), TILE_PX):
        clip = {"x": 0, "y": top, "width": width, "height": min(TILE_PX, height - top)}
        data = page.screenshot(full_page=True, clip=clip)
        with Image.open(BytesIO(data)) as image:
            tiles.append(np.asarray(image.convert("RGB"), dtype=float))
    return np.concatenate(tiles)


@pytest.fixture(scope="session")
def spread_out() -> str:
    """A script that draws out in place what `use` repeats."""
    return SPREAD_OUT


def _run(*arguments: str) -> None:
    from groundstation.cli.failure import run
    from groundstation.cli.main import groundstation

    code = run(groundstation, arguments)
    assert code in {0, 3}, f"groundstation {' '.join(arguments)} ended with {code}"


@pytest.fixture(scope="session")
def pages(europe: Any, micius: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by name; pass and month are of a folder with a published night and two results."""
    from groundstation.report.night_page import render_night

    folder = tmp_path_factory.mktemp("pages")
    night = folder / "night.html"
    night.write_text(render_night(europe), encoding="utf-8")
    work = folder / "work"
    _run("init", str(work), "--example", "micius-2016")
    here = ("-C", str(work), "--offline", "--now", "2016-12-19T08:00Z")
    _run(*here, "nightly")
    first, second, *_ = sorted(micius.plan.contacts, key=lambda contact: contact.start)
    _run(*here, "result", "record", first.pass_id, "--sifted", "800000", "--errors", "9000",
         "--key-bits", "150000")  # fmt: skip
    _run(*here, "result", "record", second.pass_id, "--clouded-out")
    made = {"night": night}
    odd = tmp_path_factory.mktemp("odd")
    _run("init", str(odd), "--example", "micius-2016")
    network = odd / "groundstation.toml"
    text = network.read_text(encoding="utf-8")
    network.write_text(re.sub(r'(?m)^title = ".*"$', ODD_TITLE, text), encoding="utf-8")
    made["odd-night"] = folder / "odd-night.html"
    _run("-C", str(odd), "--offline", "report", "--out", str(made["odd-night"]))
    for name, subject in (("pass", first.pass_id), ("month", "2016-12")):
        made[name] = folder / f"{name}.html"
        _run(*here, "report", subject, "--out", str(made[name]))
    return made
