"""Write the golden numbers of the reports again, with the sentence that says why they changed.

    python tools/write_golden_reports.py "the sentence"

Golden files hold what the pages of a shipped example say as JSON. They pin numbers, never pixels; a
file without a sentence on its last change fails its test.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from groundstation.catalogue import read_element_files, select_elements
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.night.nightly import middle_of
from groundstation.night.outcome import compute_night
from groundstation.night.pass_outcome import pass_outcome
from groundstation.report.night_numbers import night_numbers
from groundstation.report.pass_numbers import pass_numbers

FOLDER = Path(__file__).parents[1] / "tests/groundstation/report/golden"
EXAMPLE, NIGHT, PASS = "micius-2016", "2016-12-19", "micius-xinglong-20161219T1652"
NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


def main() -> int:
    """Write both files; 2 without a sentence."""
    if len(sys.argv) != 2 or len(sys.argv[1].split()) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    network = load_network(example_path(EXAMPLE))
    selection = select_elements(network, read_element_files(network), middle_of(network, NIGHT))
    outcome = compute_night(network, selection, NIGHT, now=NOW)
    single = pass_outcome(network, PASS, None, now=NOW)
    for name, numbers in (
        ("night-micius.json", night_numbers(outcome)),
        ("pass-micius.json", pass_numbers(single)),
    ):
        document = {"changed": sys.argv[1], "numbers": numbers}
        (FOLDER / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
