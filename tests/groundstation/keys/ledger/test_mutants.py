"""Nine of ten changes to the rules of the ledger are noticed by its tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.slow
def test_the_tests_notice_nine_of_ten_changed_rules():
    """Every twentieth mutant of ledger, protocol and splitting; the tool alone tries them all."""
    tool = [sys.executable, str(ROOT / "tools" / "mutate_keys.py"), "--every", "20"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False, timeout=1800)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout
