"""Ways of a key that travels in shares, and which of them may go together.

The rules it keeps:

1. No node and no satellite in between lies on two ways of one key.
2. Of the names that the demand does not trust together, fewer than the threshold's ways pass any.
3. A fibre from end to end is a way of its own: nobody in between knows the key.

All ways of one key follow each other in one path; every hop of it spends the key's bits once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, count
from math import comb

from groundstation.network import Demand, Network, Split
from groundstation.plan.paths import Pool, relay_paths
from groundstation.plan.records import Hop

# Sets of ways that are looked at, and of them those that are planned with, fewest hops first.
MOST_SETS = 20_000
MOST_KEPT = 500

Path = tuple[Hop, ...]


def demand_paths(
    network: Network, demand: Demand, pools: Iterable[Pool]
) -> tuple[list[Path], bool]:
    """What `relay_paths` finds, or for a demand whose key is split the sets of ways for its shares.

    Returns
    -------
    paths : shortest first
    complete : False if longer ones were left out
    """
    if demand.split is None:
        return relay_paths(network, demand, pools)
    # Who is not trusted may carry a share; whether not too many do is judged set by set.
    ways, complete = relay_paths(network, replace(demand, untrusted=frozenset()), pools)
    alone = [way for way in ways if len(way) == 0 or is_fibre_alone(way)]
    able = [way for way in ways if way not in alone]
    looked = _most_looked_at(len(able), demand.split.shares)
    found = list(_sets(able[:looked], demand, demand.split))
    found.sort(key=len)
    is_all = complete and looked == len(able) and len(found) <= MOST_KEPT
    return [*alone, *found[:MOST_KEPT]], is_all


def ways_of(hops: Sequence[Hop]) -> tuple[Path, ...]:
    """The ways of a path, each from its first node to its last; one for a key that is not split."""
    ways: list[Path] = []
    begun = 0
    for number, hop in enumerate(hops):
        if hop.b == hops[-1].b:
            ways.append(tuple(hops[begun : number + 1]))
            begun = number + 1
    return tuple(ways)


def is_fibre_alone(way: Sequence[Hop]) -> bool:
    """Whether a way is one fibre from end to end."""
    return len(way) == 1 and way[0].satellite is None


def between(way: Sequence[Hop]) -> frozenset[str]:
    """Nodes and satellites between the ends of a way; they know what it carries."""
    return frozenset(
        [*(hop.b for hop in way[:-1]), *(hop.satellite for hop in way if hop.satellite)]
    )


def _most_looked_at(ways: int, shares: int) -> int:
    """How many ways may be combined without more sets than MOST_SETS."""
    return next(n for n in count(ways, -1) if n <= shares or comb(n, shares) <= MOST_SETS)


def _sets(ways: Sequence[Path], demand: Demand, split: Split) -> Iterator[Path]:
    names = [between(way) for way in ways]
    for chosen in combinations(range(len(ways)), split.shares):
        together = frozenset[str]().union(*(names[i] for i in chosen))
        if len(together) < sum(len(names[i]) for i in chosen):
            continue
        if sum(bool(names[i] & demand.untrusted) for i in chosen) < split.threshold:
            yield tuple(hop for i in chosen for hop in ways[i])
