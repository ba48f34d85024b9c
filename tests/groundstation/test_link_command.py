"""`groundstation link` for machines and as a drawing: every second, every term, every cause."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import example_path
from groundstation.night.link_detail import link_detail
from groundstation.night.links import security_of
from groundstation.report.figures.budget import QBER_COLOURS, budget_figure
from passes.link.budget import TermGroup

PASS = "micius-xinglong-20161219T1652"
LINK = ["--example", "micius-2016", "link"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Document and drawing of the published pass, from the command line."""
    from contextlib import redirect_stdout

    path = tmp_path_factory.mktemp("link") / "link.svg"
    out = io.StringIO()
    with redirect_stdout(out):
        assert run(groundstation, [*LINK, PASS, "--json", "--plot", str(path)]) == 0
    return json.loads(out.getvalue()), path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def detail(micius):
    item = next(p for p in micius.passes if p.pass_id == PASS)
    satellite = next(s for s in micius.network.satellites if s.name == item.satellite)
    station = next(s for s in micius.network.stations if s.name == item.station)
    security = security_of(micius.network.key)
    return link_detail(item.pass_id, satellite, station, item.track, item.forecast, security)


def test_every_second_holds_every_term_and_they_add_up(written):
    document, _ = written
    assert document["schema"] == "link/2"
    columns = [term["column"] for term in document["terms"]]
    assert {"geometric_db", "pointing_db", "aerosol_db", "dead_time_db"} <= set(columns)
    assert all(term["source"] for term in document["terms"])
    # 16:48:43.7 to 16:55:40 is 416 seconds and a bit.
    assert len(document["rows"]) == 417
    for row in document["rows"]:
        assert sum(row[column] for column in columns) == pytest.approx(row["total_db"], abs=1e-12)


def test_counts_of_a_second_add_up_by_cause_basis_and_intensity(written):
    document, _ = written
    causes = ("signal", "background", "dark", "afterpulse")
    for row in document["rows"]:
        by_cause = sum(row[f"{cause}_gated_hz"] for cause in causes)
        assert by_cause == pytest.approx(row["detected_gated_hz"], rel=1e-12)
        both = row["key_signal_gated_hz"] + row["test_signal_gated_hz"]
        assert both == pytest.approx(row["sifted_gated_hz"], rel=1e-12)
        qber = sum(value for name, value in row.items() if name.startswith("qber_"))
        assert qber == pytest.approx(row["qber"], rel=1e-12)


def test_totals_are_the_sums_of_the_usable_seconds(written):
    document, _ = written
    totals = document["totals"]
    usable = [row for row in document["rows"] if row["is_usable"]]
    assert totals["usable_s"] == len(usable)
    detected = sum(row["detected_gated_hz"] for row in usable)
    assert totals["detected"] == pytest.approx(detected, rel=1e-9)
    assert sum(totals["detected_by_cause"].values()) == pytest.approx(detected, rel=1e-9)
    cells = totals["by_basis_and_intensity"]
    assert len(cells) == 6
    signal = sum(cell["clicks"] for cell in cells if cell["intensity"] == "signal")
    assert signal == pytest.approx(totals["sifted"], rel=1e-9)
    wrong = sum(cell["errors"] for cell in cells if cell["intensity"] == "signal")
    assert wrong == pytest.approx(totals["sifted_errors"], rel=1e-9)
    assert sum(totals["qber_by_cause"].values()) == pytest.approx(wrong / signal, rel=1e-9)
    # Vacuum pulses click by noise alone, half of it wrong.
    for cell in cells:
        if cell["intensity"] == "vacuum":
            assert cell["errors"] == pytest.approx(cell["clicks"] / 2.0, rel=1e-9)


def test_quantiles_are_in_order_and_shares_add_up(written):
    spread = written[0]["spread"]
    for name in ("detected", "signal", "sifted", "qber"):
        assert spread[name]["p10"] < spread[name]["p50"] < spread[name]["p90"]
    assert sum(c["share"] for c in spread["contributions"]) == pytest.approx(1.0)
    # Losses of unknown parameters only add up: the declared budget lies above the median.
    assert spread["signal"]["p50"] < written[0]["totals"]["detected_by_cause"]["signal"]


def test_the_same_pass_gives_the_same_quantiles(written, detail):
    spread = written[0]["spread"]
    assert detail.spread.sifted.p10 == spread["sifted"]["p10"]
    assert detail.spread.qber.p90 == spread["qber"]["p90"]


