"""The command line starts quickly: what --help does not need is not loaded."""

import json
import subprocess
import sys

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
