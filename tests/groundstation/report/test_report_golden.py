"""What the pages of the published pass say, number by number, against the last agreed ones.

`tools/write_golden_reports.py` writes the files again; it asks for the sentence that says why.
"""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.night.pass_outcome import pass_outcome
from groundstation.report.night_numbers import night_numbers
from groundstation.report.pass_numbers import pass_numbers

GOLDEN = Path(__file__).with_name("golden")
# Libraries of another build round sums of thousands of terms otherwise; finite keys are floors of
# such sums, and may then differ by a bit or two.
RELATIVE, BITS = 1e-6, 3.0
# What says where and with what a page was made, and changes with every release.
ORIGIN = {"program", "sha256", "solver", "generated_utc", "plan_id", "version"}


def differences(found, wanted, where=""):
    """Every place where two trees differ, told with both values."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        names = (set(found) | set(wanted)) - ORIGIN
        return [
            line
            for name in sorted(names)
            for line in differences(found.get(name), wanted.get(name), f"{where}.{name}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, f"{where}[{i}]")]
    return [] if alike(found, wanted) else [f"{where}: {found!r}, golden {wanted!r}"]


def alike(found, wanted):
    """Whether two values agree; a number of bits may round to its neighbours."""
    numbers = (int, float)
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, numbers) and isinstance(wanted, numbers):
        slack = BITS if isinstance(wanted, int) and abs(wanted) > 1_000 else 1e-12
        return math.isclose(found, wanted, rel_tol=RELATIVE, abs_tol=slack)
    return bool(found == wanted)


@pytest.fixture(scope="module")
def said(micius):
    network = load_network(example_path("micius-2016"))
    now = datetime(2026, 6, 14, 12, tzinfo=UTC)
    single = pass_outcome(network, "micius-xinglong-20161219T1652", None, now=now)
    return {
        "night-micius.json": json.loads(json.dumps(night_numbers(micius))),
        "pass-micius.json": json.loads(json.dumps(pass_numbers(single))),
    }


@pytest.mark.parametrize("name", ["night-micius.json", "pass-micius.json"])
def test_a_page_says_the_agreed_numbers(said, name):
    golden = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    assert differences(said[name], golden["numbers"]) == []


@pytest.mark.parametrize("name", ["night-micius.json", "pass-micius.json"])
def test_a_golden_file_says_why_it_changed_last(name):
    golden = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    assert next(iter(golden)) == "changed"
    assert len(golden["changed"].split()) >= 4


def test_a_change_of_one_part_in_a_hundred_thousand_is_seen():
    wanted = {"a": [{"loss_db": 30.0, "bits": 400_000}]}
    assert differences({"a": [{"loss_db": 30.0, "bits": 400_001}]}, wanted) == []
    changed = differences({"a": [{"loss_db": 30.0003, "bits": 400_005}]}, wanted)
    assert [line.split(":")[0] for line in changed] == [".a[0].bits", ".a[0].loss_db"]
    assert differences({"a": []}, wanted) != []
    assert differences({}, wanted) != []
