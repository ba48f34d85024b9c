"""What relays carry and every demand gets, with a sentence where that is less than it wants."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundstation.network import Demand, Network
from groundstation.plan.network_model import Path, Problem
from groundstation.plan.paths import Pool
from groundstation.plan.records import Delivery, Relay
from groundstation.plan.solver.model import Ints


def relays_of(network: Network, problem: Problem, flow_bits: Ints) -> tuple[Relay, ...]:
    """Every path that carries key, night by night, in the order of the demands.

    Parameters
    ----------
    flow_bits : along each path in each night, shape (paths, nights with those ahead)
    """
    carried: dict[tuple[int, int, Path], int] = {}
    for t, i in np.argwhere(flow_bits.T > 0):
        way = (int(t), int(problem.owner[i]), problem.paths[i])
        carried[way] = carried.get(way, 0) + int(flow_bits[i, t])
    return tuple(
        Relay(network.demands[k].name, path, bits, t) for (t, k, path), bits in carried.items()
    )


def deliveries_of(
    network: Network,
    problem: Problem,
    chosen: Ints,
    relays: Sequence[Relay],
    drawn: Sequence[tuple[int, int, int]] | None,
    pair_bits: Mapping[str, float],
) -> tuple[Delivery, ...]:
    """Of each demand.

    Parameters
    ----------
    chosen : offers taken
    drawn : quantiles of each demand; None where the weather is not known
    pair_bits : that pairs share already, by demand
    """
    found = []
    for k, demand in enumerate(network.demands):
        delivery = _delivery(network, problem, chosen, relays, k)
        if drawn is not None:
            low, middle, high = drawn[k]
            delivery = replace(delivery, p10_bits=low, p50_bits=middle, p90_bits=high)
        if demand.name in pair_bits:
            delivery = replace(delivery, held_bits=int(pair_bits[demand.name]))
        found.append(delivery)
    return tuple(found)


def _delivery(
    network: Network,
    problem: Problem,
    chosen: Ints,
    relays: Sequence[Relay],
    index: int,
) -> Delivery:
    demand, nights = network.demands[index], problem.horizon.nights
    by_night = [0] * nights
    for relay in relays:
        if relay.demand == demand.name and relay.night < nights:
            by_night[relay.night] += relay.bits
    wants = [int(bits) for bits in problem.wanted_bits[index, :nights]]
    wanted, delivered = sum(wants), sum(by_night)
    remark = ""
    if not (problem.owner == index).any():
        remark = _why_no_path(network, demand, problem)
    elif delivered == 0 and wanted > 0:
        remark = _why_nothing(problem, chosen, index)
    elif delivered < wanted - 1:
        span = "night" if nights == 1 else "nights"
        remark = f"the contacts of the {span} bring no more"
    several = tuple(zip(wants, by_night, strict=True)) if nights > 1 else ()
    return Delivery(demand.name, demand.a, demand.b, wanted, delivered, remark, by_night=several)


def _why_nothing(problem: Problem, chosen: Ints, index: int) -> str:
    """Whether no path is open with the chosen contacts, or its key is worth more elsewhere."""
    brings = [int(i) for i in chosen if problem.counted_bits[i] > 0]
    in_time = [i for i in brings if problem.model.windows.period[i] < problem.horizon.nights]
    if _is_open(problem, in_time, index):
        return "at this priority its key is worth more to other pairs or in the pools"
    if _is_open(problem, brings, index):
        return "the key of its contacts is announced after the last night"
    return "the contacts that were chosen join them on no trusted path"


def _is_open(problem: Problem, brings: Sequence[int], index: int) -> bool:
    """Whether some path of a demand runs over pools that hold key or get it from some offers."""
    stock = problem.model.relay.stock_kbit
    filled = {pool for pool, kbit in zip(problem.pools, stock, strict=True) if kbit > 0.0}
    filled |= {_pool(problem, i) for i in brings}
    mine = problem.owner == index
    return any(
        all(
            hop.satellite is None
            or {Pool(hop.satellite, hop.a), Pool(hop.satellite, hop.b)} <= filled
            for hop in path
        )
        for path, is_mine in zip(problem.paths, mine, strict=True)
        if is_mine
    )


def _pool(problem: Problem, offer: int) -> Pool:
    item = problem.able[problem.offers[offer].candidate]
    return Pool(item.satellite, item.station)


def _why_no_path(network: Network, demand: Demand, problem: Problem) -> str:
    """Which end gets no key at all, or that the two are not joined by trusted nodes."""
    node = {site.name: site.node for site in network.sites}
    reached = {pool.station for pool in problem.pools}
    reached |= {end for ends in problem.fibres for end in ends}
    cut_off = [node[site] for site in (demand.a, demand.b) if node[site] not in reached]
    if cut_off:
        return f"no pass brings key to {' or '.join(cut_off)}"
    ends = f"{node[demand.a]} and {node[demand.b]}"
    if demand.split is not None:
        return f"no {demand.split.shares} ways without a common node join {ends}"
    return f"no trusted path joins {ends}"
