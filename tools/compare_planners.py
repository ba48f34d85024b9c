"""Ways of planning compared over simulated nights of europe-2026.

    python tools/compare_planners.py --nights 60 --state build/planners.json
    python tools/compare_planners.py --state build/planners.json --markdown --docs docs/planner.md

One night after the other from 14 June 2026. Every way of planning sees the same passes, forecasts
and sky, has pools of its own that carry over from night to night, and makes its relays after the
night with the key that really came. A run that is stopped goes on from its state file.
"""

import argparse
import sys
from pathlib import Path

from planner_comparison.nights import simulated_network
from planner_comparison.report import markdown, with_tables
from planner_comparison.simulation import read_state, simulate
from planner_comparison.ways import WAYS


def main() -> None:
    """Compare, or print what a state file holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--most-s", type=float, default=float("inf"), help="stop after S seconds")
    parser.add_argument("--markdown", action="store_true", help="only print the tables")
    parser.add_argument(
        "--over", type=int, action="append", help="tables over the first nights; default all"
    )
    parser.add_argument("--docs", type=Path, help="write the tables into this page")
    parser.add_argument(
        "--way", action="append", choices=[w.name for w in WAYS], help="only these; default all"
    )
    given = parser.parse_args()
    network = simulated_network()
    ways = [w for w in WAYS if given.way is None or w.name in given.way]
    if given.markdown:
        state = read_state(given.state, network, given.seed)
    else:
        state = simulate(
            network, ways, given.nights, given.state, seed=given.seed, most_s=given.most_s,
            told=lambda line: print(line, file=sys.stderr),
        )  # fmt: skip
    tables = markdown(network, state, given.over or [given.nights])
    print(tables)
    if given.docs is not None:
        page = given.docs.read_text(encoding="utf-8")
        given.docs.write_text(with_tables(page, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
