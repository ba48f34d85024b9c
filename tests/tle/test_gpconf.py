"""The conformance kit gpconf (PyPI, Apache-2.0): every case whose files ship with the package."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gpconf", reason="the dev extra installs it")
pytestmark = pytest.mark.slow

# The other thirteen cases need data that only a fetch from CelesTrak brings.
OFFLINE = {
    "alpha5-encoding-vectors",
    "alpha5-tle-derived",
    "kvn-syntax-variants",
    "tle-writer-alpha5",
    "corrupt-input",
}


def test_every_case_that_runs_offline_passes_without_a_tolerance(tmp_path):
    report = tmp_path / "report.json"
    command = (sys.executable, "-m", "gpconf", "run", "--adapter", "gpconf_adapter:Parser")
    finished = subprocess.run(
        [*command, "--json", str(report)],
        cwd=Path(__file__).parent,
        env=os.environ | {"GPCONF_DATA": str(tmp_path / "none"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), finished.stderr
    results = json.loads(report.read_text(encoding="utf-8"))["results"]
    statuses = {result["case"]: result["status"] for result in results}
    assert {case: statuses[case] for case in OFFLINE} == dict.fromkeys(OFFLINE, "pass")
    assert not {case for case, status in statuses.items() if status in {"fail", "pass-tolerance"}}
