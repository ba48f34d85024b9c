"""From candidates and demands to a plan with a reason for everything it leaves out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import scipy

from groundstation.network import Demand, Network
from groundstation.plan.conflicts import Span, cliques
from groundstation.plan.paths import Pool, relay_paths
from groundstation.plan.programme import Problem, Solution, solve
from groundstation.plan.reasons import rejections
from groundstation.plan.records import Candidate, Contact, Delivery, Plan, Relay

SECONDS_PER_DAY = 86_400.0


def make_plan(
    network: Network,
    candidates: Sequence[Candidate],
    *,
    night: str,
    nights: int,
    plan_id: str,
    stocks: Mapping[Pool, float] | None = None,
    fixed: Mapping[str, bool] | None = None,
    remarks: Sequence[str] = (),
) -> Plan:
    """Choose contacts and relays for the largest priority-weighted delivery under a clear sky.

    Parameters
    ----------
    candidates : every pass of the span; those with a refusal or without key are not chosen
    nights : length of the horizon, over which demands and fibre capacities are counted
    plan_id : identity of the inputs
    stocks : key that satellite-station pools hold already
    fixed : passes that must (True) or must not (False) be contacts, by their ids; of two that
        must and exclude each other, the one with less key is left out, with a remark
    remarks : sentences of the caller that belong to the plan
    """
    able = [c for c in candidates if c.refusal is None and c.key_bits > 0 and c.windows]
    stocks = dict(stocks or {})
    problem, path_remarks = _problem(network, able, nights, stocks)
    problem, fixed_remarks = _with_fixed(problem, able, fixed or {})
    solution = solve(problem)
    relays = _relays(network, problem, solution)
    return Plan(
        plan_id=plan_id,
        night=night,
        contacts=tuple(
            Contact(c.pass_id, c.satellite, c.station, c.windows, c.key_bits)
            for c in (able[i] for i in solution.chosen)
        ),
        relays=relays,
        deliveries=tuple(
            _delivery(network, demand, problem, solution, index, relays)
            for index, demand in enumerate(network.demands)
        ),
        rejections=rejections(candidates, able, problem, solution),
        value=solution.value,
        bound=solution.bound,
        solver=f"HiGHS in scipy {scipy.__version__}, contacts and relay in one programme",
        remarks=(*remarks, *path_remarks, *fixed_remarks),
    )


def contact_spans(network: Network, able: Sequence[Candidate]) -> tuple[list[Span], list[Span]]:
    """Time that each contact occupies its satellite and its telescope [s], set-up included."""
    satellite_setup = {s.name: s.setup_s for s in network.satellites}
    station_setup = {s.name: s.setup_s for s in network.stations}
    on_satellite, on_station = [], []
    for candidate in able:
        start, stop = (
            candidate.windows[0][0].timestamp(),
            candidate.windows[-1][1].timestamp(),
        )
        on_satellite.append((start, stop + satellite_setup[candidate.satellite]))
        on_station.append((start, stop + station_setup[candidate.station]))
    return on_satellite, on_station


def _problem(
    network: Network, able: Sequence[Candidate], nights: int, stocks: Mapping[Pool, float]
) -> tuple[Problem, list[str]]:
    """The programme's numbers, with sentences on demands that no path can serve."""
    on_satellite, on_station = contact_spans(network, able)
    pools = tuple(Pool(c.satellite, c.station) for c in able)
    remarks, paths = [], []
    for demand in network.demands:
        found, complete = relay_paths(network, demand, {*pools, *stocks})
        paths.append(tuple(found))
        if not complete:
            remarks.append(f"{demand.name}: only the {len(found)} shortest paths are considered")
    problem = Problem(
        key_bits=np.array([c.key_bits for c in able], dtype=np.float64),
        pools=pools,
        stocks=stocks,
        cliques=tuple(
            tuple(clique)
            for clique in [
                *cliques([c.satellite for c in able], on_satellite),
                *cliques([c.station for c in able], on_station),
            ]
        ),
        demand_bits=np.floor([d.bits_per_day * nights for d in network.demands]),
        priority=np.array([d.priority for d in network.demands]),
        paths=tuple(paths),
        fibre_bits=fibre_capacity_bits(network, nights),
    )
    return problem, remarks


