"""Five planners on the same instances, side by side: value, proven bound, gap and time.

- greedy: the best windows first, then the exact relay;
- greedy, local search: each satellite in turn takes its best windows beside the others, until
  nothing gains, then the exact relay;
- contacts, then relay: the most bits (proven), then the exact relay;
- weighted, then relay: the best of three ways to weigh bits by the station that gets them (mean
  weight of its demands; weighted demand; weighted demand by key on offer), then the exact relay;
- ours: contacts and relay together.

The gap of each is to the bound that ours proves; time is processor time, which a busy machine
does not stretch much. Without a name the small instances are compared, in less than three minutes;
--week adds the continental week, --large that, the crew-limited week, the continental night and the
night of 500 stations, --cold the hard class, in which pools start empty.

    python benchmarks/bench_plan.py [--week] [--large] [--cold] [NAME ...]
"""

import sys
import time
from dataclasses import replace

import numpy as np
from instances import COLD, LARGE, QUICK, WEEK, make_instance

from groundstation.plan.solver.delivery import deliver
from groundstation.plan.solver.exchange import instance_from
from groundstation.plan.solver.insertion import insert_in_order
from groundstation.plan.solver.lagrangian import structure_of
from groundstation.plan.solver.model import value_of
from groundstation.plan.solver.modelling import Goal, model_of
from groundstation.plan.solver.results import result_of
from groundstation.plan.solver.solve import solve
from groundstation.plan.solver_check import check_result

_ROUNDS = 5


def greedy(structure):
    return insert_in_order(structure, np.argsort(-_bits(structure), kind="stable"))


def _bits(structure):
    w = structure.model.windows
    return w.worth + w.key_kbit


def local_search(structure, chosen):
    """Re-optimise one satellite after the other by its dynamic programme until nothing gains."""
    w, bits = structure.model.windows, _bits(structure)
    for _ in range(_ROUNDS):
        before = bits[chosen].sum()
        for satellite in np.unique(w.satellite):
            others = chosen[w.satellite[chosen] != satellite]
            profit = np.where((w.satellite == satellite) & _is_free(structure, others), bits, -1.0)
            own = structure.blocks.chosen(structure.blocks.best(profit))
            # Limits that a satellite does not see are kept by the insertion.
            found = insert_in_order(structure, own[np.argsort(-bits[own])], others)
            if bits[found].sum() > bits[chosen].sum():
                chosen = found
        if bits[chosen].sum() <= before:
            break
    return chosen


def _is_free(structure, others):
    limit = structure.model.limits.telescopes[structure.stations.resource]
    full = (structure.stations.load(others) >= limit).astype(float)
    return structure.stations.prices_paid(full) < 0.5


def weighings(contacts, joint):
    """The contacts model with its bits weighed by station, in three ways a person might try."""
    relay, w = joint.relay, contacts.windows
    count = len(contacts.limits.telescopes)
    demanded, weighted, number = (np.zeros(count) for _ in range(3))
    first = np.unique(relay.path_demand, return_index=True)[1]
    for path in first:
        k, ends = relay.path_demand[path], relay.path_ends[path]
        number[ends] += 1.0
        demanded[ends] += relay.weight_per_kbit[k].mean()
        weighted[ends] += (relay.weight_per_kbit[k] * relay.demand_kbit[k]).sum()
    offered = np.bincount(w.station, w.worth, minlength=count)
    for factor in (
        demanded / np.maximum(number, 1.0),
        weighted,
        weighted / np.maximum(offered, 1.0),
    ):
        # Nobody plans no contact at all: what no demand asks for keeps a little value.
        worth = w.worth * (0.02 + factor / max(factor.max(), 1e-12))[w.station]
        yield replace(contacts, windows=replace(w, worth=worth))


def compare(name):
    document = make_instance(name)
    instance = instance_from(document)
    rows = {}
    for goal in Goal:
        model, offer = model_of(instance, goal)
        structure = structure_of(model)
        useful = structure.useful
        relay = goal is Goal.RELAY

        def valued(chosen, structure=structure, useful=useful, relay=relay):
            start = None if useful.sum() < 40_000 else _some_paths(useful)
            flow = deliver(structure, chosen, useful, start=start).flow_kbit if relay else None
            flow = np.zeros(useful.shape) if flow is None else flow
            return value_of(structure.model, chosen, flow)

        begin = time.process_time()
        first = greedy(structure)
        rows[goal, "greedy"] = (valued(first), None, time.process_time() - begin)
        begin = time.process_time()
        better = local_search(structure, greedy(structure))
        rows[goal, "greedy, local search"] = (valued(better), None, time.process_time() - begin)
        if relay:
            contacts = model_of(instance, Goal.CONTACTS)[0]
            begin = time.process_time()
            most = valued(solve(contacts).chosen)
            rows[goal, "contacts, then relay"] = (most, None, time.process_time() - begin)
            begin = time.process_time()
            weighted = max(valued(solve(one).chosen) for one in weighings(contacts, model))
            rows[goal, "weighted, then relay"] = (weighted, None, time.process_time() - begin)
        begin = time.process_time()
        solution = solve(model)
        seconds = time.process_time() - begin
        faults = check_result(
            document, result_of(instance, model, offer, solution, goal), goal.value
        )
        if faults:
            raise SystemExit(f"{name}: {faults[0]}")
        rows[goal, "ours"] = (solution.value, solution.bound, seconds)
    _print(name, model.windows.count, rows)


def _some_paths(useful):
    """Every eighth delivery to begin with; the exact relay asks for what it lacks."""
    start = np.zeros_like(useful)
    start[::8] = useful[::8]
    return start


def _print(name, windows, rows):
    print(f"\n{name}: {windows:,} windows")
    heads = f"{'value':>15s} {'bound':>15s} {'gap':>9s} {'CPU time':>10s}"
    print(f"  {'problem':9s} {'planner':22s} {heads}")
    for (goal, planner), (value, bound, seconds) in rows.items():
        best = rows[goal, "ours"][1]
        gap = f"{100 * (best - value) / best:.3f} %"
        shown = "" if bound is None else f"{bound:,.2f}"
        line = f"  {goal.value:9s} {planner:22s} {value:15,.2f} {shown:>15s} {gap:>9s}"
        print(f"{line} {seconds:8.1f} s")
    ours = rows[Goal.RELAY, "ours"][0]
    for other in ("contacts, then relay", "weighted, then relay"):
        gain = 100 * (ours / rows[Goal.RELAY, other][0] - 1)
        print(f"  ours against {other}: {gain:+.1f} %", flush=True)


def main():
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    if not names:
        names = [*QUICK]
        names += LARGE if "--large" in sys.argv else WEEK if "--week" in sys.argv else ()
        names += COLD if "--cold" in sys.argv else ()
    for name in names:
        compare(name)


if __name__ == "__main__":
    main()
