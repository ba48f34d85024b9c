"""The ways in which key can travel between two consumer sites."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

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
    limits = (network.policies.max_satellite_hops, network.policies.max_fibre_hops)
    ends = (node_of[demand.a], node_of[demand.b])
    search = _Search(_Steps.of(network, demand, pools), *ends, demand.untrusted, limits)
    paths: list[tuple[Hop, ...]] = []
    most = min(MOST_PATHS, max(1, MOST_PATHS_OF_ALL // max(1, len(network.demands))))
    for path in search.shortest_first():
        if len(paths) == most:
            return paths, False
        paths.append(path)
    return paths, True


@dataclass(frozen=True, slots=True)
class _Steps:
    """Which steps may be taken at all, in a fixed order: fibres first, then satellite by satellite.

    Parameters
    ----------
    fibres : other ends of the fibres at a node
    satellites : that share key with a node, sorted
    stations : that share key with a satellite, sorted
    """

    fibres: dict[str, list[str]]
    satellites: dict[str, list[str]]
    stations: dict[str, list[str]]

    @classmethod
    def of(cls, network: Network, demand: Demand, pools: Iterable[Pool]) -> "_Steps":
        """Those of a network whose satellites the demand trusts."""
        trusted = {s.name for s in network.satellites if s.is_trusted} - demand.untrusted
        joined: dict[str, set[str]] = {}
        for pool in pools:
            if pool.satellite in trusted:
                joined.setdefault(pool.satellite, set()).add(pool.station)
        fibres: dict[str, list[str]] = {}
        for link in network.fibre_links:
            fibres.setdefault(link.a, []).append(link.b)
            fibres.setdefault(link.b, []).append(link.a)
        stations = {name: sorted(joined[name]) for name in sorted(joined)}
        satellites: dict[str, list[str]] = {}
        for name, places in stations.items():
            for place in places:
                satellites.setdefault(place, []).append(name)
        return cls(fibres, satellites, stations)


class _Search:
    """Simple paths between two nodes; what cannot arrive within the limits is not begun."""

    def __init__(
        self,
        steps: _Steps,
        start: str,
        goal: str,
        untrusted: frozenset[str],
        limits: tuple[int, int],
    ) -> None:
        self._steps, self._start, self._goal, self._limits = steps, start, goal, limits
        self._at_goal = frozenset(steps.satellites.get(goal, ()))
        near = self._near()
        # Nodes in between from which the goal is near enough, by the hops that are left.
        self._way: dict[tuple[int, int], frozenset[str]] = {
            left: frozenset(nodes - untrusted - {start, goal}) for left, nodes in near.items()
        }
        self._over: dict[tuple[str, int, int], list[str]] = {}

    def _near(self) -> dict[tuple[int, int], set[str]]:
        """Nodes from which so many satellite and fibre hops, or fewer, reach the goal."""
        steps, near = self._steps, dict[tuple[int, int], set[str]]()
        for left in product(range(self._limits[0] + 1), range(self._limits[1] + 1)):
            satellite_hops, fibre_hops = left
            nodes = {self._goal}
            if fibre_hops:
                for node in near[satellite_hops, fibre_hops - 1]:
                    nodes.update(steps.fibres.get(node, ()))
            if satellite_hops:
                after = near[satellite_hops - 1, fibre_hops]
                for places in steps.stations.values():
                    if not after.isdisjoint(places):
                        nodes.update(places)
            near[left] = nodes
        return near

    def shortest_first(self) -> Iterator[tuple[Hop, ...]]:
        """Breadth first, so that the number of hops never falls along the sequence."""
        if self._start == self._goal:
            yield ()
            return
        # Paths with the node where they end and the hops that are left.
        front: list[tuple[tuple[Hop, ...], str, tuple[int, int]]] = [
            ((), self._start, self._limits)
        ]
        while front:
            # What arrives comes first: most searches end before a front is as wide as the network.
            for path, here, left in front:
                for hop in self._arriving(here, left):
                    yield (*path, hop)
            front = [
                ((*path, hop), hop.b, rest)
                for path, here, left in front
                for hop, rest in self._onwards(here, left)
                if all(hop.b != before.b for before in path)
            ]

    def _arriving(self, here: str, left: tuple[int, int]) -> Iterator[Hop]:
        """Steps to the goal."""
        if left[1]:
            for end in self._steps.fibres.get(here, ()):
                if end == self._goal:
                    yield Hop(here, end, None)
        if left[0]:
            for satellite in self._steps.satellites.get(here, ()):
                if satellite in self._at_goal:
                    yield Hop(here, self._goal, satellite)

    def _onwards(self, here: str, left: tuple[int, int]) -> Iterator[tuple[Hop, tuple[int, int]]]:
        """Steps to nodes in between, and the hops that are left then."""
        if left[1]:
            rest = (left[0], left[1] - 1)
            for end in self._steps.fibres.get(here, ()):
                if end in self._way[rest]:
                    yield Hop(here, end, None), rest
        if left[0]:
            rest = (left[0] - 1, left[1])
            for satellite in self._steps.satellites.get(here, ()):
                for end in self._places(satellite, rest):
                    if end != here:
                        yield Hop(here, end, satellite), rest

    def _places(self, satellite: str, left: tuple[int, int]) -> list[str]:
        """Stations of a satellite from which the goal is near enough."""
        key = (satellite, *left)
        if key not in self._over:
            way = self._way[left]
            self._over[key] = [s for s in self._steps.stations[satellite] if s in way]
        return self._over[key]