def fibre_capacity_bits(network: Network, nights: int) -> dict[tuple[str, str], float]:
    """Whole secret bits that two fibre ends can share over the horizon; parallel links add."""
    capacity: dict[tuple[str, str], float] = {}
    for link in network.fibre_links:
        ends = (link.a, link.b) if link.a <= link.b else (link.b, link.a)
        capacity[ends] = capacity.get(ends, 0.0) + link.key_rate_bps * SECONDS_PER_DAY * nights
    return {ends: float(np.floor(bits)) for ends, bits in capacity.items()}


def _with_fixed(
    problem: Problem, able: Sequence[Candidate], fixed: Mapping[str, bool]
) -> tuple[Problem, list[str]]:
    """The programme with what is fixed, and a sentence for what could not be kept.

    Newer elements shift passes by seconds: two contacts that just followed each other may now
    overlap, and both can no longer be kept.
    """
    decided = {i: fixed[c.pass_id] for i, c in enumerate(able) if c.pass_id in fixed}
    remarks = []
    for i in sorted((i for i in decided if decided[i]), key=lambda i: -able[i].key_bits):
        rivals = {j for clique in problem.cliques if i in clique for j in clique} - {i}
        for j in sorted(rivals):
            if decided[i] and decided.get(j):
                decided[j] = False
                remarks.append(
                    f"{able[j].pass_id} was to be kept but now overlaps {able[i].pass_id}"
                )
    return replace(problem, fixed=decided), remarks


def _relays(network: Network, problem: Problem, solution: Solution) -> tuple[Relay, ...]:
    return tuple(
        Relay(demand.name, path, bits)
        for demand, paths, flows in zip(network.demands, problem.paths, solution.flows, strict=True)
        for path, bits in zip(paths, flows, strict=True)
        if bits > 0
    )


def _delivery(
    network: Network,
    demand: Demand,
    problem: Problem,
    solution: Solution,
    index: int,
    relays: Sequence[Relay],
) -> Delivery:
    """What a demand gets, with a sentence if it gets less than it wants."""
    wanted = int(np.floor(problem.demand_bits[index]))
    delivered = sum(relay.bits for relay in relays if relay.demand == demand.name)
    remark = ""
    if not problem.paths[index]:
        remark = _why_no_path(network, demand, problem)
    elif delivered == 0 and wanted > 0:
        remark = _why_nothing(problem, solution, index)
    elif delivered < wanted - 1:
        remark = "the contacts of the night bring no more"
    return Delivery(demand.name, demand.a, demand.b, wanted, delivered, remark)


def _why_nothing(problem: Problem, solution: Solution, index: int) -> str:
    """Whether no path is open with the chosen contacts, or its key is worth more elsewhere."""
    filled = {problem.pools[i] for i in solution.chosen} | set(problem.stocks)
    is_open = any(
        all(
            hop.satellite is None
            or {Pool(hop.satellite, hop.a), Pool(hop.satellite, hop.b)} <= filled
            for hop in path
        )
        for path in problem.paths[index]
    )
    if is_open:
        return "at this priority its key is worth more to other pairs or in the pools"
    return "the contacts that were chosen join them on no trusted path"


def _why_no_path(network: Network, demand: Demand, problem: Problem) -> str:
    """Which end gets no key at all, or that the two are not joined by trusted nodes."""
    node = {site.name: site.node for site in network.sites}
    reached = {pool.station for pool in (*problem.pools, *problem.stocks)}
    reached |= {end for ends in problem.fibre_bits for end in ends}
    cut_off = [node[site] for site in (demand.a, demand.b) if node[site] not in reached]
    if cut_off:
        return f"no pass brings key to {' or '.join(cut_off)}"
    return f"no trusted path joins {node[demand.a]} and {node[demand.b]}"
