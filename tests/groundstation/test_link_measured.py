"""The file of measured losses: what is read, and what is refused with its line."""

import json

import pytest

from groundstation.cli.failure import run
from groundstation.cli.link_measured import read_measured
from groundstation.cli.main import groundstation
from groundstation.config.examples import example_path
from groundstation.errors import UsageError


def written(tmp_path, text):
    path = tmp_path / "loss.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_measurement_is_read():
    path = example_path("micius-2016").parent / "measured" / "liao-2017-loss.csv"
    assert read_measured(path) == (
        [645.25, 800.0, 1000.0, 1200.0],
        [29.75, 31.18, 34.33, 39.03],
        "setting",
    )


def test_comments_blank_lines_and_a_leg_are_understood(tmp_path):
    text = "# where from\n\nrange_km, loss_db, leg\n700, 30.5, rising\n# more\n900,31,rising\n"
    assert read_measured(written(tmp_path, text)) == ([700.0, 900.0], [30.5, 31.0], "rising")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "loss.csv", "the first line is missing"),
        ("km,loss_db\n1,2\n", "loss.csv", "the first line is km,loss_db"),
        ("range_km,loss_db\n", "loss.csv", "no measurement below the header"),
        ("range_km,loss_db\n# x\n700\n", "loss.csv:3", "1 values instead of 2"),
        ("range_km,loss_db\n700,x\n", "loss.csv:2", "loss_db 'x' is no number"),
        ("range_km,loss_db\n700,nan\n", "loss.csv:2", "loss_db = nan is not a number above 0"),
        ("range_km,loss_db\n-700,30\n", "loss.csv:2", "range_km = -700 is not a number above 0"),
        ("range_km,loss_db,leg\n7,3,up\n", "loss.csv", "leg is up, not rising or setting"),
        (
            "range_km,loss_db,leg\n7,3,rising\n8,3,setting\n",
            "loss.csv",
            "leg is rising, setting, not rising or setting",
        ),
    ],
)
def test_what_is_no_measurement_is_refused_with_its_place(tmp_path, text, place, message):
    with pytest.raises(UsageError, match=message) as caught:
        read_measured(written(tmp_path, text))
    assert str(caught.value.where).endswith(place)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_measured(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--constant-from-deg", "20"], "--constant-from-deg 20 without --measured"),
        (["--explain", "--csv"], "--explain has no place in the rows of --csv"),
        (["--measured", "loss.csv", "--csv"], "--measured has no place in the rows of --csv"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(options, message, capfd):
    pass_id = "micius-xinglong-20161219T1652"
    assert run(groundstation, ["--example", "micius-2016", "link", pass_id, *options]) == 2
    assert message in capfd.readouterr().err


def test_the_explanation_is_in_the_document(capfd):
    asked = ["--elevation-deg", "30", "--range-km", "900"]
    asked += ["--station", "xinglong", "--satellite", "micius", "--json"]
    link = ["--example", "micius-2016", "link", *asked]
    assert run(groundstation, link) == 0
    assert "explanation" not in json.loads(capfd.readouterr().out)
    assert run(groundstation, [*link, "--explain"]) == 0
    document = json.loads(capfd.readouterr().out)
    # A sentence for each term, one for the whole, one for what fluctuates.
    assert len(document["explanation"]) == len(document["terms"]) + 2
    assert document["explanation"][0].startswith("geometric (geometry) costs ")
