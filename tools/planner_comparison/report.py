"""What ways of planning brought, as tables in Markdown.

The rules it keeps:

1. Ways are compared over the same nights.
2. Pools carry over, so that nights are not independent: the error of a difference is that of the
   means of blocks of five nights in a row.
3. The worst pair is the one with the smallest share of its demand, without the demand that wants
   more than any night can bring.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from planner_comparison.drawn_sky import Floats
from planner_comparison.simulation import State
from planner_comparison.ways import REFERENCE, WAYS

from groundstation.network import Network

BLOCK = 5
BEGIN, END = "<!-- begin compare_planners -->", "<!-- end compare_planners -->"
# What all contacts of a night bring together is less.
MORE_THAN_A_NIGHT_BITS = 10e6


def markdown(network: Network, state: State, over: Sequence[int]) -> str:
    """Tables over the first nights, with pairs over the most; ways with fewer nights are left out.

    Parameters
    ----------
    over : numbers of nights, each with tables of its own; fewer if the reference has fewer
    """
    known = {w.name: state.ways[w.name].nights for w in WAYS if w.name in state.ways}
    most = len(known.get(REFERENCE, []))
    counts = sorted({min(nights, most) for nights in over} - {0}, reverse=True)
    if not counts:
        return "no night of the reference yet"
    parts = []
    for count in counts:
        rows = {name: lived[:count] for name, lived in known.items() if len(lived) >= count}
        parts += [f"{count} nights, seed {state.seed}:", value_table(network, rows)]
        if count == counts[0]:
            parts += ["Share of demand met, hours a night without key (P95):"]
            parts += [pair_table(network, rows)]
    short = [f"{name} ({len(lived)})" for name, lived in known.items() if len(lived) < counts[-1]]
    return "\n\n".join([*parts, *([f"left out: {', '.join(short)}"] if short else [])])


def with_tables(page: str, tables: str) -> str:
    """A page of the documentation with the tables between their two marks.

    Raises
    ------
    ValueError
        a mark is missing
    """
    head, _, rest = page.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(f"the page has no lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{tables}\n\n{END}{tail}"


def value_table(network: Network, rows: dict[str, list[dict[str, Any]]]) -> str:
    """Weighted key of every way against planning for expected key.

    Parameters
    ----------
    rows : of the same nights, by way
    """
    head = (
        "way of planning", "weighted kbit a night", "against expected key", "worst tenth",
        "worst pair", "starved h", "contacts", "clear", "CPU s",
    )  # fmt: skip
    lines = [_line(head), "|---|" + "---:|" * (len(head) - 1)]
    reference = weighted(network, rows[REFERENCE])
    for name, nights in rows.items():
        values = weighted(network, nights)
        worst = np.sort(values)[: max(1, len(values) // 10)].mean()
        contacts = sum(row["contacts"] for row in nights)
        clear = sum(row["clear"] for row in nights) / max(contacts, 1)
        lines.append(
            _line(
                (
                    name,
                    f"{values.mean():,.0f}",
                    "" if name == REFERENCE else difference(values, reference),
                    f"{worst:,.0f}",
                    f"{min(share for d, share in shares(network, nights).items()):.0%}",
                    f"{np.mean([_starved(network, row) for row in nights]):.1f}",
                    f"{contacts / len(nights):.1f}",
                    f"{clear:.0%}",
                    f"{np.mean([row['cpu_s'] for row in nights]):.1f}",
                )
            )
        )
    return "\n".join(lines)


def pair_table(network: Network, rows: dict[str, list[dict[str, Any]]]) -> str:
    """Share of demand met, and hours a day without key: mean and P95 over the nights."""
    demands = network.demands
    lines = [
        _line(("way of planning", *(f"{d.name} ({d.priority:g})" for d in demands))),
        "|---|" + "---:|" * len(demands),
    ]
    for name, nights in rows.items():
        cells = []
        for d in demands:
            met = sum(row["kbit"][d.name] for row in nights) / _wanted_kbit(d.bits_per_day, nights)
            hours = [row["starved_h"][d.name] for row in nights]
            cells.append(f"{met:.0%}, {np.mean(hours):.1f} h ({np.quantile(hours, 0.95):.1f})")
        lines.append(_line((name, *cells)))
    return "\n".join(lines)


def weighted(network: Network, nights: Sequence[dict[str, Any]]) -> Floats:
    """Key of each night, weighted by priority [kbit]."""
    weight = {d.name: d.priority for d in network.demands}
    return np.array([sum(weight[k] * kbit for k, kbit in row["kbit"].items()) for row in nights])


def difference(values: Floats, reference: Floats) -> str:
    """Gain over the reference with its standard error, in percent of the reference."""
    apart = values - reference
    gain = 100.0 * apart.sum() / reference.sum()
    blocks = len(apart) // BLOCK
    if blocks < 2:
        return f"{gain:+.1f} %"
    means = apart[: blocks * BLOCK].reshape(blocks, BLOCK).mean(axis=1)
    error = 100.0 * means.std(ddof=1) / np.sqrt(blocks) / reference.mean()
    return f"{gain:+.1f} % ± {error:.1f}"


def shares(network: Network, nights: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Share of its demand that each pair got, without the one that no night can satisfy."""
    return {
        d.name: sum(row["kbit"][d.name] for row in nights) / _wanted_kbit(d.bits_per_day, nights)
        for d in _satisfiable(network)
    }


def _satisfiable(network: Network) -> list[Any]:
    return [d for d in network.demands if d.bits_per_day < MORE_THAN_A_NIGHT_BITS]


def _starved(network: Network, row: dict[str, Any]) -> float:
    """Hours that a pair is without key in a night, mean over the pairs that can be satisfied."""
    return float(np.mean([row["starved_h"][d.name] for d in _satisfiable(network)]))


def _wanted_kbit(bits_per_day: float, nights: Sequence[dict[str, Any]]) -> float:
    return bits_per_day * len(nights) / 1e3


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
