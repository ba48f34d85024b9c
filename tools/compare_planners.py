"""Ways of planning compared over simulated nights: key delivered, weighted by priority.

    python tools/compare_planners.py --nights 60 --state build/planners.json
    python tools/compare_planners.py --nights 60 --state build/planners.json --markdown

The network is the shipped europe-2026, its satellites and stations as they are, one night after the
other from 14 June 2026. Every way of planning sees the same passes, forecasts and sky, has pools of
its own that carry over from night to night, and makes its relays after the night with the key that
really came. A run that is stopped goes on from its state file.

The sky of a station is clear in a night if a latent normal number lies below the quantile of its
clear share. That number is shared by stations as exp(-distance / 400 km), and half of what the
evening knows carries over to the next night. The evening's forecast knows KNOWN[0] of its variance,
each later one more; 40 worlds are drawn from what is not known yet. All of this is assumed: the
figures compare ways of planning, they are no climatology.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from groundstation.catalogue import read_element_files
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.network import Network
from groundstation.night.decision import candidate_of
from groundstation.night.forecasts import with_forecasts
from groundstation.night.gathering import choose_elements
from groundstation.night.outcome import span_of
from groundstation.night.survey import find_night_passes
from groundstation.night.window_keys import WindowKeys
from groundstation.plan.choosing import problem_of, solution_of
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.network_model import Problem
from groundstation.plan.paths import Pool
from groundstation.plan.planner import contacts_of
from groundstation.plan.records import Candidate, Contact, Plan
from groundstation.plan.sky import Sky
from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.windows import KeyOf
from groundstation.plan_policy import PlanRisk
from groundstation.weather.drawn_nights import distance_correlation

FIRST_NIGHT = date(2026, 6, 14)
WORLDS = 40
CORRELATION_M = 400e3
# Hours of the day of the forecasts, UTC, and how much of the variance each knows.
HOURS = (14, 20, 22, 24, 26)
KNOWN = (0.5, 0.65, 0.75, 0.82, 0.88)
CARRIED = 0.5
# Share of summer nights with a clear sky; assumed.
CLEAR = {
    "heriot-watt-hogs": 0.30, "oberpfaffenhofen": 0.42, "graz": 0.45, "asiago": 0.50,
    "calern": 0.65, "matera": 0.70, "holomondas": 0.68, "helmos": 0.75, "skinakas": 0.85,
    "esa-ogs": 0.80,
}  # fmt: skip
Floats = NDArray[np.float64]
Stocks = dict[Pool, float]


@dataclass(frozen=True, slots=True)
class Tonight:
    """What all ways of planning are told of a night."""

    name: str
    candidates: tuple[Candidate, ...]
    key_of: KeyOf
    is_clear: dict[str, bool]
    skies: tuple[tuple[datetime, Sky], ...]


class Heaven:
    """The sky of every night, from one seed."""

    def __init__(self, network: Network, seed: int) -> None:
        self._seed = seed
        self._names = [s.name for s in network.stations]
        self._limit = ndtri([CLEAR[name] for name in self._names])
        correlation = distance_correlation(
            np.array([s.site.latitude_rad for s in network.stations]),
            np.array([s.site.longitude_rad for s in network.stations]),
            CORRELATION_M,
        )
        self._root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(self._names)))

    def _normal(self, *names: int, count: int = 1) -> Floats:
        rng = np.random.default_rng([self._seed, *names])
        return np.asarray(rng.standard_normal((count, len(self._names))) @ self._root.T)

    def _evening(self, number: int) -> Floats:
        """What the evening of a night knows, of unit variance; it forgets by half a night."""
        fresh = self._normal(number, 0)[0]
        if number == 0:
            return fresh
        return CARRIED * self._evening(number - 1) + np.sqrt(1.0 - CARRIED**2) * fresh

    def known(self, number: int) -> list[Floats]:
        """What each forecast knows, then the truth."""
        total = np.sqrt(KNOWN[0]) * self._evening(number)
        found = [total]
        for step, more in enumerate(np.diff([*KNOWN, 1.0]), start=1):
            total = total + np.sqrt(more) * self._normal(number, step)[0]
            found.append(total)
        return found

    def truth(self, number: int) -> dict[str, bool]:
        """Whether each station is clear."""
        return dict(zip(self._names, self.known(number)[-1] < self._limit, strict=True))

    def worlds(self, number: int, step: int) -> dict[str, Floats]:
        """Whether each station is clear in each world of a forecast."""
        open_part = np.sqrt(1.0 - KNOWN[step]) * self._normal(number, 100 + step, count=WORLDS)
        clear = (self.known(number)[step] + open_part) < self._limit
        return dict(zip(self._names, clear.T.astype(float), strict=True))


def night_of(network: Network, heaven: Heaven, number: int) -> Tonight:
    """Passes with their key, and the forecasts of a night."""
    name = (FIRST_NIGHT + timedelta(days=number)).isoformat()
    selection = choose_elements(network, read_element_files(network), name)
    seen = find_night_passes(network, selection, *span_of(network, name))
    seen = with_forecasts(network, seen, name)
    candidates = tuple(candidate_of(item) for item in seen.passes)
    ids = tuple(c.pass_id for c in candidates)
    midnight = datetime.combine(FIRST_NIGHT + timedelta(days=number), datetime.min.time(), UTC)
    skies = []
    for step, hour in enumerate(HOURS):
        worlds = heaven.worlds(number, step)
        table = np.stack([worlds[c.station] for c in candidates], axis=1)
        members = tuple(f"world {i}" for i in range(WORLDS))
        skies.append((midnight + timedelta(hours=hour), Sky(members, ids, table)))
    truth = heaven.truth(number)
    return Tonight(
        name,
        candidates,
        WindowKeys(network, seen, name).bits,
        {c.pass_id: bool(truth[c.station]) for c in candidates},
        tuple(skies),
    )


def clear_sky(night: Tonight, names: Sequence[str], sky: Sky) -> Sky:
    """The sky with the truth in place of the forecast for some passes."""
    table = sky.clear.copy()
    for name in names:
        table[:, sky.pass_ids.index(name)] = night.is_clear[name]
    return replace(sky, clear=table)


def planned(
    network: Network, night: Tonight, sky: Sky, stocks: Stocks, held: Plan | None, now: datetime
) -> tuple[Problem, Plan]:
    """The contacts of a plan for a forecast; what has begun stays, with what it brought."""
    begun = [c.pass_id for c in night.candidates if held is not None and _start(c) < now]
    taken = {c.pass_id for c in held.contacts} if held is not None else set()
    given = PlanInputs(
        key_of=night.key_of,
        sky=clear_sky(night, begun, sky),
        stocks=stocks,
        previous=held,
        fixed={name: name in taken for name in begun},
    )
    problem, _ = problem_of(network, night.candidates, 1, given)
    solution, _ = solution_of(network.plan, problem, given.sky)
    contacts = contacts_of(problem, solution.chosen, given.sky)
    return problem, Plan("", night.name, contacts, (), (), (), 0.0, 0.0, "", ())


def _start(item: Candidate) -> datetime:
    return item.windows[0][0] if item.windows else item.aos


def greedy(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """The pass with the most expected key first, whole, as long as it fits."""
    sky = night.skies[0][1]
    given = PlanInputs(sky=sky, stocks=stocks)
    problem, _ = problem_of(network, night.candidates, 1, given)
    order = np.argsort(-np.array(problem.counted_bits), kind="stable")
    chosen = insert_in_order(structure_of(problem.model), order)
    return contacts_of(problem, chosen, sky)


def expected(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """One plan in the evening."""
    now, sky = night.skies[0]
    return planned(network, night, sky, stocks, None, now)[1].contacts


def replanned(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """A plan in the evening, and a new one for what has not begun at each forecast."""
    held = None
    for now, sky in night.skies:
        held = planned(network, night, sky, stocks, held, now)[1]
    return () if held is None else held.contacts


def hedged(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """One plan in the evening for many skies, half of it for the worst of them."""
    policy = replace(network.plan, risk=PlanRisk.SCENARIOS)
    return expected(replace(network, plan=policy), night, stocks)


def hedged_mean(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """One plan in the evening for the mean of many skies."""
    policy = replace(network.plan, risk=PlanRisk.SCENARIOS, risk_weight=0.0)
    return expected(replace(network, plan=policy), night, stocks)


def perfect(network: Network, night: Tonight, stocks: Stocks) -> tuple[Contact, ...]:
    """One plan with the weather that comes."""
    now, sky = night.skies[0]
    known = clear_sky(night, [c.pass_id for c in night.candidates], sky)
    return planned(network, night, known, stocks, None, now)[1].contacts


WAYS: dict[str, Callable[[Network, Tonight, Stocks], tuple[Contact, ...]]] = {
    "greedy": greedy,
    "expected key": expected,
    "expected key, planned again": replanned,
    "mean over 12 skies": hedged_mean,
    "12 skies, half CVaR": hedged,
    "perfect knowledge": perfect,
}


def lived(
    network: Network, night: Tonight, contacts: Sequence[Contact], stocks: Stocks
) -> tuple[dict[str, float], Stocks]:
    """Key of each demand [kbit] with the relays made afterwards, and what stays in the pools."""
    came = [
        Candidate(c.pass_id, c.satellite, c.station, c.start, c.stop, c.windows, c.key_bits, None)
        for c in contacts
        if night.is_clear[c.pass_id]
    ]
    problem, _ = problem_of(network, came, 1, PlanInputs(stocks=stocks))
    relay, structure = problem.model.relay, structure_of(problem.model)
    chosen = np.arange(problem.model.windows.count)
    flow = deliver(structure, chosen, structure.useful).flow_kbit.sum(axis=1)
    kbit = np.bincount(relay.path_demand, flow, minlength=len(network.demands))
    left = relay.stock_kbit - relay.pool_use.T @ flow
    left += np.bincount(
        problem.model.windows.pool, problem.model.windows.key_kbit, minlength=len(left)
    )
    rest = {pool: 1e3 * float(k) for pool, k in zip(problem.pools, left, strict=True)}
    return {d.name: float(k) for d, k in zip(network.demands, kbit, strict=True)}, rest


def run(network: Network, nights: int, seed: int, file: Path, most_s: float) -> dict[str, Any]:
    """Night after night until the number or the time is reached; state after each night."""
    state: dict[str, Any] = {"seed": seed, "nights": [], "pools": {}}
    if file.exists():
        state = json.loads(file.read_text(encoding="utf-8"))
    heaven = Heaven(network, seed)
    begun = time.monotonic()
    for number in range(len(state["nights"]), nights):
        if time.monotonic() - begun > most_s:
            break
        night = night_of(network, heaven, number)
        row: dict[str, Any] = {"night": night.name}
        for name, way in WAYS.items():
            stocks = {Pool(s, g): bits for s, g, bits in state["pools"].get(name, [])}
            cpu = time.process_time()
            contacts = way(network, night, stocks)
            cpu = time.process_time() - cpu
            kbit, rest = lived(network, night, contacts, stocks)
            state["pools"][name] = [[p.satellite, p.station, bits] for p, bits in rest.items()]
            row[name] = {
                "kbit": kbit, "cpu_s": round(cpu, 2), "contacts": len(contacts),
                "clear": sum(night.is_clear[c.pass_id] for c in contacts),
            }  # fmt: skip
        state["nights"].append(row)
        file.write_text(json.dumps(state), encoding="utf-8")
    return state


def table_of(network: Network, state: dict[str, Any]) -> str:
    """Key of every way against planning for expected key, as a table in Markdown."""
    weight = {d.name: d.priority for d in network.demands}

    def value(row: dict[str, Any], name: str) -> float:
        return sum(weight[k] * kbit for k, kbit in row[name]["kbit"].items())

    rows = state["nights"]
    reference = np.array([value(row, "expected key") for row in rows])
    heads = ("way of planning", "weighted kbit a night", "against expected key", "worst tenth")
    lines = [
        f"{len(rows)} nights, seed {state['seed']}",
        "",
        f"| {' | '.join((*heads, 'contacts', 'clear', 'CPU s'))} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in WAYS:
        values = np.array([value(row, name) for row in rows])
        worst = np.sort(values)[: max(1, len(values) // 10)].mean()
        gain = 100.0 * (values.sum() / reference.sum() - 1.0)
        error = 100.0 * np.std(values - reference) * np.sqrt(len(rows)) / reference.sum()
        contacts = sum(row[name]["contacts"] for row in rows)
        clear = sum(row[name]["clear"] for row in rows) / max(contacts, 1)
        cpu = float(np.mean([row[name]["cpu_s"] for row in rows]))
        lines.append(
            f"| {name} | {values.mean():,.0f} | {gain:+.1f} % ± {error:.1f} | {worst:,.0f} | "
            f"{contacts / len(rows):.1f} | {clear:.0%} | {cpu:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Compare, or print what a state file holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--most-s", type=float, default=float("inf"), help="stop after S seconds")
    parser.add_argument("--markdown", action="store_true", help="only print the table")
    given = parser.parse_args()
    network = load_network(example_path("europe-2026"))
    # The element sets of one day serve for all nights: this world flies as they say.
    policies = replace(network.policies, max_elements_age_s=1e9, warn_elements_age_s=1e9)
    network = replace(network, policies=policies)
    nights = 0 if given.markdown else given.nights
    print(table_of(network, run(network, nights, given.seed, given.state, given.most_s)))


if __name__ == "__main__":
    main()
