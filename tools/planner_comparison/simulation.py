"""Night after night for every way of planning, with a state file that a stopped run goes on from.

The rules it keeps:

1. Every way has pools and pairs of its own, which carry over; it lives through the nights in order.
2. The file is replaced whole after each night of each way: a run that is killed loses one at most.
3. A file of another network or another seed is refused.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner_comparison.drawn_sky import DrawnSky
from planner_comparison.evening import evening_of
from planner_comparison.nights import Nights
from planner_comparison.relays_after import Outcome, carried_out
from planner_comparison.ways import Way, contacts

from groundstation.network import Network
from groundstation.plan.paths import Pool


@dataclass(slots=True)
class Lived:
    """What one way has been through.

    Parameters
    ----------
    nights : a row of each
    pools : satellite, station and bits
    held_bits : that pairs have left, by demand
    """

    nights: list[dict[str, Any]] = field(default_factory=list)
    pools: list[tuple[str, str, float]] = field(default_factory=list)
    held_bits: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """All that is known, by way; the file is this as JSON."""

    seed: int
    network: str
    ways: dict[str, Lived] = field(default_factory=dict)


def read_state(file: Path, network: Network, seed: int) -> State:
    """What a file holds, or the beginning."""
    if not file.exists():
        return State(seed, network.digest)
    held = json.loads(file.read_text(encoding="utf-8"))
    if (held["seed"], held["network"]) != (seed, network.digest):
        raise SystemExit(f"{file} is of another network or seed: {held['seed']}, not {seed}")
    return State(seed, network.digest, {n: Lived(**lived) for n, lived in held["ways"].items()})


def write_state(file: Path, state: State) -> None:
    """Replace the file."""
    ways = {
        name: {"nights": lived.nights, "pools": lived.pools, "held_bits": lived.held_bits}
        for name, lived in state.ways.items()
    }
    document = {"seed": state.seed, "network": state.network, "ways": ways}
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps(document), encoding="utf-8")
    part.replace(file)


def simulate(
    network: Network,
    ways: Sequence[Way],
    nights: int,
    file: Path,
    *,
    seed: int,
    most_s: float = float("inf"),
    told: Callable[[str], None] = lambda _: None,
) -> State:
    """Let every way live through the first nights, as far as the time allows.

    Parameters
    ----------
    file : state; passes are kept in a folder beside it
    most_s : begin no further night after this time [s]
    told : a line about each night of each way
    """
    state = read_state(file, network, seed)
    sky, passes = DrawnSky(network, seed), Nights(network, file.with_suffix(".passes"))
    begun = time.monotonic()
    for number in range(nights):
        for way in ways:
            lived = state.ways.setdefault(way.name, Lived())
            if len(lived.nights) != number or time.monotonic() - begun > most_s:
                continue
            evening = evening_of(passes, sky, number, way.nights - 1)
            stocks = {Pool(s, g): bits for s, g, bits in lived.pools}
            cpu = time.process_time()
            chosen = contacts(network, way, evening, stocks)
            cpu = time.process_time() - cpu
            found = carried_out(network, way, evening, chosen, stocks, lived.held_bits)
            lived.nights.append(_row(evening.tonight.name, found, cpu))
            lived.pools = [(p.satellite, p.station, bits) for p, bits in found.stocks.items()]
            lived.held_bits = dict(found.held_bits)
            write_state(file, state)
            told(f"{evening.tonight.name} {way.name}: {cpu:.1f} s")
    return state


def _row(night: str, found: Outcome, cpu_s: float) -> dict[str, Any]:
    return {
        "night": night,
        "kbit": dict(found.kbit),
        "starved_h": dict(found.starved_h),
        "contacts": found.contacts,
        "clear": found.clear,
        "in_pools_kbit": sum(found.stocks.values()) / 1e3,
        "cpu_s": round(cpu_s, 3),
    }
