"""The command line starts quickly: what --help does not need is not loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "scipy", "astropy", "skyfield", "sgp4", "matplotlib", "pydantic", "sqlite_utils")
PROBE = """
import json, sys
from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
code = run(groundstation, sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["passes", "--help"]])
def test_help_loads_nothing_heavy(arguments, tmp_path):
    finished = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    code, modules = json.loads(finished.stdout.splitlines()[-1])
    assert code == 0
    assert [name for name in HEAVY if name in modules] == []


def test_every_command_explains_itself_with_an_example(capfd):
    from groundstation.cli.failure import run
    from groundstation.cli.main import COMMANDS, groundstation

    for name in COMMANDS:
        assert run(groundstation, [name, "--help"]) == 0
        text = capfd.readouterr().out
        assert text.startswith(f"Usage: groundstation {name}")
        assert "groundstation " in text.split("Options:")[0].split("\n", 1)[1] or name == "doctor"


def test_the_command_line_in_the_docs_is_current():
    """Written by `python tools/write_cli_docs.py`; the tool prints what differs."""
    tool = Path(__file__).parents[2] / "tools" / "write_cli_docs.py"
    checked = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_command_has_a_man_page(tmp_path):
    tool = Path(__file__).parents[2] / "tools" / "write_man_pages.py"
    subprocess.run([sys.executable, tool, tmp_path], capture_output=True, check=True)
    pages = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert {"groundstation", "groundstation-passes", "groundstation-plan-explain"} <= pages.keys()
    for name, text in pages.items():
        heads = [line for line in text.splitlines() if line.startswith(".SH ")]
        assert heads[:3] == [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"], name
        # A line that begins with a dot or quote is an order to roff: only ours may.
        orders = {line.split(" ")[0] for line in text.splitlines() if line[:1] in {".", "'"}}
        assert orders <= {".TH", ".SH", ".PP", ".TP", ".B", ".BR", ".nf", ".fi"}, name
