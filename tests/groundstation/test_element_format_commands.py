"""`groundstation tle` and the night with element sets that are no TLE."""

import json
from pathlib import Path

import pytest

from groundstation.catalogue import read_element_files, select_elements
from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.load import load_network
from groundstation.night.nightly import middle_of
from groundstation.night.outcome import compute_night

NOW = "2026-06-14T12:00Z"
FORMATS = ["omm-json", "omm-csv", "omm-kvn", "omm-xml"]


@pytest.fixture
def work(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run(groundstation, ["init", "work", "--example", "europe-2026"]) == 0
    monkeypatch.chdir(tmp_path / "work")
    capfd.readouterr()
    return tmp_path / "work"


def printed(capfd, *arguments, code=0):
    assert run(groundstation, ["--now", NOW, *arguments]) == code
    return capfd.readouterr().out


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.usefixtures("work")
def test_what_is_exported_is_imported_again_and_shown_with_its_format(capfd, form):
    text = printed(capfd, "tle", "export", "--format", form, "--satellite", "spoqc")
    Path("gp").write_text(text, encoding="utf-8")
    assert printed(capfd, "tle", "import", "gp") == "1 new, 0 known, 0 refused\n"
    assert printed(capfd, "tle", "import", "gp") == "0 new, 1 known, 0 refused\n"
    rows = json.loads(printed(capfd, "tle", "list", "--json"))["rows"]
    assert sorted(r["format"] for r in rows if r["norad_cat_id"] == 68423) == sorted(["tle", form])
    shown = printed(capfd, "tle", "show", "spoqc")
    assert f"{form} from gp" in shown
    assert "MEAN_MOTION = 15.1883113\n" in shown
    # The OMM is now the set in use; its digits go out again.
    assert printed(capfd, "tle", "export", "--format", form, "--satellite", "68423") == text


@pytest.mark.usefixtures("work")
def test_every_known_set_is_exported_on_request(capfd):
    Path("gp").write_text(printed(capfd, "tle", "export", "--format", "omm-csv"), encoding="utf-8")
    printed(capfd, "tle", "import", "gp")
    nearest = printed(capfd, "tle", "export", "--format", "omm-json")
    every = printed(capfd, "tle", "export", "--format", "omm-json", "--all")
    assert len(json.loads(every)) == 2 * len(json.loads(nearest))


@pytest.mark.usefixtures("work")
def test_a_number_that_no_tle_holds_is_an_error_with_a_way_out(capfd):
    text = printed(capfd, "tle", "export", "--format", "omm-json", "--satellite", "spoqc")
    Path("gp.json").write_text(text.replace("68423", "799500123"), encoding="utf-8")
    printed(capfd, "tle", "import", "gp.json")
    assert run(groundstation, ["--now", NOW, "tle", "export", "--satellite", "799500123"]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "catalogue number 799500123 does not fit a two-line set" in captured.err
    assert "try: use OMM for this object" in captured.err


@pytest.mark.slow
def test_a_night_runs_from_an_omm_file_of_an_object_that_no_tle_holds(work, capfd, europe):
    """The same orbit under a number of nine digits gives the same passes, and a plan that holds."""
    text = printed(capfd, "tle", "export", "--format", "omm-kvn").replace("68423", "799500123")
    path = work / "groundstation.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("68423", "799500123"), "utf-8")
    network = load_network(path)
    (pattern,) = network.elements
    (work / pattern).write_text(text, encoding="utf-8")
    network = load_network(path)
    night = europe.night
    selection = select_elements(network, read_element_files(network), middle_of(network, night))
    outcome = compute_night(network, selection, night, now=europe.generated)
    assert [(p.pass_id, p.aos, p.los) for p in outcome.passes] == [
        (p.pass_id, p.aos, p.los) for p in europe.passes
    ]
    used = {e.norad_cat_id: e for e in outcome.elements}[799500123]
    tle = {e.norad_cat_id: e for e in europe.elements}[68423]
    assert used.line1.startswith("1 00000U ")
    # Epoch, BSTAR and the mean elements: all that SGP4 uses.
    assert (used.line1[18:32], used.line1[53:61]) == (tle.line1[18:32], tle.line1[53:61])
    assert used.line2[7:63] == tle.line2[7:63]
