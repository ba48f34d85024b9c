"""Take the pictures of the pages that the docs show, with Debian's Chromium driven by Playwright.

python tools/take_screens.py [FOLDER]    default: docs/screens

The night is that of the example europe-2026; pass and month are of micius-2016 with two results.
Pictures keep 64 colours, so that each stays below 250 kB.
"""

import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

TARGET = Path(__file__).resolve().parent.parent / "docs" / "screens"
CHROMIUM = "/usr/bin/chromium"
COLOURS = 64
MOST_BYTES = 250_000
PASSES = ("micius-xinglong-20161219T1652", "micius-lijiang-20161219T1656")


class Screen(NamedTuple):
    """One picture: which page, how wide, how much of it, in which scheme."""

    page: str
    width: int
    height: int
    scheme: str

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.page}-{self.width}-{self.scheme}.png"


SCREENS = (
    Screen("night", 1280, 1700, "light"),
    Screen("night", 390, 1700, "dark"),
    Screen("pass", 1280, 1500, "light"),
    Screen("pass", 390, 1700, "light"),
    Screen("month", 1280, 1200, "dark"),
    Screen("month", 390, 1500, "light"),
)


def call(*arguments: str) -> None:
    """Run a groundstation command without its output; degraded is good enough for a picture."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = run(groundstation, arguments)
    if code not in {0, 3}:
        raise SystemExit(f"groundstation {' '.join(arguments)} ended with {code}")


def pages(folder: Path) -> dict[str, Path]:
    """The pages as the commands write them."""
    made = {name: folder / f"{name}.html" for name in ("night", "pass", "month")}
    call("--example", "europe-2026", "report", "--out", str(made["night"]))
    work = folder / "work"
    call("init", str(work), "--example", "micius-2016")
    here = ("-C", str(work), "--offline", "--now")
    call(*here, "2016-12-19T08:00Z", "nightly")
    after = (*here, "2016-12-20T08:00Z")
    call(*after, "result", "record", PASSES[0], "--sifted", "3100000", "--errors", "34000",
         "--key-bits", "452000")  # fmt: skip
    call(*after, "result", "record", PASSES[1], "--clouded-out")
    call(*after, "report", PASSES[0], "--out", str(made["pass"]))
    call(*after, "report", "2016-12", "--out", str(made["month"]))
    return made


def take(browser: Browser, screen: Screen, page_file: Path, target: Path) -> int:
    """Write one picture; its size in bytes."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        color_scheme="dark" if screen.scheme == "dark" else "light",
        offline=True,
    )
    page = context.new_page()
    page.goto(page_file.as_uri())
    data = page.screenshot()
    context.close()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


def main(folder: Path) -> None:
    """All pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        made = pages(Path(temporary))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for screen in SCREENS:
            size = take(browser, screen, made[screen.page], folder / screen.name)
            print(f"{screen.name}: {size / 1e3:.0f} kB")
            if size > MOST_BYTES:
                raise SystemExit(f"{screen.name} is larger than {MOST_BYTES / 1e3:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
