"""Shorter parts of passes of a satellite whose contacts or memory are limited.

The rules it keeps:

1. A pass that is longer than an orbit's contacts may be is offered as long as they may be; others
   and that one with three quarters, a half and a quarter of it, too: they share an orbit.
2. Each length is offered around the middle of the pass, at its beginning and at its end. The middle
   is where most of its key is.
3. A pass that brings more key than the memory holds is also offered as long around its middle as
   its key fits.
"""

import math
from collections.abc import Callable

from groundstation.contact_limits import SatelliteLimits

SHARES = (1.0, 0.5, 0.75, 0.25)

Edges = tuple[float, float]


def limited_parts(
    whole: Edges,
    limits: SatelliteLimits,
    least_s: float,
    key_bits: Callable[[Edges], int],
) -> list[Edges]:
    """First and last instants of parts, the ones that are most likely wanted first [POSIX s].

    Parameters
    ----------
    whole : first and last usable instant of the pass [POSIX s]
    least_s : shorter parts are not offered [s]
    key_bits : whole secret bits of a part under a clear sky
    """
    most_s, memory = limits.max_contact_s_per_orbit, limits.key_memory_bits
    if most_s is None and memory is None:
        return []
    begin, end = whole
    full_s = end - begin if most_s is None else min(end - begin, most_s)
    found = [
        edges
        for share in SHARES
        for edges in _placed(whole, share * full_s)
        if edges[1] - edges[0] >= max(least_s, 1.0)
    ]
    if memory is not None and key_bits(whole) > memory:
        found = [*_within(whole, full_s, memory, max(least_s, 1.0), key_bits), *found]
    return [edges for edges in dict.fromkeys(found) if edges != whole]


def _placed(whole: Edges, length_s: float) -> list[Edges]:
    """Parts of a length, cut at whole seconds and never longer: in the middle, first, last."""
    begin, end = whole
    first = math.ceil(begin + 0.5 * (end - begin - length_s))
    return [
        (max(begin, first), min(end, float(math.floor(first + length_s)))),
        (begin, min(end, float(math.floor(begin + length_s)))),
        (max(begin, float(math.ceil(end - length_s))), end),
    ]


def _within(
    whole: Edges, full_s: float, memory: float, least_s: float, key_bits: Callable[[Edges], int]
) -> list[Edges]:
    """The longest part around the middle whose key the memory holds; none if that is too short."""
    low, high = least_s, full_s
    if key_bits(_placed(whole, low)[0]) > memory:
        return []
    while high - low > 1.0:
        middle = 0.5 * (low + high)
        if key_bits(_placed(whole, middle)[0]) <= memory:
            low = middle
        else:
            high = middle
    return [_placed(whole, low)[0]]