def test_comma_separated_seconds_have_the_columns_of_the_document(written, capfd):
    assert run(groundstation, [*LINK, PASS, "--csv", "--step", "100"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    document = written[0]
    assert len(rows) == 5
    assert list(rows[0]) == list(document["rows"][0])
    assert float(rows[1]["total_db"]) == document["rows"][100]["total_db"]


def test_a_point_costs_what_a_pass_costs_there(written, capfd):
    document, _ = written
    row = next(r for r in document["rows"] if r["elevation_deg"] > 30.0)
    point = ["--elevation-deg", str(row["elevation_deg"]), "--range-km", str(row["range_km"])]
    names = ["--station", "xinglong", "--satellite", "micius"]
    assert run(groundstation, [*LINK, *point, *names, "--json"]) == 0
    alone = json.loads(capfd.readouterr().out)
    (second,) = alone["rows"]
    assert alone["pass_id"] is None
    assert second["total_db"] == pytest.approx(row["total_db"], abs=1e-6)
    assert second["moon_hz"] == 0.0
    # No more than the scattered light of a Sun 90 degrees below the horizon.
    assert second["twilight_hz"] < 1e-9
    assert second["sky_hz"] == pytest.approx(row["sky_hz"], rel=1e-9)


def test_the_drawing_has_its_words_as_text(written):
    svg = written[1]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    for word in ("Loss by term, dB", "geometric", "QBER of sifted clicks, %", "16:52", "dark"):
        assert word in texts


def areas_of(canvas, colour):
    """Filled areas of one colour as arrays of points [pt]."""
    areas = []
    for data in re.findall(rf'<path d="([^"]+)" fill="var\(--{colour}\)"', canvas.body):
        for part in data.removesuffix("z").split("zM"):
            start, steps = part.removeprefix("M").split("l")
            moves = np.array(re.findall(r"-?\d+", steps), dtype=float).reshape(-1, 2)
            first = np.array(start.split(), dtype=float)
            areas.append(np.vstack([first, first + np.cumsum(moves, axis=0)]) / 10.0)
    return areas


def test_the_stack_of_terms_reaches_the_total(detail):
    figure = budget_figure(detail.track, detail.forecast, detail.causes, "a pass")
    # The panel of the losses runs from 170 pt to 400 pt and ends 5 % above the largest total.
    stack = [area for colour in TermGroup for area in areas_of(figure, colour) if len(area) > 4]
    top_pt = min(area[:, 1].min() for area in stack)
    assert (400.0 - top_pt) / 230.0 == pytest.approx(1.0 / 1.05, abs=2e-3)
    # That of the QBER from 610 pt to 710 pt.
    causes = [area for colour in QBER_COLOURS.values() for area in areas_of(figure, colour)]
    highest = min(area[:, 1].min() for area in causes if area[:, 1].max() > 600.0 and len(area) > 4)
    assert (710.0 - highest) / 100.0 == pytest.approx(1.0 / 1.05, abs=5e-3)


def test_every_stretch_without_contact_is_shaded(detail):
    gap = detail.track.is_usable.copy()
    middle = len(gap) // 2
    gap[middle : middle + 10] = False
    track = replace(detail.track, is_usable=gap)
    figure = budget_figure(track, detail.forecast, detail.causes, "a pass")
    shaded = areas_of(figure, "mask")
    # Beyond 1200 km before and after, and the gap, in each of four panels.
    assert len(shaded) == 12
    per_second_pt = 420.0 / (track.times_s[-1] - track.times_s[0])
    widths = sorted(np.ptp(area[:, 0]) for area in shaded)
    assert widths[:4] == pytest.approx([9.0 * per_second_pt] * 4, abs=0.11)


def test_a_drawing_of_an_unknown_kind_is_refused(capfd):
    assert run(groundstation, [*LINK, PASS, "--plot", "link.gif"]) == 2
    assert "--plot writes .svg or .png, not 'link.gif'" in capfd.readouterr().err


def test_a_drawing_needs_a_pass(capfd):
    point = ["--elevation-deg", "30", "--range-km", "900"]
    names = ["--station", "xinglong", "--satellite", "micius"]
    assert run(groundstation, [*LINK, *point, *names, "--plot", "link.svg"]) == 2
    assert "--plot needs a PASS" in capfd.readouterr().err


def test_key_comes_with_its_limits_its_losses_and_its_spread(written):
    totals, spread = written[0]["totals"], written[0]["spread"]["key_bits"]
    assert 0.0 < totals["secret_key_bits"] < totals["asymptotic_bits"] < totals["repeaterless_bits"]
    steps = totals["waterfall"]
    assert steps[-1]["left_bits"] == pytest.approx(totals["secret_key_bits"])
    assert steps[0]["left_bits"] - sum(step["cost_bits"] for step in steps) == pytest.approx(
        totals["secret_key_bits"]
    )
    assert 0.0 < spread["p10"] < spread["p50"] < spread["p90"]
    assert spread["no_key_probability"] == 0.0


MEASURED = example_path("micius-2016").parent / "measured" / "liao-2017-loss.csv"


def test_a_measured_loss_is_compared_and_one_constant_explained(capfd):
    asked = [*LINK, PASS, "--measured", str(MEASURED), "--constant-from-deg", "25"]
    assert run(groundstation, [*asked, "--json", "--step", "400"]) == 0
    found = json.loads(capfd.readouterr().out)["measured"]
    assert [row["difference_db"] for row in found["rows"]] == pytest.approx(
        [4.43, 3.83, 4.79, 7.58], abs=0.03
    )
    assert found["constant_db"] == pytest.approx(4.35, abs=0.03)
    assert run(groundstation, asked) == 0
    words = capfd.readouterr().out
    assert "one constant of 4.35 dB (points above 25 degrees) takes the rms difference" in words
    assert "limits of the key" in words


def test_a_measured_range_that_the_pass_does_not_reach_is_refused(tmp_path, capfd):
    path = tmp_path / "far.csv"
    path.write_text("range_km,loss_db\n2500,40\n", encoding="utf-8")
    assert run(groundstation, [*LINK, PASS, "--measured", str(path)]) == 2
    assert "range 2500 km is outside the setting leg" in capfd.readouterr().err


DOUBLE = [
    *("--direction", "double", "--satellite", "micius"),
    *("--elevation-deg", "30", "--range-km", "900", "--station", "xinglong"),
    *("--second-elevation-deg", "40", "--second-range-km", "740", "--second-station", "nanshan"),
]


def down_total_db(capfd, elevation_deg, range_km, station):
    where = ["--elevation-deg", elevation_deg, "--range-km", range_km, "--station", station]
    assert run(groundstation, [*LINK, *where, "--satellite", "micius", "--json"]) == 0
    return json.loads(capfd.readouterr().out)["rows"][0]["total_db"]


def test_a_pair_loses_what_both_of_its_links_lose(capfd):
    assert run(groundstation, [*LINK, *DOUBLE, "--json", "--explain"]) == 0
    document = json.loads(capfd.readouterr().out)
    links = document["links"]
    assert document["stations"] == ["xinglong", "nanshan"]
    assert [link["station"] for link in links] == document["stations"]
    alone_db = [
        down_total_db(capfd, "30", "900", "xinglong"),
        down_total_db(capfd, "40", "740", "nanshan"),
    ]
    assert [link["total_db"] for link in links] == pytest.approx(alone_db, abs=1e-12)
    assert document["two_link_loss_db"] == pytest.approx(sum(alone_db), abs=1e-12)
    assert document["pair_efficiency"] == pytest.approx(10.0 ** (-sum(alone_db) / 10.0))
    assert set(document["explanation"]) == {"xinglong", "nanshan"}
    assert any("pairs is not given" in remark for remark in document["remarks"])
    assert run(groundstation, [*LINK, *DOUBLE]) == 0
    printed = capfd.readouterr().out
    total = next(line for line in printed.splitlines() if line.strip().startswith("total"))
    assert [float(number) for number in re.findall(r"\d+\.\d+", total)] == pytest.approx(
        [*alone_db, sum(alone_db)], abs=0.006
    )
    assert run(groundstation, [*LINK, *DOUBLE, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [float(row["total_db"]) for row in rows] == pytest.approx(alone_db, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([PASS, "--step", "4"], "--step 4 has no place in the table"),
        ([PASS, "--direction", "up"], "PASS excludes --direction"),
        (DOUBLE[:10], "--second-elevation-deg, --second-range-km, --second-station not given"),
        (DOUBLE[2:], "--second-elevation-deg without --direction double"),
        ([*DOUBLE[:-1], "xinglong"], "both stations are 'xinglong'"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(arguments, message, capfd):
    assert run(groundstation, [*LINK, *arguments]) == 2
    assert message in capfd.readouterr().err


def test_an_uplink_is_refused_with_what_the_network_file_lacks(capfd):
    assert run(groundstation, [*LINK, "--direction", "up", *DOUBLE[2:10]]) == 1
    error = capfd.readouterr().err
    assert error.startswith("xinglong to micius: no uplink budget: a laser at xinglong")
    assert "a receiver on micius" in error
    assert "the turbulence over xinglong not given" in error


def test_what_lies_behind_a_shade_stays_visible(written):
    _, svg = written
    opacities = [float(value) for value in re.findall(r'fill-opacity="([^"]*)"', svg)]
    assert opacities
    assert all(0.0 < opacity < 1.0 for opacity in opacities)
