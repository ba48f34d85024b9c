"""Every fault that the documents list has the tests that they name."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_fault_of_the_documents_has_its_tests():
    text = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    table = text.split("### Faults and their tests")[1]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    # The seventeen faults of a store and a relay; those of the delivery interface come with it.
    assert len(rows) == 17
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            path = ROOT / file if file.startswith("tests/") else Path(__file__).parent / file
            tree = ast.parse(path.read_text(encoding="utf-8"))
            tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert test in tests, f"{file} has no {test}"
