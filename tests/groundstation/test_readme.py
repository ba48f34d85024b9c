"""The README shows what its commands print."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_readme_shows_what_the_commands_print():
    finished = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "regenerate_readme.py"), "--check"], check=False
    )
    assert finished.returncode == 0, "python tools/regenerate_readme.py brings README.md up to date"


def test_the_readme_is_short():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    inside = False
    words = 0
    for line in text.splitlines():
        inside = not inside if line.startswith("```") else inside
        words += 0 if inside else len(line.split())
    assert words < 650
