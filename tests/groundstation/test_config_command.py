"""Transcripts of `groundstation init` and `groundstation config`."""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Run a command line in an empty folder; returns exit code, standard output, talk."""
    monkeypatch.chdir(tmp_path)

    def run_line(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["groundstation", *words])
        code = run(groundstation)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_line


def test_init_copies_an_example_and_a_second_time_says_unchanged(
    call: Call, tmp_path: Path
) -> None:
    assert call("init", "night", "--example", "micius-2016") == (
        0,
        (
            "written: night/elements/2016-12.tle\n"
            "written: night/measured/liao-2017-loss.csv\n"
            "written: night/groundstation.toml\n"
        ),
        "next: groundstation -C night --offline nightly\n",
    )
    assert call("init", "night", "--example", "micius-2016") == (
        0,
        (
            "unchanged: night/elements/2016-12.tle\n"
            "unchanged: night/measured/liao-2017-loss.csv\n"
            "unchanged: night/groundstation.toml\n"
        ),
        "",
    )
    assert "micius-2016" in (tmp_path / "night/groundstation.toml").read_text()


def test_init_refuses_a_folder_with_another_network(call: Call) -> None:
    call("init", "night", "--example", "micius-2016")
    code, out, talk = call("init", "night")
    assert (code, out) == (1, "")
    assert talk == (
        "error: groundstation.toml exists and is not the file of example europe-2026\n"
        "  at: night\n"
        "  try: choose another folder, or move the file away first\n"
    )


def test_init_names_the_nearest_example(call: Call, tmp_path: Path) -> None:
    code, out, talk = call("init", "night", "--example", "micius-2017")
    assert (code, out) == (2, "")
    assert talk.startswith(
        "error: there is no example 'micius-2017' (did you mean 'micius-2016'?)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_init_in_a_read_only_folder_says_where_and_leaves_nothing(
    call: Call, read_only_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    with unprivileged():
        code, out, talk = call("init", str(read_only_folder / "night"))
    assert (code, out) == (1, "")
    assert talk == (
        "error: cannot make folder night: permission denied\n"
        f"  at: {read_only_folder}\n"
        "  try: choose a folder that may be written to\n"
    )
    assert list(read_only_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("example", "summary"),
    [
        (
            "europe-2026",
            (
                "ok: 4 satellites, 10 stations, 2 fibre nodes, 2 fibre links, 6 sites, 6 demands\n"
                "note: demands[0].minimum_reserve_bits (line 829) has no effect without [keys]: "
                "nobody knows what grid-control holds of its 100,000 bits\n"
            ),
        ),
        (
            "micius-2016",
            "ok: 1 satellite, 5 stations, 2 fibre nodes, 2 fibre links, 3 sites, 2 demands\n",
        ),
    ],
)
def test_check_counts_what_an_example_holds(call: Call, example: str, summary: str) -> None:
    assert call("--example", example, "config", "check") == (0, summary, "")


def test_check_notes_every_reserve_that_no_plan_heeds(call: Call, tmp_path: Path) -> None:
    call("init", ".", "--example", "europe-2026")
    path = tmp_path / "groundstation.toml"
    text = path.read_text().replace("minimum_reserve_bits = 100000.0", "minimum_reserve_bits = 0.0")
    path.write_text(text)
    assert "note" not in call("config", "check")[1]
    path.write_text(text.replace("priority = 4.0", "priority = 4.0\nminimum_reserve_bits = 1.0"))
    code, out, _ = call("config", "check")
    assert code == 0
    (note,) = [line for line in out.splitlines() if line.startswith("note: ")]
    line = text.splitlines().index(next(x for x in text.splitlines() if "priority = 4.0" in x)) + 2
    assert note.startswith(
        f"note: demands[1].minimum_reserve_bits (line {line}) has no effect without [keys]: "
    )


def test_check_reads_the_file_of_this_folder(call: Call) -> None:
    call("init", ".", "--example", "micius-2016")
    assert call("config", "check")[0] == 0
    assert call("-c", "groundstation.toml", "config", "check")[0] == 0


def test_check_without_a_file_says_how_to_get_one(call: Call, tmp_path: Path) -> None:
    assert call("config", "check") == (
        2,
        "",
        (
            "error: there is no network file groundstation.toml\n"
            f"  at: {tmp_path}\n"
            "  try: groundstation init DIR --example europe-2026\n"
        ),
    )


def test_check_lists_all_faults_and_ends_with_78(call: Call, tmp_path: Path) -> None:
    call("init", ".", "--example", "micius-2016")
    path = tmp_path / "groundstation.toml"
    text = path.read_text()
    text = text.replace("latitude_deg = 43.475461", "latitude_deg = 93.475461")
    text = text.replace('name = "graz"', 'nmae = "graz"')
    path.write_text(text)
    lines = text.splitlines()
    latitude = next(i for i, line in enumerate(lines, 1) if "93.475461" in line)
    name = next(i for i, line in enumerate(lines, 1) if line.startswith("nmae"))
    fibre = next(i for i, line in enumerate(lines, 1) if line == 'a = "graz"')
    station = name - 1
    code, out, talk = call("config", "check")
    assert (code, out) == (78, "")
    assert talk.splitlines() == [
        f"groundstation.toml:{latitude}: stations[1].latitude_deg: 93.475461 is outside -90..90",
        (
            f"groundstation.toml:{station}: stations[4].name: is missing (unique among satellites, "
            "stations and fibre nodes)"
        ),
        f"groundstation.toml:{name}: stations[4].nmae: unknown key (did you mean 'name'?)",
        f"groundstation.toml:{fibre}: fibre_links[1].a: no station or fibre node 'graz'",
        "error: the network file has 4 faults",
        "  try: groundstation config schema describes every key; correct the lines above",
    ]


def test_check_notes_a_missing_parameter_and_what_it_refuses(call: Call, tmp_path: Path) -> None:
    call("init", ".", "--example", "micius-2016")
    path = tmp_path / "groundstation.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("divergence_def")))
    table = next(i for i, line in enumerate(lines, 1) if line == "[satellites.payload]\n")
    code, out, _ = call("config", "check")
    assert code == 0
    assert out.splitlines()[1:] == [
        (
            f"note: satellites[0].payload.divergence_definition (line {table}) is missing: "
            "no link budget of micius"
        )
    ]


def test_config_and_example_together_are_refused(call: Call) -> None:
    code, _, talk = call("--example", "micius-2016", "-c", "x.toml", "config", "check")
    assert code == 2
    assert "--config and --example exclude each other" in talk


def test_show_gives_values_with_unit_and_origin(call: Call) -> None:
    code, out, _ = call("--example", "micius-2016", "config", "show", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "config/1"
    rows = {row["path"]: row for row in document["rows"]}
    wavelength = rows["satellites[0].payload.wavelength_nm"]
    assert (wavelength["value"], wavelength["unit"], wavelength["origin"]) == (848.6, "nm", "file")
    assert isinstance(wavelength["line"], int)
    setup = rows["satellites[0].setup_s"]
    assert (setup["value"], setup["unit"], setup["origin"], setup["line"]) == (
        60.0, "s", "default", None,
    )  # fmt: skip
    mask = rows["stations[0].min_elevation_deg"]
    assert (mask["value"], mask["origin"]) == (10.0, "policies.min_elevation_deg")
    half_angle = rows["satellites[0].payload.half_angle_urad"]
    assert half_angle["origin"] == "computed"
    # 10 urad as a disc: 10 / sqrt 2 urad as the half-angle of the Gaussian.
    assert half_angle["value"] == pytest.approx(7.0711, abs=1e-4)
    use = rows["demands[0].bits_per_day"]
    assert (use["value"], use["origin"]) == (128 * 86_400.0, "computed")
    assert rows["network.default_night"]["value"] == "2016-12-19"
    assert rows["stations[0].mount.max_elevation_deg"]["origin"] == "not given"


def test_show_takes_a_name_or_a_path(call: Call) -> None:
    by_name = call("--example", "micius-2016", "config", "show", "graz", "--nl")[1]
    by_path = call("--example", "micius-2016", "config", "show", "stations[4]", "--nl")[1]
    assert by_name == by_path
    assert {json.loads(line)["path"].split(".")[0] for line in by_name.splitlines()} == {
        "stations[4]"
    }
    code, _, talk = call("--example", "micius-2016", "config", "show", "grax")
    assert code == 2
    assert "did you mean 'graz'?" in talk


def test_show_marks_what_is_missing(call: Call, tmp_path: Path) -> None:
    call("init", ".", "--example", "micius-2016")
    path = tmp_path / "groundstation.toml"
    path.write_text(path.read_text().replace("ozone_du", "# ozone_du"))
    out = call("config", "show", "stations[0].atmosphere", "--csv")[1]
    assert "stations[0].atmosphere.ozone_du,,Dobson unit,missing,\n" in out


def test_show_prints_a_table_for_people(call: Call) -> None:
    _, out, _ = call("--example", "micius-2016", "config", "show", "policies")
    row = next(line for line in out.splitlines() if "min_elevation_deg" in line)
    assert row.split()[:4] == ["policies.min_elevation_deg", "10", "deg", "file"]


def test_the_schema_is_printed_as_json(call: Call) -> None:
    code, out, _ = call("config", "schema")
    assert code == 0
    assert json.loads(out)["properties"]["stations"]["minItems"] == 1
