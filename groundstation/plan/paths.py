"""The ways in which key can travel between two consumer sites."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from groundstation.network import Demand, Network
from groundstation.plan.records import Hop

# Beyond this many paths for one demand, or for all of them together, the longer ones are left out,
# and the plan says so.
MOST_PATHS = 4_000
MOST_PATHS_OF_ALL = 60_000


@dataclass(frozen=True, slots=True)
class Pool:
    """Key that one satellite shares with one station."""

    satellite: str
    station: str


def relay_paths(
    network: Network, demand: Demand, pools: Iterable[Pool]
) -> tuple[list[tuple[Hop, ...]], bool]:
    """Simple paths from the demand's first site to its second, shortest first.

    A satellite joins two stations with which it shares key, by announcing the exclusive-or of
    the two keys; a fibre link joins its two ends. Every node in between, and every satellite,
    knows the key and must be trusted by the demand.

    Parameters
    ----------
    pools : the pools that hold key, or will

    Returns
    -------
    paths : at most MOST_PATHS, and fewer where there are many demands
    complete : False if longer paths were left out
    """
    node_of = {site.name: site.node for site in network.sites}
    hops = _hops_from(network, demand, pools)
    start, goal = node_of[demand.a], node_of[demand.b]
    paths: list[tuple[Hop, ...]] = []
    limits = (network.policies.max_satellite_hops, network.policies.max_fibre_hops)
    most = min(MOST_PATHS, max(1, MOST_PATHS_OF_ALL // max(1, len(network.demands))))
    for path in _shortest_first(hops, start, goal, demand.untrusted, limits):
        if len(paths) == most:
            return paths, False
        paths.append(path)
    return paths, True


def _hops_from(network: Network, demand: Demand, pools: Iterable[Pool]) -> dict[str, list[Hop]]:
    """Steps that may be taken from each node, in a fixed order."""
    trusted = {s.name for s in network.satellites if s.is_trusted} - demand.untrusted
    by_satellite: dict[str, list[str]] = {}
    for pool in pools:
        if pool.satellite in trusted:
            by_satellite.setdefault(pool.satellite, []).append(pool.station)
    hops: dict[str, list[Hop]] = {}
    for link in network.fibre_links:
        hops.setdefault(link.a, []).append(Hop(link.a, link.b, None))
        hops.setdefault(link.b, []).append(Hop(link.b, link.a, None))
    for satellite, stations in sorted(by_satellite.items()):
        for a in sorted(set(stations)):
            hops.setdefault(a, []).extend(
                Hop(a, b, satellite) for b in sorted(set(stations)) if b != a
            )
    return hops


def _shortest_first(
    hops: dict[str, list[Hop]],
    start: str,
    goal: str,
    untrusted: frozenset[str],
    limits: tuple[int, int],
) -> Iterator[tuple[Hop, ...]]:
    """Breadth first, so that the number of hops never falls along the sequence."""
    front: list[tuple[Hop, ...]] = [()]
    if start == goal:
        yield ()
        return
    while front:
        # What arrives comes first: most searches end before a front is as wide as the network.
        for path in front:
            for hop in _arriving(hops, path[-1].b if path else start, goal):
                extended = (*path, hop)
                if _is_allowed(extended, start, limits):
                    yield extended
        front = [
            (*path, hop)
            for path in front
            for hop in hops.get(path[-1].b if path else start, [])
            if hop.b != goal and hop.b not in untrusted and _is_allowed((*path, hop), start, limits)
        ]


def _arriving(hops: dict[str, list[Hop]], here: str, goal: str) -> list[Hop]:
    return [hop for hop in hops.get(here, []) if hop.b == goal]


def _is_allowed(path: tuple[Hop, ...], start: str, limits: tuple[int, int]) -> bool:
    """No node twice, and within the limits of satellite and fibre hops."""
    last = path[-1].b
    if last == start or any(hop.b == last for hop in path[:-1]):
        return False
    satellites = sum(hop.satellite is not None for hop in path)
    return satellites <= limits[0] and len(path) - satellites <= limits[1]
