"""A tab offers names that exist, quickly and without a word when there are none."""

import json
import os
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from groundstation.cli.completion import VARIABLE, name_parameters
from groundstation.cli.main import groundstation

NETWORK = """
[[stations]]
name = "graz"
title = "Graz Lustbühel"
[[stations]]
name = "matera"
[[satellites]]
name = "qube-2"
"""
PASSES = """pass_id,aos_utc,max_elevation_deg,decision
qube-2-graz-20260614T2041,2026-06-14T20:41:00.000Z,65.4,contact
qube-2-matera-20260614T2043,2026-06-14T20:43:00.000Z,20.1,rejected
"""
HEAVY = ("numpy", "scipy", "pydantic", "sqlite_utils", "rich", "skyfield")
PROBE = """
import json, sys
from groundstation.cli.main import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def offers(tmp_path, monkeypatch):
    """`offers("passes", "--station", "g")` is what a tab offers, with its help."""
    (tmp_path / "groundstation.toml").write_text(NETWORK, encoding="utf-8")
    for night in ("2026-06-14", "2026-05-30"):
        (tmp_path / "nights" / night).mkdir(parents=True)
    (tmp_path / "nights" / "latest").symlink_to("2026-06-14")
    (tmp_path / "nights" / "2026-06-14" / "passes.csv").write_text(PASSES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "bash_complete")

    def offered(*words):
        name_parameters(groundstation)
        shell = BashComplete(groundstation, {}, "groundstation", VARIABLE)
        return {item.value: item.help for item in shell.get_completions([*words[:-1]], words[-1])}

    return offered


def test_stations_and_satellites_come_from_the_network_file(offers):
    assert offers("passes", "--station", "") == {"graz": "Graz Lustbühel", "matera": None}
    assert offers("passes", "--station", "m") == {"matera": None}
    assert list(offers("passes", "--satellite", "q")) == ["qube-2"]
    assert list(offers("tle", "show", "")) == ["qube-2"]


@pytest.mark.parametrize(
    "words",
    [
        ("link",),
        ("plan", "explain"),
        ("plan", "--include"),
        ("plan", "--exclude"),
        ("result", "record"),
        ("result", "show"),
    ],
)
def test_pass_ids_come_from_what_is_published(offers, words):
    assert offers(*words, "qube-2-g") == {
        "qube-2-graz-20260614T2041": "2026-06-14 20:41Z, 65°, contact"
    }


def test_nights_come_from_what_is_published_the_newest_first(offers):
    assert list(offers("passes", "--night", "")) == ["2026-06-14", "2026-05-30"]
    assert list(offers("export", "")) == ["2026-06-14", "2026-05-30"]
    assert list(offers("report", "2026")) == ["2026-06-14", "2026-05-30", "2026-06", "2026-05"]


def test_the_file_and_the_folder_that_the_line_names_are_asked(offers, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "net.toml").write_text('[[stations]]\nname = "nemea"\n', encoding="utf-8")
    assert list(offers("-C", "other", "-c", "net.toml", "passes", "--station", "")) == ["nemea"]
    assert "xinglong" in offers("--example", "micius-2016", "passes", "--station", "")
    assert list(offers("--example", "m")) == ["micius-2016"]


@pytest.mark.parametrize("text", ["", "[[stations", "stations = 3", "[[stations]]\nname = 7"])
def test_a_damaged_file_offers_nothing_and_says_nothing(offers, tmp_path, capfd, text):
    (tmp_path / "groundstation.toml").write_text(text, encoding="utf-8")
    (tmp_path / "nights" / "2026-06-14" / "passes.csv").write_bytes(b"\xff\x00")
    assert offers("passes", "--station", "") == {}
    assert offers("link", "q") == {}
    assert capfd.readouterr() == ("", "")


def test_completing_loads_nothing_heavy(offers, tmp_path):
    del offers
    asked = {
        VARIABLE: "bash_complete",
        "COMP_WORDS": "groundstation passes --station ",
        "COMP_CWORD": "3",
    }
    finished = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, **asked},
    )
    *answers, modules = finished.stdout.splitlines()
    assert answers == ["plain,graz", "plain,matera"]
    assert [name for name in HEAVY if name in json.loads(modules)] == []


def test_a_real_bash_completes_with_the_printed_script(offers, tmp_path, monkeypatch):
    """The script calls `groundstation` by name; here a wrapper of this interpreter is first."""
    del offers
    monkeypatch.delenv(VARIABLE)
    program = tmp_path / "bin" / "groundstation"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        "'from groundstation.cli.main import main; main()' \"$@\"\n"
    )
    program.chmod(0o755)
    script = CliRunner().invoke(groundstation, ["completion", "bash"], standalone_mode=False).stdout
    ask = (
        f"{script}\nCOMP_WORDS=(groundstation passes --station m); COMP_CWORD=3\n"
        '_groundstation_completion groundstation m --station\necho "${COMPREPLY[@]}"\n'
    )
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    finished = subprocess.run(
        ["bash", "-c", ask], capture_output=True, text=True, check=True, env=environment,
        cwd=tmp_path,
    )  # fmt: skip
    assert finished.stdout.strip() == "matera"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_this_program(shell):
    printed = CliRunner().invoke(groundstation, ["completion", shell], standalone_mode=False)
    assert VARIABLE in printed.stdout
    assert f"{shell}_complete" in printed.stdout
