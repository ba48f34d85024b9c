"""Which contacts exclude each other: cliques of overlapping intervals."""

from collections.abc import Hashable, Sequence

Span = tuple[float, float]


def cliques(keys: Sequence[Hashable], spans: Sequence[Span]) -> list[list[int]]:
    """Maximal sets of intervals of one resource that share an instant, each with two or more.

    At most one member of a clique may be chosen; together the cliques say all there is about
    the overlaps of a resource, and as rows of a programme they are the tightest ones.

    Parameters
    ----------
    keys : the resource of each interval (a satellite, a telescope)
    spans : start and stop of each interval, set-up time included; half open

    >>> cliques(["a", "a", "a"], [(0, 10), (5, 15), (12, 20)])
    [[0, 1], [1, 2]]
    """
    found: list[list[int]] = []
    for key in dict.fromkeys(keys):
        members = [i for i, other in enumerate(keys) if other == key]
        found.extend(_sweep(sorted(members, key=lambda i: (spans[i], i)), spans))
    return found


def _sweep(members: Sequence[int], spans: Sequence[Span]) -> list[list[int]]:
    """Cliques of one resource: the active set whenever an interval ends after one began."""
    found: list[list[int]] = []
    active: list[int] = []
    for index in members:
        start = spans[index][0]
        still = [i for i in active if spans[i][1] > start]
        if len(still) < len(active) and len(active) > 1 and not _is_part(active, found):
            found.append(active)
        active = [*still, index]
    if len(active) > 1 and not _is_part(active, found):
        found.append(active)
    return [sorted(clique) for clique in found]


def _is_part(active: list[int], found: list[list[int]]) -> bool:
    return bool(found) and set(active) <= set(found[-1])
