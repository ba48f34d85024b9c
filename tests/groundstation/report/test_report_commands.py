"""`report` and `plot` on the command line: what each subject writes, and what is refused."""

import json
import re
import struct

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

PASS = "micius-xinglong-20161219T1652"
MICIUS = ["--example", "micius-2016", "--now", "2016-12-19T10:00Z"]


def test_a_pass_id_writes_the_report_of_that_pass(tmp_path, capfd):
    target = tmp_path / "pass.html"
    assert run(groundstation, [*MICIUS, "report", PASS, "-o", str(target)]) == 0
    assert capfd.readouterr().out == f"report: {target}\n"
    page = target.read_text(encoding="utf-8")
    found = re.search(r'id="pass-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    assert json.loads(found.group(1))["pass"]["pass_id"] == PASS
    assert "No plan is published for this night" in page


def test_a_pdf_comes_beside_the_page_or_alone(tmp_path, capfd):
    pytest.importorskip("typst", reason="the extra [pdf]")
    both, alone = tmp_path / "both.html", tmp_path / "alone.pdf"
    assert run(groundstation, [*MICIUS, "report", PASS, "--pdf", "-o", str(both)]) == 0
    assert run(groundstation, [*MICIUS, "report", PASS, "-o", str(alone)]) == 0
    capfd.readouterr()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["alone.pdf", "both.html", "both.pdf"]
    assert alone.read_bytes() == both.with_suffix(".pdf").read_bytes()
    assert alone.read_bytes().startswith(b"%PDF-")


def test_a_month_without_state_says_that_nothing_was_planned(tmp_path, capfd):
    target = tmp_path / "month.html"
    assert run(groundstation, [*MICIUS, "report", "2016-12", "-o", str(target)]) == 0
    capfd.readouterr()
    assert "31 of 31 nights have no published plan on record" in target.read_text("utf-8")


def test_a_mistyped_pass_is_refused_with_the_nearest(tmp_path, capfd):
    target = tmp_path / "x.html"
    wrong = PASS.replace("xinglong", "xinglnog")
    assert run(groundstation, [*MICIUS, "report", wrong, "-o", str(target)]) == 2
    assert "did you mean 'micius-xinglong'" in capfd.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("figure", ["sky", "link", "loss", "rate", "pulses"])
def test_every_figure_of_a_pass_can_be_drawn_alone(figure, tmp_path, capfd):
    target = tmp_path / "x.svg"
    assert run(groundstation, [*MICIUS, "plot", figure, PASS, "-o", str(target)]) == 0
    capfd.readouterr()
    drawn = target.read_text("utf-8")
    assert drawn.startswith("<?xml")
    # Standing alone it holds what it shares with others, and its own colours.
    assert "var(--" not in drawn
    used = set(re.findall(r'<use href="#([^"]+)"', drawn))
    assert used <= set(re.findall(r'<g id="([^"]+)"', drawn))


@pytest.mark.parametrize(
    "figure",
    [
        "timeline",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("map", "pools", "waterfall")),
    ],
)
def test_every_figure_of_a_night_can_be_drawn_alone(figure, tmp_path, capfd):
    target = tmp_path / "x.png"
    assert run(groundstation, [*MICIUS, "plot", figure, "2016-12-19", "-o", str(target)]) == 0
    capfd.readouterr()
    width, height = struct.unpack(">II", target.read_bytes()[16:24])
    assert width > 800
    assert height > 100


def test_the_weather_cannot_be_drawn_where_none_is_known(tmp_path, capfd):
    arguments = [*MICIUS, "plot", "weather", "2016-12-19", "-o", str(tmp_path / "x.svg")]
    assert run(groundstation, arguments) == 2
    assert "of the weather of the night 2016-12-19 nothing is known" in capfd.readouterr().err


def test_dark_figures_stand_on_dark_paper(tmp_path, capfd):
    light, dark = tmp_path / "light.svg", tmp_path / "dark.svg"
    for target, option in ((light, []), (dark, ["--dark"])):
        arguments = [*MICIUS, "plot", "sky", PASS, "-o", str(target), *option]
        assert run(groundstation, arguments) == 0
    capfd.readouterr()
    assert 'fill="#ffffff"' in light.read_text("utf-8")
    assert 'fill="#12161c"' in dark.read_text("utf-8")


def test_another_suffix_is_refused_before_anything_is_computed(tmp_path, capfd):
    assert run(groundstation, [*MICIUS, "plot", "sky", PASS, "-o", str(tmp_path / "x.gif")]) == 2
    assert "plot writes .svg or .png" in capfd.readouterr().err
